"""Fault domains: what takes several servers down at once, the rack they stand in or a power distribution unit (PDU) they hang on.

An iDRAC knows neither; people write both down.
"""

from __future__ import annotations

import enum
import re
from typing import NamedTuple


class Kind(enum.StrEnum):
    """What a domain is; the value is its word in a sentence."""

    RACK = "rack"
    PDU = "PDU"


class Domain(NamedTuple):
    """A rack ("Hall / R1") or a PDU ("A12"), by the name people gave it."""

    kind: Kind
    name: str

    def __str__(self) -> str:
        return f"{self.kind} '{self.name}'"


def pdu_names(text: str) -> tuple[str, ...]:
    """The names in "A12, B12" (comma, semicolon or line between them), in their order; one that differs from another only in
    capitals and blanks stands once."""
    names = (" ".join(part.split()) for part in re.split(r"[,;\n]", text))
    found: dict[str, str] = {}
    for name in filter(None, names):
        found.setdefault(name.casefold(), name)
    return tuple(found.values())
