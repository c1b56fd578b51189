"""Fetches a file for an update, as an iDRAC does with the address it is given."""

from __future__ import annotations

from typing import Final

from dsm_desktop.simulator.shares import FetchFailed, Shares, Source
from dsm_desktop.simulator.update.upload import Spool

LARGEST: Final = 4 * 1024 * 1024 * 1024


def fetch(shares: Shares, source: Source, largest: int = LARGEST) -> Spool:
    """The whole file; the caller closes it. Raises FetchFailed. Runs in a thread."""
    spool = Spool(source.name)
    try:
        shares.download(source, spool.write, largest)
    except FetchFailed:
        spool.close()
        raise
    return spool
