"""The media server of one opened profile, put together."""

from __future__ import annotations

import logging
import socket

from dsm_desktop.core.errors import DsmError
from dsm_desktop.core.settings import MediaSettings
from dsm_desktop.media.access_log import Row, call_of
from dsm_desktop.media.identity import media_keys
from dsm_desktop.media.server import MediaHands, MediaServer
from dsm_desktop.store.api_calls import add_calls
from dsm_desktop.store.media import ended_jobs, served_mounts
from dsm_desktop.store.settings import load
from dsm_desktop.store.unit_of_work import Store
from dsm_desktop.vault.vault import Vault

log = logging.getLogger(__name__)


def media_server(store: Store, vault: Vault) -> MediaServer:
    """Nothing is opened before the first offer."""
    host = socket.gethostname()

    def write(rows: list[Row]) -> None:
        try:
            add_calls(store, [(row.at, *call_of(row), row.first.server_id, row.first.job_id) for row in rows])
        except DsmError as error:
            log.warning("%d rows of the media server's log could not be written: %s", len(rows), error)

    return MediaServer(
        MediaHands(
            host=host,
            keys=lambda: media_keys(store, vault, host, []),
            settings=lambda: load(store, MediaSettings),
            log=write,
            mounts=lambda: store.fetch(lambda connection: served_mounts(connection, host)),
            ended=lambda jobs: store.fetch(lambda connection: ended_jobs(connection, jobs)),
        )
    )
