"""A simulated host fetches a depot by plain HTTP, from its own address, as the real one does."""

from __future__ import annotations

import http.client
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

BLOCK: Final = 1 << 18
TIMEOUT: Final = 20.0


class DownloadFailed(Exception):
    """What urllib says on the host."""


@contextmanager
def downloaded(url: str, address: str) -> Iterator[Path]:
    """The file of a URL, gone after the block. Raises DownloadFailed."""
    where = urlsplit(url)
    if where.scheme != "http" or not where.hostname:
        raise DownloadFailed("<urlopen error [Errno -3] Temporary failure in name resolution>")
    source = (address, 0) if address else None
    link = http.client.HTTPConnection(
        where.hostname, where.port or 80, timeout=TIMEOUT, source_address=source
    )
    with tempfile.TemporaryDirectory(prefix="simulated-esxi-") as folder:
        file = Path(folder) / "depot.zip"
        try:
            link.request("GET", where.path or "/")
            answer = link.getresponse()
            if answer.status != 200:
                raise DownloadFailed(f"HTTP Error {answer.status}: {answer.reason}")
            with file.open("wb") as target:
                while block := answer.read(BLOCK):
                    target.write(block)
        except (OSError, http.client.HTTPException) as error:
            raise DownloadFailed(f"<urlopen error {error}>") from error
        finally:
            link.close()
        yield file
