"""The run of a rolling update after its plan: gates, one child job per host, orders of people, and what failure means."""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from functools import partial

from dsm_desktop.core.errors import Cancelled, DsmError
from dsm_desktop.core.states import CancelGrade, JobState
from dsm_desktop.jobs import JobContext
from dsm_desktop.operations.roll_ends import (
    ASKED_TO_STOP,
    HostEnd,
    Standing,
    left_words,
    not_again,
    state_words,
    through,
)
from dsm_desktop.operations.roll_gates import Gate, look_at_gates, words_of
from dsm_desktop.operations.roll_planning import read_outcomes
from dsm_desktop.operations.roll_questions import failure_question, gate_question
from dsm_desktop.operations.rolling_options import OnAmber, OnFailure, RollOptions
from dsm_desktop.queries.roll_hosts import HostOutcome, work_of
from dsm_desktop.safety.judge import Light
from dsm_desktop.store.orders import RollOrders, roll_orders
from dsm_desktop.workflows.cluster_settings import ClusterAt, Setting, Wish, settings_held
from dsm_desktop.workflows.maintenance import ATTEMPTS, patiently
from dsm_desktop.workflows.roll_keys import END
from dsm_desktop.workflows.roll_plan import SUSPEND, PlannedHost, RollPlan
from dsm_desktop.workflows.settle import settled


