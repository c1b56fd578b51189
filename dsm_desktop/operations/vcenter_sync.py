"""Read a vCenter: its inventory is kept, so that it can be looked at while vCenter is down."""

from __future__ import annotations

from functools import partial

from pydantic import Field

from dsm_desktop.core.errors import DsmError
from dsm_desktop.core.vsphere_site import Site
from dsm_desktop.jobs import JobContext, Params, Result, Targets, job
from dsm_desktop.net.tls import CertificateChanged, CertificateNotApproved
from dsm_desktop.store.vsphere_links import unlinked
from dsm_desktop.store.vsphere_sync import (
    never_read,
    note_addresses,
    note_vcenter_problem,
    save_site,
    without_address,
)


class VcenterSyncParams(Params):
    vcenter_id: int = Field(
        ge=1,
        title="vCenter",
        description="Number of the vCenter, see `vcenters list`.",
        json_schema_extra={"widget": "record", "suggest": "vcenter"},
    )


class VcenterSyncResult(Result):
    clusters: int = Field(title="Clusters")
    hosts: int = Field(title="Hosts")
    vms: int = Field(title="VMs")
    datastores: int = Field(title="Datastores")
    unlinked: list[str] = Field(default_factory=list, title="Hosts without a server")
    hidden: list[str] = Field(default_factory=list, title="Not readable with this account")


@job(
    "vcenter_sync",
    label="Read vCenter",
    title="Read {vcenter_id}",
    targets=Targets.NONE,
    menu="vSphere",
    exclusive=True,
    lock=lambda params: f"vcenter:{params.vcenter_id}:sync",
)
async def vcenter_sync(ctx: JobContext, params: VcenterSyncParams) -> VcenterSyncResult:
    """Read clusters, hosts, VMs, datastores, networks, alarms and rules of a vCenter and keep a copy of them.

    Hosts are linked to servers by service tag, else by the uuid of the hardware, else by the BMC's address; a link made by
    hand stays. The groups of its clusters follow. After the first time its clusters are judged as well (`cluster_safety_check`).
    Nothing is changed in vCenter.
    """
    vcenter_id = params.vcenter_id

    def work() -> dict[str, object]:
        site = ctx.vcenter(vcenter_id).read_site()
        found = _save(ctx, vcenter_id, site)
        _learn_addresses(ctx, vcenter_id)
        return found

    try:
        # No step: those wait for a vCenter that is down, and here the list should say so now. It is read again anyway.
        found = await ctx.run(work)
    except DsmError as error:
        await ctx.run(partial(note_problem, ctx, vcenter_id, error))
        raise
    first = found.pop("first", False)  # a job that an older program began has not noted it
    result = VcenterSyncResult.model_validate(found)
    if first and result.clusters:
        await ctx.spawn("cluster_safety_check", {"vcenter_id": vcenter_id}, [])
    if result.hidden:
        ctx.log("The account may not read: " + ", ".join(result.hidden), "warning")
    words = f"{result.clusters} clusters, {result.hosts} hosts, {result.vms} VMs"
    if result.unlinked:
        words += f"; {len(result.unlinked)} hosts without a server"
    return result.model_copy(update={"summary": f"{words}."})


def _save(ctx: JobContext, vcenter_id: int, site: Site) -> dict[str, object]:
    with ctx.write() as uow:
        first = never_read(uow.session.connection(), vcenter_id)
        save_site(uow, vcenter_id, site)
        left = unlinked(uow.session.connection(), vcenter_id)
    return {
        "clusters": len(site.clusters),
        "hosts": len(site.hosts),
        "vms": len(site.vms),
        "datastores": len(site.datastores),
        "unlinked": left,
        "hidden": list(site.hidden),
        "first": first,
    }


def _learn_addresses(ctx: JobContext, vcenter_id: int) -> None:
    """Where new hosts are reached: vCenter may know them by a name that nobody here can look up."""
    with ctx.write() as uow:
        new = without_address(uow.session.connection(), vcenter_id)
    if new:
        addresses = ctx.vcenter(vcenter_id).management_addresses(new)
        with ctx.write() as uow:
            note_addresses(uow, vcenter_id, addresses)


def note_problem(ctx: JobContext, vcenter_id: int, error: DsmError) -> None:
    """Write on the vCenter why there is no way in."""
    with ctx.write() as uow:
        note_vcenter_problem(uow, vcenter_id, error, certificate_in(error))


def certificate_in(error: DsmError) -> str:
    """The fingerprint of a certificate that waits to be approved, "" where the error is another."""
    if isinstance(error, CertificateNotApproved):
        return error.certificate.fingerprint
    return error.shown.fingerprint if isinstance(error, CertificateChanged) else ""
