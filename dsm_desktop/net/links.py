"""Which links of an answer may be followed: a path on the same device, nothing else.

Measured on other clients: an absolute `@odata.id`, a 302 or a `//host` link carries token or password to another host.
"""

from __future__ import annotations

import re
from urllib.parse import unquote, urlsplit

from dsm_desktop.core.errors import Blame, DsmError

_CLEAN = re.compile(r"/redfish(?:/[!-~]*)?\Z")
_MAX = 2048


class ForeignLink(DsmError):
    """An answer pointed away from the device (other host, other scheme, above /redfish); it was not followed."""

    blame = Blame.PEER


def safe_path(link: object, *, where: str = "") -> str:
    """The link when it is a plain path below /redfish, else ForeignLink. A query is kept, a fragment is dropped."""
    if isinstance(link, str) and len(link) <= _MAX:
        path = link.partition("#")[0]
        bare = path.partition("?")[0]
        if _CLEAN.match(path) and "\\" not in path and "//" not in bare:
            decoded = unquote(bare)
            segments = decoded.split("/")
            if ".." not in segments and "." not in segments and "\\" not in decoded and decoded.isprintable():
                return path
    raise ForeignLink(
        f"the device gave a link that leads away from it: {str(link)[:120]!r}",
        hint="It was not followed. If this is no test, somebody is rewriting the device's answers.",
        where=where,
    )


def own_path(location: str, authority: str, *, where: str = "") -> str:
    """Path of a Location header. An absolute URL is accepted only for the very same https host and port."""
    if location.startswith("/"):
        return safe_path(location, where=where)
    try:
        parts = urlsplit(location)
        same = parts.scheme == "https" and parts.netloc.lower() == authority.lower()
    except ValueError:
        same = False
    if not same:
        return safe_path(None if not location else "x" + location, where=where)
    return safe_path(parts.path + (f"?{parts.query}" if parts.query else ""), where=where)
