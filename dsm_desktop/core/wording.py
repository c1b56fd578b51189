"""Small words that every room writes in the same way: names as labels, counted nouns, texts that are cut."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def sentence(word: str) -> str:
    """An enumeration value or name as a label: "force_restart" -> "Force restart"."""
    text = word.replace("_", " ").strip()
    return text[:1].upper() + text[1:]


def plural(count: int, noun: str) -> str:
    """ "1 server", "12 servers"."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def field_problem(kind: str, message: str, bounds: Mapping[str, Any]) -> str:
    """What is wrong with a field, for people: pydantic's `kind` of error, its message and the bounds it names."""
    if kind == "missing" or (kind == "string_too_short" and bounds.get("min_length") == 1):
        return "This must be filled in."
    if kind == "too_short" and bounds.get("min_length") == 1:
        return "Choose at least one."
    return message.removeprefix("Value error, ")


def shortened(text: str, most: int) -> str:
    """At most so many characters, with an ellipsis where something is left out."""
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"
