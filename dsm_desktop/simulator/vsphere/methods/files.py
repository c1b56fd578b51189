"""Looking into datastores, making folders, moving and deleting files.

A vSAN or vVol store has no real root: its top folders are objects of their own ("namespaces") with a stable name that the
browser lists as the path, beside the given one as the friendly name; both lead into it.
"""

from __future__ import annotations

import fnmatch
import re
from typing import Any, Final

from dsm_desktop.simulator.esxi import NoSuchThing
from dsm_desktop.simulator.vsphere.calls import Call, denied, method
from dsm_desktop.simulator.vsphere.nodes.stores import Browser, Datastore
from dsm_desktop.simulator.vsphere.vmomi import fault, moment, vim

FILES: Final = "Datastore.FileManagement"
BROWSE: Final = "Datastore.Browse"
_PATH: Final = re.compile(r"^\[([^\]]+)\]\s*(.*)$")
SECONDS: Final = 1.0


def _parse(call: Call, text: str, needs: str = FILES) -> tuple[Datastore, str]:
    """ "[store] dir/file". Raises InvalidDatastorePath, NoPermission."""
    found = _PATH.match(text)
    store = next((s for s in call.world.of(Datastore) if found and s.name == found[1]), None)
    if found is None or store is None:
        raise fault(vim.fault.InvalidDatastorePath, f"Invalid datastore path '{text}'.", datastorePath=text)
    if not call.account.may(needs, "Datastore"):
        raise denied(store, needs)
    return store, store.real_path(found[2].strip("/"))


def _entries(store: Datastore, folder: str, patterns: list[str], details: bool) -> list[Any]:
    """Files and folders directly in a folder."""
    prefix = f"{folder}/" if folder else ""
    found = []
    for name in sorted(f for f in store.disk.folders() if f):
        rest = name[len(prefix) :]
        if name.startswith(prefix) and rest and "/" not in rest and _matches(rest, patterns):
            info = vim.host.DatastoreBrowser.FolderInfo(path=rest)
            if store.namespaces and not folder:
                info.path, info.friendlyName = store.namespace(rest), rest
            found.append(info)
    for file in store.disk.files():
        rest = file.path[len(prefix) :]
        if not file.path.startswith(prefix) or "/" in rest or not _matches(rest, patterns):
            continue
        kind = (
            vim.host.DatastoreBrowser.IsoImageInfo
            if rest.lower().endswith(".iso")
            else vim.host.DatastoreBrowser.FileInfo
        )
        info = kind(path=rest)
        if details:
            info.fileSize, info.modification, info.owner = file.size, moment(file.modified), "root"
        found.append(info)
    return found


def _matches(name: str, patterns: list[str]) -> bool:
    return not patterns or any(fnmatch.fnmatch(name.lower(), p.lower()) for p in patterns)


def _result(store: Datastore, folder: str, spec: Any) -> Any:
    patterns = list(spec.matchPattern) if spec is not None else []
    details = spec is not None and spec.details is not None
    return vim.host.DatastoreBrowser.SearchResults(
        datastore=store.ref,
        folderPath=f"[{store.name}] {folder}{'/' if folder else ''}",
        file=_entries(store, folder, patterns, details),
    )


def _search(call: Call, node: Browser, path: str, spec: Any, deep: bool) -> Any:
    task = call.task("DatastoreBrowser.search", None)
    store, folder = _parse(call, path, BROWSE)
    folders = store.disk.folders()
    if store not in node.stores() or not store.accessible or (folder and folder not in folders):
        task.fail(fault(vim.fault.FileNotFound, f"File {path} was not found", file=path))
        return task.ref
    result = _result(store, folder, spec)
    if deep:
        inside = sorted(f for f in folders if f.startswith(f"{folder}/" if folder else "") and f)
        all_of = [result, *(_result(store, f, spec) for f in inside)]
        result = vim.host.DatastoreBrowser.SearchResults.Array(all_of)
    if task.running and not task.stuck:
        call.world.later(SECONDS, lambda: task.succeed(result))
    return task.ref


