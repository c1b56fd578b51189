"""The proof of firmware: what a job of the iDRAC says is judged, and what counts is the version read afterwards."""

from __future__ import annotations

import enum
from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict

from dsm_desktop.core.errors import Blame, DsmError
from dsm_desktop.core.states import PowerAction
from dsm_desktop.firmware.plan import Planned, restarts_host
from dsm_desktop.firmware.versions import Order, compare
from dsm_desktop.jobs import JobContext, TimedOut
from dsm_desktop.redfish.repository import UNREADABLE
from dsm_desktop.redfish.update import installed_firmware
from dsm_desktop.workflows.device_work import DeviceJobFailed, JobEnd, Patience, follow_job, patient
from dsm_desktop.workflows.firmware_send import running_version, version_reached

PROVEN = "proven"
"""Name of the step that keeps what was read back, item by item: a job that fails later can still be undone."""
EARLY_LOOKS = 4
"""How often it is looked, at the pace of the proof, whether a host that is to wait restarts."""


class NotProven(DsmError):
    """The iDRAC calls its job a success, and the version did not change; or it lost the job, and no version can tell."""

    blame = Blame.PEER


class RestartedEarly(DsmError):
    """The host restarted, not by the job, while firmware waited for its next restart, and that firmware is not proven."""

    blame = Blame.PEER


class Outcome(enum.StrEnum):
    """What became of one item. STAGED waits in the iDRAC for the host's next restart."""

    PROVEN = "proven"
    STAGED = "staged"


class RestartBy(enum.StrEnum):
    """Who made the restart that applied it. NONE: it needed none. OTHER: it waited for the next one, and that was not this job's."""

    JOB = "job"
    NONE = "none"
    OTHER = "other"


class Done(BaseModel):
    """One device's firmware after the work. `waits` is the iDRAC's job of what is STAGED."""

    model_config = ConfigDict(frozen=True)
    fqdd: str
    name: str
    component_id: str
    before: str
    after: str
    outcome: Outcome
    restart: RestartBy = RestartBy.JOB
    waits: str = ""


def judge(ctx: JobContext, item: Planned, end: JobEnd) -> None:
    """A failed job fails the server at once. A lost one is left to the proof: an iDRAC that updates itself loses jobs. Where
    the version was the wanted one before, it proves nothing: a lost reinstall raises NotProven."""
    if end.failed:
        raise DeviceJobFailed(
            f"{item.title} {item.version}: {end.message or end.state}",
            hint=UNREADABLE.get(end.message_id)
            or f"See the lifecycle log for {end.message_id or end.job_id}.",
            where=ctx.target.label,
            detail=f"{end.job_id} {end.state} {end.message_id}",
        )
    if end.lost and all(c.after and compare(c.before, c.after) is Order.SAME for c in item.changes):
        raise NotProven(
            f"{item.title}: the iDRAC lost {end.job_id}, and {item.version} ran before it too: nothing shows whether it was"
            " installed again.",
            hint="Look for it in the lifecycle log; if it is not there, install it again.",
            where=ctx.target.label,
        )
    if end.lost:
        ctx.log(f"{item.title}: the iDRAC no longer knows {end.job_id}; the version decides.", "warning")


async def prove(
    ctx: JobContext, item: Planned, patience: Patience, restart: RestartBy = RestartBy.JOB
) -> list[Done]:
    """Read the versions until they are as planned. A job that says OK over an unchanged version is a failure."""
    last: dict[str, str] = {}

    def stands() -> dict[str, str] | None:
        entries = installed_firmware(ctx.redfish())
        last.update({change.fqdd: running_version(entries, change.fqdd) for change in item.changes})
        reached = all(version_reached(last[c.fqdd], c.before, c.after) for c in item.changes)
        return dict(last) if reached else None

    try:
        now = await ctx.wait_for(
            f"{item.title} to run {item.version}",
            patient(stands),
            every=patience.every,
            timeout=patience.minutes * 60,
        )
    except TimedOut as error:
        shown = ", ".join(f"{c.name} {last.get(c.fqdd) or c.before}" for c in item.changes)
        raise NotProven(
            f"{ctx.target.label}: the iDRAC called the update to {item.version} done, but it still shows {shown}.",
            hint="Read the lifecycle log; restart the iDRAC and read the inventory again before a second try.",
            where=ctx.target.label,
        ) from error
    for change in item.changes:
        ctx.log(f"{change.name}: {change.before} → {now[change.fqdd]} (read back).")
    return await ctx.step(
        PROVEN, lambda: done_of(item, Outcome.PROVEN, now, restart), key=item.key, returns=list[Done]
    )


