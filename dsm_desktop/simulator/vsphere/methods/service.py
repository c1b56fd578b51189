"""Signing in, reading properties, and the small services around them."""

from __future__ import annotations

import secrets
import time
from typing import Any, Final

from dsm_desktop.simulator.vsphere import reading
from dsm_desktop.simulator.vsphere.calls import Call, denied, method, not_signed_in
from dsm_desktop.simulator.vsphere.nodes.base import Node
from dsm_desktop.simulator.vsphere.nodes.collectors import Collector, Filter, ListView, View
from dsm_desktop.simulator.vsphere.nodes.tasks import Task
from dsm_desktop.simulator.vsphere.soap import Raw
from dsm_desktop.simulator.vsphere.spec import Account
from dsm_desktop.simulator.vsphere.vmomi import fault, invalid_argument, moment, support, vim, vmodl

PC: Any = vmodl.query.PropertyCollector
LOCK_AFTER: Final = 5
LOCK_WINDOW: Final = 180.0
NOBODY: Final = Account("", "", ())


@method(vim.ServiceInstance, anonymous=True)
def RetrieveServiceContent(call: Call, node: Node) -> Any:
    return node.schema.read(node, "content", call.version)


@method(vim.ServiceInstance)
def CurrentTime(call: Call, node: Node) -> Any:
    return moment(call.world.now())


@method(vim.SessionManager, anonymous=True)
def Login(call: Call, node: Node, userName: str = "", password: str = "", locale: str = "") -> Any:
    world = call.world
    failures: dict[str, list[float]] = world.singles.setdefault("failures", {})
    recent = [t for t in failures.get(userName.lower(), []) if t > world.now() - LOCK_WINDOW]
    account = next((a for a in world.spec.accounts() if a.name.lower() == userName.lower()), None)
    good = account is not None and secrets.compare_digest(account.password, password)
    if account is None or not good or len(recent) >= LOCK_AFTER:
        failures[userName.lower()] = [*recent, world.now()]
        world.counters.logins_failed += 1
        raise fault(
            vim.fault.InvalidLogin, "Cannot complete login due to an incorrect user name or password."
        )
    if call.session.account is not None:
        raise fault(vmodl.fault.InvalidRequest, "The session is signed in already.")
    failures.pop(userName.lower(), None)
    call.session.account = account
    call.session.collector = Collector(world, call.session, "propertyCollector")
    world.counters.logins_ok += 1
    return call.session.describe()


@method(vim.SessionManager)
def Logout(call: Call, node: Node) -> None:
    call.world.counters.logouts += 1
    call.sessions.close(call.session)


@method(vim.SessionManager, needs="Sessions.ValidateSession")
def SessionIsActive(call: Call, node: Node, sessionID: str = "", userName: str = "") -> bool:
    return any(s.key == sessionID for s in call.sessions.signed_in())


@method(vim.AuthorizationManager)
def HasPrivilegeOnEntities(
    call: Call, node: Node, entity: list[Any], sessionId: str = "", privId: list[str] | None = None
) -> Any:
    kind = vim.AuthorizationManager.EntityPrivilege
    one = vim.AuthorizationManager.PrivilegeAvailability
    owner = next((s for s in call.sessions.signed_in() if s.key == sessionId), call.session)
    may = owner.account.may if owner.account is not None else call.account.may
    return kind.Array(
        [
            kind(
                entity=e,
                privAvailability=[one(privId=p, isGranted=may(p, e._wsdlName)) for p in privId or []],
            )
            for e in entity
            if call.world.find(e._wsdlName, e._moId)
        ]
    )


@method(support.ManagedObject, anonymous=True)
def Fetch(call: Call, node: Node, prop: str = "") -> Any:
    account = call.session.account
    if account is None:
        if not issubclass(node.kind, vim.ServiceInstance | vim.SessionManager):
            raise not_signed_in(node)
        account = NOBODY
    values, missing = reading.values_of(node, [prop], call.version, account)
    if missing:
        raise denied(node, reading.SEAL)
    text = values.get(prop)
    return None if text is None else Raw(f"<returnval{text[4:-6]}</returnval>")


# -- reading -----------------------------------------------------------------------------------------------------


