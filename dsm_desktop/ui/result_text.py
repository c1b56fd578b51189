"""A job's result as text to read: one line a value, lists of equal things as a table in columns."""

from __future__ import annotations

from typing import Any

from dsm_desktop.ui import words

_WIDEST = 48
_MOST = 2_000


def result_text(result: Any) -> str:
    """Readable text of a result or an error (JSON); "" for nothing."""
    if not isinstance(result, dict):
        return "" if result in (None, "") else str(result)
    plain, tables = [], []
    for name, value in result.items():
        if value in (None, "", [], {}):
            continue
        title = words.sentence(name.replace("_", " "))
        if isinstance(value, list) and all(isinstance(item, dict) for item in value):
            tables.append(f"{title} ({len(value)})\n{_table(value)}")
        elif isinstance(value, list):
            tables.append(
                f"{title} ({len(value)})\n" + "\n".join(f"  {_one(item)}" for item in value[:_MOST])
            )
        elif isinstance(value, dict):
            tables.append(f"{title}\n" + "\n".join(f"  {k}: {_one(v)}" for k, v in value.items()))
        else:
            plain.append(f"{title}: {_one(value)}")
    return "\n\n".join(part for part in ("\n".join(plain), *tables) if part)


def _table(rows: list[dict[str, Any]]) -> str:
    names = [
        n
        for n in dict.fromkeys(n for row in rows for n in row)
        if any(row.get(n) not in (None, "") for row in rows)
    ]
    heads = [words.sentence(n.replace("_", " ")) for n in names]
    cells = [[words.shortened(_one(row.get(n)), _WIDEST) for n in names] for row in rows[:_MOST]]
    widths = [max(len(line[k]) for line in [heads, *cells]) for k in range(len(names))]
    lines = [
        "  ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)).rstrip() for line in [heads, *cells]
    ]
    return "\n".join(f"  {line}" for line in lines)


def _one(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value).replace("\n", " ")
