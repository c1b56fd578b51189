"""One host of a rolling update: emptied, updated, proven, taken back into service."""

from __future__ import annotations

from functools import partial

from pydantic import Field

from dsm_desktop.firmware.plan import Plan
from dsm_desktop.jobs import Danger, JobContext, Result, Targets, job
from dsm_desktop.operations.emptying import MOVED, ONE_BY_ONE
from dsm_desktop.operations.firmware import back_up
from dsm_desktop.operations.host_esxi import Both, esxi_plan, update_both, wanted_esxi
from dsm_desktop.operations.host_work import HostWork, HostWorkOptions, firmware_plan
from dsm_desktop.redfish.update import installed_firmware
from dsm_desktop.workflows.cluster_turn import begun_before
from dsm_desktop.workflows.esxi_left import left_is_told
from dsm_desktop.workflows.evacuate import Emptied, emptied
from dsm_desktop.workflows.firmware_proof import Done
from dsm_desktop.workflows.firmware_send import running_version
from dsm_desktop.workflows.gate import pass_gate
from dsm_desktop.workflows.maintenance import ATTEMPTS, still_in_maintenance
from dsm_desktop.workflows.recovery_key import key_in_vault
from dsm_desktop.workflows.return_host import Returned, back_in_service, host_is_back


class HostUpdateParams(HostWorkOptions):
    pass


class HostUpdateResult(Result):
    done: list[Done] = Field(default_factory=list, title="Done")
    skipped: list[str] = Field(default_factory=list, title="Left out")
    restarts: int = Field(0, title="Restarts")
    version_before: str = Field("", title="ESXi before")
    version_after: str = Field("", title="ESXi after")
    stopped: list[str] = Field(default_factory=list, title="VMs shut down and on again")
    notes: list[str] = Field(default_factory=list, title="Not as before")
    backup_id: int | None = Field(None, title="Configuration saved as profile")
    needed: bool = Field(True, title="Something was to be done")


@job(
    "host_update",
    label="Update in maintenance mode…",
    title="Update of {target}",
    targets=Targets.HOST,
    menu="vSphere",
    danger=Danger.DISRUPTIVE,
    exclusive=True,
    confirm=lambda p: f"{MOVED} {ONE_BY_ONE}",
)
async def host_update(ctx: JobContext, params: HostUpdateParams) -> HostUpdateResult:
    """Bring hosts up to date while they are empty: iDRAC's configuration saved, VMs moved, firmware and ESXi updated (with one
    restart for both where possible), each version read back, host back in service and compared with before. Without a depot ESXi
    is left as it is.

    A host that needs nothing is not touched. What was changed is put back on success, failure, cancel and after a crash.
    """
    return await update_emptied(ctx, params)


async def update_emptied(ctx: JobContext, params: HostWork) -> HostUpdateResult:
    """The body of the job types that update an emptied host."""
    plan, files = await firmware_plan(ctx, params)
    async with wanted_esxi(ctx, params) as asked:
        esxi = await esxi_plan(ctx, asked, key="before")
        if not plan.items and not esxi.needed:
            skipped = [f"{s.key}: {s.reason}" for s in plan.skipped]
            return HostUpdateResult(summary="Nothing to do.", skipped=skipped, needed=False)
        if plan.items:
            await pass_gate(
                ctx,
                params.ordered.patience,
                even_if_critical=params.even_if_critical,
                key="before emptying",
            )
        if not esxi.key_safe and (plan.restarts or esxi.needed) and not await begun_before(ctx):
            await key_in_vault(ctx, params.sign_in, params.recovery_key, params.ask_hours)
        backup_id = await back_up(ctx, params.backup and bool(ctx.target.server_id))
        async with (
            left_is_told(ctx, partial(_firmware_now, ctx, plan)) as left,
            emptied(ctx, params.how_to_empty(params.decided)) as empty,
        ):
            left.before = empty.before
            ctx.log(f"{ctx.target.label} is empty; the work begins.")
            both = await update_both(
                ctx, params, plan, files, asked if esxi.needed else None, quick_boot=esxi.quick_boot
            )
            returned = await _proven(ctx, params, empty, both)
    if ctx.dry_run:
        summary = f"Nothing was changed (dry run). {esxi.note}".strip()
        return HostUpdateResult(summary=summary, restarts=max(plan.restarts, int(esxi.needed)))
    return _result(plan, both, empty, returned, backup_id)


def _firmware_now(ctx: JobContext, plan: Plan) -> list[str]:
    """What of the plan runs now, read from the iDRAC."""
    if not plan.items:
        return []
    entries = installed_firmware(ctx.redfish())
    changes = [(c, running_version(entries, c.fqdd)) for item in plan.items for c in item.changes]
    return list(
        dict.fromkeys(f"{c.name} {c.before} → {now}" for c, now in changes if now not in ("", c.before))
    )


async def _proven(ctx: JobContext, params: HostWork, empty: Emptied, both: Both) -> Returned:
    """The host is here again and as before; only then may it carry VMs."""
    how = params.how_to_return
    await host_is_back(ctx, empty.before, how, restarted=both.restarted)
    if not ctx.dry_run:
        await ctx.step(
            "look whether it is still in maintenance mode",
            lambda: still_in_maintenance(ctx),
            attempts=ATTEMPTS,
        )
    return await back_in_service(ctx, empty.before, how, ours=empty.ours, left=empty.let_go)


def _result(
    plan: Plan, both: Both, empty: Emptied, returned: Returned, backup_id: int | None
) -> HostUpdateResult:
    changes = list(dict.fromkeys(f"{d.name} {d.before} → {d.after}" for d in both.done))
    if both.esxi is not None:
        changes.append(f"ESXi {both.esxi.before} → {both.esxi.after}")
    words = "; ".join(changes) or "Nothing was changed"
    return HostUpdateResult(
        summary=f"{words}. In service again." if empty.ours else f"{words}. Left in maintenance mode.",
        done=both.done,
        skipped=[f"{s.key}: {s.reason}" for s in plan.skipped],
        restarts=plan.restarts,
        version_before=f"{empty.before.version} build {empty.before.build}",
        version_after=f"{returned.version} build {returned.build}",
        stopped=[vm.name for vm in empty.stopped],
        notes=[*(both.esxi.notes if both.esxi else []), *returned.notes],
        backup_id=backup_id,
    )
