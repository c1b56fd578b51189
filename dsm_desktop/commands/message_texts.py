"""The devices' own explanations of their message ids, taken from a message registry a device gave."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import delete, insert

from dsm_desktop.core.errors import BadInput
from dsm_desktop.store.models import Base, MessageText
from dsm_desktop.store.rows import fit
from dsm_desktop.store.unit_of_work import UnitOfWork

MOST_MESSAGES = 50_000


def message_key(message_id: str) -> str:
    """The id without registry and version, in upper case: "IDRAC.2.7.psu0001" is "PSU0001"."""
    return message_id.strip().rsplit(".", 1)[-1].upper()


def load_registry(uow: UnitOfWork, registry: Mapping[str, Any], source: str) -> int:
    """Keep the texts of a DMTF MessageRegistry (parsed JSON: "Messages" {id: {Message, Description, Resolution, Severity}});
    returns how many. `source` says where it was read ("EEMI 2.7, iDRAC9 7.10.50.00") and replaces what came from there.
    """
    messages = registry.get("Messages")
    if not isinstance(messages, Mapping) or len(messages) > MOST_MESSAGES:
        raise BadInput("This is not a message registry.", hint="It needs a member Messages.", where=source)
    table = Base.metadata.tables["message_registry"]
    rows: dict[str, dict[str, Any]] = {}
    for name, entry in messages.items():
        if not isinstance(entry, Mapping):
            continue
        row: dict[str, Any] = {
            "message_id": message_key(str(name)),
            "source": source,
            "severity": _severity(entry),
            "message": _text(entry, "Message"),
            "description": _text(entry, "LongDescription") or _text(entry, "Description"),
            "resolution": _text(entry, "Resolution"),
            "loaded_at": uow.now,
        }
        rows[message_key(str(name))] = fit(table, row)
    uow.session.execute(delete(MessageText).where(MessageText.source == source[:120]))
    if rows:
        uow.session.execute(insert(table), list(rows.values()))
    uow.changed("message_registry", "changed", count=len(rows))
    return len(rows)


def _text(entry: Mapping[str, Any], name: str) -> str:
    value = entry.get(name)
    return value if isinstance(value, str) else ""


def _severity(entry: Mapping[str, Any]) -> str:
    """Registries since DSP8011 1.x call it MessageSeverity."""
    return (_text(entry, "MessageSeverity") or _text(entry, "Severity")).lower()
