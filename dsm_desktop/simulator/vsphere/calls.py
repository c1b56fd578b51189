"""One call of a client: which method answers it, who may make it, and what the journal says of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from dsm_desktop.simulator.vsphere.nodes.base import Entity, Node
from dsm_desktop.simulator.vsphere.nodes.tasks import Task
from dsm_desktop.simulator.vsphere.sessions import Session, Sessions
from dsm_desktop.simulator.vsphere.soap import Request
from dsm_desktop.simulator.vsphere.spec import Account
from dsm_desktop.simulator.vsphere.vmomi import fault, is_unset, support, vim, vmodl
from dsm_desktop.simulator.vsphere.world import World

if TYPE_CHECKING:
    from dsm_desktop.simulator.vsphere.faults import Faults

F = TypeVar("F", bound=Callable[..., Any])


@dataclasses.dataclass(slots=True)
class Call:
    """What a method gets besides its arguments."""

    world: World
    sessions: Sessions
    session: Session
    request: Request
    faults: Faults

    @property
    def account(self) -> Account:
        """Who calls."""
        assert self.session.account is not None
        return self.session.account

    @property
    def version(self) -> str:
        """API version of the client."""
        return self.request.version

    def task(self, description: str, entity: Entity | None, cancelable: bool = False) -> Task:
        """A running task in the caller's name, unless a fault makes it hang or fail."""
        task = Task.start(self.world, description, entity, self.session.user, cancelable)
        method = self.request.method
        if self.faults.strike("task_hangs", method) is not None:
            task.stuck = True
        failing = self.faults.strike("task_fails", method)
        if failing is not None:
            task.fail(fault(vmodl.fault.SystemError, failing["text"], reason=failing["text"]))
        return task

    def node(self, ref: Any) -> Any:
        """The object behind a reference, None for none. Raises ManagedObjectNotFound."""
        return None if ref is None else self.world.find(ref._wsdlName, ref._moId)


@dataclasses.dataclass(frozen=True, slots=True)
class Method:
    """A method this vCenter has."""

    kind: Any
    run: Callable[..., Any]
    needs: str
    changes: bool
    anonymous: bool


_METHODS: dict[str, list[Method]] = {}


def method(kind: Any, needs: str = "", changes: bool = False, anonymous: bool = False) -> Callable[[F], F]:
    """Declare a method under its name on the wire. `needs` is the privilege; `changes` writes it into the journal."""

    def keep(run: F) -> F:
        _METHODS.setdefault(run.__name__, []).append(Method(kind, run, needs, changes, anonymous))
        return run

    return keep


def not_signed_in(node: Node) -> Any:
    """The fault of a call without a session."""
    return fault(
        vim.fault.NotAuthenticated,
        "The session is not authenticated.",
        object=node.ref,
        privilegeId="System.View",
    )


def denied(node: Node, privilege: str) -> Any:
    """The fault of a call without the privilege."""
    return fault(
        vim.fault.NoPermission,
        "Permission to perform this operation was denied.",
        object=node.ref,
        privilegeId=privilege,
    )


def find_method(node: Node, name: str) -> Method:
    """The method of an object. Raises MethodNotFound."""
    for candidate in _METHODS.get(name, ()):
        if issubclass(node.kind, candidate.kind):
            return candidate
    raise fault(
        vmodl.fault.MethodNotFound,
        f"The method {name} is not part of {node.kind._wsdlName} here.",
        receiver=node.ref,
        method=name,
    )


def perform(call: Call) -> Any:
    """Carry out a call under the world's lock. Raises the fault it ends with."""
    request, world = call.request, call.world
    world.caller = call.session
    node = world.find(request.kind, request.moid)
    if node.moid == "propertyCollector" and call.session.collector is not None:
        node = call.session.collector
    chosen = find_method(node, request.method)
    if call.session.account is None and not chosen.anonymous:
        raise not_signed_in(node)
    if chosen.needs and not call.account.may(chosen.needs, node.kind._wsdlName):
        raise denied(node, chosen.needs)
    if chosen.changes:
        plain = {name: readable(value) for name, value in request.arguments.items()} | node.circumstances()
        world.journal.add(world.now(), call.account.name, request.method, node.label, plain)
    if call.faults.strike("refused", request.method) is not None:
        raise fault(vim.fault.InvalidState, "The operation is not allowed in the current state.")
    return chosen.run(call, node, **request.arguments)


def readable(value: Any) -> Any:
    """An argument as plain data: only what was sent, references by id."""
    if isinstance(value, support.ManagedObject):
        return value._moId
    if isinstance(value, support.DataObject):
        fields = ((i.name, getattr(value, i.name)) for i in value._GetPropertyList())
        return {name: readable(v) for name, v in fields if not is_unset(v)}
    if isinstance(value, list):
        return [readable(v) for v in value]
    if isinstance(value, str | int | float | bool) or value is None:
        return value if type(value) in (str, int, float, bool, type(None)) else str(value)
    return str(value)
