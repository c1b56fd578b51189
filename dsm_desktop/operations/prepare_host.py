"""Empty a host and leave it in maintenance mode for work by hand."""

from __future__ import annotations

from pydantic import Field

from dsm_desktop.jobs import Danger, JobContext, Result, Targets, job
from dsm_desktop.operations.emptying import ONE_BY_ONE, EmptyOptions
from dsm_desktop.workflows.evacuate import emptied
from dsm_desktop.workflows.maintenance import Seen


class PrepareParams(EmptyOptions):
    pass


class PrepareResult(Result):
    before: Seen = Field(title="Before")
    ours: bool = Field(title="Put into maintenance mode by this job")
    stopped: list[str] = Field(default_factory=list, title="VMs shut down")


@job(
    "prepare_host",
    label="Enter maintenance mode…",
    title="Maintenance mode: {target}",
    targets=Targets.HOST,
    menu="vSphere",
    danger=Danger.DISRUPTIVE,
    exclusive=True,
    confirm=lambda p: (
        f"Their VMs are moved to other hosts; those that cannot move are asked about, none is cut off. {ONE_BY_ONE}"
    ),
)
async def prepare_host(ctx: JobContext, params: PrepareParams) -> PrepareResult:
    """Empty hosts and put them into maintenance mode, with a live list of what is left on them and why. What was changed stands
    on the restore list until 'Leave maintenance mode' or 'Put back' takes the host into service again.

    A host that does not get empty is asked about; nothing is ever forced.
    """
    ready = False
    async with emptied(ctx, params.how_to_empty(params.decided), stays=lambda: ready) as empty:
        ready = True
    names = [vm.name for vm in empty.stopped]
    if ctx.dry_run:
        words = "Nothing was changed (dry run)."
    elif not empty.ours:
        words = "It was in maintenance mode already."
    else:
        off = f" Shut down: {', '.join(names)}." if names else ""
        words = f"Empty and in maintenance mode.{off} 'Leave maintenance mode' takes it back into service."
    return PrepareResult(summary=words, before=empty.before, ours=empty.ours, stopped=names)
