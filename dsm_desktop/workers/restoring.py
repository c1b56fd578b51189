"""Promises to put something back: on the restore list before the change, kept on every way out of the block but two (and
where the job was asked to leave the change: then the entry stands until it is put back).

The two: the task is no longer ours, or the runner gives it back. Then the promise stays standing and whoever claims the task
next replays the body, enters the block again and keeps it at the block's end.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from dsm_desktop.core.errors import DsmError
from dsm_desktop.store import steps
from dsm_desktop.store.queue import LostLease
from dsm_desktop.store.runners import DeclaredDead
from dsm_desktop.store.unit_of_work import UnitOfWork
from dsm_desktop.workers.errors import RestoreFailed, TaskReleased
from dsm_desktop.workers.journal import JournalClosed
from dsm_desktop.workers.run import Run
from dsm_desktop.workers.stepping import Step, Stepper
from dsm_desktop.workers.trusting import Trusting

_UNDO_ATTEMPTS = 5
_LEAVE_STANDING = (
    TaskReleased,
    LostLease,
    DeclaredDead,
    JournalClosed,
    asyncio.CancelledError,
    GeneratorExit,
)


class Promises:
    """The restore list of one run."""

    def __init__(self, run: Run, stepper: Stepper, trust: Trusting) -> None:
        self._run = run
        self._trust = trust
        self._stepper = stepper
        self._states = {(name, key): state for name, key, state in run.plan.promises}
        self._standing = {mark for mark, state in self._states.items() if state != "restored"}
        self.broken: list[str] = []
        """What could not be put back, in words."""

    @property
    def all_entered(self) -> bool:
        """Whether the replay has reached every promise that stood when the run began."""
        return not self._standing

    @asynccontextmanager
    async def block(
        self,
        name: str,
        key: str,
        what: str,
        undo: Callable[[], Any],
        original: dict[str, Any],
        stays: Callable[[], bool] | None = None,
        first: Callable[[], Awaitable[None]] | None = None,
    ) -> AsyncIterator[None]:
        """The body of `ctx.always`."""
        state = self._states.get((name, key))
        if state == "restored":
            yield
            return
        if state is None:
            await self._promise(name, key, what, original)
        self._standing.discard((name, key))
        self._trust.touched()
        try:
            yield
        except _LEAVE_STANDING:
            raise
        except BaseException:
            await self._keep(name, key, what, undo, first)
            raise
        if stays is not None and stays() and not self._run.claim.restoring:
            return
        error = await self._keep(name, key, what, undo, first)
        if error is not None:
            raise RestoreFailed(
                f"{what} could not be put back: {error.message}",
                hint="It stays on the restore list; use 'Put back' there when the cause is gone.",
                where=self._run.claim.target,
            ) from error

    async def _promise(self, name: str, key: str, what: str, original: dict[str, Any]) -> None:
        run = self._run
        run.frontier()
        await run.gate()

        def write(uow: UnitOfWork) -> None:
            steps.promise(uow, run.claim.task_id, run.claim.server_id, name, key, what, original)

        await run.write(write)

    async def _keep(
        self,
        name: str,
        key: str,
        what: str,
        undo: Callable[[], Any],
        first: Callable[[], Awaitable[None]] | None,
    ) -> DsmError | None:
        """Put it back and close the promise; the error when that failed (it is noted on the list)."""
        run = self._run
        step = Step(
            f"put back: {name}", key, lambda: _nothing(undo), "always", changing=True, attempts=_UNDO_ATTEMPTS
        )
        run.undoing += 1
        error: DsmError | None = None
        try:
            done, _ = self._stepper.recorded(step)
            if not done:
                if first is not None:
                    await first()
                await self._stepper.perform(step)
        except (LostLease, DeclaredDead, JournalClosed):
            raise
        except Exception as failure:  # noqa: BLE001 - whatever it is, the list must say that it stands
            error = (
                failure
                if isinstance(failure, DsmError)
                else RestoreFailed(f"{type(failure).__name__}: {failure}")
            )
            self.broken.append(what)
            run.log(f"could not put back: {what}: {error.message}", "error")
        finally:
            run.undoing -= 1
        state, message = ("failed", str(error)) if error else ("restored", "")

        def close(uow: UnitOfWork) -> None:
            steps.close_promise(uow, run.claim.task_id, name, key, state, message)

        await run.write(close)
        return error


def _nothing(undo: Callable[[], Any]) -> None:
    undo()
