"""Switch servers on and off, or restart them."""

from __future__ import annotations

from pydantic import Field

from dsm_desktop.core.errors import DsmError
from dsm_desktop.core.states import PowerAction, PowerState
from dsm_desktop.jobs import Danger, JobContext, Paced, Result, job
from dsm_desktop.operations.reading import reported
from dsm_desktop.workflows.reset import reset_host

_RESTARTS = (PowerAction.GRACEFUL_RESTART, PowerAction.FORCE_RESTART, PowerAction.POWER_CYCLE)
_FORCED = (PowerAction.FORCE_OFF, PowerAction.FORCE_RESTART, PowerAction.POWER_CYCLE, PowerAction.NMI)
_ENDS_IN = {
    PowerAction.ON: PowerState.ON,
    PowerAction.GRACEFUL_OFF: PowerState.OFF,
    PowerAction.FORCE_OFF: PowerState.OFF,
}


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
        ctx.progress(0, 1, f"Sending: {params.action.value.replace('_', ' ')}")
        await reset_host(ctx, params.action, minutes=params.minutes, wait=params.wait)
        if ctx.dry_run:
            return PowerResult(
                summary="Nothing was sent (dry run).", before=before, after=before, proven=False
            )
        after = PowerState(await ctx.step("read back", lambda: bmc.power_state().value))
    ctx.progress(1, 1, "Done")
    words = f"{before.value.replace('_', ' ')} → {after.value.replace('_', ' ')}"
    return PowerResult(summary=f"Power {words}.", before=before, after=after, proven=params.wait)
