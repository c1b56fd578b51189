"""Alarms: what is triggered, acknowledging it, and switching actions off for a while."""

from __future__ import annotations

from typing import Any

from dsm_desktop.simulator.vsphere.calls import Call, method
from dsm_desktop.simulator.vsphere.nodes.alarms import AlarmDefinition
from dsm_desktop.simulator.vsphere.nodes.base import Node
from dsm_desktop.simulator.vsphere.vmomi import vim


@method(vim.alarm.AlarmManager)
def GetAlarmState(call: Call, node: Node, entity: Any = None) -> Any:
    return call.node(entity).alarm_states()


@method(vim.alarm.AlarmManager)
def GetAlarm(call: Call, node: Node, entity: Any = None) -> Any:
    return [a.ref for a in call.world.of(AlarmDefinition)]


@method(vim.alarm.AlarmManager, needs="Alarm.Acknowledge", changes=True)
def AcknowledgeAlarm(call: Call, node: Node, alarm: Any = None, entity: Any = None) -> None:
    holder = call.node(entity)
    for one in holder.alarms:
        if one.definition.moid == alarm._moId and one.acknowledged is None:
            one.acknowledged = (call.session.user, call.world.now())
            call.world.touch(holder)


@method(vim.alarm.AlarmManager, needs="Alarm.DisableActions", changes=True)
def EnableAlarmActions(call: Call, node: Node, entity: Any = None, enabled: bool = True) -> None:
    holder = call.node(entity)
    holder.alarm_actions = enabled
    call.world.touch(holder)


@method(vim.alarm.AlarmManager)
def AreAlarmActionsEnabled(call: Call, node: Node, entity: Any = None) -> bool:
    return bool(call.node(entity).alarm_actions)
