"""pyVmomi's generated types, untyped on purpose: its stub files know the classes and not what they take."""

from __future__ import annotations

from typing import Any

from pyVmomi import VmomiSupport
from pyVmomi import vim as _vim
from pyVmomi import vmodl as _vmodl

vim: Any = _vim
vmodl: Any = _vmodl
_support: Any = VmomiSupport


def type_of(kind: str) -> Any:
    """The class of a type by its name below "vim" ("HostSystem", "alarm.Alarm")."""
    return _support.GetVmodlType(f"vim.{kind}")


def is_in(version: str, since: str) -> bool:
    """Whether what came with the API version `since` is there in `version`."""
    return bool(_support.IsChildVersion(version, since))


def versions() -> list[tuple[str, str]]:
    """API versions newest first, each with the id a server names it by ("6.5")."""
    return [(v, _support.versionIdMap[v]) for v in _support.GetServiceVersions("vim25")]
