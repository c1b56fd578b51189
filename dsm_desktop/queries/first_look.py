"""The servers of a local store read without any database library: for the first picture, before the program is loaded.

Nothing is written or locked, and whatever is unusual (no file, another schema, a store elsewhere) gives no picture at all.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dsm_desktop.queries.server_row import ServerRow

_NAMES = tuple(ServerRow.__dataclass_fields__)
_TIMES = tuple(n for n, name in enumerate(_NAMES) if name.endswith("_at"))
_FLAGS = tuple(n for n, name in enumerate(_NAMES) if name in ("led_blinking", "lockdown", "old_tls"))
_JSON = _NAMES.index("subsystem_health")


def first_look(profile: Path) -> list[ServerRow]:
    """All servers of the profile's own SQLite file as they stand, by id; [] where a first picture cannot be had."""
    if not _is_local(profile):
        return []
    file = (profile / "store.db").resolve()
    try:
        with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True, timeout=0.2)) as connection:
            names = ", ".join(_NAMES)  # our own field names, nothing typed
            rows = connection.execute(f"SELECT {names} FROM servers ORDER BY id").fetchall()  # noqa: S608
        return [_row(list(row)) for row in rows]
    except (sqlite3.Error, ValueError):
        return []  # the real opening of the store says what is wrong, with a hint


def _is_local(profile: Path) -> bool:
    try:
        config = json.loads((profile / "profile.json").read_text("utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(config, dict) and not config.get("store_url") and (profile / "store.db").is_file()


def _row(cells: list[Any]) -> ServerRow:
    for n in _TIMES:
        if cells[n] is not None:
            cells[n] = datetime.fromisoformat(cells[n]).replace(tzinfo=UTC)
    for n in _FLAGS:
        if cells[n] is not None:
            cells[n] = bool(cells[n])
    cells[_JSON] = json.loads(cells[_JSON]) if cells[_JSON] else {}
    return ServerRow(*cells)
