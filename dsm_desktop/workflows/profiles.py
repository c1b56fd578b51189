"""Export, preview and import of configuration profiles: started once, followed to the end, kept sealed.

The text never stands in a step's result, a parameter or a log line: it goes from the device into the vault and back.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from dsm_desktop.configuration.profiles import checksum, parse_profile
from dsm_desktop.core.errors import BadInput, Blame, DsmError
from dsm_desktop.jobs import JobContext
from dsm_desktop.media.server import Inbox, MediaServer
from dsm_desktop.net.answer import BadAnswer
from dsm_desktop.net.tls import Unreachable
from dsm_desktop.net.transport import NoAnswer
from dsm_desktop.redfish import scp
from dsm_desktop.redfish.device_jobs import device_jobs
from dsm_desktop.redfish.errors import Conflict, DeviceFault, Missing, RedfishError
from dsm_desktop.vault.profiles import keep_profile
from dsm_desktop.vault.resolve import CredentialResolver
from dsm_desktop.vault.vault import Vault

_PATIENCE = 40
"""Tries to start while another job runs, 15 s apart: sushy's budget for RAC0679."""
_PAUSE = 15.0
_AWAY = (Unreachable, NoAnswer, BadAnswer, DeviceFault, Missing)
"""An import restarts services and hosts; a device that does not answer for a while has not failed."""


class PendingStands(DsmError):
    """Pending settings or a scheduled configuration job stand in the way of a profile."""


class ProfileJobFailed(DsmError):
    """The iDRAC ended the profile's job as failed."""


class NoWayHere(DsmError):
    """This iDRAC neither hands a profile over nor pushes it to a web server."""


class OnlyInClear(DsmError):
    """This iDRAC pushes profiles by HTTP alone, and nobody has agreed that this one crosses the network unencrypted."""

    blame = Blame.USER


IN_CLEAR = "This iDRAC pushes by HTTP alone: the profile crosses the network unencrypted"
"""Said in the log before it is sent, and in the result."""


class NoProfileCame(DsmError):
    """The export ended well and gave no profile."""

    retryable = True


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """What to export. `way` auto | local | push | share; `share` "nfs://10.0.0.5/export" or "cifs://…", read back by nobody here.
    `in_clear`: it may cross the network unencrypted where the firmware knows no other way."""

    name: str
    components: tuple[str, ...] = ("ALL",)
    format: str = "XML"
    use: str = "Default"
    include: tuple[str, ...] = ()
    way: str = "auto"
    share: str = ""
    in_clear: bool = False
    origin: str = "export"
    key: str = ""


async def export_profile(ctx: JobContext, request: ExportRequest) -> dict[str, Any] | None:
    """Export and keep sealed. Returns {"id", "sha256", "settings", "secrets", "size", "in_clear"}, with "file" alone for a
    share; None in a dry run. Several exports of one body need their own `key`."""
    way = request.way
    if way in ("auto", "push"):
        way = await ctx.step("choose the way of the export", partial(_way, ctx, request), key=request.key)
    if way == "push in clear":
        ctx.log(f"{IN_CLEAR}.", "warning")
    name = f"{ctx.target.service_tag or 'server'}-{ctx.job_id}-{request.key or 'profile'}.{request.format.lower()}"
    try:
        path = await _start(
            ctx,
            f"export {request.key}".strip(),
            lambda: scp.export(
                ctx.redfish(),
                components=request.components,
                format=request.format,
                use=request.use,
                include=request.include,
                share=_share(ctx, way, request.share, name),
            ),
            "ExportConfiguration",
            f"POST {scp.EXPORT} ({', '.join(request.components)}, {way})",
        )
        if path is None:
            return None
        ctx.progress(0, 100, "Exporting the configuration")
        kept: dict[str, Any] = await ctx.wait_for(
            f"the configuration export of {ctx.target.label}",
            partial(_exported, ctx, request, way, path, name),
            every=3,
            timeout=1200,
            tolerate=(NoAnswer, DeviceFault),
        )
        return kept
    finally:
        if way in _PUSHED:
            await ctx.run(lambda: ctx.service(MediaServer).withdraw(ctx.job_id, [ctx.target.address]))


_PUSHED = ("push", "push in clear")


