"""What was read of a server's configuration, written down: snapshots by kind, registries, boot history."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Table, delete, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from dsm_desktop.configuration.registry import Registry, pack, unpack
from dsm_desktop.core.secret_names import is_secret_attribute
from dsm_desktop.core.settings import ConfigurationSettings
from dsm_desktop.store import settings
from dsm_desktop.store.discovered import hold_server
from dsm_desktop.store.models import (
    AttributeRegistry,
    Base,
    BootRecord,
    ConfigurationProfile,
    ConfigurationSnapshot,
    SiteStandardRow,
)
from dsm_desktop.store.rows import canonical, clean_json, fit
from dsm_desktop.store.unit_of_work import UnitOfWork

CURRENT, PENDING, BASELINE = "current", "pending", "baseline"
TOPIC = "configuration"
"""The feed's topic for all of these; ids are servers'."""


def _table(model: type[Base]) -> Table:
    table = model.__table__
    assert isinstance(table, Table)
    return table


def save_settings(
    uow: UnitOfWork,
    server_id: int,
    area: str,
    kind: str,
    settings: Mapping[str, Any],
    *,
    registry: str = "",
    firmware: str = "",
    job_id: int | None = None,
) -> None:
    """Put down the settings of one component as they are now (`kind` current), wait (pending) or should be (baseline).

    Anything secret is left out whoever calls. No pending settings = no row. NotFound when the server was removed.
    """
    table = _table(ConfigurationSnapshot)
    mine = (table.c.server_id == server_id) & (table.c.area == area) & (table.c.kind == kind)
    open_settings = {name: value for name, value in settings.items() if not is_secret_attribute(name)}
    hold_server(uow, server_id)
    uow.session.execute(delete(table).where(mine))
    if open_settings or kind != PENDING:
        row = {
            "server_id": server_id,
            "area": area,
            "kind": kind,
            "taken_at": uow.now,
            "settings": clean_json(open_settings),
            "registry_name": registry,
            "firmware": firmware,
            "job_id": job_id,
        }
        uow.session.execute(insert(table), [fit(table, row)])
    uow.changed(TOPIC, "changed", server_id)


def load_settings(
    connection: Connection, server_id: int, area: str, kind: str = CURRENT
) -> dict[str, Any] | None:
    """The settings of a component; None when they were never read."""
    found: dict[str, Any] | None = connection.scalar(
        select(ConfigurationSnapshot.settings).where(
            ConfigurationSnapshot.server_id == server_id,
            ConfigurationSnapshot.area == area,
            ConfigurationSnapshot.kind == kind,
        )
    )
    return found


def save_registry(uow: UnitOfWork, name: str, firmware: str, registry: Registry) -> None:
    """Keep a registry for every server of that firmware; a known one is replaced."""
    table = _table(AttributeRegistry)
    row = {
        "name": name,
        "firmware": firmware,
        "entries": len(registry.entries),
        "packed": pack(registry),
        "fetched_at": uow.now,
    }
    dialect = sqlite if uow.session.connection().dialect.name == "sqlite" else postgresql
    statement = dialect.insert(table).on_conflict_do_update(
        index_elements=["name", "firmware"],
        set_={"entries": row["entries"], "packed": row["packed"], "fetched_at": row["fetched_at"]},
    )
    uow.session.execute(statement, [fit(table, row)])


def has_registry(connection: Connection, name: str, firmware: str) -> bool:
    """Whether it needs no reading."""
    return (
        connection.scalar(
            select(AttributeRegistry.id).where(
                AttributeRegistry.name == name, AttributeRegistry.firmware == firmware
            )
        )
        is not None
    )


def load_registry(connection: Connection, name: str, firmware: str) -> Registry | None:
    """A kept registry; None when it was never read. Raises RegistryInvalid when the stored bytes are broken."""
    packed = connection.scalar(
        select(AttributeRegistry.packed).where(
            AttributeRegistry.name == name, AttributeRegistry.firmware == firmware
        )
    )
    return None if packed is None else unpack(packed)


def save_boot(
    uow: UnitOfWork,
    server_id: int,
    mode: str,
    options: list[dict[str, Any]],
    override: dict[str, Any],
    *,
    job_id: int | None = None,
) -> bool:
    """Note how a server starts; True when that is new, else the newest row is confirmed."""
    table = _table(BootRecord)
    now = {"mode": mode, "options": clean_json(options), "override": clean_json(override)}
    newest = uow.session.execute(
        select(table.c.id, table.c.mode, table.c.options, table.c.override)
        .where(table.c.server_id == server_id)
        .order_by(table.c.id.desc())
        .limit(1)
    ).first()
    known = newest and {"mode": newest.mode, "options": newest.options, "override": newest.override}
    if newest is not None and canonical(known) == canonical(now):
        uow.session.execute(update(table).where(table.c.id == newest.id).values(confirmed_at=uow.now))
        return False
    row = {"server_id": server_id, "at": uow.now, "confirmed_at": uow.now, "job_id": job_id, **now}
    uow.session.execute(insert(table), [fit(table, row)])
    uow.changed(TOPIC, "changed", server_id)
    return True


def ignored_settings(connection: Connection) -> str:
    """The site's patterns of settings that are never a difference, separated by blanks."""
    return settings.load_in(connection, ConfigurationSettings).ignored


def profile_settings(connection: Connection, profile_id: int) -> dict[str, str]:
    """Key → value of a kept profile without anything secret; {} when it is gone."""
    found = connection.scalar(
        select(ConfigurationProfile.settings).where(ConfigurationProfile.id == profile_id)
    )
    return dict(found or {})


def load_standard(connection: Connection, name: str) -> dict[str, Any] | None:
    """The document of a site standard by its name; None when there is none."""
    found: dict[str, Any] | None = connection.scalar(
        select(SiteStandardRow.document).where(SiteStandardRow.name == name)
    )
    return found
