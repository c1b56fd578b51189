"""A host back in service after work: here again, as it was before, out of maintenance mode, in HA, and the cluster at rest."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from itertools import count

from pydantic import BaseModel, ConfigDict

from dsm_desktop.core.vsphere import Connection, Host
from dsm_desktop.core.vsphere_words import ha_words
from dsm_desktop.jobs import JobContext, Option, Question, TimedOut
from dsm_desktop.vmware.errors import NoPrivilege, NotThere, VcenterFault
from dsm_desktop.workflows.guests import TaskEnd, task_end
from dsm_desktop.workflows.host_copy import renew_copy
from dsm_desktop.workflows.maintenance import (
    ATTEMPTS,
    EXIT,
    HostAway,
    HostNotSound,
    Seen,
    change,
    moid_of,
    patiently,
    read_host,
    running_task,
)
from dsm_desktop.workflows.opening import GOOD_HA, GOOD_READS, missing, stopped_services
from dsm_desktop.workflows.vsan_rest import vsan_at_rest

_EXIT_TRIES = 10


@dataclass(frozen=True, slots=True)
class HowToReturn:
    """`boot_minutes` until a host that was restarted must be back (firmware makes it boot several times), `settle_minutes`
    for HA and the datastores, `resync_minutes` for vSAN. `every` seconds between looks."""

    boot_minutes: float = 90
    settle_minutes: float = 15
    resync_minutes: int = 720
    every: float = 10.0
    ask_hours: float = 12.0


class Returned(BaseModel):
    """A host after its return. `notes` what is not as before and does not stop the work."""

    model_config = ConfigDict(frozen=True)
    version: str = ""
    build: str = ""
    boot_time: str = ""
    notes: list[str] = []


async def host_is_back(
    ctx: JobContext, before: Seen, how: HowToReturn, *, restarted: bool, key: str = ""
) -> None:
    """Wait until vCenter sees the host steadily again (and, where it was restarted, with a newer boot time). A host that vCenter
    does not reach is reconnected; one that stays away is asked about. `key` tells apart several returns in one body. Raises
    HostAway."""
    if ctx.dry_run:
        return
    reconnects = 0
    for number in count(1):
        try:
            seen = await ctx.wait_for(
                f"{ctx.target.label} to be back",
                patiently(_Back(ctx, before.boot_time if restarted else "", reconnects < _RECONNECTS)),
                every=how.every,
                timeout=how.boot_minutes * 60,
            )
        except TimedOut:
            await _ask_about_absent(ctx, how, f"{key}{number}")
            reconnects = 0
            continue
        if seen == "here":
            return
        reconnects += 1
        await change(
            ctx,
            "reconnect host",
            partial(_reconnect, ctx),
            key=f"{key}{number}",
            taken=partial(_connected, ctx),
            plan=f"ReconnectHost_Task {moid_of(ctx)}",
        )


class _Back:
    """ "here" after some good reads in a row (vCenter shows old news for a minute), "reconnect" when vCenter has given the host
    up for a minute."""

    def __init__(self, ctx: JobContext, boot_time: str, may_reconnect: bool) -> None:
        self._ctx, self._boot_time, self._may_reconnect = ctx, boot_time, may_reconnect
        self._good = 0
        self._lost_since: float | None = None

    def __call__(self) -> str | None:
        host = read_host(self._ctx)
        if host.connection is Connection.DISCONNECTED:
            self._good = 0
            self._lost_since = self._lost_since or time.monotonic()
            lost = time.monotonic() - self._lost_since > _PATIENCE_SECONDS
            return "reconnect" if lost and self._may_reconnect else None
        self._lost_since = None
        boot = host.boot_time.isoformat() if host.boot_time else ""
        fresh = not self._boot_time or boot > self._boot_time
        self._good = self._good + 1 if host.connection is Connection.CONNECTED and fresh else 0
        self._ctx.progress(0, 1, f"{host.name}: {host.connection.words}")
        return "here" if self._good >= GOOD_READS else None


_PATIENCE_SECONDS = 60.0
_RECONNECTS = 3
"""One that vCenter gives up again and again is a person's to look at."""


def _reconnect(ctx: JobContext) -> str:
    """A host that has just connected by itself is in no state to be reconnected."""
    try:
        return ctx.vcenter().reconnect_host(moid_of(ctx))
    except VcenterFault as error:
        if error.fault != "InvalidState":
            raise
        return "connected"


def _connected(ctx: JobContext) -> str | None:
    return "connected" if read_host(ctx).connection is Connection.CONNECTED else None


async def _ask_about_absent(ctx: JobContext, how: HowToReturn, number: str) -> None:
    label = ctx.target.label
    chosen = await ctx.decide(
        Question(
            key=f"host away {number}",
            question=f"{label} is not back after {how.boot_minutes:g} minutes. It is in maintenance mode and carries no VM. Look"
            " at its console (the iDRAC shows where its start stands).",
            options=[
                Option(value="wait", title="Go on waiting", help=f"{how.boot_minutes:g} more minutes"),
                Option(
                    value="stop",
                    title="Give it up",
                    help="it stays in maintenance mode; 'Put back' on the restore list when it runs again",
                ),
            ],
            default="stop",
            within=timedelta(hours=how.ask_hours),
        )
    )
    if chosen == "stop":
        raise HostAway(
            f"{label} did not come back within {how.boot_minutes:g} minutes.",
            hint="Look at its console and its iDRAC; when it runs, use 'Put back' on the restore list.",
            where=label,
        )


