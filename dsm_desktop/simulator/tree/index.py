"""Finds the resource or action a URI names, and finishes documents for one generation."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from dsm_desktop.simulator.exchange import Doc
from dsm_desktop.simulator.personas import Persona
from dsm_desktop.simulator.tree import (
    accounts,
    attributes,
    bios,
    boot,
    cardservice,
    certificates,
    chassis,
    dellsensors,
    firmware,
    interfaces,
    jobs,
    lcexports,
    lcservice,
    licenses,
    logs,
    manager,
    network,
    nicattributes,
    pcie,
    power,
    processors,
    protocols,
    raid,
    registries,
    repository,
    root,
    scp,
    sensors,
    services,
    sessions,
    storage,
    system,
    thermal,
    vmedia,
)
from dsm_desktop.simulator.tree.base import ROOT, Action, Resource
from dsm_desktop.simulator.tree.lifetimes import dropped
from dsm_desktop.simulator.tree.versions import odata_type

if TYPE_CHECKING:
    from dsm_desktop.simulator.device import Device

_BRANCHES = (
    root,
    sessions,
    accounts,
    system,
    processors,
    pcie,
    bios,
    boot,
    storage,
    raid,
    network,
    nicattributes,
    chassis,
    dellsensors,
    power,
    thermal,
    sensors,
    manager,
    cardservice,
    certificates,
    scp,
    interfaces,
    protocols,
    vmedia,
    attributes,
    logs,
    lcservice,
    lcexports,
    jobs,
    firmware,
    repository,
    services,
    licenses,
    registries,
)


@dataclasses.dataclass(slots=True)
class _Node:
    children: dict[str, _Node] = dataclasses.field(default_factory=dict)
    wildcard: _Node | None = None
    resource: Resource | None = None
    actions: dict[str, Action] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True, slots=True)
class Found:
    """What lives at a path."""

    resource: Resource | None
    actions: dict[str, Action]
    segments: list[str]


class Tree:
    """The URIs of one generation."""

    def __init__(self, persona: Persona) -> None:
        self.persona = persona
        self._root = _Node()
        self._dropped = dropped(persona.rank)
        self._types: dict[str, tuple[str, str]] = {}
        for branch in _BRANCHES:
            for resource in branch.resources(persona):
                if resource.since <= persona.rank <= resource.until:
                    self._node(resource.path).resource = resource
            for action in branch.actions(persona):
                if action.since <= persona.rank <= action.until:
                    self._node(action.path).actions[action.verb] = action

    def _node(self, path: str) -> _Node:
        node = self._root
        for segment in path.strip("/").split("/"):
            if segment == "{}":
                node.wildcard = node.wildcard or _Node()
                node = node.wildcard
            else:
                node = node.children.setdefault(segment, _Node())
        return node

    def find(self, path: str) -> Found | None:
        """The resource or action at a path."""
        segments: list[str] = []
        node = _walk(self._root, path.strip("/").split("/"), 0, segments)
        if node is None or (node.resource is None and not node.actions):
            return self._embedded(path)
        return Found(node.resource, node.actions, segments)

    def _embedded(self, path: str) -> Found | None:
        """Dell's resources below …/Oem/Dell/ that are shown whole inside their parent can also be read by themselves."""
        parent, mark, _ = path.partition("/Oem/Dell/")
        if not mark or not self.persona.oem_tree or self.find(parent) is None:
            return None
        return Found(
            Resource(path, "", lambda device: _inside(self.document(device, parent), path), fresh=1), {}, []
        )

    def document(self, device: Device, path: str) -> Doc | None:
        """The finished document at a path, or None."""
        found = self.find(path)
        if found is None or found.resource is None:
            return None
        return self.finish(device, found.resource, path, found.segments)

    def finish(self, device: Device, resource: Resource, path: str, segments: list[str]) -> Doc | None:
        """Build a document, add its annotations and drop what this generation does not know."""
        body = resource.build(device, *segments)
        if body is None:
            return None
        if not resource.kind:
            return body
        names = self._types.get(resource.kind)
        if names is None:
            names = self._types[resource.kind] = odata_type(resource.kind, self.persona.rank)
        doc: Doc = {
            "@odata.context": f"{ROOT}/$metadata#{names[0]}",
            "@odata.id": path,
            "@odata.type": names[1],
            **body,
        }
        for place in self._dropped.get(resource.kind, ()):
            _drop(doc, place)
        if self.persona.etags:
            doc["@odata.etag"] = f'W/"gen-{device.revision + 1}"'
        return doc


def _walk(node: _Node, parts: list[str], at: int, segments: list[str]) -> _Node | None:
    if at == len(parts):
        return node
    child = node.children.get(parts[at])
    if child is not None:
        hit = _walk(child, parts, at + 1, segments)
        if hit is not None and (hit.resource is not None or hit.actions):
            return hit
    if node.wildcard is None:
        return None
    segments.append(parts[at])
    hit = _walk(node.wildcard, parts, at + 1, segments)
    if hit is None:
        segments.pop()
    return hit


def _inside(value: Any, path: str) -> Doc | None:
    """The object with this @odata.id somewhere in a document; a mere link is none."""
    if isinstance(value, dict):
        if value.get("@odata.id") == path and len(value) > 1:
            return value
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            hit = _inside(item, path)
            if hit is not None:
                return hit
    return None


def _drop(doc: Doc, place: tuple[str, ...]) -> None:
    for key in place[:-1]:
        inner = doc.get(key)
        if not isinstance(inner, dict):
            return
        doc = inner
    doc.pop(place[-1], None)
    doc.pop(f"{place[-1]}@odata.count", None)
