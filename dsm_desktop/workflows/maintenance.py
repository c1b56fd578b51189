"""A host into maintenance mode and out of it, seen through its vCenter (or itself, where it stands alone).

Every function here looks once; what takes minutes is asked again by the job. What this job put into maintenance mode it
takes out again, and nothing else: a host that was there before belongs to somebody.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from pydantic import BaseModel, ConfigDict

from dsm_desktop.core.errors import Blame, DsmError
from dsm_desktop.core.uplinks import Uplink
from dsm_desktop.core.vsphere import Connection, Host, RunningTask, Vm, VmPower
from dsm_desktop.core.vsphere_site import ClusterPicture
from dsm_desktop.core.worded import Worded
from dsm_desktop.jobs import HostTarget, JobContext
from dsm_desktop.vmware.errors import Uncertain, VcenterFault, VcenterUnreachable

if TYPE_CHECKING:
    from dsm_desktop.vmware.client import VcenterClient

T = TypeVar("T")

ATTEMPTS = 12
"""A step is tried for some 7 minutes while vCenter does not answer: it restarts in 3."""
_DOUBT_SECONDS = 10.0
"""So long after a request whose answer did not come the object is looked at."""
_BUSY = ("TaskInProgress", "ResourceInUse")
ENTER = "HostSystem.enterMaintenanceMode"
EXIT = "HostSystem.exitMaintenanceMode"
STAND_ALONE = "ha-host"
"""What a host that is spoken to directly calls itself."""


class VsanMode(Worded):
    """What vSAN does with the host's data while it is away."""

    ACCESSIBLE = "ensureObjectAccessibility", "Keep every object accessible"
    EVACUATE = "evacuateAllData", "Move all data to other hosts"
    NOTHING = "noAction", "Leave the data where they are"


class NotYet(DsmError):
    """It takes its time; it is looked at again."""

    blame = Blame.PEER
    retryable = True

    def __init__(self, message: str, *, every: float, hint: str = "", where: str = "") -> None:
        super().__init__(message, hint=hint, where=where)
        self.retry_after = every


class HostAway(DsmError):
    """vCenter does not reach the host, or it never came back. It stands as the message says."""

    blame = Blame.PEER


class HostNotSound(DsmError):
    """The host is back and something of it is not as it was before."""

    blame = Blame.PEER


class HostSkipped(DsmError):
    """The host was left as it was found, because it could not be emptied or somebody decided so."""

    blame = Blame.USER


class Seen(BaseModel):
    """A host as it was noted before the work, to be compared with afterwards. Names are sorted; `datastores` and
    `networks` moids; `services` the keys of those that run; `running` its powered-on VMs."""

    model_config = ConfigDict(frozen=True)
    in_maintenance: bool
    entering: str = ""
    """The task of somebody who is putting it into maintenance mode, "" = nobody."""
    entering_by: str = ""
    boot_time: str = ""
    version: str = ""
    build: str = ""
    ha_state: str = ""
    datastores: list[str] = []
    networks: list[str] = []
    uplinks: list[Uplink] = []
    services: list[str] = []
    running: list[str] = []


def patiently(probe: Callable[[], T | None]) -> Callable[[], T | None]:
    """The probe, with a vCenter that does not answer (it restarts, the session ended) counted as "not yet"."""

    def look() -> T | None:
        try:
            return probe()
        except DsmError as error:
            if not error.retryable:
                raise
            return None

    return look


async def change(
    ctx: JobContext,
    name: str,
    send: Callable[[], str],
    *,
    key: str,
    taken: Callable[[], str | None],
    plan: str,
) -> str:
    """One request that changes something in vCenter, sent once: after a kill, and after an answer that never came, `taken`
    looks whether it was done before it is sent again."""

    def surely() -> str:
        try:
            return send()
        except Uncertain as error:
            raise NotYet(error.message, every=_DOUBT_SECONDS, hint=error.hint, where=error.where) from error

    return await ctx.step(
        name, surely, key=key, changing=True, interrupted=taken, attempts=ATTEMPTS, plan=plan
    )


def lasting(undo: Callable[[], None], every: float) -> Callable[[], None]:
    """What puts something back, asked again for a quarter of an hour where vCenter does not answer, where an answer was lost,
    and while something else is at work on the object. `undo` looks before it sends."""

    def keep() -> None:
        try:
            undo()
        except NotYet:
            raise
        except DsmError as error:
            doubtful = isinstance(error, Uncertain)
            busy = isinstance(error, VcenterFault) and error.fault in _BUSY
            if not (error.retryable or doubtful or busy):
                raise
            pause = max(every, _DOUBT_SECONDS) if doubtful else every
            raise NotYet(error.message, every=pause, hint=error.hint, where=error.where) from error

    return keep


def refuse_at_work(vcenter: VcenterClient, moid: str, kind: str, name: str) -> None:
    """NotYet while a task of this kind runs on an object: what was asked for right before a cancel is not to be seen yet, and a
    look that finds everything as before would leave it changed."""
    if any(kind in task.kind.casefold() for task in vcenter.running_tasks(moid)):
        raise NotYet(f"{name} is being changed.", every=2, where=name)


def target_host(ctx: JobContext) -> HostTarget:
    """The host of a job on hosts."""
    host = ctx.target.host
    assert host is not None, "only for jobs with Targets.HOST"
    return host