async def back_in_service(
    ctx: JobContext,
    before: Seen,
    how: HowToReturn,
    *,
    ours: bool = True,
    left: Callable[[], None] = lambda: None,
) -> Returned:
    """Compare, leave maintenance mode, and wait for HA, vSAN and DRS. `ours` False: it is compared and left in maintenance
    mode. `left` is called once it is out: whoever puts it into maintenance mode after that is not us. Raises HostNotSound
    for what a cluster must not go on with."""
    if ctx.dry_run:
        return Returned()
    await _whole_again(ctx, before, how)
    now = await ctx.step(
        "compare with before", partial(_compare, ctx, before), returns=Returned, attempts=ATTEMPTS
    )
    for note in now.notes:
        ctx.log(note, "warning")
    if not ours:
        return now
    await leave(ctx, how)
    left()
    await ctx.run(partial(renew_copy, ctx))
    if before.ha_state in GOOD_HA:
        await _ha_back(ctx, how)
        await ctx.run(partial(renew_copy, ctx))
    await vsan_at_rest(
        ctx,
        minutes=how.resync_minutes,
        unread_minutes=how.settle_minutes,
        every=how.every,
        hours=how.ask_hours,
    )
    return now


async def leave(ctx: JobContext, how: HowToReturn) -> None:
    """Out of maintenance mode; tried again while the services of a host that has just started come up."""
    label = ctx.target.label
    why = ""
    for number in range(1, _EXIT_TRIES + 1):
        task = await change(
            ctx,
            "exit maintenance mode",
            partial(_exit, ctx),
            key=str(number),
            taken=partial(_exiting, ctx),
            plan=f"ExitMaintenanceMode_Task {moid_of(ctx)}",
        )
        if task == "out":
            return
        if task.startswith(_REFUSED):
            end = TaskEnd(ok=False, error=task.removeprefix(_REFUSED))
        else:
            end = await _left_by(ctx, how, task)
        if end.ok:
            ctx.log(f"{label} is out of maintenance mode.")
            return
        why = end.error
        ctx.log(f"{label} does not leave maintenance mode yet: {why}", "warning")
        await ctx.sleep(how.every)
    raise HostNotSound(
        f"{label} did not leave maintenance mode: {why}",
        hint="See its events in vCenter; when the cause is gone, use 'Put back' on the restore list.",
        where=label,
    )


_REFUSED = "refused: "


async def _left_by(ctx: JobContext, how: HowToReturn, task: str) -> TaskEnd:
    return await ctx.wait_for(
        f"{ctx.target.label} to leave maintenance mode",
        patiently(partial(_left, ctx, task)),
        every=how.every,
        timeout=900,
        returns=TaskEnd,
    )


def _exit(ctx: JobContext) -> str:
    """The task, "out", or why vCenter refuses the very call: right after a start that passes."""
    try:
        return _exiting(ctx) or ctx.vcenter().exit_maintenance(moid_of(ctx), 600)
    except (NotThere, NoPrivilege):
        raise
    except VcenterFault as error:
        return f"{_REFUSED}{error.message}"


def _exiting(ctx: JobContext) -> str | None:
    host = read_host(ctx)
    if not host.in_maintenance:
        return "out"
    task = running_task(host, EXIT)
    return task.moid if task else None


def _left(ctx: JobContext, task: str) -> TaskEnd | None:
    """By the host's state, or by the task's end: somebody may have put it into maintenance mode again right after."""
    if not read_host(ctx).in_maintenance:
        return TaskEnd(ok=True)
    return task_end(ctx.vcenter(), task)


async def _whole_again(ctx: JobContext, before: Seen, how: HowToReturn) -> None:
    """The datastores, networks and uplinks it had before. What stays away is told by name and stops the work on the cluster."""
    lacking: list[str] = []

    def look() -> bool | None:
        lacking[:] = missing(ctx, before)
        return True if not lacking else None

    try:
        await ctx.wait_for(
            f"{ctx.target.label} to have what it had",
            patiently(look),
            every=how.every,
            timeout=how.settle_minutes * 60,
        )
    except TimedOut as error:
        raise HostNotSound(
            f"{ctx.target.label} lacks what it had before: {', '.join(lacking) or 'it was not seen'}.",
            hint="Look at its adapters, cables and switches. 'Put back' on the restore list asks whether to open it all the same.",
            where=ctx.target.label,
        ) from error


def _compare(ctx: JobContext, before: Seen) -> Returned:
    host = read_host(ctx)
    notes = [f"Service {key} ran before and does not now." for key in stopped_services(ctx, before)]
    return Returned(
        version=host.version,
        build=host.build,
        boot_time=host.boot_time.isoformat() if host.boot_time else "",
        notes=notes,
    )


async def _ha_back(ctx: JobContext, how: HowToReturn) -> None:
    last: list[Host] = []

    def look() -> bool | None:
        last[:] = [read_host(ctx)]
        return True if last[0].ha_state in GOOD_HA else None

    try:
        await ctx.wait_for(
            f"HA on {ctx.target.label}",
            patiently(look),
            every=how.every,
            timeout=how.settle_minutes * 60,
        )
    except TimedOut as error:
        state = ha_words(last[0].ha_state) if last else "unknown"
        raise HostNotSound(
            f"HA does not protect {ctx.target.label} again: its agent says '{state}'.",
            hint="Use 'Reconfigure for vSphere HA' on the host in vCenter, then go on.",
            where=ctx.target.label,
        ) from error
