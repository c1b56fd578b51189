"""A step: written down when it begins, done in a pool thread, written down when it has ended; never done twice.

new ─begin─▶ begun ─do─▶ done            a replay of "done" returns the recorded result
               │  └────▶ failed          a replay of "failed" raises the recorded error
               └─ kill ─▶ begun          a replay looks at the device first (`interrupted`), then adopts or repeats
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from dsm_desktop.core.errors import Cancelled, DsmError
from dsm_desktop.core.states import CancelGrade, StepState
from dsm_desktop.store import orders, steps
from dsm_desktop.store.queue import LostLease
from dsm_desktop.store.runners import DeclaredDead
from dsm_desktop.store.steps import StepRecord
from dsm_desktop.store.unit_of_work import UnitOfWork
from dsm_desktop.workers import results
from dsm_desktop.workers.errors import BodyError, UnexpectedError, revive_error
from dsm_desktop.workers.journal import JournalClosed
from dsm_desktop.workers.run import Run, retry_pause
from dsm_desktop.workers.trusting import Trusting


class _Ordered(Exception):
    """A cancel or the emergency stop came between the decision to begin and the beginning."""

    def __init__(self, stopped: bool, grade: int) -> None:
        super().__init__()
        self.stopped, self.grade = stopped, grade


@dataclass(slots=True)
class Step:
    """What `JobContext.step` was asked for."""

    name: str
    key: str
    do: Callable[[], Any]
    kind: str = "step"
    changing: bool = False
    interrupted: Callable[[], Any] | None = None
    attempts: int = 1
    returns: Any = None

    @property
    def label(self) -> str:
        return f"{self.name} ({self.key})" if self.key else self.name


class Stepper:
    """Carries steps out for one run."""

    def __init__(
        self,
        run: Run,
        records: dict[tuple[str, str], StepRecord],
        trust: Trusting,
        entered: Callable[[], bool],
    ) -> None:
        self._run = run
        self._records = records
        self._trust = trust
        self._entered = entered

    def recorded(self, step: Step) -> tuple[bool, Any]:
        """(True, result) when the step ended in an earlier run; raises the recorded error when it failed then."""
        record = self._records.get((step.name, step.key))
        if record is not None and step.changing:
            self._trust.touched()
        if record is None or record.state is StepState.BEGUN:
            return False, None
        if record.state is StepState.FAILED:
            if step.kind == "always":
                return False, None
            raise revive_error(record.error)
        return True, results.decode((record.result or {}).get("value"), step.returns)

    async def perform(self, step: Step) -> Any:
        """Begin, do, end; with back-off between attempts, and a look at the device wherever it may already be done."""
        run = self._run
        doubtful = (step.name, step.key) in self._records
        attempt, patience_ends = 1, time.monotonic() + run.hands.patience
        while True:
            run.refuse_lost()
            if doubtful and step.interrupted is not None:
                taken = await self._look(step, step.interrupted, patience_ends)
                if taken is not None:
                    run.log(f"{step.label}: had already been done")
                    return await self._end(step, taken)
            # While a replay has not reached every promise that stands, a look of a newer version must not keep it from that.
            if not run.undoing and (step.changing or self._entered()):
                run.frontier()
            await run.gate()
            try:
                value = await run.in_thread(lambda: self._begin_and_do(step))
            except _Ordered as told:
                run.hands.stopped |= told.stopped
                run.ask_cancel(told.grade)
                continue
            except (LostLease, DeclaredDead, JournalClosed):
                raise
            except DsmError as error:
                if await self._approved(step, error):
                    doubtful, patience_ends = True, time.monotonic() + run.hands.patience
                    continue
                self._touched(step)
                waits = error.retryable and hasattr(error, "retry_after") and time.monotonic() < patience_ends
                if not waits and (not error.retryable or attempt >= step.attempts):
                    taken = await self._lost(step, error, patience_ends)
                    if taken is None:
                        await self._fail(step, error)
                        raise
                    return await self._end(step, taken)
                attempt += not waits
                pause = retry_pause(error, attempt, patience_ends - time.monotonic())
                run.log(f"{step.label}: {error.message} Next try in {pause:.0f} s.", "warning")
                doubtful = True
                await run.park(pause)
                if run.cancelling:
                    await self._fail(step, error)
            except Exception as error:
                await self._fail(step, UnexpectedError(f"{type(error).__name__}: {error}"))
                raise
            else:
                self._touched(step)
                return await self._end(step, value)

    def _touched(self, step: Step) -> None:
        if step.changing:
            self._trust.touched()

    async def _approved(self, step: Step, error: DsmError) -> bool:
        """Whether its peer showed another certificate than the pinned one, and a person has approved that."""
        try:
            return await self._trust.approved(error)
        except Cancelled:
            await self._fail(step, error)
            raise

    async def _look(self, step: Step, probe: Callable[[], Any], patience_ends: float) -> Any:
        """What the device says of a step that may have been done. One that does not answer is asked again: nobody knows
        whether it was done, so it is never repeated blindly."""
        run, asked = self._run, 0
        while True:
            try:
                return await self._trust.work(probe)
            except (LostLease, DeclaredDead, JournalClosed):
                raise
            except DsmError as error:
                if not error.retryable or time.monotonic() >= patience_ends or run.now_please():
                    await self._fail(step, error)
                    raise
                asked += 1
                pause = retry_pause(error, asked, patience_ends - time.monotonic())
                run.log(f"{step.label}: {error.message} It is asked again in {pause:.0f} s.", "warning")
                await run.park(pause)
                run.refuse_lost()

    async def _lost(self, step: Step, error: DsmError, patience_ends: float) -> Any:
        """After a change whose answer never came: what the device shows of it within the time a request may still arrive in;
        None when it shows nothing. Nothing is sent again."""
        if not step.changing or step.interrupted is None or not getattr(error, "sent", False):
            return None
        run, asked = self._run, 0
        gives_up = time.monotonic() + run.hands.grace
        run.log(f"{step.label}: {error.message} The device is asked whether it has done it.", "warning")
        while not run.now_please():
            asked += 1
            await run.park(min(retry_pause(error, asked), max(0.0, gives_up - time.monotonic())))
            run.refuse_lost()
            taken = await self._look(step, step.interrupted, patience_ends)
            if taken is not None or time.monotonic() >= gives_up:
                return taken
        return None

    def _begin_and_do(self, step: Step) -> Any:
        """In a pool thread: the beginning is on disk, under our token, some microseconds before the first request leaves."""
        run = self._run

        def begin(uow: UnitOfWork) -> None:
            stopped, grade = orders.orders(uow.session.connection(), run.claim.job_id)
            # Heard by the runner after this step had passed the frontier, an order is no news any more and counts all the same.
            ordered = grade > run.cancel_grade or grade >= CancelGrade.AFTER_STEP
            if stopped or (ordered and not run.undoing):
                raise _Ordered(stopped, grade)
            steps.begin(uow, run.claim.task_id, run.claim.token, step.kind, step.name, step.key)

        run.hands.journal.call(run.held(begin, grace=run.hands.grace if step.changing else None))
        return step.do()

    async def _end(self, step: Step, value: Any) -> Any:
        run = self._run
        try:
            plain = results.encode(value, step.returns, step.label)
        except BodyError as error:
            await self._fail(step, error)
            raise

        def end(uow: UnitOfWork) -> None:
            steps.end(uow, run.claim.task_id, run.claim.token, step.name, step.key, result=plain)

        if step.kind == "always":
            # What putting back had to say must not be lost where it counts as done: nobody would say it again.
            await run.hands.write_notes()
        await run.write(end)
        return value if step.returns is not None else plain

    async def _fail(self, step: Step, error: DsmError) -> None:
        run = self._run

        def end(uow: UnitOfWork) -> None:
            steps.end(
                uow,
                run.claim.task_id,
                run.claim.token,
                step.name,
                step.key,
                error=error.as_dict(),
                message=error.message,
            )

        await run.write(end)
