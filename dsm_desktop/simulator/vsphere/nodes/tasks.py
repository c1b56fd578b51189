"""Tasks: what a vCenter does after it has answered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dsm_desktop.simulator.vsphere.nodes.base import Entity, Node
from dsm_desktop.simulator.vsphere.schema import Schema
from dsm_desktop.simulator.vsphere.vmomi import fault, moment, vim, vmodl
from dsm_desktop.simulator.vsphere.world import World

KEPT = 200
"""Tasks that have ended and can still be asked for by their id."""
HISTORY = 2000
"""Tasks in the history, which a restart leaves there; real vCenters keep thirty days."""


class Task(Node):
    """One task. `entity` is None for those that belong to no inventory object, such as deleting a file."""

    kind = vim.Task

    def __init__(
        self, world: World, description: str, entity: Entity | None, user: str, cancelable: bool
    ) -> None:
        super().__init__(world, world.next_id("task", 100))
        self.description = description
        self.entity = entity
        self.user = user
        self.cancelable = cancelable
        self.state = "running"
        self.progress: int | None = 0
        self.error: Any = None
        self.result: Any = None
        self.cancelled = False
        self.queued = world.now()
        self.completed: float | None = None
        self.note: Any = None
        """A description that a client gave it."""
        self.stuck = False
        """A fault keeps it from ever ending."""
        self.interrupted = False
        """It was running when vCenter stopped; what it does may go on."""
        self.on_end: list[Callable[[], None]] = []

    @classmethod
    def start(
        cls, world: World, description: str, entity: Entity | None, user: str, cancelable: bool = False
    ) -> Task:
        """A running task, known to its object, to the task manager and at once to the history. `description` is
        "HostSystem.reboot"."""
        task = world.add(cls(world, description, entity, user, cancelable))
        world.singles["history"].append(task)
        if entity is not None:
            entity.recent_tasks()
            entity.tasks.append(task)
            world.touch(entity)
        past = [t for t in world.of(Task) if t.completed is not None]
        for old in past[:-KEPT]:
            world.remove(old)
        return task

    @property
    def running(self) -> bool:
        """Not over yet."""
        return self.completed is None

    def advance(self, percent: int) -> None:
        """Show progress."""
        if self.running and percent != self.progress:
            self.progress = percent
            self.world.touch(self)

    def succeed(self, result: Any = None) -> None:
        """End well."""
        self._end("success", None, result)

    def fail(self, error: Any) -> None:
        """End with a fault."""
        self._end("error", error, None)

    def cancel(self) -> None:
        """Ask it to stop; what runs it does so at its next step."""
        self.cancelled = True
        self.world.touch(self)

    def canceled(self) -> None:
        """End because somebody asked for it."""
        self.fail(fault(vmodl.fault.RequestCanceled, "The task was canceled by a user."))

    def _end(self, state: str, error: Any, result: Any) -> None:
        if not self.running or self.stuck:
            return
        self.state, self.error, self.result = state, error, result
        self.progress = 100 if error is None else self.progress
        self.completed = self.world.now()
        self.world.touch(self, self.entity)
        for then in self.on_end:
            then()


Task.schema = Schema(
    vim.Task,
    {
        "info.key": lambda t: t.moid,
        "info.task": lambda t: t.ref,
        "info.descriptionId": lambda t: t.description,
        "info.description": lambda t: t.note,
        "info.entity": lambda t: None if t.entity is None else t.entity.ref,
        "info.entityName": lambda t: None if t.entity is None else t.entity.name,
        "info.state": lambda t: t.state,
        "info.cancelled": lambda t: t.cancelled,
        "info.cancelable": lambda t: t.cancelable,
        "info.error": lambda t: t.error,
        "info.result": lambda t: t.result,
        "info.progress": lambda t: t.progress if t.running else None,
        "info.reason": lambda t: vim.TaskReasonUser(userName=t.user),
        "info.queueTime": lambda t: moment(t.queued),
        "info.startTime": lambda t: moment(t.queued),
        "info.completeTime": lambda t: None if t.completed is None else moment(t.completed),
        "info.eventChainId": lambda t: 1,
    },
)
