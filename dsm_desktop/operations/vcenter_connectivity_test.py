"""Where does the way to a vCenter end, and what may the account do there?"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from pydantic import Field

from dsm_desktop.core.errors import DsmError
from dsm_desktop.core.vsphere_site import Site
from dsm_desktop.jobs import JobContext, Params, Result, Targets, job
from dsm_desktop.operations.vcenter_sync import note_problem
from dsm_desktop.store.vsphere_sync import clear_vcenter_problem
from dsm_desktop.vmware.privileges import ROOT

_NAMED = 5


class ConnectivityParams(Params):
    vcenter_id: int = Field(
        ge=1,
        title="vCenter",
        description="number of the vCenter, see `vcenters list`",
        json_schema_extra={"widget": "record", "suggest": "vcenter"},
    )


class Lacking(Result):
    capability: str = Field(title="Cannot")
    privileges: list[str] = Field(title="Missing privileges")
    where: list[str] = Field(default_factory=list, title="On")


class ConnectivityResult(Result):
    version: str = Field(title="Version")
    lacking: list[Lacking] = Field(default_factory=list, title="What the account may not do")
    hidden: list[str] = Field(default_factory=list, title="Not readable")


@job(
    "vcenter_connectivity_test",
    label="Test vCenter",
    title="Test the connection to {vcenter_id}",
    targets=Targets.NONE,
    menu="vSphere",
)
async def vcenter_connectivity_test(ctx: JobContext, params: ConnectivityParams) -> ConnectivityResult:
    """Connect to a vCenter, compare its certificate, sign in, read, and name the privileges that the account lacks for each
    thing the program can do. Nothing is changed."""
    vcenter_id = params.vcenter_id
    try:
        about = await ctx.run(lambda: ctx.vcenter(vcenter_id).about())
        ctx.progress(1, 3, "signed in")
        site = await ctx.run(lambda: ctx.vcenter(vcenter_id).read_site())
    except DsmError as error:
        await ctx.run(partial(note_problem, ctx, vcenter_id, error))
        raise
    ctx.progress(2, 3, "read")
    await ctx.run(lambda: ctx.save(partial(clear_vcenter_problem, vcenter_id=vcenter_id)))
    lacking = await ctx.run(lambda: ctx.vcenter(vcenter_id).missing_privileges(site))
    found = [
        Lacking(capability=name, privileges=list(lost), where=_where(site, lost.values()))
        for name, lost in lacking.items()
    ]
    if found:
        words = "the account cannot: " + ", ".join(item.capability for item in found)
    else:
        words = "the account has every privilege that is needed"
    return ConnectivityResult(
        summary=f"{about.name} {about.version} (build {about.build}) answers; {words}.",
        version=about.version,
        lacking=found,
        hidden=list(site.hidden),
    )


def _where(site: Site, lost: Iterable[Iterable[str]]) -> list[str]:
    """The objects on which a privilege is missing: all of a kind as their number, of some of them the first few by name."""
    moids = {moid for of_one in lost for moid in of_one}
    words = ["the root folder"] if ROOT in moids else []
    kinds = (
        ("cluster", site.clusters),
        ("host", site.hosts),
        ("VM", site.vms),
        ("datastore", site.datastores),
    )
    for kind, objects in kinds:
        here = sorted(item.name for item in objects if item.moid in moids)
        if not here:
            continue
        if len(here) == len(objects) > 1:
            words.append(f"all {len(here)} {kind}s")
            continue
        words += here[:_NAMED]
        if len(here) > _NAMED:
            words.append(f"{len(here) - _NAMED} more {kind}s")
    return words
