"""Property collectors, their filters, and views."""

from __future__ import annotations

import itertools
from typing import Any

from dsm_desktop.simulator.vsphere import reading
from dsm_desktop.simulator.vsphere.nodes.base import Entity, Node, refs
from dsm_desktop.simulator.vsphere.schema import Schema
from dsm_desktop.simulator.vsphere.sessions import Session
from dsm_desktop.simulator.vsphere.spec import Account
from dsm_desktop.simulator.vsphere.vmomi import vim, vmodl
from dsm_desktop.simulator.vsphere.world import World


class View(Node):
    """A container view: what of some kinds stands below an entity."""

    kind = vim.view.ContainerView

    def __init__(self, world: World, container: Entity, kinds: list[Any], recursive: bool) -> None:
        super().__init__(world, f"session[{world.next_id('view')}]")
        self.container, self.kinds, self.recursive = container, tuple(kinds), recursive

    def members(self) -> list[Entity]:
        """The objects in view now."""
        within = self.container.below() if self.recursive else self.container.children()
        return [e for e in within if not self.kinds or issubclass(e.kind, self.kinds)]


View.schema = Schema(
    vim.view.ContainerView,
    {
        "container": lambda v: v.container.ref,
        "type": lambda v: list(v.kinds),
        "recursive": lambda v: v.recursive,
        "view": lambda v: refs(v.members()),
    },
)


class ListView(Node):
    """A view of the objects it was given."""

    kind = vim.view.ListView

    def __init__(self, world: World, objects: list[Any]) -> None:
        super().__init__(world, f"session[{world.next_id('view')}]")
        self.objects = objects


ListView.schema = Schema(
    vim.view.ListView, {"view": lambda v: [o for o in v.objects if o._moId in v.world.nodes]}
)


class Filter(Node):
    """What a client wants to hear about, and what it has heard."""

    kind = vmodl.query.PropertyCollector.Filter

    def __init__(self, world: World, collector: Collector, spec: Any, partial: bool) -> None:
        super().__init__(world, f"session[{world.next_id('filter')}]")
        self.collector, self.spec, self.partial = collector, spec, partial
        self._seen = 0
        self._heard: dict[str, tuple[Node, dict[str, str]]] = {}
        self._chosen: tuple[int, list[Node]] | None = None
        self._steady = all(
            isinstance(s, reading.QUERY.TraversalSpec) and s.path == "view" and not s.selectSet
            for o in spec.objectSet
            for s in o.selectSet
        )

    def start_over(self) -> None:
        """Forget what the client has heard."""
        self._seen, self._heard = 0, {}

    def _nodes(self, version: str) -> list[Node]:
        """The chosen objects; those of a plain view change only when an object comes or goes."""
        if self._chosen is None or not self._steady or self._chosen[0] != self.world.membership:
            chosen = reading.select(self.world, self.spec.objectSet, version)
            self._chosen = (self.world.membership, chosen)
        return self._chosen[1]

    def updates(self, version: str, account: Account, limit: int) -> tuple[list[str], bool]:
        """`<objectSet>` elements for what has changed since, at most `limit`, and whether more is waiting."""
        if self._seen == self.world.revision:
            return [], False
        told: list[str] = []
        nodes = self._nodes(version)
        here = {node.moid for node in nodes}
        for moid in [m for m in self._heard if m not in here]:
            told.append(
                f"<objectSet><kind>leave</kind>{reading.reference('obj', self._heard.pop(moid)[0])}</objectSet>"
            )
        for node in nodes:
            if len(told) >= limit:
                return told, True
            update = self._update(node, version, account)
            if update:
                told.append(update)
        self._seen = self.world.revision
        return told, False

    def _update(self, node: Node, version: str, account: Account) -> str:
        before = self._heard.get(node.moid)
        if before is not None and node.revision <= self._seen:
            return ""
        paths = reading.paths_of(node, self.spec.propSet, version)
        values, missing = reading.values_of(node, paths, version, account)
        old = {} if before is None else before[1]
        if before is not None and old == values:
            return ""
        self._heard[node.moid] = (node, values)
        changes = [(n, v) for n, v in values.items() if old.get(n) != v]
        changes += [(n, "") for n in old if n not in values]
        text = "".join(f"<changeSet><name>{n}</name><op>assign</op>{v}</changeSet>" for n, v in changes)
        kind = "enter" if before is None else "modify"
        denied = reading.missing_text(node, missing, version) if missing else ""
        return f"<objectSet><kind>{kind}</kind>{reading.reference('obj', node)}{text}{denied}</objectSet>"


Filter.schema = Schema(
    vmodl.query.PropertyCollector.Filter,
    {"spec": lambda f: f.spec, "partialUpdates": lambda f: f.partial},
)


class Collector(Node):
    """A property collector of one session. `pages` are the rest of answers too long for one."""

    kind = vmodl.query.PropertyCollector

    def __init__(self, world: World, session: Session, moid: str = "") -> None:
        super().__init__(world, moid or f"session[{world.next_id('collector')}]")
        self.session = session
        self.filters: list[Filter] = []
        self.pages: dict[str, list[tuple[Node, list[str]]]] = {}
        self.version = ""
        self.answered: tuple[str, str] | None = None
        """The version last asked about and the answer, for a client that did not get it."""
        self.canceled = False
        self.numbers = itertools.count(1)


Collector.schema = Schema(vmodl.query.PropertyCollector, {"filter": lambda c: refs(c.filters)})
