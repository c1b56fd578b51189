"""Bring hosts to another build of ESXi, and prove it."""

from __future__ import annotations

from pydantic import Field

from dsm_desktop.jobs import Danger, JobContext, Result, Targets, job
from dsm_desktop.operations.emptying import MOVED, ONE_BY_ONE, EmptyOptions
from dsm_desktop.operations.esxi import EsxiUpdateOptions
from dsm_desktop.workflows.cluster_turn import begun_before
from dsm_desktop.workflows.depot import depot_for
from dsm_desktop.workflows.esxi_facts import refuse_blocked
from dsm_desktop.workflows.esxi_left import left_is_told
from dsm_desktop.workflows.esxi_update import preflight, update_esxi
from dsm_desktop.workflows.esxi_wanted import EsxiUpdated, EsxiWanted
from dsm_desktop.workflows.evacuate import emptied
from dsm_desktop.workflows.recovery_key import key_in_vault
from dsm_desktop.workflows.return_host import back_in_service
from dsm_desktop.workflows.ssh_access import ssh_on


class EsxiUpgradeParams(EmptyOptions, EsxiUpdateOptions):
    pass


class EsxiUpgradeResult(Result):
    before: str = Field("", title="ESXi before")
    after: str = Field("", title="ESXi after")
    profile: str = Field("", title="Image profile")
    restarted: bool = Field(False, title="Restarted")
    proven: bool = Field(False, title="Read back")
    installed: list[str] = Field(default_factory=list, title="Packages installed")
    removed: list[str] = Field(default_factory=list, title="Packages removed")
    stopped: list[str] = Field(default_factory=list, title="VMs shut down and on again")
    notes: list[str] = Field(default_factory=list, title="Not as before")


@job(
    "esxi_upgrade",
    label="Update ESXi…",
    title="ESXi update of {target}",
    targets=Targets.HOST,
    menu="vSphere",
    danger=Danger.DISRUPTIVE,
    exclusive=True,
    confirm=lambda p: f"{MOVED} {ONE_BY_ONE}",
)
async def esxi_upgrade(ctx: JobContext, params: EsxiUpgradeParams) -> EsxiUpgradeResult:
    """Update the ESXi of hosts from an offline bundle: checked before the host is emptied, into maintenance mode, ESXi's own dry
    run, the update, a restart, and back into service; done means that the new build was read back from the host itself and
    from vCenter. SSH is on for the time of the work alone, and the recovery key of a host with a TPM is in the vault first.

    A host that has the build already is not touched. One that falls back to its old image fails, and is taken back into service
    where nothing of it is missing. One that does not restart, does not come back, does not end its update, or misses a datastore
    or a network afterwards stays in maintenance mode with a question; nothing is ever forced.
    """
    async with depot_for(ctx, params.depot_at) as depot:
        wanted = params.wanted(
            depot, boot_minutes=params.boot_minutes, every=params.look_seconds, ask_hours=params.ask_hours
        )
        nothing = await look_before(ctx, params, wanted)
        if nothing is not None:
            return nothing
        async with left_is_told(ctx) as left, emptied(ctx, params.how_to_empty(params.decided)) as empty:
            left.before = empty.before
            updated = await update_esxi(ctx, wanted)
            returned = await back_in_service(
                ctx, empty.before, params.how_to_return, ours=empty.ours, left=empty.let_go
            )
    return result_of(
        updated, [vm.name for vm in empty.stopped], returned.notes, ours=empty.ours, dry_run=ctx.dry_run
    )


async def look_before(
    ctx: JobContext, params: EsxiUpgradeParams, wanted: EsxiWanted
) -> EsxiUpgradeResult | None:
    """Before a VM is moved: the rules, ESXi's dry run and the recovery key. A result where nothing is to be done; raises
    UpdateRefused, HostSkipped, Cancelled."""
    async with ssh_on(ctx, wanted.sign_in, key="before") as access:
        if not access.open:
            return None
        found = await preflight(ctx, wanted, key="before")
    refuse_blocked(found.facts, found.findings)
    if found.nothing_to_do or (found.rehearsal is not None and not found.rehearsal.changed):
        shown = found.facts.shown
        return EsxiUpgradeResult(
            summary=f"Nothing to do: it runs {shown}.", before=shown, after=shown, proven=True
        )
    if not found.key_safe and not await begun_before(ctx):
        await key_in_vault(ctx, wanted.sign_in, params.recovery_key, params.ask_hours)
    return None


def result_of(
    updated: EsxiUpdated, stopped: list[str], notes: list[str], *, ours: bool, dry_run: bool
) -> EsxiUpgradeResult:
    """What the operator is told about one host."""
    if dry_run:
        words = " ".join(["Nothing was changed (dry run).", *updated.notes])
    else:
        end = "In service again." if ours else "Left in maintenance mode, as it was."
        words = f"ESXi {updated.before} → {updated.after}. {end}"
    return EsxiUpgradeResult(
        summary=words,
        before=updated.before,
        after=updated.after,
        profile=updated.profile,
        restarted=updated.restarted,
        proven=updated.proven,
        installed=updated.installed,
        removed=updated.removed,
        stopped=stopped,
        notes=[*updated.notes, *notes],
    )
