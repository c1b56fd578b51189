"""How servers start: order, one-time source, mode, HTTP boot; read, set, and verified after the restart."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager, nullcontext
from functools import partial
from typing import Any

from pydantic import Field, model_validator

from dsm_desktop.core.errors import BadInput, DsmError
from dsm_desktop.core.worded import Worded
from dsm_desktop.jobs import Danger, JobContext, Paced, Result, TimedOut, job
from dsm_desktop.net.limits import RetryLater
from dsm_desktop.operations.reading import reported
from dsm_desktop.redfish import boot
from dsm_desktop.redfish.device_jobs import RebootKind
from dsm_desktop.store.configuration import save_boot
from dsm_desktop.workflows.bios import Timing, When, change_bios
from dsm_desktop.workflows.bios_job import follow_job, refuse_others_waiting
from dsm_desktop.workflows.bios_reading import AWAY
from dsm_desktop.workflows.reset import Restart, restart_host


class BootOnce(Worded):
    """Where a server starts from next, once; KEEP leaves that alone, NONE takes it back."""

    KEEP = "leave as it is", "Leave as it is"
    NONE = "none", "Nothing: take it back"
    PXE = "PXE", "Network (PXE)"
    HTTP = "HTTP", "HTTP"
    CD = "CD or DVD", "CD or DVD"
    HDD = "hard disk", "Hard disk"
    SETUP = "BIOS setup", "BIOS setup"
    UTILITIES = "utilities", "Utilities"
    UEFI_TARGET = "UEFI target", "UEFI target"
    SD = "SD card", "SD card"
    FLOPPY = "floppy", "Floppy"


class BootMode(Worded):
    KEEP = "leave as it is", "Leave as it is"
    UEFI = "UEFI", "UEFI"
    BIOS = "BIOS", "BIOS"


class BootRestart(Worded):
    NO = "no", "No"
    GRACEFUL = "graceful", "Graceful"
    GRACEFUL_THEN_FORCED = "graceful, then forced", "Graceful, then forced"


_TARGETS = {
    BootOnce.NONE: "None",
    BootOnce.PXE: "Pxe",
    BootOnce.HTTP: "UefiHttp",
    BootOnce.CD: "Cd",
    BootOnce.HDD: "Hdd",
    BootOnce.SETUP: "BiosSetup",
    BootOnce.UTILITIES: "Utilities",
    BootOnce.UEFI_TARGET: "UefiTarget",
    BootOnce.SD: "SDCard",
    BootOnce.FLOPPY: "Floppy",
}


class BootParams(Paced):
    once: BootOnce = Field(BootOnce.KEEP, title="Start once from")
    uefi_target: str = Field("", max_length=500, title="UEFI device path", description="for 'UEFI target'")
    http_uri: str = Field(
        "", max_length=500, title="Address for HTTP boot", description="for 'HTTP'; a BIOS setting on iDRACs"
    )
    order: list[str] = Field(
        default_factory=list,
        max_length=32,
        title="Boot order",
        description="these first, the rest after them: Boot0003, or part of the name",
    )
    mode: BootMode = Field(BootMode.KEEP, title="Boot mode")
    restart: BootRestart = Field(BootRestart.NO, title="Restart now")
    minutes: int = Field(30, ge=5, le=240, title="Give up after", json_schema_extra={"unit": "minutes"})

    @model_validator(mode="after")
    def _complete(self) -> BootParams:
        if self.once is BootOnce.UEFI_TARGET and not self.uefi_target.strip():
            raise ValueError("a UEFI target needs its device path")
        if self.http_uri and not self.http_uri.lower().startswith(("http://", "https://")):
            raise ValueError("the address for HTTP boot begins with http:// or https://")
        return self


class BootResult(Result):
    mode: str = Field("", title="Mode")
    order: list[str] = Field(default_factory=list, title="Boot order")
    once: str = Field("", title="Starts once from")
    proven: bool = Field(False, title="Verified")


class BootNotKept(DsmError):
    """The server started and its boot order is not what was set."""


def danger_of(params: BootParams) -> Danger:
    """Reading harms nobody; a forced restart is typed."""
    if params.restart is BootRestart.GRACEFUL_THEN_FORCED:
        return Danger.DESTRUCTIVE
    touched = (
        params.once is not BootOnce.KEEP
        or params.order
        or params.mode is not BootMode.KEEP
        or params.http_uri.strip()
    )
    return Danger.DISRUPTIVE if touched or params.restart is not BootRestart.NO else Danger.NONE


def warning(params: BootParams) -> str:
    """The confirmation's sentence."""
    if params.restart is not BootRestart.NO:
        return "The servers are restarted; everything that runs on them ends."
    return (
        "At their next restart the servers start otherwise than now, whoever restarts them."
        if danger_of(params) is Danger.DISRUPTIVE
        else ""
    )


