"""Rows of the library: what a scan saw, written in one short transaction per file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, update

from dsm_desktop.store.models import LibraryFolder, LibraryItem
from dsm_desktop.store.rows import clean_json, clean_text
from dsm_desktop.store.unit_of_work import UnitOfWork

ANYWHERE = "any machine"
"""In place of a machine's name: images that stay where they are, listed by their addresses."""
_ADDRESSES = "Addresses"


@dataclass(frozen=True, slots=True)
class Known:
    """A file as the library had it: unchanged when size and time are the same."""

    id: int
    size: int
    modified_ns: int
    state: str


def known_files(uow: UnitOfWork, folder_id: int) -> dict[str, Known]:
    """Relative path → what is known."""
    i = LibraryItem
    rows = uow.session.execute(
        select(i.path, i.id, i.size, i.modified_ns, i.state).where(i.folder_id == folder_id)
    )
    return {row.path: Known(row.id, row.size, row.modified_ns, row.state) for row in rows}


def save_item(uow: UnitOfWork, folder_id: int, path: str, values: Mapping[str, Any]) -> int:
    """Insert or change the item of a path; values by column. Returns its id."""
    row = uow.session.scalar(
        select(LibraryItem).where(LibraryItem.folder_id == folder_id, LibraryItem.path == path)
    )
    new = row is None
    if row is None:
        row = LibraryItem(folder_id=folder_id, path=path, added_at=uow.now)
        uow.session.add(row)
    for name, value in values.items():
        limit = getattr(LibraryItem.__table__.c[name].type, "length", None)
        plain = clean_text(value, limit or 4_000) if isinstance(value, str) else clean_json(value)
        setattr(row, name, plain)
    row.seen_at = uow.now
    uow.session.flush()
    uow.changed("library", "added" if new else "changed", row.id)
    return row.id


def close_scan(uow: UnitOfWork, folder_id: int, seen: set[str], problem: str = "") -> int:
    """Mark what a completed scan did not meet as missing; how many."""
    gone = [
        known.id
        for path, known in known_files(uow, folder_id).items()
        if path not in seen and known.state != "missing" and not problem
    ]
    for item_id in gone:
        uow.session.execute(update(LibraryItem).where(LibraryItem.id == item_id).values(state="missing"))
    uow.session.execute(
        update(LibraryFolder)
        .where(LibraryFolder.id == folder_id)
        .values(scanned_at=uow.now, problem=clean_text(problem, 1_000))
    )
    uow.changed("library", "changed", *gone)
    return len(gone)


def save_address(uow: UnitOfWork, address: str, name: str, size: int) -> int:
    """List an image by its address; the same address once. Returns the item's id."""
    folder = uow.session.scalar(select(LibraryFolder).where(LibraryFolder.host == ANYWHERE))
    if folder is None:
        folder = LibraryFolder(host=ANYWHERE, path=_ADDRESSES, added_at=uow.now, scanned_at=uow.now)
        uow.session.add(folder)
        uow.session.flush()
    seen_ns = int(uow.now.timestamp()) * 10**9
    values = {
        "name": name,
        "kind": "iso",
        "size": size,
        "modified_ns": seen_ns,
        "state": "ok",
        "title": address,
    }
    return save_item(uow, folder.id, address, values)


def forget_address(uow: UnitOfWork, address: str) -> bool:
    """Take an address off the list; False when it was not on it."""
    folder = select(LibraryFolder.id).where(LibraryFolder.host == ANYWHERE)
    i = LibraryItem
    row = uow.session.scalar(select(i).where(i.path == address, i.folder_id.in_(folder)))
    if row is None:
        return False
    uow.session.delete(row)
    uow.changed("library", "removed", row.id)
    return True