def moid_of(ctx: JobContext) -> str:
    return target_host(ctx).moid or STAND_ALONE


def read_host(ctx: JobContext) -> Host:
    """The target as its vCenter shows it now; in a pool thread."""
    return ctx.vcenter().read_host(moid_of(ctx))


def read_picture(ctx: JobContext) -> ClusterPicture:
    """The target's cluster (or it alone), fresh; in a pool thread. A host alone is called as on our list: many call themselves
    localhost, and nobody could tell which of them is meant."""
    host = target_host(ctx)
    picture = ctx.vcenter().read_cluster(host.cluster or moid_of(ctx))
    if host.cluster:
        return picture
    return replace(picture, hosts=tuple(replace(h, name=ctx.target.label) for h in picture.hosts))


def running_task(host: Host, kind: str) -> RunningTask | None:
    """A task of this kind that goes on at the host."""
    return next((t for t in host.tasks if t.kind.casefold().endswith(kind.casefold().split(".")[-1])), None)


def is_on(vm: Vm) -> bool:
    return vm.power is VmPower.ON and not vm.template


def reachable_stores(picture: ClusterPicture, host: str) -> list[str]:
    """Moids of the datastores that the host reaches."""
    return sorted(
        d.moid for d in picture.datastores if any(m.host == host and m.accessible for m in d.mounts)
    )


def note_host(ctx: JobContext) -> Seen:
    """What is compared afterwards; in a pool thread."""
    picture, host = read_picture(ctx), read_host(ctx)
    entering = running_task(host, ENTER)
    return Seen(
        in_maintenance=host.in_maintenance,
        entering=entering.moid if entering else "",
        entering_by=entering.who if entering else "",
        boot_time=host.boot_time.isoformat() if host.boot_time else "",
        version=host.version,
        build=host.build,
        ha_state=host.ha_state,
        datastores=reachable_stores(picture, host.moid),
        networks=sorted(host.networks),
        uplinks=list(host.uplinks or ()),
        services=sorted(s.key for s in host.services or () if s.running),
        running=[vm.moid for vm in picture.vms_on(host.moid) if is_on(vm)],
    )


async def enter(ctx: JobContext, *, minutes: int, evacuate_off: bool, vsan: VsanMode, key: str) -> str:
    """Ask for maintenance mode; the task's moid, "in" when it is there already. The promise to leave again stands already.

    After a kill a running task of ours is adopted: before the first request nobody's was running.
    """
    moid = moid_of(ctx)

    def taken() -> str | None:
        host = read_host(ctx)
        if host.in_maintenance:
            return "in"
        task = running_task(host, ENTER)
        return task.moid if task else None

    def send() -> str:
        return taken() or ctx.vcenter().enter_maintenance(
            moid, minutes * 60, evacuate_off=evacuate_off, vsan_mode=vsan.value
        )

    return await change(
        ctx,
        "enter maintenance mode",
        send,
        key=key,
        taken=taken,
        plan=f"EnterMaintenanceMode_Task {moid} timeout={minutes * 60} vsanMode={vsan.value}",
    )


class TakenAway(DsmError):
    """Somebody has taken the host out of maintenance mode while it was worked on."""


def still_in_maintenance(ctx: JobContext) -> bool:
    """True; raises TakenAway where VMs may run on the host again."""
    host = read_host(ctx)
    if not host.in_maintenance:
        raise TakenAway(
            f"{host.name} was taken out of maintenance mode by somebody while it was worked on.",
            hint="Find out who did, and whether VMs were harmed; then go on with the other hosts.",
            where=host.name,
        )
    return True


def refuse_in_service(ctx: JobContext) -> None:
    """Right before what may restart a host: only while it is in maintenance mode. A vCenter that does not answer lets nobody
    end that mode either, so the work goes on. For work on servers (no host) nothing is asked."""
    if ctx.target.host is None:
        return
    try:
        still_in_maintenance(ctx)
    except VcenterUnreachable as error:
        ctx.log(f"{error.message} Whether the host is still in maintenance mode was not asked.", "warning")


def leave_now(ctx: JobContext, every: float) -> None:
    """Out of maintenance mode, or back from the way into it; NotYet until it is so. Errors right after a boot are common:
    the services of the host are still starting, so it is asked again."""
    vcenter, host = ctx.vcenter(), read_host(ctx)
    entering = running_task(host, ENTER)
    if entering is not None:
        vcenter.cancel_task(entering.moid)
        raise NotYet(f"{host.name} is stopping to enter maintenance mode.", every=every, where=host.name)
    if not host.in_maintenance:
        return
    if host.connection is not Connection.CONNECTED:
        raise NotYet(
            f"{host.name} is in maintenance mode and vCenter does not reach it ({host.connection.words}).",
            every=every,
            hint="Look at its console; when it answers again, use 'Put back' on the restore list.",
            where=host.name,
        )
    if running_task(host, EXIT) is None:
        _try_to_leave(vcenter, host, every)
    raise NotYet(f"{host.name} is leaving maintenance mode.", every=every, where=host.name)


def _try_to_leave(vcenter: VcenterClient, host: Host, every: float) -> None:
    try:
        vcenter.exit_maintenance(host.moid, 300)
    except DsmError as error:
        if error.blame is not Blame.PEER:
            raise
        raise NotYet(
            f"{host.name} does not leave maintenance mode: {error.message}",
            every=every,
            hint=error.hint,
            where=host.name,
        ) from error
