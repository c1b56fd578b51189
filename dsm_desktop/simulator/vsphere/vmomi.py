"""pyVmomi as a server sees it: types are looked up by name while requests are read, so they are not typed statically."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pyVmomi
from pyVmomi import SoapAdapter, VmomiSupport

_types: Any = pyVmomi
vim: Any = _types.vim
vmodl: Any = _types.vmodl
support: Any = VmomiSupport
adapter: Any = SoapAdapter


def is_unset(value: Any) -> bool:
    """No value, or an empty list, which the API does not tell apart."""
    return value is None or (isinstance(value, list | tuple) and not value)


def moment(when: float) -> dt.datetime:
    """A simulated moment as the API writes it."""
    return dt.datetime.fromtimestamp(when, dt.UTC)


def fault(kind: Any, text: str = "", **fields: Any) -> Any:
    """A fault object with its message; raise it or put it into a task."""
    error = kind(**fields)
    error.msg = text
    return error


def invalid_argument(name: str) -> Any:
    """The fault that names a wrong parameter."""
    return fault(
        vmodl.fault.InvalidArgument, f"A specified parameter was not correct: {name}", invalidProperty=name
    )
