"""Credential sets, the IP ranges they are for, and what the vault needs to be opened."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from dsm_desktop.store.models.base import Base, Id


class CredentialSet(Base):
    """A login. `kind` idrac | esxi | vcenter | openmanage | share | bios; `secret` is sealed (vault), bound to this table, column and row.

    `secret_version` goes up with each change and is part of the seal. Lower `priority` is tried first.
    """

    __tablename__ = "credential_sets"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(String(120), unique=True)
    kind: Mapped[str] = mapped_column(String(16), default="idrac")
    username: Mapped[str] = mapped_column(String(200))
    secret: Mapped[bytes | None] = mapped_column(LargeBinary)
    secret_version: Mapped[int] = mapped_column(default=0)
    priority: Mapped[int] = mapped_column(default=100)
    is_default: Mapped[bool] = mapped_column(default=False)
    notes: Mapped[str] = mapped_column(Text, default="")
    changed_at: Mapped[datetime]


class CredentialIpRange(Base):
    """Addresses a set is for. `expression` as typed (CIDR, hyphen, list); `first`/`last` are 32 hex digits (IPv4 mapped), inclusive."""

    __tablename__ = "credential_ip_ranges"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    credential_id: Mapped[int] = mapped_column(
        ForeignKey("credential_sets.id", ondelete="CASCADE"), index=True
    )
    expression: Mapped[str] = mapped_column(String(200))
    first: Mapped[str] = mapped_column(String(32))
    last: Mapped[str] = mapped_column(String(32))


class VaultKey(Base):
    """A generation of the site key: its id, how to check it (`check`: a sealed known text), how it may be unwrapped
    (`wraps`: passphrase parameters and wrapped key, recovery wrap; never the key itself). `state` current | retiring | retired."""

    __tablename__ = "vault_keys"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    key_id: Mapped[str] = mapped_column(String(32), unique=True)
    state: Mapped[str] = mapped_column(String(16), default="current")
    check: Mapped[bytes] = mapped_column(LargeBinary)
    wraps: Mapped[dict[str, Any]] = mapped_column(default=dict)
    created_at: Mapped[datetime]


class BmcSession(Base):
    """A Redfish session that is open: written when opened, removed when logged out, so that the next start can close
    what a killed runner left. `token` is sealed."""

    __tablename__ = "bmc_sessions"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    server_id: Mapped[int | None] = mapped_column(ForeignKey("servers.id", ondelete="CASCADE"), index=True)
    address: Mapped[str] = mapped_column(String(255))
    port: Mapped[int]
    uri: Mapped[str] = mapped_column(String(255))
    token: Mapped[bytes | None] = mapped_column(LargeBinary)
    fingerprint: Mapped[str] = mapped_column(String(64), default="")
    runner_id: Mapped[int | None] = mapped_column(index=True)
    opened_at: Mapped[datetime]
