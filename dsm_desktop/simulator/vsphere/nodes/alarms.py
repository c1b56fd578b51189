"""Alarms: definitions, and what has been triggered."""

from __future__ import annotations

from typing import Any

from dsm_desktop.simulator.vsphere.nodes.base import Entity, Node
from dsm_desktop.simulator.vsphere.schema import Schema
from dsm_desktop.simulator.vsphere.vmomi import moment, vim
from dsm_desktop.simulator.vsphere.world import World


class AlarmDefinition(Node):
    """What an alarm is called; `system` is the name of one that came with the product."""

    kind = vim.alarm.Alarm

    def __init__(self, world: World, name: str, system: str) -> None:
        super().__init__(world, world.next_id("alarm"))
        self.name, self.system = name, system

    @property
    def label(self) -> str:
        """The name."""
        return self.name


def _info(alarm: Any) -> Any:
    root = alarm.world.singles["root"]
    return vim.alarm.AlarmInfo(
        name=alarm.name,
        systemName=alarm.system,
        description=alarm.name,
        enabled=True,
        expression=vim.alarm.OrAlarmExpression(
            expression=[vim.alarm.EventAlarmExpression(eventType=vim.event.HostConnectionLostEvent)]
        ),
        key=alarm.moid,
        alarm=alarm.ref,
        entity=root.ref,
        lastModifiedTime=moment(0),
        lastModifiedUser="",
        creationEventId=0,
    )


AlarmDefinition.schema = Schema(vim.alarm.Alarm, {"info": _info})


class Alarm:
    """One triggered alarm on one object: `colour` yellow or red."""

    def __init__(self, definition: AlarmDefinition, entity: Entity, colour: str) -> None:
        self.definition, self.entity, self.colour = definition, entity, colour
        self.since = entity.world.now()
        self.acknowledged: tuple[str, float] | None = None

    def state(self) -> Any:
        """As the API tells it."""
        user, when = self.acknowledged or ("", 0.0)
        return vim.alarm.AlarmState(
            key=f"{self.definition.moid}.{self.entity.moid}",
            entity=self.entity.ref,
            alarm=self.definition.ref,
            overallStatus=self.colour,
            time=moment(self.since),
            acknowledged=self.acknowledged is not None,
            acknowledgedByUser=user or None,
            acknowledgedTime=moment(when) if user else None,
        )
