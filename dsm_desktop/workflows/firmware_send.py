"""Handing one package to an iDRAC, once: by push, by letting it fetch, or by naming what it keeps; with the look after a kill."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

from dsm_desktop.core.inventory import Firmware, FirmwareState
from dsm_desktop.firmware.plan import Impact, Planned
from dsm_desktop.firmware.versions import Order, compare
from dsm_desktop.jobs import JobContext
from dsm_desktop.redfish.client import RedfishClient
from dsm_desktop.redfish.device_jobs import DeviceJob, device_jobs
from dsm_desktop.redfish.update import (
    ApplyTime,
    Sending,
    Way,
    fetch,
    fetching,
    install_pushed,
    installed_firmware,
    inventory_uri,
    push_file,
    push_multipart,
    roll_back,
    update_offer,
)

_WRITES_FIRMWARE = {"FirmwareUpdate", "FirmwareRollback", "RepositoryUpdate", ""}
_WORD = re.compile(r"[a-z0-9]{3,}")

SENT = "send package"
"""Name of the step that hands a package to the iDRAC; its key, as that of PROVEN, is the package."""


class Sender(Protocol):
    """Makes the iDRAC take one planned item; returns the JID, "" when the job is gone and the version is there already.

    `allowed` raises when it is too late; asked right before each request, because a job may be taken up again hours after
    its steps looked at the window.
    """

    async def send(
        self, ctx: JobContext, item: Planned, known: list[str], allowed: Callable[[], None]
    ) -> str: ...


def apply_time(item: Planned) -> ApplyTime:
    """What restarts the host waits for it: when that happens is decided here, never by the iDRAC."""
    return ApplyTime.ON_RESET if item.impact in (Impact.HOST, Impact.POWER) else ApplyTime.IMMEDIATE


@dataclass(frozen=True, slots=True)
class Pushing:
    """From this machine. `files`: key of the item → file."""

    files: dict[str, Path]

    async def send(
        self, ctx: JobContext, item: Planned, known: list[str], allowed: Callable[[], None]
    ) -> str:
        offer = await ctx.step("look at ways to send", lambda: _way(ctx.redfish()), key=item.key)
        if offer == Way.HTTP_PUSH:
            return await self._in_two(ctx, item, known, allowed)
        file, when = self.files[item.key], apply_time(item)
        return await ctx.step(
            SENT,
            partial(_if, allowed, lambda: push_multipart(ctx.redfish(), file, when, _sending(ctx, file))),
            key=item.key,
            changing=True,
            interrupted=partial(was_taken, ctx, item, known),
            attempts=3,
            plan=f"POST MultipartHttpPushUri {file.name} {when.value} to {ctx.target.label}",
        )

    async def _in_two(
        self, ctx: JobContext, item: Planned, known: list[str], allowed: Callable[[], None]
    ) -> str:
        """iDRAC8: the file into the upload slot, then the job that applies it."""
        file, when = self.files[item.key], apply_time(item)
        uri = await ctx.step(
            "upload package",
            partial(_if, allowed, lambda: push_file(ctx.redfish(), file, _sending(ctx, file))),
            key=item.key,
            changing=True,
            interrupted=lambda: _uploaded(ctx.redfish(), item),
            attempts=3,
            plan=f"POST HttpPushUri {file.name} to {ctx.target.label}",
        )
        return await ctx.step(
            SENT,
            partial(_if, allowed, lambda: install_pushed(ctx.redfish(), uri, when)),
            key=item.key,
            changing=True,
            interrupted=partial(was_taken, ctx, item, known),
            attempts=3,
            plan=f"POST DellUpdateService.Install {file.name} {when.value} to {ctx.target.label}",
        )


@dataclass(frozen=True, slots=True)
class Fetching:
    """The iDRAC fetches it: `uri` gives the address for an item's key (blocking; a media server may have to start)."""

    uri: Callable[[str], str]
    login: tuple[str, str] | None = None

    async def send(
        self, ctx: JobContext, item: Planned, known: list[str], allowed: Callable[[], None]
    ) -> str:
        when = apply_time(item)
        by = await ctx.step(
            "look at ways to send", partial(_fetched_by, ctx, when, local=False), key=item.key
        )
        return await ctx.step(
            SENT,
            partial(_if, allowed, lambda: fetch(ctx.redfish(), self.uri(item.key), when, login=self.login)),
            key=item.key,
            changing=True,
            interrupted=partial(was_taken, ctx, item, known),
            attempts=3,
            plan=f"POST {by} {item.key} {when.value} on {ctx.target.label}",
        )


