"""Looking at a host that is being emptied: what is left on it and why, and whose turn it is.

vCenter's own percentage stands still for an hour on a big VM, so progress is the number of VMs that still run there.
"""

from __future__ import annotations

import enum
import time
from collections.abc import Mapping, Sequence

from pydantic import BaseModel, ConfigDict

from dsm_desktop.core.vsphere import DrsLevel, Vm, VmPower
from dsm_desktop.core.vsphere_site import ClusterPicture
from dsm_desktop.jobs import JobContext
from dsm_desktop.safety.blockers import blockers
from dsm_desktop.safety.findings import Severity
from dsm_desktop.safety.fitting import moves
from dsm_desktop.safety.placement import place
from dsm_desktop.workflows.guests import FORGOTTEN, task_end
from dsm_desktop.workflows.maintenance import (
    ENTER,
    HostSkipped,
    is_on,
    moid_of,
    read_host,
    read_picture,
    running_task,
)

_SHOWN = 4


class State(enum.StrEnum):
    """IN maintenance mode · FAILED: vCenter's task ended without it · MOVE: VMs that nobody else moves · QUESTION: a VM waits
    for an answer · STUCK: nothing has moved for too long."""

    IN = "in"
    FAILED = "failed"
    MOVE = "move"
    QUESTION = "question"
    STUCK = "stuck"


class Look(BaseModel):
    """What was seen when something is to be done. `why` a sentence that names VMs and causes; `vms` those it is about, the one
    to decide on first; `targets` VM → host for MOVE, `names` host → its name; `remedies` what would help the first VM."""

    model_config = ConfigDict(frozen=True)
    state: State
    why: str = ""
    vms: list[Vm] = []
    targets: dict[str, str] = {}
    names: dict[str, str] = {}
    remedies: list[str] = []
    way_out: str = ""
    forgotten: bool = False
    """vCenter has restarted and knows nothing of the task any more."""


class Looking:
    """The probe: one look each time it is called; returns something when it is somebody's turn."""

    def __init__(
        self,
        ctx: JobContext,
        task: str,
        stuck_minutes: float,
        move_vms: bool,
        failed: dict[str, str],
        at_once: int,
        refused: Mapping[str, str],
        evacuate_off: bool,
    ) -> None:
        self._ctx, self._task = ctx, task
        self._stuck_seconds, self._move_vms = stuck_minutes * 60, move_vms
        self._failed, self._at_once, self._refused = failed, at_once, refused
        self._evacuate_off = evacuate_off
        self._off: list[str] = []
        self._reasons: dict[str, str] | None = None
        self._left: tuple[str, ...] = ()
        self._since = self._looked = time.monotonic()
        self._total = 0
        self._told = ""

    def __call__(self) -> Look | None:
        ctx = self._ctx
        host = read_host(ctx)
        if host.in_maintenance:
            ctx.progress(self._total, self._total, f"{host.name} is empty")
            return Look(state=State.IN)
        there = ctx.vcenter().read_vms(host.moid)
        vms = [vm for vm in there if is_on(vm)]
        self._off = [
            v.name for v in there if self._evacuate_off and v.power is VmPower.OFF and not v.template
        ]
        end = task_end(ctx.vcenter(), self._task)
        if end is not None and not end.ok and end.fault != FORGOTTEN:
            return self._of(State.FAILED, vms, f"vCenter gave up emptying {host.name} ({end.error})")
        asking = next((vm for vm in vms if vm.question is not None), None)
        if asking is not None:
            return Look(state=State.QUESTION, vms=[asking], why=f"{asking.name} waits with a question")
        self._tell(vms)
        if self._move_vms:
            look = self._to_move(vms)
            if look is not None:
                return look
        stands = self._stands(vms)
        if stands:
            if end is not None and end.fault == FORGOTTEN and running_task(host, ENTER) is None:
                return Look(state=State.FAILED, forgotten=True, why=end.error)
            return self._of(State.STUCK, vms, f"{host.name} does not get empty; {stands}")
        return None

    def _stands(self, vms: list[Vm]) -> str:
        """In words, when the same VMs have been left for too long; what nobody will move needs no waiting. "" = it goes on."""
        left, now = (*sorted(vm.moid for vm in vms), *sorted(self._off)), time.monotonic()
        # A vCenter that was away, or not to be believed, has shown nothing that stands.
        if left != self._left or now - self._looked >= self._stuck_seconds:
            self._left, self._since = left, now
        self._looked = now
        if vms and all(vm.moid in self._failed or vm.moid in self._refused for vm in vms):
            return "what is left will not move by itself"
        return (
            f"nothing has moved for {_lasted(now - self._since)}"
            if now - self._since >= self._stuck_seconds
            else ""
        )

    def _why(self) -> dict[str, str]:
        """Reasons by VM; read once, and again when something is to be asked."""
        if self._reasons is None:
            self._reasons = reasons(read_picture(self._ctx), moid_of(self._ctx))
        return dict(self._refused) | self._reasons | self._failed

    def _tell(self, vms: list[Vm]) -> None:
        """Progress by VMs left, and a line in the log when the list changes."""
        self._total = max(self._total, len(vms))
        why = self._why() if vms else {}
        text = left_words(vms, why, self._off)
        self._ctx.progress(self._total - len(vms), self._total, text)
        if text != self._told:
            self._ctx.log(text)
        self._told = text

    def _to_move(self, vms: list[Vm]) -> Look | None:
        """The next VMs that DRS leaves, with places for them on a fresh picture; None when there are none."""
        waiting = [vm for vm in vms if moves(vm) and vm.moid not in self._failed]
        if not waiting:
            return None
        picture = read_picture(self._ctx)
        ours = [vm for vm in waiting if left_by_drs(picture, vm)]
        if not ours:
            return None
        origin = moid_of(self._ctx)
        # A VM that is off or has failed is no part of the placement: it stays, or a person decides.
        leave = frozenset(vm.moid for vm in picture.vms_on(origin)) - {vm.moid for vm in ours}
        placement = place(picture, frozenset({origin}), leave=leave)
        placed = placement.placed
        now = [vm for vm in ours if vm.moid in placed][: self._at_once]
        names = {h.moid: h.name for h in picture.hosts}
        if not now:
            why = {left.vm: left.reason for left in placement.failed}
            self._failed |= {vm.moid: _inside(why.get(vm.moid, "No other host can take it.")) for vm in ours}
            return None
        return Look(state=State.MOVE, vms=now, targets={vm.moid: placed[vm.moid] for vm in now}, names=names)

    def _of(self, state: State, vms: list[Vm], text: str) -> Look:
        """For a person: who stands and why, the VM to decide on first, and what would help it."""
        self._reasons = None
        picture, origin = read_picture(self._ctx), moid_of(self._ctx)
        why = self._why()
        movable = [vm for vm in vms if moves(vm)]
        first = sorted(movable, key=lambda vm: (vm.moid not in why, vm.name))
        rest = [vm for vm in vms if vm not in movable]
        found = (
            [
                f
                for f in blockers(picture, origin, list(self._refused.items()))
                if first and f.moid == first[0].moid
            ]
            if picture.hosts
            else []
        )
        way_out = next((f.way_out for f in found), "")
        helps = {r.value for f in found for r in (f.remedy, *f.others)}
        return Look(
            state=state,
            why=f"{text}. {left_words([*first, *rest], why, self._off)}",
            vms=[*first, *rest],
            remedies=sorted(helps),
            way_out=way_out,
        )


