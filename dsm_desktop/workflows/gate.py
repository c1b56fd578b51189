"""What must hold before a server's firmware or configuration is changed: nothing else is going on, and it is well enough."""

from __future__ import annotations

from pydantic import BaseModel

from dsm_desktop.core.errors import Blame, DsmError
from dsm_desktop.core.states import Health, PowerState
from dsm_desktop.jobs import JobContext, TimedOut
from dsm_desktop.net.links import safe_path
from dsm_desktop.redfish.client import RedfishClient
from dsm_desktop.redfish.device_jobs import DeviceJob, device_jobs
from dsm_desktop.redfish.documents import link
from dsm_desktop.redfish.errors import Missing
from dsm_desktop.redfish.lifecycle import lifecycle_status
from dsm_desktop.redfish.settings import lockdown
from dsm_desktop.workflows.device_work import Patience, patient


class GateClosed(DsmError):
    """Something stands in the way of changing this server. Nothing was sent."""

    blame = Blame.PEER


class _State(BaseModel):
    """What was found at the gate. `jobs` are the ids of all jobs in the iDRAC's queue, `in_the_way` in words."""

    power: PowerState
    jobs: list[str]
    in_the_way: str = ""
    hint: str = ""


async def pass_gate(
    ctx: JobContext, patience: Patience, *, even_if_critical: bool = False, key: str = ""
) -> list[str]:
    """Wait until the Lifecycle Controller is ready and running jobs have ended; the ids of the jobs in the queue.

    Raises GateClosed for what does not pass by itself: lockdown, a job that waits for a restart, critical health.
    """

    def quiet() -> bool | None:
        bmc = ctx.redfish()
        status = lifecycle_status(bmc)
        if status is not None and not status.ready:
            if status.lc in ("Disabled", "InRecovery"):
                raise GateClosed(f"{_first_up(status.why)}.", hint=_LC_HINT, where=ctx.target.label)
            return None
        return None if any(_runs(job) for job in device_jobs(bmc)) else True

    try:
        await ctx.wait_for(
            f"{ctx.target.label} to be ready for work",
            patient(quiet, (GateClosed,)),
            every=patience.every,
            timeout=patience.minutes * 60,
        )
    except TimedOut as error:
        why = await ctx.run(lambda: _what_runs(ctx.redfish()))
        raise GateClosed(
            f"{ctx.target.label} was not ready for work within {patience.minutes:.0f} minutes: {why}.",
            hint="Look at its job queue; clear it or restart the iDRAC when nothing moves.",
            where=ctx.target.label,
        ) from error
    found = await ctx.step(
        "pass the gate", lambda: _look(ctx.redfish(), even_if_critical), key=key, returns=_State
    )
    if found.in_the_way:
        raise GateClosed(f"{found.in_the_way}.", hint=found.hint, where=ctx.target.label)
    return found.jobs


_LC_HINT = "Switch the Lifecycle Controller on (iDRAC settings), or take it out of recovery."


def _look(bmc: RedfishClient, even_if_critical: bool) -> _State:
    facts = bmc.facts()
    jobs = device_jobs(bmc)
    state = _State(power=facts.power_state, jobs=[job.id for job in jobs])
    if _locked(bmc):
        return state.model_copy(
            update={
                "in_the_way": "System lockdown mode is on",
                "hint": "Switch it off on the iDRAC for the time of the work.",
            }
        )
    waiting = next((job for job in jobs if not job.ended and not job.is_reboot), None)
    if waiting is not None:
        return state.model_copy(
            update={
                "in_the_way": f"The iDRAC's job {waiting.id} ({waiting.name or waiting.kind}, {waiting.state}) is unfinished and"
                " would be run by a restart",
                "hint": "Let it run, or take it out of the iDRAC's job queue.",
            }
        )
    if facts.health is Health.CRITICAL and not even_if_critical:
        return state.model_copy(
            update={
                "in_the_way": "The server's health is critical",
                "hint": "Repair it first, or allow work on critical servers in the job's form.",
            }
        )
    return state


def _runs(job: DeviceJob) -> bool:
    """Whether it moves by itself: what is scheduled for a restart does not."""
    return not job.ended and not job.scheduled


def _what_runs(bmc: RedfishClient) -> str:
    status = lifecycle_status(bmc)
    if status is not None and not status.ready:
        return status.why
    job = next((j for j in device_jobs(bmc) if _runs(j)), None)
    return f"its job {job.id} ({job.name or job.kind}) is {job.state}" if job else "it was busy"


def _locked(bmc: RedfishClient) -> bool:
    """By the iDRAC's attributes; False where they are not readable (iDRAC7/8 know no lockdown)."""
    path = link(bmc.manager(), "Links", "Oem", "Dell", "DellAttributes")
    if not path:
        return False
    try:
        return lockdown(bmc.get(safe_path(path))) is True
    except Missing:
        return False


def _first_up(words: str) -> str:
    return words[:1].upper() + words[1:]
