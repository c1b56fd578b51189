"""Switching a host on and off and restarting it: each request is sent once, and done means that the device shows it."""

from __future__ import annotations

import math
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial

from dsm_desktop.core.errors import Blame, DsmError
from dsm_desktop.core.states import PowerAction, PowerState
from dsm_desktop.core.worded import Worded
from dsm_desktop.jobs import JobContext, TimedOut
from dsm_desktop.net.limits import RetryLater
from dsm_desktop.redfish.actions import reset_is_over
from dsm_desktop.redfish.errors import RedfishError
from dsm_desktop.redfish.power import ResetOutcome
from dsm_desktop.workflows.device_work import patient

MINUTE = 60.0
"""Seconds; a host that ignores a request is waited for in minutes."""


class NotStopped(DsmError):
    """The server's operating system did not follow a graceful request in time. Nothing was forced."""


class Restart(Worded):
    """How a host is restarted for work that waits for it."""

    GRACEFUL = "graceful", "Graceful"
    GRACEFUL_THEN_FORCED = "graceful_then_forced", "Graceful, then forced"
    POWER_CYCLE = "power_cycle", "Power cycle"


class MayStop(DsmError):
    """A server that was asked to stop for its restart still runs. Off, it does not come on by itself."""

    blame = Blame.PEER


class StillOn(DsmError):
    """A server that was off before the work, and does not go off again."""

    blame = Blame.PEER


def _nothing() -> None:
    """No time is too late."""


def _untold(may_come: bool) -> None:
    """Whoever asks for a reset has nothing to do with how it goes."""


async def _stops() -> bool:
    """Nobody is asked about it."""
    return True


@dataclass(frozen=True, slots=True)
class Course:
    """What the caller has to do with a reset under way. `allowed` raises when it is too late: asked right before the first
    request, the others finish what it began. `sent` is told that a request may have left (true), and that the device refused it
    (false). `late` is asked when the host does not follow in time: true where it has gone after all. `settled` is awaited before a
    host that was stopped for a restart is switched on after work that did not go well: false where somebody said that it does not
    stop."""

    allowed: Callable[[], None] = _nothing
    sent: Callable[[bool], None] = _untold
    late: Callable[[NotStopped], Awaitable[bool]] | None = None
    settled: Callable[[], Awaitable[bool]] = _stops


async def reset_host(
    ctx: JobContext,
    action: PowerAction,
    *,
    minutes: int,
    wait: bool = True,
    key: str = "",
    every: float = 3,
    course: Course | None = None,
) -> None:
    """The action in as many requests as this generation needs; waits for each unless `wait` is False for the last.

    `key` tells apart several resets in one body. Raises NotStopped when the host does not follow within `minutes`. A restart
    that is a stop and a start leaves no server off: see `_StopAndStart`.
    """
    plan = await ctx.step("choose reset types", lambda: _plan(ctx, action), key=key)
    requests = [_Request(t, PowerState(ends_in) if ends_in else None, f"{key}{t}") for t, ends_in in plan]
    reset = _Reset(ctx, action, minutes, every, course or Course())
    if len(requests) == 2:
        stop, start = requests
        await _StopAndStart(reset, stop, start, key).carry_out(wait=wait)
        return
    (request,) = requests
    mark = await reset.mark(request)
    await reset.send(request, mark, reset.course.allowed, reset.course.sent)
    if wait and not ctx.dry_run:
        try:
            await reset.settle(request, partial(reset.shown, request, mark))
        except NotStopped as error:
            if request.ends_in is PowerState.ON or not await reset.went(error):
                raise


async def restart_host(
    ctx: JobContext,
    how: Restart,
    *,
    minutes: int,
    key: str,
    every: float = 3,
    course: Course | None = None,
) -> None:
    """A host that runs restarts, one that is off is switched on. Only GRACEFUL_THEN_FORCED forces after `minutes`.
    `course` as for `reset_host`."""
    course = course or Course()
    reset = partial(reset_host, ctx, minutes=minutes, every=every)
    state = await ctx.step("power state before restart", lambda: ctx.redfish().power_state().value, key=key)
    if state == PowerState.OFF:
        await reset(PowerAction.ON, key=f"{key} on ", course=course)
        return
    if how is Restart.POWER_CYCLE:
        await reset(PowerAction.POWER_CYCLE, key=f"{key} cycle ", course=course)
        return

    async def forced(error: NotStopped) -> bool:
        ctx.log(f"{error.message} It is restarted by force, as was asked for.", "warning")
        await reset(PowerAction.FORCE_RESTART, key=f"{key} forced ", course=course)
        return True

    forces = how is Restart.GRACEFUL_THEN_FORCED
    gently = replace(course, late=forced) if forces else course
    await reset(PowerAction.GRACEFUL_RESTART, key=f"{key} ", course=gently)


