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
from dsm_desktop.core.errors import BadInput, DsmError
from dsm_desktop.core.secret_names import is_secret_attribute
from dsm_desktop.jobs import JobContext, TimedOut
from dsm_desktop.redfish import bios
from dsm_desktop.redfish.device_jobs import NOW, RebootKind, create_config_job, device_jobs
from dsm_desktop.workflows.bios_job import follow_staged, refuse_others_waiting, refuse_waiting
from dsm_desktop.workflows.bios_pending import prove_staged
from dsm_desktop.workflows.bios_reading import AWAY, EVERY, read_bios, remember
from dsm_desktop.workflows.bios_staged import KIND, StagedBios, same_staged
from dsm_desktop.workflows.settings import (
    Outcome,
    SettingResult,
    compared,
    judged,
    kept_registry,
    plain,
    refuse,
    refuse_unproven,
    told,
)

_SHOWN = 1000
LATE = 900.0
"""Seconds that a BIOS may take after its restart until the iDRAC shows the new values."""


class When(enum.StrEnum):
    """STAGE only notes the change on the device; RESTART applies it when the server next restarts by itself; NOW restarts it;
    WINDOW restarts it at a time."""

    STAGE = "stage only"
    RESTART = "next restart"
    NOW = "now"
    WINDOW = "window"


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


async def change_bios(
    ctx: JobContext, wanted: Mapping[str, Any], timing: Timing, *, skip_refused: bool = False
) -> list[SettingResult]:
    """Validate, stage, make the job, wait for it, and prove each setting by reading it back.

    Raises SettingsRefused (nothing was sent), BiosJobStands, OthersWait, BiosJobFailed, BiosNotRestarted, SettingsNotApplied. What was staged and got no job is
    withdrawn again, whatever happens, or stands on the restore list.
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
    await ctx.step("look for a waiting BIOS job", partial(refuse_waiting, ctx))
    if timing.when in (When.NOW, When.WINDOW):
        await ctx.step("look what else waits for a restart", partial(refuse_others_waiting, ctx))
    uri = state["settings_uri"]
    ours = {*plan["accepted"], *plan["follows"]}
    staged = StagedBios(ctx, uri, "BIOS settings", ours=ours, others=bool(state["pending"]))
    if timing.when is When.STAGE:
        await _stage(ctx, staged, uri, plan["accepted"])
        return [*lines, *_waiting(plan)]
    original = {"settings": sorted(plan["accepted"]), "pending_before": len(state["pending"])}
    job = None
    async with staged.promised("withdraw staged BIOS settings", original):
        await _stage(ctx, staged, uri, plan["accepted"])
        staged.job_id = job_id = await make_job(ctx, uri, timing)
        if job_id and timing.when is When.NOW:
            job = await follow_staged(ctx, staged, job_id, timing.give_up_minutes)
    if job is None:
        if job_id:
            ctx.log(f"The iDRAC's job {job_id} applies it.")
        return [*lines, *_waiting(plan)]
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


async def _stage(ctx: JobContext, staged: StagedBios, uri: str, values: dict[str, Any]) -> None:
    """Interrupted, the pending settings are looked at: a PATCH of the same values is never sent twice."""
    body = ", ".join(f"{n}={v}" for n, v in values.items())
    await staged.stage(
        "stage the settings",
        lambda bmc: bios.stage(bmc, uri, values),
        lambda bmc: same_staged(bios.pending_settings(bmc, uri), values),
        plan=f"PATCH {uri} {body}",
    )
    await prove_staged(ctx, uri, values)


async def make_job(ctx: JobContext, uri: str, timing: Timing) -> str | None:
    """The configuration job that applies what is staged; its id, None in a dry run."""
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
    if timing.when is not When.WINDOW:
        return [NOW, ""]
    if timing.start is None:
        raise BadInput("The window has no beginning.", hint="Say when it begins.", where=ctx.target.label)
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