def _way(ctx: JobContext, request: ExportRequest) -> str:
    """LOCAL where the iDRAC lists it or lists nothing; else it is made to push the profile to this machine, over HTTPS
    unless its firmware knows only HTTP and that is agreed to. Raises NoWayHere, OnlyInClear."""
    bmc = ctx.redfish()
    if request.way == "auto" and scp.exports_locally(bmc) is not False:
        return "local"
    by = scp.pushes_by(bmc)
    if not by:
        raise NoWayHere(
            "this iDRAC exports profiles to NFS and CIFS shares only",
            hint="Choose the way 'share', or update the iDRAC first.",
            where=ctx.target.label,
        )
    if by == "HTTPS":
        return "push"
    if not request.in_clear:
        raise OnlyInClear(
            "this iDRAC pushes its configuration by HTTP alone: it would cross the network unencrypted, with its secrets",
            hint="Update the iDRAC, or choose the way 'share', or agree with 'Also unencrypted' in 'Export configuration'. An update"
            " can go without saving the configuration first.",
            where=ctx.target.label,
        )
    return "push in clear"


def _inbox(ctx: JobContext, way: str, name: str) -> Inbox:
    return ctx.service(MediaServer).receive(
        name,
        job_id=ctx.job_id,
        addresses=[ctx.target.address],
        server_id=ctx.target.server_id,
        secure=way == "push",
    )


def _share(ctx: JobContext, way: str, url: str, name: str) -> scp.Share | None:
    if way == "local":
        return None
    if way in _PUSHED:
        url = _inbox(ctx, way, name).url.rpartition("/")[0]
    parts = urlsplit(url)
    if "@" in parts.netloc:
        raise BadInput(
            "The share's address holds a login.",
            hint="Give it without; its login is a credential set for its address.",
        )
    if parts.scheme not in ("nfs", "cifs", "http", "https") or not parts.hostname:
        raise BadInput(
            "The share is not understood.",
            hint="Write it as nfs://host/export, cifs://host/share or https://host/path.",
        )
    share = scp.Share(
        parts.scheme.upper(), parts.hostname, parts.path, name, parts.port or 0, ignore_certificate=True
    )
    if way in _PUSHED:
        return share
    login = next(iter(ctx.service(CredentialResolver).for_address(parts.hostname, "share")), None)
    if login is None:
        return share
    return scp.Share(
        share.kind, share.address, share.name, name, share.port, login.username,
        login.password.get_secret_value(), True,
    )  # fmt: skip


def _exported(
    ctx: JobContext, request: ExportRequest, way: str, path: str, name: str
) -> dict[str, Any] | None:
    """One look; when the profile is there it is kept in the same breath."""
    seen = scp.look(ctx.redfish(), path)
    if not seen.ended:
        ctx.progress(seen.percent or 0, 100, seen.message or "Exporting the configuration")
        return None
    _refuse_failed(ctx, seen, "export")
    text = seen.text
    if way in _PUSHED:
        text = (_inbox(ctx, way, name).content() or b"").decode("utf-8", "replace")
    if way == "share":
        return {"file": name, "path": path}
    if not text:
        raise NoProfileCame(
            "the iDRAC says the export is done and gave no profile",
            hint="Run the job again; if it stays so, restart the iDRAC.",
            where=ctx.target.label,
        )
    return _kept(ctx, request, text) | {"in_clear": way == "push in clear"}


def _kept(ctx: JobContext, request: ExportRequest, text: str) -> dict[str, Any]:
    profile, vault = parse_profile(text), ctx.service(Vault)
    number = ctx.save(
        lambda uow: keep_profile(
            uow,
            vault,
            text,
            name=request.name or f"{ctx.target.label}",
            taken_by=ctx.submitted_by,
            server_id=ctx.target.server_id,
            origin=request.origin,
            job_id=ctx.job_id,
        )
    )
    return {
        "id": number,
        "sha256": checksum(text),
        "settings": len(profile.attributes),
        "secrets": len(profile.secrets()),
        "size": len(text.encode()),
    }