def _inside(sentence: str) -> str:
    """A sentence as it stands in brackets."""
    return f"{sentence[:1].lower()}{sentence[1:].rstrip('.')}"


def _lasted(seconds: float) -> str:
    """ "15 minutes", "40 seconds"."""
    return f"{seconds / 60:.0f} minutes" if seconds >= 90 else f"{seconds:.0f} seconds"


def left_words(vms: list[Vm], why: dict[str, str], off: Sequence[str] = ()) -> str:
    """ "3 VMs left: DB01 (ISO on a local store), web2, web3"; `off` names of powered-off VMs that vCenter is to move too."""
    if off:
        more = f" and {len(off) - _SHOWN} more" if len(off) > _SHOWN else ""
        resting = f"Powered-off VMs that vCenter moves too: {', '.join(off[:_SHOWN])}{more}"
        return f"{left_words(vms, why)}. {resting}" if vms else resting
    if not vms:
        return "No VM is left; vCenter finishes."
    shown = [f"{vm.name} ({why[vm.moid]})" if vm.moid in why else vm.name for vm in vms[:_SHOWN]]
    more = f" and {len(vms) - _SHOWN} more" if len(vms) > _SHOWN else ""
    return f"{len(vms)} {'VM' if len(vms) == 1 else 'VMs'} left: {', '.join(shown)}{more}"


def reasons(picture: ClusterPicture, host: str) -> dict[str, str]:
    """Why VMs of a host may not leave it, by moid: DRS's own words first."""
    found: dict[str, str] = dict(picture.cluster.drs_faults) if picture.cluster else {}
    for finding in blockers(picture, host):
        if finding.what == "vm" and finding.severity is Severity.BLOCK:
            found.setdefault(finding.moid, finding.reason)
    return found


def left_by_drs(picture: ClusterPicture, vm: Vm) -> bool:
    """Whether DRS will not move this VM off a host that enters maintenance mode."""
    if picture.cluster is None:
        return False
    drs = picture.cluster.drs
    if not drs.enabled or drs.level is not DrsLevel.FULL:
        return True
    own = next((o for o in drs.overrides if o.vm == vm.moid), None) if drs.overrides_allowed else None
    return own is not None and (not own.enabled or own.level not in (None, DrsLevel.FULL))


def drs_moves_all(ctx: JobContext) -> bool:
    """Whether vCenter may be asked to move powered-off VMs too: without fully automated DRS its task would wait for ever until
    somebody has moved each by hand. In a pool thread."""
    cluster = read_picture(ctx).cluster
    if cluster is not None and cluster.drs.enabled and cluster.drs.level is DrsLevel.FULL:
        return True
    ctx.log(
        f"Powered-off VMs of {ctx.target.label} stay on it: DRS is not fully automated, so nobody would move them.",
        "warning",
    )
    return False


class Stranger:
    """Somebody else's way into maintenance mode, watched to its end."""

    def __init__(self, ctx: JobContext) -> None:
        self._ctx = ctx

    def there(self, task: str) -> bool | None:
        host = read_host(self._ctx)
        if host.in_maintenance:
            return True
        if running_task(host, ENTER) is not None:
            return None
        raise HostSkipped(
            f"Somebody else was putting {host.name} into maintenance mode (task {task}) and gave up.",
            hint="Ask them; then retry.",
            where=host.name,
        )
