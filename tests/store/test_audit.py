"""The audit chain: whole after honest work by many, broken by any of a thousand tamperings."""

from __future__ import annotations

import csv
import json
import os
import random
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Table, delete, insert, select, update

from dsm_desktop.core.redact import MASK
from dsm_desktop.store import audit
from dsm_desktop.store.audit import HEAD, Link
from dsm_desktop.store.models import AuditEntry, Base, Setting
from dsm_desktop.store.opening import open_store
from dsm_desktop.store.unit_of_work import Store

TAMPERINGS = int(os.environ.get("DSM_TAMPERINGS", "1000"))
LOG: Table = Base.metadata.tables["audit_log"]
ENTRIES = 25


def write_some(store: Store, count: int = ENTRIES) -> None:
    for n in range(count):
        with store.write() as uow:
            audit.append(uow, "anna", f"servers.{n % 3}", f"server {n}", n=n, words=["ü", None, 1.5])


def test_the_chain_is_whole_and_masked(site: Store) -> None:
    assert audit.verify(site).whole
    with site.write() as uow:
        audit.append(
            uow,
            "anna\x00",
            "credentials.add",
            "https://u:pw@host/" + "x" * 400,
            password="calvin",
            nan=float("nan"),
        )
        audit.append(uow, "b", "second", in_one=True)
    write_some(site)
    report = audit.verify(site)
    assert report == audit.AuditReport(ENTRIES + 2, report.head)
    with site.read() as connection:
        first = next(audit.entries(connection))
    assert (first["actor"], first["detail"]) == ("anna", {"password": MASK, "nan": None})
    assert "pw" not in first["subject"]


def test_a_rolled_back_transaction_leaves_no_gap(site: Store) -> None:
    write_some(site, 2)

    def fail() -> None:
        with site.write() as uow:
            audit.append(uow, "anna", "never")
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    write_some(site, 2)
    assert audit.verify(site).entries == 4


