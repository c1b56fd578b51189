"""Restarting a host in maintenance mode, once, by vCenter or by its iDRAC: what was asked for may take a minute until vCenter
shows it, and half an hour until it happens. Until then the host is not opened to VMs."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from functools import partial

from pydantic import BaseModel, ConfigDict

from dsm_desktop.core.errors import Blame, DsmError
from dsm_desktop.core.vsphere import Connection
from dsm_desktop.jobs import JobContext, Option
from dsm_desktop.net.limits import RetryLater
from dsm_desktop.vmware.esxi.errors import NeedsMaintenance
from dsm_desktop.workflows.guests import FORGOTTEN, task_end
from dsm_desktop.workflows.maintenance import ATTEMPTS, change, moid_of, read_host
from dsm_desktop.workflows.reset import Course, NotStopped, Restart, restart_host
from dsm_desktop.workflows.under_way import GO_ON, OVER, RESTART, Asked, Watch, expected

REBOOT = "HostSystem.reboot"
STARTS_SECONDS = 1800.0
"""A host that shuts down slowly must not be called failed and filled with VMs before it goes."""


class NotRestarted(DsmError):
    """The restart was accepted, and nothing happened."""

    blame = Blame.PEER


async def restart_esxi(
    ctx: JobContext,
    boot_time: str,
    *,
    key: str,
    every: float = 10.0,
    doubt_seconds: float = 75.0,
    ask_hours: float = 12.0,
) -> None:
    """Ask for a restart by vCenter, never by force, and wait until the host goes. `boot_time` (ISO) is what it showed before.
    A host that does not go is asked about. Raises NeedsMaintenance, NotRestarted."""
    moid = moid_of(ctx)
    tasks: list[str] = []
    watch = restart_watch(ctx, boot_time, minutes=STARTS_SECONDS / 60, every=every, hours=ask_hours, key=key)
    watch.look = partial(_going, ctx, boot_time, tasks)

    def send() -> str:
        host = read_host(ctx)
        if not host.in_maintenance:
            raise NeedsMaintenance(
                f"{host.name} is not in maintenance mode, so it is not restarted.", where=host.name
            )
        watch.begun = True
        return ctx.vcenter().reboot_host(moid)

    async with restart_expected(ctx, watch, boot_time, key=key):
        before = await ctx.step(
            "note earlier restarts", partial(_noted, ctx), key=key, returns=_Noted, attempts=ATTEMPTS
        )
        task = await change(
            ctx,
            "restart host",
            send,
            key=key,
            taken=_Taken(ctx, boot_time, before, doubt_seconds, every, watch),
            plan=f"RebootHost_Task {moid} force=False",
        )
        if ctx.dry_run:
            return
        tasks.append(task)
        watch.begun = True
        word = await watch.over()
        if word == OVER:
            return
        if word:
            raise NotRestarted(
                f"vCenter could not restart {ctx.target.label}: {word}",
                hint="Look at the host's events in vCenter.",
                where=ctx.target.label,
            )
        raise NotRestarted(
            f"The restart of {ctx.target.label} was accepted, and the host has not gone.",
            hint="Look at its console; the update waits in its other boot bank and runs from its next restart on.",
            where=ctx.target.label,
        )


async def restart_server(
    ctx: JobContext,
    how: Restart,
    *,
    minutes: int,
    key: str,
    every: float,
    allowed: Callable[[], None] = lambda: None,
) -> None:
    """By the iDRAC, `minutes` for a graceful one. A host that does not follow is asked about; a server that is no known host is
    restarted as `restart_host` does. Raises NotStopped."""
    begin = partial(restart_host, ctx, how, minutes=minutes, key=key, every=min(3.0, every))
    if ctx.target.host is None:
        await begin(course=Course(allowed))
        return
    boot_time = await ctx.step(
        "note the boot time", partial(boot_time_of, ctx), key=f"restart {key}", attempts=ATTEMPTS
    )
    watch = restart_watch(ctx, boot_time, minutes=minutes, every=every, hours=12.0, key=key)

    def sent(may_come: bool) -> None:
        watch.begun = may_come

    async def late(error: NotStopped) -> bool:
        went = bool(await watch.over(asked_at_once=True))
        watch.begun = True  # what was asked for is not done yet
        return went

    async def settled() -> bool:
        await watch.settle()
        watch.begun = watch.answer != GO_ON
        return watch.begun

    async with restart_expected(ctx, watch, boot_time, key=key):
        await begin(course=Course(allowed, sent, late, settled))
        watch.begun = False


def boot_time_of(ctx: JobContext) -> str:
    """ISO, "" where vCenter does not tell; in a pool thread."""
    host = read_host(ctx)
    return host.boot_time.isoformat() if host.boot_time else ""


def restart_watch(
    ctx: JobContext, boot_time: str, *, minutes: float, every: float, hours: float, key: str
) -> Watch:
    """For a host that was asked to restart, until it goes."""
    label = ctx.target.label
    return Watch(
        ctx,
        f"{label} to restart: {key}",
        lambda: OVER if restarting(ctx, boot_time) else None,
        Asked(
            lambda: (
                f"{label} was asked to restart and has not gone within {minutes:g} minutes. It may still do so at any moment, so"
                " it stays in maintenance mode, without VMs. Look at its console."
            ),
            Option(
                value=GO_ON,
                title="It does not restart",
                help="I have looked: what was changed is put back",
                danger=True,
            ),
            hours,
        ),
        minutes=minutes,
        every=every,
    )


def restart_expected(
    ctx: JobContext, watch: Watch, boot_time: str, *, key: str
) -> AbstractAsyncContextManager[Watch]:
    """The block in which the host is asked to restart: it is not opened to VMs before it has gone, or a person has looked."""
    what = f"Let {ctx.target.label} restart as it was asked to, before it carries VMs"
    return expected(watch, ctx, RESTART, what, key=key, original={"boot_time": boot_time})


def restarting(ctx: JobContext, boot_time: str) -> bool:
    """The host is away, or here again with a newer boot time."""
    host = read_host(ctx)
    now = host.boot_time.isoformat() if host.boot_time else ""
    return host.connection is not Connection.CONNECTED or bool(now and now > boot_time)


_REMEMBERED = timedelta(minutes=9)
"""vCenter shows a task for ten minutes after its end; without its history nobody can say after that."""
_CLOCK_SET_BACK = timedelta(minutes=1)
"""By so much vCenter's clock may be set back after the time was noted. Earlier restarts that young are noted by name."""
_REFUSED = (
    "HostNotConnected",
    "InvalidState",
    "NoPermission",
    "NotSupported",
    "RestrictedVersion",
    "TaskInProgress",
)
"""What a restart fails with before the host is asked. Of any other failure (vCenter stopped meanwhile, the host's answer was lost)
nobody can say whether it was."""
_RESTARTING, _UNKNOWN = "restarting", "unknown"


