"""What the lists show of a host, brought up to date by the work that changed it: a synchronisation may be hours away."""

from __future__ import annotations

from dsm_desktop.core.errors import DsmError, NotFound
from dsm_desktop.jobs import JobContext
from dsm_desktop.store.vsphere_sync import save_host
from dsm_desktop.workflows.maintenance import read_host, target_host


def renew_copy(ctx: JobContext) -> None:
    """Read the target host once and write it over its copy; in a pool thread. Where it cannot be read the next synchronisation
    does it: no work fails for this."""
    if ctx.dry_run:
        return
    try:
        host = read_host(ctx)
    except DsmError as error:
        ctx.log(f"The lists show {ctx.target.label} as it was before: {error.message}", "warning")
        return
    try:
        with ctx.write() as uow:
            save_host(uow, target_host(ctx).id, host)
    except NotFound:
        ctx.log(f"{ctx.target.label} was taken off the list meanwhile.", "warning")
