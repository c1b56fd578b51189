"""The certificates of the BMCs' web servers, the requests for new ones, and the site's own small authority."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from dsm_desktop.store.models.base import Base, Id


class ServerCertificate(Base):
    """What a BMC's web server showed last. `fingerprint` is the SHA-256 (hex) of the certificate; `names` its alternative names.

    `installed` = this program put it there; `request` is the newest signing request (PEM) whose key the device holds, ""
    when none waits; `request_job_id` the job that made it. Dates are None when the certificate could not be parsed.
    """

    __tablename__ = "server_certificates"

    server_id: Mapped[int] = mapped_column(ForeignKey("servers.id", ondelete="CASCADE"), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64), default="")
    subject: Mapped[str] = mapped_column(String(500), default="")
    issuer: Mapped[str] = mapped_column(String(500), default="")
    names: Mapped[list[Any]] = mapped_column(default=list)
    not_before: Mapped[datetime | None]
    not_after: Mapped[datetime | None] = mapped_column(index=True)
    installed: Mapped[bool] = mapped_column(default=False)
    seen_at: Mapped[datetime | None]
    request: Mapped[str] = mapped_column(Text, default="")
    request_job_id: Mapped[int | None]
    requested_at: Mapped[datetime | None]


class CertificateAuthority(Base):
    """A small authority of the site's own. `key` is its private key (PEM), sealed; `certificate` PEM, to be given to browsers."""

    __tablename__ = "certificate_authorities"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(String(120), unique=True)
    certificate: Mapped[str] = mapped_column(Text)
    key: Mapped[bytes | None] = mapped_column(LargeBinary)
    created_at: Mapped[datetime]
