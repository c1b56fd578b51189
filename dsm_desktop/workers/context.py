"""The context an operation's body sees: every promise of `jobs.context.JobContext`, kept for one run of one task."""

from __future__ import annotations

import math
import re
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar, cast

from dsm_desktop.commands.jobs import submit
from dsm_desktop.core.access import Principal
from dsm_desktop.core.errors import Cancelled, DsmError
from dsm_desktop.core.states import CancelGrade, StepState
from dsm_desktop.jobs.context import Question, Target, TimedOut
from dsm_desktop.redfish.client import RedfishClient
from dsm_desktop.store import orders, queue, steps
from dsm_desktop.store.unit_of_work import UnitOfWork
from dsm_desktop.workers import results
from dsm_desktop.workers.asking import ask
from dsm_desktop.workers.errors import BlockingOnLoop, BodyError, on_loop, revive_error
from dsm_desktop.workers.restoring import Promises
from dsm_desktop.workers.run import Run, retry_pause
from dsm_desktop.workers.stepping import Step, Stepper
from dsm_desktop.workers.trusting import Trusting

if TYPE_CHECKING:
    from dsm_desktop.vmware.client import VcenterClient
    from dsm_desktop.vmware.esxi.shell import EsxiShell

T = TypeVar("T")

_NOTED_SLEEP = 30.0
_CLOCK_SECONDS = 2.5  # how often somebody who waits for a time of the clock looks at it

_NUMBER = re.compile(r"(: [^:()]+)? \(\d+\)$")
"""What tells several waits for the same thing apart, which says nothing to a person."""


