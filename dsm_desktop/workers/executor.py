"""Runs a claimed task's body and closes the task with what came out."""

from __future__ import annotations

import asyncio
import logging
import threading
import traceback
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from typing import Any

from dsm_desktop.core.errors import Cancelled, DsmError
from dsm_desktop.core.redact import masked_text
from dsm_desktop.core.states import CancelGrade, JobState
from dsm_desktop.jobs.context import HostTarget, Target
from dsm_desktop.jobs.declaration import NotAllDone, Result
from dsm_desktop.store import queue
from dsm_desktop.store.queue import LostLease, Outcome
from dsm_desktop.store.runners import DeclaredDead
from dsm_desktop.store.unit_of_work import UnitOfWork
from dsm_desktop.workers.context import RunContext
from dsm_desktop.workers.errors import BodyError, RestoreFailed, TaskKeepsDying, TaskReleased, UnexpectedError
from dsm_desktop.workers.journal import Journal, JournalClosed
from dsm_desktop.workers.notes import Notes
from dsm_desktop.workers.run import Run

log = logging.getLogger(__name__)

_DETAIL_LENGTH = 8000
_GONE = (LostLease, DeclaredDead, JournalClosed)


class Finisher:
    """Closes tasks, all that ended since the last commit together: one roll-up per job instead of one per task. Their last
    progress and log lines go with them, because a closed task takes none any more."""

    def __init__(self, journal: Journal, notes: Notes, runner_id: Callable[[], int]) -> None:
        self._journal = journal
        self._notes = notes
        self._runner_id = runner_id
        self._open: _Batch | None = None

    async def finish(self, outcome: Outcome) -> None:
        """Returns when it is on disk. Called on the loop only."""
        while True:
            batch = self._open
            if batch is None or not batch.add(outcome):
                batch = self._open = _Batch(self._runner_id(), self._notes, outcome)
                batch.written = self._journal.submit(batch)
            try:
                lost = await asyncio.wrap_future(batch.written)
            except BaseException as error:
                if self._open is batch:
                    self._open = None
                if isinstance(error, DeclaredDead) and batch.runner_id != self._runner_id():
                    continue  # registered anew meanwhile: the queue knows whether the task is still ours
                raise
            if outcome.task_id in lost:
                raise LostLease(outcome.task_id)
            return


class _Batch:
    """A journal entry that takes what is there when its turn comes, and the same again should it be repeated."""

    def __init__(self, runner_id: int, notes: Notes, first: Outcome) -> None:
        self.runner_id = runner_id
        self._lock = threading.Lock()
        self._notes = notes.flush()
        self._outcomes = [first]
        self._closed = False
        self.written: Future[list[int]] = Future()

    def add(self, outcome: Outcome) -> bool:
        """False when it is too late."""
        with self._lock:
            if not self._closed:
                self._outcomes.append(outcome)
            return not self._closed

    def __call__(self, uow: UnitOfWork) -> list[int]:
        with self._lock:
            self._closed = True
        self._notes(uow)
        return queue.finish(uow, self.runner_id, self._outcomes)


async def execute(run: Run, finisher: Finisher, *, max_deaths: int) -> None:
    """Run the task to an end, or until it is given back or lost. Raises nothing: whatever happens is an outcome. One that
    cannot be written counts as a death, so that the task ends in time with words of its own."""
    claim = run.claim
    try:
        await finisher.finish(await _outcome_of(run, max_deaths))
    except TaskReleased:
        await _give_back(run)
    except _GONE as error:
        log.warning("task %d left: %s", claim.task_id, error)
    except Exception:
        log.exception("task %d could not be closed", claim.task_id)
        await _give_back(run, grace=run.hands.grace)


async def _give_back(run: Run, *, grace: float | None = None) -> None:
    """What fails here is done when the runner signs off, or by others when it does not."""
    task, hands = run.claim, run.hands
    try:
        await hands.journal.do(
            lambda uow: queue.release(uow, hands.runner_id, task.task_id, task.token, grace=grace)
        )
    except _GONE as error:
        log.info("task %d was not given back: %s", task.task_id, error)
    except Exception:
        log.exception("task %d was not given back", task.task_id)


