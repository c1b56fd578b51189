"""Settings of servers for tabs and matrices, profiles, boot history, and how servers stand to a site standard."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from dsm_desktop.configuration.checking import Rules, State, visible
from dsm_desktop.configuration.registry import Entry, Registry
from dsm_desktop.configuration.standard import BIOS, IDRAC, Deviation, SiteStandard, deviations
from dsm_desktop.queries.newest import Ids, server_label, wanted
from dsm_desktop.store import configuration as stored
from dsm_desktop.store.configuration import BASELINE, CURRENT, PENDING, load_registry
from dsm_desktop.store.models import (
    BootRecord,
    ConfigurationProfile,
    ConfigurationSnapshot,
    Server,
    SiteStandardRow,
)

_NAMED = 500
"""Ids that are named in a statement; databases bound the number of bound values, and beyond that nearly all are wanted."""


@dataclass(frozen=True, slots=True)
class SettingRow:
    """One setting of one server as a tab shows it. `pending` and `baseline` None = none; `entry` None = not in the registry."""

    name: str
    value: Any
    pending: Any
    baseline: Any
    entry: Entry | None
    heading: str
    state: State

    @property
    def title(self) -> str:
        return self.entry.title if self.entry else self.name

    @property
    def drifted(self) -> bool:
        return self.baseline is not None and self.baseline != self.value


@dataclass(frozen=True, slots=True)
class ComponentSettings:
    """All settings of a component of a server; `taken_at` None = never read."""

    taken_at: datetime | None
    rows: tuple[SettingRow, ...] = ()
    registry: Registry | None = None
    pending: dict[str, Any] = field(default_factory=dict)


def component_settings(connection: Connection, server_id: int, area: str = BIOS) -> ComponentSettings:
    """The settings of one component in the order of its setup pages; those without a description at the end."""
    found = {
        row.kind: row
        for row in connection.execute(
            select(ConfigurationSnapshot.__table__).where(
                ConfigurationSnapshot.server_id == server_id, ConfigurationSnapshot.area == area
            )
        )
    }
    current = found.get(CURRENT)
    if current is None:
        return ComponentSettings(None)
    registry = load_registry(connection, current.registry_name, current.firmware) or Registry("")
    pending = dict(found[PENDING].settings) if PENDING in found else {}
    baseline = dict(found[BASELINE].settings) if BASELINE in found else {}
    return ComponentSettings(
        current.taken_at, tuple(_rows(registry, current.settings, pending, baseline)), registry, pending
    )


def _rows(
    registry: Registry, values: dict[str, Any], pending: dict[str, Any], baseline: dict[str, Any]
) -> list[SettingRow]:
    rules, rows = Rules(registry), []
    for entry in visible(registry, values):
        name = entry.name
        state = rules.state(name, {**values, **pending})
        rows.append(
            SettingRow(
                name,
                values[name],
                pending.get(name),
                baseline.get(name),
                entry,
                registry.heading(entry),
                state,
            )
        )
    unknown = State(False, False)
    rows += [
        SettingRow(name, value, pending.get(name), baseline.get(name), None, "", unknown)
        for name, value in sorted(values.items())
        if name not in registry.entries
    ]
    return rows


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """One server of a matrix: `values` by setting, `firmware` names its registry; `taken_at` None = never read."""

    server_id: int
    label: str
    model: str
    service_tag: str
    taken_at: datetime | None
    registry_name: str
    firmware: str
    values: dict[str, Any]
    pending: dict[str, Any]


def settings_matrix(connection: Connection, ids: Ids, area: str = BIOS) -> list[MatrixRow]:
    """The settings of several servers side by side, by label."""
    servers = connection.execute(
        select(Server.id.label("server_id"), server_label().label("label"), Server.model, Server.service_tag)
    ).all()
    query = select(ConfigurationSnapshot.__table__).where(
        ConfigurationSnapshot.area == area, ConfigurationSnapshot.kind.in_((CURRENT, PENDING))
    )
    if ids is not None and len(ids) <= _NAMED:
        query = query.where(ConfigurationSnapshot.server_id.in_(list(ids)))
    snapshots = connection.execute(query).all()
    by_server: dict[tuple[int, str], Any] = {(r.server_id, r.kind): r for r in wanted(snapshots, ids)}
    rows = []
    for server in wanted(servers, ids):
        current = by_server.get((server.server_id, CURRENT))
        pending = by_server.get((server.server_id, PENDING))
        rows.append(
            MatrixRow(
                server.server_id,
                server.label or "",
                server.model or "",
                server.service_tag or "",
                current.taken_at if current else None,
                current.registry_name if current else "",
                current.firmware if current else "",
                dict(current.settings) if current else {},
                dict(pending.settings) if pending else {},
            )
        )
    return sorted(rows, key=lambda r: (r.label.lower(), r.server_id))


def common_value(rows: Sequence[MatrixRow], name: str) -> Any:
    """What most servers have (the rest are odd ones out); None when no value has a majority."""
    counted = Counter(str(row.values[name]) for row in rows if name in row.values)
    if not counted:
        return None
    value, times = counted.most_common(1)[0]
    return value if times * 2 > counted.total() else None


@dataclass(frozen=True, slots=True)
class ProfileRow:
    """A stored profile without its text. `secrets` = how many settings of it hold one."""

    id: int
    name: str
    server_id: int | None
    model: str
    service_tag: str
    format: str
    components: tuple[str, ...]
    origin: str
    golden: bool
    size: int
    sha256: str
    secrets: int
    settings: int
    notes: str
    job_id: int | None
    taken_at: datetime
    taken_by: str


def profiles(connection: Connection, server_id: int | None = None) -> list[ProfileRow]:
    """Stored profiles, newest first: of one server and the golden ones, or all."""
    query = select(*[c for c in ConfigurationProfile.__table__.c if c.name != "content"])
    if server_id is not None:
        mine = ConfigurationProfile.server_id == server_id
        query = query.where(mine | ConfigurationProfile.golden | (ConfigurationProfile.origin == "file"))
    query = query.order_by(ConfigurationProfile.taken_at.desc(), ConfigurationProfile.id.desc())
    return [
        ProfileRow(
            r.id, r.name, r.server_id, r.model, r.service_tag, r.format, tuple(r.components), r.origin,
            r.golden, r.size, r.sha256, r.secrets, len(r.settings), r.notes, r.job_id, r.taken_at, r.taken_by,
        )
        for r in connection.execute(query)
    ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class BootRow:
    """How a server started from `at` on; `options` in order, `override` the one-time choice."""

    id: int
    at: datetime
    confirmed_at: datetime
    mode: str
    options: tuple[dict[str, Any], ...]
    override: dict[str, Any]
    job_id: int | None


def boot_history(connection: Connection, server_id: int, limit: int = 200) -> list[BootRow]:
    """Newest first."""
    rows = connection.execute(
        select(BootRecord.__table__)
        .where(BootRecord.server_id == server_id)
        .order_by(BootRecord.id.desc())
        .limit(limit)
    )
    return [
        BootRow(r.id, r.at, r.confirmed_at, r.mode, tuple(r.options), dict(r.override), r.job_id)
        for r in rows
    ]


@dataclass(frozen=True, slots=True)
class StandardRow:
    """A site standard."""

    id: int
    standard: SiteStandard
    changed_at: datetime
    changed_by: str


def standards(connection: Connection) -> list[StandardRow]:
    """By name."""
    rows = connection.execute(select(SiteStandardRow.__table__).order_by(SiteStandardRow.name))
    return [
        StandardRow(r.id, SiteStandard.model_validate(r.document), r.changed_at, r.changed_by) for r in rows
    ]


@dataclass(frozen=True, slots=True)
class StandingRow:
    """How one server stands to a standard; `taken_at` None = its settings were never read, so nothing is known."""

    server_id: int
    label: str
    model: str
    taken_at: datetime | None
    deviations: tuple[Deviation, ...]


def standing(connection: Connection, standard: SiteStandard, ids: Ids = None) -> list[StandingRow]:
    """Every server's deviations from a standard, by label."""
    servers = connection.execute(
        select(Server.id.label("server_id"), server_label().label("label"), Server.model)
    ).all()
    values: dict[int, dict[str, Any]] = {}
    oldest: dict[int, datetime] = {}
    desired = standard.desired()
    areas = {key.partition("#")[0] for key in desired} | {IDRAC}
    snapshot = ConfigurationSnapshot
    # 1,100 attributes a server: read in pieces, and only what is compared is kept.
    snapshots = connection.execution_options(yield_per=100).execute(
        select(snapshot.server_id, snapshot.area, snapshot.taken_at, snapshot.settings).where(
            snapshot.kind == CURRENT, snapshot.area.in_(areas)
        )
    )
    for row in snapshots:
        mine = values.setdefault(row.server_id, {})
        for name, value in row.settings.items():
            key = f"{row.area}#{name}"
            if key in desired or name.startswith("Users."):
                mine[key] = value
        oldest[row.server_id] = min(oldest.get(row.server_id, row.taken_at), row.taken_at)
    found = [
        StandingRow(
            s.server_id,
            s.label or "",
            s.model or "",
            oldest.get(s.server_id),
            tuple(deviations(standard, values[s.server_id])) if s.server_id in values else (),
        )
        for s in wanted(servers, ids)
    ]
    return sorted(found, key=lambda r: (r.label.lower(), r.server_id))


def ignored_settings(connection: Connection) -> str:
    """The site's patterns of settings that are never a difference, separated by blanks."""
    return stored.ignored_settings(connection)
