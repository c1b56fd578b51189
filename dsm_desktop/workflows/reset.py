"""Switching a host on and off and restarting it: each request is sent once, and done means that the device shows it."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from dsm_desktop.core.errors import DsmError
from dsm_desktop.core.states import PowerAction, PowerState
from dsm_desktop.jobs import JobContext, TimedOut
from dsm_desktop.net.limits import RetryLater
from dsm_desktop.redfish.actions import reset_is_over
from dsm_desktop.workflows.device_work import patient

MINUTE = 60.0
"""Seconds; a host that ignores a request is waited for in minutes."""


class NotStopped(DsmError):
    """The server's operating system did not follow a graceful request in time. Nothing was forced."""


class Restart(enum.StrEnum):
    """How a host is restarted for work that waits for it."""

    GRACEFUL = "graceful"
    GRACEFUL_THEN_FORCED = "graceful_then_forced"
    POWER_CYCLE = "power_cycle"


@dataclass(frozen=True, slots=True)
class _Sent:
    """One reset request: the state it ends in (None for restarts) and what the device said before it."""

    action: PowerAction
    reset_type: str
    ends_in: PowerState | None
    mark: dict[str, str]


async def reset_host(
    ctx: JobContext,
    action: PowerAction,
    *,
    minutes: int,
    wait: bool = True,
    key: str = "",
    every: float = 3,
) -> None:
    """The action in as many requests as this generation needs; waits for each unless `wait` is False for the last.

    `key` tells apart several resets in one body. Raises NotStopped when the host does not follow within `minutes`.
    """
    plan = await ctx.step("choose reset types", lambda: _plan(ctx, action), key=key)
    for number, (reset_type, ends_in) in enumerate(plan):
        name = f"{key}{reset_type}"
        mark = await ctx.step("note last reset", ctx.redfish().reset_mark, key=name)
        sent = _Sent(action, reset_type, PowerState(ends_in) if ends_in else None, mark)
        await _send(ctx, sent, name)
        if not ctx.dry_run and (wait or number + 1 < len(plan)):
            await _settle(ctx, minutes, sent, every)


async def restart_host(ctx: JobContext, how: Restart, *, minutes: int, key: str, every: float = 3) -> None:
    """A host that runs restarts, one that is off is switched on. Only GRACEFUL_THEN_FORCED forces after `minutes`."""
    state = await ctx.step("power state before restart", lambda: ctx.redfish().power_state().value, key=key)
    if state == PowerState.OFF:
        await reset_host(ctx, PowerAction.ON, minutes=minutes, key=f"{key} on ", every=every)
        return
    if how is Restart.POWER_CYCLE:
        await reset_host(ctx, PowerAction.POWER_CYCLE, minutes=minutes, key=f"{key} cycle ", every=every)
        return
    try:
        await reset_host(ctx, PowerAction.GRACEFUL_RESTART, minutes=minutes, key=f"{key} ", every=every)
    except NotStopped as error:
        if how is not Restart.GRACEFUL_THEN_FORCED:
            raise
        ctx.log(f"{error.message} It is restarted by force, as was asked for.", "warning")
        await reset_host(ctx, PowerAction.FORCE_RESTART, minutes=minutes, key=f"{key} forced ", every=every)


def _plan(ctx: JobContext, action: PowerAction) -> list[list[str]]:
    """(ResetType, power state it ends in or "") per request; what this generation does not offer is emulated."""
    steps = ctx.redfish().reset_plan(action)
    return [[step.reset_type, step.wait_for.value if step.wait_for else ""] for step in steps]


async def _send(ctx: JobContext, sent: _Sent, key: str) -> None:

    def taken() -> str | None:
        done = ctx.redfish().reset_was_taken(sent.action, sent.mark, sent.ends_in)
        return "accepted" if done else None

    answer = await ctx.step(
        "reset",
        lambda: ctx.redfish().reset_type(sent.reset_type).value,
        key=key,
        changing=True,
        interrupted=taken,
        plan=f"ComputerSystem.Reset {sent.reset_type} on {ctx.target.label}",
    )
    if not ctx.dry_run:
        ctx.log(f"{sent.reset_type}: {answer.replace('_', ' ')}")


async def _settle(ctx: JobContext, minutes: int, sent: _Sent, every: float) -> None:
    """Wait until the device shows the reset: a 204 means only that it was heard."""

    def shown() -> bool | None:
        bmc = ctx.redfish()
        if sent.ends_in is not None:
            return True if bmc.power_state() is sent.ends_in else None
        return True if reset_is_over(bmc, sent.action, sent.mark) else None

    try:
        await ctx.wait_for(
            f"{sent.reset_type} of {ctx.target.label}",
            # An iDRAC is slow or away now and then while its host starts; the reset was sent, so it is asked again.
            patient(shown),
            every=every,
            timeout=minutes * MINUTE,
            tolerate=(RetryLater,),
        )
    except TimedOut as error:
        raise NotStopped(
            f"{ctx.target.label} did not follow {sent.reset_type} within {minutes} minutes.",
            hint="Look at its console; if the operating system hangs, choose a forced action.",
            where=ctx.target.label,
        ) from error
