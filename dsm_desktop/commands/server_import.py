"""Servers from a list: every row is checked first, with the reason where it is bad; then all good ones in one transaction, or none."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import insert, select

from dsm_desktop.commands import custom_fields, racks, tags
from dsm_desktop.commands import groups as groups_
from dsm_desktop.commands.import_text import FIELDS, IGNORE, ImportTable, remembered_mapping
from dsm_desktop.commands.servers import clean_pdus
from dsm_desktop.core.access import Permission, Principal
from dsm_desktop.core.errors import BadInput, DsmError
from dsm_desktop.store import audit
from dsm_desktop.store.discovered import move_server
from dsm_desktop.store.models import (
    CredentialSet,
    CustomField,
    Server,
    ServerGroup,
    ServerGroupMember,
    Setting,
)
from dsm_desktop.store.unit_of_work import UnitOfWork

REMEMBERED = "import.servers"
_HOST = re.compile(
    r"(?=.{1,253}$)[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?)*\.?"
)
_TAG = re.compile(r"[A-Za-z0-9-]{1,32}")
_PDUS = ("pdu", "pdu_b")


@dataclass(frozen=True, slots=True)
class RowPlan:
    """A row that was checked. `line` in the text; `cells` as they came; `problems` why it is not taken; `known` the id of the
    server that is listed already (such a row is a duplicate and skipped, or updated when that was asked for)."""

    line: int
    cells: tuple[str, ...]
    values: Mapping[str, Any] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    known: int | None = None
    duplicate: bool = False

    @property
    def good(self) -> bool:
        return not self.problems and not self.duplicate


@dataclass(frozen=True, slots=True)
class ImportPlan:
    """What an import would do. Shown before, then given to `apply`."""

    table: ImportTable
    mapping: tuple[str, ...]
    rows: tuple[RowPlan, ...]

    @property
    def adds(self) -> tuple[RowPlan, ...]:
        return tuple(r for r in self.rows if r.good and r.known is None)

    @property
    def updates(self) -> tuple[RowPlan, ...]:
        return tuple(r for r in self.rows if r.good and r.known is not None)

    @property
    def duplicates(self) -> tuple[RowPlan, ...]:
        return tuple(r for r in self.rows if r.duplicate and not r.problems)

    @property
    def bad(self) -> tuple[RowPlan, ...]:
        return tuple(r for r in self.rows if r.problems)


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did; ids of the servers."""

    added: tuple[int, ...]
    updated: tuple[int, ...]


@dataclass(slots=True)
class _Site:
    """What is there already, read once."""

    listed: dict[tuple[str, int], int]
    ports: dict[int, int]
    tags: dict[str, int]
    credentials: dict[str, int]
    fields: dict[str, CustomField]
    seen: dict[tuple[str, int], int] = field(default_factory=dict)
    seen_tags: dict[str, int] = field(default_factory=dict)
    seen_servers: dict[int, int] = field(default_factory=dict)


def plan(
    uow: UnitOfWork, table: ImportTable, mapping: Sequence[str], *, update_known: bool = False
) -> ImportPlan:
    """Check every row; nothing is written. `update_known`: rows of listed servers change them instead of being duplicates.

    BadInput when no column, or two of one kind, can be an address.
    """
    chosen = [name for name in mapping if name != IGNORE]
    if "address" not in chosen:
        raise BadInput("No column is the BMC address.", hint="Say which column holds it.")
    if twice := sorted({name for name in chosen if chosen.count(name) > 1}):
        raise BadInput(f"Two columns are {', '.join(twice)}.", hint="Leave one of them out.")
    site = _site(uow)
    unknown = [n for n in chosen if n not in FIELDS and n.removeprefix("field.") not in site.fields]
    if unknown:
        raise BadInput(f"There is no field {', '.join(unknown)}.", hint=f"Known: {', '.join(FIELDS)}.")
    rows = [
        _checked(site, line, cells, mapping, update_known)
        for line, cells in zip(table.lines, table.rows, strict=True)
    ]
    return ImportPlan(table, tuple(mapping), tuple(rows))


