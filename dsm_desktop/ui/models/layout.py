"""How a grid is arranged: what is kept over a restart, saved as a named view and shared as a file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class GridLayout:
    """`columns` keys of the shown ones in their order (() = as the program has them), `widths` in pixels by key, `sort` as (key,
    descending), the first counts most; `pinned` how many of the first columns do not scroll; `compact` low rows; `group_by` the
    column whose values are headings; `rules` the colour rules as (column, query, tone)."""

    columns: tuple[str, ...] = ()
    widths: Mapping[str, int] = field(default_factory=dict)
    sort: tuple[tuple[str, bool], ...] = ()
    pinned: int = 1
    compact: bool = False
    group_by: str = ""
    rules: tuple[tuple[str, str, str], ...] = ()

    def as_text(self) -> str:
        """For the file of the window's settings."""
        return json.dumps(asdict(self), separators=(",", ":"))

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> GridLayout:
        """From a saved view or a file; what is not as expected is left out."""
        widths = values.get("widths")
        return cls(
            columns=tuple(str(key) for key in values.get("columns") or ()),
            widths={str(k): int(w) for k, w in widths.items()} if isinstance(widths, Mapping) else {},
            sort=tuple((str(pair[0]), bool(pair[1])) for pair in values.get("sort") or () if len(pair) == 2),
            pinned=max(0, min(20, int(values.get("pinned", 1)))),
            compact=bool(values.get("compact", False)),
            group_by=str(values.get("group_by") or ""),
            rules=tuple((str(r[0]), str(r[1]), str(r[2])) for r in values.get("rules") or () if len(r) == 3),
        )

    @classmethod
    def from_text(cls, text: str) -> GridLayout | None:
        """None where the text is no layout."""
        try:
            found = json.loads(text)
            return cls.of(found) if isinstance(found, dict) else None
        except (ValueError, TypeError):
            return None