async def _outcome_of(run: Run, max_deaths: int) -> Outcome:
    claim = run.claim
    too_often = claim.deaths > max_deaths
    if too_often:
        error = TaskKeepsDying(
            f"This task was begun {claim.deaths - 1} times and neither ended nor got a step done.",
            hint="Look for crash reports and into the log on the machine that ran it; what it changed is put back.",
            where=claim.target,
        )
        if claim.deaths > 2 * max_deaths:
            return _failed(claim.task_id, claim.token, error)
        run.cancel_grade = CancelGrade.NOW
        run.log(error.message, "error")
    context: RunContext | None = None
    try:
        declared = run.hands.catalogue[run.plan.kind]
        params = declared.validate(run.plan.params)
        target = _target(run)
        context = RunContext(run, target)
        clients, vsphere = run.hands.services.clients, run.hands.services.vsphere
        if vsphere is not None:
            vsphere.look_again()
        if target is not None and clients is not None:
            await run.in_thread(lambda: clients.prepare(target))
        result = await declared.body(context, params)
        if not isinstance(result, Result):
            raise BodyError(f"'{declared.kind}' returned {type(result).__name__} instead of its Result.")
        data = result.model_dump(mode="json")
    except _GONE:
        raise
    except Cancelled as stopped:
        if too_often:
            return _failed(claim.task_id, claim.token, error)
        return _stopped(run, stopped, context)
    except NotAllDone as failure:
        state = JobState.CANCELLED if failure.stopped else JobState.FAILED
        kept = failure.result.model_dump(mode="json")
        outcome = Outcome(claim.task_id, claim.token, state, failure.message, kept, failure.as_dict())
        return _with_broken(outcome, context)
    except DsmError as failure:
        return _ended_by(run, failure, context)
    except Exception as failure:
        log.exception("task %d", claim.task_id)
        trace = masked_text(traceback.format_exc())[-_DETAIL_LENGTH:]
        message = masked_text(f"{type(failure).__name__}: {failure}")
        unexpected = UnexpectedError(
            message, hint="Please report this as a bug.", where=claim.target, detail=trace
        )
        return _ended_by(run, unexpected, context)
    return Outcome(claim.task_id, claim.token, JobState.COMPLETED, result.summary, data)


def _ended_by(run: Run, failure: DsmError, context: RunContext | None) -> Outcome:
    """A failure, with what could not be put back on top of it."""
    if run.claim.restoring and not isinstance(failure, RestoreFailed):
        return _stopped(run, Cancelled(failure.message), context)
    outcome = _failed(run.claim.task_id, run.claim.token, failure)
    return _with_broken(outcome, context)


def _stopped(run: Run, stopped: Cancelled, context: RunContext | None) -> Outcome:
    """Cancelled; or, where an ended task was only put back, what it had ended with."""
    claim = run.claim
    before = run.plan.error
    if claim.restoring and before is not None:
        state = JobState.CANCELLED if before.get("code") == Cancelled.__name__ else JobState.FAILED
        outcome = Outcome(claim.task_id, claim.token, state, str(before.get("message", "")), None, before)
    else:
        outcome = Outcome(
            claim.task_id, claim.token, JobState.CANCELLED, stopped.message, None, stopped.as_dict()
        )
    return _with_broken(outcome, context)


def _with_broken(outcome: Outcome, context: RunContext | None) -> Outcome:
    """The outcome, and what could not be put back now before its own next step. An earlier attempt to put back has said the
    same: its words are replaced."""
    broken = context.promises.broken if context is not None else []
    error: dict[str, Any] = dict(outcome.error or {})
    own = str(error.pop(_OWN_HINT, error.get("hint", "")))
    if not broken:
        return replace(outcome, error={**error, "hint": own} if outcome.error else None)
    hint = f"Not put back, see the restore list: {'; '.join(broken)}. {own}".strip()
    return replace(outcome, state=JobState.FAILED, error={**error, "hint": hint, _OWN_HINT: own})


_OWN_HINT = "own_hint"
"""In the error of a task that has left something changed: its next step without the words about that."""


def _failed(task_id: int, token: int, error: DsmError) -> Outcome:
    return Outcome(task_id, token, JobState.FAILED, error.message, None, error.as_dict())


def _target(run: Run) -> Target | None:
    server, host = run.plan.server, run.plan.host
    if server is None and host is None:
        return None
    on = HostTarget(**host) if host is not None else None
    if server is None:
        return Target(0, run.claim.target, "", 0, "", "", "", on)
    return Target(
        server_id=server["id"],
        label=run.claim.target or server["address"],
        address=server["address"],
        port=server["port"],
        service_tag=server["service_tag"] or "",
        model=server["model"],
        generation=server["generation"],
        host=on,
    )