@dataclass(frozen=True, slots=True)
class GoingBack:
    """What the iDRAC keeps of the previous version; the item's key is the id of the inventory's entry."""

    async def send(
        self, ctx: JobContext, item: Planned, known: list[str], allowed: Callable[[], None]
    ) -> str:
        when = apply_time(item)
        by = await ctx.step("look at ways to send", partial(_fetched_by, ctx, when, local=True), key=item.key)

        def do() -> str:
            bmc = ctx.redfish()
            entry = next((e for e in installed_firmware(bmc) if e.id == item.key), None)
            if entry is None:
                change = item.changes[0]
                entry = Firmware(item.key, change.fqdd, change.name, change.after, FirmwareState.PREVIOUS)
            return roll_back(bmc, entry, when)

        return await ctx.step(
            SENT,
            partial(_if, allowed, do),
            key=item.key,
            changing=True,
            interrupted=partial(was_taken, ctx, item, known),
            attempts=3,
            plan=f"POST {by} {item.key} {when.value} on {ctx.target.label}",
        )


def _if(allowed: Callable[[], None], do: Callable[[], str]) -> str:
    allowed()
    return do()


def was_taken(ctx: JobContext, item: Planned, known: list[str]) -> str | None:
    """Whether the iDRAC has taken an item that may have been sent: its JID among the jobs that were not there before; "" when
    the version is there already and the job is gone; None when it never arrived."""
    bmc = ctx.redfish()
    fresh = [
        job
        for job in device_jobs(bmc)
        if job.id not in known and not job.is_reboot and job.kind in _WRITES_FIRMWARE
    ]
    named = [job for job in fresh if named_like(job, item)]
    for job in named or fresh:
        return job.id
    entries = installed_firmware(bmc)
    there = all(
        compare(c.before, c.after) is not Order.SAME
        and version_reached(running_version(entries, c.fqdd), c.before, c.after)
        for c in item.changes
    )
    return "" if there else None


def version_reached(now: str, before: str, after: str) -> bool:
    """Whether `now` is the wanted version."""
    if not now:
        return False
    if not after:
        return compare(before, now) is not Order.SAME
    return compare(now, after) is Order.SAME


def running_version(entries: tuple[Firmware, ...], fqdd: str) -> str:
    """The version that runs on a device (iDRAC8 names no FQDD: then the entry's own id without state and version)."""
    return next(
        (e.version for e in entries if e.state is FirmwareState.INSTALLED and place_of(e) == fqdd),
        "",
    )


def place_of(entry: Firmware) -> str:
    """What names the device of an entry: its FQDD; on iDRAC7/8, which leave it out, component and name."""
    return entry.fqdd or f"{entry.component_id}/{entry.name}"


def named_like(job: DeviceJob, item: Planned) -> bool:
    """Jobs are called "Firmware Update: BIOS" or after the device: a shared word is enough beside before and after."""
    words = set(_WORD.findall(f"{item.title} {item.changes[0].name} {item.changes[0].fqdd}".lower()))
    said = set(_WORD.findall(job.name.lower())) - {"firmware", "update", "rollback"}
    return bool(words & said)


def _fetched_by(ctx: JobContext, when: ApplyTime, *, local: bool) -> str:
    return fetching(ctx.redfish(), when, local=local)[1]


def _way(bmc: RedfishClient) -> str:
    offered = update_offer(bmc).pushes
    return offered.value if offered else ""


def _uploaded(bmc: RedfishClient, item: Planned) -> str | None:
    """The upload slot's entry when a file of this version lies in it."""
    for entry in installed_firmware(bmc):
        if entry.state is FirmwareState.AVAILABLE and compare(entry.version, item.version) is Order.SAME:
            return inventory_uri(bmc, entry)
    return None


def _sending(ctx: JobContext, file: Path) -> Sending:
    """Progress in bytes; a stop between two blocks; the lease renewed before the last bytes leave."""

    def told(done: int, total: int) -> None:
        ctx.progress(done, total, f"Sending {file.name}")

    return Sending(told, ctx.check, ctx.still_ours)
