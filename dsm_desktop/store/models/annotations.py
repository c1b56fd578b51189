"""What people write on servers: custom fields, tags, places in racks; and the devices' own message texts."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from dsm_desktop.store.models.base import Base, Id


class CustomField(Base):
    """A column of the operator's own. `key` names it in filters ("field.rack") and in `servers.custom`; `kind` text | number |
    date | choice | yes_no; `choices` the allowed texts of a choice."""

    __tablename__ = "custom_fields"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    key: Mapped[str] = mapped_column(String(40), unique=True)
    title: Mapped[str] = mapped_column(String(80))
    kind: Mapped[str] = mapped_column(String(12), default="text")
    choices: Mapped[list[Any]] = mapped_column(default=list)
    help: Mapped[str] = mapped_column(Text, default="")
    position: Mapped[int] = mapped_column(default=0)


class ServerTag(Base):
    """A word on a server ("production"), many to many."""

    __tablename__ = "server_tags"

    server_id: Mapped[int] = mapped_column(ForeignKey("servers.id", ondelete="CASCADE"), primary_key=True)
    tag: Mapped[str] = mapped_column(String(60), primary_key=True, index=True)


class Rack(Base):
    """A rack of `units` height units, numbered from 1 at the bottom."""

    __tablename__ = "racks"
    __table_args__ = (UniqueConstraint("room", "name"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    room: Mapped[str] = mapped_column(String(80), default="")
    name: Mapped[str] = mapped_column(String(80))
    units: Mapped[int] = mapped_column(default=42)
    notes: Mapped[str] = mapped_column(Text, default="")


class RackPlace(Base):
    """Where a server stands: its lowest unit and how many it takes."""

    __tablename__ = "rack_places"

    server_id: Mapped[int] = mapped_column(ForeignKey("servers.id", ondelete="CASCADE"), primary_key=True)
    rack_id: Mapped[int] = mapped_column(ForeignKey("racks.id", ondelete="CASCADE"), index=True)
    unit: Mapped[int]
    height: Mapped[int] = mapped_column(default=1)


class MessageText(Base):
    """A message of a device's registry (EEMI): what it means and what to do. `message_id` in upper case without prefix
    ("PSU0001"); `source` the registry and the firmware it was read from. %1, %2 stand for the arguments."""

    __tablename__ = "message_registry"
    __table_args__ = (UniqueConstraint("message_id", "source"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    message_id: Mapped[str] = mapped_column(String(60))
    source: Mapped[str] = mapped_column(String(120))
    severity: Mapped[str] = mapped_column(String(16), default="")
    message: Mapped[str] = mapped_column(Text, default="")
    description: Mapped[str] = mapped_column(Text, default="")
    resolution: Mapped[str] = mapped_column(Text, default="")
    loaded_at: Mapped[datetime]
