"""BIOS settings: read with their registry, and changed by stage, job, restart and proof."""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import partial
from typing import Any

from dsm_desktop.configuration.checking import Verdicts
from dsm_desktop.configuration.differences import same_value
from dsm_desktop.configuration.standard import BIOS
from dsm_desktop.core.errors import DsmError
from dsm_desktop.core.secret_names import is_secret_attribute
from dsm_desktop.jobs import JobContext, TimedOut
from dsm_desktop.net.answer import BadAnswer
from dsm_desktop.net.limits import RetryLater
from dsm_desktop.net.tls import Unreachable
from dsm_desktop.net.transport import NoAnswer
from dsm_desktop.redfish import bios
from dsm_desktop.redfish.device_jobs import (
    NOW,
    DeviceJob,
    RebootKind,
    create_config_job,
    delete_job,
    device_job,
    device_jobs,
)
from dsm_desktop.redfish.errors import DeviceFault, Missing
from dsm_desktop.store.configuration import CURRENT, PENDING, save_settings
from dsm_desktop.store.unit_of_work import UnitOfWork
from dsm_desktop.workflows.settings import (
    Outcome,
    SettingResult,
    compared,
    ensure_registry,
    judged,
    kept_registry,
    plain,
    refuse,
    refuse_unproven,
    told,
)

KIND = "BIOSConfiguration"
_SHOWN = 1000
EVERY = 10.0
LATE = 900.0
"""Seconds that a BIOS may take after its restart until the iDRAC shows the new values."""
AWAY = (Unreachable, NoAnswer, BadAnswer, DeviceFault, Missing, RetryLater)
"""While the host restarts, the BIOS resource answers "not ready" for half a minute, and some builds drop it."""


class When(enum.StrEnum):
    """STAGE only notes the change on the device; RESTART applies it when the server next restarts by itself; NOW restarts it;
    WINDOW restarts it at a time."""

    STAGE = "stage only"
    RESTART = "next restart"
    NOW = "now"
    WINDOW = "window"


class BiosJobStands(DsmError):
    """A BIOS configuration job waits on the device; nothing more can be staged until it has run or was deleted."""


class BiosJobFailed(DsmError):
    """The iDRAC ended the configuration job as failed."""


@dataclass(frozen=True, slots=True)
class Timing:
    """When and how a change is applied. `start` aware time, `minutes` the window's length."""

    when: When = When.NOW
    reboot: RebootKind = RebootKind.GRACEFUL
    start: datetime | None = None
    minutes: int = 60
    give_up_minutes: int = 60


async def read_bios(ctx: JobContext, key: str = "") -> dict[str, Any]:
    """Read present and pending settings, keep them and, once a firmware, the registry. Returns
    {"settings_uri", "registry", "firmware", "count", "pending", "described"}; never the settings themselves."""

    def read() -> dict[str, Any]:
        bmc = ctx.redfish()
        state = bios.read_bios(bmc)
        described = ensure_registry(ctx, bmc, state.registry, state.firmware)
        remember(ctx, state)
        return {
            "settings_uri": state.settings_uri,
            "registry": state.registry,
            "firmware": state.firmware,
            "count": len(state.attributes),
            "pending": {n: v for n, v in state.pending.items() if not is_secret_attribute(n)},
            "described": described,
        }

    return await ctx.step("read BIOS settings", read, key=key, attempts=3)


def remember(ctx: JobContext, state: bios.BiosState) -> None:
    """Present and pending settings into the store. In a pool thread."""

    def save(uow: UnitOfWork) -> None:
        for kind, values in ((CURRENT, state.attributes), (PENDING, state.pending)):
            save_settings(
                uow,
                ctx.target.server_id,
                BIOS,
                kind,
                values,
                registry=state.registry,
                firmware=state.firmware,
                job_id=ctx.job_id,
            )

    ctx.save(save)


