"""One claimed task on its way: who holds it, who wants it to stop, and the only place where it waits."""

from __future__ import annotations

import asyncio
import logging
import math
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from dsm_desktop.core.errors import Cancelled, DsmError
from dsm_desktop.core.states import CancelGrade
from dsm_desktop.jobs.declaration import Catalogue
from dsm_desktop.store import queue
from dsm_desktop.store.queue import Claim, LostLease
from dsm_desktop.store.steps import TaskPlan
from dsm_desktop.store.unit_of_work import Store, UnitOfWork
from dsm_desktop.workers.clock import DatabaseClock
from dsm_desktop.workers.current import Work, working_for
from dsm_desktop.workers.errors import TaskReleased
from dsm_desktop.workers.journal import Journal
from dsm_desktop.workers.notes import Notes
from dsm_desktop.workers.services import Services
from dsm_desktop.workers.threads import Pool

T = TypeVar("T")

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Hands:
    """What all runs of one runner share. `stopped` mirrors the emergency stop; the database decides at every step."""

    runner_id: int
    store: Store
    journal: Journal
    pool: Pool
    notes: Notes
    clock: DatabaseClock
    catalogue: Catalogue
    services: Services
    grace: float
    fresh: float
    """An answer of the database older than this is asked for again before a request leaves."""
    patience: float
    wake: Callable[[], None]
    stopped: bool = False

    async def write_notes(self) -> None:
        """Progress and log lines, now. Those the database refuses are lost: no line may harm a task, least of all another's."""
        if not self.notes.waiting:
            return
        try:
            await self.journal.do(self.notes.flush())
        except DsmError:
            raise
        except Exception:
            log.exception("progress and log lines were refused by the database")


class Run:
    """The state of one task in this runner. Everything here happens on the loop, but for `in_thread` bodies."""

    def __init__(self, hands: Hands, claim: Claim, plan: TaskPlan) -> None:
        self.hands = hands
        self.claim = claim
        self.plan = plan
        self.cancel_grade = CancelGrade(plan.cancel_grade)
        self.releasing = False
        self.lost = False
        self.parked = False
        self.undoing = 0
        self.answers: dict[str, str] = {}
        self.question = ""
        self._signal = asyncio.Event()
        self._work = Work(claim.job_id, claim.task_id, claim.server_id, self.renew)

    # --- being told -----------------------------------------------------------------------------------------------

    def wake(self) -> None:
        """Something this run may wait for has changed: look again."""
        self._signal.set()

    def ask_cancel(self, grade: int) -> None:
        if grade > self.cancel_grade:
            self.cancel_grade = CancelGrade(grade)
            self.wake()

    def ask_release(self) -> None:
        """Give the task back at the next safe point."""
        self.releasing = True
        self.wake()

    def abandon(self) -> None:
        """The task is no longer ours: stop without another word."""
        self.lost = True
        self.wake()

    # --- being asked ----------------------------------------------------------------------------------------------

    @property
    def cancelling(self) -> bool:
        """Nothing new is begun any more, only what must be put back."""
        return not self.undoing and (self.claim.restoring or self.cancel_grade >= CancelGrade.AFTER_STEP)

    @property
    def stopping(self) -> bool:
        """A long piece of work should end early: its step will not be followed by another."""
        return self.lost or self.releasing or self.cancelling

    def refuse_lost(self) -> None:
        """LostLease or TaskReleased, if so."""
        if self.lost:
            raise LostLease(self.claim.task_id)
        if self.releasing:
            raise TaskReleased

    def frontier(self) -> None:
        """Called before anything new is begun; raises when there is a reason not to."""
        self.refuse_lost()
        if self.cancelling:
            raise Cancelled(
                "Stopped because somebody asked for it." if self.cancel_grade else "Only put back."
            )

    def now_please(self) -> bool:
        """Waits end at once: grade 3, or only putting back is left."""
        return not self.undoing and (self.claim.restoring or self.cancel_grade is CancelGrade.NOW)

    # --- waiting and working --------------------------------------------------------------------------------------

    async def park(self, seconds: float, until: Callable[[], bool] = lambda: False) -> None:
        """Wait without a thread: until `seconds` have passed, `until()` holds, or the run is told to stop waiting."""
        deadline = time.monotonic() + seconds
        self.parked = True
        self.hands.wake()
        try:
            while not (until() or self.lost or self.releasing or self.now_please()):
                left = deadline - time.monotonic()
                if left <= 0:
                    return
                self._signal.clear()
                try:
                    await asyncio.wait_for(self._signal.wait(), left)
                except TimeoutError:
                    return
        finally:
            self.parked = False

    async def gate(self) -> None:
        """While the emergency stop stands nothing new starts; cancel and release still work."""
        while self.hands.stopped:
            await self.park(3600.0, lambda: not self.hands.stopped or self.cancelling)
            self.frontier() if not self.undoing else self.refuse_lost()

    async def in_thread(self, work: Callable[[], T]) -> T:
        """Run blocking work in the pool, marked as this task's."""

        def marked() -> T:
            with working_for(self._work):
                return work()

        return await asyncio.wrap_future(self.hands.pool.submit(marked))

    # --- writing --------------------------------------------------------------------------------------------------

    def held(
        self, entry: Callable[[UnitOfWork], T], *, grace: float | None = None
    ) -> Callable[[UnitOfWork], T]:
        """`entry` behind the check that the task is still ours."""
        return partial(self._held, entry, grace)

    def _held(self, entry: Callable[[UnitOfWork], T], grace: float | None, uow: UnitOfWork) -> T:
        queue.hold(uow, self.hands.runner_id, self.claim.task_id, self.claim.token, grace=grace)
        return entry(uow)

    def renew(self) -> None:
        """The last look before a request that changes a device leaves; in a pool thread. LostLease, or nothing.

        Frozen on the way back from the database, we look again: what is left between the answer and the request is
        some microseconds.
        """
        while True:
            asked = awake_seconds()
            if self.lost:
                raise LostLease(self.claim.task_id)
            self.hands.journal.call(self.held(lambda uow: None, grace=self.hands.grace))
            if awake_seconds() - asked <= self.hands.fresh:
                return

    async def write(self, entry: Callable[[UnitOfWork], T]) -> T:
        """A fenced journal entry."""
        return await self.hands.journal.do(self.held(entry))

    def log(self, message: str, level: str = "info") -> None:
        self.hands.notes.line(self.claim.task_id, self.hands.clock.now(), level, message)


def awake_seconds() -> float:
    """A counter that goes on while the process is frozen and, where the system has one, while the computer sleeps."""
    if sys.platform == "linux":
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.monotonic()


def retry_pause(error: DsmError, attempt: int, patience: float = math.inf) -> float:
    """Seconds before the next try: what the device asked for, within what is left of the patience, and a minute at most once none
    is; else 1, 2, 4 … 60."""
    asked: float | None = getattr(error, "retry_after", None)
    if asked is None:
        return float(min(60, 2 ** (attempt - 1)))
    return min(float(asked), patience if patience > 0 else 60.0)
