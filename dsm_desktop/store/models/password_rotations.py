"""Changes of a BMC's password that are under way or done."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from dsm_desktop.store.models.base import Base, Id


class PasswordRotation(Base):
    """One server's change of password. The new secret is sealed in a credential set of its own (`new_credential_id`) before
    anything is sent; the old set stays until every server that used it has changed.

    `state` sealed (nothing was sent, or the device kept the old password) | sending (it may hold either) | changed (the new
    login was proven and is in use) | finished (the old set is retired, or stays for others). `job_id` is a number to show, no
    reference: old jobs are cleaned up, an unfinished rotation is not. `takes_over`: the new set inherits name and rules of the
    old one at the end.
    """

    __tablename__ = "password_rotations"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    server_id: Mapped[int] = mapped_column(ForeignKey("servers.id", ondelete="CASCADE"), index=True)
    job_id: Mapped[int] = mapped_column(index=True)
    username: Mapped[str] = mapped_column(String(200))
    old_credential_id: Mapped[int | None] = mapped_column(
        ForeignKey("credential_sets.id", ondelete="SET NULL")
    )
    new_credential_id: Mapped[int | None] = mapped_column(
        ForeignKey("credential_sets.id", ondelete="SET NULL"), index=True
    )
    shared: Mapped[bool] = mapped_column(default=False)
    takes_over: Mapped[bool] = mapped_column(default=False)
    state: Mapped[str] = mapped_column(String(12), default="sealed", index=True)
    problem: Mapped[str] = mapped_column(Text, default="")
    begun_at: Mapped[datetime]
    changed_at: Mapped[datetime]
