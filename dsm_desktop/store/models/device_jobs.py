"""The job queues of the devices, as read last; a console's one-time ticket, the last screenshot, and what a drive is used for."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from dsm_desktop.store.models.base import Base, Id


class DeviceJob(Base):
    """A job in an iDRAC's own queue. `job_id` JID_… or RID_…; `start_time` and `end_time` as the device writes them (its own
    clock, without offset, or TIME_NOW, TIME_NA); `first_seen` is when this program met it first, in the state it has now."""

    __tablename__ = "device_jobs"
    __table_args__ = (UniqueConstraint("server_id", "job_id"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    server_id: Mapped[int] = mapped_column(ForeignKey("servers.id", ondelete="CASCADE"), index=True)
    job_id: Mapped[str] = mapped_column(String(40))
    name: Mapped[str] = mapped_column(String(200), default="")
    kind: Mapped[str] = mapped_column(String(60), default="")
    state: Mapped[str] = mapped_column(String(40), default="")
    percent: Mapped[int | None]
    message: Mapped[str] = mapped_column(Text, default="")
    message_id: Mapped[str] = mapped_column(String(60), default="")
    start_time: Mapped[str] = mapped_column(String(40), default="")
    end_time: Mapped[str] = mapped_column(String(40), default="")
    first_seen: Mapped[datetime]
    seen_at: Mapped[datetime]


class DeviceQueue(Base):
    """That a server's job queue was read, and when; `lc_status` is what its Lifecycle Controller said ("" = does not tell)."""

    __tablename__ = "device_queues"

    server_id: Mapped[int] = mapped_column(ForeignKey("servers.id", ondelete="CASCADE"), primary_key=True)
    lc_status: Mapped[str] = mapped_column(String(120), default="")
    seen_at: Mapped[datetime]


class ConsoleTicket(Base):
    """An address that opens a console, on its way from a runner to the window that asked. `url` is sealed, because it may hold
    a one-time sign-in; whoever takes it removes the row, and the job removes it when nobody came."""

    __tablename__ = "console_tickets"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    job_id: Mapped[int] = mapped_column(index=True)
    server_id: Mapped[int] = mapped_column(ForeignKey("servers.id", ondelete="CASCADE"))
    url: Mapped[bytes | None] = mapped_column(LargeBinary)
    created_at: Mapped[datetime]


class ServerScreenshot(Base):
    """The newest picture of a server's screen (PNG)."""

    __tablename__ = "server_screenshots"

    server_id: Mapped[int] = mapped_column(ForeignKey("servers.id", ondelete="CASCADE"), primary_key=True)
    taken_at: Mapped[datetime]
    png: Mapped[bytes] = mapped_column(LargeBinary)


class DriveUse(Base):
    """What a drive is known to hold. `used_by` vsan | vmfs; `name` of the cluster or datastore. A drive that stands here is not
    erased and no volume is made of it or deleted below it."""

    __tablename__ = "drive_uses"
    __table_args__ = (UniqueConstraint("server_id", "serial_number"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    server_id: Mapped[int] = mapped_column(ForeignKey("servers.id", ondelete="CASCADE"), index=True)
    serial_number: Mapped[str] = mapped_column(String(80))
    used_by: Mapped[str] = mapped_column(String(16))
    name: Mapped[str] = mapped_column(String(200), default="")
    noted_at: Mapped[datetime]
