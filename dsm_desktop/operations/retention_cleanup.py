"""Keep the store small: what is old goes to a file, then out of the database."""

from __future__ import annotations

from functools import partial

from pydantic import Field

from dsm_desktop.core.access import Permission
from dsm_desktop.jobs import Danger, JobContext, Params, Result, Targets, job
from dsm_desktop.store.retention import Retention


class RetentionParams(Params):
    archive: bool = Field(True, title="Archive to a file first")


class RetentionResult(Result):
    removed: dict[str, int] = Field(default_factory=dict, title="Rows removed by kind")
    archive: str = Field("", title="Archive")


@job(
    "retention_cleanup",
    label="Clean up old records",
    title="Clean up old records",
    targets=Targets.NONE,
    needs=Permission.ADMIN,
    danger=Danger.DISRUPTIVE,
    menu="Store",
)
async def retention_cleanup(ctx: JobContext, params: RetentionParams) -> RetentionResult:
    """Remove records older than the site's retention settings, kind by kind, after writing them to an archive file."""
    retention = ctx.service(Retention)
    removed: dict[str, int] = {}
    folder = ""
    kinds = retention.kinds()
    for number, kind in enumerate(kinds):
        ctx.progress(number, len(kinds), kind)
        if ctx.dry_run:
            removed[kind] = await ctx.run(partial(retention.count_old, kind))
            continue
        swept = await ctx.step("sweep", partial(retention.sweep, kind, archive=params.archive), key=kind)
        removed[kind], folder = swept["removed"], swept["archive"] or folder
    total = sum(removed.values())
    verb = "would be removed" if ctx.dry_run else "removed"
    return RetentionResult(summary=f"{total} old records {verb}.", removed=removed, archive=folder)
