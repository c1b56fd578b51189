"""The store's answers at full size: 10,000 servers with 80 parts each, a million calls; each beside the bare SQL a person would write.

    python -m benchmarks.bench_browse [--servers 10000] [--calls 1000000] [--postgres]

A SQLite file is always measured; --postgres starts a cluster of its own on loopback. Milliseconds, median and worst of the runs.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, insert, text

from dsm_desktop.queries.calls import CallFilter, call_ids, call_rows
from dsm_desktop.queries.dashboard import dashboard
from dsm_desktop.queries.groups import group_tree
from dsm_desktop.queries.part_search import find
from dsm_desktop.queries.pivots import firmware_pivot, spare_parts
from dsm_desktop.queries.reading_series import series
from dsm_desktop.queries.server_fields import words_of
from dsm_desktop.queries.server_query import parse_query
from dsm_desktop.queries.servers import list_servers
from dsm_desktop.store import part_words
from dsm_desktop.store.engine import open_engines, sqlite_url
from dsm_desktop.store.migrate import upgrade
from dsm_desktop.store.models import (
    ApiCall,
    InventoryFirmware,
    InventoryPart,
    InventorySnapshot,
    PartWords,
    Reading,
    ServerGroup,
)
from dsm_desktop.store.unit_of_work import Store
from tests.kit.databases import PostgresServer, postgres_programs
from tests.ui.seed import seed_servers

BLOCK = 250
KINDS = (
    ("memory",) * 32
    + ("drive",) * 24
    + ("port",) * 8
    + ("processor", "psu") * 2
    + ("controller",) * 2
    + ("pcie",) * 10
)
NOW = datetime.now(UTC)


def part(server: int, number: int) -> dict[str, Any]:
    kind, serial = KINDS[number], f"{server:05d}{number:02d}"
    model = {"drive": "MZ7L31T9HBLAAD3", "memory": "HMA84GR7DJR4N-XN", "controller": "HBA355i Adapter"}.get(
        kind, f"{kind} model"
    )
    return {
        "snapshot_id": server, "kind": kind, "part_id": f"{kind}.Slot.{number}", "name": f"{kind} {number}", "slot": f"Bay {number}",
        "manufacturer": "SAMSUNG", "model": model, "part_number": f"0{kind[:3].upper()}{number % 5}A", "serial_number": f"CN0{serial}",
        "firmware": "HG53", "capacity_bytes": 1, "reading": None, "unit": "", "health": "ok",
        "detail": {"mac": f"e4:43:{server >> 8 & 255:02x}:{server & 255:02x}:00:{number:02x}"} if kind == "port" else {},
    }  # fmt: skip


def seed_parts(store: Store, servers: int) -> None:
    """Snapshots, parts, their words, 20 firmwares each."""
    for start in range(1, servers + 1, BLOCK):
        ids = range(start, min(start + BLOCK, servers + 1))
        parts = [part(server, n) for server in ids for n in range(len(KINDS))]
        rows = [
            {**p, "id": (p["snapshot_id"] - 1) * len(KINDS) + n % len(KINDS) + 1} for n, p in enumerate(parts)
        ]
        with store.write() as uow:
            uow.session.execute(insert(InventorySnapshot), [
                {"id": i, "server_id": i, "taken_at": NOW, "confirmed_at": NOW, "digest": "", "facts": {}, "gaps": [], "requests": 1}
                for i in ids
            ])  # fmt: skip
            uow.session.execute(insert(InventoryPart), rows)
            uow.session.execute(
                insert(PartWords), [{"part_id": r["id"], "words": part_words.words_of(r)} for r in rows]
            )
            uow.session.execute(insert(InventoryFirmware), [
                {"snapshot_id": i, "firmware_id": str(n), "fqdd": f"X.{n}", "name": f"Component {n}" if n else "PERC H755",
                 "version": f"2.{19 if i % 50 else 18}.{n}", "state": "installed", "component_id": str(n), "component_type": "FRMW",
                 "updateable": True, "installed_at": "", "pci_ids": ""}
                for i in ids for n in range(20)
            ])  # fmt: skip


def seed_calls(store: Store, count: int) -> None:
    for start in range(0, count, 20_000):
        rows = [
            {
                "at": NOW - timedelta(seconds=count - n), "server_id": n % 10_000 + 1, "job_id": n // 500, "protocol": "redfish",
                "host": f"10.{n % 200}.0.{n % 250}", "method": "PATCH" if n % 200 == 0 else "GET",
                "path": f"/redfish/v1/Systems/System.Embedded.1/Memory/DIMM.{n % 977}", "changing": n % 200 == 0,
                "status": 200 if n % 400 else 503, "latency_ms": 80.0, "received_bytes": 900, "error": "" if n % 400 else "RAC0218",
            }
            for n in range(start, min(start + 20_000, count))
        ]  # fmt: skip
        with store.write() as uow:
            uow.session.execute(insert(ApiCall), rows)


def seed_groups(store: Store) -> None:
    with store.write() as uow:
        uow.session.execute(insert(ServerGroup), [
            {"name": f"Smart {n}", "kind": "saved_filter", "filter": f"(model:R750 OR model:R650) bios<1.{n}", "source": "", "notes": ""}
            for n in range(20)
        ])  # fmt: skip
        uow.session.execute(insert(Reading), [
            {"server_id": s, "sensor": "power", "at": NOW - timedelta(minutes=5 * n), "value": 300.0 + n % 90}
            for s in range(1, 51) for n in range(2_000)
        ])  # fmt: skip
    with store.engines.write.connect() as connection:
        if connection.dialect.name == "postgresql":
            connection.execution_options(isolation_level="AUTOCOMMIT").execute(text("ANALYZE"))


def timed(name: str, store: Store, work: Callable[[Connection], Any], runs: int = 15) -> float:
    """Print and return the median; each run in a transaction of its own, the first is not counted."""
    took = []
    result: Any = None
    for _ in range(runs + 1):
        with store.read() as connection:
            begun = time.perf_counter()
            result = work(connection)
            took.append((time.perf_counter() - begun) * 1e3)
    size = len(result) if hasattr(result, "__len__") else result
    print(f"  {name:<58}{statistics.median(took[1:]):>9.1f}{max(took[1:]):>9.1f}   {size}", flush=True)
    return statistics.median(took[1:])


def measure_parts(store: Store) -> None:
    for query in (
        "HBA355i",
        "CN00500003",
        "e4-43-13-88-00-3a",
        "*0500003",
        "samsung mz7l3",
        "Bay 7",
        "2.18",
        "nothing at all",
    ):
        timed(f"find '{query}'", store, lambda c, q=query: len(find(c, q).hits))  # type: ignore[misc]
    like = text(
        "SELECT id FROM inventory_parts WHERE lower(serial_number) LIKE '%cn00500003%' OR lower(model) LIKE '%cn00500003%' LIMIT 200"
    )
    timed("peer: bare LIKE over two columns", store, lambda c: c.execute(like).all(), 3)
    timed("firmware pivot, whole fleet", store, firmware_pivot, 3)
    timed("spare parts, whole fleet", store, spare_parts, 3)


def measure_servers(store: Store) -> None:
    timed("peer: every server as rows", store, list_servers, 3)
    rows = store.fetch(list_servers)
    words = [words_of(row) for row in rows]
    for query in (
        "model:R750 health!=ok",
        "(model:R750 OR model:R650) -bios>=1.14 esx",
        "fw.perc<2.19",
        "part:HBA355i health=ok",
        "sn-none OR serial=CN00500003",
    ):

        def answer(connection: Connection, query: str = query) -> int:
            test = parse_query(query).test(connection)
            assert test is not None
            return sum(test(row, text_) for row, text_ in zip(rows, words, strict=True))

        timed(f"query {query}", store, answer, 5)
    timed("20 smart groups counted", store, lambda c: group_tree(c, rows), 5)
    timed("dashboard", store, lambda c: dashboard(c).fleet.total, 5)
    timed(
        "50 sparklines of 2,000 readings in 48 points",
        store,
        lambda c: series(c, range(1, 51), "power", NOW - timedelta(days=7), NOW, 48),
        5,
    )


def measure_calls(store: Store, count: int) -> None:
    """The ids of all that is found, as the view takes them, and the rows of a page of it."""
    for name, wanted in {
        "all": CallFilter(), "failed": CallFilter(outcome="failed"), "changing": CallFilter(outcome="changing"),
        "of a server": CallFilter(server_id=4_711), "of a job": CallFilter(job_id=count // 1_000), "words that are frequent": CallFilter(words="dimm.7"),
        "words that are rare": CallFilter(words="rac0218 10.0.0.0"), "words that are nowhere": CallFilter(words="nowhere"),
        "server and failed": CallFilter(server_id=1, outcome="failed"),
    }.items():  # fmt: skip
        timed(f"ids of calls: {name}", store, partial(call_ids, wanted=wanted), 3)
    ids = store.fetch(lambda c: call_ids(c, CallFilter()))
    for name, start in {"newest": 0, "from the middle": count // 2}.items():
        page = ids[start : start + 200]
        timed(f"rows of calls, a page: {name}", store, partial(call_rows, ids=page))
    columns = "id, at, server_id, job_id, protocol, host, method, path, changing, status, latency_ms, received_bytes, error"
    for name, statement in {
        "peer: bare SQL, ORDER BY id DESC LIMIT 200": f"SELECT {columns} FROM api_calls ORDER BY id DESC LIMIT 200",
        "peer: bare SQL, OFFSET 500000": f"SELECT {columns} FROM api_calls ORDER BY id DESC LIMIT 200 OFFSET {count // 2}",
        "peer: bare SQL, all ids": "SELECT id FROM api_calls ORDER BY id DESC",
        "peer: bare SQL, LIKE that is nowhere": f"SELECT {columns} FROM api_calls WHERE lower(path) LIKE '%nowhere%' ORDER BY id DESC LIMIT 200",
    }.items():
        timed(name, store, lambda c, s=statement: c.execute(text(s)).all(), 3)  # type: ignore[misc]


def run(url: str, servers: int, calls: int) -> None:
    upgrade(url)
    store = Store(open_engines(url))
    begun = time.perf_counter()
    seed_servers(store, servers)
    seed_parts(store, servers)
    seed_calls(store, calls)
    seed_groups(store)
    print(
        f"{store.engines.write.dialect.name}: {servers:,} servers, {servers * len(KINDS):,} parts, {calls:,} calls (made in {time.perf_counter() - begun:.0f} s)"
    )
    print(f"  {'':<58}{'median':>9}{'worst':>9}   rows", flush=True)
    measure_parts(store)
    measure_servers(store)
    measure_calls(store, calls)
    store.close()


@contextmanager
def postgres() -> Iterator[str]:
    programs = postgres_programs()
    if programs is None:
        raise SystemExit("no PostgreSQL server programs on this machine")
    server = PostgresServer(programs)
    try:
        server.start()
        yield server.url(server.create_database())
    finally:
        server.dispose()


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--servers", type=int, default=10_000)
    options.add_argument("--calls", type=int, default=1_000_000)
    options.add_argument("--postgres", action="store_true")
    chosen = options.parse_args()
    if chosen.postgres:
        with postgres() as url:
            run(url, chosen.servers, chosen.calls)
        return
    with tempfile.TemporaryDirectory() as folder:
        run(sqlite_url(Path(folder) / "store.db"), chosen.servers, chosen.calls)


if __name__ == "__main__":
    main()
