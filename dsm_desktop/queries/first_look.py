"""The servers of a local store read without any database library: for the first picture, before the program is loaded.

Nothing is written or locked, and whatever is unusual (no file, another schema, a store elsewhere) gives no picture at all.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from dsm_desktop.queries.server_row import STORED, ServerRow, share

_TIMES = tuple(n for n, name in enumerate(STORED) if name.endswith("_at"))
_FLAGS = tuple(n for n, name in enumerate(STORED) if name in ("led_blinking", "lockdown", "old_tls"))
_JSON = tuple(STORED.index(name) for name in ("subsystem_health", "custom"))
_UTC = "+00:00"  # the store keeps times as naive UTC


def first_look(profile: Path) -> list[ServerRow]:
    """All servers of the profile's own SQLite file as they stand, by id; [] where a first picture cannot be had."""
    if not _is_local(profile):
        return []
    file = (profile / "store.db").resolve()
    try:
        with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True, timeout=0.2)) as connection:
            names = ", ".join(STORED)  # our own field names, nothing typed
            rows = connection.execute(f"SELECT {names} FROM servers ORDER BY id").fetchall()  # noqa: S608
            tags: dict[int, tuple[str, ...]] = {}
            for server_id, tag in connection.execute("SELECT server_id, tag FROM server_tags ORDER BY tag"):
                tags[server_id] = (*tags.get(server_id, ()), tag)
            expiry = {
                server_id: datetime.fromisoformat(until + _UTC)
                for server_id, until in connection.execute(
                    "SELECT server_id, not_after FROM server_certificates"
                )
                if until
            }
        known: dict[Any, Any] = {}
        return [_row([*row, tags.get(row[0], ()), expiry.get(row[0])], known) for row in rows]
    except (sqlite3.Error, ValueError):
        return []  # the real opening of the store says what is wrong, with a hint


def _is_local(profile: Path) -> bool:
    try:
        config = json.loads((profile / "profile.json").read_text("utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(config, dict) and not config.get("store_url") and (profile / "store.db").is_file()


def _row(cells: list[Any], known: dict[Any, Any]) -> ServerRow:
    for n in _TIMES:
        if cells[n] is not None:
            cells[n] = datetime.fromisoformat(cells[n] + _UTC)
    for n in _FLAGS:
        if cells[n] is not None:
            cells[n] = bool(cells[n])
    for n in _JSON:
        cells[n] = _object(cells[n] or "{}")
    share(cells, known)
    return ServerRow(*cells)


@lru_cache(maxsize=1_024)
def _object(text: str) -> dict[str, Any]:
    """Most servers of a fleet share one answer; nobody changes it."""
    found: dict[str, Any] = json.loads(text)
    return found
