"""NFS and CIFS shares of a simulated site: folders of this machine under an address no packet is ever sent to."""

from __future__ import annotations

import dataclasses
import urllib.parse
from pathlib import Path


@dataclasses.dataclass(frozen=True, slots=True)
class Folder:
    """A share. With a user it asks for credentials."""

    url: str
    path: Path
    user: str = ""
    password: str = dataclasses.field(default="", repr=False)


def plain_url(image: str, protocol: str = "") -> str:
    """Every way to write a file on a share as scheme://host/path, credentials left out.

    `host:/dir/x`, `//host/share/x`, `\\\\host\\share\\x`, `nfs://…`, `cifs://user:password@…`.
    """
    text = image.replace("\\", "/")
    if "://" in text:
        scheme, _, rest = text.partition("://")
    elif text.startswith("//"):
        scheme, rest = "cifs", text[2:]
    elif ":/" in text:
        host, _, path = text.partition(":/")
        scheme, rest = "nfs", f"{host}/{path}"
    else:
        scheme, rest = protocol, text
    host, _, path = rest.lstrip("/").partition("/")
    return f"{scheme.lower()}://{host.rpartition('@')[2]}/{path.lstrip('/')}"


def credentials(image: str) -> tuple[str, str]:
    """User and password inside an address."""
    place = image.partition("://")[2].partition("/")[0].rpartition("@")[0]
    user, _, password = place.partition(":")
    return urllib.parse.unquote(user), urllib.parse.unquote(password)


class Folders:
    """The shares of one site."""

    def __init__(self) -> None:
        self._folders: list[Folder] = []

    def add(self, folder: Folder) -> None:
        """Open a share: \"nfs://10.1.2.3/repo\"."""
        self._folders.append(dataclasses.replace(folder, url=plain_url(folder.url).rstrip("/")))

    def find(self, url: str) -> tuple[Folder, Path] | None:
        """The share an address lies in, and the file meant; the file need not exist."""
        wanted = plain_url(url)
        for folder in self._folders:
            if wanted.rstrip("/") == folder.url or wanted.startswith(folder.url + "/"):
                inside = urllib.parse.unquote(wanted[len(folder.url) :]).strip("/")
                return folder, folder.path / inside
        return None
