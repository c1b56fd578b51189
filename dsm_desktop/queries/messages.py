"""What a message id means, in the device's own words, offline."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from dsm_desktop.commands.message_texts import message_key
from dsm_desktop.store.models import MessageText

_BATCH = 500


@dataclass(frozen=True, slots=True)
class Explanation:
    """A message of a registry; %1, %2 stand for the arguments. `source` where it was read from."""

    message_id: str
    severity: str
    message: str
    description: str
    resolution: str
    source: str


def explain(connection: Connection, message_id: str, source: str = "") -> Explanation | None:
    """The explanation of an id in any spelling ("PSU0001", "IDRAC.2.7.PSU0001"), from `source` if that has it, else the one
    loaded last; None when no registry that was loaded knows it."""
    m = MessageText
    query = (
        select(m.message_id, m.severity, m.message, m.description, m.resolution, m.source)
        .where(m.message_id == message_key(message_id))
        .order_by((m.source == source).desc(), m.loaded_at.desc(), m.id.desc())
        .limit(1)
    )
    row = connection.execute(query).first()
    return Explanation(*row) if row is not None else None


def known_messages(connection: Connection, message_ids: Collection[str]) -> set[str]:
    """Which of these ids (as given) can be explained: those become links."""
    wanted = {message_id: message_key(message_id) for message_id in message_ids}
    keys = sorted(set(wanted.values()))
    found: set[str] = set()
    for start in range(0, len(keys), _BATCH):
        query = select(MessageText.message_id).where(MessageText.message_id.in_(keys[start : start + _BATCH]))
        found.update(connection.scalars(query))
    return {message_id for message_id, key in wanted.items() if key in found}


def message_sources(connection: Connection) -> dict[str, int]:
    """Registries that were loaded and how many messages each has."""
    query = select(MessageText.source, func.count()).group_by(MessageText.source).order_by(MessageText.source)
    return {source: count for source, count in connection.execute(query)}  # noqa: C416
