"""How an iDRAC reaches files on other machines: it asks for the size, then for ranges; it never takes a whole image."""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import http.client
import socket
import urllib.parse
from collections.abc import Callable, Iterator
from typing import Final

from dsm_desktop.simulator.errands import Errands
from dsm_desktop.simulator.folders import Folders, credentials

PATIENCE: Final = 5.0
"""Seconds to wait for a share."""
BLOCK: Final = 32 * 1024
DOWNLOAD_BLOCK: Final = 256 * 1024
_MOUNTED: Final = ("http", "https", "nfs", "cifs")
_PORTS: Final = {"http": 80, "https": 443, "nfs": 2049, "cifs": 445, "ftp": 21, "tftp": 69}


@dataclasses.dataclass(frozen=True, slots=True)
class Trip:
    """What came of a visit to a share. `problem` is "" or one of unreachable, missing, unusable."""

    problem: str = ""
    size: int = 0
    received: int = 0


def scheme_of(image: str, protocol: str | None = None) -> str | None:
    """http, https, nfs or cifs, from an image's own form or the transfer protocol beside it; None when neither tells."""
    if "://" in image:
        scheme = image.split("://", 1)[0].lower()
    elif image.startswith(("//", "\\\\")):
        scheme = "cifs"
    elif ":/" in image:
        scheme = "nfs"
    else:
        scheme = (protocol or "").lower()
    return scheme if scheme in _MOUNTED else None


@dataclasses.dataclass(frozen=True, slots=True)
class Source:
    """A file on a share, with the credentials for it."""

    url: str
    user: str = ""
    password: str = dataclasses.field(default="", repr=False)

    @property
    def name(self) -> str:
        """File name at its end."""
        return urllib.parse.unquote(self.url.replace("\\", "/").split("?", 1)[0].rsplit("/", 1)[-1])

    @property
    def headers(self) -> dict[str, str]:
        """What a web server wants to know."""
        if not self.user:
            return {}
        pair = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
        return {"Authorization": f"Basic {pair}"}


