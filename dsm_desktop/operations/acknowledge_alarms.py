"""Say of triggered alarms that somebody has seen them."""

from __future__ import annotations

from functools import partial

from pydantic import BaseModel, ConfigDict, Field

from dsm_desktop.core.errors import NotFound
from dsm_desktop.core.vsphere import Alarm
from dsm_desktop.jobs import JobContext, Params, Result, Targets, job
from dsm_desktop.store.vsphere import alarms_known
from dsm_desktop.store.vsphere_sync import save_changes
from dsm_desktop.vmware.errors import NotThere
from dsm_desktop.workflows.maintenance import ATTEMPTS, NotYet, change


class AcknowledgeParams(Params):
    vcenter_id: int = Field(
        ge=1,
        title="vCenter",
        description="number of the vCenter",
        json_schema_extra={"widget": "record", "suggest": "vcenter"},
    )
    alarms: list[str] = Field(
        min_length=1,
        max_length=1000,
        title="Alarms",
        description="one a line, as the list of alarms hands them over, like alarm-7.host-12",
    )


class AcknowledgeResult(Result):
    acknowledged: list[str] = Field(default_factory=list, title="Acknowledged")
    before: list[str] = Field(default_factory=list, title="Seen by somebody before")
    gone: list[str] = Field(default_factory=list, title="Not triggered any more")


class _Triggered(BaseModel):
    """An alarm as the copy has it: `title` "Host memory usage on esx1"."""

    model_config = ConfigDict(frozen=True)
    alarm: Alarm
    title: str


@job(
    "acknowledge_alarms",
    label="Acknowledge alarms",
    title="Acknowledge alarms of {vcenter_id}",
    targets=Targets.NONE,
    menu="vSphere",
)
async def acknowledge_alarms(ctx: JobContext, params: AcknowledgeParams) -> AcknowledgeResult:
    """Mark triggered alarms of a vCenter as seen, under the name of its login; this program's audit log says who it was. They
    go on to show until their cause is gone, and a red one that was seen no longer keeps a host from being taken out.
    """
    known = await ctx.step("find the alarms", partial(_known, ctx, params), returns=list[_Triggered])
    ends: dict[str, list[str]] = {"acknowledged": [], "before": [], "gone": []}
    for one in known:
        end = await change(
            ctx,
            "acknowledge alarm",
            partial(_acknowledge, ctx, params.vcenter_id, one.alarm),
            key=one.alarm.key,
            taken=partial(_taken, ctx, params.vcenter_id, one.alarm),
            plan=f"AcknowledgeAlarm {one.alarm.alarm} on {one.alarm.on}",
        )
        if not ctx.dry_run:
            ends[end].append(one.title)
            ctx.log(f"{one.title}: {_WORDS[end]}.")
    if ctx.dry_run:
        return AcknowledgeResult(summary="Nothing was changed (dry run).")
    await ctx.step("read them again", partial(_read_again, ctx, params.vcenter_id, known), attempts=ATTEMPTS)
    words = ", ".join(f"{len(names)} {_WORDS[end]}" for end, names in ends.items() if names)
    return AcknowledgeResult(summary=f"{words}.", **ends)


_WORDS = {
    "acknowledged": "acknowledged",
    "before": "seen by somebody before",
    "gone": "not triggered any more",
}


def _known(ctx: JobContext, params: AcknowledgeParams) -> list[_Triggered]:
    with ctx.write() as uow:
        found = alarms_known(uow.session.connection(), params.vcenter_id)
    missing = [key for key in params.alarms if key not in found]
    if len(missing) == len(params.alarms):
        raise NotFound(
            f"None of these alarms is known here: {', '.join(missing[:5])}.",
            hint="Read the vCenter again and choose from what is triggered now (`vcenters alarms`).",
        )
    if missing:
        ctx.log(f"Not triggered any more: {', '.join(missing)}.", "warning")
    chosen = [found[key] for key in dict.fromkeys(params.alarms) if key in found]
    return [_Triggered(alarm=alarm, title=f"{alarm.name} on {name}") for alarm, name in chosen]


def _look(ctx: JobContext, vcenter_id: int, alarm: Alarm) -> str:
    """open | before (somebody has acknowledged it) | gone."""
    try:
        now = ctx.vcenter(vcenter_id).triggered_alarms(alarm.on)
    except NotThere:
        return "gone"
    found = next((a for a in now if (a.alarm, a.on) == (alarm.alarm, alarm.on)), None)
    return "gone" if found is None else "before" if found.acknowledged else "open"


def _taken(ctx: JobContext, vcenter_id: int, alarm: Alarm) -> str | None:
    state = _look(ctx, vcenter_id, alarm)
    return {"before": "acknowledged", "gone": "gone"}.get(state)


def _acknowledge(ctx: JobContext, vcenter_id: int, alarm: Alarm) -> str:
    state = _look(ctx, vcenter_id, alarm)
    if state != "open":
        return state
    ctx.vcenter(vcenter_id).acknowledge_alarm(alarm)
    if _look(ctx, vcenter_id, alarm) == "open":
        raise NotYet(f"vCenter does not show “{alarm.name}” as acknowledged yet.", every=2, where=alarm.on)
    return "acknowledged"


def _read_again(ctx: JobContext, vcenter_id: int, known: list[_Triggered]) -> bool:
    """The copy is what the window shows."""
    part = ctx.vcenter(vcenter_id).read_objects(sorted({one.alarm.on for one in known}))
    with ctx.write() as uow:
        save_changes(uow, vcenter_id, part, ())
    return True
