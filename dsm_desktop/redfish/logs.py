"""SEL, lifecycle log and fault list: found by links on every generation, read only as far as they are new."""

from __future__ import annotations

from datetime import datetime

from dsm_desktop.core.inventory import LogEvent, LogKind
from dsm_desktop.net.links import safe_path
from dsm_desktop.redfish.documents import MAX_MEMBERS, Doc, Documents, link
from dsm_desktop.redfish.errors import Missing
from dsm_desktop.redfish.values import dig, health, moment, text

NAMES = {
    LogKind.SEL: ("sel", "log1", "log", "eventlog"),
    LogKind.LIFECYCLE: ("lclog", "lifecycle", "auditlog"),
    LogKind.FAULTS: ("faultlist",),
}
"""Ids of log services, lower case, best first; the rest are other vendors' names for the same thing."""
Mark = tuple[str, datetime | None]
"""Id and Created of the newest entry already held. Ids restart after a log was cleared, so both must match."""


def entry(doc: Doc, kind: LogKind) -> LogEvent:
    """One log entry. MessageId is 8 hex digits in the SEL, "IDRAC.2.7.USR0030" in the lifecycle log."""
    return LogEvent(
        log=kind,
        entry_id=text(doc.get("Id")),
        created=moment(doc.get("Created")) or moment(doc.get("EventTimestamp")),
        severity=health(doc.get("Severity") or doc.get("MessageSeverity")),
        message_id=text(doc.get("MessageId")),
        message=text(doc.get("Message")),
        category=text(dig(doc, "Oem", "Dell", "Category")) or text(doc.get("SensorType")),
    )


def entries_path(documents: Documents, manager: Doc, system: Doc | None, kind: LogKind) -> str:
    """Path of a log's entries, by LogServices → service → Entries, on the manager first. Raises Missing."""
    for owner in (manager, system or {}):
        services = link(owner, "LogServices")
        if not services:
            continue
        found: dict[str, Doc] = {}
        for doc in documents.members(safe_path(services)):
            found[text(doc.get("Id")).lower()] = doc
        for name in NAMES[kind]:
            path = link(found.get(name, {}), "Entries")
            if path:
                return safe_path(path)
    raise Missing(f"this device has no {kind.value} log")


def read_log(
    documents: Documents, path: str, kind: LogKind, since: Mark | None, limit: int = MAX_MEMBERS
) -> list[LogEvent]:
    """Entries newer than `since`, newest first as the device gives them; all of them for None.

    Reading stops at the known entry, page by page. A device that lists oldest first (some non-Dell BMCs) is read whole.
    """
    events: list[LogEvent] = []

    def is_new(doc: Doc) -> bool:
        event = entry(doc, kind)
        if since is not None and (event.entry_id, event.created) == since and _newest_first(events):
            return False
        events.append(event)
        return len(events) < limit

    expand, documents.expand = documents.expand, False
    try:
        # Dell's log collections carry whole entries, also without $expand.
        documents.members(path, is_new)
    finally:
        documents.expand = expand
    if since is None:
        return events
    return [event for event in events if _is_after(event, since)]


def _newest_first(events: list[LogEvent]) -> bool:
    """True unless the entries seen so far go forward in time."""
    if len(events) < 2:
        return True
    first, last = events[0].created, events[-1].created
    return first is None or last is None or first >= last


def _is_after(event: LogEvent, since: Mark) -> bool:
    """Not the known entry itself and not older. Two events of one second are both kept; the store knows them by id."""
    if (event.entry_id, event.created) == since:
        return False
    return event.created is None or since[1] is None or event.created >= since[1]