def apply(uow: UnitOfWork, who: Principal, planned: ImportPlan, *, source: str = "") -> Imported:
    """Do what was planned, in the caller's one transaction; any error undoes all of it. The mapping is remembered."""
    who.require(Permission.CONFIGURE, "import servers")
    added: list[int] = []
    for row in planned.adds:
        wanted = {k: row.values[k] for k in ("address", "port") if k in row.values}
        _still_free(uow, row, wanted["address"], wanted.get("port", 443))
        server = Server(**wanted, added_at=uow.now)
        _fill(server, row.values)
        uow.session.add(server)
        uow.session.flush()
        added.append(server.id)
    updated = [row.known for row in planned.updates if row.known is not None]
    for row in planned.updates:
        known = uow.session.get(Server, row.known)
        if known is None:
            raise BadInput("A server of this list was removed meanwhile.", where=f"line {row.line}")
        address, port = row.values["address"], row.values.get("port", known.port)
        if (_same(address), port) != (_same(known.address), known.port):
            _still_free(uow, row, address, port)
            move_server(uow, known, address, port)
        _fill(known, row.values)
        uow.session.flush()
    done = [*zip(added, planned.adds, strict=True), *zip(updated, planned.updates, strict=True)]
    _annotate(uow, who, done)
    _remember(uow, planned, who)
    audit.append(
        uow, who.name, "servers.import", source or "pasted list", added=len(added), updated=len(updated)
    )
    uow.changed("servers", "added", *added)
    uow.changed("servers", "changed", *updated)
    return Imported(tuple(added), tuple(updated))


def remembered(uow: UnitOfWork) -> dict[str, str]:
    """The mapping by heading of earlier imports."""
    row = uow.session.get(Setting, REMEMBERED)
    return {str(k): str(v) for k, v in (row.value if row else {}).items()}


