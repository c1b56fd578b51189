"""Results of steps as JSON and back, so that a replay sees exactly what the first run saw."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

from pydantic import TypeAdapter

from dsm_desktop.workers.errors import BodyError


@lru_cache(maxsize=256)
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def encode(value: Any, kind: Any, where: str) -> Any:
    """JSON of a step's result. Without `kind` it must be plain JSON already; BodyError says how to help."""
    if kind is not None:
        return _adapter(kind).dump_python(value, mode="json")
    try:
        plain = json.loads(json.dumps(value))
    except (TypeError, ValueError) as error:
        raise BodyError(
            f"The result of this step is no plain JSON: {error}.",
            hint="Give its type in `returns`.",
            where=where,
        ) from None
    return plain


def decode(value: Any, kind: Any) -> Any:
    """The value of a recorded result."""
    return value if kind is None else _adapter(kind).validate_python(value, strict=False)