@job(
    "boot_configuration",
    label="Boot…",
    title="Boot configuration of {target}",
    menu="Configuration",
    exclusive=True,
    danger=Danger.DISRUPTIVE,
    danger_of=danger_of,
    confirm=warning,
)
async def boot_configuration(ctx: JobContext, params: BootParams) -> BootResult:
    """Read how each server starts, and set it: a one-time source, the order, the mode, HTTP boot. With a restart the order is read
    again after the server has started, because an operating system may have put itself first. With nothing chosen it only reads."""
    async with reported(ctx):
        before = await _read(ctx, "before")
        settings, now = (
            _bios_part(params, takes_uri=before["takes_uri"]),
            params.restart is not BootRestart.NO,
        )
        forced = params.restart is BootRestart.GRACEFUL_THEN_FORCED
        if now:
            await ctx.step(
                "look what else waits for a restart", partial(refuse_others_waiting, ctx), key="boot"
            )
        if settings and now:
            # Its restart comes first: it would use the one-time source up.
            reboot = RebootKind.GRACEFUL_THEN_FORCED if forced else RebootKind.GRACEFUL
            await change_bios(ctx, settings, Timing(When.NOW, reboot, give_up_minutes=params.minutes))
        earlier = {} if settings else before["override"]  # a restart for the settings has used it up
        order, job_id = list(before["order"]), ""
        if params.order:
            order = wanted_order(before["options"], params.order)
            job_id = await _set_order(ctx, order, before["order"])
        async with _used_or_taken_back(ctx, params, earlier) if now else nullcontext():
            if params.once is not BootOnce.KEEP:
                await _set_override(ctx, params, before["targets"], takes_uri=before["takes_uri"])
            if settings and not now:
                await change_bios(ctx, settings, Timing(When.RESTART, give_up_minutes=params.minutes))
            if not now or ctx.dry_run:
                return await _told(ctx, params, proven=not params.order and not settings)
            if settings and not params.order and params.once is BootOnce.KEEP:
                return await _told(ctx, params, proven=True)  # read back after the restart it had
            await _restart(ctx, params, order, job_id)
        return await _told(ctx, params, proven=True)


async def _restart(ctx: JobContext, params: BootParams, order: list[str], job_id: str) -> None:
    """And see that what was set is in force after it, or used."""
    forced = params.restart is BootRestart.GRACEFUL_THEN_FORCED
    how = Restart.GRACEFUL_THEN_FORCED if forced else Restart.GRACEFUL
    await restart_host(ctx, how, minutes=params.minutes, key="boot")
    if job_id:
        await follow_job(ctx, job_id, params.minutes)
    if params.order:
        await _verify(ctx, order, params.minutes)
    if params.once not in (BootOnce.KEEP, BootOnce.NONE):
        await _used(ctx, params)


def _used_or_taken_back(
    ctx: JobContext, params: BootParams, before: dict[str, str]
) -> AbstractAsyncContextManager[None]:
    """A one-time source that is set for the restart of this job is not left for the next restart of anybody."""
    if params.once in (BootOnce.KEEP, BootOnce.NONE):
        return nullcontext()
    return ctx.always(
        "one-time boot source",
        f"{ctx.target.label} starts once from {params.once.words}",
        partial(_take_back, ctx, params.once, before),
        original=dict(before),
    )


def _take_back(ctx: JobContext, once: BootOnce, before: dict[str, str]) -> None:
    """As it was before, unless the server has started from it, or somebody has chosen another since. In a pool thread."""
    bmc, label = ctx.redfish(), ctx.target.label
    now = boot.read_boot(bmc).as_override()
    if now == before or now.get("target") != _TARGETS[once] or not now.get("enabled"):
        return
    armed = before.get("enabled", "")
    boot.set_override(
        bmc,
        before.get("target", "None") if armed else "None",
        device=before.get("device", "") if armed else "",
        http_uri=before.get("http", "") if armed else "",
        continuous=armed == "Continuous",
    )
    raise RetryLater(
        f"{label} does not show yet that its one-time source was taken back.", retry_after=3, where=label
    )


def _bios_part(params: BootParams, *, takes_uri: bool) -> dict[str, str]:
    """What of it is a BIOS setting: the mode, and the address of an HTTP boot where nothing else takes it."""
    wanted = {}
    if params.mode is not BootMode.KEEP:
        wanted["BootMode"] = "Uefi" if params.mode is BootMode.UEFI else "Bios"
    if params.http_uri.strip() and not takes_uri:
        wanted |= {"HttpDev1EnDis": "Enabled", "HttpDev1Uri": params.http_uri.strip()}
    return wanted


def wanted_order(options: list[dict[str, Any]], first: list[str]) -> list[str]:
    """The whole order with these first. An entry is an id, or part of a name that fits one option only. Raises BadInput."""
    chosen: list[str] = []
    for text in (line.strip() for line in first if line.strip()):
        fits = [o["id"] for o in options if o["id"].lower() == text.lower()]
        fits = fits or [o["id"] for o in options if text.lower() in o["name"].lower()]
        if len(fits) != 1:
            known = ", ".join(f"{o['id']} {o['name']}".strip() for o in options)
            raise BadInput(
                f"'{text}' is {'no boot option' if not fits else 'more than one boot option'} of this server.",
                hint=f"It has: {known or 'none'}.",
            )
        if fits[0] not in chosen:
            chosen.append(fits[0])
    return [*chosen, *(o["id"] for o in options if o["id"] not in chosen)]


