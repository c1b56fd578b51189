"""Work on a store whose disk runs full, again and again; run as a program inside a mount namespace of its own.

`python -m tests.kit.fulldisk <folder> <points>` mounts a small tmpfs on the folder and prints its findings as JSON.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys
from collections import Counter
from pathlib import Path

from sqlalchemy import func, select

from dsm_desktop.core.calls import CallEnd, CallStart
from dsm_desktop.core.errors import DsmError
from dsm_desktop.store import audit
from dsm_desktop.store.api_calls import CallWriter
from dsm_desktop.store.engine import sqlite_url
from dsm_desktop.store.models import ApiCall, Setting
from dsm_desktop.store.opening import check_integrity, open_store
from dsm_desktop.store.unit_of_work import Store

DISK = 6 << 20


class Disk:
    """A tmpfs; `leave` fills it up to some bytes, `free` takes the ballast away."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", str(folder)], check=True)
        self._ballast = folder / "ballast"

    def leave(self, size: int) -> None:
        free = shutil.disk_usage(self.folder).free
        with self._ballast.open("wb") as stream:
            stream.write(bytes(max(0, free - size)))

    def free(self) -> None:
        self._ballast.unlink(missing_ok=True)


def work(store: Store, rng: random.Random, errors: Counter[str]) -> int:
    """Change the device and the store until both refuse; returns how many changing calls were sent."""
    log, sent, refused = CallWriter(store), 0, 0
    body = {"x": "y" * rng.choice((10, 2_000, 12_000))}
    for n in range(400):
        try:
            token = log.begin(CallStart("redfish", "h", "PATCH", f"/{n}", True, body))
            sent += 1
            log.end(token, CallEnd(200, 1.0))
        except DsmError as error:
            errors[error.code] += 1
            refused += 1
        try:
            with store.write() as uow:
                uow.session.add(Setting(key=f"s{rng.random()}", value=body, changed_at=uow.now))
                audit.append(uow, "anna", "settings.save", str(n))
        except DsmError as error:
            errors[error.code] += 1
            refused += 1
        if refused > 6:
            break
    log.close()
    return sent


def point(disk: Disk, rng: random.Random, errors: Counter[str]) -> dict[str, int]:
    """One store, filled up at a random moment; what is left is counted with the disk freed."""
    path = disk.folder / "store.db"
    for old in disk.folder.iterdir():
        shutil.rmtree(old) if old.is_dir() else old.unlink()
    disk.free()
    store = open_store(sqlite_url(path))
    disk.leave(
        rng.choice((0, 4_096, rng.randrange(40_000), rng.randrange(400_000), rng.randrange(2_000_000)))
    )
    sent = work(store, rng, errors)
    store.close()
    try:  # a start with the disk still full: works or says why
        open_store(sqlite_url(path)).close()
    except DsmError as error:
        errors[f"at start: {error.code}"] += 1
    disk.free()
    store = open_store(sqlite_url(path))
    check_integrity(store, full=True)
    with store.read() as connection:
        logged = connection.scalar(select(func.count()).where(ApiCall.changing)) or 0
    chain = audit.verify(store).whole
    with store.write() as uow:
        audit.append(uow, "anna", "works again")
    store.close()
    with sqlite3.connect(path) as raw:
        sound = raw.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    raw.close()
    return {
        "damaged": int(not sound),
        "unlogged": max(0, sent - logged),
        "broken_chain": int(not chain),
        "sent": sent,
    }


def main(folder: Path, points: int) -> None:
    disk, rng = Disk(folder), random.Random(7)
    errors: Counter[str] = Counter()
    total: Counter[str] = Counter()
    for _ in range(points):
        total.update(point(disk, rng, errors))
    sys.stdout.write(json.dumps({"points": points, **total, "errors": dict(errors)}))
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
