"""See what is in the virtual drives of servers, whoever put it there."""

from __future__ import annotations

from pydantic import Field

from dsm_desktop.jobs import JobContext, Params, Result, job
from dsm_desktop.operations.medium import note_drives
from dsm_desktop.operations.reading import read_server


class VirtualMediaReadParams(Params):
    """Nothing to choose."""


class VirtualMediaReadResult(Result):
    mounted: dict[str, str] = Field(default_factory=dict, title="In the drives")


@job(
    "virtual_media_read",
    label="Read virtual media",
    title="Virtual media of {target}",
    menu="Virtual media",
)
async def virtual_media_read(ctx: JobContext, params: VirtualMediaReadParams) -> VirtualMediaReadResult:
    """Read what is in the virtual drives, also what consoles and other tools have mounted. Changes nothing."""
    drives = await read_server(
        ctx,
        "read virtual drives",
        lambda bmc: {d.drive: _words(d.image, d.via) for d in note_drives(ctx, bmc)},
    )
    mounted = {drive: words for drive, words in drives.items() if words}
    summary = "; ".join(f"{drive}: {words}" for drive, words in mounted.items()) or "Nothing is mounted"
    return VirtualMediaReadResult(summary=f"{summary}.", mounted=mounted)


def _words(image: str, via: str) -> str:
    name = image.replace("\\", "/").rstrip("/").rpartition("/")[2]
    return f"{name} (a console holds it)" if image and via == "Applet" else name
