"""Images that stay where they are: addresses of the site's own servers and shares, and what one says of itself."""

from __future__ import annotations

import http.client
import re
import ssl
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from dsm_desktop.core.errors import BadInput

PATIENCE = 10.0
"""Seconds for a connection and for the answer."""
_SHARE = re.compile(
    r"^(//[^/@\s]+/[^@\s]+|[^/@:\s]+:/(?!/)[^@\s]+|(nfs|cifs)://[^/@\s]+/[^@\s]+)$", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Looked:
    """What a web server said of a file: `size` in bytes (None: not told), `ranges` whether parts of it can be read (iDRACs
    read an image in parts). `problem`: why nothing is known, with this machine's eyes; an iDRAC may see it differently."""

    size: int | None = None
    ranges: bool = False
    problem: str = ""


def checked_address(text: str) -> str:
    """http(s)://host/x.iso, nfs://host/share/x.iso, host:/share/x.iso, cifs://host/share/x.iso or //host/share/x.iso without a
    login. Raises BadInput."""
    address = text.strip()
    if address.lower().startswith(("http:", "https:")):
        if _is_web(address):
            return address
    elif _SHARE.match(address):
        return address
    raise BadInput(
        "This is no address of an image, or there is a login in it.",
        hint="Give http(s)://host/x.iso, nfs://host/share/x.iso or //host/share/x.iso; the login is a credential set.",
        where=re.sub(r"//[^/@]*@", "//", address)[:200],
    )


def _is_web(address: str) -> bool:
    try:
        parts = urlsplit(address)
        whole = bool(parts.hostname and parts.path.strip("/") and parts.port != 0)
    except ValueError:  # half an IPv6 address, a port that is no number
        return False
    return whole and "@" not in parts.netloc


def file_name(address: str) -> str:
    """The last part of an address."""
    path = urlsplit(address).path if "://" in address else address
    return unquote(path.replace("\\", "/").rstrip("/").rpartition("/")[2])


def look_at(address: str) -> Looked:
    """One HEAD, no redirect followed. Shares (NFS, CIFS) are not looked at: only a BMC mounts them."""
    parts = urlsplit(address)
    if parts.scheme.lower() not in ("http", "https"):
        return Looked(problem="a share is first opened by the iDRAC that mounts it")
    secure = parts.scheme.lower() == "https"
    connection = (
        http.client.HTTPSConnection(parts.netloc, timeout=PATIENCE, context=ssl.create_default_context())
        if secure
        else http.client.HTTPConnection(parts.netloc, timeout=PATIENCE)
    )
    try:
        connection.request("HEAD", parts.path + (f"?{parts.query}" if parts.query else ""))
        answer = connection.getresponse()
    except (OSError, http.client.HTTPException) as error:
        return Looked(problem=str(error) or type(error).__name__)
    finally:
        connection.close()
    if answer.status != 200:
        return Looked(problem=f"the server answers {answer.status} {answer.reason}".rstrip())
    length = answer.headers.get("Content-Length", "")
    return Looked(
        int(length) if length.isdigit() else None, "bytes" in answer.headers.get("Accept-Ranges", "").lower()
    )
