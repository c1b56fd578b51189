"""The loop side of a runner: claims as much as there are hands for, tells runs what they must know, gives back at the end."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from typing import TypeVar

from sqlalchemy import Connection, select

from dsm_desktop.core.errors import DsmError
from dsm_desktop.core.events import Event
from dsm_desktop.store import orders, queue, runners, steps
from dsm_desktop.store.failures import StoreError
from dsm_desktop.store.models import db_now
from dsm_desktop.store.queue import Claim
from dsm_desktop.store.runners import DeclaredDead
from dsm_desktop.store.steps import TaskPlan
from dsm_desktop.store.unit_of_work import UnitOfWork
from dsm_desktop.workers.config import RunnerConfig
from dsm_desktop.workers.executor import Finisher, execute
from dsm_desktop.workers.journal import JournalClosed
from dsm_desktop.workers.notes import FLUSH_SECONDS
from dsm_desktop.workers.run import Hands, Run

T = TypeVar("T")

log = logging.getLogger(__name__)

_CLAIM_AT_ONCE = 128
_RETRY_SECONDS = 0.2


class Supervisor:
    """Lives on the runner's loop; `heard` is called there with every event of the feed."""

    def __init__(
        self, hands: Hands, config: RunnerConfig, reader: ThreadPoolExecutor, reborn: Callable[[], None]
    ) -> None:
        self._hands = hands
        self._config = config
        self._reader = reader
        self._reborn = reborn
        self._finisher = Finisher(hands.journal, hands.notes, lambda: hands.runner_id)
        self._runs: dict[int, Run] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._wake = asyncio.Event()
        self._look = {"stop": False, "cancel": False}
        self._idle_waiters: dict[Future[bool], bool] = {}
        self._inhibitor = config.inhibitor
        self._unknown: set[int] = set()
        self.stopping = False

    # --- the outside ------------------------------------------------------------------------------------------------

    def wake(self) -> None:
        self._wake.set()

    @staticmethod
    def concerns(event: Event) -> bool:
        """Whether a runner must know: most events are told to windows only. Called on the feed's thread."""
        return (
            event.topic in ("feed", "settings", "decisions")
            or (event.topic == "job_tasks" and event.action in ("added", "due"))
            or (event.topic == "jobs" and "cancel" in event.data)
        )

    def heard(self, event: Event) -> None:
        """An event that concerns us."""
        everything = event.topic == "feed"
        if event.topic == "settings" or everything:
            self._look["stop"] = True
        if event.topic == "jobs" or everything:
            self._look["cancel"] = True
        self._wake.set()

    def tell_when_idle(self, waiter: Future[bool], later: bool) -> None:
        """`later`: not before that which is due later is done too."""
        self._idle_waiters[waiter] = later
        self._wake.set()

    def held(self) -> list[int]:
        """Tasks this runner runs."""
        return sorted(self._runs)

    # --- the loop ---------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Until `stopping`; then every task is given back at its next safe point."""
        self._look = dict.fromkeys(self._look, True)
        minor = [asyncio.create_task(self._beating()), asyncio.create_task(self._noting())]
        try:
            while not self.stopping:
                waiters = dict(self._idle_waiters)
                self._wake.clear()
                try:
                    await self._look_around()
                    if self._inhibitor is not None:
                        self._inhibitor.look()
                    claimed = await self._claim()
                    await self._tell_idle(waiters, claimed)
                    pause = min(self._config.poll, max(0.001, await self.read(queue.next_due)))
                except DeclaredDead:
                    await self._be_reborn()
                    continue
                except (StoreError, JournalClosed) as error:
                    log.warning("claiming waits for the store: %s", error)
                    await asyncio.sleep(_RETRY_SECONDS)
                    continue
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._wake.wait(), pause)
            await self._give_back()
        finally:
            for task in minor:
                task.cancel()
            await asyncio.gather(*minor, return_exceptions=True)
            if self._inhibitor is not None:
                self._inhibitor.release()
        await self._hands.write_notes()

    def _free(self) -> int:
        """How many more tasks to take: a hand for each, but for those that only wait."""
        busy = sum(not run.parked for run in self._runs.values())
        return min(self._hands.pool.size - busy, self._config.max_tasks - len(self._runs), _CLAIM_AT_ONCE)

    async def _claim(self) -> int:
        """Claim until there is nothing due or no free hand; returns how many were taken in all."""
        taken = 0
        while not self.stopping and not self._hands.stopped and (free := self._free()) > 0:
            if not await self.read(queue.due_exists):
                break
            found = await self._hands.journal.do(lambda uow, n=free: self._claim_and_plan(uow, n))  # type: ignore[misc]
            for claim, plan in found:
                self._launch(claim, plan)
            taken += len(found)
            if not found:
                break
        return taken

    def _claim_and_plan(self, uow: UnitOfWork, limit: int) -> list[tuple[Claim, TaskPlan]]:
        claims = queue.claim(uow, self._hands.runner_id, limit)
        if not claims:
            return []
        wanted = [(c.task_id, c.job_id, c.server_id, c.host_id, c.token > 1 or c.restoring) for c in claims]
        plans = steps.load_plans(uow.session.connection(), wanted)
        return [(claim, plans[claim.task_id]) for claim in claims]

    def _launch(self, claim: Claim, plan: TaskPlan) -> None:
        self._hands.clock.sync(claim.now)
        run = Run(self._hands, claim, plan)
        before = self._runs.get(claim.task_id)
        if before is not None:
            before.abandon()
        self._runs[claim.task_id] = run
        if self._inhibitor is not None:
            self._inhibitor.hold()
        task = asyncio.create_task(execute(run, self._finisher, max_deaths=self._config.max_deaths))
        self._tasks.add(task)

        def ended(done: asyncio.Task[None]) -> None:
            self._tasks.discard(done)
            if self._runs.get(claim.task_id) is run:
                del self._runs[claim.task_id]
            if not self._runs and self._inhibitor is not None:
                self._inhibitor.release()
            self._wake.set()

        task.add_done_callback(ended)

    async def _tell_idle(self, waiters: dict[Future[bool], bool], claimed: int) -> None:
        if claimed or self._runs:
            return
        runner_id = self._hands.runner_id
        left = any(waiters.values()) and await self.read(lambda c: runners.left_to(c, runner_id))
        for waiter, later in waiters.items():
            if waiter.cancelled() or not (later and left):
                del self._idle_waiters[waiter]
            if not (later and left) and waiter.set_running_or_notify_cancel():
                waiter.set_result(True)

    # --- what runs must know ----------------------------------------------------------------------------------------

    async def _look_around(self) -> None:
        """Read what events said may have changed."""
        if self._look["stop"]:
            self._look["stop"] = False
            stopped = await self.read(orders.is_stopped)
            if stopped != self._hands.stopped:
                self._hands.stopped = stopped
                for run in self._runs.values():
                    run.wake()
        if self._look["cancel"] and self._runs:
            self._look["cancel"] = False
            jobs = {run.claim.job_id for run in self._runs.values()}
            grades = await self.read(lambda connection: orders.cancel_grades(connection, jobs))
            for run in self._runs.values():
                run.ask_cancel(grades.get(run.claim.job_id, 0))
        asking = {run.claim.task_id: run for run in self._runs.values() if run.question}
        if asking:
            found = await self.read(lambda connection: steps.answers(connection, list(asking)))
            for (task_id, key), value in found.items():
                asking[task_id].answers[key] = value
                asking[task_id].wake()

    async def _beating(self) -> None:
        """Renew the lease (every journal entry does) and read again what an event might have missed."""
        while True:
            await asyncio.sleep(self._config.renew_every)
            try:
                self._hands.clock.sync(await self._hands.journal.do(lambda uow: uow.now))
                await self._compare()
            except DeclaredDead:
                await self._be_reborn()
            except (StoreError, JournalClosed) as error:
                log.warning("the lease could not be renewed: %s", error)
            self._look = dict.fromkeys(self._look, True)
            self._wake.set()

    async def _compare(self) -> None:
        """What the database says we hold and we know nothing of (a commit whose answer was lost) goes back, when that was so
        for two beats: a claim on its way is unknown for a moment too."""
        runner_id = self._hands.runner_id
        unknown = set(await self.read(lambda c: queue.held_by(c, runner_id))) - set(self._runs)
        stale, self._unknown = sorted(unknown & self._unknown), unknown
        if stale:
            log.error("given back, because nobody here works on them: tasks %s", stale)
            await self._hands.journal.do(lambda uow: queue.release_some(uow, runner_id, stale))

    async def _be_reborn(self) -> None:
        """Others gave up on us: forget every task, be somebody new."""
        log.error("this runner was declared dead; %d tasks are left to others", len(self._runs))
        for run in list(self._runs.values()):
            run.abandon()
        self._runs.clear()
        while True:
            try:
                await asyncio.get_running_loop().run_in_executor(self._reader, self._reborn)
            except StoreError as error:
                log.warning("registering again waits for the store: %s", error)
                await asyncio.sleep(_RETRY_SECONDS)
            else:
                return

    async def _noting(self) -> None:
        while True:
            await asyncio.sleep(FLUSH_SECONDS)
            with contextlib.suppress(DsmError):
                await self._hands.write_notes()

    async def _give_back(self) -> None:
        for run in self._runs.values():
            run.ask_release()
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def read(self, work: Callable[[Connection], T]) -> T:
        """A query off the loop."""
        store = self._hands.store
        return await asyncio.get_running_loop().run_in_executor(self._reader, lambda: store.fetch(work))


async def first_time(supervisor: Supervisor) -> datetime:
    """The database's time, asked once before anything runs."""
    now: datetime | None = await supervisor.read(lambda connection: connection.scalar(select(db_now())))
    assert now is not None
    return now
