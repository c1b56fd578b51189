"""Firmware this site does not want touched."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from dsm_desktop.store.models.base import Base, Id


class FirmwareExclusion(Base):
    """A rule: `component` is a Dell component id or a pattern for its name; `model` and `version` patterns, "" for any."""

    __tablename__ = "firmware_exclusions"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    component: Mapped[str] = mapped_column(String(200))
    model: Mapped[str] = mapped_column(String(200), default="")
    version: Mapped[str] = mapped_column(String(100), default="")
    reason: Mapped[str] = mapped_column(String(500))
    added_by: Mapped[str] = mapped_column(String(200), default="")
    added_at: Mapped[datetime]
