"""The tree of the vCenter area: vCenter, datacentre, cluster, host, VM; what a login may not see is not in it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from dsm_desktop.core.vsphere import Colour, Connection, Host, Vm, VmPower
from dsm_desktop.core.vsphere_site import Site
from dsm_desktop.queries.vsphere import VsphereView


@dataclass(slots=True)
class Node:
    """A place in the tree. `kind` all | vcenter | datacenter | cluster | host | vm | alone; `state` ok | warning | critical |
    off | maintenance | unknown; `key` "<vcenter id>:<moid>" stays the same between two looks."""

    key: str
    kind: str
    title: str
    vcenter_id: int = 0
    moid: str = ""
    state: str = ""
    full: str = ""
    """The whole name, where the title is shorter."""
    children: list[Node] = field(default_factory=list)
    parent: Node | None = None

    def add(self, child: Node) -> Node:
        child.parent = self
        self.children.append(child)
        return child

    @property
    def place(self) -> int:
        """Among its parent's children."""
        return self.parent.children.index(self) if self.parent else 0

    def walk(self) -> Iterator[Node]:
        """Itself and everything below."""
        yield self
        for child in self.children:
            yield from child.walk()

    def hosts(self) -> frozenset[tuple[int, str]]:
        """(vcenter id, moid) of every host at or below it; of a VM, its host's."""
        if self.kind == "vm" and self.parent is not None:
            return self.parent.hosts()
        return frozenset((n.vcenter_id, n.moid) for n in self.walk() if n.kind == "host")


def tree_of(view: VsphereView) -> Node:
    """The whole tree, names in their order."""
    root = Node("", "root", "")
    for row in view.vcenters:
        top = root.add(
            Node(f"{row.id}:", "vcenter", row.name, row.id, "", "critical" if row.problem else "ok")
        )
        if (site := view.sites.get(row.id)) is not None:
            _fill(top, site)
    alone = [row for row in view.hosts if row.alone]
    if alone:
        branch = root.add(Node("alone", "alone", "Stand-alone hosts"))
        for lone in sorted(alone, key=lambda r: r.name.casefold()):
            if (site := view.sites.get(lone.vcenter_id)) is not None:
                _host(branch, lone.vcenter_id, site.hosts[0], site.vms, {})
            else:
                branch.add(
                    Node(f"{lone.vcenter_id}:", "host", lone.name, lone.vcenter_id, lone.moid, "unknown")
                )
    return root


def _fill(top: Node, site: Site) -> None:
    vms: dict[str, list[Vm]] = defaultdict(list)
    for vm in site.vms:
        vms[vm.host].append(vm)
    names = short_names(site.hosts)
    centers: dict[str, Node] = {}
    for folder in sorted(site.folders, key=lambda f: f.name.casefold()):
        if folder.kind == "datacenter":
            key = f"{top.vcenter_id}:{folder.moid}"
            centers[folder.moid] = top.add(Node(key, "datacenter", folder.name, top.vcenter_id, folder.moid))
    for cluster in sorted(site.clusters, key=lambda c: c.name.casefold()):
        where = centers.get(cluster.datacenter, top)
        key = f"{top.vcenter_id}:{cluster.moid}"
        state = _colour(cluster.status)
        node = where.add(Node(key, "cluster", cluster.name, top.vcenter_id, cluster.moid, state))
        for host in _sorted(h for h in site.hosts if h.cluster == cluster.moid):
            _host(node, top.vcenter_id, host, vms[host.moid], names)
    for host in _sorted(h for h in site.hosts if not h.cluster):
        _host(centers.get(host.datacenter, top), top.vcenter_id, host, vms[host.moid], names)


def short_names(hosts: Sequence[Host]) -> dict[str, str]:
    """Host names without the domain that all of them share, by moid; as they are where they differ in it, or are addresses."""
    domains = {host.name.partition(".")[2] for host in hosts}
    shared = next(iter(domains)) if len(domains) == 1 else ""
    if not shared or shared[-1].isdigit():
        return {host.moid: host.name for host in hosts}
    return {host.moid: host.name.partition(".")[0] for host in hosts}


def _sorted(hosts: Iterator[Host]) -> list[Host]:
    return sorted(hosts, key=lambda h: h.name.casefold())


def _host(parent: Node, place: int, host: Host, vms: Sequence[Vm], names: Mapping[str, str]) -> None:
    title = names.get(host.moid, host.name)
    node = parent.add(
        Node(f"{place}:{host.moid}", "host", title, place, host.moid, host_state(host), host.name)
    )
    for vm in sorted(vms, key=lambda v: v.name.casefold()):
        state = "ok" if vm.power is VmPower.ON else "off"
        if vm.question is not None or vm.connection is not Connection.CONNECTED:
            state = "warning"
        node.add(Node(f"{place}:{vm.moid}", "vm", vm.name, place, vm.moid, state))


def host_state(host: Host) -> str:
    """A host in one word: lost ones first, then maintenance, then vCenter's own colour."""
    if host.connection is not Connection.CONNECTED:
        return "critical"
    if host.in_maintenance:
        return "maintenance"
    return _colour(host.status)


def _colour(colour: Colour) -> str:
    words = {Colour.GREEN: "ok", Colour.YELLOW: "warning", Colour.RED: "critical"}
    return words.get(colour, "unknown")
