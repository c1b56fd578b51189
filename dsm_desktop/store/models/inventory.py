"""Dated copies of what a server is made of. A read that changed nothing only moves `confirmed_at`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import JSON

from dsm_desktop.store.models.base import Base, Id


class InventorySnapshot(Base):
    """One state of one server, true from `taken_at` to `confirmed_at`. `digest` = SHA-256 of parts, firmware and settings
    without readings, which decides whether a new read is a new snapshot. `gaps` = what could not be read."""

    __tablename__ = "inventory_snapshots"
    __table_args__ = (Index("ix_inventory_snapshots_server_taken", "server_id", "taken_at"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    server_id: Mapped[int] = mapped_column(ForeignKey("servers.id", ondelete="CASCADE"))
    taken_at: Mapped[datetime]
    confirmed_at: Mapped[datetime]
    digest: Mapped[str] = mapped_column(String(64))
    facts: Mapped[dict[str, Any]] = mapped_column(default=dict)
    gaps: Mapped[list[Any]] = mapped_column(default=list)
    requests: Mapped[int] = mapped_column(default=0)


class InventoryPart(Base):
    """A core.inventory.Part as a row."""

    __tablename__ = "inventory_parts"
    __table_args__ = (Index("ix_inventory_parts_serial", "serial_number"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    snapshot_id: Mapped[int] = mapped_column(
        ForeignKey("inventory_snapshots.id", ondelete="CASCADE"), index=True
    )
    kind: Mapped[str] = mapped_column(String(16))
    part_id: Mapped[str] = mapped_column(String(255))
    name: Mapped[str] = mapped_column(String(255), default="")
    slot: Mapped[str] = mapped_column(String(120), default="")
    manufacturer: Mapped[str] = mapped_column(String(120), default="")
    model: Mapped[str] = mapped_column(String(255), default="")
    part_number: Mapped[str] = mapped_column(String(120), default="")
    serial_number: Mapped[str] = mapped_column(String(120), default="")
    firmware: Mapped[str] = mapped_column(String(80), default="")
    capacity_bytes: Mapped[int | None] = mapped_column(BigInteger)
    reading: Mapped[float | None]
    unit: Mapped[str] = mapped_column(String(16), default="")
    health: Mapped[str] = mapped_column(String(16), default="unknown")
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict)


class PartWords(Base):
    """What a part is searched by (store.part_words); full-text index: FTS5 on SQLite, GIN on Postgres."""

    __tablename__ = "part_words"

    part_id: Mapped[int] = mapped_column(
        ForeignKey("inventory_parts.id", ondelete="CASCADE"), primary_key=True
    )
    words: Mapped[str] = mapped_column(Text)


class InventoryFirmware(Base):
    """A core.inventory.Firmware as a row."""

    __tablename__ = "inventory_firmware"
    __table_args__ = (
        Index("ix_inventory_firmware_version", "version", postgresql_ops={"version": "varchar_pattern_ops"}),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    snapshot_id: Mapped[int] = mapped_column(
        ForeignKey("inventory_snapshots.id", ondelete="CASCADE"), index=True
    )
    firmware_id: Mapped[str] = mapped_column(String(255))
    fqdd: Mapped[str] = mapped_column(String(255), default="")
    name: Mapped[str] = mapped_column(String(255))
    version: Mapped[str] = mapped_column(String(80))
    state: Mapped[str] = mapped_column(String(16))
    component_id: Mapped[str] = mapped_column(String(40), default="")
    component_type: Mapped[str] = mapped_column(String(16), default="")
    updateable: Mapped[bool] = mapped_column(default=False)
    installed_at: Mapped[str] = mapped_column(String(40), default="")
    pci_ids: Mapped[str] = mapped_column(String(40), default="")


class InventorySetting(Base):
    """A setting's value (BIOS or iDRAC attribute, never a secret) in one snapshot."""

    __tablename__ = "inventory_settings"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    snapshot_id: Mapped[int] = mapped_column(
        ForeignKey("inventory_snapshots.id", ondelete="CASCADE"), index=True
    )
    name: Mapped[str] = mapped_column(String(255))
    value: Mapped[Any | None] = mapped_column(JSON(none_as_null=True))


class Reading(Base):
    """One measured value for sparklines and history. `sensor` "power", "inlet" or a sensor's name; unit by sensor."""

    __tablename__ = "readings"
    __table_args__ = (Index("ix_readings_server_sensor_at", "server_id", "sensor", "at"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    server_id: Mapped[int] = mapped_column(ForeignKey("servers.id", ondelete="CASCADE"))
    sensor: Mapped[str] = mapped_column(String(120))
    at: Mapped[datetime]
    value: Mapped[float]


class SavedView(Base):
    """A named view of a grid: columns, order, widths, sort, filter; `owner` "" = shared."""

    __tablename__ = "saved_views"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    view: Mapped[str] = mapped_column(String(60))
    name: Mapped[str] = mapped_column(String(120))
    owner: Mapped[str] = mapped_column(String(200), default="")
    layout: Mapped[dict[str, Any]] = mapped_column(default=dict)
    notes: Mapped[str] = mapped_column(Text, default="")
