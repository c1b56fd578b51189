"""Runners and their leases: who is alive, who is declared dead, who leads.

A runner renews its row (`expires_at`, the database's clock) every ten seconds and with every transaction it writes. The
others judge it by watching: a row that did not change for a whole lease of the *watcher's* monotonic time belongs to a dead
runner. No two clocks are compared, so a step of any wall clock loses no lease and fakes none. The verdict is a compare-and-
set on the very value that was watched: a runner that wakes up in between wins, one that wakes up later writes nothing more,
because every transaction of a runner begins with `renew`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, text, update

from dsm_desktop.core.errors import DsmError
from dsm_desktop.store import queue
from dsm_desktop.store.dialect import sql, sql_times
from dsm_desktop.store.models import Runner
from dsm_desktop.store.unit_of_work import UnitOfWork

LEASE_SECONDS = 30.0
RENEW_SECONDS = 10.0
LEADER_KEY = "leader"


class DeclaredDead(DsmError):
    """This runner was silent for so long that another one took its work; it must register anew and forget its tasks."""

    def __init__(self, runner_id: int) -> None:
        super().__init__(
            "This runner was silent for too long and its work was given to others.",
            hint="It registers anew by itself; nothing is to be done.",
            where=f"runner {runner_id}",
        )


@dataclass(frozen=True, slots=True)
class RunnerFacts:
    """What a runner says of itself. `host` ends with a mark of the process-id space it lives in ("ops1 [a1b2c3]")."""

    name: str
    kind: str
    host: str
    pid: int
    version: str
    slots: int


@dataclass(frozen=True, slots=True)
class Sighting:
    """A living runner as the database shows it."""

    id: int
    host: str
    pid: int
    expires_at: datetime


def register(uow: UnitOfWork, facts: RunnerFacts, *, lease: float) -> int:
    """Add a living runner; returns its id, which is never used again."""
    connection = uow.session.connection()
    runner_id: int = connection.execute(
        insert(Runner).returning(Runner.id),
        {
            "name": facts.name,
            "kind": facts.kind,
            "host": facts.host,
            "pid": facts.pid,
            "version": facts.version,
            "slots": facts.slots,
            "state": "running",
            "started_at": uow.now,
            "expires_at": uow.now,
        },
    ).scalar_one()
    renew(connection, runner_id, lease)
    uow.changed("runners", "added", runner_id)
    return runner_id


def renew(connection: Connection, runner_id: int, lease: float) -> None:
    """Renew the lease and hold the row until the commit; DeclaredDead when others have given up on us."""
    statement = sql(
        connection, "UPDATE runners SET expires_at = {after:lease} WHERE id = :id AND state <> 'dead'"
    )
    if connection.execute(statement, {"id": runner_id, "lease": lease}).rowcount == 0:
        raise DeclaredDead(runner_id)


def alive(connection: Connection) -> list[Sighting]:
    """Every runner not stopped and not declared dead."""
    statement = (
        "SELECT id, host, pid, expires_at FROM runners WHERE state IN ('running', 'stopping') ORDER BY id"
    )
    rows = connection.execute(sql_times(connection, statement, "expires_at"))
    return [Sighting(row.id, row.host, row.pid, row.expires_at) for row in rows]


def declare_dead(uow: UnitOfWork, seen: Sighting, *, grace: float) -> list[int] | None:
    """Take a silent runner's tasks from it if its row is still as it was watched; the tasks freed, None if it moved."""
    connection = uow.session.connection()
    statement = sql(
        connection,
        "UPDATE runners SET state = 'dead' WHERE id = :id AND expires_at = :seen AND state IN ('running', 'stopping')",
    )
    if connection.execute(statement, {"id": seen.id, "seen": seen.expires_at}).rowcount == 0:
        return None
    uow.changed("runners", "changed", seen.id)
    return queue.release_all(uow, seen.id, grace=grace)


_LEFT = """
    SELECT 1 FROM job_tasks WHERE state IN ('pending', 'running', 'paused') AND NOT EXISTS (
        SELECT 1 FROM runners WHERE state = 'running' AND (id > :runner OR (kind = 'agent' AND id <> :runner))) LIMIT 1
"""


def left_to(connection: Connection, runner_id: int) -> bool:
    """Whether work is open, be it due now or in three hours, that is nobody's but this runner's: no agent lives and no newer
    runner (of two that were left behind, one must stay)."""
    return connection.execute(text(_LEFT), {"runner": runner_id}).first() is not None


def sign_off(uow: UnitOfWork, runner_id: int, *, grace: float) -> None:
    """The runner has ended: it holds no lease any more, so its row tells what the clock has shown, and no task, because
    nobody watches who is stopped. Declared dead before, it held none."""
    mine = (Runner.id == runner_id) & (Runner.state != "dead")
    uow.session.execute(update(Runner).where(mine).values(state="stopped", expires_at=uow.now))
    uow.changed("runners", "changed", runner_id)
    queue.release_all(uow, runner_id, grace=grace)


def lead(uow: UnitOfWork, runner_id: int, *, lease: float) -> bool:
    """Whether this runner is the leader now: it already is, or the one before is gone."""
    connection = uow.session.connection()
    statement = sql(
        connection,
        f"""
        INSERT INTO leases (key, purpose, runner_id, task_id, token, taken_at, expires_at)
        VALUES ('{LEADER_KEY}', 'schedules and housekeeping', :runner, NULL, 1, {{now}}, {{after:lease}})
        ON CONFLICT (key) DO UPDATE SET runner_id = excluded.runner_id, expires_at = excluded.expires_at,
            token = leases.token + CASE WHEN leases.runner_id = excluded.runner_id THEN 0 ELSE 1 END
        WHERE leases.runner_id = excluded.runner_id
           OR leases.runner_id NOT IN (SELECT id FROM runners WHERE state IN ('running', 'stopping'))
        """,  # noqa: S608 - constants only
    )
    return connection.execute(statement, {"runner": runner_id, "lease": lease}).rowcount > 0


def leader(connection: Connection) -> int | None:
    """The runner that leads or led last."""
    row = connection.execute(text(f"SELECT runner_id FROM leases WHERE key = '{LEADER_KEY}'")).first()  # noqa: S608
    return None if row is None else int(row.runner_id)


def dead_ids(connection: Connection) -> list[int]:
    """Runners that ended without a goodbye, for those who clean up after them (sessions on BMCs)."""
    return [
        row.id for row in connection.execute(text("SELECT id FROM runners WHERE state = 'dead' ORDER BY id"))
    ]


def sweep(uow: UnitOfWork, *, keep: int = 200) -> None:
    """Forget ended runners beyond the newest `keep` that hold neither tasks nor BMC sessions."""
    uow.session.connection().execute(
        text(
            """DELETE FROM runners WHERE state IN ('stopped', 'dead') AND id < (SELECT MAX(id) FROM runners) - :keep
               AND id NOT IN (SELECT runner_id FROM bmc_sessions WHERE runner_id IS NOT NULL)"""
        ),
        {"keep": keep},
    )
