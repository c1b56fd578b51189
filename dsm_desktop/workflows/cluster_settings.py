"""Settings of a cluster held changed for the time of a job: each original on the restore list first, only that field sent.

HA itself stays on unless that is asked for: a host in maintenance mode is ignored by HA, so a planned restart restarts
nothing elsewhere, and an unplanned failure of another host does.
"""

from __future__ import annotations

import enum
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Any

from dsm_desktop.core.errors import NotFound
from dsm_desktop.core.vsphere import Cluster, DrsLevel
from dsm_desktop.jobs import JobContext
from dsm_desktop.workflows.guests import FORGOTTEN, refuse_failed, task_end
from dsm_desktop.workflows.maintenance import ATTEMPTS, NotYet, change, lasting, patiently, refuse_at_work

if TYPE_CHECKING:
    from dsm_desktop.vmware.client import VcenterClient


class Setting(enum.StrEnum):
    """What may be changed for the time of a job."""

    ADMISSION_CONTROL = "admission_control"
    DPM = "dpm"
    PROACTIVE_HA = "proactive_ha"
    HA = "ha_enabled"
    DRS_LEVEL = "drs_level"


@dataclass(frozen=True, slots=True)
class _Field:
    """How a setting is called, read and sent."""

    title: str
    read: Callable[[Cluster], str]
    change: Callable[[str], dict[str, Any]]
    words: Callable[[str], str] = str
    """A value as a person reads it."""


def _said(on: bool) -> str:
    return "on" if on else "off"


_FIELDS: dict[Setting, _Field] = {
    Setting.ADMISSION_CONTROL: _Field(
        "HA admission control",
        lambda c: _said(c.ha.admission_control),
        lambda v: {"admission_control": v == "on"},
    ),
    Setting.DPM: _Field("DPM (power management)", lambda c: _said(c.drs.dpm), lambda v: {"dpm": v == "on"}),
    Setting.PROACTIVE_HA: _Field(
        "proactive HA",
        lambda c: _said(c.drs.proactive_ha),
        lambda v: {"proactive_ha": v == "on"},
    ),
    Setting.HA: _Field("HA", lambda c: _said(c.ha.enabled), lambda v: {"ha_enabled": v == "on"}),
    Setting.DRS_LEVEL: _Field(
        "DRS automation level",
        lambda c: c.drs.level.value,
        lambda v: {"drs_level": DrsLevel(v)},
        lambda v: DrsLevel(v).words,
    ),
}


@dataclass(frozen=True, slots=True)
class Wish:
    """A setting and the value it shall have during the job ("on", "off", or a DRS level); `why` for the log."""

    setting: Setting
    value: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class ClusterAt:
    """A cluster of a vCenter."""

    vcenter_id: int
    moid: str
    name: str

    def client(self, ctx: JobContext) -> VcenterClient:
        return ctx.vcenter(self.vcenter_id)

    def reconfigure(self, ctx: JobContext, fields: dict[str, Any]) -> str:
        """Start setting only these fields; the task. In a pool thread."""
        from dsm_desktop.vmware.client import ClusterChange  # pyVmomi is loaded where it is needed

        return self.client(ctx).reconfigure_cluster(self.moid, ClusterChange(**fields))

    def read(self, ctx: JobContext) -> Cluster:
        """As vCenter has it now; in a pool thread."""
        found = self.client(ctx).read_cluster(self.moid).cluster
        if found is None:
            raise NotFound(f"The cluster {self.name} is not in its vCenter any more.", where=self.name)
        return found


@asynccontextmanager
async def settings_held(ctx: JobContext, at: ClusterAt, wishes: Sequence[Wish]) -> AsyncIterator[list[str]]:
    """The cluster with these settings for the time of the block; yields what was changed, in words. What is so already is left
    alone, and what somebody changes meanwhile to a third value is told and not touched."""
    async with AsyncExitStack() as undo:
        changed: list[str] = []
        for wish in wishes:
            field = _FIELDS[wish.setting]
            before = await ctx.step(
                "read setting",
                partial(_before, ctx, at, wish),
                key=wish.setting.value,
                attempts=ATTEMPTS,
            )
            if before == wish.value:
                continue
            await undo.enter_async_context(
                ctx.always(
                    wish.setting.value,
                    f"Set {field.title} of {at.name} to {field.words(before)} again",
                    lasting(partial(_put_back, ctx, at, wish, before), 5.0),
                    original={
                        "vcenter": at.vcenter_id,
                        "cluster": at.moid,
                        "value": before,
                        "changed_to": wish.value,
                    },
                )
            )
            await _set(ctx, at, wish, before)
            changed.append(f"{field.title}: {field.words(before)} → {field.words(wish.value)}")
        yield changed


def _before(ctx: JobContext, at: ClusterAt, wish: Wish) -> str:
    """As it is now; where DRS is off its level counts as what was wished for, because another one would do nothing."""
    cluster = at.read(ctx)
    if wish.setting is Setting.DRS_LEVEL and not cluster.drs.enabled:
        ctx.log(
            f"DRS of {at.name} is off, so its level is left alone: VMs are moved by this program.", "warning"
        )
        return wish.value
    return _FIELDS[wish.setting].read(cluster)


async def _set(ctx: JobContext, at: ClusterAt, wish: Wish, before: str) -> None:
    field = _FIELDS[wish.setting]

    def stands() -> str | None:
        return "set" if field.read(at.read(ctx)) == wish.value else None

    def send() -> str:
        return at.reconfigure(ctx, field.change(wish.value))

    for number in count(1):
        task = await change(
            ctx,
            "change setting",
            send,
            key=f"{wish.setting.value} {number}",
            taken=stands,
            plan=f"ReconfigureComputeResource_Task {at.moid} {wish.setting.value}={wish.value} modify=true",
        )
        if ctx.dry_run:
            return

        def over(task: str = task) -> str | None:
            if stands():
                return "set"
            end = task_end(at.client(ctx), task) if task != "set" else None
            if end is not None and end.fault == FORGOTTEN:
                return "again"
            if end is not None:
                refuse_failed(end, f"{field.title} of {at.name} could not be changed", at.name)
            return None

        said = await ctx.wait_for(
            f"{field.title} to be {field.words(wish.value)}", patiently(over), every=2, timeout=600
        )
        if said == "set":
            break
    reason = f" ({wish.why})" if wish.why else ""
    ctx.log(
        f"{field.title} of {at.name}: {field.words(before)} → {field.words(wish.value)}{reason}; it is put back at the end."
    )


def _put_back(ctx: JobContext, at: ClusterAt, wish: Wish, before: str) -> None:
    """One look: put back what is ours; a third value is somebody's own and stays."""
    field = _FIELDS[wish.setting]
    # Asked for right before a cancel it is not set yet, and would be after this look.
    refuse_at_work(at.client(ctx), at.moid, "reconfigure", at.name)
    live = field.read(at.read(ctx))
    if live == before:
        return
    if live != wish.value:
        ctx.log(
            f"{field.title} of {at.name} was {field.words(before)}, was set to {field.words(wish.value)} for this job and is"
            f" {field.words(live)} now: somebody changed it, so it is left so.",
            "warning",
        )
        return
    if not at.client(ctx).running_tasks(at.moid):
        at.reconfigure(ctx, field.change(before))
    raise NotYet(f"{field.title} of {at.name} is being set to {field.words(before)}.", every=2, where=at.name)
