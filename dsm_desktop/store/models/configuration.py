"""Settings of servers as they are, were meant and wait to be; registries, sealed profiles, boot history, site standards."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from dsm_desktop.store.models.base import Base, Id


class ConfigurationSnapshot(Base):
    """Settings of one component of a server (never a secret), one row a kind: `area` is an FQDD ("BIOS.Setup.1-1",
    "iDRAC.Embedded.1"), `kind` current | pending | baseline. `registry_name` and
    `firmware` name what describes them."""

    __tablename__ = "configuration_snapshots"
    __table_args__ = (UniqueConstraint("server_id", "area", "kind"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    server_id: Mapped[int] = mapped_column(ForeignKey("servers.id", ondelete="CASCADE"))
    area: Mapped[str] = mapped_column(String(60))
    kind: Mapped[str] = mapped_column(String(10))
    taken_at: Mapped[datetime]
    settings: Mapped[dict[str, Any]] = mapped_column(default=dict)
    registry_name: Mapped[str] = mapped_column(String(120), default="")
    firmware: Mapped[str] = mapped_column(String(160), default="")
    job_id: Mapped[int | None]


class AttributeRegistry(Base):
    """A registry as compressed JSON (configuration.registry.pack), read once per name and firmware of the site."""

    __tablename__ = "attribute_registries"
    __table_args__ = (UniqueConstraint("name", "firmware"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(String(120))
    firmware: Mapped[str] = mapped_column(String(160))
    entries: Mapped[int] = mapped_column(default=0)
    packed: Mapped[bytes] = mapped_column(LargeBinary)
    fetched_at: Mapped[datetime]


class ConfigurationProfile(Base):
    """A server configuration profile. `content` is its text, sealed, because it may hold hashes and keys; `settings` what of it is
    no secret; `secrets` how many are. `origin` export | backup | file. `sha256` is of the text."""

    __tablename__ = "configuration_profiles"
    __table_args__ = (Index("ix_configuration_profiles_server_id_taken_at", "server_id", "taken_at"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(String(160))
    server_id: Mapped[int | None] = mapped_column(ForeignKey("servers.id", ondelete="SET NULL"))
    model: Mapped[str] = mapped_column(String(120), default="")
    service_tag: Mapped[str] = mapped_column(String(40), default="")
    format: Mapped[str] = mapped_column(String(4))
    components: Mapped[list[Any]] = mapped_column(default=list)
    origin: Mapped[str] = mapped_column(String(10), default="export")
    golden: Mapped[bool] = mapped_column(default=False)
    size: Mapped[int] = mapped_column(default=0)
    sha256: Mapped[str] = mapped_column(String(64))
    secrets: Mapped[int] = mapped_column(default=0)
    settings: Mapped[dict[str, Any]] = mapped_column(default=dict)
    content: Mapped[bytes | None] = mapped_column(LargeBinary)
    notes: Mapped[str] = mapped_column(Text, default="")
    job_id: Mapped[int | None]
    taken_at: Mapped[datetime]
    taken_by: Mapped[str] = mapped_column(String(200), default="")


class BootRecord(Base):
    """How a server starts, from `at` until the next row; `confirmed_at` when it was last read so. `options` are
    {"id", "name", "enabled", "path"} in boot order; `override` is {"target", "enabled", "mode", "device"}."""

    __tablename__ = "boot_history"
    __table_args__ = (Index("ix_boot_history_server_id_at", "server_id", "at"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    server_id: Mapped[int] = mapped_column(ForeignKey("servers.id", ondelete="CASCADE"))
    at: Mapped[datetime]
    confirmed_at: Mapped[datetime]
    mode: Mapped[str] = mapped_column(String(20), default="")
    options: Mapped[list[Any]] = mapped_column(default=list)
    override: Mapped[dict[str, Any]] = mapped_column(default=dict)
    job_id: Mapped[int | None]


class SiteStandardRow(Base):
    """A site standard as its file's JSON."""

    __tablename__ = "site_standards"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(String(80), unique=True)
    document: Mapped[dict[str, Any]] = mapped_column(default=dict)
    changed_at: Mapped[datetime]
    changed_by: Mapped[str] = mapped_column(String(200), default="")
