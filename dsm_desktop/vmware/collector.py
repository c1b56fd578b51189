"""One pass over many objects: a view or a walk, the wanted property paths of each type, page by page.

What is unset is simply absent; what the account may not read is told apart. Paths that are newer than the agreed API
version are left out (one bad path fails the whole call), and one that the server does not know after all is dropped.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from dsm_desktop.core.errors import DsmError
from dsm_desktop.vmware.errors import NotThere, VcenterFault
from dsm_desktop.vmware.faults import fault_name, moid_of
from dsm_desktop.vmware.session import Opened
from dsm_desktop.vmware.vmodl import is_in, type_of, vim, vmodl

PAGE = 500
_DROPS = 20
"""So many unknown paths or vanished objects are left out before a pass gives up."""

Paths = Mapping[str, Sequence[str]]
"""Property paths by type name ("HostSystem")."""


_ESCAPED = re.compile("%(2f|5c|25)", re.IGNORECASE)


@dataclass(slots=True)
class Row:
    """One object: its type's name, moid, the values by path, and the paths that may not be read."""

    kind: str
    moid: str
    values: dict[str, Any]
    hidden: list[str] = field(default_factory=list)

    def get(self, path: str, otherwise: Any = None) -> Any:
        """The value, `otherwise` where unset or hidden."""
        value = self.values.get(path)
        return otherwise if value is None else value

    def text(self, path: str) -> str:
        return str(self.values.get(path) or "")

    @property
    def name(self) -> str:
        """As people wrote it: vCenter writes "/", "\\" and "%" in names as %2f, %5c and %25. Paths of the API take it as it came."""
        return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), self.text("name"))

    def number(self, path: str) -> int:
        return int(self.values.get(path) or 0)

    def moids(self, path: str) -> tuple[str, ...]:
        """Of a list of references."""
        return tuple([thing._moId for thing in self.values.get(path) or ()])


def everything(opened: Opened, wanted: Paths, below: Any = None) -> list[Row]:
    """All objects of the wanted types below a folder (default: the whole inventory)."""
    view = opened.content.viewManager.CreateContainerView(
        below or opened.content.rootFolder, [type_of(kind) for kind in wanted], True
    )
    try:
        walk = _selection(vim.view.ContainerView, "view")
        return _collect(opened, wanted, [_start(view, skip=True, select=[walk])])
    finally:
        # A view that stays fills vCenter's memory; gone with the session where the connection broke.
        with contextlib.suppress(DsmError):
            view.DestroyView()


def walked(opened: Opened, wanted: Paths, start: Any, steps: Mapping[tuple[str, str], Any]) -> list[Row]:
    """The start object, all above it, and what its references lead to: `steps` says (type, property) → the steps that go
    on from there. Only objects of wanted types come back."""
    return _collect(opened, wanted, [_start(start, select=[_above(), *_steps(steps)])])


def these(opened: Opened, wanted: Paths, moids: Iterable[str]) -> list[Row]:
    """Objects of several types by moid with all above them; those that have gone meanwhile are left out."""
    start = [_start(opened.entity(moid), select=[_above()]) for moid in moids]
    return _collect(opened, wanted, start) if start else []


def _above() -> Any:
    """The walk from an object to the root."""
    query = vmodl.query.PropertyCollector
    return query.TraversalSpec(
        name="above",
        type=vim.ManagedEntity,
        path="parent",
        skip=False,
        selectSet=[query.SelectionSpec(name="above")],
    )


def named(opened: Opened, kind: str, moids: Iterable[str], paths: Sequence[str]) -> list[Row]:
    """Objects by moid; those that have gone meanwhile are left out."""
    wanted = list(dict.fromkeys(moids))
    if not wanted:
        return []
    start = [_start(opened.object(kind, moid)) for moid in wanted]
    return _collect(opened, {kind: paths}, start)


def one(opened: Opened, kind: str, moid: str, paths: Sequence[str]) -> Row:
    """One object; raises NotThere."""
    for row in named(opened, kind, [moid], paths):
        return row
    raise gone(opened, moid)


