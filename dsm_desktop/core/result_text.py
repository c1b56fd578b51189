"""A job's result as text to read: one line a value, lists of equal things as a table in columns."""

from __future__ import annotations

import textwrap
from typing import Any

from dsm_desktop.core.wording import sentence, shortened

_WIDEST = 48
_MOST = 2_000
_INNER = frozenset({"moid", "host_id", "vcenter_id", "check_id"})
"""Names that machines know things by; what is shown beside them has a name for people."""


def result_text(result: Any) -> str:
    """Readable text of a result or an error (JSON); "" for nothing."""
    if not isinstance(result, dict):
        return "" if result in (None, "") else str(result)
    plain, tables = [], []
    for name, value in result.items():
        if value in (None, "", [], {}) or name in _INNER:
            continue
        title = sentence(name)
        if isinstance(value, list) and any(_deep(item) for item in value):
            parts = (textwrap.indent(result_text(item), "  ") for item in value[:_MOST])
            tables.append(f"{title} ({len(value)})\n" + "\n\n".join(parts))
        elif isinstance(value, list) and all(isinstance(item, dict) for item in value):
            tables.append(f"{title} ({len(value)})\n{_table(value)}")
        elif isinstance(value, list):
            tables.append(
                f"{title} ({len(value)})\n" + "\n".join(f"  {_one(item)}" for item in value[:_MOST])
            )
        elif isinstance(value, dict) and not any(isinstance(v, dict | list) for v in value.values()):
            # Its keys may be names of the device's, not of ours.
            tables.append(f"{title}\n" + "\n".join(f"  {k}: {_one(v)}" for k, v in value.items()))
        elif isinstance(value, dict):
            tables.append(f"{title}\n{textwrap.indent(result_text(value), '  ')}")
        else:
            plain.append(f"{title}: {_one(value)}")
    return "\n\n".join(part for part in ("\n".join(plain), *tables) if part)


def _deep(item: Any) -> bool:
    """More than fits into a row: values that have values of their own."""
    if not isinstance(item, dict):
        return False
    inner = [part for value in item.values() for part in (value if isinstance(value, list) else [value])]
    return any(isinstance(part, dict) for part in inner)


def error_text(error: dict[str, Any]) -> str:
    """An error as an operator reads it: what and where, the next step, then the details; its kind last, for the manual."""
    where, hint = error.get("where"), error.get("hint")
    parts = [
        f"{where}: {error.get('message', '')}" if where else str(error.get("message", "")),
        f"Next step: {hint}" if hint else "",
        str(error.get("detail") or ""),
        f"({error['code']})" if error.get("code") else "",
    ]
    return "\n\n".join(part for part in parts if part)


def _table(rows: list[dict[str, Any]]) -> str:
    names = [
        n
        for n in dict.fromkeys(n for row in rows for n in row)
        if n not in _INNER and any(row.get(n) not in (None, "", []) for row in rows)
    ]
    heads = [sentence(n) for n in names]
    # The last has all the room there is.
    cells = [
        [_one(row.get(n)) if n == names[-1] else shortened(_one(row.get(n)), _WIDEST) for n in names]
        for row in rows[:_MOST]
    ]
    widths = [max(len(line[k]) for line in [heads, *cells]) for k in range(len(names))]
    lines = [
        "  ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)).rstrip() for line in [heads, *cells]
    ]
    return "\n".join(f"  {line}" for line in lines)


def _one(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list) and value and all(isinstance(item, list) for item in value):
        return "; ".join(" ".join(_one(part) for part in item if part != "") for item in value)
    if isinstance(value, list):
        return ", ".join(_one(item) for item in value)
    if isinstance(value, float):
        return f"{value:.2f}".rstrip("0").rstrip(".")
    return "" if value is None else str(value).replace("\n", " ")
