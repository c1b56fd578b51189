"""What is served to whom: files and folders offered, and uploads expected, per job. No listing, nothing else."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import stat
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, unquote

from dsm_desktop.core.errors import BadInput
from dsm_desktop.media.route import IpAddress

TOKEN_BYTES = 18
_READ = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)
"""A pipe in an offered folder must not hold a thread."""


class NotServable(BadInput):
    """The file cannot be offered: it is missing, not readable, or no plain file."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A file (or folder) a BMC may read at `url`. `size` in bytes, 0 for a folder."""

    url: str
    path: Path
    size: int


@dataclass(slots=True)
class Inbox:
    """An upload that is expected at `url`. What came is kept in memory alone, because profiles of servers hold secrets; so one
    upload at a time: what stands in memory is at most `limit` bytes for each file that is expected."""

    url: str
    limit: int
    _content: bytes | None = field(default=None, repr=False)
    _arrived: threading.Event = field(default_factory=threading.Event, repr=False)
    _sender: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def claim(self) -> bool:
        """Called by the server before it reads an upload; False while it reads another one."""
        return self._sender.acquire(blocking=False)

    def release(self) -> None:
        """The claimed upload has ended, one way or the other."""
        self._sender.release()

    def content(self) -> bytes | None:
        """What was received in full; None until then."""
        return self._content

    def wait(self, timeout: float) -> bool:
        """Whether it has arrived within so many seconds; for threads of the pool."""
        return self._arrived.wait(timeout)

    def put(self, content: bytes) -> None:
        """Called by the server when an upload is complete."""
        self._content = content
        self._arrived.set()


@dataclass(frozen=True, slots=True)
class Found:
    """A file to send: opened, with what the disk said of it at that moment. Close `fd`."""

    fd: int
    size: int
    modified_ns: int
    name: str


@dataclass(slots=True)
class _Share:
    """One token: a folder's offered names and expected uploads, and the peers that may come."""

    job_id: int
    folder: Path
    files: dict[str, tuple[int, int] | None] = field(default_factory=dict)
    """Name → (size, modified) of an offered file, None for a folder whose files are all offered."""
    inboxes: dict[str, Inbox] = field(default_factory=dict)
    guests: dict[IpAddress, int | None] = field(default_factory=dict)
    """Peer → server id."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that is allowed: whose it is, and the name below the token."""

    job_id: int
    server_id: int | None
    share: _Share
    parts: tuple[str, ...]

    @property
    def label(self) -> str:
        """The path as it is logged: the job instead of the token."""
        return f"/job {self.job_id}/" + "/".join(self.parts)


