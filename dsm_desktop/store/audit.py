"""Who did what: an append-only log whose entries are chained by SHA-256.

The chain's head stands in the setting "audit.head"; where old entries were archived, "audit.anchor" names the last of
them. An edit, a gap, a swap, an insertion or a cut tail breaks the chain. Who can write the database can of course write
a whole new chain: `head_of` gives the anchor to be kept elsewhere, and `verify(anchor=…)` compares with it.
"""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Generator
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.dialects.postgresql import insert as postgres_insert

from dsm_desktop.core.redact import masked, masked_text
from dsm_desktop.core.spreadsheet import harmless
from dsm_desktop.store.models import AuditEntry, Setting
from dsm_desktop.store.rows import clean_json, fit
from dsm_desktop.store.unit_of_work import Store, UnitOfWork

HEAD = "audit.head"
ANCHOR = "audit.anchor"
_START = "0" * 64
_COLUMNS = ("id", "at", "actor", "action", "subject", "detail", "hash")


@dataclass(frozen=True, slots=True)
class Link:
    """An end of the chain: the entry's number and hash; 0 and zeros before the first."""

    id: int = 0
    hash: str = _START


@dataclass(frozen=True, slots=True)
class AuditReport:
    """`entries` that were checked; `broken` the number of the first wrong entry (None = whole), `why` in words."""

    entries: int
    head: Link
    broken: int | None = None
    why: str = ""

    @property
    def whole(self) -> bool:
        return self.broken is None


def append(uow: UnitOfWork, actor: str, action: str, subject: str = "", **detail: Any) -> None:
    """Note in this transaction that `actor` did `action` ("servers.add") to `subject`; secrets in `detail` are masked.

    The entry gets its number right before the commit, behind a lock all writers share: the chain cannot fork.
    """
    row = {
        "actor": actor,
        "action": action,
        "subject": masked_text(subject),
        "detail": clean_json(masked(detail)),
    }
    uow.hold(_flush, fit(AuditEntry.metadata.tables["audit_log"], row))


def _flush(uow: UnitOfWork, items: list[dict[str, Any]]) -> None:
    head = _locked_head(uow)
    rows = []
    for item in items:
        row = {"id": head.id + 1, "at": uow.now, **item, "previous": head.hash}
        head = Link(row["id"], entry_hash(row))
        rows.append({**row, "hash": head.hash})
    uow.session.execute(insert(AuditEntry), rows)
    uow.session.execute(
        update(Setting).where(Setting.key == HEAD).values(value=asdict(head), changed_at=uow.now)
    )
    uow.changed("audit_log", "added")


def _locked_head(uow: UnitOfWork) -> Link:
    """The head, locked until the commit (SQLite: the whole transaction is already alone)."""
    query = select(Setting.value).where(Setting.key == HEAD).with_for_update()
    found = uow.session.scalar(query)
    if found is None:
        first = {"key": HEAD, "value": asdict(Link()), "changed_at": uow.now, "changed_by": "audit"}
        if uow.session.connection().dialect.name == "sqlite":
            uow.session.execute(insert(Setting), [first])
        else:
            uow.session.execute(postgres_insert(Setting).values(first).on_conflict_do_nothing())
        found = uow.session.scalar(query) or {}
    return Link(**found)


def entry_hash(row: dict[str, Any]) -> str:
    """SHA-256 (hex) over the canonical JSON of [id, at, actor, action, subject, detail, previous]."""
    at: datetime = row["at"]
    parts = [
        row["id"],
        at.isoformat(),
        row["actor"],
        row["action"],
        row["subject"],
        row["detail"],
        row["previous"],
    ]
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def head_of(connection: Connection) -> Link:
    """The end of the chain: to be kept outside of the store (printed, sent) and given to `verify` later."""
    return _link(connection, HEAD)


def verify(store: Store, *, anchor: Link | None = None) -> AuditReport:
    """Walk the whole chain and name the first entry that is wrong; `anchor` is a head kept elsewhere earlier."""
    with store.read() as connection:
        return verify_in(connection, anchor=anchor)


def verify_in(connection: Connection, *, anchor: Link | None = None) -> AuditReport:
    """As `verify`, on any connection (a backup's)."""
    last, head, count = _link(connection, ANCHOR), _link(connection, HEAD), 0
    if anchor is not None and anchor.id < last.id:
        anchor = None  # archived since: the archive's manifest holds it
    with closing(entries(connection)) as rows:
        for row in rows:
            why = _wrong(row, last)
            if anchor is not None and row["id"] == anchor.id and row["hash"] != anchor.hash:
                why = why or "it is not the one that was kept elsewhere"
            if why:
                return AuditReport(count, head, last.id + 1, why)
            last, count = Link(row["id"], row["hash"]), count + 1
    if last != head:
        return AuditReport(
            count,
            head,
            last.id + 1,
            "the end of the log is not the recorded head: entries were cut off or added",
        )
    if anchor is not None and last.id < anchor.id:
        return AuditReport(count, head, last.id + 1, "the entry that was kept elsewhere is gone")
    return AuditReport(count, head)


def _wrong(row: dict[str, Any], last: Link) -> str:
    if row["id"] != last.id + 1:
        return f"entry {last.id + 1} is missing; {row['id']} follows {last.id}"
    if row["previous"] != last.hash:
        return "it does not continue the entry before it"
    return "" if row["hash"] == entry_hash(row) else "its content was changed"


def entries(connection: Connection) -> Generator[dict[str, Any], None, None]:
    """The entries as dictionaries, oldest first, streamed."""
    table = AuditEntry.metadata.tables["audit_log"]
    query = select(table).order_by(table.c.id).execution_options(yield_per=2_000)
    with connection.execute(query) as found:
        for row in found.mappings():
            yield dict(row)


def export(store: Store, file: Path) -> int:
    """Write all entries; returns how many. "….csv": a table for people, no cell a formula; else JSON lines with the hashes,
    which can be checked without the store."""
    count = 0
    with store.read() as connection, file.open("w", encoding="utf-8", newline="") as stream:
        table = csv.writer(stream) if file.suffix.lower() == ".csv" else None
        if table:
            table.writerow(_COLUMNS)
        for row in entries(connection):
            plain = {**row, "at": row["at"].isoformat()}
            if table:
                detail = json.dumps(row["detail"], ensure_ascii=False)
                table.writerow([harmless(str(v)) for v in ({**plain, "detail": detail}[k] for k in _COLUMNS)])
            else:
                stream.write(json.dumps(plain, ensure_ascii=False) + "\n")
            count += 1
    return count


def _link(connection: Connection, key: str) -> Link:
    found = connection.scalar(select(Setting.value).where(Setting.key == key))
    return Link(**found) if found else Link()
