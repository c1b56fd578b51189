"""Reading the task history of a vCenter."""

from __future__ import annotations

from typing import Any, Final

from dsm_desktop.simulator.vsphere.calls import Call, method
from dsm_desktop.simulator.vsphere.nodes.base import Node
from dsm_desktop.simulator.vsphere.nodes.history import TaskHistory
from dsm_desktop.simulator.vsphere.vmomi import fault, invalid_argument, vim, vmodl

MOST: Final = 1000
COLLECTORS: Final = 32
COLLECTOR: Any = vim.TaskHistoryCollector


@method(vim.TaskManager, needs="System.View")
def CreateCollectorForTasks(call: Call, node: Node, filter: Any = None) -> Any:
    if call.world.spec.direct:
        raise fault(vmodl.fault.NotSupported, "The operation is not supported on the object.")
    if filter is None:
        raise invalid_argument("filter")
    if sum(isinstance(owned, TaskHistory) for owned in call.session.owned) >= COLLECTORS:
        raise fault(vim.fault.InvalidState, "The operation is not allowed in the current state.")
    made = call.world.add(TaskHistory(call.world, filter))
    call.session.owned.append(made)
    return made.ref


def _page_of(count: int) -> int:
    if not 0 < count <= MOST:
        raise invalid_argument("maxCount")
    return count


@method(COLLECTOR)
def ReadNextTasks(call: Call, node: TaskHistory, maxCount: int = 0) -> Any:
    begin = node.position
    page = node.tasks()[begin : begin + _page_of(maxCount)]
    node.position += len(page)
    return node.infos(page)


@method(COLLECTOR)
def ReadPreviousTasks(call: Call, node: TaskHistory, maxCount: int = 0) -> Any:
    end, node.position = node.position, max(0, node.position - _page_of(maxCount))
    return node.infos(node.tasks()[node.position : end][::-1])


@method(COLLECTOR)
def RewindCollector(call: Call, node: TaskHistory) -> None:
    node.position = 0


@method(COLLECTOR)
def ResetCollector(call: Call, node: TaskHistory) -> None:
    node.position = max(0, len(node.tasks()) - node.page)


@method(COLLECTOR)
def SetCollectorPageSize(call: Call, node: TaskHistory, maxCount: int = 0) -> None:
    node.page = _page_of(maxCount)


@method(COLLECTOR)
def DestroyCollector(call: Call, node: TaskHistory) -> None:
    if node in call.session.owned:
        call.session.owned.remove(node)
    call.world.remove(node)
