"""Servers, the addresses they were seen at, and the groups they belong to."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from dsm_desktop.store.models.base import Base, Id


class Server(Base):
    """One server behind one BMC. The newest facts stand here; dated copies in inventory_snapshots.

    `service_tag` is unique where known (duplicates found by a scan are merged); `address` is the BMC's IP or name.
    `access` is a core.states.Access, `problem` the last error's message and hint, `problem_code` its class name.
    `trust_mode` pin | ca | off; `fingerprint` SHA-256 (hex) of the pinned certificate;
    `pdus` names of the power distribution units it hangs on ("A12, B12").
    """

    __tablename__ = "servers"
    __table_args__ = (UniqueConstraint("address", "port"), Index("ix_servers_model", "model"))

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    address: Mapped[str] = mapped_column(String(255))
    port: Mapped[int] = mapped_column(default=443)
    service_tag: Mapped[str | None] = mapped_column(String(32), unique=True)
    name: Mapped[str] = mapped_column(String(255), default="")
    host_name: Mapped[str] = mapped_column(String(255), default="")
    manufacturer: Mapped[str] = mapped_column(String(80), default="")
    model: Mapped[str] = mapped_column(String(120), default="")
    generation: Mapped[str] = mapped_column(String(16), default="other")
    idrac_model: Mapped[str] = mapped_column(String(80), default="")
    idrac_version: Mapped[str] = mapped_column(String(40), default="")
    bios_version: Mapped[str] = mapped_column(String(40), default="")
    redfish_version: Mapped[str] = mapped_column(String(20), default="")
    licence: Mapped[str] = mapped_column(String(120), default="")
    board_serial: Mapped[str] = mapped_column(String(80), default="")
    uuid: Mapped[str] = mapped_column(String(64), default="")
    bmc_mac: Mapped[str] = mapped_column(String(32), default="")
    asset_tag: Mapped[str] = mapped_column(String(80), default="")
    processor_summary: Mapped[str] = mapped_column(String(200), default="")
    memory_gib: Mapped[float | None]
    power_state: Mapped[str] = mapped_column(String(16), default="unknown")
    health: Mapped[str] = mapped_column(String(16), default="unknown", index=True)
    subsystem_health: Mapped[dict[str, Any]] = mapped_column(default=dict)
    power_watts: Mapped[float | None]
    inlet_celsius: Mapped[float | None]
    led_blinking: Mapped[bool | None]
    lockdown: Mapped[bool | None]
    clock_skew_seconds: Mapped[float | None]
    response_ms: Mapped[float | None]
    access: Mapped[str] = mapped_column(String(16), default="unknown", index=True)
    problem: Mapped[str] = mapped_column(Text, default="")
    problem_code: Mapped[str] = mapped_column(String(80), default="")
    notes: Mapped[str] = mapped_column(Text, default="")
    pdus: Mapped[str] = mapped_column(Text, default="")
    custom: Mapped[dict[str, Any]] = mapped_column(default=dict)
    assigned_credential_id: Mapped[int | None] = mapped_column(
        ForeignKey("credential_sets.id", ondelete="SET NULL")
    )
    discovered_credential_id: Mapped[int | None] = mapped_column(
        ForeignKey("credential_sets.id", ondelete="SET NULL")
    )
    trust_mode: Mapped[str] = mapped_column(String(8), default="pin")
    fingerprint: Mapped[str] = mapped_column(String(64), default="")
    old_tls: Mapped[bool] = mapped_column(default=False)
    added_at: Mapped[datetime]
    seen_at: Mapped[datetime | None]
    facts_at: Mapped[datetime | None]
    inventory_at: Mapped[datetime | None]
    logs_at: Mapped[datetime | None]


class ServerAddress(Base):
    """Where a server was met before: kept when an address changes or duplicates are merged."""

    __tablename__ = "server_addresses"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    server_id: Mapped[int] = mapped_column(ForeignKey("servers.id", ondelete="CASCADE"), index=True)
    address: Mapped[str] = mapped_column(String(255))
    port: Mapped[int]
    first_seen: Mapped[datetime]
    last_seen: Mapped[datetime]
    reason: Mapped[str] = mapped_column(String(200), default="")


class ServerGroup(Base):
    """A group: `kind` manual | vcenter_cluster | saved_filter. `filter` is the query text of a saved filter;
    `source` the foreign key of a cluster ("<instance uuid>:<moid>")."""

    __tablename__ = "server_groups"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(String(120))
    kind: Mapped[str] = mapped_column(String(20), default="manual")
    filter: Mapped[str] = mapped_column(Text, default="")
    source: Mapped[str] = mapped_column(String(200), default="")
    notes: Mapped[str] = mapped_column(Text, default="")


class ServerGroupParent(Base):
    """Nesting, many to many: a group may stand in several parents. Cycles are refused by the command."""

    __tablename__ = "server_group_parents"

    parent_id: Mapped[int] = mapped_column(
        ForeignKey("server_groups.id", ondelete="CASCADE"), primary_key=True
    )
    child_id: Mapped[int] = mapped_column(
        ForeignKey("server_groups.id", ondelete="CASCADE"), primary_key=True
    )


class ServerGroupMember(Base):
    """A server in a group, many to many."""

    __tablename__ = "server_group_members"

    group_id: Mapped[int] = mapped_column(
        ForeignKey("server_groups.id", ondelete="CASCADE"), primary_key=True
    )
    server_id: Mapped[int] = mapped_column(
        ForeignKey("servers.id", ondelete="CASCADE"), primary_key=True, index=True
    )
