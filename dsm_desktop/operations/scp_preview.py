"""Let an iDRAC check a configuration profile without changing anything."""

from __future__ import annotations

from pydantic import Field

from dsm_desktop.jobs import JobContext, Params, Result, idrac, job
from dsm_desktop.operations.reading import reported
from dsm_desktop.workflows.profile_import import stored_text
from dsm_desktop.workflows.profiles import run_preview


class ScpPreviewParams(Params):
    profile_id: int = Field(
        ge=1,
        title="Profile",
        description="number of a stored profile",
        json_schema_extra={"widget": "record", "suggest": "profile"},
    )


class ScpPreviewResult(Result):
    good: bool = Field(title="Would be taken")
    message: str = Field("", title="The iDRAC says")
    details: list[str] = Field(default_factory=list, title="Details")


@job(
    "scp_preview",
    label="Preview a configuration…",
    title="Preview configuration {profile_id} on {target}",
    menu="Configuration",
    exclusive=True,
    requires=(idrac(8),),
)
async def scp_preview(ctx: JobContext, params: ScpPreviewParams) -> ScpPreviewResult:
    """Ask each server's iDRAC whether it would take a stored configuration profile. Nothing is changed."""
    async with reported(ctx):
        seen = await run_preview(ctx, lambda: stored_text(ctx, params.profile_id, raid=True))
    if seen is None:
        return ScpPreviewResult(summary="Nothing was sent (dry run).", good=False)
    good = not seen["failed"]
    said = seen["message"] or ("no objection" if good else "it gave no reason")
    return ScpPreviewResult(
        summary=f"{'Would be taken' if good else 'Would not be taken'}: {said}",
        good=good,
        message=seen["message"],
        details=seen["details"][:200],
    )