async def _read(ctx: JobContext, key: str) -> dict[str, Any]:
    found: dict[str, Any] = await ctx.step(
        "read the boot configuration", partial(_look, ctx), key=key, attempts=3
    )
    return found


def _look(ctx: JobContext) -> dict[str, Any]:
    """Read and keep it. In a pool thread."""
    state = boot.read_boot(ctx.redfish())
    options = [{"id": o.id, "name": o.name, "enabled": o.enabled, "path": o.path} for o in state.options]
    override = state.as_override()
    ctx.save(
        lambda uow: save_boot(
            uow, ctx.target.server_id, state.mode, options, dict(override), job_id=ctx.job_id
        )
    )
    return {
        "mode": state.mode,
        "order": list(state.order),
        "options": options,
        "override": override,
        "targets": list(state.targets),
        "takes_uri": state.takes_http_uri,
    }


async def _set_order(ctx: JobContext, order: list[str], present: list[str]) -> str:
    if order == present:
        ctx.log("The boot order is already so.")
        return ""
    bmc = ctx.redfish()

    def taken() -> str | None:
        return "" if list(boot.read_boot(bmc).order) == order else None

    made: str | None = await ctx.step(
        "set the boot order",
        lambda: boot.set_order(bmc, order),
        changing=True,
        interrupted=taken,
        plan=f"PATCH BootOrder {', '.join(order)}",
    )
    if made:
        ctx.log(f"The iDRAC's job {made} applies the order at the next restart.")
    return made or ""


async def _set_override(ctx: JobContext, params: BootParams, offered: list[str], *, takes_uri: bool) -> None:
    bmc, target = ctx.redfish(), _TARGETS[params.once]
    if offered and target not in offered:
        raise BadInput(
            f"This server cannot start from {params.once.words}.", hint=f"It offers: {', '.join(offered)}."
        )

    def taken() -> bool | None:
        return True if boot.read_boot(bmc).override_target == target else None

    def send() -> bool:
        boot.set_override(
            bmc,
            target,
            device=params.uefi_target.strip(),
            http_uri=params.http_uri.strip() if takes_uri else "",
        )
        return True

    await ctx.step(
        "set the one-time boot source",
        send,
        changing=True,
        interrupted=taken,
        plan=f"PATCH BootSourceOverrideTarget {target}",
    )
    if not ctx.dry_run:
        await ctx.wait_for(
            f"{ctx.target.label} to show the boot source", taken, every=3, timeout=120, tolerate=AWAY
        )


async def _verify(ctx: JobContext, order: list[str], minutes: int) -> None:
    def kept() -> bool | None:
        return True if _look(ctx)["order"] == order else None

    try:
        await ctx.wait_for(
            "the boot order to be read back", kept, every=10, timeout=minutes * 60, tolerate=AWAY
        )
    except TimedOut as error:
        now = boot_order_words(await _read(ctx, "not kept"))
        raise BootNotKept(
            f"{ctx.target.label} started, and its boot order is not as set: {now}.",
            hint="The operating system may put itself first; switch that off there, or set the order again.",
            where=ctx.target.label,
        ) from error


async def _used(ctx: JobContext, params: BootParams) -> None:
    """A one-time source is gone once the server has started from it."""

    def gone() -> bool | None:
        override = _look(ctx)["override"]
        return None if override.get("target") and override.get("enabled") else True

    try:
        await ctx.wait_for(
            "the one-time source to be used", gone, every=10, timeout=params.minutes * 60, tolerate=AWAY
        )
    except TimedOut as error:
        raise BootNotKept(
            f"{ctx.target.label} was restarted, and its one-time source {params.once.words} still waits.",
            hint="Look at its console: it may stand in front of a message. The source is taken back.",
            where=ctx.target.label,
        ) from error


def boot_order_words(state: dict[str, Any]) -> str:
    """The order by names."""
    return ", ".join(o["name"] or o["id"] for o in state["options"])


async def _told(ctx: JobContext, params: BootParams, *, proven: bool) -> BootResult:
    state = await _read(ctx, "after")
    once = str(state["override"].get("target", ""))
    first = boot_order_words(state).split(", ")[0]
    waits = "" if proven or ctx.dry_run else " The change waits for the next restart."
    summary = f"{state['mode'] or 'Boot'}, first {first or 'unknown'}{f', once from {once}' if once else ''}.{waits}"
    return BootResult(
        summary=f"Dry run, nothing was sent: {summary}" if ctx.dry_run else summary,
        mode=state["mode"],
        order=[f"{o['id']} {o['name']}".strip() for o in state["options"]],
        once=once,
        proven=proven and not ctx.dry_run,
    )