class _Noted(BaseModel):
    """When it was about to be asked for, by vCenter's clock, and the tasks of earlier restarts that it still shows."""

    model_config = ConfigDict(frozen=True)
    at: datetime
    tasks: tuple[str, ...]


def _noted(ctx: JobContext) -> _Noted:
    vcenter = ctx.vcenter()
    return _Noted(at=vcenter.current_time(), tasks=vcenter.recent_tasks(moid_of(ctx), REBOOT))


class _Taken:
    """Was the restart asked for already? A host may go down half an hour after it was, so the evidence is the task: among the recent
    ones, which vCenter forgets ten minutes after the end and when it restarts, and then in its history. It shows old news for a
    minute, so a "no" counts only after that. Where there is no history (a host by itself) nobody can say later: then it counts as
    asked for, is waited for, and a person is asked."""

    def __init__(
        self,
        ctx: JobContext,
        boot_time: str,
        before: _Noted,
        doubt_seconds: float,
        every: float,
        watch: Watch,
    ) -> None:
        self._ctx, self._boot_time, self._before = ctx, boot_time, before
        self._doubt, self._every, self._watch = doubt_seconds, every, watch
        self._since: float | None = None

    def __call__(self) -> str | None:
        self._watch.begun = True  # it may have been asked for, else nobody would look
        ctx, known = self._ctx, self._before.tasks
        task = next((t for t in ctx.vcenter().recent_tasks(moid_of(ctx), REBOOT) if t not in known), None)
        if task is not None:
            return task
        if restarting(ctx, self._boot_time):
            return _RESTARTING
        if (word := self._in_history()) is not None:
            return word
        self._since = self._since or time.monotonic()
        if time.monotonic() - self._since < self._doubt:
            raise RetryLater(
                f"It is looked at again whether {ctx.target.label} restarts.",
                retry_after=self._every,
                where=ctx.target.label,
            )
        self._since = None
        return None

    def _in_history(self) -> str | None:
        """The task, _UNKNOWN where nobody can say, None where it was not asked for."""
        ctx, vcenter = self._ctx, self._ctx.vcenter()
        past = vcenter.past_tasks(moid_of(ctx), REBOOT, self._before.at - _CLOCK_SET_BACK)
        if past is None:
            late = vcenter.current_time() - self._before.at > _REMEMBERED
            return self._nobody_knows("no task history can be read") if late else None
        ours = [t for t in past if t.moid not in self._before.tasks and t.fault not in _REFUSED]
        good = next((t for t in ours if t.state != "error"), None)
        if good is not None:
            return good.moid
        return self._nobody_knows(f"the task ended with {ours[0].fault}") if ours else None

    def _nobody_knows(self, why: str) -> str:
        label = self._ctx.target.label
        self._ctx.log(
            f"Nobody can say any more whether {label} was asked to restart ({why}); it is not asked again.",
            "warning",
        )
        return _UNKNOWN


_OTHERS = ("InvalidState", "TaskInProgress")
"""What a restart is refused with where somebody else's was taken before: the host goes down all the same."""


def _going(ctx: JobContext, boot_time: str, tasks: list[str]) -> str | None:
    """OVER, or why vCenter says that it could not be. Refused because the host is going down already it is waited for as well:
    opened to VMs now, it would take them with it."""
    if restarting(ctx, boot_time):
        return OVER
    for task in tasks:
        end = None if task in (_RESTARTING, _UNKNOWN) else task_end(ctx.vcenter(), task)
        if end is not None and not end.ok and end.fault not in (FORGOTTEN, *_OTHERS):
            return end.error or "vCenter gave no reason"
    return None
