"""The tree beside the grid: all servers, then groups, smart groups, clusters, health, access, models, iDRACs, tags and racks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from dsm_desktop.queries.groups import GroupNode
from dsm_desktop.queries.query_edit import term_of
from dsm_desktop.queries.servers import ServerRow
from dsm_desktop.ui import words
from dsm_desktop.ui.theme import Tone

Narrow = Callable[[ServerRow], bool]
_KINDS = (
    ("manual", "groups", "Groups", "group"),
    ("saved_filter", "smart", "Smart groups", "filter"),
    ("vcenter_cluster", "clusters", "Clusters", "agent"),
)


@dataclass(slots=True)
class Facet:
    """A node: its words, how many servers it holds, the test a server must pass (None = all) and the term of the query that says the
    same. `members` ids where it is filled by a list; `group` where it is one; `problem` why it cannot be filled."""

    key: str
    title: str
    count: int = 0
    icon: str = ""
    tone: Tone = Tone.PLAIN
    narrow: Narrow | None = None
    term: str = ""
    members: frozenset[int] | None = None
    group: GroupNode | None = None
    problem: str = ""
    parent: Facet | None = None
    children: list[Facet] = field(default_factory=list)

    def add(self, child: Facet) -> None:
        child.parent = self
        self.children.append(child)

    @property
    def place(self) -> int:
        return self.parent.children.index(self) if self.parent else 0

    @property
    def is_branch(self) -> bool:
        """A heading: nothing is narrowed by it."""
        return self.narrow is None and self.key != "all"

    @property
    def within(self) -> str:
        """What it narrows to: its term, or its title; "" where it holds everything."""
        return (self.term or self.title) if self.narrow else ""

    def walk(self) -> Iterator[Facet]:
        """Itself and everything below."""
        yield self
        for child in self.children:
            yield from child.walk()


def build(
    servers: Sequence[ServerRow],
    groups: Iterable[GroupNode],
    places: Mapping[int, tuple[str, str]] | None = None,
) -> Facet:
    """The tree for these servers; what holds none is left out, groups excepted. `places` (room, rack) by server."""
    root = Facet("", "")
    root.add(Facet("all", "All servers", len(servers), "server"))
    nodes = {group.id: group for group in groups}
    for kind, key, title, icon_name in _KINDS:
        branch = Facet(key, title, icon=icon_name)
        for group in nodes.values():
            top = not any(nodes[p].kind == kind for p in group.parents if p in nodes)
            if group.kind == kind and top:
                branch.add(_group(group, nodes, icon_name))
        if branch.children or kind == "manual":
            root.add(branch)
    for branch in (
        _health(servers),
        _access(servers),
        _models(servers),
        _generations(servers),
        _tags(servers),
    ):
        if branch.children:
            root.add(branch)
    if places:
        root.add(_racks(places))
    return root


def _group(group: GroupNode, nodes: Mapping[int, GroupNode], icon_name: str, path: str = "") -> Facet:
    key = f"{path or 'group'}:{group.id}"
    tone = {"critical": Tone.CRITICAL, "warning": Tone.WARNING}.get(group.worst, Tone.PLAIN)
    made = Facet(
        key, group.name, group.count, "status-critical" if group.problem else icon_name,
        Tone.CRITICAL if group.problem else tone, _member_of(group.server_ids), term_of("group", [group.name]),
        group.server_ids, group, group.problem,
    )  # fmt: skip
    for child in group.children:
        if child in nodes and f":{child}:" not in f"{key}:":
            made.add(_group(nodes[child], nodes, icon_name, key))
    return made


def _health(servers: Sequence[ServerRow]) -> Facet:
    branch = Facet("health", "Health", icon="health")
    for value, count in _counts(servers, lambda r: r.health, order=("critical", "warning", "ok", "unknown")):
        status = words.health(value)
        branch.add(_leaf("health", value, status.word, count, lambda r: r.health, status.icon, status.tone))
    return branch


def _access(servers: Sequence[ServerRow]) -> Facet:
    branch = Facet("access", "Access", icon="lock")
    for value, count in _counts(servers, lambda r: r.access):
        status = words.access(value)
        branch.add(_leaf("access", value, status.word, count, lambda r: r.access, status.icon, status.tone))
    return branch


def _models(servers: Sequence[ServerRow]) -> Facet:
    branch = Facet("models", "Models", icon="hardware")
    for value, count in _counts(servers, lambda r: r.model):
        title = value.removeprefix("PowerEdge ") or "Not read yet"
        branch.add(_leaf("model", value, title, count, lambda r: r.model, "hardware"))
    return branch


def _generations(servers: Sequence[ServerRow]) -> Facet:
    branch = Facet("generations", "iDRAC", icon="firmware")
    for value, count in _counts(servers, lambda r: r.generation):
        title = "Other makers" if value == "other" else value
        branch.add(_leaf("generation", value, title, count, lambda r: r.generation, "firmware"))
    return branch


def _tags(servers: Sequence[ServerRow]) -> Facet:
    branch = Facet("tags", "Tags", icon="edit")
    found = Counter(tag for server in servers for tag in server.tags)
    for tag, count in sorted(found.items()):
        branch.add(Facet(f"tags:{tag}", tag, count, "edit", narrow=_tagged(tag), term=term_of("tags", [tag])))
    return branch


def _racks(places: Mapping[int, tuple[str, str]]) -> Facet:
    branch = Facet("racks", "Racks", icon="fleet")
    by_room: dict[str, dict[str, set[int]]] = {}
    for server_id, (room, rack) in places.items():
        by_room.setdefault(room, {}).setdefault(rack, set()).add(server_id)
    for room, racks in sorted(by_room.items()):
        inside = frozenset().union(*racks.values())
        above = branch
        if room:
            above = Facet(
                f"room:{room}",
                room,
                len(inside),
                "fleet",
                narrow=_member_of(inside),
                term=term_of("room", [room]),
                members=inside,
            )
            branch.add(above)
        for rack, ids in sorted(racks.items()):
            members, term = frozenset(ids), term_of("rack", [rack])
            key, narrow = f"rack:{room}:{rack}", _member_of(members)
            above.add(Facet(key, rack, len(ids), "fleet", narrow=narrow, term=term, members=members))
    return branch


def _counts(
    servers: Iterable[ServerRow], of: Callable[[ServerRow], str], order: tuple[str, ...] = ()
) -> list[tuple[str, int]]:
    found = Counter(of(s) for s in servers)
    if order:
        return [(value, found[value]) for value in order if found[value]]
    return sorted(found.items(), key=lambda pair: (-pair[1], pair[0]))


def _member_of(members: frozenset[int]) -> Narrow:
    return lambda row: row.id in members


def _tagged(tag: str) -> Narrow:
    return lambda row: tag in row.tags


def _leaf(
    kind: str,
    value: str,
    title: str,
    count: int,
    of: Callable[[ServerRow], str],
    icon_name: str,
    tone: Tone = Tone.PLAIN,
) -> Facet:
    return Facet(
        f"{kind}:{value}", title, count, icon_name, tone, lambda row: of(row) == value, term_of(kind, [value])
    )
