"""A changing call's arguments as the activity log shows them: only what was set, objects by their moid."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

_DEEPEST = 8
_LONGEST = 50


def shown(params: Iterable[Any], args: Iterable[Any]) -> dict[str, Any]:
    """Arguments by name. Values that hide themselves (SecretStr) stay hidden; the log masks what is named like a secret."""
    return {param.name: _plain(arg) for param, arg in zip(params, args, strict=False) if arg is not None}


def _plain(value: Any, depth: int = 0) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        return str(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if moid := getattr(value, "_moId", ""):
        return moid
    if depth >= _DEEPEST:
        return "…"
    if isinstance(value, list | tuple):
        return [_plain(item, depth + 1) for item in value[:_LONGEST]]
    fields: Mapping[str, Any] = getattr(value, "__dict__", {})
    kept = {
        name: _plain(field, depth + 1)
        for name, field in fields.items()
        if not name.startswith("_") and field is not None and not (isinstance(field, list) and not field)
    }
    return kept or type(value).__name__.rpartition(".")[2]