async def change_bios(
    ctx: JobContext, wanted: Mapping[str, Any], timing: Timing, *, skip_refused: bool = False
) -> list[SettingResult]:
    """Validate, stage, make the job, wait for it, and prove each setting by reading it back.

    Raises SettingsRefused (nothing was sent), BiosJobStands, BiosJobFailed, SettingsNotApplied. What was staged and got no job is
    withdrawn again, whatever happens.
    """
    state = await read_bios(ctx)
    plan = await ctx.step("check the settings", partial(_check, ctx, state, dict(wanted)))
    verdicts = Verdicts(plan["accepted"], plan["refused"], plan["unchanged"])
    lines = refuse(ctx, verdicts, skip=skip_refused)
    lines += [
        SettingResult(name=n, old=plain(v), wanted=plain(v), now=plain(v), outcome=Outcome.UNCHANGED)
        for n, v in plan["unchanged"].items()
    ]
    if not plan["accepted"]:
        return lines
    for name, (value, why) in plan["follows"].items():
        ctx.log(f"{name} will become {value} as well: {why}.")
    await ctx.step("look for a waiting BIOS job", partial(_refuse_waiting, ctx))
    uri = state["settings_uri"]
    if timing.when is When.STAGE:
        await _stage(ctx, uri, plan["accepted"])
        return [*lines, *_waiting(plan)]
    original = {"settings": sorted(plan["accepted"]), "pending_before": len(state["pending"])}
    async with ctx.always(
        "withdraw staged BIOS settings",
        f"BIOS settings staged on {ctx.target.label}",
        partial(_withdraw_jobless, ctx, uri, bool(state["pending"])),
        original=original,
    ):
        await _stage(ctx, uri, plan["accepted"])
        job_id = await _make_job(ctx, uri, timing)
    if ctx.dry_run or job_id is None or timing.when is not When.NOW:
        if job_id:
            ctx.log(f"The iDRAC's job {job_id} applies it.")
        return [*lines, *_waiting(plan)]
    job = await follow_job(ctx, job_id, timing.give_up_minutes)
    now = await _read_back(ctx, {} if job["failed"] else plan["accepted"])
    done = compared(plan["old"], plan["accepted"], now, "" if not job["failed"] else job["message"])
    told(ctx, done)
    if job["failed"]:
        raise BiosJobFailed(
            f"The iDRAC's job {job_id} failed: {job['message'] or 'it gave no reason'}",
            hint="The log has each setting; look at the lifecycle log for the reason.",
            where=ctx.target.label,
        )
    refuse_unproven(ctx, done)
    return [*lines, *done, *_followed(plan, now)]


def _check(ctx: JobContext, state: dict[str, Any], wanted: dict[str, Any]) -> dict[str, Any]:
    current = bios.read_bios(ctx.redfish()).attributes
    registry = kept_registry(ctx, state["registry"], state["firmware"]) if state["described"] else None
    verdicts = judged(registry, current, wanted)
    shown = {*verdicts.accepted, *verdicts.follows}
    return {
        "accepted": verdicts.accepted,
        "refused": verdicts.refused,
        "unchanged": verdicts.unchanged,
        "follows": {n: [v, why] for n, (v, why) in verdicts.follows.items()},
        "old": {n: current.get(n) for n in shown},
    }


def _refuse_waiting(ctx: JobContext) -> bool:
    for job in device_jobs(ctx.redfish()):
        if job.kind == KIND and not job.ended:
            raise BiosJobStands(
                f"The BIOS job {job.id} waits on this server ({job.state}, since {job.starts or 'unknown'}).",
                hint="Restart the server so that it runs, or withdraw it (BIOS settings, 'Withdraw what waits').",
                where=ctx.target.label,
            )
    return True


async def _stage(ctx: JobContext, uri: str, values: dict[str, Any]) -> None:
    """Interrupted, the pending settings are looked at: a PATCH of the same values is never sent twice."""
    bmc = ctx.redfish()

    def staged() -> bool | None:
        pending = bios.pending_settings(bmc, uri)
        return True if all(same_value(pending.get(n), v) for n, v in values.items()) else None

    def send() -> bool:
        bios.stage(bmc, uri, values)
        return True

    body = ", ".join(f"{n}={v}" for n, v in values.items())
    await ctx.step("stage the settings", send, changing=True, interrupted=staged, plan=f"PATCH {uri} {body}")


async def _make_job(ctx: JobContext, uri: str, timing: Timing) -> str | None:
    bmc = ctx.redfish()
    known: list[str] = await ctx.step("note the iDRAC's jobs", lambda: [j.id for j in device_jobs(bmc)])
    starts, ends = await ctx.step("reckon the window on the iDRAC's clock", partial(_window, ctx, timing))
    reboot = None if timing.when is When.RESTART else timing.reboot

    def made() -> str | None:
        fresh = [j.id for j in device_jobs(bmc) if j.kind == KIND and j.id not in known]
        return max(fresh) if fresh else None

    restart = f", restart {reboot.value}" if reboot else ", at the next restart"
    return await ctx.step(
        "make the BIOS job",
        lambda: create_config_job(bmc, uri, reboot=reboot, starts=starts, ends=ends),
        changing=True,
        interrupted=made,
        plan=f"POST job for {uri}, start {starts}{restart}",
    )


def _window(ctx: JobContext, timing: Timing) -> list[str]:
    """Start and end as the queue wants them: the iDRAC's local time without an offset."""
    if timing.when is not When.WINDOW or timing.start is None:
        return [NOW, ""]
    offset = str(ctx.redfish().manager().get("DateTimeLocalOffset") or "")
    start = timing.start.astimezone(_zone(offset))
    end = start + timedelta(minutes=max(6, timing.minutes))
    return [start.strftime("%Y-%m-%dT%H:%M:%S"), end.strftime("%Y-%m-%dT%H:%M:%S")]


def _zone(offset: str) -> tzinfo:
    """The iDRAC's zone from its "-05:00"; UTC where it does not tell one."""
    found = re.fullmatch(r"([+-])(\d\d):(\d\d)", offset)
    if found is None:
        return UTC
    span = timedelta(hours=int(found[2]), minutes=int(found[3]))
    return timezone(span if found[1] == "+" else -span)


