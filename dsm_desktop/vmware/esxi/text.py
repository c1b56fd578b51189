"""What esxcli prints, into plain values. `--formatter=csv` is there from 5.x to 9.x; its columns end with an empty one."""

from __future__ import annotations

import csv
import io
import re

_PAIR = re.compile(r"\A\s*(?P<name>[A-Za-z][\w .()/-]*?):(?:\s(?P<value>.*))?\Z")
_UNITS = {"B": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}


def csv_rows(text: str) -> list[dict[str, str]]:
    """A list as rows by column name ("InstallDate"). Lines before the table (warnings) do not matter where it is the rest."""
    rows = csv.DictReader(io.StringIO(text, newline=""))
    return [{k: (v or "").strip() for k, v in row.items() if k and isinstance(v, str)} for row in rows]


def csv_row(text: str) -> dict[str, str]:
    """A single object; {} where nothing came."""
    rows = csv_rows(text)
    return rows[0] if rows else {}


def pairs(text: str) -> dict[str, str]:
    """ "   Build: Releasebuild-1" lines by name; the first of a name counts, values may be empty and are never wrapped."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        match = _PAIR.match(line.rstrip())
        if match:
            found.setdefault(match["name"].strip(), (match["value"] or "").strip())
    return found


def names(value: str) -> tuple[str, ...]:
    """ "a, b, c" as printed for VIBs, on one very long line."""
    return tuple(part for part in (p.strip() for p in value.split(",")) if part)


def truth(value: str) -> bool | None:
    """true | false | enabled | disabled; None = something else."""
    word = value.strip().casefold()
    return (
        True if word in ("true", "enabled", "yes") else False if word in ("false", "disabled", "no") else None
    )


def size_bytes(value: str) -> int | None:
    """ "88.0M" of df -h, or a plain number of bytes; None = not understood."""
    match = re.fullmatch(r"([\d.]+)\s*([BKMGT]?)B?", value.strip(), re.I)
    return round(float(match[1]) * _UNITS[match[2].upper() or "B"]) if match else None
