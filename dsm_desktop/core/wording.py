"""Small words that every room writes in the same way: names as labels, counted nouns, texts that are cut."""

from __future__ import annotations


def sentence(word: str) -> str:
    """An enumeration value or name as a label: "force_restart" -> "Force restart"."""
    text = word.replace("_", " ").strip()
    return text[:1].upper() + text[1:]


def plural(count: int, noun: str) -> str:
    """ "1 server", "12 servers"."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def shortened(text: str, most: int) -> str:
    """At most so many characters, with an ellipsis where something is left out."""
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"
