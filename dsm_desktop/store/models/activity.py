"""What was done and seen: device calls, audit, device logs, the change feed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import JSON

from dsm_desktop.store.models.base import Base, Id

CALL_FAILED = "status IS NULL OR status = 0 OR status >= 400"
"""Sent and not answered, no answer, refused; word for word the condition of an index."""


class ApiCall(Base):
    """One call to a device (Redfish, vCenter, SSH …), masked. A changing call's row is on disk before it is sent;
    `status` NULL = sent, no answer recorded (the process died), 0 = no answer came. No bodies of plain reads are kept."""

    __tablename__ = "api_calls"
    __table_args__ = (
        Index("ix_api_calls_server_id_id", "server_id", "id"),
        Index(
            "ix_api_calls_failed", "id", sqlite_where=text(CALL_FAILED), postgresql_where=text(CALL_FAILED)
        ),
        Index(
            "ix_api_calls_changing", "id", sqlite_where=text("changing"), postgresql_where=text("changing")
        ),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    server_id: Mapped[int | None]
    job_id: Mapped[int | None] = mapped_column(index=True)
    task_id: Mapped[int | None]
    protocol: Mapped[str] = mapped_column(String(12))
    host: Mapped[str] = mapped_column(String(255))
    method: Mapped[str] = mapped_column(String(64))
    path: Mapped[str] = mapped_column(Text)
    changing: Mapped[bool] = mapped_column(default=False)
    status: Mapped[int | None]
    latency_ms: Mapped[float | None]
    received_bytes: Mapped[int] = mapped_column(default=0)
    error: Mapped[str] = mapped_column(Text, default="")
    request: Mapped[Any | None] = mapped_column(JSON(none_as_null=True))
    answer: Mapped[Any | None] = mapped_column(JSON(none_as_null=True))


class AuditEntry(Base):
    """Who did what, append only. `hash` = SHA-256 over the canonical JSON of the row and `previous`; a gap, an edit, a
    swap or a cut tail breaks the chain (the head is kept in `settings`)."""

    __tablename__ = "audit_log"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    actor: Mapped[str] = mapped_column(String(200))
    action: Mapped[str] = mapped_column(String(80), index=True)
    subject: Mapped[str] = mapped_column(String(300), default="")
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict)
    previous: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64), unique=True)


class ServerEventLog(Base):
    """An entry of a device's SEL or lifecycle log; full-text searchable (FTS5 on SQLite, tsvector on Postgres)."""

    __tablename__ = "server_event_logs"
    __table_args__ = (
        UniqueConstraint("server_id", "log", "entry_id", "created", name="uq_server_event_logs_entry"),
        Index("ix_server_event_logs_server_created", "server_id", "created"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    server_id: Mapped[int] = mapped_column(ForeignKey("servers.id", ondelete="CASCADE"))
    log: Mapped[str] = mapped_column(String(12))
    entry_id: Mapped[str] = mapped_column(String(40))
    created: Mapped[datetime | None] = mapped_column(index=True)
    severity: Mapped[str] = mapped_column(String(16))
    message_id: Mapped[str] = mapped_column(String(60), default="")
    message: Mapped[str] = mapped_column(Text)
    category: Mapped[str] = mapped_column(String(60), default="")
    fetched_at: Mapped[datetime]


class FeedEntry(Base):
    """The outbox: written in the transaction of the change, read by every process, swept after some hours."""

    __tablename__ = "feed"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    at: Mapped[datetime]
    topic: Mapped[str] = mapped_column(String(40))
    action: Mapped[str] = mapped_column(String(12))
    ids: Mapped[list[Any]] = mapped_column(default=list)
    data: Mapped[dict[str, Any]] = mapped_column(default=dict)


class Setting(Base):
    """One section of settings ("network", "retention" …) as JSON of its pydantic model; also small facts of the store ("audit.head")."""

    __tablename__ = "settings"

    key: Mapped[str] = mapped_column(String(80), primary_key=True)
    value: Mapped[dict[str, Any]] = mapped_column(default=dict)
    changed_at: Mapped[datetime]
    changed_by: Mapped[str] = mapped_column(String(200), default="")