def done_of(
    item: Planned,
    outcome: Outcome,
    now: dict[str, str] | None = None,
    restart: RestartBy = RestartBy.JOB,
    waits: str = "",
) -> list[Done]:
    return [
        Done(
            fqdd=c.fqdd,
            name=c.name,
            component_id=c.component_id,
            before=c.before,
            after=(now or {}).get(c.fqdd, c.after),
            outcome=outcome,
            restart=restart,
            waits=waits,
        )
        for c in item.changes
    ]


async def left_waiting(
    ctx: JobContext,
    items: Sequence[Planned],
    waiting: Sequence[tuple[Planned, str]],
    mark: dict[str, str],
    jobs: Patience,
    proof: Patience,
) -> list[Done]:
    """For firmware that is left to the host's next restart: STAGED what of `items` is `waiting` (with its iDRAC job), PROVEN what
    needs none, and PROVEN too what a restart that was not the job's has applied meanwhile. Raises NotProven, RestartedEarly."""
    applied = await _applied_by_another(ctx, items, waiting, mark, jobs, proof)
    rest = [item for item in items if not (applied and restarts_host(item))]
    staged = [(item, job_id) for item, job_id in waiting if item in rest]
    asleep = [item for item, _ in staged]
    now = [
        done for item in rest if item not in asleep for done in await prove(ctx, item, proof, RestartBy.NONE)
    ]
    return applied + now + [d for item, job_id in staged for d in done_of(item, Outcome.STAGED, waits=job_id)]


async def _applied_by_another(
    ctx: JobContext,
    items: Sequence[Planned],
    waiting: Sequence[tuple[Planned, str]],
    mark: dict[str, str],
    jobs: Patience,
    proof: Patience,
) -> list[Done]:
    """Look for some time whether the host does wait for its next restart: what is proven after a restart that was not the job's,
    [] while nothing has restarted it.

    Some iDRACs say that they wait, and restart it; and a job taken up again later finds what somebody's own restart has applied.
    Of the items, some may be done already. Raises RestartedEarly where it restarted and what waited is not proven.
    """
    items = [item for item in items if restarts_host(item)]
    if not items:
        return []

    looks = 0

    def restarted() -> bool | None:
        nonlocal looks
        if ctx.redfish().reset_was_taken(PowerAction.FORCE_RESTART, mark):
            return True
        looks += 1
        return False if looks > EARLY_LOOKS else None

    try:
        # That none came is the good end: it must not stand among the steps as a failure.
        came = await ctx.wait_for(
            "a restart that nobody asked for",
            patient(restarted),
            every=proof.every,
            timeout=3 * EARLY_LOOKS * proof.every,
        )
    except TimedOut:
        return []
    if not came:
        return []
    ctx.log(
        "The server restarted, not by this job, while the firmware waited for its next restart.", "warning"
    )
    done: list[Done] = []
    try:
        for item, job_id in waiting:
            judge(ctx, item, await follow_job(ctx, job_id, f"{item.title}, applied", jobs))
        for item in items:
            done += await prove(ctx, item, proof, RestartBy.OTHER)
    except (DeviceJobFailed, NotProven, TimedOut) as error:
        raise RestartedEarly(
            f"{ctx.target.label} has restarted, not by this job, while the firmware waited for its next restart, and it is not"
            f" proven: {error.message}",
            hint=error.hint or "Look at its job queue and lifecycle log before a second try.",
            where=ctx.target.label,
            detail=error.detail,
        ) from error
    return done
