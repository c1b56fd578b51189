"""The library shaped for views and jobs: folders, files with the models they are for, and what fits a server."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, func, select

from dsm_desktop.core.errors import BadInput, NotFound
from dsm_desktop.core.inventory import FirmwareState
from dsm_desktop.core.states import Generation
from dsm_desktop.firmware.fit import Component, Fit, Machine, fit, short_model
from dsm_desktop.firmware.identity import Identity
from dsm_desktop.firmware.signature import Signature, seal_words
from dsm_desktop.queries.newest import is_newest, server_label
from dsm_desktop.store.library import ANYWHERE
from dsm_desktop.store.models import (
    InventoryFirmware,
    InventorySetting,
    InventorySnapshot,
    LibraryFolder,
    LibraryItem,
    LibraryUse,
    Server,
)

_SYSTEM_ID = "iDRAC.LCAttributes.1.SystemID"


@dataclass(frozen=True, slots=True)
class FolderRow:
    """A folder; `files` in it that are there, `problem` why the last scan failed."""

    id: int
    host: str
    path: str
    files: int
    scanned_at: datetime | None
    problem: str


@dataclass(frozen=True, slots=True)
class ItemRow:
    """A file of the library. `models` it is made for ("" = does not say), `signature` a sentence about it, `fits` servers of the fleet with such a model,
    `used` on how many servers, `modified_at` of the file."""

    id: int
    name: str
    kind: str
    title: str
    version: str
    component_type: str
    models: str
    signature: str
    fits: int
    size: int
    sha256: str
    state: str
    problem: str
    used: int
    used_at: datetime | None
    modified_at: datetime
    added_at: datetime
    host: str
    folder: str
    path: str


@dataclass(frozen=True, slots=True)
class ItemFile:
    """What a job needs to serve or send a file; `path` absolute, on machine `host`."""

    id: int
    name: str
    kind: str
    path: Path
    host: str
    size: int
    modified_ns: int
    sha256: str
    identity: Identity | None


class ItemUnusable(BadInput):
    """The library knows the file, but it is broken, missing, changed since it was scanned, or lies on another machine."""


@dataclass(frozen=True, slots=True)
class FitRow:
    """One server and one package."""

    server_id: int
    server: str
    model: str
    fit: Fit


@dataclass(frozen=True, slots=True)
class UseRow:
    """Where an item was used."""

    at: datetime
    server: str
    job_id: int | None
    purpose: str


def list_folders(connection: Connection) -> list[FolderRow]:
    """Every folder by machine and path."""
    f, i = LibraryFolder, LibraryItem
    files = select(func.count()).where(i.folder_id == f.id, i.state != "missing").scalar_subquery()
    rows = connection.execute(
        select(f.id, f.host, f.path, files, f.scanned_at, f.problem).order_by(f.host, f.path)
    )
    return [FolderRow(*row) for row in rows]


def list_items(connection: Connection, *, kind: str = "") -> list[ItemRow]:
    """Every file, newest first."""
    i, f, u = LibraryItem, LibraryFolder, LibraryUse
    uses = {
        row[0]: row[1:]
        for row in connection.execute(
            select(u.item_id, func.count(func.distinct(u.server_id)), func.max(u.at)).group_by(u.item_id)
        )
    }
    fleet = Counter(short_model(model or "") for model in connection.scalars(select(Server.model)))
    plain = select(*i.__table__.c, f.host.label("host_"), f.path.label("folder_")).join(
        f, f.id == i.folder_id
    )
    if kind:
        plain = plain.where(i.kind == kind)
    rows = connection.execute(plain.order_by(i.modified_ns.desc(), i.id)).mappings()
    return [_row(row, uses.get(row["id"], (0, None)), fleet) for row in rows]


def _seal(identity: Any) -> str:
    signature = Signature(identity.get("signature", Signature.UNKNOWN))
    return seal_words(
        signature, identity.get("signer", ""), identity.get("issuer", ""), identity.get("form", "")
    )


def _row(row: Any, use: Any, fleet: Counter[str]) -> ItemRow:
    names = sorted({s.get("name") or s.get("system_id", "") for s in row["identity"].get("systems", ())})
    return ItemRow(
        id=row["id"],
        name=row["name"],
        kind=row["kind"],
        title=row["title"],
        version=row["version"],
        component_type=row["component_type"],
        models=", ".join(names),
        signature=_seal(row["identity"]),
        fits=sum(fleet[short] for short in {short_model(name) for name in names} if short),
        size=row["size"],
        sha256=row["sha256"],
        state=row["state"],
        problem=row["problem"],
        used=use[0],
        used_at=use[1],
        modified_at=datetime.fromtimestamp(row["modified_ns"] / 1e9, UTC),
        added_at=row["added_at"],
        host=row["host_"],
        folder=row["folder_"],
        path=row["path"],
    )


def item_file(connection: Connection, item_id: int, host: str) -> ItemFile:
    """The file of an item, on this machine. Raises NotFound, ItemUnusable."""
    i, f = LibraryItem, LibraryFolder
    row = connection.execute(
        select(
            i.id,
            i.name,
            i.kind,
            i.path,
            f.path,
            f.host,
            i.size,
            i.modified_ns,
            i.sha256,
            i.state,
            i.problem,
            i.identity,
        )
        .join(f, f.id == i.folder_id)
        .where(i.id == item_id)
    ).one_or_none()
    if row is None:
        raise NotFound(f"There is no library item {item_id}.", hint="Scan the library's folders.")
    ident, name, kind, path, folder, at, size, modified, sha256, state, problem, identity = row
    if state != "ok":
        why = (problem or "it was not there at the last scan").rstrip(".")
        raise ItemUnusable(f"{name} cannot be used: {why}.", hint="Replace it, then scan again.", where=name)
    if at == ANYWHERE:
        raise ItemUnusable(
            f"{name} is listed by its address; this job needs a file of this machine.",
            hint="Choose a file of a library folder.",
            where=path,
        )
    if at != host:
        raise ItemUnusable(
            f"{name} lies on {at}, this runner works on {host}.",
            hint="Run the job there, or add the folder here.",
            where=name,
        )
    read = Identity.model_validate(identity) if identity else None
    return ItemFile(ident, name, kind, Path(folder) / path, at, size, modified, sha256, read)


def find_item(connection: Connection, wanted: str) -> int:
    """The id of an item by id, file name or beginning of its SHA-256 (8 digits or more); a broken one only where no good
    one has the name. Raises NotFound, BadInput."""
    i = LibraryItem
    if wanted.isascii() and wanted.isdigit() and len(wanted) < 8:
        found = list(connection.scalars(select(i.id).where(i.id == int(wanted))))
    else:
        query = select(i.id).where(i.name == wanted, i.state == "ok")
        found = list(connection.scalars(query))
        if not found and len(wanted) >= 8:
            query = select(i.id).where(i.sha256.startswith(wanted.lower(), autoescape=True), i.state == "ok")
            found = list(connection.scalars(query))
        if not found:  # a file that cannot be used says why
            found = list(
                connection.scalars(select(i.id).where(i.name == wanted, i.state == "broken").limit(1))
            )
    if not found:
        raise NotFound(
            f"The library has no '{wanted}'.", hint="See 'dsm-desktop library list'; scan its folders."
        )
    if len(found) > 1:
        raise BadInput(
            f"{len(found)} files of the library are called '{wanted}'.",
            hint=f"Give an id: {', '.join(map(str, found))}.",
        )
    return found[0]


def address_of(connection: Connection, item_id: int) -> str:
    """The address of an image that stays where it is; "" for a file of a folder."""
    i, f = LibraryItem, LibraryFolder
    query = select(i.path).join(f, f.id == i.folder_id).where(i.id == item_id, f.host == ANYWHERE)
    return connection.scalar(query) or ""


def image_file(connection: Connection, wanted: str, host: str) -> ItemFile:
    """The file for a virtual drive, named as in `find_item`. Raises NotFound, BadInput, ItemUnusable."""
    found = item_file(connection, find_item(connection, wanted), host)
    if found.kind != "iso":
        raise BadInput(f"{found.name} is no image for a virtual drive.", hint="Choose an .iso or .img file.")
    return found


def machines(connection: Connection, server_ids: Iterable[int]) -> dict[int, Machine]:
    """The servers as packages ask about them, from their newest inventories."""
    found: dict[int, Machine] = {}
    for server_id in server_ids:
        row = connection.execute(
            select(server_label(), Server.model, Server.generation).where(Server.id == server_id)
        ).one_or_none()
        if row is None:
            continue
        label, model, generation = row
        known = {str(g): g for g in Generation}.get(generation, Generation.OTHER)
        ident, components = _newest(connection, server_id)
        found[server_id] = Machine(label, model or "", ident, known, components)
    return found


def _newest(connection: Connection, server_id: int) -> tuple[str, tuple[Component, ...]]:
    """(system id, firmware installed) of the newest inventory."""
    s, fw, st = InventorySnapshot, InventoryFirmware, InventorySetting
    row = connection.execute(select(s.id, s.facts).where(s.server_id == server_id, is_newest())).one_or_none()
    if row is None:
        return "", ()
    rows = connection.execute(
        select(fw.fqdd, fw.name, fw.version, fw.component_id, fw.component_type, fw.pci_ids).where(
            fw.snapshot_id == row.id, fw.state == FirmwareState.INSTALLED.value
        )
    )
    told = row.facts.get("system_id") or connection.scalar(
        select(st.value).where(st.snapshot_id == row.id, st.name == _SYSTEM_ID)
    )
    ident = str(told).upper().zfill(4) if told else ""
    return ident, tuple(Component(*r) for r in rows)


def fit_rows(connection: Connection, item_id: int, server_ids: Iterable[int]) -> list[FitRow]:
    """Whether a package fits each of these servers, and why not."""
    data = connection.scalar(select(LibraryItem.identity).where(LibraryItem.id == item_id))
    if not data:
        return []
    package = Identity.model_validate(data)
    return [
        FitRow(server_id, machine.label, machine.model, fit(package, machine))
        for server_id, machine in machines(connection, server_ids).items()
    ]


def servers_of_models(connection: Connection, item_id: int) -> list[int]:
    """Ids of the servers whose model the package names."""
    data = connection.scalar(select(LibraryItem.identity).where(LibraryItem.id == item_id)) or {}
    wanted = {short_model(s.get("name", "")) for s in data.get("systems", ())} - {""}
    rows = connection.execute(select(Server.id, Server.model).order_by(Server.id))
    return [server_id for server_id, model in rows if short_model(model or "") in wanted]


def item_uses(connection: Connection, item_id: int, limit: int = 200) -> list[UseRow]:
    """Where it was used, newest first."""
    u = LibraryUse
    rows = connection.execute(
        select(u.at, server_label(), u.job_id, u.purpose)
        .outerjoin(Server, Server.id == u.server_id)
        .where(u.item_id == item_id)
        .order_by(u.id.desc())
        .limit(limit)
    )
    return [UseRow(at, server or "", job_id, purpose) for at, server, job_id, purpose in rows]