class _End(Exception):
    """The run takes no further host."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class Roll:
    """One run. Each turn is a recorded step or wait, so that a replay takes the same hosts in the same order."""

    def __init__(self, ctx: JobContext, params: RollOptions, plan: RollPlan, at: ClusterAt | None) -> None:
        self._ctx, self._params, self._plan, self._at = ctx, params, plan, at
        self._waiting = list(plan.to_do)
        self._running: dict[int, tuple[PlannedHost, int]] = {}
        self._ends: dict[int, HostEnd] = {}
        self._tried: dict[int, HostEnd] = {}
        self._turn = 0
        self._held: set[Setting] = set()
        self._over = ""

    async def run(self) -> list[HostEnd]:
        """Until no host is left or the run is to end; the hosts in the plan's order. However it ends, the work on hosts has
        ended before: nothing of the cluster is put back under a host that is still out, and nobody else begins."""
        async with AsyncExitStack() as undo:
            try:
                await self._turns(undo)
            except Cancelled as stopped:
                left = left_words(self._plan, await self._see_out())
                raise Cancelled(f"{stopped.message} {left}") from stopped
            except Exception:
                await self._see_out()
                raise
        for host in self._waiting:
            self._end(host, Standing.NOT_BEGUN, self._over)
        for host in self._plan.hosts:
            if host.host_id not in self._ends:
                self._end(host, Standing.UNTOUCHED, host.why)
        return [self._ends[h.host_id] for h in self._plan.hosts]

    async def _turns(self, undo: AsyncExitStack) -> None:
        while self._waiting or self._running:
            self._turn += 1
            if self._waiting and not self._over:
                try:
                    await self._begin(undo)
                except _End as end:
                    await self._take_no_other(end.why)
                    self._ctx.log(f"No further host is begun: {end.why}", "warning")
            if not self._running:
                if self._over or self._ctx.dry_run or not self._waiting:
                    break
                continue
            await self._wait()
            if self._at is not None and not self._running:
                await settled(
                    self._ctx,
                    self._at,
                    key=str(self._turn),
                    follow=self._params.follow_drs,
                    minutes=self._params.settle_minutes,
                    every=self._params.look_seconds,
                )

    # --- beginning a host ---------------------------------------------------------------------------------------------

    async def _begin(self, undo: AsyncExitStack) -> None:
        """Start as many hosts as may be out now; waits for the gates where none runs. Raises _End."""
        while self._waiting and len(self._running) < self._at_once:
            orders = await self._orders()
            host = self._next(orders)
            if host is None:
                return
            if not await self._gates(host, undo):
                return
            # Gates take up to an hour, and what was said meanwhile counts.
            if self._told(host, await self._read_orders(f"before {self._plan.mark(host)}")):
                return
            begun = await self._start(host)
            self._turn += 1
            if not begun:
                return

    @property
    def _at_once(self) -> int:
        """One at a time until the first ring is through."""
        return 1 if self._through < self._params.first else self._params.parallel

    @property
    def _through(self) -> int:
        return sum(e.standing is Standing.DONE for e in self._ends.values())

    async def _orders(self) -> RollOrders:
        """What people have said; waits while the run is paused and nothing is at work."""
        orders = await self._read_orders("")
        if orders.paused and not self._running:
            self._ctx.log(f"Paused by {orders.paused} before the next host.")
            await self._ctx.wait_for(
                "the run to go on", self._unpaused, every=self._params.look_seconds, timeout=30 * 86400
            )
            orders = await self._read_orders("after the pause")
        if orders.grade >= CancelGrade.AFTER_TARGET:
            raise _End(ASKED_TO_STOP)
        return orders

    async def _read_orders(self, when: str) -> RollOrders:
        key = f"{self._turn} {when}".strip()
        return await self._ctx.step("look at orders", self._said, key=key, returns=RollOrders)

    def _said(self) -> RollOrders:
        with self._ctx.write() as uow:
            return roll_orders(uow.session.connection(), self._ctx.job_id)

    def _unpaused(self) -> bool | None:
        said = self._said()
        return True if not said.paused or said.grade else None

    @staticmethod
    def _told(host: PlannedHost, orders: RollOrders) -> bool:
        """Whether somebody wants this host not to be begun now; the next turn sees to it."""
        stop = orders.grade >= CancelGrade.AFTER_TARGET
        return bool(orders.paused) or stop or host.host_id in orders.skip

    def _next(self, orders: RollOrders) -> PlannedHost | None:
        """The next host that nobody wants left out; None while the run is paused or there is none."""
        for host in list(self._waiting):
            left_out = next((o for o in self._plan.of_host(host) if o.answer == "skip_host"), None)
            if host.host_id in orders.skip:
                self._leave_out(host, "somebody asked for it")
            elif left_out is not None:
                self._leave_out(host, f"because of {left_out.name}, as {left_out.by or 'somebody'} decided")
        if orders.paused or not self._waiting:
            return None
        return self._waiting[0]

    def _leave_out(self, host: PlannedHost, why: str) -> None:
        self._waiting.remove(host)
        self._end(host, Standing.SKIPPED, why)
        self._ctx.log(f"{host.name} is left out: {why}.", "warning")

    async def _gates(self, host: PlannedHost, undo: AsyncExitStack) -> bool:
        """Whether the host may be taken now. With others at work a closed gate means "later"; else it is waited for, then asked.
        Admission control that stands in the way is suspended for the rest of the run."""
        if self._at is None:
            return True
        gate = await self._look(host, "")
        if gate.admission and self._params.suspend_admission and Setting.ADMISSION_CONTROL not in self._held:
            self._held.add(Setting.ADMISSION_CONTROL)
            wish = Wish(Setting.ADMISSION_CONTROL, "off", f"it would not let {host.name} be emptied")
            await undo.enter_async_context(settings_held(self._ctx, self._at, [wish]))
            gate = await self._look(host, "admission control suspended")
        if gate.open(self._params.on_amber is OnAmber.GO_ON):
            self._tell(host, gate)
            return True
        if self._running:
            return False
        return await self._closed(host, gate)

    def _tell(self, host: PlannedHost, gate: Gate) -> None:
        if not gate.green:
            self._ctx.log(f"Gates before {host.name}: {gate.colour}. {words_of(gate)}", "warning")

    async def _look(self, host: PlannedHost, when: str) -> Gate:
        assert self._at is not None
        busy = [h.moid for h, _ in self._running.values()]
        try:
            return await self._looked_at(host, when, busy)
        except DsmError as error:
            if not error.retryable:
                raise
            # A vCenter that stays away is waited for and then asked about, as anything else that closes a gate.
            why = f"vCenter {error.where} does not answer: {error.message.rstrip('.')}. {error.hint}".strip()
            return Gate(colour=Light.RED.value, reasons=[why])

    async def _looked_at(self, host: PlannedHost, when: str, busy: list[str]) -> Gate:
        assert self._at is not None
        return await self._ctx.step(
            "look at the gates",
            partial(
                look_at_gates,
                self._ctx,
                self._at,
                [*busy, host.moid],
                self._params,
                self._plan,
                busy,
                held=bool(self._held),
            ),
            key=f"{self._turn} {host.moid} {when}".strip(),
            returns=Gate,
            attempts=ATTEMPTS,
        )

    async def _closed(self, host: PlannedHost, gate: Gate) -> bool:
        """Wait for the gate to open; after that time a person says how to go on."""
        assert self._at is not None
        at, ctx, params = self._at, self._ctx, self._params
        ctx.log(f"{host.name} waits: {gate.colour}. {words_of(gate)}", "warning")
        ctx.progress(len(self._ends), len(self._plan.to_do), f"{host.name} waits: {words_of(gate)}")
        seen = [gate]

        def opened() -> str | None:
            seen[0] = look_at_gates(ctx, at, [host.moid], params, self._plan)
            good = seen[0].open(params.on_amber is OnAmber.GO_ON)
            return "open" if good else None

        def over() -> str | None:
            if self._told(host, self._said()):
                return "told"
            # A vCenter that does not answer makes nobody wait longer than was asked for.
            return patiently(opened)() or ("late" if ctx.now() >= until else None)

        begun = await ctx.step(
            "gate closed since", lambda: ctx.now().isoformat(), key=f"{self._turn} {host.moid}"
        )
        until = datetime.fromisoformat(begun) + timedelta(minutes=params.gate_minutes)
        if not ctx.dry_run:
            end = await ctx.wait_for(
                f"the gates before {host.name}",
                over,
                every=max(params.look_seconds, 1.0),
                timeout=params.gate_minutes * 60 + 86400,
            )
            if end != "late":
                return end == "open"
            gate = await self._look(host, "late")
        answer = await ctx.decide(gate_question(host, gate, self._turn, params.ask_hours))
        if answer == "stop":
            raise _End(f"{host.name} could not be taken: {words_of(gate)}")
        if answer == "skip":
            self._leave_out(host, f"the cluster was {gate.colour}: {words_of(gate)}")
            return False
        return answer == "go_on" and await self._as_answered(host, gate)

    async def _as_answered(self, host: PlannedHost, gate: Gate) -> bool:
        """The question may have been open for hours: only what the person has seen is gone over, else it is asked again."""
        now = await self._look(host, "answered")
        if now.within(gate):
            return True
        self._ctx.log(
            f"{host.name} is not taken as was decided, the cluster is {now.colour} by now.", "warning"
        )
        return False

    async def _start(self, host: PlannedHost) -> bool:
        """False where somebody has said at the last moment that it is not to be begun. With all decisions of a cluster, whose VMs
        may have moved; outside of one with those about this host's own VMs."""
        of_it = self._plan.obstacles if self._at is not None else self._plan.of_host(host)
        given = [o for o in of_it if o.answer and o.answer != SUSPEND]
        answers = [f"{o.vm} = {o.answer}" for o in given]
        child = await self._ctx.spawn(
            "host_update",
            self._params.for_host(answers),
            [host.host_id],
            unless=lambda uow: self._told(host, roll_orders(uow.session.connection(), self._ctx.job_id)),
        )
        if not child and not self._ctx.dry_run:
            return False
        self._waiting.remove(host)
        if not self._ctx.dry_run:
            self._running[host.host_id] = (host, child)
            self._ctx.log(f"{host.name}: job {child}. {host.why}")
        return True

    # --- waiting and judging ------------------------------------------------------------------------------------------

    async def _wait(self) -> None:
        """Until one of the hosts at work is through."""
        jobs = [job for _, job in self._running.values()]
        ended = await self._ctx.wait_for(
            "a host to be through",
            partial(self._ended, jobs),
            every=min(2.0, self._params.look_seconds),
            timeout=math.inf,  # each ends by itself, or asks a person and has an answer for nobody's
            returns=list[HostOutcome],
        )
        for outcome in ended:
            host, _ = self._running.pop(outcome.host_id)
            await self._judge(host, outcome)

    def _ended(self, jobs: Sequence[int]) -> list[HostOutcome] | None:
        found = read_outcomes(self._ctx, jobs)
        names = {host.host_id: host.name for host, _ in self._running.values()}
        at_work = [f"{names.get(o.host_id, '')}: {state_words(o)}" for o in found if not o.ended]
        through = len([e for e in self._ends.values() if e.standing is not Standing.UNTOUCHED])
        self._ctx.progress(through, len(self._plan.to_do), "; ".join(at_work))
        return [o for o in found if o.ended] or None

    async def _see_out(self) -> list[HostOutcome]:
        """Wait for the work on hosts to end: who cancels asks it to stop as well, and it takes its hosts back into service."""
        if self._ctx.dry_run:
            return []
        names = {h.host_id: h.name for h in self._plan.hosts}
        told: list[str] = []

        def over() -> list[HostOutcome] | None:
            with self._ctx.write() as uow:
                found = work_of(uow.session.connection(), self._ctx.job_id)
            at_work = [
                f"{names.get(o.host_id, '')} (job {o.job_id}): {state_words(o)}" for o in found if not o.ended
            ]
            if at_work:
                words = f"The run ends when the work on hosts has: {'; '.join(at_work)}"
                self._ctx.progress(len(found) - len(at_work), len(self._plan.to_do), words)
                if not told:
                    told.append(words)
                    self._ctx.log(f"{words}. Then settings are put back.", "warning")
                return None
            return found

        return await self._ctx.see_out(
            "the work on hosts to end",
            over,
            every=min(2.0, self._params.look_seconds),
            returns=list[HostOutcome],
        )

    async def _judge(self, host: PlannedHost, outcome: HostOutcome) -> None:
        state = JobState(outcome.state)
        if state is JobState.COMPLETED:
            self._ends[host.host_id] = through(host, outcome)
            self._ctx.log(f"{host.name} is through: {outcome.message}")
            return
        standing = Standing.CANCELLED if state is JobState.CANCELLED else Standing.FAILED
        self._end(host, standing, outcome.message, outcome.job_id, outcome.hint)
        self._ctx.log(f"{host.name}: {outcome.message} {outcome.hint}".strip(), "error")
        await self._after_failure(host, outcome, standing)

    async def _after_failure(self, host: PlannedHost, outcome: HostOutcome, standing: Standing) -> None:
        """By default the run ends; the first ring ends it in any case but where a person is asked."""
        if standing is Standing.CANCELLED:
            orders = await self._read_orders(f"after {self._plan.mark(host)}")
            if host.host_id in orders.skip:
                self._end(host, Standing.SKIPPED, "somebody asked for it", outcome.job_id)
                return
        how = self._params.on_failure
        trial = self._through < max(1, self._params.first)
        if how is OnFailure.GO_ON and not trial:
            return
        if how is OnFailure.STOP or (how is OnFailure.GO_ON and trial):
            await self._take_no_other(f"{host.name} failed: {outcome.message}")
            return
        mark, hours = self._plan.mark(host), self._params.ask_hours
        question = failure_question(host, outcome, self._turn, mark, hours, bool(self._waiting))
        answer = await self._ctx.decide(question)
        if answer == "retry":
            self._tried[host.host_id] = self._ends.pop(host.host_id)
            self._waiting.insert(0, host)
        elif answer == "stop":
            await self._take_no_other(f"{host.name} failed: {outcome.message}")

    async def _take_no_other(self, why: str) -> None:
        """Kept, so that whoever looks at the run while others finish sees which hosts are not begun, and why."""
        if not self._over:
            self._over = await self._ctx.step(END, lambda: why, key=str(self._turn))

    def _end(self, host: PlannedHost, standing: Standing, why: str, job: int = 0, hint: str = "") -> None:
        end = HostEnd(host_id=host.host_id, name=host.name, standing=standing, why=why, hint=hint, job_id=job)
        last = self._tried.get(host.host_id)
        self._ends[host.host_id] = end if job or last is None else not_again(last, why)