def bad_rows(planned: ImportPlan) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Headings and rows of what was not taken, with the reason in front: to be written to a file, mended and imported again."""
    heads = planned.table.headings or tuple(f"Column {n + 1}" for n in range(planned.table.width))
    rows = [
        (str(r.line), " ".join(r.problems) or "Already listed or twice in the list.", *r.cells)
        for r in planned.rows
        if not r.good
    ]
    width = len(heads) + 2
    return ("Line", "Reason", *heads), [(*row, *[""] * (width - len(row)))[:width] for row in rows]


def _site(uow: UnitOfWork) -> _Site:
    s = Server
    rows = uow.session.execute(select(s.id, s.address, s.port, s.service_tag)).all()
    return _Site(
        {(_same(address), port): i for i, address, port, _ in rows},
        {i: port for i, _, port, _ in rows},
        {tag.upper(): i for i, _, _, tag in rows if tag},
        {name.lower(): i for i, name in uow.session.execute(select(CredentialSet.id, CredentialSet.name))},
        custom_fields.fields_by_key(uow),
    )


def _checked(
    site: _Site, line: int, cells: tuple[str, ...], mapping: Sequence[str], update_known: bool
) -> RowPlan:
    values: dict[str, Any] = {}
    problems: list[str] = []
    for name, cell in zip(mapping, cells, strict=False):
        if name == IGNORE or not cell:
            continue
        try:
            values.update(_value(site, name, cell))
        except DsmError as error:
            problems.append(f"{error.message} {error.hint}".strip())
    if "address" not in values and not problems:
        problems.append("The address is missing.")
    if ("unit" in values or "height" in values) and "rack" not in values:
        problems.append("A place needs a rack.")
    if problems:
        return RowPlan(line, cells, values, tuple(problems))
    return _met(site, line, cells, values, update_known)


def _met(
    site: _Site, line: int, cells: tuple[str, ...], values: dict[str, Any], update_known: bool
) -> RowPlan:
    """Whether this server was met before, in the list or in the store."""
    key = (_same(values["address"]), values.get("port", 443))
    tag = str(values.get("service_tag", "")).upper()
    first = site.seen.setdefault(key, line)
    first_tag = site.seen_tags.setdefault(tag, line) if tag else line
    if first != line or first_tag != line:
        said = (
            f"{values['address']} stands in line {first} too."
            if first != line
            else f"{tag} stands in line {first_tag} too."
        )
        return RowPlan(line, cells, values, (said,), duplicate=True)
    known = site.listed.get(key)
    by_tag = site.tags.get(tag) if tag else None
    if by_tag is not None and known is not None and by_tag != known:
        return RowPlan(line, cells, values, (f"{tag} is another server's service tag.",))
    if by_tag is not None and known is None:  # met at another address; without a port it keeps its own
        known = by_tag
        there = site.listed.get((key[0], values.get("port", site.ports[by_tag])), by_tag)
        if there != by_tag:
            return RowPlan(line, cells, values, (f"{values['address']} is another server's address.",))
    if known is not None and (before := site.seen_servers.setdefault(known, line)) != line:
        return RowPlan(
            line, cells, values, (f"The same listed server stands in line {before} too.",), duplicate=True
        )
    return RowPlan(line, cells, values, (), known, duplicate=known is not None and not update_known)


def _value(site: _Site, name: str, cell: str) -> dict[str, Any]:
    """A cell as values. BadInput."""
    if name == "address":
        return _address(cell)
    if name in ("port", "unit", "height"):
        most = {"port": 65_535, "unit": racks.TALLEST, "height": racks.TALLEST}[name]
        digits = re.fullmatch(r"[Uu]?\s*(\d{1,5})(?:\.0+)?\s*[Uu]?", cell)
        if digits is None or not 1 <= int(digits[1]) <= most:
            raise BadInput(f"{FIELDS[name][0]} '{cell}' is no number from 1 to {most}.")
        return {name: int(digits[1])}
    if name == "credential":
        found = site.credentials.get(cell.lower())
        if found is None:
            raise BadInput(
                f"There is no credential set '{cell}'.", hint="Make it first, or leave the cell empty."
            )
        return {"assigned_credential_id": found}
    if name == "service_tag":
        if _TAG.fullmatch(cell) is None:
            raise BadInput(f"'{cell}' is no service tag.")
        return {name: cell.upper()}
    if name == "tags":
        return {name: [tags.clean_tag(word) for word in re.split(r"[;,]", cell) if word.strip()]}
    if name.startswith("field."):
        key = name.removeprefix("field.")
        return {name: custom_fields.parse_value(site.fields[key], cell)}
    if name in _PDUS:
        return {name: clean_pdus(cell)}
    limit = {"name": 255, "asset_tag": 80, "group": 120, "rack": 80, "room": 80}.get(name, 10_000)
    if len(cell) > limit:
        raise BadInput(f"{FIELDS[name][0]} is longer than {limit} characters.")
    return {name: cell}


def _address(cell: str) -> dict[str, Any]:
    """An address, a name, or a link as copied from a browser; a port may stand behind."""
    text = re.sub(r"^https?://", "", cell, flags=re.I).split("/", 1)[0]
    port: int | None = None
    if (with_port := re.fullmatch(r"\[([^\]]+)\](?::(\d+))?|([^:]+):(\d+)", text)) is not None:
        text, digits = with_port[1] or with_port[3], with_port[2] or with_port[4]
        port = int(digits) if digits else None
    try:
        text = str(ipaddress.ip_address(text))
    except ValueError:
        # Digits and dots alone are a mistyped address, never a name.
        if _HOST.fullmatch(text) is None or re.fullmatch(r"[\d.]+", text):
            raise BadInput(
                f"'{cell}' is not an address.", hint="Give the iDRAC's IP address or name."
            ) from None
    if port is not None and not 1 <= port <= 65_535:
        raise BadInput(f"Port {port} does not exist.")
    return {"address": text} if port is None else {"address": text, "port": port}


def _same(address: str) -> str:
    return address.lower().rstrip(".")


def _still_free(uow: UnitOfWork, row: RowPlan, address: str, port: int) -> None:
    if uow.session.scalar(select(Server.id).where(Server.address == address, Server.port == port)):
        raise BadInput(
            f"{address} was added by somebody else meanwhile.",
            hint="Look at the preview again.",
            where=f"line {row.line}",
        )


def _fill(server: Server, values: Mapping[str, Any]) -> None:
    for name in ("name", "notes", "asset_tag", "assigned_credential_id", "service_tag"):
        if name in values:
            setattr(server, name, values[name])
    if hangs_on := [values[name] for name in _PDUS if name in values]:
        server.pdus = clean_pdus(", ".join(hangs_on))


def _annotate(uow: UnitOfWork, who: Principal, done: Sequence[tuple[int, RowPlan]]) -> None:
    groups = {name.lower(): i for i, name in uow.session.execute(
        select(ServerGroup.id, ServerGroup.name).where(ServerGroup.kind == "manual"))}  # fmt: skip
    for server_id, row in done:
        values = row.values
        own = {k.removeprefix("field."): v for k, v in values.items() if k.startswith("field.")}
        if own:
            custom_fields.put_values(uow, [server_id], own)
        if values.get("tags"):
            tags.add_tags(uow, who, [server_id], values["tags"])
        if name := values.get("group"):
            if name.lower() not in groups:
                groups[name.lower()] = groups_.add_group(uow, who, name)
            member = {"group_id": groups[name.lower()], "server_id": server_id}
            if uow.session.get(ServerGroupMember, member) is None:
                uow.session.execute(insert(ServerGroupMember), [member])
        if "rack" in values and "unit" in values:
            rack = racks.rack_named(uow, who, values["rack"], values.get("room", ""))
            try:
                racks.place(uow, who, server_id, rack, values["unit"], values.get("height"))
            except BadInput as error:
                raise BadInput(error.message, hint=error.hint, where=f"line {row.line}") from error


def _remember(uow: UnitOfWork, planned: ImportPlan, who: Principal) -> None:
    new = remembered_mapping(planned.table, planned.mapping)
    if not new:
        return
    row = uow.session.get(Setting, REMEMBERED)
    if row is None:
        row = Setting(key=REMEMBERED, value={})
        uow.session.add(row)
    row.value, row.changed_at, row.changed_by = {**row.value, **new}, uow.now, who.name[:200]
