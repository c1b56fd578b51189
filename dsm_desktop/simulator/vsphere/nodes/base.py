"""What all managed objects have in common."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from dsm_desktop.simulator.vsphere.schema import Leaves, Schema
from dsm_desktop.simulator.vsphere.vmomi import vim

if TYPE_CHECKING:
    from dsm_desktop.simulator.vsphere.nodes.alarms import Alarm
    from dsm_desktop.simulator.vsphere.nodes.tasks import Task
    from dsm_desktop.simulator.vsphere.world import World

RECENT = 600.0
"""Simulated seconds a finished task stays among the recent ones of its object."""


class Node:
    """One managed object. `kind` is pyVmomi's type, `schema` its properties."""

    kind: Any = None
    schema: Schema

    def __init__(self, world: World, moid: str) -> None:
        self.world = world
        self.moid = moid
        self.revision = 0
        self.ref = self.kind(moid)

    @property
    def label(self) -> str:
        """Its name for people and journals."""
        return self.moid

    def circumstances(self) -> dict[str, Any]:
        """What the journal notes beside the arguments of a change."""
        return {}


class Entity(Node):
    """Something in the inventory, with a name, a parent, alarms and tasks."""

    def __init__(self, world: World, moid: str, name: str, parent: Entity | None) -> None:
        super().__init__(world, moid)
        self.name = name
        self.parent = parent
        self.status = "green"
        self.alarms: list[Alarm] = []
        self.alarm_actions = True
        self.disabled_methods: list[str] = []
        self.tasks: list[Task] = []
        self.custom: dict[int, str] = {}
        """Custom attributes by their number."""

    @property
    def label(self) -> str:
        """The name."""
        return self.name

    def children(self) -> list[Entity]:
        """What stands directly below it in the inventory."""
        return []

    def below(self) -> list[Entity]:
        """Everything below it, each once."""
        found: dict[str, Entity] = {}
        waiting = list(reversed(self.children()))
        while waiting:
            entity = waiting.pop()
            if entity.moid not in found:
                found[entity.moid] = entity
                waiting.extend(reversed(entity.children()))
        return list(found.values())

    def alarm_states(self) -> list[Any]:
        """Its own triggered alarms and those of everything below it."""
        return [alarm.state() for entity in (self, *self.below()) for alarm in entity.alarms]

    def recent_tasks(self) -> list[Task]:
        """Tasks running, and those that ended a short while ago."""
        limit = self.world.now() - RECENT
        self.tasks = [t for t in self.tasks if t.completed is None or t.completed > limit]
        return self.tasks

    def overall_status(self) -> str:
        """The worst of its own colour and its triggered alarms; acknowledged ones still colour it, as in a vCenter."""
        colours = [self.status, *(a.colour for a in self.alarms)]
        return max(colours, key=("gray", "green", "yellow", "red").index)


def _custom(entity: Entity) -> list[Any]:
    kind = vim.CustomFieldsManager.StringValue
    return [kind(key=key, value=value) for key, value in entity.custom.items()]


ENTITY: Leaves = {
    "value": _custom,
    "customValue": _custom,
    "availableField": lambda e: list(e.world.singles["fields"].values()),
    "name": lambda e: e.name,
    "parent": lambda e: None if e.parent is None else e.parent.ref,
    "overallStatus": lambda e: e.overall_status(),
    "configStatus": lambda e: "green",
    "triggeredAlarmState": lambda e: e.alarm_states(),
    "declaredAlarmState": lambda e: [],
    "alarmActionsEnabled": lambda e: e.alarm_actions,
    "disabledMethod": lambda e: e.disabled_methods,
    "recentTask": lambda e: refs(e.recent_tasks()),
    "effectiveRole": lambda e: [-1],
}


def refs(nodes: Iterable[Node]) -> list[Any]:
    """References to objects."""
    return [node.ref for node in nodes]
