"""What runners do for each other and, one of them, for all: dead runners' work, leadership, deadlines, sweeping."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from dsm_desktop.core.errors import DsmError
from dsm_desktop.store import feed, runners, steps
from dsm_desktop.store.clock import Step, carry, unwatched
from dsm_desktop.store.models import Decision, db_now
from dsm_desktop.store.runners import Sighting
from dsm_desktop.store.unit_of_work import UnitOfWork
from dsm_desktop.workers.clock import StepWatch
from dsm_desktop.workers.config import RunnerConfig
from dsm_desktop.workers.judge import Judge
from dsm_desktop.workers.place import place
from dsm_desktop.workers.run import Hands, awake_seconds
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
        self._steps = StepWatch()
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
                    self._in_pool("idle clients", self._hands.services.close_idle)
            await asyncio.sleep(self._config.watch_every)

    async def _round(self) -> None:
        look = await self._supervisor.read(_look)
        seen, holder, own = look.runners, look.leader, self._hands.runner_id
        self._hands.clock.sync(look.now)
        step = self._steps.look(look.now, look.asked, look.answered)
        if self.leading and holder == own and step is not None:
            await self._carry(step)
        for dead in self._judge.look(seen, own):
            freed = await self._hands.journal.do(self._burying(dead))
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
            missed = await self._supervisor.read(lambda c: unwatched(c, self._config.lease))
            if holder == own and missed is not None:
                await self._carry(missed)
        led, self.leading = self.leading, holder == own
        if self.leading:
            await self._lead(look.overdue)
        elif led:
            self._rest()

    def _burying(self, dead: Sighting) -> Callable[[UnitOfWork], list[int] | None]:
        return lambda uow: runners.declare_dead(uow, dead, grace=self._config.grace)

    async def _carry(self, step: Step) -> None:
        """The store's clock was set."""
        lease, grace = self._config.lease, self._config.grace
        moved = await self._hands.journal.do(lambda uow: carry(uow, step, lease=lease, grace=grace))
        seconds = step.by.total_seconds()
        log.warning(
            "the store's clock was set by %+.0f s; %d waiting times were carried along", seconds, moved
        )
        self._supervisor.wake()

    async def _lead(self, overdue: bool) -> None:
        if overdue:
            await self._hands.journal.do(steps.take_defaults)
        if self._is_due("sweep", _SWEEP_EVERY):
            await self._hands.journal.do(self._sweep)
        for duty in self._hands.services.duties:
            if self._is_due(duty.name, duty.every):
                self._do(duty)

    def _rest(self) -> None:
        """Another runner leads now: it was taken for dead, and was born again."""
        for duty in self._hands.services.duties:
            if duty.rest is not None:
                self._in_pool(f"rest from {duty.name}", duty.rest)
                self._due.pop(duty.name, None)

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


@dataclass(frozen=True, slots=True)
class _Look:
    """Living runners, the leader, whether a question's deadline has passed; the database's time, which it told between `asked`
    and `answered` of our own counter."""

    runners: list[Sighting]
    leader: int | None
    overdue: bool
    now: datetime
    asked: float
    answered: float


def _look(connection: Connection) -> _Look:
    overdue = select(Decision.id).where(Decision.answer.is_(None), Decision.deadline <= db_now()).limit(1)
    living, leader = runners.alive(connection), runners.leader(connection)
    late = connection.execute(overdue).first() is not None
    asked = awake_seconds()
    now = connection.scalar(select(db_now()))
    assert now is not None
    return _Look(living, leader, late, now, asked, awake_seconds())
