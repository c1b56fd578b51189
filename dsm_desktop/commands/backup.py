"""Copying the store away and putting it back: permission first, an audit entry after."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import URL

from dsm_desktop.core.access import Permission, Principal
from dsm_desktop.core.errors import NotFound
from dsm_desktop.store import audit, backup
from dsm_desktop.store.backup import Manifest
from dsm_desktop.store.unit_of_work import Store


def back_up(
    store: Store, url: str | URL, who: Principal, folder: Path, file: Path | None = None
) -> tuple[Path, Manifest]:
    """Copy the store, in use or not, and check the copy; returns its path and manifest."""
    who.require(Permission.ADMIN, "back up the store")
    file = file or folder / f"store-{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}.db"
    backup.back_up(url, file)
    manifest = backup.check_backup(file)
    with store.write() as uow:
        audit.append(uow, who.name, "store.back_up", file.name)
    return file, manifest


def restore(url: str | URL, who: Principal, file: Path) -> Manifest:
    """Fill an empty database from a backup. The restored audit log is the backup's own."""
    who.require(Permission.ADMIN, "restore the store")
    return backup.restore(file, url)


def go_back(url: str | URL, who: Principal, file: Path) -> Path:
    """Put the store back to a copy, for instance the one made before a migration; returns where today's store is kept."""
    who.require(Permission.ADMIN, "put the store back")
    return backup.go_back(url, file)


def newest_before_migration(folder: Path) -> Path:
    """The copy the last migration made. Raises NotFound."""
    copies = sorted(folder.glob("before-*.db"), key=lambda p: p.stat().st_mtime)
    if not copies:
        raise NotFound("No copy of before a migration is kept.", hint="Choose a backup.", where=str(folder))
    return copies[-1]