class Offers:
    """Every open offer. Thread-safe. `secret` makes the tokens, so that the same job gets the same URL after a restart."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        self._lock = threading.Lock()
        self._shares: dict[str, _Share] = {}
        self._seen: dict[IpAddress, float] = {}
        self._read: dict[tuple[int, IpAddress], float] = {}

    def token(self, job_id: int, folder: str) -> str:
        """Unguessable; one per job and folder, so that names never clash."""
        mark = hmac.digest(self._secret, f"{job_id}\0{folder}".encode(), hashlib.sha256)
        return base64.urlsafe_b64encode(mark[:TOKEN_BYTES]).decode("ascii")

    def offer(
        self, path: Path, job_id: int, guests: Iterable[IpAddress], server_id: int | None
    ) -> tuple[str, int]:
        """Let these peers read a file or a folder; returns the URL's path and the size. Raises NotServable."""
        path = path.absolute()
        try:
            with path.open("rb") if not path.is_dir() else os.scandir(path) as _:
                found = path.stat()
        except OSError as error:
            raise NotServable(
                f"The file cannot be served: {error.strerror or error}.",
                hint="Check that it is there and that this account may read it.",
                where=str(path),
            ) from error
        folder = stat.S_ISDIR(found.st_mode)
        if not _plain(path.name):
            raise NotServable("Its name cannot stand in a URL.", hint="Rename it.", where=str(path))
        if not folder and not stat.S_ISREG(found.st_mode):
            raise NotServable("This is no plain file.", where=str(path))
        share, _ = self._share(job_id, path.parent, guests, server_id)
        with self._lock:
            share.files[path.name] = None if folder else (found.st_size, found.st_mtime_ns)
        return self.path_of(path, job_id) + ("/" if folder else ""), 0 if folder else found.st_size

    def path_of(self, path: Path, job_id: int) -> str:
        """The URL's path of a job's file, offered or not."""
        path = path.absolute()
        return f"/{self.token(job_id, str(path.parent))}/{quote(path.name)}"

    def receive(
        self, name: str, job_id: int, guests: Iterable[IpAddress], server_id: int | None, limit: int
    ) -> tuple[str, Inbox]:
        """Expect an upload of this name; returns the URL's path and the inbox (its URL still without a host)."""
        if not _plain(name):
            raise BadInput(f"'{name}' is no name for an upload.", hint="Use letters, digits, '.', '-', '_'.")
        share, token = self._share(job_id, Path("inbox"), guests, server_id)
        path = f"/{token}/{quote(name)}"
        with self._lock:
            box = share.inboxes.setdefault(name, Inbox(path, limit))
        return path, box

    def withdraw(self, job_id: int, guests: Iterable[IpAddress] | None = None) -> bool:
        """End a job's offers, or only those peers' part in them; True when nothing is offered any more."""
        with self._lock:
            for token, share in list(self._shares.items()):
                if share.job_id == job_id:
                    share.guests = {} if guests is None else _without(share.guests, guests)
                    if not share.guests:
                        del self._shares[token]
            return not self._shares

    @property
    def empty(self) -> bool:
        return not self._shares

    @property
    def jobs(self) -> set[int]:
        """Ids of the jobs that have something offered."""
        with self._lock:
            return {share.job_id for share in self._shares.values()}

    def read(self, asked: Asked, peer: IpAddress) -> None:
        """This peer was sent some bytes just now."""
        with self._lock:
            self._read[(asked.job_id, peer)] = time.monotonic()

    def last_read(self, job_id: int, peers: Iterable[IpAddress]) -> float | None:
        """Seconds since one of these peers read anything of a job; None when none did."""
        with self._lock:
            found = [self._read[(job_id, peer)] for peer in peers if (job_id, peer) in self._read]
        return time.monotonic() - max(found) if found else None

    def greet(self, peer: IpAddress) -> bool:
        """A peer has connected, whatever comes of it; whether it is of some job's servers."""
        with self._lock:
            expected = any(peer in share.guests for share in self._shares.values())
            if expected:
                self._seen[peer] = time.monotonic()
            return expected

    def last_seen(self, peers: Iterable[IpAddress]) -> float | None:
        """Seconds since one of these peers connected; None when none did."""
        with self._lock:
            found = [self._seen[peer] for peer in peers if peer in self._seen]
        return time.monotonic() - max(found) if found else None

    def ask(self, raw_path: str, peer: IpAddress) -> Asked | None:
        """The share a request is for; None for everything that is not offered to this very peer."""
        parts = _parts(raw_path)
        if len(parts) < 2:
            return None
        with self._lock:
            share = self._shares.get(parts[0])
            if share is None or peer not in share.guests:
                return None
            return Asked(share.job_id, share.guests[peer], share, parts[1:])

    def still(self, asked: Asked, peer: IpAddress) -> bool:
        """Whether a transfer that has begun may go on."""
        with self._lock:
            return peer in asked.share.guests

    def open(self, asked: Asked) -> Found | None:
        """The file behind a request, its name exact to the letter; None when it is not offered or has changed since."""
        first, rest = asked.parts[0], asked.parts[1:]
        with self._lock:
            if first not in asked.share.files:
                return None
            known = asked.share.files[first]
        if (known is None) != bool(rest):
            return None
        path = asked.share.folder.joinpath(*asked.parts)
        if known is None and not _inside(asked.share.folder / first, rest):
            return None
        try:
            fd = os.open(path, _READ)
        except OSError:
            return None
        found = os.fstat(fd)
        if not stat.S_ISREG(found.st_mode) or (known and known != (found.st_size, found.st_mtime_ns)):
            os.close(fd)
            return None
        return Found(fd, found.st_size, found.st_mtime_ns, path.name)

    def inbox(self, asked: Asked) -> Inbox | None:
        """The upload expected under this name."""
        with self._lock:
            return asked.share.inboxes.get(asked.parts[0]) if len(asked.parts) == 1 else None

    def _share(
        self, job_id: int, folder: Path, guests: Iterable[IpAddress], server_id: int | None
    ) -> tuple[_Share, str]:
        token = self.token(job_id, str(folder))
        with self._lock:
            share = self._shares.setdefault(token, _Share(job_id, folder))
            share.guests.update(dict.fromkeys(guests, server_id))
        return share, token


def _without(
    guests: dict[IpAddress, int | None], leaving: Iterable[IpAddress]
) -> dict[IpAddress, int | None]:
    gone = set(leaving)
    return {peer: server_id for peer, server_id in guests.items() if peer not in gone}


def _parts(raw_path: str) -> tuple[str, ...]:
    """The decoded segments of a request's path; () where it is not plain (empty, "..", "\\", NUL, drive letters)."""
    bare = raw_path.partition("?")[0].partition("#")[0]
    if not bare.startswith("/") or len(bare) > 2_000:
        return ()
    try:
        parts = tuple(unquote(part, errors="strict") for part in bare[1:].split("/"))
    except UnicodeDecodeError:
        return ()
    return parts if all(_plain(part) for part in parts) else ()


def _plain(part: str) -> bool:
    return bool(part) and part not in (".", "..") and part.isprintable() and not set(part) & set('/\\:*?"<>|')


def _inside(folder: Path, rest: tuple[str, ...]) -> bool:
    """Whether the names lead to a file of the folder, written exactly so (some disks do not care about case) and by no
    link that leaves it."""
    here = folder
    for name in rest:
        try:
            if name not in os.listdir(here):  # noqa: PTH208 - names, not paths
                return False
        except OSError:
            return False
        here = here / name
    return here.resolve().is_relative_to(folder.resolve())