def test_writers_at_once_do_not_fork_the_chain(database_url: str) -> None:
    """Four stores (as four programs) with two threads each; every writer changes a row first, as commands do."""
    stores = [open_store(database_url) for _ in range(4)]

    def work(store: Store) -> None:
        write_some(store, 10)

    threads = [threading.Thread(target=work, args=(store,)) for store in stores for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    report = audit.verify(stores[0])
    for store in stores:
        store.close()
    assert report.whole, report
    assert report.entries == 80


def edit(connection: Connection, rng: random.Random) -> None:
    n = rng.randint(1, ENTRIES)
    row = connection.execute(select(LOG).where(LOG.c.id == n)).mappings().one()
    name = rng.choice(("at", "actor", "action", "subject", "detail", "previous", "hash"))
    value: Any = {
        "at": row["at"] + timedelta(milliseconds=rng.choice((-1, 1, 86_400_000))),
        "detail": {**row["detail"], "n": -1},
        "previous": rng.randbytes(32).hex(),
        "hash": rng.randbytes(32).hex(),
    }.get(name, f"{row.get(name)}{rng.choice('abc ')}")
    connection.execute(update(LOG).where(LOG.c.id == n).values({name: value}))


def remove(connection: Connection, rng: random.Random) -> None:
    connection.execute(delete(LOG).where(LOG.c.id == rng.randint(1, ENTRIES)))


def swap(connection: Connection, rng: random.Random) -> None:
    a, b = rng.sample(range(1, ENTRIES + 1), 2)
    for old, new in ((a, -1), (b, a), (-1, b)):
        connection.execute(update(LOG).where(LOG.c.id == old).values(id=new))


def cut_tail(connection: Connection, rng: random.Random) -> None:
    connection.execute(delete(LOG).where(LOG.c.id > rng.randint(0, ENTRIES - 1)))


def cut_head(connection: Connection, rng: random.Random) -> None:
    connection.execute(delete(LOG).where(LOG.c.id <= rng.randint(1, ENTRIES - 1)))


def forge(connection: Connection, rng: random.Random) -> None:
    """A well-made entry at the end, in a gap, or before the first; the head untouched."""
    previous = connection.execute(select(LOG).order_by(LOG.c.id.desc()).limit(1)).mappings().one()
    number = rng.choice((ENTRIES + 1, ENTRIES + 2, 0))
    row = {**previous, "id": number, "actor": "mallory", "previous": previous["hash"]}
    connection.execute(insert(LOG), [{**row, "hash": audit.entry_hash(row)}])


def rehash(connection: Connection, rng: random.Random) -> None:
    """An edit with every later hash made right again; only the head gives it away."""
    rows = [dict(r) for r in connection.execute(select(LOG).order_by(LOG.c.id)).mappings()]
    start, last = rng.randrange(len(rows)), audit.Link().hash
    rows[start]["actor"] = "mallory"
    for row in rows:
        row["previous"] = last
        last = row["hash"] = audit.entry_hash(row)
    connection.execute(delete(LOG))
    connection.execute(insert(LOG), rows)


TRICKS: tuple[Callable[[Connection, random.Random], None], ...] = (
    edit, edit, edit, remove, swap, cut_tail, cut_head, forge, rehash,
)  # fmt: skip


def test_no_tampering_goes_unnoticed(site: Store) -> None:
    """S13: each trick in a transaction that is then rolled back; the report names an entry."""
    write_some(site)
    assert audit.verify(site).whole
    rng, unnoticed = random.Random(13), []
    count = TAMPERINGS if site.engines.is_sqlite else max(100, TAMPERINGS // 4)
    with site.engines.write.connect() as connection:
        for n in range(count):
            trick = rng.choice(TRICKS)
            transaction = connection.begin()
            trick(connection, rng)
            report = audit.verify_in(connection)
            if report.whole or not report.why or report.broken is None:
                unnoticed.append((n, trick.__name__))
            transaction.rollback()
    assert unnoticed == []
    assert audit.verify(site).whole


def test_the_report_names_the_first_broken_entry(site: Store) -> None:
    write_some(site)
    with site.write() as uow:
        uow.session.execute(update(AuditEntry).where(AuditEntry.id.in_((7, 9))).values(actor="mallory"))
    assert (audit.verify(site).broken, audit.verify(site).why) == (7, "its content was changed")
    with site.write() as uow:
        uow.session.execute(delete(AuditEntry).where(AuditEntry.id == 5))
    assert audit.verify(site).broken == 5


def test_a_wholly_rewritten_chain_fails_against_a_head_kept_elsewhere(site: Store) -> None:
    write_some(site)
    with site.read() as connection:
        kept = audit.head_of(connection)
    write_some(site, 3)
    assert audit.verify(site, anchor=kept).whole
    with site.engines.write.begin() as connection:
        rehash(connection, random.Random(1))
        last = connection.execute(select(LOG.c.id, LOG.c.hash).order_by(LOG.c.id.desc()).limit(1)).one()
        connection.execute(
            update(Setting).where(Setting.key == HEAD).values(value={"id": last.id, "hash": last.hash})
        )
    assert audit.verify(site).whole
    assert audit.verify(site, anchor=kept).broken == kept.id
    assert audit.verify(site, anchor=Link(999, "0" * 64)).whole is False


def test_an_export_can_be_checked_without_the_store(site: Store, tmp_path: Path) -> None:
    write_some(site)
    assert audit.export(site, tmp_path / "audit.jsonl") == ENTRIES
    last = Link().hash
    for line in (tmp_path / "audit.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        assert row["previous"] == last
        last = row["hash"]
    with site.read() as connection:
        assert audit.head_of(connection).hash == last


def test_a_table_for_people_holds_no_formula(site: Store, tmp_path: Path) -> None:
    with site.write() as uow:
        audit.append(uow, "=cmd|' /C calc'!A0", "@SUM(1)", "+1", x="a,b\n")
    audit.export(site, tmp_path / "audit.csv")
    with (tmp_path / "audit.csv").open(encoding="utf-8", newline="") as stream:
        heading, row = csv.reader(stream)
    assert heading[2:5] == ["actor", "action", "subject"]
    assert row[2:5] == ["'=cmd|' /C calc'!A0", "'@SUM(1)", "'+1"]
    assert json.loads(row[5]) == {"x": "a,b\n"}
