"""Switch servers on and off, or restart them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from pydantic import Field

from dsm_desktop.core.errors import DsmError
from dsm_desktop.core.states import PowerAction, PowerState
from dsm_desktop.jobs import Danger, JobContext, Paced, Result, TimedOut, job
from dsm_desktop.net.limits import RetryLater
from dsm_desktop.operations.reading import reported

_RESTARTS = (PowerAction.GRACEFUL_RESTART, PowerAction.FORCE_RESTART, PowerAction.POWER_CYCLE)
_FORCED = (PowerAction.FORCE_OFF, PowerAction.FORCE_RESTART, PowerAction.POWER_CYCLE, PowerAction.NMI)
_ENDS_IN = {
    PowerAction.ON: PowerState.ON,
    PowerAction.GRACEFUL_OFF: PowerState.OFF,
    PowerAction.FORCE_OFF: PowerState.OFF,
}


class NotStopped(DsmError):
    """The server's operating system did not follow a graceful request in time. Nothing was forced."""


@dataclass(frozen=True, slots=True)
class _Sent:
    """One reset request: the state it ends in (None for restarts) and what the device said before it."""

    action: PowerAction
    reset_type: str
    ends_in: PowerState | None
    mark: dict[str, str]


class PowerParams(Paced):
    action: PowerAction = Field(title="Action")
    wait: bool = Field(True, title="Wait until it is done", description="the power state is read back")
    minutes: int = Field(10, ge=1, le=120, title="Give up after", json_schema_extra={"unit": "minutes"})


class PowerResult(Result):
    before: PowerState = Field(title="Before")
    after: PowerState = Field(title="After")
    proven: bool = Field(title="Read back")


def danger_of(params: PowerParams) -> Danger:
    """Switching on harms nobody; what is forced can lose data and is typed."""
    if params.action is PowerAction.ON:
        return Danger.NONE
    return Danger.DESTRUCTIVE if params.action in _FORCED else Danger.DISRUPTIVE


def warning(params: PowerParams) -> str:
    """The confirmation's sentence."""
    if params.action in _FORCED:
        return "The operating system is not asked; data that is not written yet is lost."
    if params.action is PowerAction.ON:
        return ""
    return "The operating system is asked to stop; everything that runs on these servers ends."


@job(
    "power_action",
    label="Power…",
    title="{action}: {target}",
    menu="Power",
    danger=Danger.DISRUPTIVE,
    danger_of=danger_of,
    exclusive=True,
    confirm=warning,
)
async def power_action(ctx: JobContext, params: PowerParams) -> PowerResult:
    """Switch servers on, off or restart them, gracefully or by force, a few at a time; done means the state was read back.

    A graceful action that the operating system does not follow ends as a failure; nothing is forced instead.
    """
    bmc = ctx.redfish()
    async with reported(ctx):
        before = PowerState(await ctx.step("read power state", lambda: bmc.power_state().value))
        if before is _ENDS_IN.get(params.action):
            return PowerResult(summary=f"Already {before.value}.", before=before, after=before, proven=True)
        if before is PowerState.OFF and params.action in (*_RESTARTS, PowerAction.NMI):
            raise DsmError(
                f"{ctx.target.label} is off, so it cannot be restarted.",
                hint="Choose 'On'.",
                where=ctx.target.label,
            )
        plan = await ctx.step("choose reset types", lambda: _plan(ctx, params.action))
        for number, (reset_type, ends_in) in enumerate(plan):
            ctx.progress(number, len(plan), f"Sending {reset_type}")
            mark = await ctx.step("note last reset", partial(bmc.reset_mark, params.action), key=reset_type)
            sent = _Sent(params.action, reset_type, PowerState(ends_in) if ends_in else None, mark)
            await _send(ctx, sent)
            if not ctx.dry_run and (params.wait or number + 1 < len(plan)):
                await _settle(ctx, params, sent)
        if ctx.dry_run:
            return PowerResult(
                summary="Nothing was sent (dry run).", before=before, after=before, proven=False
            )
        after = PowerState(await ctx.step("read back", lambda: bmc.power_state().value))
    ctx.progress(len(plan), len(plan), "Done")
    words = f"{before.value.replace('_', ' ')} → {after.value.replace('_', ' ')}"
    return PowerResult(summary=f"Power {words}.", before=before, after=after, proven=params.wait)


def _plan(ctx: JobContext, action: PowerAction) -> list[list[str]]:
    """(ResetType, power state it ends in or "") per request; what this generation does not offer is emulated."""
    steps = ctx.redfish().reset_plan(action)
    return [[step.reset_type, step.wait_for.value if step.wait_for else ""] for step in steps]


async def _send(ctx: JobContext, sent: _Sent) -> None:
    bmc = ctx.redfish()

    def taken() -> str | None:
        return "accepted" if bmc.reset_was_taken(sent.action, sent.mark, sent.ends_in) else None

    answer = await ctx.step(
        "reset",
        lambda: bmc.reset_type(sent.reset_type).value,
        key=sent.reset_type,
        changing=True,
        interrupted=taken,
        plan=f"ComputerSystem.Reset {sent.reset_type} on {ctx.target.label}",
    )
    if not ctx.dry_run:
        ctx.log(f"{sent.reset_type}: {answer.replace('_', ' ')}")


async def _settle(ctx: JobContext, params: PowerParams, sent: _Sent) -> None:
    """Wait until the device shows the reset: a 204 means only that it was heard."""
    bmc = ctx.redfish()

    def shown() -> bool | None:
        if sent.ends_in is not None:
            return True if bmc.power_state() is sent.ends_in else None
        return True if bmc.reset_was_taken(sent.action, sent.mark) else None

    try:
        await ctx.wait_for(
            f"{sent.reset_type} of {ctx.target.label}",
            shown,
            every=3,
            timeout=params.minutes * 60,
            tolerate=(RetryLater,),
        )
    except TimedOut as error:
        raise NotStopped(
            f"{ctx.target.label} did not follow {sent.reset_type} within {params.minutes} minutes.",
            hint="Look at its console; if the operating system hangs, choose a forced action.",
            where=ctx.target.label,
        ) from error
