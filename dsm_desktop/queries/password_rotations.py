"""Changes of passwords under way, and which servers still have the old one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from dsm_desktop.store.models import ApiCall, CredentialSet, PasswordRotation, Server


@dataclass(frozen=True, slots=True)
class RotationRow:
    """One server's change of password. `state` as in the table; `credential` names the set with the new password."""

    id: int
    server_id: int
    server: str
    job_id: int
    username: str
    credential: str
    state: str
    problem: str
    changed_at: datetime


def rotation_rows(
    connection: Connection, job_id: int | None = None, *, open_only: bool = False
) -> list[RotationRow]:
    """Newest first; of one job, or only those that are not finished."""
    p = PasswordRotation
    label = func.coalesce(
        func.nullif(Server.name, ""), func.nullif(Server.host_name, ""), Server.service_tag, Server.address
    )
    query = (
        select(
            p.id,
            p.server_id,
            label,
            p.job_id,
            p.username,
            func.coalesce(CredentialSet.name, ""),
            p.state,
            p.problem,
            p.changed_at,
        )
        .join(Server, Server.id == p.server_id)
        .outerjoin(CredentialSet, CredentialSet.id == p.new_credential_id)
        .order_by(p.id.desc())
    )
    if job_id is not None:
        query = query.where(p.job_id == job_id)
    if open_only:
        # Where the old set is gone already, nothing is left to wait for.
        query = query.where(
            p.state.in_(("sealed", "sending")) | (p.state == "changed") & p.old_credential_id.is_not(None)
        )
    return [RotationRow(*row) for row in connection.execute(query)]


def rotation_state(connection: Connection, rotation_id: int) -> str:
    """What is known of one change; "" = it is not on record."""
    return connection.scalar(select(PasswordRotation.state).where(PasswordRotation.id == rotation_id)) or ""


def server_labels(connection: Connection, ids: list[int]) -> list[str]:
    """What an operator calls these servers, at most 100."""
    label = func.coalesce(
        func.nullif(Server.name, ""), func.nullif(Server.host_name, ""), Server.service_tag, Server.address
    )
    return list(connection.scalars(select(label).where(Server.id.in_(ids[:100])).order_by(Server.id)))


@dataclass(frozen=True, slots=True)
class SentCall:
    """The last changing call of a task to a path. `status` None or 0 = no answer is on paper."""

    status: int | None

    @property
    def refused(self) -> bool:
        """The device answered, and its answer was no."""
        return self.status is not None and 400 <= self.status < 500


def last_sent(connection: Connection, task_id: int, method: str, path: str) -> SentCall | None:
    """None = nothing left this program: the call's row is on disk before its first byte goes out."""
    row = connection.execute(
        select(ApiCall.status, ApiCall.error)
        .where(ApiCall.task_id == task_id, ApiCall.method == method, ApiCall.path == path, ApiCall.changing)
        .order_by(ApiCall.id.desc())
        .limit(1)
    ).first()
    if row is None or (row.error or "").startswith("not sent"):
        return None
    return SentCall(row.status)
