"""Go back to the versions an iDRAC keeps."""

from __future__ import annotations

from functools import partial

from pydantic import Field, model_validator

from dsm_desktop.core.inventory import Firmware, FirmwareState
from dsm_desktop.firmware.plan import Change, IdracOrder, Plan, Planned, Skipped, impact_of, in_waves
from dsm_desktop.firmware.versions import Order, compare
from dsm_desktop.jobs import Danger, JobContext, idrac, job
from dsm_desktop.operations.firmware import (
    FirmwareOptions,
    FirmwareResult,
    back_up,
    danger_of,
    result_of,
    tell_inventory,
    warning,
)
from dsm_desktop.operations.reading import reported
from dsm_desktop.queries.firmware_done import DoneBefore, done_by
from dsm_desktop.workflows.firmware_host import (
    Found,
    apply_plan,
    read_firmware,
    restarts_words,
    wait_for_window,
)
from dsm_desktop.workflows.firmware_send import GoingBack, place_of, running_version
from dsm_desktop.workflows.gate import pass_gate


class RollbackParams(FirmwareOptions):
    components: list[str] = Field(
        default_factory=list,
        title="Components",
        description="Dell's ids (159 BIOS, 25227 iDRAC) or a part of the name",
    )
    undo_job: int = Field(
        0,
        ge=0,
        title="Undo job",
        description="number of an update job: everything it changed goes back",
        json_schema_extra={
            "widget": "record",
            "suggest": "firmware job",
            "none": "Only the components above",
        },
    )

    @model_validator(mode="after")
    def _one_of_both(self) -> RollbackParams:
        if bool(self.components) == bool(self.undo_job):
            raise ValueError("name components, or the job to undo, not both")
        return self


@job(
    "firmware_rollback",
    label="Roll back firmware…",
    title="Firmware rollback of {target}",
    menu="Firmware",
    danger=Danger.DISRUPTIVE,
    danger_of=danger_of,
    exclusive=True,
    confirm=warning,
    requires=(idrac(7),),
)
async def firmware_rollback(ctx: JobContext, params: RollbackParams) -> FirmwareResult:
    """Go back to the version that the iDRAC keeps of a component, or undo a whole update job on the servers it changed; done means
    that the old version was read back. A dry run shows what would go back to what.
    """
    async with reported(ctx):
        found = await read_firmware(ctx)
        if params.undo_job:
            before = await ctx.step(
                "read what the job did", partial(_done_by, ctx, params.undo_job), returns=list[DoneBefore]
            )
            plan = plan_undo(found, before)
        else:
            plan = plan_back(found, params.components)
        if not plan.items:
            return result_of(ctx, plan, [])
        ctx.log(f"{len(plan.items)} components go back, {restarts_words(plan)}.")
        await wait_for_window(ctx, params.how_to)
        known = await pass_gate(ctx, params.patience, even_if_critical=params.even_if_critical)
        backup_id = await back_up(ctx, params.backup)
        if params.backup and not ctx.dry_run:
            known = await pass_gate(ctx, params.patience, even_if_critical=True, key="after the backup")
        done = await apply_plan(ctx, plan, GoingBack(), params.how_to, known)
        await tell_inventory(ctx)
    return result_of(ctx, plan, done, backup_id)


def plan_back(found: Found, components: list[str]) -> Plan:
    """The kept version of each named component; what keeps none is left out by name."""
    items: list[Planned] = []
    skipped: list[Skipped] = []
    for word in components:
        kept = [e for e in _kept(found) if _named(e, word)]
        if not kept:
            skipped.append(Skipped(key=word, reason="the iDRAC keeps no earlier version of it"))
        for entry in kept:
            item = _item(found, entry)
            if item is None:
                skipped.append(Skipped(key=entry.name, reason=f"it runs {entry.version} already"))
            elif item not in items:
                items.append(item)
    return Plan(waves=in_waves(items, IdracOrder.IDRAC_LAST), skipped=tuple(skipped))


def plan_undo(found: Found, before: list[DoneBefore]) -> Plan:
    """Each component back to what it was before the job, as far as the iDRAC keeps that very version."""
    items: list[Planned] = []
    skipped: list[Skipped] = []
    firmware = tuple(found.firmware)
    for change in before:
        now = running_version(firmware, change.fqdd)
        if compare(now, change.before) is Order.SAME:
            skipped.append(Skipped(key=change.name, reason=f"it runs {change.before} already"))
            continue
        kept = [e for e in _kept(found) if place_of(e) == change.fqdd]
        entry = next((e for e in kept if compare(e.version, change.before) is Order.SAME), None)
        item = _item(found, entry) if entry is not None else None
        if item is None:
            has = ", ".join(e.version for e in kept) or "none"
            reason = f"the iDRAC does not keep {change.before} (kept: {has})"
            skipped.append(Skipped(key=change.name, reason=reason))
        elif item not in items:
            items.append(item)
    return Plan(waves=in_waves(items, IdracOrder.IDRAC_LAST), skipped=tuple(skipped))


def _done_by(ctx: JobContext, job_id: int) -> list[DoneBefore]:
    with ctx.write() as uow:
        return done_by(uow.session.connection(), job_id, ctx.target.server_id)


def _kept(found: Found) -> list[Firmware]:
    return [e for e in found.firmware if e.state is FirmwareState.PREVIOUS]


def _item(found: Found, entry: Firmware) -> Planned | None:
    """None when that version runs already."""
    place = place_of(entry)
    now = running_version(tuple(found.firmware), place)
    if compare(now, entry.version) is Order.SAME:
        return None
    change = Change(
        fqdd=place, name=entry.name, component_id=entry.component_id, before=now, after=entry.version
    )
    return Planned(
        key=entry.id,
        title=entry.name,
        impact=impact_of(entry.component_id, entry.component_type, entry.name),
        changes=(change,),
    )


def _named(entry: Firmware, word: str) -> bool:
    return word in (entry.component_id, entry.fqdd, entry.id) or word.casefold() in entry.name.casefold()
