"""What a device says, made storable: SQLite takes any text and number, Postgres refuses NUL, lone surrogates, overlong
strings, NaN and integers beyond its types; a hostile BMC sends all of them."""

from __future__ import annotations

import json
import math
from functools import cache
from typing import Any

import orjson
from sqlalchemy import BigInteger, Float, Integer, String, Table, Text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import JSON, TypeDecorator

_LONGEST_TEXT = 20_000
_DEEPEST = 20


def clean_text(text: str, limit: int = _LONGEST_TEXT) -> str:
    """Text of at most `limit` characters without NUL and lone surrogates."""
    text = text[:limit]
    if text.isascii():
        return text.replace("\x00", "") if "\x00" in text else text
    return text.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")


def clean_json(value: Any, depth: int = 0) -> Any:
    """A JSON value both databases take and give back as it is; tuples become lists, keys text, NaN None."""
    if isinstance(value, str):
        return clean_text(value)
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if depth > _DEEPEST:
        return "…"
    if isinstance(value, dict):
        return {clean_text(str(key)): clean_json(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [clean_json(item, depth + 1) for item in value]
    return clean_text(str(value))


class CleanText(TypeDecorator[str]):
    """A bound text made storable on its way in."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else clean_text(value)


class CleanJson(TypeDecorator[Any]):
    """The same for JSON that people read; None is NULL."""

    impl = JSON(none_as_null=True)
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        return clean_json(value)


def canonical(value: Any) -> bytes:
    """The same bytes for the same value: for digests. The standard library's JSON only for what orjson refuses (numbers
    beyond 64 bits, lone surrogates)."""
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except TypeError:
        return json.dumps(value, sort_keys=True).encode()


def fit(table: Table, row: dict[str, Any]) -> dict[str, Any]:
    """The row with every value made to fit its column: text cut, numbers out of range None (not nullable: 0)."""
    limits = _limits(table)
    return {name: _fit(*limits[name], value) for name, value in row.items()}


def _fit(kind: str, limit: int, empty: Any, value: Any) -> Any:
    if value is None or kind == "any":
        return value
    if kind == "text":
        if type(value) is str and len(value) <= limit and value.isascii() and "\x00" not in value:
            return value
        return clean_text(value if type(value) is str else str(value), limit)
    if kind == "json":
        return clean_json(value)
    if kind == "float":
        return float(value) if math.isfinite(value) else empty
    return int(value) if -limit <= value < limit else empty


@cache
def _limits(table: Table) -> dict[str, tuple[str, int, Any]]:
    return {column.key: (*_limit(column.type), None if column.nullable else 0) for column in table.columns}


def _limit(kind: Any) -> tuple[str, int]:
    if isinstance(kind, String):
        return "text", kind.length or _LONGEST_TEXT
    if isinstance(kind, JSON):
        return "json", 0
    if isinstance(kind, Integer):
        return "int", 1 << (63 if isinstance(kind, BigInteger) else 31)
    return ("float", 0) if isinstance(kind, Float) else ("any", 0)
