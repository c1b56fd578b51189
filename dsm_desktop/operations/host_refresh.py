"""Read one ESXi host now, through its vCenter or, where it has none, from itself."""

from __future__ import annotations

from functools import partial

from pydantic import Field

from dsm_desktop.core.errors import DsmError, NotFound
from dsm_desktop.core.vsphere import Host
from dsm_desktop.core.vsphere_site import ClusterPicture
from dsm_desktop.jobs import HostTarget, JobContext, Params, Result, Targets, job
from dsm_desktop.operations.vcenter_sync import certificate_in
from dsm_desktop.store.vsphere_sync import note_host_problem, note_shown_certificate, save_alone, save_host


class HostRefreshParams(Params):
    """Nothing to choose."""


class HostRefreshResult(Result):
    version: str = Field(title="Version")
    build: str = Field(title="Build")
    linked: bool = Field(title="A server is known for it")
    vms: int = Field(0, title="VMs", description="of a host without a vCenter")


@job("host_refresh", label="Read host", title="Read {target}", targets=Targets.HOST, menu="vSphere")
async def host_refresh(ctx: JobContext, params: HostRefreshParams) -> HostRefreshResult:
    """Read version, state, services and identity of each ESXi host, and find the server it runs on. Of a host without a vCenter
    its VMs and datastores are read too and kept, to be looked at while it is away. Nothing is changed."""
    host = ctx.target.host
    assert host is not None
    try:
        seen = await ctx.run(partial(_read, ctx, host))
    except DsmError as error:
        await ctx.run(partial(_note, ctx, host, error))
        raise
    linked = await ctx.run(partial(_save, ctx, host, seen))
    found = seen if isinstance(seen, Host) else seen.hosts[0]
    vms = 0 if isinstance(seen, Host) else len(seen.vms)
    more = "" if linked else "; no server is known for it"
    if not isinstance(seen, Host):
        more = f", {vms} VM{'s' if vms != 1 else ''}{more}"
    return HostRefreshResult(
        summary=f"{found.name} runs ESXi {found.version} (build {found.build}), {found.connection.words}{more}.",
        version=found.version,
        build=found.build,
        linked=linked,
        vms=vms,
    )


def _read(ctx: JobContext, host: HostTarget) -> Host | ClusterPicture:
    """A host of a vCenter, whose VMs come with that; one by itself with all that is on it."""
    client = ctx.vcenter()
    if host.vcenter_id is not None:
        return client.read_host(host.moid)
    # A host by itself has one host in its inventory, whose moid is nobody's business before.
    for only in client.read_site().hosts:
        return client.read_cluster(only.moid)
    raise NotFound("The host shows no host of its own.", where=host.name)


def _save(ctx: JobContext, host: HostTarget, seen: Host | ClusterPicture) -> bool:
    with ctx.write() as uow:
        return save_host(uow, host.id, seen) if isinstance(seen, Host) else save_alone(uow, host.id, seen)


def _note(ctx: JobContext, host: HostTarget, error: DsmError) -> None:
    with ctx.write() as uow:
        if shown := certificate_in(error):
            note_shown_certificate(uow, host.id, host.vcenter_id, shown)
        note_host_problem(uow, host.id, error)
