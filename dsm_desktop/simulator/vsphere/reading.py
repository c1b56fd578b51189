"""Which objects a filter names, and their properties written out as the property collector answers them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from dsm_desktop.simulator.vsphere import soap
from dsm_desktop.simulator.vsphere.spec import Account
from dsm_desktop.simulator.vsphere.vmomi import adapter, fault, support, vim, vmodl

if TYPE_CHECKING:
    from dsm_desktop.simulator.vsphere.nodes.base import Node
    from dsm_desktop.simulator.vsphere.world import World

QUERY: Any = vmodl.query.PropertyCollector
SEALED = {
    "HostSystem": ("config.service", "config.ipmi"),
    "HostServiceSystem": ("serviceInfo",),
}
"""Properties that an account without host configuration privileges may not read."""
SEAL = "Host.Config.NetService"


def select(world: World, object_set: list[Any], version: str) -> list[Node]:
    """The objects of a filter, each once, in the order they are reached."""
    found: dict[str, Node] = {}
    for start in object_set:
        named = {s.name: s for s in _nested(start.selectSet) if s.name and isinstance(s, QUERY.TraversalSpec)}
        root = world.find(start.obj._wsdlName, start.obj._moId)
        _visit(world, root, bool(start.skip), start.selectSet, named, found, set(), version)
    return list(found.values())


def _nested(selections: list[Any]) -> Iterator[Any]:
    for selection in selections:
        yield selection
        if isinstance(selection, QUERY.TraversalSpec):
            yield from _nested(selection.selectSet)


def _visit(
    world: World,
    node: Node,
    skip: bool,
    selections: list[Any],
    named: dict[str, Any],
    found: dict[str, Node],
    seen: set[tuple[str, int]],
    version: str,
) -> None:
    if not skip:
        found.setdefault(node.moid, node)
    for selection in selections:
        step = selection if isinstance(selection, QUERY.TraversalSpec) else named.get(selection.name)
        if step is None or not issubclass(node.kind, step.type) or (node.moid, id(step)) in seen:
            continue
        seen.add((node.moid, id(step)))
        value = node.schema.read(node, step.path, version)
        for ref in value if isinstance(value, list) else [] if value is None else [value]:
            target = world.nodes.get(ref._moId)
            if target is not None:
                _visit(world, target, bool(step.skip), step.selectSet, named, found, seen, version)


def paths_of(node: Node, property_set: list[Any], version: str) -> list[str]:
    """The paths a filter wants of an object."""
    paths: dict[str, None] = {}
    for wanted in property_set:
        if issubclass(node.kind, wanted.type):
            paths.update(
                dict.fromkeys(node.schema.paths(version) if getattr(wanted, "all", False) else wanted.pathSet)
            )
    return list(paths)


def values_of(
    node: Node, paths: list[str], version: str, account: Account
) -> tuple[dict[str, str], list[str]]:
    """Each set property as `<val>` text, and the paths the account may not read."""
    values: dict[str, str] = {}
    missing: list[str] = []
    sealed = () if account.may(SEAL) else SEALED.get(node.kind._wsdlName, ())
    for path in paths:
        if any(path == s or path.startswith(f"{s}.") for s in sealed):
            missing.append(path)
            continue
        value = node.schema.read(node, path, version)
        if value is None:
            continue
        for name in sealed:
            _blank(value, path, name)
        values[path] = val(value, version)
    return values, missing


def _blank(value: Any, path: str, sealed: str) -> None:
    if sealed.startswith(f"{path}.") and sealed.count(".") == path.count(".") + 1:
        setattr(value, sealed.rsplit(".", 1)[-1], None)


def val(value: Any, version: str) -> str:
    """`<val>`; the commonest kinds are written here because pyVmomi takes twenty times as long."""
    kind = type(value)
    if kind is str:
        return f'<val xsi:type="xsd:string">{adapter.XmlEscape(value)}</val>'
    if kind is bool:
        return f'<val xsi:type="xsd:boolean">{"true" if value else "false"}</val>'
    if kind is int:
        return f'<val xsi:type="xsd:int">{value}</val>'
    if isinstance(value, support.ManagedObject):
        return f'<val type="{kind._wsdlName}" xsi:type="ManagedObjectReference">{value._moId}</val>'
    return soap.write("val", value, object, version)


def reference(tag: str, node: Node) -> str:
    """An object's reference as an element."""
    return f'<{tag} type="{node.kind._wsdlName}">{node.moid}</{tag}>'


def missing_text(node: Node, paths: list[str], version: str) -> str:
    """`<missingSet>` for paths that may not be read."""
    text = []
    for path in paths:
        denied = fault(
            vim.fault.NoPermission,
            "Permission to perform this operation was denied.",
            object=node.ref,
            privilegeId=SEAL,
        )
        entry = vmodl.query.PropertyCollector.MissingProperty(path=path, fault=denied)
        text.append(soap.write("missingSet", entry, QUERY.MissingProperty, version))
    return "".join(text)


def content(node: Node, paths: list[str], version: str, account: Account) -> str:
    """One `<objects>` element of an answer."""
    values, missing = values_of(node, paths, version, account)
    properties = "".join(f"<propSet><name>{n}</name>{v}</propSet>" for n, v in values.items())
    denied = missing_text(node, missing, version) if missing else ""
    return f"<objects>{reference('obj', node)}{properties}{denied}</objects>"