@method(PC)
def RetrievePropertiesEx(call: Call, node: Collector, specSet: list[Any], options: Any = None) -> Any:
    call.world.counters.retrieves += 1
    wanted = [
        (found, reading.paths_of(found, spec.propSet, call.version))
        for spec in specSet
        for found in reading.select(call.world, spec.objectSet, call.version)
    ]
    wanted = [(found, paths) for found, paths in wanted if paths or _matches(found, specSet)]
    limit = getattr(options, "maxObjects", None) or call.world.spec.page
    return _page(call, node, wanted, limit)


def _matches(node: Node, specs: list[Any]) -> bool:
    return any(issubclass(node.kind, p.type) for spec in specs for p in spec.propSet)


def _page(call: Call, collector: Collector, wanted: list[tuple[Node, list[str]]], limit: int) -> Any:
    if not wanted:
        return None
    call.world.counters.pages += 1
    now, rest = wanted[:limit], wanted[limit:]
    text = "".join(reading.content(n, paths, call.version, call.account) for n, paths in now)
    token = ""
    if rest:
        token = f"{next(collector.numbers)}"
        collector.pages[f"{limit}/{token}"] = rest
        token = f"<token>{limit}/{token}</token>"
    return Raw(f"<returnval>{token}{text}</returnval>")


@method(PC)
def ContinueRetrievePropertiesEx(call: Call, node: Collector, token: str = "") -> Any:
    rest = node.pages.pop(token, None)
    if rest is None:
        raise invalid_argument("token")
    alive = [(n, paths) for n, paths in rest if n.moid in call.world.nodes]
    return _page(call, node, alive, int(token.split("/")[0]))


@method(PC)
def CancelRetrievePropertiesEx(call: Call, node: Collector, token: str = "") -> None:
    if node.pages.pop(token, None) is None:
        raise invalid_argument("token")


@method(PC)
def RetrieveProperties(call: Call, node: Collector, specSet: list[Any]) -> Any:
    text = "".join(
        reading.content(
            found, reading.paths_of(found, spec.propSet, call.version), call.version, call.account
        )
        .replace("<objects>", "<returnval>")
        .replace("</objects>", "</returnval>")
        for spec in specSet
        for found in reading.select(call.world, spec.objectSet, call.version)
    )
    return Raw(text)


@method(vim.view.ViewManager)
def CreateContainerView(
    call: Call, node: Node, container: Any, type: list[Any] | None = None, recursive: bool = False
) -> Any:
    inside = call.world.find(container._wsdlName, container._moId)
    call.world.counters.views_created += 1
    return _own(call, View(call.world, inside, list(type or []), recursive)).ref


@method(vim.view.ViewManager)
def CreateListView(call: Call, node: Node, obj: list[Any] | None = None) -> Any:
    call.world.counters.views_created += 1
    return _own(call, ListView(call.world, list(obj or []))).ref


@method(vim.view.View)
def DestroyView(call: Call, node: Node) -> None:
    call.world.counters.views_destroyed += 1
    _disown(call, node)


def _own(call: Call, node: Node) -> Node:
    call.session.owned.append(node)
    return call.world.add(node)


def _disown(call: Call, node: Node) -> None:
    if node in call.session.owned:
        call.session.owned.remove(node)
    call.world.remove(node)


# -- waiting -----------------------------------------------------------------------------------------------------


@method(PC)
def CreatePropertyCollector(call: Call, node: Collector) -> Any:
    return _own(call, Collector(call.world, call.session)).ref


@method(PC)
def DestroyPropertyCollector(call: Call, node: Collector) -> None:
    for one in list(node.filters):
        _disown(call, one)
    node.filters.clear()
    node.canceled = True
    _disown(call, node)


@method(PC)
def CreateFilter(call: Call, node: Collector, spec: Any, partialUpdates: bool = False) -> Any:
    reading.select(call.world, spec.objectSet, call.version)
    made = Filter(call.world, node, spec, partialUpdates)
    node.filters.append(made)
    call.world.counters.filters_created += 1
    return _own(call, made).ref


@method(PC.Filter)
def DestroyPropertyFilter(call: Call, node: Filter) -> None:
    if node in node.collector.filters:
        node.collector.filters.remove(node)
    _disown(call, node)


