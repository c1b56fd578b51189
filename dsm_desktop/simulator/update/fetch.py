"""Fetches a file from a web server, as an iDRAC does with the address it is given."""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import http.client
import urllib.parse
from typing import Final

from dsm_desktop.simulator.errands import Errands
from dsm_desktop.simulator.update.upload import Spool

PATIENCE: Final = 8.0
"""Real seconds to wait for a server that does not answer."""
BLOCK: Final = 256 * 1024
LARGEST: Final = 4 * 1024 * 1024 * 1024


@dataclasses.dataclass(frozen=True, slots=True)
class Source:
    """An http or https address, with the credentials of the share."""

    url: str
    user: str = ""
    password: str = dataclasses.field(default="", repr=False)

    @property
    def name(self) -> str:
        """File name at its end."""
        return urllib.parse.unquote(urllib.parse.urlsplit(self.url).path.rsplit("/", 1)[-1])


class FetchFailed(Exception):
    """The file could not be had; `why` is unreachable, missing, denied or incomplete."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def fetch(errands: Errands, address: str, source: Source, largest: int = LARGEST) -> Spool:
    """The whole file, from the iDRAC's own address, without checking certificates. Raises FetchFailed.

    The caller closes the spool. Runs in a thread of `errands`.
    """
    parts = urllib.parse.urlsplit(source.url)
    spool = Spool(source.name)
    try:
        connection = _connect(errands, address, parts)
        try:
            _receive(errands, connection, source, parts, spool, largest)
        finally:
            connection.close()
    except FetchFailed:
        spool.close()
        raise
    except (OSError, ValueError, http.client.HTTPException) as error:
        spool.close()
        cut = isinstance(error, http.client.HTTPException) or spool.size
        raise FetchFailed("incomplete" if cut else "unreachable") from error
    return spool


def _receive(
    errands: Errands,
    connection: http.client.HTTPConnection,
    source: Source,
    parts: urllib.parse.SplitResult,
    spool: Spool,
    largest: int,
) -> None:
    path = urllib.parse.quote(parts.path or "/", safe="/%") + (f"?{parts.query}" if parts.query else "")
    headers = {}
    if source.user:
        pair = base64.b64encode(f"{source.user}:{source.password}".encode()).decode()
        headers["Authorization"] = f"Basic {pair}"
    connection.request("GET", path, headers=headers)
    with contextlib.closing(connection.getresponse()) as answer:
        if answer.status != 200:
            raise FetchFailed("denied" if answer.status in (401, 403) else "missing")
        expected = answer.length
        while block := answer.read(BLOCK):
            spool.write(block)
            if errands.stopping.is_set() or spool.size > largest:
                raise FetchFailed("incomplete")
    if expected is not None and spool.size != expected:
        raise FetchFailed("incomplete")


def _connect(errands: Errands, address: str, parts: urllib.parse.SplitResult) -> http.client.HTTPConnection:
    if not parts.hostname:
        raise ValueError("no host in the address")
    source = (address, 0)
    if parts.scheme.lower() == "https":
        return http.client.HTTPSConnection(
            parts.hostname,
            parts.port or 443,
            timeout=PATIENCE,
            source_address=source,
            context=errands.trusting(),
        )
    return http.client.HTTPConnection(
        parts.hostname, parts.port or 80, timeout=PATIENCE, source_address=source
    )
