"""The library's folders, and what its files were used for."""

from __future__ import annotations

from pathlib import PurePath

from sqlalchemy import select

from dsm_desktop.core.access import Permission, Principal
from dsm_desktop.core.errors import BadInput, NotFound
from dsm_desktop.store import audit
from dsm_desktop.store.models import LibraryFolder, LibraryItem, LibraryUse
from dsm_desktop.store.unit_of_work import UnitOfWork


def add_folder(uow: UnitOfWork, who: Principal, host: str, path: str) -> int:
    """Add a folder of this machine (`host`); nothing is read yet. Returns its id; the same one for a folder already there."""
    who.require(Permission.CONFIGURE, "add folders to the library")
    path = path.strip()
    if not PurePath(path).is_absolute():
        raise BadInput(f"'{path}' is no full path.", hint="Give the folder from the root on, or choose it.")
    folders = uow.session.scalars(select(LibraryFolder).where(LibraryFolder.host == host)).all()
    for other in folders:
        if other.path == path:
            return other.id
        if PurePath(path).is_relative_to(other.path) or PurePath(other.path).is_relative_to(path):
            raise BadInput(
                f"The folder '{other.path}' is in the library already, and one lies in the other.",
                hint="Remove that folder first, or leave it at that.",
            )
    row = LibraryFolder(host=host, path=path[:1000], added_by=who.name, added_at=uow.now)
    uow.session.add(row)
    uow.session.flush()
    audit.append(uow, who.name, "library.add_folder", path, host=host)
    uow.changed("library", "added")
    return row.id


def remove_folder(uow: UnitOfWork, who: Principal, folder_id: int) -> None:
    """Forget a folder and what was known of its files; no file is touched."""
    who.require(Permission.CONFIGURE, "remove folders from the library")
    row = uow.session.get(LibraryFolder, folder_id)
    if row is None:
        raise NotFound(f"There is no library folder {folder_id}.", hint="It may have been removed.")
    audit.append(uow, who.name, "library.remove_folder", row.path, host=row.host)
    uow.session.delete(row)
    uow.changed("library", "removed")


def note_use(uow: UnitOfWork, item_id: int, server_id: int | None, job_id: int, purpose: str) -> None:
    """An item was sent to or mounted on a server; once per item, server and job."""
    u = LibraryUse
    there = select(u.id).where(u.item_id == item_id, u.server_id == server_id, u.job_id == job_id)
    if uow.session.get(LibraryItem, item_id) is None or uow.session.scalar(there) is not None:
        return
    uow.session.add(
        LibraryUse(item_id=item_id, server_id=server_id, job_id=job_id, purpose=purpose[:64], at=uow.now)
    )
    uow.changed("library", "changed", item_id)