class FetchFailed(Exception):
    """A file could not be had; `why` is unreachable, missing, denied or incomplete."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class Shares:
    """The network side of one iDRAC; its connections come from the iDRAC's own address."""

    def __init__(self, errands: Errands, folders: Folders, address: str) -> None:
        self._errands = errands
        self._folders = folders
        self._address = address

    def look(self, image: str, scheme: str) -> Trip:
        """Find out whether an image can be mounted, and read its first blocks."""
        if scheme in ("nfs", "cifs"):
            return self._mount(image, scheme)
        return self._read(image, lambda size: _ranges(min(size, 2 * BLOCK), BLOCK))

    def knock(self, url: str, scheme: str) -> Trip:
        """Find out whether a share answers at all, and whether it lets the iDRAC in."""
        if scheme not in ("http", "https"):
            return self._mount(url, scheme)
        try:
            connection = self._connect(urllib.parse.urlsplit(url))
        except ValueError:
            return Trip("unusable")
        try:
            connection.request("HEAD", urllib.parse.quote(urllib.parse.urlsplit(url).path or "/", safe="/%"))
            with contextlib.closing(connection.getresponse()) as answer:
                return Trip("unusable" if answer.status in (401, 403) else "")
        except (OSError, http.client.HTTPException):
            return Trip("unreachable")
        finally:
            connection.close()

    def boot_from(self, image: str, scheme: str, most: int) -> Trip:
        """Read as a starting host does: catalogue, loader and kernel, `most` bytes in all."""
        if scheme in ("nfs", "cifs"):
            return self._mount(image, scheme)
        return self._read(image, lambda size: _ranges(min(size, most), 16 * BLOCK))

    def _mount(self, url: str, scheme: str) -> Trip:
        """A share of the site's folders; any other counts as good when it takes a connection."""
        found = self._folders.find(url)
        if found is None:
            return _knock(url, scheme)
        file = found[1]
        if not file.exists():
            return Trip("missing")
        return Trip(size=file.stat().st_size if file.is_file() else 0)

    def _read(self, url: str, ranges: Callable[[int], Iterator[tuple[int, int]]]) -> Trip:
        """HEAD, then a GET for every (first, last) byte of `ranges(size)`."""
        received = size = 0
        try:
            parts = urllib.parse.urlsplit(url)
            connection = self._connect(parts)
        except ValueError:
            return Trip("unusable")
        path = _target(parts)
        try:
            connection.request("HEAD", path)
            answer = connection.getresponse()
            answer.read()
            if answer.status != 200:
                return Trip("missing" if answer.status in (403, 404, 410) else "unusable")
            size = int(answer.headers.get("Content-Length", "0"))
            for first, last in ranges(size):
                if self._errands.stopping.is_set():
                    return Trip("unreachable", size, received)
                connection.request("GET", path, headers={"Range": f"bytes={first}-{last}"})
                answer = connection.getresponse()
                content = answer.read(last - first + 2)
                if answer.status != 206 or len(content) != last - first + 1:
                    return Trip("unusable", size, received)
                received += len(content)
        except OSError:
            return Trip("unreachable", size, received)
        except (http.client.HTTPException, ValueError):
            return Trip("unusable", size, received)
        finally:
            connection.close()
        return Trip("" if size else "unusable", size, received)

    def send(self, url: str, verb: str, content: bytes, content_type: str) -> bool:
        """Take a whole file to a share; False when it did not arrive."""
        try:
            parts = urllib.parse.urlsplit(url)
            connection = self._connect(parts)
        except ValueError:
            return False
        try:
            path = urllib.parse.quote(parts.path or "/", safe="/%")
            connection.request(verb, path, content, {"Content-Type": content_type})
            answer = connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()
        return answer.status in (200, 201, 204)

    def store(self, url: str, scheme: str, content: bytes) -> bool:
        """Write a file to an NFS or CIFS share; one that is no folder of the site counts as good when it answers."""
        found = self._folders.find(url)
        if found is None:
            return not _knock(url, scheme).problem
        if not found[1].parent.is_dir():
            return False
        found[1].write_bytes(content)
        return True

    def fetch(self, url: str, most: int) -> bytes | None:
        """A whole small file; None when it cannot be had."""
        content = bytearray()
        try:
            self.download(Source(url), content.extend, most)
        except FetchFailed:
            return None
        return bytes(content)

    def download(self, source: Source, take: Callable[[bytes], object], most: int) -> None:
        """A whole file, block by block, without checking certificates. Raises FetchFailed."""
        if not source.url.lower().startswith(("http://", "https://")):
            self._copy(source, take, most)
            return
        received = 0
        try:
            parts = urllib.parse.urlsplit(source.url)
            with contextlib.closing(self._connect(parts)) as connection:
                connection.request("GET", _target(parts), headers=source.headers)
                with contextlib.closing(connection.getresponse()) as answer:
                    if answer.status != 200:
                        raise FetchFailed("denied" if answer.status in (401, 403) else "missing")
                    expected = answer.length
                    while block := answer.read(DOWNLOAD_BLOCK):
                        received += len(block)
                        if received > most or self._errands.stopping.is_set():
                            raise FetchFailed("incomplete")
                        take(block)
        except (OSError, ValueError, http.client.HTTPException) as error:
            cut = received or isinstance(error, http.client.HTTPException)
            raise FetchFailed("incomplete" if cut else "unreachable") from error
        if expected is not None and received != expected:
            raise FetchFailed("incomplete")

    def _copy(self, source: Source, take: Callable[[bytes], object], most: int) -> None:
        """A file of an NFS or CIFS share."""
        found = self._folders.find(source.url)
        if found is None:
            raise FetchFailed("unreachable")
        folder, file = found
        given = (source.user, source.password) if source.user else credentials(source.url)
        if folder.user and given != (folder.user, folder.password):
            raise FetchFailed("denied")
        if not file.is_file():
            raise FetchFailed("missing")
        if file.stat().st_size > most:
            raise FetchFailed("incomplete")
        with file.open("rb") as stream:
            while block := stream.read(DOWNLOAD_BLOCK):
                take(block)

    def _connect(self, parts: urllib.parse.SplitResult) -> http.client.HTTPConnection:
        if not parts.hostname:
            raise ValueError("no host in the URL")
        scheme = parts.scheme.lower()
        port, source = parts.port or _PORTS[scheme], (self._address, 0)
        if scheme == "https":
            return http.client.HTTPSConnection(
                parts.hostname,
                port,
                timeout=PATIENCE,
                source_address=source,
                context=self._errands.trusting(),
            )
        return http.client.HTTPConnection(parts.hostname, port, timeout=PATIENCE, source_address=source)


def _knock(image: str, scheme: str) -> Trip:
    """NFS and CIFS shares are not read here; one that takes a connection counts as good."""
    bare = image.split("://", 1)[-1].replace("\\", "/").lstrip("/")
    host = bare.split("/", 1)[0].rsplit("@", 1)[-1].split(":", 1)[0]
    try:
        socket.create_connection((host, _PORTS[scheme]), PATIENCE).close()
    except OSError:
        return Trip("unreachable")
    return Trip()


def _target(parts: urllib.parse.SplitResult) -> str:
    return urllib.parse.quote(parts.path or "/", safe="/%") + (f"?{parts.query}" if parts.query else "")


def _ranges(total: int, step: int) -> Iterator[tuple[int, int]]:
    for first in range(0, total, step):
        yield first, min(first + step, total) - 1
