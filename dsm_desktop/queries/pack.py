"""The monthly pack: one workbook with a sheet for each question an auditor or a buyer asks, out of the newest snapshots.

The sheets and heads are named in the manner of the vCenter workbooks everybody parses (vInfo, vHost): dServer, dDrive.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select

from dsm_desktop.queries.changes import changes, changes_table
from dsm_desktop.queries.export import Cell, Table
from dsm_desktop.queries.newest import newest_snapshots, server_label
from dsm_desktop.queries.report import bmc_link, write_workbook
from dsm_desktop.queries.servers import ServerRow, list_servers
from dsm_desktop.queries.tags import tags_by_server
from dsm_desktop.store.models import (
    CustomField,
    InventoryFirmware,
    InventoryPart,
    InventorySnapshot,
    Rack,
    RackPlace,
    Server,
)

_WHO = ("Server", "Service tag", "Model")
_GB, _GIB = 10**9, 2**30
_PARTS: dict[str, tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]] = {
    # sheet: kinds, columns of the part, names in its detail
    "dDrive": (
        ("drive",),
        ("slot", "model", "manufacturer", "part_number", "serial_number", "firmware", "GB", "health"),
        ("media", "protocol", "wear_percent_left", "failure_predicted", "raid_status", "hot_spare", "form_factor"),
    ),
    "dMemory": (
        ("memory",),
        ("slot", "manufacturer", "part_number", "serial_number", "GiB", "health"),
        ("type", "speed_mhz", "ranks"),
    ),
    "dNic": (
        ("nic", "port"),
        ("kind", "slot", "part_id", "model", "manufacturer", "part_number", "serial_number", "firmware", "health"),
        ("mac", "link", "speed_mbps", "ipv4"),
    ),
    "dPsu": (
        ("psu",),
        ("slot", "model", "manufacturer", "part_number", "serial_number", "firmware", "reading", "health"),
        ("capacity_watts", "output_watts", "volts", "type"),
    ),
    "dLicence": (("licence",), ("name", "model", "serial_number", "health"), ("type", "expires", "installed")),
}  # fmt: skip


def monthly_pack(
    connection: Connection,
    file: Path,
    since: datetime,
    until: datetime,
    server_ids: Collection[int] | None = None,
) -> dict[str, int]:
    """Write the workbook (.xlsx); returns rows by sheet. dChanges covers (since, until], the rest is as last read."""
    return write_workbook(pack_tables(connection, since, until, server_ids), file)


def pack_tables(
    connection: Connection, since: datetime, until: datetime, server_ids: Collection[int] | None = None
) -> Iterator[Table]:
    """The sheets one after the other, each read when it is written."""
    servers = list_servers(connection, server_ids)
    ids = None if server_ids is None else frozenset(s.id for s in servers)
    yield server_table(connection, servers)
    yield _firmware(connection, ids)
    for sheet in _PARTS:
        yield parts_table(connection, sheet, ids)
    yield changes_table(list(changes(connection, since, until, ids)))
    yield health_table(servers)


def server_table(connection: Connection, servers: list[ServerRow]) -> Table:
    """dServer: one row for each server, with the operators' own fields, tags and place."""
    fields = connection.execute(
        select(CustomField.key, CustomField.title).order_by(CustomField.position)
    ).all()
    custom = {i: values or {} for i, values in connection.execute(select(Server.id, Server.custom))}
    tags = tags_by_server(connection)
    places = {
        i: (room, name, unit, height)
        for i, room, name, unit, height in connection.execute(
            select(RackPlace.server_id, Rack.room, Rack.name, RackPlace.unit, RackPlace.height).join(
                Rack, Rack.id == RackPlace.rack_id
            )
        )
    }
    rows = [
        (
            *(get(s) for _, get in _SERVER), ", ".join(tags.get(s.id, ())), *places.get(s.id, (None,) * 4), s.pdus, s.notes,
            *(custom.get(s.id, {}).get(field.key) for field in fields),
        )
        for s in servers
    ]  # fmt: skip
    own = [f"{f.title}" for f in fields]
    place = ("Room", "Rack", "Unit", "Height (U)", "PDUs")
    heads = (*(head for head, _ in _SERVER), "Tags", *place, "Notes", *own)
    return Table("dServer", heads, rows)


