"""The media server's identity, the library of ISOs and packages, and what is mounted on which server."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from dsm_desktop.store.models.base import Base, Id


class MediaIdentity(Base):
    """The certificate one machine's media server shows, and its private key (sealed); path tokens are derived from the key."""

    __tablename__ = "media_identities"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    host: Mapped[str] = mapped_column(String(255), unique=True)
    certificate: Mapped[str] = mapped_column(Text)
    private_key: Mapped[bytes | None] = mapped_column(LargeBinary)
    created_at: Mapped[datetime]


class LibraryFolder(Base):
    """A folder of ISOs and packages on one machine (`host`). `problem` says why the last scan could not read it."""

    __tablename__ = "library_folders"
    __table_args__ = (UniqueConstraint("host", "path"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    host: Mapped[str] = mapped_column(String(255))
    path: Mapped[str] = mapped_column(String(1000))
    added_by: Mapped[str] = mapped_column(String(200), default="")
    added_at: Mapped[datetime]
    scanned_at: Mapped[datetime | None]
    problem: Mapped[str] = mapped_column(Text, default="")


class LibraryItem(Base):
    """A file of a folder. `path` is relative, with "/"; `kind` iso | package | image | catalogue; `state` ok | broken | missing;
    `identity` is the package's own (firmware.dup.Identity), {} where it has none."""

    __tablename__ = "library_items"
    __table_args__ = (UniqueConstraint("folder_id", "path"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    folder_id: Mapped[int] = mapped_column(ForeignKey("library_folders.id", ondelete="CASCADE"))
    path: Mapped[str] = mapped_column(String(1000))
    name: Mapped[str] = mapped_column(String(255))
    kind: Mapped[str] = mapped_column(String(16))
    size: Mapped[int] = mapped_column(BigInteger)
    modified_ns: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(String(64), index=True, default="")
    state: Mapped[str] = mapped_column(String(12), default="ok")
    problem: Mapped[str] = mapped_column(Text, default="")
    title: Mapped[str] = mapped_column(String(255), default="")
    version: Mapped[str] = mapped_column(String(80), default="")
    component_type: Mapped[str] = mapped_column(String(8), default="")
    identity: Mapped[dict[str, Any]] = mapped_column(default=dict)
    added_at: Mapped[datetime]
    seen_at: Mapped[datetime]


class LibraryUse(Base):
    """An item was sent to, or mounted on, a server by a job. `purpose` is the job's kind."""

    __tablename__ = "library_uses"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    item_id: Mapped[int] = mapped_column(ForeignKey("library_items.id", ondelete="CASCADE"), index=True)
    server_id: Mapped[int | None] = mapped_column(ForeignKey("servers.id", ondelete="CASCADE"), index=True)
    job_id: Mapped[int | None]
    purpose: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime]


class MediaMount(Base):
    """A medium in a virtual drive, from when it was mounted or first seen until it was ejected or seen gone.

    `file` is what this machine (`host`) serves for it under the token of `job_id`, "" for a share or a medium of others'.
    """

    __tablename__ = "media_mounts"
    __table_args__ = (Index("ix_media_mounts_server_id_ended_at", "server_id", "ended_at"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    server_id: Mapped[int] = mapped_column(ForeignKey("servers.id", ondelete="CASCADE"))
    slot: Mapped[str] = mapped_column(String(40))
    image: Mapped[str] = mapped_column(String(1000))
    file: Mapped[str] = mapped_column(String(1000), default="")
    host: Mapped[str] = mapped_column(String(255), default="")
    item_id: Mapped[int | None] = mapped_column(ForeignKey("library_items.id", ondelete="SET NULL"))
    job_id: Mapped[int | None]
    connected_via: Mapped[str] = mapped_column(String(40), default="")
    mounted_by: Mapped[str] = mapped_column(String(200), default="")
    since: Mapped[datetime]
    seen_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