def _plan(ctx: JobContext, action: PowerAction) -> list[list[str]]:
    """(ResetType, power state it ends in or "") per request; what this generation does not offer is emulated."""
    steps = ctx.redfish().reset_plan(action)
    return [[step.reset_type, step.wait_for.value if step.wait_for else ""] for step in steps]


@dataclass(frozen=True, slots=True)
class _Request:
    """`ends_in` None for a restart; `key` is its own within the body."""

    reset_type: str
    ends_in: PowerState | None
    key: str


_Mark = dict[str, str]
"""What the device said of its last reset."""


@dataclass(frozen=True, slots=True)
class _Reset:
    """The requests of one action: each is sent once, and waited for."""

    ctx: JobContext
    action: PowerAction
    minutes: int
    every: float
    course: Course

    async def mark(self, request: _Request) -> _Mark:
        return await self.ctx.step("note last reset", self.ctx.redfish().reset_mark, key=request.key)

    async def send(
        self, request: _Request, mark: _Mark, allowed: Callable[[], None], told: Callable[[bool], None]
    ) -> None:
        ctx = self.ctx

        def send() -> str:
            allowed()
            told(True)
            try:
                return ctx.redfish().reset_type(request.reset_type).value
            except RedfishError as error:
                told(not 400 <= error.status < 500)
                raise

        def taken() -> str | None:
            told(True)
            done = ctx.redfish().reset_was_taken(self.action, mark, request.ends_in)
            return "accepted" if done else None

        answer = await ctx.step(
            "reset",
            send,
            key=request.key,
            changing=True,
            interrupted=taken,
            plan=f"ComputerSystem.Reset {request.reset_type} on {ctx.target.label}",
        )
        if not ctx.dry_run:
            told(True)
            ctx.log(f"{request.reset_type}: {answer.replace('_', ' ')}")

    def shown(self, request: _Request, mark: _Mark) -> str | None:
        """Whether the device shows it: a 204 means only that it was heard."""
        bmc = self.ctx.redfish()
        if request.ends_in is not None:
            return request.ends_in.value if bmc.power_state() is request.ends_in else None
        return PowerState.ON.value if reset_is_over(bmc, self.action, mark) else None

    async def settle(self, request: _Request, shown: Callable[[], str | None]) -> str:
        """Wait until the device shows it: the power state then. Raises NotStopped."""
        label = self.ctx.target.label
        try:
            return await self.ctx.wait_for(
                f"{request.reset_type} of {label}",
                # An iDRAC is slow or away now and then while its host starts; the reset was sent, so it is asked again.
                patient(shown),
                every=self.every,
                timeout=self.minutes * MINUTE,
                tolerate=(RetryLater,),
            )
        except TimedOut as error:
            raise NotStopped(
                f"{label} did not follow {request.reset_type} within {self.minutes} minutes.",
                hint="Look at its console; if the operating system hangs, choose a forced action.",
                where=label,
            ) from error

    async def went(self, error: NotStopped) -> bool:
        return self.course.late is not None and await self.course.late(error)