_SERVER: tuple[tuple[str, Callable[[ServerRow], Cell]], ...] = (
    ("Server", lambda s: s.label),
    ("Service tag", lambda s: s.service_tag),
    ("Model", lambda s: s.model),
    ("BMC address", lambda s: bmc_link(s.address, s.port)),
    ("Host name", lambda s: s.host_name),
    ("Health", lambda s: s.health),
    ("Power", lambda s: s.power_state),
    ("Access", lambda s: s.access),
    ("Generation", lambda s: s.generation),
    ("iDRAC", lambda s: s.idrac_version),
    ("BIOS", lambda s: s.bios_version),
    ("Licence", lambda s: s.licence),
    ("Processors", lambda s: s.processor_summary),
    ("Memory (GiB)", lambda s: s.memory_gib),
    ("Power draw (W)", lambda s: s.power_watts),
    ("Inlet (°C)", lambda s: s.inlet_celsius),
    ("Asset tag", lambda s: s.asset_tag),
    ("Board serial", lambda s: s.board_serial),
    ("BMC MAC", lambda s: s.bmc_mac),
    ("UUID", lambda s: s.uuid),
    ("Lockdown", lambda s: s.lockdown),
    ("Facts read", lambda s: s.facts_at),
    ("Inventory read", lambda s: s.inventory_at),
)


def health_table(servers: list[ServerRow]) -> Table:
    """dHealth: everything that needs a look, a row for each subsystem that is not ok and each server that is not read."""
    rows: list[tuple[Cell, ...]] = []
    for s in servers:
        who = (s.label, s.service_tag, s.model, bmc_link(s.address, s.port))
        bad = [
            (name, state)
            for name, state in sorted(s.subsystem_health.items())
            if state in ("warning", "critical")
        ]
        rows += [(*who, state, name, "", s.facts_at) for name, state in bad]
        if not bad and s.health in ("warning", "critical"):
            rows.append((*who, s.health, "server", "", s.facts_at))
        if s.problem:
            rows.append((*who, "not read", "access", s.problem, s.facts_at))
    heads = (*_WHO, "BMC address", "Health", "Subsystem", "Problem", "Facts read")
    return Table("dHealth", heads, rows)


def parts_table(connection: Connection, sheet: str, server_ids: frozenset[int] | None = None) -> Table:
    """One of dDrive, dMemory, dNic, dPsu, dLicence."""
    kinds, columns, details = _PARTS[sheet]
    p, s = InventoryPart, InventorySnapshot
    query = (
        select(
            s.server_id,
            server_label(),
            Server.service_tag,
            Server.model,
            p.detail,
            *(_column(c) for c in columns),
        )
        .join(s, s.id == p.snapshot_id)
        .join(Server, Server.id == s.server_id)
        .where(p.snapshot_id.in_(newest_snapshots()), p.kind.in_(kinds))
        .order_by(s.server_id, p.id)
    )
    rows = [
        (label, tag, model, *map(_value, columns, values), *((detail or {}).get(name) for name in details))
        for server_id, label, tag, model, detail, *values in connection.execute(query)
        if server_ids is None or server_id in server_ids
    ]
    return Table(sheet, (*_WHO, *(_head(c) for c in columns), *(_head(d) for d in details)), rows)


def _firmware(connection: Connection, server_ids: frozenset[int] | None) -> Table:
    f, s = InventoryFirmware, InventorySnapshot
    query = (
        select(
            s.server_id, server_label(), Server.service_tag, Server.model, f.name, f.version, f.state, f.component_type,
            f.component_id, f.fqdd, f.updateable, f.installed_at,
        )
        .join(s, s.id == f.snapshot_id)
        .join(Server, Server.id == s.server_id)
        .where(f.snapshot_id.in_(newest_snapshots()))
        .order_by(s.server_id, f.name)
    )  # fmt: skip
    heads = ("Component", "Version", "State", "Type", "Component id", "FQDD", "Updateable", "Installed at")
    rows = [
        tuple(values)
        for server_id, *values in connection.execute(query)
        if server_ids is None or server_id in server_ids
    ]
    return Table("dFirmware", (*_WHO, *heads), rows)


def _column(name: str) -> Any:
    return InventoryPart.capacity_bytes if name in ("GB", "GiB") else getattr(InventoryPart, name)


def _value(column: str, value: Cell) -> Cell:
    if isinstance(value, int) and column in ("GB", "GiB"):
        return round(value / (_GB if column == "GB" else _GIB), 1)
    return value


def _head(name: str) -> str:
    return name if name in ("GB", "GiB") else name.replace("_", " ").capitalize()
