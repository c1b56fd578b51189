"""Tasks of vCenter: looked at one by one, never waited for here (a waiting filter on the shared collector steals the
updates of every other thread)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from dsm_desktop.core.vsphere import RunningTask
from dsm_desktop.vmware.collector import named, one
from dsm_desktop.vmware.facts import moment
from dsm_desktop.vmware.faults import fault_name, fault_text, moid_of
from dsm_desktop.vmware.inventory import TASK, running_task
from dsm_desktop.vmware.session import Opened, kind_of


@dataclass(frozen=True, slots=True)
class TaskState:
    """How far a task is. `state` queued | running | success | error; `progress` percent where told; `error` a sentence and
    `fault` vSphere's type name of a failed one; `result` the moid or text it gave; `description` its descriptionId."""

    state: str
    progress: int | None = None
    error: str = ""
    fault: str = ""
    cancelled: bool = False
    description: str = ""
    entity: str = ""
    result: str = ""
    completed: datetime | None = None

    @property
    def over(self) -> bool:
        return self.state in ("success", "error")


_PATHS = (
    "info.state",
    "info.progress",
    "info.error",
    "info.cancelled",
    "info.descriptionId",
    "info.entity",
    "info.completeTime",
)


def read_task(opened: Opened, moid: str) -> TaskState:
    """A task as it stands. Raises NotThere when vCenter has forgotten it (ten minutes after its end)."""
    row = one(opened, "Task", moid, _PATHS)
    error = row.values.get("info.error")
    inner = getattr(error, "fault", None) or error
    progress = row.values.get("info.progress")
    name = fault_name(inner) if error is not None else ""
    return TaskState(
        state=row.text("info.state"),
        progress=None if progress is None else int(progress),
        error=fault_text(error),
        fault=name,
        cancelled=bool(row.get("info.cancelled")) or name == "RequestCanceled",
        description=row.text("info.descriptionId"),
        entity=moid_of(row.values.get("info.entity")),
        completed=moment(row.values.get("info.completeTime")),
    )


def running_tasks(opened: Opened, moid: str) -> tuple[RunningTask, ...]:
    """What is at work on a host, VM or cluster now, oldest first."""
    row = one(opened, kind_of(moid), moid, ("recentTask",))
    found = [running_task(task) for task in named(opened, "Task", row.moids("recentTask"), TASK)]
    return tuple(task for task in found if task is not None)


def recent_tasks(opened: Opened, moid: str, kind: str) -> tuple[str, ...]:
    """Moids of the tasks of a kind ("HostSystem.reboot") that were taken for an object and have not failed, also those that ended
    in the last ten minutes. A vCenter that has restarted has forgotten them."""
    row = one(opened, kind_of(moid), moid, ("recentTask",))
    found = named(opened, "Task", row.moids("recentTask"), ("info.state", "info.descriptionId"))
    return tuple(
        task.moid
        for task in found
        if task.text("info.descriptionId") == kind and task.text("info.state") != "error"
    )
