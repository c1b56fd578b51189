"""The task history: in a vCenter's database, so that a restart leaves it there; read by collectors that belong to a session."""

from __future__ import annotations

from typing import Any, Final

from dsm_desktop.simulator.vsphere.nodes.base import Entity, Node
from dsm_desktop.simulator.vsphere.nodes.tasks import Task
from dsm_desktop.simulator.vsphere.schema import Schema
from dsm_desktop.simulator.vsphere.vmomi import fault, moment, vim, vmodl
from dsm_desktop.simulator.vsphere.world import World

PAGE: Final = 10
"""Tasks on the latest page unless a client wants more; govmomi's simulator has the same, after a real vCenter."""


class TaskHistory(Node):
    """A collector of past tasks. `position` is the scrollable view: how many of its tasks, oldest first, stand before it."""

    kind = vim.TaskHistoryCollector

    def __init__(self, world: World, spec: Any) -> None:
        super().__init__(world, f"session[{world.next_id('history')}]")
        self.spec = spec
        self.page = PAGE
        self.position = 0

    def tasks(self) -> list[Task]:
        """What its filter lets through, oldest first, also what was queued after it was made."""
        return [task for task in self.world.singles["history"] if self._wanted(task)]

    def _wanted(self, task: Task) -> bool:
        spec = self.spec
        if spec.state and _state(task) not in spec.state:
            return False
        return (spec.entity is None or self._about(task)) and (spec.time is None or self._then(task))

    def _about(self, task: Task) -> bool:
        asked = self.spec.entity
        root: Entity = self.world.find(asked.entity._wsdlName, asked.entity._moId)
        entities = [root] if asked.recursion in ("self", "all") else []
        if asked.recursion in ("children", "all"):
            entities += root.below()
        return task.entity in entities

    def _then(self, task: Task) -> bool:
        asked = self.spec.time
        seconds = task.completed if asked.timeType == "completedTime" else task.queued
        if seconds is None:
            return False
        when = moment(seconds)  # to the microsecond, as a client was told
        begin, end = asked.beginTime, asked.endTime
        return (begin is None or when >= begin) and (end is None or when <= end)

    def infos(self, tasks: list[Task]) -> Any:
        """As the API tells them."""
        return vim.TaskInfo.Array([_info(task) for task in tasks])


def _state(task: Task) -> str:
    return "error" if task.interrupted else task.state


def _info(task: Task) -> Any:
    """Nobody has told how a real vCenter lists what was running when it stopped. Here it ended in an error that does not say whether
    it was done: the worst case for a client."""
    info = task.schema.read(task, "info", task.world.version)
    if task.interrupted:
        info.state = _state(task)
        info.error = fault(vmodl.fault.SystemError, "A general system error occurred.", reason="")
    return info


TaskHistory.schema = Schema(
    vim.TaskHistoryCollector,
    {"filter": lambda c: c.spec, "latestPage": lambda c: c.infos(c.tasks()[-c.page :])},
)
