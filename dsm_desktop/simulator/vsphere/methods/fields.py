"""Custom attributes: names for whoever wants to mark hosts and machines."""

from __future__ import annotations

from typing import Any, Final

from dsm_desktop.simulator.vsphere.calls import Call, method
from dsm_desktop.simulator.vsphere.nodes.base import Entity, Node
from dsm_desktop.simulator.vsphere.nodes.tasks import Task
from dsm_desktop.simulator.vsphere.vmomi import fault, invalid_argument, vim

FIRST: Final = 101


@method(vim.CustomFieldsManager, needs="Global.ManageCustomFields", changes=True)
def AddCustomFieldDef(
    call: Call,
    node: Node,
    name: str = "",
    moType: Any = None,
    fieldDefPolicy: Any = None,
    fieldPolicy: Any = None,
) -> Any:
    fields: dict[int, Any] = call.world.singles["fields"]
    if any(f.name == name for f in fields.values()):
        raise fault(vim.fault.DuplicateName, f"The name '{name}' already exists.", name=name, object=node.ref)
    key = FIRST + len(fields)
    fields[key] = vim.CustomFieldsManager.FieldDef(key=key, name=name, type=str, managedObjectType=moType)
    call.world.touch(node)
    return fields[key]


@method(vim.CustomFieldsManager, needs="Global.SetCustomField", changes=True)
def SetField(call: Call, node: Node, entity: Any = None, key: int = 0, value: str = "") -> None:
    _set(call, call.node(entity), key, value)


@method(vim.ExtensibleManagedObject, needs="Global.SetCustomField", changes=True)
def setCustomValue(call: Call, entity: Entity, key: str = "", value: str = "") -> None:
    fields: dict[int, Any] = call.world.singles["fields"]
    _set(call, entity, next((k for k, f in fields.items() if f.name == key), 0), value)


def _set(call: Call, entity: Entity, key: int, value: str) -> None:
    if key not in call.world.singles["fields"]:
        raise invalid_argument("key")
    if value:
        entity.custom[key] = value
    else:
        entity.custom.pop(key, None)
    call.world.touch(entity)


@method(vim.Task, needs="Task.Update")
def SetTaskDescription(call: Call, task: Task, description: Any = None) -> None:
    task.note = description
    call.world.touch(task)
