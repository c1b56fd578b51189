"""Read BIOS settings."""

from __future__ import annotations

from pydantic import Field

from dsm_desktop.jobs import JobContext, Params, Result, job
from dsm_desktop.operations.reading import reported
from dsm_desktop.workflows.bios_reading import read_bios


class BiosReadParams(Params):
    """Nothing to choose."""


class BiosReadResult(Result):
    settings: int = Field(title="Settings")
    pending: list[str] = Field(default_factory=list, title="Waiting for a restart")
    described: bool = Field(title="With display names and allowed values")


@job("bios_config_read", label="Read BIOS settings", title="BIOS settings of {target}", menu="Configuration")
async def bios_config_read(ctx: JobContext, params: BiosReadParams) -> BiosReadResult:
    """Read all BIOS settings and what waits for a restart; once for each model and BIOS version also their names, help and
    allowed values (1 MB)."""
    async with reported(ctx):
        found = await read_bios(ctx)
    waiting = [f"{name}={value}" for name, value in sorted(found["pending"].items())]
    tail = f"; {len(waiting)} wait for a restart" if waiting else ""
    return BiosReadResult(
        summary=f"{found['count']} settings{tail}.",
        settings=found["count"],
        pending=waiting[:200],
        described=found["described"],
    )