class RunContext:
    """Handed to the body. Methods that are no coroutines may be called on the loop or in pool threads."""

    def __init__(self, run: Run, target: Target | None) -> None:
        self._run = run
        self._target = target
        self._records = {(record.name, record.key): record for record in run.plan.steps}
        self._trust = Trusting(run, target)
        self._stepper = Stepper(run, self._records, self._trust, lambda: self.promises.all_entered)
        self.promises = Promises(run, self._stepper, self._trust)
        self._named: set[tuple[str, str]] = set()
        self._counts: Counter[str] = Counter()

    # --- facts ----------------------------------------------------------------------------------------------------

    @property
    def target(self) -> Target:
        if self._target is None:
            raise BodyError("This task has no server.", hint="Declare the job with Targets.SERVER.")
        return self._target

    @property
    def job_id(self) -> int:
        return self._run.claim.job_id

    @property
    def task_id(self) -> int:
        return self._run.claim.task_id

    @property
    def submitted_by(self) -> str:
        return self._run.plan.submitted_by

    @property
    def started(self) -> datetime:
        return self._run.claim.started

    @property
    def dry_run(self) -> bool:
        return self._run.plan.dry_run

    def now(self) -> datetime:
        return self._run.hands.clock.now()

    # --- telling --------------------------------------------------------------------------------------------------

    def progress(self, done: int, total: int, message: str = "") -> None:
        claim = self._run.claim
        self._run.hands.notes.progress(claim.task_id, claim.token, done, total, message)

    def log(self, message: str, level: str = "info") -> None:
        self._run.log(message, level)

    def check(self) -> None:
        self._run.refuse_lost()
        # While a replay has not reached every promise that stands, stopping here would leave one unkept.
        if self.promises.all_entered:
            self._run.frontier()

    def still_ours(self) -> None:
        self._run.renew()

    def stopping(self) -> bool:
        return self._run.stopping

    # --- steps ----------------------------------------------------------------------------------------------------

    async def step(
        self,
        name: str,
        do: Callable[[], T],
        *,
        key: str = "",
        changing: bool = False,
        interrupted: Callable[[], T | None] | None = None,
        attempts: int = 1,
        plan: str = "",
        returns: Any = None,
    ) -> T:
        self._name(name, key)
        if changing and interrupted is None:
            raise BodyError(f"The step '{name}' changes a device and has no `interrupted` probe.")
        step = Step(name, key, do, "step", changing, interrupted, attempts, returns)
        if self.dry_run and changing:
            self.log(f"would do: {plan or step.label}")
            return None  # type: ignore[return-value]  # said so in the contract: a dry run has no result
        done, value = self._stepper.recorded(step)
        if not done:
            value = await self._stepper.perform(step)
        return value  # type: ignore[no-any-return]

    def always(
        self,
        name: str,
        what: str,
        undo: Callable[[], Any],
        *,
        original: dict[str, Any],
        key: str = "",
        stays: Callable[[], bool] | None = None,
        first: Callable[[], Awaitable[None]] | None = None,
    ) -> AbstractAsyncContextManager[None]:
        self._name(f"put back: {name}", key)
        if self.dry_run:
            return self._would_put_back(what)
        return self.promises.block(name, key, what, undo, original, stays, first)

    @asynccontextmanager
    async def _would_put_back(self, what: str) -> AsyncIterator[None]:
        yield
        self.log(f"would put back: {what}")

    async def run(self, do: Callable[[], T]) -> T:
        self._run.refuse_lost()
        await self._run.gate()
        return await self._trust.work(do)

    # --- waiting --------------------------------------------------------------------------------------------------

    async def wait_for(
        self,
        what: str,
        probe: Callable[[], T | None],
        *,
        every: float,
        timeout: float,
        tolerate: tuple[type[Exception], ...] = (),
        returns: Any = None,
    ) -> T:
        name = f"wait for {what}"[:120]
        key = self._count(name)  # of the name as it is recorded: several long ones may be cut to the same
        if self.dry_run:
            self.log(f"would wait for: {what}")
            return await self.run(probe)  # type: ignore[arg-type]  # a dry run waits for nothing
        record = self._records.get((name, key))
        if record is not None and record.state is StepState.FAILED:
            raise revive_error(record.error)
        if record is not None and record.state is StepState.DONE and record.result is not None:
            value = record.result.get("value")
            if value is not None:
                return results.decode(value, returns)  # type: ignore[no-any-return]
        self._run.frontier()
        ends = time.monotonic() + timeout - await self._begin("wait", name, key)
        asked = self._trust.waited
        while True:
            value, pause = await self._poll(probe, every, tolerate)
            if value is not None:
                await self._end(name, key, _recordable(value, returns))
                return cast("T", value)
            left = ends + self._trust.waited - asked - time.monotonic()
            if left <= 0:
                error = TimedOut(
                    f"{what} did not happen within {timeout:.0f} s.",
                    where=self._target.label if self._target else "",
                    hint="Look at the server, then retry the job.",
                )
                await self._end(name, key, None, error)
                raise error
            await self._run.park(min(pause, left))
            self._run.refuse_lost()
            if self._run.now_please():
                raise Cancelled(f"Stopped while waiting for {_NUMBER.sub('', what)}.")

    async def see_out(
        self, what: str, probe: Callable[[], T | None], *, every: float, returns: Any = None
    ) -> T:
        self._run.undoing += 1
        try:
            return await self.wait_for(what, probe, every=every, timeout=math.inf, returns=returns)
        finally:
            self._run.undoing -= 1

    async def _poll(
        self, probe: Callable[[], Any], every: float, tolerate: tuple[type[Exception], ...]
    ) -> tuple[Any, float]:
        await self._run.gate()
        try:
            return await self._trust.work(probe), every
        except tolerate:
            return None, every
        except DsmError as error:
            # A device or a limit that says when to come again is no failure of what is waited for.
            if not error.retryable or not hasattr(error, "retry_after"):
                raise
            return None, max(every, retry_pause(error, 1))

    async def sleep(self, seconds: float) -> None:
        name, key = "sleep", self._count("sleep")
        record = self._records.get((name, key))
        if self.dry_run or (record is not None and record.state is StepState.DONE):
            return
        self._run.frontier()
        noted = seconds >= _NOTED_SLEEP
        left = seconds - (await self._begin("wait", name, key) if noted else 0.0)
        await self._run.park(left, lambda: self._run.cancelling)
        self._run.frontier()
        if noted:
            await self._end(name, key, None)

    async def sleep_until(self, at: datetime) -> None:
        while not self.dry_run and (left := (at - self.now()).total_seconds()) > 0:
            self._run.frontier()
            await self._run.park(min(left, _CLOCK_SECONDS), lambda: self._run.cancelling)
        self._run.frontier()

    async def decide(self, question: Question) -> str:
        self._name("decide", question.key)
        record = self._records.get(("decide", question.key))
        if record is not None and record.state is StepState.DONE:
            return str((record.result or {}).get("value"))
        if self.dry_run:
            self.log(f"would ask: {question.question} (default: {question.default})")
            return question.default
        answer = await ask(self._run, question)
        if not answer:
            raise Cancelled("Stopped while a question was open.")
        return answer

    async def spawn(
        self,
        kind: str,
        params: dict[str, Any],
        server_ids: list[int],
        *,
        unless: Callable[[UnitOfWork], bool] | None = None,
    ) -> int:
        name, key = f"spawn {kind}", self._count(f"spawn {kind}")
        record = self._records.get((name, key))
        if record is not None and record.state is StepState.DONE:
            return int((record.result or {})["value"])
        if self.dry_run:
            self.log(f"would start: {kind} on {len(server_ids)} servers")
            return 0
        run = self._run
        run.frontier()
        await run.gate()
        principal = Principal(run.plan.submitted_by)

        def start(uow: UnitOfWork) -> int:
            known = steps.result_of(uow, run.claim.task_id, name, key)
            if known is not None:
                return int(known)
            child = 0
            if unless is None or not orders.at_last(uow, run.claim.job_id, unless):
                child = submit(
                    uow,
                    principal,
                    run.hands.catalogue,
                    kind,
                    server_ids,
                    params,
                    parent=run.claim.job_id,
                    priority=run.plan.priority,
                )
            # Who cancels asks the children that are there; one that is put there a moment later would be asked by nobody.
            _, grade = orders.orders(uow.session.connection(), run.claim.job_id)
            if grade >= CancelGrade.AFTER_STEP and not run.undoing:
                raise Cancelled("Stopped because somebody asked for it.")
            steps.begin(uow, run.claim.task_id, run.claim.token, "step", name, key)
            steps.end(uow, run.claim.task_id, run.claim.token, name, key, result=child)
            return child

        return await run.write(start)

    # --- the world ------------------------------------------------------------------------------------------------

    def redfish(self) -> RedfishClient:
        return self._run.hands.services.device_clients().server(self.target)

    def redfish_at(self, address: str, port: int) -> RedfishClient:
        return self._run.hands.services.device_clients().at(address, port)

    def vcenter(self, vcenter_id: int | None = None) -> VcenterClient:
        clients = self._run.hands.services.vsphere_clients()
        if vcenter_id is not None:
            return clients.vcenter(vcenter_id)
        if self._target is None or self._target.host is None:
            raise BodyError("This task has no ESXi host.", hint="Declare the job with Targets.HOST.")
        return clients.of_host(self._target.host)

    def esxi(self, *, trust_first: bool = True) -> EsxiShell:
        if self._target is None or self._target.host is None:
            raise BodyError("This task has no ESXi host.", hint="Declare the job with Targets.HOST.")
        return self._run.hands.services.esxi_shells().shell(self._target.host, trust_first=trust_first)

    @contextmanager
    def write(self) -> Iterator[UnitOfWork]:
        if on_loop():
            raise BlockingOnLoop("ctx.write()")
        run = self._run
        with run.hands.store.write() as uow:
            queue.hold(uow, run.hands.runner_id, run.claim.task_id, run.claim.token)
            yield uow

    def save(self, entry: Callable[[UnitOfWork], T]) -> T:
        if on_loop():
            raise BlockingOnLoop("ctx.save()")
        return self._run.hands.journal.call(self._run.held(entry))

    def service(self, kind: type[T]) -> T:
        return self._run.hands.services.get(kind)

    # --- helpers --------------------------------------------------------------------------------------------------

    def _name(self, name: str, key: str) -> None:
        if (name, key) in self._named:
            raise BodyError(
                f"The step '{name}' with the key '{key}' is there twice.", hint="Give each its own key."
            )
        self._named.add((name, key))

    def _count(self, name: str) -> str:
        """A key for what a body may do several times under one name: its number, the same in every replay."""
        self._counts[name] += 1
        return f"#{self._counts[name]}"

    async def _begin(self, kind: str, name: str, key: str) -> float:
        run = self._run

        def begin(uow: UnitOfWork) -> float:
            return steps.begin(uow, run.claim.task_id, run.claim.token, kind, name, key)

        return await run.write(begin)

    async def _end(self, name: str, key: str, value: Any, error: DsmError | None = None) -> None:
        run = self._run
        said = error.as_dict() if error else None

        def end(uow: UnitOfWork) -> None:
            steps.end(uow, run.claim.task_id, run.claim.token, name, key, result=value, error=said)

        await run.write(end)


def _recordable(value: Any, kind: Any) -> Any:
    """The JSON of what was waited for, None where it has none: a replay then polls again."""
    try:
        return results.encode(value, kind, "")
    except BodyError:
        return None
