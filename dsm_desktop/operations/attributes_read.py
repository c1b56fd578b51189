"""Read iDRAC, system and Lifecycle Controller attributes."""

from __future__ import annotations

from pydantic import Field

from dsm_desktop.jobs import JobContext, Params, Result, idrac, job
from dsm_desktop.operations.reading import reported
from dsm_desktop.workflows.attributes import read_all


class AttributesReadParams(Params):
    """Nothing to choose."""


class AttributesReadResult(Result):
    attributes: int = Field(title="Attributes")
    components: list[str] = Field(title="Components")


@job(
    "attributes_read",
    label="Read iDRAC attributes",
    title="iDRAC attributes of {target}",
    menu="Configuration",
    requires=(idrac(9),),
)
async def attributes_read(ctx: JobContext, params: AttributesReadParams) -> AttributesReadResult:
    """Read the iDRAC's, the system's and the Lifecycle Controller's attributes; hashes and keys of users are never kept."""
    async with reported(ctx):
        found = await read_all(ctx)
    total = sum(info["count"] for info in found.values())
    return AttributesReadResult(summary=f"{total} attributes.", attributes=total, components=sorted(found))