@method(vim.host.DatastoreBrowser, needs=BROWSE)
def SearchDatastore_Task(call: Call, node: Browser, datastorePath: str = "", searchSpec: Any = None) -> Any:
    return _search(call, node, datastorePath, searchSpec, deep=False)


@method(vim.host.DatastoreBrowser, needs=BROWSE)
def SearchDatastoreSubFolders_Task(
    call: Call, node: Browser, datastorePath: str = "", searchSpec: Any = None
) -> Any:
    return _search(call, node, datastorePath, searchSpec, deep=True)


@method(vim.FileManager, needs=FILES, changes=True)
def MakeDirectory(
    call: Call, node: Any, name: str = "", datacenter: Any = None, createParentDirectories: bool | None = None
) -> None:
    store, folder = _parse(call, name)
    parent = folder.rpartition("/")[0]
    if folder in store.disk.folders():
        raise fault(vim.fault.FileAlreadyExists, f"The folder {name} exists already.", file=name)
    if store.namespaces and folder.partition("/")[0] not in store.disk.folders():
        raise fault(vim.fault.CannotCreateFile, "Cannot complete file creation operation.", file=name)
    if parent and parent not in store.disk.folders() and not createParentDirectories:
        raise fault(vim.fault.FileNotFound, f"There is no folder {parent}.", file=parent)
    store.disk.make_folder(folder)


@method(vim.DatastoreNamespaceManager, needs="Datastore.Config", changes=True)
def CreateDirectory(
    call: Call,
    node: Any,
    datastore: Any = None,
    displayName: str | None = None,
    policy: str | None = None,
    size: int | None = None,
) -> str:
    """Returns the path that stays."""
    store: Datastore = call.node(datastore)
    name = displayName or ""
    if not store.namespaces:
        raise fault(vim.fault.InvalidDatastore, "The datastore has an ordinary root folder.", name=store.name)
    if not name or "/" in name:
        raise fault(vim.fault.CannotCreateFile, "Cannot complete file creation operation.", file=name)
    if not store.disk.make_folder(name):
        raise fault(vim.fault.FileAlreadyExists, f"The folder {name} exists already.", file=name)
    return f"/vmfs/volumes/{store.uuid}/{store.namespace(name)}"


@method(vim.FileManager, needs=FILES, changes=True)
def MoveDatastoreFile_Task(
    call: Call,
    node: Any,
    sourceName: str = "",
    sourceDatacenter: Any = None,
    destinationName: str = "",
    destinationDatacenter: Any = None,
    force: bool | None = None,
) -> Any:
    """Within one store."""
    task = call.task("FileManager.moveFile", None)
    (store, path), (other, to) = _parse(call, sourceName), _parse(call, destinationName)
    if not task.running or task.stuck:
        return task.ref

    def over() -> None:
        try:
            if store is not other or to.rpartition("/")[0] not in store.disk.folders() | {""}:
                raise NoSuchThing(destinationName)
            store.disk.move(path, to, replace=bool(force))
        except NoSuchThing:
            task.fail(fault(vim.fault.FileNotFound, f"File {sourceName} was not found", file=sourceName))
            return
        except FileExistsError:
            text = f"The file {destinationName} exists already."
            task.fail(fault(vim.fault.FileAlreadyExists, text, file=destinationName))
            return
        call.world.touch(store)
        task.succeed()

    call.world.later(SECONDS, over)
    return task.ref


@method(vim.FileManager, needs=FILES, changes=True)
def DeleteDatastoreFile_Task(call: Call, node: Any, name: str = "", datacenter: Any = None) -> Any:
    task = call.task("FileManager.deleteFile", None)
    store, path = _parse(call, name)
    if not task.running or task.stuck:
        return task.ref

    def over() -> None:
        try:
            store.disk.remove(path)
        except NoSuchThing:
            task.fail(fault(vim.fault.FileNotFound, f"File {name} was not found", file=name))
            return
        except BlockingIOError:
            task.fail(
                fault(vim.fault.FileLocked, f"Unable to access file {name} since it is locked", file=name)
            )
            return
        call.world.touch(store)
        task.succeed()

    call.world.later(SECONDS, over)
    return task.ref