async def run_preview(ctx: JobContext, profile: Callable[[], str], key: str = "") -> dict[str, Any] | None:
    """The device's own check: {"message", "message_id", "failed", "details"}, "failed" also where it ended well with an
    objection; None in a dry run. Nothing is changed."""
    path = await _start(
        ctx,
        f"preview {key}".strip(),
        lambda: scp.preview(ctx.redfish(), profile()),
        "PreviewConfiguration",
        f"POST {scp.PREVIEW}",
    )
    if path is None:
        return None
    seen = await _followed(ctx, path, "preview", 1200)
    return seen | {"failed": seen["failed"] or seen["message_id"] in scp.PREVIEW_OBJECTS}


async def run_import(
    ctx: JobContext,
    profile: Callable[[], str],
    *,
    components: tuple[str, ...],
    shutdown: str,
    power: str,
    minutes: int,
) -> dict[str, Any] | None:
    """The import itself, followed to its end: {"message", "message_id", "failed", "details"}; None in a dry run.

    An iDRAC that goes away for minutes, and 99 % for as long, are normal. A failed job is told, not raised: part of the
    profile may have been applied.
    """
    path = await _start(
        ctx,
        "import",
        lambda: scp.import_profile(
            ctx.redfish(),
            profile(),
            components=components,
            shutdown=shutdown,
            power=power,
            wait_seconds=max(300, min(3600, minutes * 60)),
        ),
        "ImportConfiguration",
        f"POST {scp.IMPORT} ({', '.join(components)}, shut down: {shutdown}, afterwards: {power})",
    )
    if path is None:
        return None
    return await _followed(ctx, path, "import", 7200)


async def _followed(ctx: JobContext, path: str, what: str, seconds: float) -> dict[str, Any]:
    def look() -> dict[str, Any] | None:
        seen = scp.look(ctx.redfish(), path)
        ctx.progress(seen.percent or 0, 100, seen.message)
        if not seen.ended:
            return None
        return {
            "job": scp.job_id_of_path(path),
            "message": seen.message,
            "message_id": seen.message_id,
            "failed": seen.failed,
            "details": list(seen.details),
        }

    return await ctx.wait_for(
        f"the {what} on {ctx.target.label}", look, every=3, timeout=seconds, tolerate=_AWAY
    )


async def _start(ctx: JobContext, what: str, send: Callable[[], str], kind: str, plan: str) -> str | None:
    """The path of the started task. Another job that runs is waited for; an interrupted POST is looked for in the queue first."""
    bmc = ctx.redfish()
    for attempt in range(1, _PATIENCE + 1):
        known: list[str] = await ctx.step(
            f"note the iDRAC's jobs before the {what}",
            lambda: [job.id for job in device_jobs(bmc)],
            key=str(attempt),
        )

        def taken(known: list[str] = known) -> dict[str, str] | None:
            found = scp.running_job(bmc, known, [kind])
            return {"path": found} if found else None

        said: dict[str, str] | None = await ctx.step(
            f"start the {what}",
            partial(_sent, ctx, send),
            key=str(attempt),
            changing=True,
            interrupted=taken,
            plan=plan,
        )
        if said is None:
            return None
        if "path" in said:
            return said["path"]
        ctx.log(f"{said['busy']} Next try in {_PAUSE:.0f} s.", "warning")
        await ctx.sleep(_PAUSE)
    raise Conflict(
        "another job of the iDRAC did not end in time",
        hint="Look at the iDRAC's job queue; clear it if a job hangs.",
        where=ctx.target.label,
    )


def _sent(ctx: JobContext, send: Callable[[], str]) -> dict[str, str]:
    try:
        return {"path": send()}
    except RedfishError as error:
        ids = set(getattr(error, "ids", ()))
        if ids & scp.PENDING_STANDS:
            raise PendingStands(
                f"pending settings or a scheduled configuration job stand in the way: {error.message}",
                hint="Restart the server so that they are applied, or withdraw them, then try again.",
                where=ctx.target.label,
            ) from error
        if ids & scp.JOB_RUNS:
            return {"busy": error.message}
        raise


def _refuse_failed(ctx: JobContext, seen: scp.Progress, what: str) -> None:
    if seen.failed:
        raise ProfileJobFailed(
            f"the iDRAC's {what} failed: {seen.message or 'it gave no reason'}",
            hint="Look at the iDRAC's lifecycle log for the reason.",
            where=ctx.target.label,
            detail="; ".join((seen.message_id, *seen.details))[:2000],
        )
