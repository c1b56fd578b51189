"""Recovery keys of ESXi hosts as rows: whose they are and since when they are kept; never the keys."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from dsm_desktop.store.models import EsxiHost, EsxiRecoveryKey


@dataclass(frozen=True, slots=True)
class RecoveryKeyRow:
    """A sealed key. `host` as it was called when the key was read; `host_id` None = the host has left the list; `newest` of
    its host: the one it asks for, unless it was set back."""

    id: int
    host_id: int | None
    host: str
    service_tag: str
    recovery_id: str
    saved_at: datetime
    job_id: int | None
    newest: bool


def recovery_key_rows(connection: Connection) -> list[RecoveryKeyRow]:
    """All, by host, the newest first."""
    k, h = EsxiRecoveryKey, EsxiHost
    query = (
        select(k.id, h.id.label("host_id"), k.name, k.service_tag, k.recovery_id, k.saved_at, k.job_id)
        .outerjoin(h, (h.id == k.host_id) & h.gone.is_(False))
        .order_by(k.name, k.service_tag, k.id.desc())
    )
    seen: set[tuple[str, str]] = set()
    rows = []
    for row in connection.execute(query):
        whose = (row.name, row.service_tag)
        rows.append(
            RecoveryKeyRow(
                row.id, row.host_id, row.name, row.service_tag, row.recovery_id, row.saved_at, row.job_id, whose not in seen
            )
        )  # fmt: skip
        seen.add(whose)
    return rows