class _StopAndStart:
    """A restart of a server that offers none (iDRAC7 and 8): it is stopped, and switched on once it is off.

    An operating system may stop long after it was waited for, so the start stands on the restore list before the stop is sent,
    and stays there until the server is on.
    """

    def __init__(self, reset: _Reset, stop: _Request, start: _Request, key: str) -> None:
        self._reset, self._ctx = reset, reset.ctx
        self._stop, self._start, self._key = stop, start, key
        self._mark: _Mark = {}
        self._begun = self._waited = self._over = self._asked = False

    async def carry_out(self, *, wait: bool) -> None:
        ctx, reset = self._ctx, self._reset
        async with ctx.always(
            "switch on again",
            f"Switch {ctx.target.label} on again",
            self._switch_on,
            original={"power": PowerState.ON.value},
            key=self._key,
            first=self._settled,
        ):
            self._mark = await reset.mark(self._stop)
            await reset.send(self._stop, self._mark, reset.course.allowed, self._sent)
            if ctx.dry_run or await self._down() == PowerState.OFF:
                mark = await reset.mark(self._start)
                await reset.send(self._start, mark, _nothing, _untold)
                if wait and not ctx.dry_run:
                    await reset.settle(self._start, partial(reset.shown, self._start, mark))
            self._over = True

    def _sent(self, may_come: bool) -> None:
        self._begun = may_come
        self._reset.course.sent(may_come)

    def _look(self) -> str | None:
        """Off; or on again, where somebody was quicker."""
        bmc = self._ctx.redfish()
        if bmc.power_state() is PowerState.OFF:
            return PowerState.OFF.value
        return PowerState.ON.value if reset_is_over(bmc, self._reset.action, self._mark) else None

    async def _down(self) -> str:
        try:
            return await self._reset.settle(self._stop, self._look)
        except NotStopped as error:
            self._waited = True
            if not await self._reset.went(error):
                raise
        return await self._reset.settle(self._stop, self._look)

    async def _settled(self) -> None:
        """It is off, or does not go off any more. Raises MayStop."""
        if self._over or not self._begun or not await self._reset.course.settled():
            return
        ctx, look = self._ctx, patient(self._look)
        if await ctx.run(look) is not None:
            return
        if not self._waited:
            ctx.log(
                f"{ctx.target.label} was asked to stop: once it is off, it is switched on again.", "warning"
            )
        try:
            await ctx.wait_for(
                f"{ctx.target.label} to go off",
                look,
                every=self._reset.every,
                timeout=0 if self._waited else self._reset.minutes * MINUTE,
                tolerate=(RetryLater,),
            )
        except TimedOut as error:
            raise MayStop(
                f"{ctx.target.label} was asked to stop for its restart and still runs. It may go off at any moment.",
                hint="Once it is off, 'Put back' on the restore list switches it on. If it runs on, give the entry up there.",
                where=ctx.target.label,
            ) from error

    def _switch_on(self) -> None:
        """Asked for once, and looked at until the device shows it; in a pool thread."""
        if self._over or not self._begun:
            return
        bmc = self._ctx.redfish()
        state = bmc.power_state()
        if state in (PowerState.ON, PowerState.POWERING_ON):
            return
        if state is PowerState.OFF and not self._asked:
            self._asked = bmc.reset_type(self._start.reset_type) is ResetOutcome.TAKEN
        raise RetryLater(
            f"{self._ctx.target.label} is off and does not show yet that it was switched on.",
            retry_after=self._reset.every,
            where=self._ctx.target.label,
        )


@asynccontextmanager
async def off_again(ctx: JobContext, *, minutes: int, every: float) -> AsyncIterator[None]:
    """The block may switch a host on that is off, for what is applied while it starts: at its end the host is off again, or stands
    on the restore list."""
    power = await ctx.step("power state before the work", lambda: ctx.redfish().power_state().value)
    if power != PowerState.OFF:
        yield
        return
    async with ctx.always(
        "host power",
        f"Switch {ctx.target.label} off again",
        _SwitchOff(ctx, minutes, every),
        original={"power": "off"},
    ):
        yield


class _SwitchOff:
    """The operating system is asked to stop, once, and the host looked at until it is off; in a pool thread. It has just been
    started for the work alone. Raises StillOn."""

    def __init__(self, ctx: JobContext, minutes: int, every: float) -> None:
        self._ctx, self._minutes, self._every = ctx, minutes, every
        self._ends = math.inf

    def __call__(self) -> None:
        bmc = self._ctx.redfish()
        state = bmc.power_state()
        if state is PowerState.OFF:
            return
        asked = self._ends < math.inf
        if state is PowerState.ON and not asked and bmc.reset(PowerAction.GRACEFUL_OFF) is ResetOutcome.TAKEN:
            self._ends = time.monotonic() + self._minutes * MINUTE
        label = self._ctx.target.label
        if time.monotonic() >= self._ends:
            raise StillOn(
                f"{label} was off before the work, and did not stop within {self._minutes} minutes when it was asked to.",
                hint="Does it have an operating system that listens? Switch it off, then use 'Put back' on the restore list.",
                where=label,
            )
        raise RetryLater(
            f"{label} was off before the work and is not off again yet.", retry_after=self._every, where=label
        )
