"""The proof of an ESXi update: the host runs the target by its own word and by its vCenter's."""

from __future__ import annotations

from functools import partial

from pydantic import BaseModel, ConfigDict

from dsm_desktop.core.errors import Blame, DsmError
from dsm_desktop.jobs import JobContext, TimedOut
from dsm_desktop.vmware.esxi.shell import EsxiShell
from dsm_desktop.workflows.esxi_wanted import EsxiUpdated, EsxiWanted
from dsm_desktop.workflows.maintenance import Seen, patiently, read_host
from dsm_desktop.workflows.return_host import host_is_back
from dsm_desktop.workflows.ssh_access import ssh_on

_SHOWN_SECONDS = 300.0


class FellBack(DsmError):
    """The update said that it was done, the host restarted, and runs what it ran before."""

    blame = Blame.PEER


class NotShown(DsmError):
    """The host runs the new build, and its vCenter still shows another."""

    blame = Blame.PEER


async def prove_esxi(
    ctx: JobContext, wanted: EsxiWanted, updated: EsxiUpdated, *, key: str = "esxi"
) -> EsxiUpdated:
    """The host is back, and runs the target by vCenter's word and by its own. Raises FellBack, HostAway."""
    if ctx.dry_run:
        return updated
    await host_is_back(
        ctx,
        Seen(in_maintenance=True, boot_time=updated.boot_time),
        wanted.back,
        restarted=True,
        key=f"{key} ",
    )
    async with ssh_on(ctx, wanted.sign_in, key=f"{key} after", original=updated.ssh):
        shell = ctx.esxi(trust_first=wanted.trust_first)
        own = await ctx.step(
            "read the version again", partial(_own_word, shell, updated), key=key, attempts=3, returns=OwnWord
        )
    if own.build != updated.target_build:
        raise _fell_back(ctx, updated, own.build)
    await _shown_by_vcenter(ctx, wanted, own.build)
    for note in own.notes:
        ctx.log(note, "warning")
    ctx.log(f"ESXi {updated.before} → {own.shown} (read back).")
    return updated.model_copy(
        update={
            "after": own.shown,
            "pending": False,
            "restarted": True,
            "proven": True,
            "notes": [*updated.notes, *own.notes],
        }
    )


class OwnWord(BaseModel):
    """What the host says of itself after the restart. `notes`: packages that ought to be there and are not."""

    model_config = ConfigDict(frozen=True)
    shown: str
    build: str
    notes: list[str]


def _own_word(shell: EsxiShell, updated: EsxiUpdated) -> OwnWord:
    version, there = shell.version(), {f"{v.name}_{v.version}" for v in shell.vibs()}
    missing = [vib for vib in updated.installed if not any(vib.endswith(f"_{have}") for have in there)]
    notes = [f"Not there after the update: {', '.join(missing[:5])}."] if missing else []
    return OwnWord(shown=str(version), build=version.build, notes=notes)


async def _shown_by_vcenter(ctx: JobContext, wanted: EsxiWanted, build: str) -> None:
    """vCenter shows a host's old product for a moment after it has connected again."""
    last: list[str] = []

    def shows() -> bool | None:
        last[:] = [read_host(ctx).build]
        return True if last[0] == build else None

    try:
        await ctx.wait_for(
            f"vCenter to show build {build}",
            patiently(shows),
            every=wanted.look_seconds,
            timeout=_SHOWN_SECONDS,
        )
    except TimedOut as error:
        raise NotShown(
            f"{ctx.target.label} says that it runs build {build}, and vCenter shows {last[0] if last else 'nothing'}.",
            hint="Disconnect and reconnect the host in vCenter, then look again.",
            where=ctx.target.label,
        ) from error


def _fell_back(ctx: JobContext, updated: EsxiUpdated, shown: str) -> FellBack:
    same = shown == updated.build_before
    return FellBack(
        f"ESXi said that the update to build {updated.target_build} was done, and after the restart {ctx.target.label} runs build "
        f"{shown}: "
        + ("it fell back to the old boot bank." if same else "that is neither the old nor the new one."),
        hint="Look at its console for why the new image did not start (Secure Boot, hardware), and read /var/log/esxupdate.log. "
        "It runs on that image, and where nothing else is missing it is taken back into service so.",
        where=ctx.target.label,
        detail=f"before {updated.before}, wanted {updated.target_build}, shown {shown}",
    )