def _withdraw_jobless(ctx: JobContext, uri: str, others: bool) -> None:
    """What is staged and waits for no job would be applied by the next job of anybody, without our knowing.

    What others had staged before cannot be told from ours any more, so it is all left standing then.
    """
    bmc = ctx.redfish()
    if not bios.pending_settings(bmc, uri) or any(j.kind == KIND and not j.ended for j in device_jobs(bmc)):
        return
    if others:
        ctx.log("Settings are staged without a job, ours and those that were there before.", "warning")
    elif bios.clear_pending(bmc, uri):
        ctx.log("What was staged has no job and was withdrawn.", "warning")


async def follow_job(ctx: JobContext, job_id: str, minutes: int) -> dict[str, Any]:
    """Until the iDRAC's job has ended: {"state", "message", "failed"}. Away for minutes and "not ready" are normal."""

    def look() -> dict[str, Any] | None:
        job: DeviceJob = device_job(ctx.redfish(), job_id)
        ctx.progress(job.percent or 0, 100, job.message or job.state)
        if not job.ended:
            return None
        return {"state": job.state, "message": job.message, "failed": job.failed}

    return await ctx.wait_for(
        f"the iDRAC's job {job_id} on {ctx.target.label}",
        look,
        every=EVERY,
        timeout=minutes * 60,
        tolerate=AWAY,
    )


async def _read_back(ctx: JobContext, values: Mapping[str, Any]) -> dict[str, Any]:
    """The settings after the restart, as soon as they are as wanted. BIOS reports late: power is on minutes before it has told
    the iDRAC its new values. After LATE seconds they are returned as they are, for the caller to say what differs."""

    def read() -> dict[str, Any]:
        state = bios.read_bios(ctx.redfish())
        remember(ctx, state)
        return dict(list(_open(state.attributes).items())[:_SHOWN])

    def look() -> dict[str, Any] | None:
        now = read()
        return now if all(same_value(now.get(n), v) for n, v in values.items()) else None

    try:
        return await ctx.wait_for(
            "the settings to be read back", look, every=EVERY, timeout=LATE, tolerate=AWAY
        )
    except TimedOut:
        return await ctx.step("read BIOS settings as they are", read, attempts=3)


def _open(values: Mapping[str, Any]) -> dict[str, Any]:
    return {n: v for n, v in values.items() if not is_secret_attribute(n)}


def _waiting(plan: dict[str, Any]) -> list[SettingResult]:
    return [
        SettingResult(
            name=n,
            old=plain(plan["old"].get(n)),
            wanted=plain(v),
            now=plain(plan["old"].get(n)),
            outcome=Outcome.WAITING,
        )
        for n, v in plan["accepted"].items()
    ]


def _followed(plan: dict[str, Any], now: Mapping[str, Any]) -> list[SettingResult]:
    return [
        SettingResult(
            name=n, old=plain(plan["old"].get(n)), now=plain(now.get(n)), outcome=Outcome.FOLLOWED, why=why
        )
        for n, (_, why) in plan["follows"].items()
    ]


async def withdraw(ctx: JobContext) -> tuple[int, str]:
    """Take back what waits: the BIOS job that has not begun, then what is staged. Returns (settings withdrawn, job deleted)."""
    bmc = ctx.redfish()
    state = await read_bios(ctx)
    waiting: list[list[str]] = await ctx.step(
        "look for a waiting BIOS job",
        lambda: [[j.id, j.state] for j in device_jobs(bmc) if j.kind == KIND and not j.ended],
    )
    for job_id, job_state in waiting:
        if job_state == "Running":
            raise BiosJobStands(
                f"The BIOS job {job_id} runs already and cannot be withdrawn.",
                hint="Wait until it has ended.",
                where=ctx.target.label,
            )

        def gone(job_id: str = job_id) -> bool | None:
            return True if all(j.id != job_id for j in device_jobs(bmc)) else None

        def delete(job_id: str = job_id) -> bool:
            delete_job(bmc, job_id)
            return True

        await ctx.step(
            "delete the BIOS job",
            delete,
            key=job_id,
            changing=True,
            interrupted=gone,
            plan=f"DELETE job {job_id}",
        )

    def clear() -> bool:
        return bios.clear_pending(bmc, state["settings_uri"])

    def cleared() -> bool | None:
        return True if not bios.pending_settings(bmc, state["settings_uri"]) else None

    pending = await ctx.step(
        "read what is staged", lambda: len(bios.pending_settings(bmc, state["settings_uri"]))
    )
    if pending:
        await ctx.step(
            "withdraw staged settings", clear, changing=True, interrupted=cleared, plan="POST ClearPending"
        )
    if not ctx.dry_run:
        await read_bios(ctx, key="after")
    return max(pending, len(state["pending"])), ", ".join(job_id for job_id, _ in waiting)


async def reset_to_default(ctx: JobContext) -> None:
    """Ask for all defaults at the next restart. Interrupted, it is sent again: twice is once."""
    bmc = ctx.redfish()

    def send() -> bool:
        bios.reset_bios(bmc)
        return True

    await ctx.step(
        "reset BIOS to default", send, changing=True, interrupted=lambda: None, plan="POST Bios.ResetBios"
    )
