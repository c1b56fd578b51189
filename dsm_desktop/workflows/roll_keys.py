"""How the steps and questions of a run are named, for whoever reads what it left in the store."""

from __future__ import annotations

GATES, FAILED = "gates", "failed"
"""What a run asks between its hosts: whether to take one whose cluster is not ready, and how to go on after a failure."""
END = "begin no other host"
"""The step that keeps why a run takes no further host."""


def asked_key(what: str, turn: int, mark: str) -> str:
    """Key of a question: GATES or FAILED, the turn it is asked at, and the host."""
    return f"{what} {turn} {mark}"


def asked_about(key: str) -> tuple[str, str]:
    """What such a key asks, and its host; ("", "") for any other."""
    parts = key.split(" ", 2)
    return (parts[0], parts[2]) if len(parts) == 3 and parts[0] in (GATES, FAILED) else ("", "")