@method(PC)
def CancelWaitForUpdates(call: Call, node: Collector) -> None:
    node.canceled = True
    call.world.news.notify_all()


@method(PC)
def WaitForUpdates(call: Call, node: Collector, version: str = "") -> Any:
    return _wait(call, node, version, None, 100_000)


@method(PC)
def CheckForUpdates(call: Call, node: Collector, version: str = "") -> Any:
    return _wait(call, node, version, 0.0, 100_000)


@method(PC)
def WaitForUpdatesEx(call: Call, node: Collector, version: str = "", options: Any = None) -> Any:
    most = getattr(options, "maxWaitSeconds", None)
    limit = getattr(options, "maxObjectUpdates", None) or 100_000
    return _wait(call, node, version, None if most is None else float(most), limit)


def _wait(call: Call, node: Collector, version: str, most: float | None, limit: int) -> Any:
    """Blocks, with the world open to others, until a filter has news, the time is over or somebody cancels."""
    world = call.world
    world.counters.waits += 1
    _catch_up(node, version)
    node.canceled = False
    deadline = None if most is None else time.monotonic() + most
    call.session.waiting += 1
    try:
        while True:
            if node.canceled or world.closing:
                raise fault(vmodl.fault.RequestCanceled, "The request was canceled by a user.")
            if call.session.account is None:
                raise not_signed_in(node)
            if node.answered is not None and node.answered[0] == version and node.version != version:
                return Raw(node.answered[1])
            text = _news(call, node, limit)
            if text:
                node.version = str(next(node.numbers))
                node.answered = (version, text.replace("%VERSION%", node.version))
                return Raw(node.answered[1])
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                return None
            world.news.wait(left)
    finally:
        call.session.waiting -= 1
        call.sessions.touch(call.session)


def _catch_up(node: Collector, version: str) -> None:
    """An empty version starts over; any other must be the last one told, or the one before it."""
    if not version:
        node.answered = None
        node.version = ""
        for one in node.filters:
            one.start_over()
    elif version != node.version and (node.answered is None or node.answered[0] != version):
        raise fault(vmodl.query.InvalidCollectorVersion, "The collector version is not valid.")


def _news(call: Call, node: Collector, limit: int) -> str:
    sets, truncated = [], False
    for one in node.filters:
        told, more = one.updates(call.version, call.account, limit)
        truncated = truncated or more
        limit -= len(told)
        if told:
            sets.append(f"<filterSet>{reading.reference('filter', one)}{''.join(told)}</filterSet>")
    if not sets:
        return ""
    more_text = "<truncated>true</truncated>" if truncated else ""
    return f"<returnval><version>%VERSION%</version>{''.join(sets)}{more_text}</returnval>"


# -- tasks and the index -----------------------------------------------------------------------------------------


@method(vim.Task, needs="Global.CancelTask", changes=True)
def CancelTask(call: Call, node: Task) -> None:
    if not node.running:
        raise fault(vim.fault.InvalidState, "The operation is not allowed in the current state.")
    if not node.cancelable:
        raise fault(vmodl.fault.NotSupported, "The task cannot be canceled.")
    node.cancel()


@method(vim.SearchIndex)
def FindByDnsName(
    call: Call, node: Node, dnsName: str = "", vmSearch: bool = False, datacenter: Any = None
) -> Any:
    from dsm_desktop.simulator.vsphere.nodes.hosts import Host
    from dsm_desktop.simulator.vsphere.nodes.vms import Vm

    for entity in call.world.of(Vm if vmSearch else Host):
        if dnsName.lower() in (entity.name.lower(), f"{entity.name}.example.test".lower()):
            return entity.ref
    return None


@method(vim.SearchIndex)
def FindByUuid(
    call: Call,
    node: Node,
    uuid: str = "",
    vmSearch: bool = False,
    instanceUuid: bool = False,
    datacenter: Any = None,
) -> Any:
    from dsm_desktop.simulator.vsphere.nodes.hosts import Host
    from dsm_desktop.simulator.vsphere.nodes.vms import Vm

    if vmSearch:
        what = "instance" if instanceUuid else "bios"
        return next((v.ref for v in call.world.of(Vm) if v.uuid(what) == uuid.lower()), None)
    return next((h.ref for h in call.world.of(Host) if h.uuid() == uuid.lower()), None)
