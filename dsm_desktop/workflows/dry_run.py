"""vCenter's own dry run of maintenance mode: it changes nothing, and names the VMs that DRS would leave on a host."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dsm_desktop.core.vsphere_site import ClusterPicture
from dsm_desktop.jobs import JobContext
from dsm_desktop.vmware.errors import NoPrivilege, VcenterFault
from dsm_desktop.workflows.evacuate_watch import left_by_drs
from dsm_desktop.workflows.maintenance import is_on, moid_of, read_picture, target_host

if TYPE_CHECKING:
    from dsm_desktop.vmware.client import VcenterClient

Refusals = tuple[tuple[str, str], ...]


def refused_by_host(
    ctx: JobContext,
    client: VcenterClient,
    picture: ClusterPicture,
    only: frozenset[str] = frozenset(),
) -> dict[str, Refusals]:
    """What the dry run refuses, (VM moid or "", text) by host, for the usable hosts (of `only`, where some are named). Hosts
    that were not asked are left out: without DRS, or without the privilege for it (Host.Config.Maintenance), nobody is. In a pool
    thread."""
    found: dict[str, Refusals] = {}
    if picture.cluster is None:
        return found
    for host in picture.hosts:
        if not host.usable or (only and host.moid not in only):
            continue
        try:
            told = client.dry_run_evacuation(picture.cluster.moid, host.moid)
        except NoPrivilege as error:  # a read-only account may look and judge all the same
            ctx.log(f"vCenter's own dry run was not asked: {error.message}.", "warning")
            break
        except VcenterFault as error:
            if error.retryable:
                raise
            ctx.log(f"vCenter's own dry run was not asked for {host.name}: {error.message}.", "warning")
            continue
        if told is None:
            break
        found[host.moid] = told
    return found


def refused_here(ctx: JobContext, move_vms: bool) -> dict[str, str]:
    """VMs of the target that vCenter says will stay, with its reason; with `move_vms` without those that DRS leaves and the job
    moves itself. All of it is logged. Where vCenter does not let itself be asked nothing is known: {}."""
    if not target_host(ctx).cluster:
        return {}
    picture, moid = read_picture(ctx), moid_of(ctx)
    told = refused_by_host(ctx, ctx.vcenter(), picture, frozenset({moid})).get(moid, ())
    for about, text in told:
        if not about:
            ctx.log(f"vCenter's dry run says of {ctx.target.label}: {text}", "warning")
    said = dict(told)
    stay = [
        vm
        for vm in picture.vms_on(moid)
        if vm.moid in said and is_on(vm) and not (move_vms and left_by_drs(picture, vm))
    ]
    for vm in stay:
        ctx.log(f"vCenter's dry run says that {vm.name} stays: {said[vm.moid]}", "warning")
    return {vm.moid: said[vm.moid] for vm in stay}
