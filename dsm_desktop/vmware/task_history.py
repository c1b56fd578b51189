"""vCenter's task history: what an object was told to do, also before vCenter restarted.

An object's recent tasks are in vCenter's memory: gone ten minutes after their end, and with a restart of vCenter. The history is
in its database, by default for thirty days. It is read by a collector, which belongs to the session and of which there may be 32;
a new one stands at its oldest task, and reading on from there shows all of them (vSphere Web Services API reference,
HistoryCollector and TaskManager: System.View is all that it needs). There is no filter by kind of task. An ESXi host keeps no
history and answers NotSupported.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from dsm_desktop.core.errors import DsmError
from dsm_desktop.vmware.errors import VcenterFault
from dsm_desktop.vmware.facts import moment
from dsm_desktop.vmware.faults import fault_name
from dsm_desktop.vmware.session import Opened
from dsm_desktop.vmware.vmodl import vim

_PAGE: Final = 100
_NOT_READABLE: Final = (
    "NotSupported",  # an ESXi host
    "NotImplemented",
    "MethodNotFound",
    "MethodDisabled",
    "NoPermission",
    "InvalidState",  # too many collectors
)


@dataclass(frozen=True, slots=True)
class PastTask:
    """A task as the history has it. `queued` by vCenter's clock, UTC; `state` queued | running | success | error; `fault` vSphere's
    type name of what it failed with."""

    moid: str
    queued: datetime | None
    state: str
    fault: str = ""


def past_tasks(opened: Opened, moid: str, kind: str, since: datetime) -> tuple[PastTask, ...] | None:
    """The tasks of a kind ("HostSystem.reboot") that an object was given since then, by vCenter's clock, oldest first. None where
    the history cannot be read."""
    wanted = vim.TaskFilterSpec(
        entity=vim.TaskFilterSpec.ByEntity(entity=opened.entity(moid), recursion="self"),
        time=vim.TaskFilterSpec.ByTime(timeType="queuedTime", beginTime=since),
    )
    try:
        collector = opened.content.taskManager.CreateCollectorForTasks(filter=wanted)
    except VcenterFault as fault:
        if fault.fault in _NOT_READABLE:
            return None
        raise
    try:
        return tuple(_past(info) for info in _all(collector) if str(info.descriptionId) == kind)
    finally:
        # One that stays takes the place of another reader's; gone with the session where the connection broke.
        with contextlib.suppress(DsmError):
            collector.DestroyCollector()


def _all(collector: Any) -> Iterator[Any]:
    """Page by page until one is empty or brings nothing new: a task may come while it is read."""
    seen: set[str] = set()
    while True:
        new = [info for info in collector.ReadNextTasks(maxCount=_PAGE) or () if str(info.key) not in seen]
        if not new:
            return
        seen.update(str(info.key) for info in new)
        yield from new


def _past(info: Any) -> PastTask:
    inner = getattr(info.error, "fault", None) or info.error
    return PastTask(
        moid=str(info.task._moId),
        queued=moment(info.queueTime),
        state=str(info.state),
        fault="" if inner is None else fault_name(inner),
    )
