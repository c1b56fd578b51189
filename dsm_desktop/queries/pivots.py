"""The fleet from above: which component in which version how often, and which spare parts are in use where."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass

from sqlalchemy import Connection, String, cast, func, select

from dsm_desktop.core.states import Health
from dsm_desktop.queries.export import Table
from dsm_desktop.queries.newest import Ids, newest_snapshots
from dsm_desktop.queries.query_values import version_key
from dsm_desktop.store.models import InventoryFirmware, InventoryPart, InventorySnapshot, Server

# Dell appends the port's MAC to a network card's name.
_MAC_TAIL = re.compile(r"\s*-\s*([0-9A-F]{2}:){5}[0-9A-F]{2}\s*$", re.I)
_NO_SPARES = ("fan", "temperature", "volume", "port", "licence")


@dataclass(frozen=True, slots=True)
class VersionCell:
    """One version of a component: on which servers (ids), how many pieces. `newest` of the fleet; `odd` = not the one most
    servers have."""

    version: str
    count: int
    server_ids: tuple[int, ...]
    newest: bool
    odd: bool


@dataclass(frozen=True, slots=True)
class ComponentRow:
    """A component and its versions, the most frequent first. `odd_server_ids` = all servers not on the most frequent one."""

    component: str
    component_type: str
    count: int
    versions: tuple[VersionCell, ...]

    @property
    def odd_server_ids(self) -> tuple[int, ...]:
        return tuple(sorted({i for cell in self.versions if cell.odd for i in cell.server_ids}))


@dataclass(frozen=True, slots=True)
class SpareRow:
    """A part number in use: how many pieces, how many not healthy, in which server models and servers."""

    part_number: str
    kind: str
    what: str
    manufacturer: str
    count: int
    not_ok: int
    models: tuple[str, ...]
    server_ids: tuple[int, ...]


def component_name(name: str) -> str:
    """The name without what differs from piece to piece."""
    return _MAC_TAIL.sub("", name).strip()


def firmware_pivot(connection: Connection, server_ids: Ids = None) -> list[ComponentRow]:
    """Installed firmware of the newest inventories by component, by name."""
    f, s = InventoryFirmware, InventorySnapshot
    ids = func.aggregate_strings(cast(s.server_id, String), ",")
    query = (
        select(f.name, f.component_type, f.version, ids, Server.model, Server.generation)
        .join(s, s.id == f.snapshot_id)
        .join(Server, Server.id == s.server_id)
        .where(f.snapshot_id.in_(newest_snapshots()), f.state == "installed")
        .group_by(f.name, f.component_type, f.version, Server.model, Server.generation)
    )
    chosen = None if server_ids is None else frozenset(server_ids)
    cells: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    types: dict[str, str] = {}
    for name, kind, version, servers, model, generation in connection.execute(query):
        found = [i for i in map(int, servers.split(",")) if chosen is None or i in chosen]
        if found:
            component = _comparable(component_name(name), kind, model, generation)
            cells[component][version] += found
            types.setdefault(component, kind)
    return [_component(name, types[name], cells[name]) for name in sorted(cells, key=str.lower)]


def _comparable(component: str, kind: str, model: str, generation: str) -> str:
    """What versions may be compared within: a BIOS is of one server model, an iDRAC's firmware of one generation
    (iDRAC10 began at 1.x again)."""
    if kind == "BIOS" and model:
        return f"{component} ({model})"
    if component.startswith("Integrated Dell Remote Access Controller") and generation != "other":
        return f"{component} ({generation})"
    return component


def _component(name: str, kind: str, versions: dict[str, list[int]]) -> ComponentRow:
    newest = max(versions, key=version_key)
    order = sorted(versions, key=lambda v: (-len(set(versions[v])), v))
    cells = tuple(
        VersionCell(v, len(versions[v]), tuple(sorted(set(versions[v]))), v == newest, place > 0)
        for place, v in enumerate(order)
    )
    return ComponentRow(name, kind, sum(cell.count for cell in cells), cells)


def spare_parts(connection: Connection, server_ids: Ids = None) -> list[SpareRow]:
    """Parts with a part number in the newest inventories, the most frequent first."""
    p, s = InventoryPart, InventorySnapshot
    what = func.coalesce(func.nullif(p.model, ""), p.name)
    query = (
        select(
            p.part_number, p.kind, func.max(what), func.max(p.manufacturer), p.health, Server.model,
            func.aggregate_strings(cast(s.server_id, String), ","),
        )
        .join(s, s.id == p.snapshot_id)
        .join(Server, Server.id == s.server_id)
        .where(p.snapshot_id.in_(newest_snapshots()), p.part_number != "", p.kind.not_in(_NO_SPARES))
        .group_by(p.part_number, p.kind, p.health, Server.model)
    )  # fmt: skip
    chosen = None if server_ids is None else frozenset(server_ids)
    pieces: dict[tuple[str, str], Counter[int]] = defaultdict(Counter)
    texts: dict[tuple[str, str], tuple[str, str]] = {}
    models: dict[tuple[str, str], set[str]] = defaultdict(set)
    bad: Counter[tuple[str, str]] = Counter()
    for number, kind, name, maker, health, model, servers in connection.execute(query):
        found = [i for i in map(int, servers.split(",")) if chosen is None or i in chosen]
        key = (number, kind)
        if found:
            pieces[key].update(found)
            texts[key] = max(texts.get(key, ("", "")), (name, maker))
            models[key].add(model)
            bad[key] += len(found) if health in (Health.WARNING, Health.CRITICAL) else 0
    rows = [
        SpareRow(*key, *texts[key], count.total(), bad[key], tuple(sorted(models[key])), tuple(sorted(count)))
        for key, count in pieces.items()
    ]
    return sorted(rows, key=lambda r: (-r.count, r.part_number))


def firmware_table(rows: list[ComponentRow]) -> Table:
    """The pivot flat: one row for each component and version."""
    heads = ("Component", "Type", "Version", "Pieces", "Servers", "Newest here", "Differs from most")
    flat = [
        (
            row.component,
            row.component_type,
            cell.version,
            cell.count,
            len(cell.server_ids),
            cell.newest,
            cell.odd,
        )
        for row in rows
        for cell in row.versions
    ]
    return Table("Firmware versions", heads, flat)


def spares_table(rows: list[SpareRow]) -> Table:
    """Spare parts to write."""
    heads = (
        "Part number",
        "Kind",
        "What",
        "Manufacturer",
        "In use",
        "Not healthy",
        "Servers",
        "Server models",
    )
    flat = [
        (
            r.part_number,
            r.kind,
            r.what,
            r.manufacturer,
            r.count,
            r.not_ok,
            len(r.server_ids),
            ", ".join(r.models),
        )
        for r in rows
    ]
    return Table("Spare parts", heads, flat)
