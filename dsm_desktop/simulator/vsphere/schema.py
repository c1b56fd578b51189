"""Property paths of managed objects: each kind declares its leaves, everything above and below them follows."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from dsm_desktop.simulator.vsphere.vmomi import fault, is_unset, support, vmodl

_KEYED = re.compile(r'(?P<list>[\w.]+)\["(?P<key>[^"]+)"\]')
Read = Callable[[Any], Any]
Leaves = Mapping[str, Read]


class Schema:
    """The properties of one kind. `leaves` maps a path to a function of the node; composite objects such as `runtime` are
    put together from the leaves below them, and paths below a leaf are read out of its value."""

    def __init__(self, kind: Any, leaves: Leaves, composites: Mapping[str, Any] | None = None) -> None:
        self.kind = kind
        self._leaves = leaves
        self._composites = dict(composites or {})
        self._readers: dict[str, Read] = {}
        self._versions: dict[str, list[str]] = {}

    def paths(self, version: str) -> list[str]:
        """Names of all properties of the kind itself in an API version, without those below them."""
        every = self.kind._GetPropertyList()
        return [info.name for info in every if support.IsChildVersion(version, info.version)]

    def read(self, node: Any, path: str, version: str) -> Any:
        """The value at a path, None when it is unset; `list["key"]` is the element with that key. Raises InvalidProperty for a path
        this API version does not have."""
        if keyed := _KEYED.fullmatch(path):
            found = self.read(node, keyed["list"], version) or ()
            return next((item for item in found if str(item.key) == keyed["key"]), None)
        reader = self._readers.get(path)
        if reader is None:
            kind, self._versions[path] = self._declared(path)
            reader = self._readers[path] = _typed(self._reader(path, kind), kind)
        for since in self._versions[path]:
            if not support.IsChildVersion(version, since):
                raise fault(vmodl.query.InvalidProperty, f"Unable to resolve {path}.", name=path)
        return reader(node)

    def _reader(self, path: str, kind: Any) -> Read:
        if path in self._leaves:
            return self._leaves[path]
        parts = path.split(".")
        for length in range(len(parts) - 1, 0, -1):
            leaf = self._leaves.get(".".join(parts[:length]))
            if leaf is not None:
                return _below(leaf, parts[length:])
        below = {p[len(path) + 1 :]: read for p, read in self._leaves.items() if p.startswith(f"{path}.")}
        if not below:
            return lambda node: None
        return _compose(self._composites.get(path, kind), below)

    def _declared(self, path: str) -> tuple[Any, list[str]]:
        """The declared type at a path and the API versions it needs."""
        kind, since = self.kind, []
        where = ""
        for name in path.split("."):
            kind = self._composites.get(where, kind)
            try:
                info = kind._GetPropertyInfo(name)
            except AttributeError as error:
                raise fault(vmodl.query.InvalidProperty, f"Unable to resolve {path}.", name=path) from error
            since.append(info.version)
            kind = info.type
            where = f"{where}.{name}".lstrip(".")
        return kind, since


def _typed(read: Read, kind: Any) -> Read:
    """Plain values get the declared type, because it is written beside them: lists, enumerations, long numbers."""
    if kind is object or not issubclass(kind, list | str | int | float) or kind in (bool, int, str):
        return read

    def cast(node: Any) -> Any:
        value = read(node)
        if is_unset(value):
            return None
        return value if isinstance(value, kind) else kind(value)

    return cast


def _below(leaf: Read, names: list[str]) -> Read:
    def read(node: Any) -> Any:
        value = leaf(node)
        for name in names:
            if value is None:
                return None
            value = getattr(value, name, None)
        return value

    return read


def _compose(kind: Any, leaves: dict[str, Read]) -> Read:
    """An object of a kind out of the leaves below it; unset when none of them has a value."""
    fields: dict[str, Read] = {}
    for path in leaves:
        name, _, rest = path.partition(".")
        if not rest:
            fields[name] = leaves[path]
        elif name not in fields:
            inner = {p[len(name) + 1 :]: read for p, read in leaves.items() if p.startswith(f"{name}.")}
            fields[name] = _compose(kind._GetPropertyInfo(name).type, inner)

    def read(node: Any) -> Any:
        values = {name: field(node) for name, field in fields.items()}
        if all(value is None for value in values.values()):
            return None
        made = kind()
        for name, value in values.items():
            if not is_unset(value):
                setattr(made, name, value)
        return made

    return read
