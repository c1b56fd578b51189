"""Files on datastores: what is there, and one put there. A file passes through vCenter; its size is checked afterwards.

vSAN and vVol stores have no real root: their top folders are objects of their own that only the namespace manager makes
(FileManager answers "Cannot complete file creation operation"), and no file lies beside them. vCenter lists such a folder
under a UUID and tells the name it was given beside it; both lead into it, so the given one is used throughout.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode

from dsm_desktop.core.errors import BadInput
from dsm_desktop.net.streams import PlainUpload
from dsm_desktop.vmware.collector import Row, gone, walked
from dsm_desktop.vmware.connection import COOKIE
from dsm_desktop.vmware.errors import NoPrivilege, NotThere, Uncertain, VcenterFault, VcenterUnreachable
from dsm_desktop.vmware.facts import moment
from dsm_desktop.vmware.faults import SessionExpired, error_of, fault_name, moid_of
from dsm_desktop.vmware.session import Opened
from dsm_desktop.vmware.store_paths import clean_path
from dsm_desktop.vmware.vmodl import vim
from dsm_desktop.vmware.watch import wait_for_task

BROWSE_SECONDS = 60
MOVE_SECONDS = 60
TOP_FOLDERS = "capability.topLevelDirectoryCreateSupported"
BLOCK_SECONDS = 60.0
"""For each block of an upload to leave, and for the answer after the last."""


@dataclass(frozen=True, slots=True)
class FileEntry:
    """A file or folder. `path` from the root of the datastore, with "/"; `size` bytes, 0 for folders."""

    path: str
    name: str
    folder: bool
    size: int = 0
    modified: datetime | None = None


@dataclass(frozen=True, slots=True)
class Store:
    """A datastore as file addresses need it: its name as hosts see it too, its datacentre's moid and path in the inventory ("Folder/DC"), bytes
    free. `namespaces`: it has no real root."""

    moid: str
    name: str
    datacenter: str
    datacenter_path: str
    free: int
    namespaces: bool
    browser: Any = field(repr=False)


NAMESPACES = ("vsan", "vsand", "vvol")


def store_of(opened: Opened, datastore: str) -> Store:
    """Look a datastore up by moid. Raises NotThere."""
    wanted = {
        "Datastore": ("name", "parent", "browser", "summary.freeSpace", "summary.type", TOP_FOLDERS),
        "Datacenter": ("name", "parent"),
        "Folder": ("name", "parent"),
    }
    try:
        rows = {row.moid: row for row in walked(opened, wanted, opened.object("Datastore", datastore), {})}
        row = rows[datastore]
    except (NotThere, KeyError) as error:
        raise NotThere(
            "ManagedObjectNotFound",
            f"there is no datastore with the id {datastore}",
            about=datastore,
            where=opened.name,
            hint="A name is no id: `vcenters datastores` shows both. If it was there before, read the vCenter again.",
        ) from error
    above = _above(rows, row)
    centre = next((index for index, item in enumerate(above) if item.kind == "Datacenter"), None)
    if centre is None:
        raise gone(opened, datastore)
    # The root folder has no place in the path.
    names = [item.text("name") for item in above[centre:] if moid_of(item.values.get("parent"))]
    path = "/".join(reversed(names))
    makes = row.get(TOP_FOLDERS)
    return Store(
        row.moid,
        row.text("name"),
        above[centre].moid,
        path if opened.about.kind == "vcenter" else "ha-datacenter",
        row.number("summary.freeSpace"),
        row.text("summary.type").lower() in NAMESPACES if makes is None else not makes,
        row.values["browser"],
    )


def _above(rows: dict[str, Row], row: Row) -> list[Row]:
    found: list[Row] = []
    parent = moid_of(row.values.get("parent"))
    while parent in rows and rows[parent] not in found:
        found.append(rows[parent])
        parent = moid_of(found[-1].values.get("parent"))
    return found


def browse(opened: Opened, datastore: str, path: str) -> tuple[FileEntry, ...]:
    """What lies in a folder, folders first, by name. Raises NotThere for a folder that is not there."""
    return _search(opened, store_of(opened, datastore), clean_path(path), "*")


def file_size(opened: Opened, datastore: str, path: str) -> int | None:
    """Bytes of a file, None where there is none."""
    folder, _, name = clean_path(path).rpartition("/")
    try:
        found = _search(opened, store_of(opened, datastore), folder, name)
    except NotThere as error:
        if error.fault == "FileNotFound":
            return None
        raise
    return next((entry.size for entry in found if entry.name == name and not entry.folder), None)


def has_folder(opened: Opened, store: Store, path: str) -> bool:
    """Whether a folder is there."""
    try:
        _search(opened, store, path, "no file is called so")
    except NotThere as error:
        if error.fault == "FileNotFound":
            return False
        raise
    return True


def _search(opened: Opened, store: Store, folder: str, pattern: str) -> tuple[FileEntry, ...]:
    browser = vim.host.DatastoreBrowser
    spec = browser.SearchSpec(
        details=browser.FileInfo.Details(fileType=True, fileSize=True, modification=True, fileOwner=False),
        matchPattern=[pattern],
        sortFoldersFirst=True,
    )
    task = store.browser.SearchDatastore_Task(datastorePath=f"[{store.name}] {folder}", searchSpec=spec)
    values = wait_for_task(opened, task, BROWSE_SECONDS)
    error = values.get("info.error")
    if error is not None:
        inner = getattr(error, "fault", None) or error
        where = f"{opened.name} [{store.name}] {folder}"
        if fault_name(inner) == "FileNotFound":
            raise NotThere("FileNotFound", "there is no such folder", where=where, hint="Look at the path.")
        raise error_of(inner, where=where, what="SearchDatastore_Task", about=moid_of(task))
    result = values.get("info.result")
    if result is None:
        raise VcenterUnreachable(
            "the datastore was not searched in time", where=f"{opened.name} [{store.name}]"
        )
    entries = [_entry(folder, item) for item in result.file or ()]
    return tuple(sorted(entries, key=lambda entry: (not entry.folder, entry.name.lower())))


def _entry(folder: str, item: Any) -> FileEntry:
    kind = type(item).__name__.rpartition(".")[2]
    is_folder = kind == "FolderInfo" or kind.endswith("FolderFileInfo")
    name = str(getattr(item, "friendlyName", None) or item.path)
    path = f"{folder}/{name}" if folder else name
    size = 0 if is_folder else int(item.fileSize or 0)
    return FileEntry(path, name, is_folder, size, moment(item.modification))


def upload(opened: Opened, store: Store, path: str, source: PlainUpload) -> None:
    """Send a file; what stood at the path is replaced. The folder must be there. Raises NotThere, NoPrivilege, VcenterFault."""
    query = urlencode({"dcPath": store.datacenter_path, "dsName": store.name}, quote_via=quote)
    answer = opened.wire.transport.request(
        "PUT",
        f"/folder/{quote(clean_path(path))}?{query}",
        upload=source,
        headers={"Cookie": f'{COOKIE}="{opened.wire.cookie}"'},
        secret=True,
        timeout=BLOCK_SECONDS,
    )
    where = f"{opened.name} [{store.name}] {path}"
    if answer.status in (200, 201, 204):
        return
    if answer.status == 401:
        raise SessionExpired("NotAuthenticated", "the session has ended", where=where)
    if answer.status == 403:
        raise NoPrivilege("Datastore.FileManagement", f"[{store.name}]", where)
    if answer.status == 404:
        raise NotThere(
            "FileNotFound",
            "the datastore or its folder is not there",
            where=where,
            hint="Make the folder first.",
        )
    said = answer.raw[:200].decode("utf-8", "replace")
    full = answer.status == 507 or "space" in said.lower()
    raise VcenterFault(
        "NoDiskSpace" if full else "FileFault",
        "the datastore is full" if full else f"the file was not taken (status {answer.status})",
        where=where,
        hint="Free space on the datastore." if full else "Look at the datastore in vCenter.",
        detail=said,
    )


def refuse_root(store: Store, path: str) -> None:
    """BadInput for a file beside the top folders of a store without a real root."""
    if store.namespaces and "/" not in clean_path(path):
        raise BadInput(
            f"The datastore {store.name} takes no file outside a folder: vSAN and vVol stores have no real root.",
            hint="Name a folder, like iso; it is made where it is not there.",
            where=f"[{store.name}] {path}",
        )


def make_namespace(opened: Opened, store: Store, name: str) -> str:
    """Make a top folder of a store without a real root; returns the path that stays (/vmfs/volumes/…/UUID). Needs the privilege
    Datastore.Config. Raises VcenterFault FileAlreadyExists."""
    manager = opened.content.datastoreNamespaceManager
    return str(manager.CreateDirectory(datastore=opened.object("Datastore", store.moid), displayName=name))


def make_directory(opened: Opened, store: Store, path: str) -> None:
    """Make a folder and those above it, but not a top folder of a store without a real root."""
    opened.content.fileManager.MakeDirectory(
        name=f"[{store.name}] {clean_path(path)}",
        datacenter=opened.object("Datacenter", store.datacenter),
        createParentDirectories=True,
    )


def move_file(opened: Opened, store: Store, path: str, to: str, replace: bool) -> str:
    """Give a file another name on the same store; returns the task."""
    centre = opened.object("Datacenter", store.datacenter)
    task = opened.content.fileManager.MoveDatastoreFile_Task(
        sourceName=f"[{store.name}] {clean_path(path)}",
        sourceDatacenter=centre,
        destinationName=f"[{store.name}] {clean_path(to)}",
        destinationDatacenter=centre,
        force=replace,
    )
    return moid_of(task)


def delete_file(opened: Opened, store: Store, path: str) -> str:
    """Remove a file or an empty folder; returns the task."""
    task = opened.content.fileManager.DeleteDatastoreFile_Task(
        name=f"[{store.name}] {clean_path(path)}",
        datacenter=opened.object("Datacenter", store.datacenter),
    )
    return moid_of(task)


def see_out(opened: Opened, task: str, what: str, where: str) -> None:
    """Wait for the short task of a change that was sent. Raises what it ended with, Uncertain where it has not ended."""
    values = wait_for_task(opened, opened.object("Task", task), MOVE_SECONDS)
    error = values.get("info.error")
    if error is not None:
        raise error_of(getattr(error, "fault", None) or error, where=where, what=what, about=task)
    if str(values.get("info.state")) != "success":
        raise Uncertain(where, what)
