"""What runners do for each other and, one of them, for all: dead runners' work, leadership, deadlines, sweeping."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable

from sqlalchemy import Connection, select

from dsm_desktop.core.errors import DsmError
from dsm_desktop.store import feed, runners, steps
from dsm_desktop.store.models import Decision, db_now
from dsm_desktop.store.runners import Sighting
from dsm_desktop.store.unit_of_work import UnitOfWork
from dsm_desktop.workers.config import RunnerConfig
from dsm_desktop.workers.judge import Judge
from dsm_desktop.workers.place import place
from dsm_desktop.workers.run import Hands
from dsm_desktop.workers.services import Duty
from dsm_desktop.workers.supervisor import Supervisor

log = logging.getLogger(__name__)

_SWEEP_EVERY = 600.0
_CLIENTS_EVERY = 10.0
_LEFT, _LEFT_EVERY = "left-over sessions", 600.0


class Housekeeping:
    """Looks around every `watch_every` seconds; reads first and writes only when there is something to do."""

    def __init__(self, hands: Hands, config: RunnerConfig, supervisor: Supervisor) -> None:
        self._hands = hands
        self._config = config
        self._supervisor = supervisor
        self._judge = Judge(place(), config.lease)
        self._due: dict[str, float] = {}
        self._busy: set[str] = set()
        self.leading = False

    async def run(self) -> None:
        """Until cancelled."""
        clients = self._hands.services.clients
        while True:
            try:
                await self._round()
            except DsmError as error:
                log.warning("housekeeping waits for the store: %s", error)
            if clients is not None:
                if _LEFT not in self._busy and self._is_due(_LEFT, _LEFT_EVERY):
                    self._in_pool(_LEFT, clients.close_left_behind)
                if self._is_due("idle clients", _CLIENTS_EVERY):
                    self._in_pool("idle clients", clients.close_idle)
            await asyncio.sleep(self._config.watch_every)

    async def _round(self) -> None:
        seen, holder, overdue = await self._supervisor.read(_look)
        own = self._hands.runner_id
        for dead in self._judge.look(seen, own):
            freed = await self._hands.journal.do(lambda uow, dead=dead: runners.declare_dead(uow, dead))  # type: ignore[misc]
            if freed is not None:
                log.warning(
                    "runner %d on %s is gone; %d tasks go on elsewhere", dead.id, dead.host, len(freed)
                )
                self._due.pop(_LEFT, None)  # its sessions on devices are nobody's now
                self._supervisor.wake()
        alive = {runner.id for runner in seen}
        if holder != own and holder not in alive:
            await self._hands.journal.do(lambda uow: runners.lead(uow, own, lease=self._config.lease))
            holder = await self._supervisor.read(runners.leader)
        self.leading = holder == own
        if self.leading:
            await self._lead(overdue)

    async def _lead(self, overdue: bool) -> None:
        if overdue:
            await self._hands.journal.do(steps.take_defaults)
        if self._is_due("sweep", _SWEEP_EVERY):
            await self._hands.journal.do(self._sweep)
        for duty in self._hands.services.duties:
            if self._is_due(duty.name, duty.every):
                self._do(duty)

    def _sweep(self, uow: UnitOfWork) -> None:
        feed.sweep(uow, older_than=self._config.feed_kept)
        runners.sweep(uow)

    def _do(self, duty: Duty) -> None:
        self._in_pool(duty.name, duty.do)

    def _is_due(self, name: str, every: float) -> bool:
        now = time.monotonic()
        if now < self._due.get(name, 0.0):
            return False
        self._due[name] = now + every
        return True

    def _in_pool(self, name: str, work: Callable[[], None]) -> None:
        """Once at a time; an error is told in the log and tried again next time."""
        if name in self._busy:
            return
        self._busy.add(name)

        def guarded() -> None:
            try:
                work()
            except Exception:
                log.exception("%s", name)
            finally:
                self._busy.discard(name)

        self._hands.pool.submit(guarded)


def _look(connection: Connection) -> tuple[list[Sighting], int | None, bool]:
    """Living runners, the leader, and whether a question's deadline has passed."""
    overdue = select(Decision.id).where(Decision.answer.is_(None), Decision.deadline <= db_now()).limit(1)
    return (
        runners.alive(connection),
        runners.leader(connection),
        connection.execute(overdue).first() is not None,
    )