def gone(opened: Opened, moid: str) -> NotThere:
    """The error for an object that no answer holds any more."""
    return NotThere(
        "ManagedObjectNotFound",
        f"{moid} is not there any more",
        about=moid,
        where=opened.name,
        hint="Read the vCenter again.",
    )


# --- the call -------------------------------------------------------------------------------------------------------


def filter_spec(opened: Opened, wanted: Paths, start: list[Any]) -> Any:
    """What is asked for and where it begins."""
    query = vmodl.query.PropertyCollector
    return query.FilterSpec(
        objectSet=start,
        propSet=[
            query.PropertySpec(
                type=type_of(kind),
                pathSet=[path for path in paths if known(kind, path, opened.wire.version)],
                all=False,
            )
            for kind, paths in wanted.items()
        ],
        reportMissingObjectsInResults=True,
    )


def _collect(opened: Opened, wanted: Paths, start: list[Any]) -> list[Row]:
    left = {kind: [path for path in paths if path not in opened.unknown] for kind, paths in wanted.items()}
    for _ in range(_DROPS):
        try:
            return list(_pages(opened, filter_spec(opened, left, start)))
        except NotThere as gone:
            kept = [item for item in start if moid_of(item.obj) != gone.about]
            if len(kept) == len(start) or len(start) == 1:
                raise
            start = kept
        except VcenterFault as fault:
            if fault.fault != "InvalidProperty" or not _without(left, fault.named):
                raise
            opened.unknown.add(fault.named)
    return list(_pages(opened, filter_spec(opened, left, start)))


def _without(left: dict[str, list[str]], path: str) -> bool:
    """Leave a path out that the server does not know; False where nobody asked for it."""
    found = False
    for paths in left.values():
        if path and path in paths:
            paths.remove(path)
            found = True
    return found


def _pages(opened: Opened, spec: Any) -> Iterator[Row]:
    collector = opened.content.propertyCollector
    options = vmodl.query.PropertyCollector.RetrieveOptions(maxObjects=PAGE)
    page = collector.RetrievePropertiesEx([spec], options)
    while page is not None:
        for found in page.objects:
            yield row_of(found)
        if not page.token:
            return
        page = collector.ContinueRetrievePropertiesEx(page.token)


def row_of(found: Any) -> Row:
    """An ObjectContent as a row."""
    values = {item.name: item.val for item in found.propSet}
    # Wrapped in a LocalizedMethodFault or bare, as the service likes. Others mean "not there", which is like unset.
    reasons = [(item.path, getattr(item.fault, "fault", None) or item.fault) for item in found.missingSet]
    hidden = [path for path, fault in reasons if fault_name(fault) == "NoPermission"]
    return Row(type(found.obj).__name__.rpartition(".")[2], found.obj._moId, values, hidden)


def _start(thing: Any, *, skip: bool = False, select: Sequence[Any] = ()) -> Any:
    return vmodl.query.PropertyCollector.ObjectSpec(obj=thing, skip=skip, selectSet=list(select))


def _selection(kind: Any, path: str, further: Sequence[Any] = ()) -> Any:
    return vmodl.query.PropertyCollector.TraversalSpec(
        name=path, type=kind, path=path, skip=False, selectSet=list(further)
    )


def _steps(steps: Mapping[tuple[str, str], Any]) -> list[Any]:
    return [_selection(type_of(kind), path, _steps(further or {})) for (kind, path), further in steps.items()]


def known(kind: str, path: str, version: str) -> bool:
    """Whether a property path is there in an API version, as pyVmomi's own type tables say. What lies below a property
    that is declared more generally than it is filled cannot be judged and is let through."""
    holder: Any = type_of(kind)
    for part in path.partition("[")[0].split("."):
        try:
            info = holder._GetPropertyInfo(part)
        except AttributeError:
            return True
        if not is_in(version, info.version):
            return False
        holder = info.type
        if not hasattr(holder, "_GetPropertyInfo"):
            return True
    return True
