"""P10: the job queue, claim + complete per second and pick-up latency, beside bare loops on the same database in the same run.

    python benchmarks/bench_queue.py [--quick] [--json FILE] [--only sqlite|postgres]

Peers: a bare sqlite3 `UPDATE … RETURNING` loop (WAL, synchronous=FULL) and a bare psycopg `SKIP LOCKED` loop. Rows:
  one at a time  claim one task, complete it: two durable transactions, as the peer does
  runner         what a runner does: claims as many as it has hands, completions of one moment in one commit
  10 runners     ten runners of one process on one queue; counts tasks that ran twice (must be 0)
  pick-up        milliseconds from the commit of a submit to the first line of the job's body
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import insert, make_url

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from dsm_desktop.commands.jobs import submit
from dsm_desktop.core.states import JobState
from dsm_desktop.jobs import Catalogue, JobContext, JobType, Targets
from dsm_desktop.store import queue, runners
from dsm_desktop.store.engine import open_engines, sqlite_url
from dsm_desktop.store.models import Base
from dsm_desktop.store.runners import RunnerFacts
from dsm_desktop.store.unit_of_work import Store
from dsm_desktop.workers.config import RunnerConfig
from dsm_desktop.workers.journal import Journal
from tests.kit.databases import PostgresServer, postgres_programs
from tests.kit.work import ANNA, job_of, job_row, runner_for

_FACTS = RunnerFacts("bench", "agent", "bench", 1, "0", 32)


def no_op() -> JobType:
    async def body(ctx: JobContext) -> str:
        return ""

    return job_of(body, targets=Targets.NONE)


def fill(store: Store, count: int) -> int:
    """One job with `count` no-op tasks."""
    work = no_op()
    with store.write() as uow:
        job = submit(uow, ANNA, Catalogue([work]), "work", [], {})
        rows = [{"job_id": job, "due_at": uow.now} for _ in range(count - 1)]
        uow.session.connection().execute(insert(Base.metadata.tables["job_tasks"]), rows)
        uow.session.execute(
            Base.metadata.tables["jobs"]
            .update()
            .values(total=count)
            .where(Base.metadata.tables["jobs"].c.id == job)
        )
    return job


def peer_sqlite(folder: Path, count: int) -> float:
    """Jobs per second of the bare loop."""
    connection = sqlite3.connect(folder / "peer.db", isolation_level=None)
    for pragma in ("journal_mode=WAL", "synchronous=FULL"):
        connection.execute(f"PRAGMA {pragma}")
    connection.execute("CREATE TABLE job (id INTEGER PRIMARY KEY, state TEXT, owner INT)")
    connection.execute("CREATE INDEX due ON job (id) WHERE state = 'queued'")
    connection.execute("BEGIN")
    connection.executemany("INSERT INTO job (state) VALUES (?)", [("queued",)] * count)
    connection.execute("COMMIT")
    began = time.perf_counter()
    done = 0
    while True:
        row = connection.execute(
            "UPDATE job SET state = 'running', owner = 1 WHERE id = (SELECT id FROM job WHERE state = 'queued' ORDER BY id LIMIT 1) RETURNING id"
        ).fetchone()
        if row is None:
            break
        connection.execute("UPDATE job SET state = 'done' WHERE id = ?", row)
        done += 1
    seconds = time.perf_counter() - began
    connection.close()
    assert done == count
    return count / seconds


def peer_postgres(url: str, count: int, threads: int = 8) -> float:
    """Jobs per second of the bare SKIP LOCKED loop, eight threads."""
    address = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("CREATE TABLE peer_job (id BIGSERIAL PRIMARY KEY, state TEXT, owner INT)")
        connection.execute("CREATE INDEX ON peer_job (id) WHERE state = 'queued'")
        connection.execute(
            "INSERT INTO peer_job (state) SELECT 'queued' FROM generate_series(1, %s)", (count,)
        )

    def work() -> None:
        with psycopg.connect(address, autocommit=True) as connection:
            while True:
                row = connection.execute(
                    "UPDATE peer_job SET state = 'running', owner = 1 WHERE id = (SELECT id FROM peer_job"
                    " WHERE state = 'queued' ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING id"
                ).fetchone()
                if row is None:
                    return
                connection.execute("UPDATE peer_job SET state = 'done' WHERE id = %s", row)

    began = time.perf_counter()
    _together([threading.Thread(target=work) for _ in range(threads)])
    return count / (time.perf_counter() - began)


def one_at_a_time(store: Store, count: int, threads: int) -> float:
    """Claim one, complete it, each in a commit of its own."""
    fill(store, count)
    with store.write() as uow:
        runner = runners.register(uow, _FACTS, lease=600)

    def work() -> None:
        while True:
            with store.write() as uow:
                claims = queue.claim(uow, runner, 1)
            if not claims:
                return
            outcome = queue.Outcome(claims[0].task_id, claims[0].token, JobState.COMPLETED)
            with store.write() as uow:
                assert queue.finish(uow, runner, [outcome]) == []

    began = time.perf_counter()
    _together([threading.Thread(target=work) for _ in range(threads)])
    return count / (time.perf_counter() - began)


def grouped(store: Store, count: int, hands: int = 32) -> float:
    """Through the journal: `hands` threads complete, claims come in lots."""
    fill(store, count)
    with store.write() as uow:
        runner = runners.register(uow, _FACTS, lease=600)
    journal = Journal(store, lambda uow: runners.renew(uow.session.connection(), runner, 600))
    began = time.perf_counter()
    done = 0
    while claims := journal.call(lambda uow: queue.claim(uow, runner, hands)):
        outcomes = [queue.Outcome(c.task_id, c.token, JobState.COMPLETED) for c in claims]
        assert journal.call(lambda uow, o=outcomes: queue.finish(uow, runner, o)) == []  # type: ignore[misc]
        done += len(claims)
    seconds = time.perf_counter() - began
    journal.close()
    assert done == count
    return count / seconds


def many_runners(urls: str, count: int, runners_: int) -> tuple[float, int]:
    """Whole runners on one queue: tasks per second, and how many tasks ran more than once."""
    ran: Counter[int] = Counter()
    lock = threading.Lock()

    async def body(ctx: JobContext) -> str:
        with lock:
            ran[ctx.task_id] += 1
        return ""

    work = job_of(body, targets=Targets.NONE)
    stores = [Store(open_engines(urls)) for _ in range(runners_)]
    job = fill(stores[0], count)
    crew = [runner_for(s, work, config=RunnerConfig(), threads=32 if runners_ == 1 else 8) for s in stores]
    began = time.perf_counter()
    for runner in crew:
        runner.start()
    while job_row(stores[0], job).state != "completed":
        time.sleep(0.02)
    seconds = time.perf_counter() - began
    for runner in crew:
        runner.stop()
    for store in stores:
        store.close()
    assert len(ran) == count
    return count / seconds, sum(n > 1 for n in ran.values())


def pick_up(url: str, count: int) -> dict[str, float]:
    """Milliseconds from commit to body, submitted from another connection, one by one on an idle runner."""
    begun = threading.Event()
    at = 0.0

    async def body(ctx: JobContext) -> str:
        nonlocal at
        at = time.perf_counter()
        begun.set()
        return ""

    work = job_of(body, targets=Targets.NONE)
    store, other = Store(open_engines(url)), Store(open_engines(url))
    runner = runner_for(store, work, config=RunnerConfig())
    runner.start()
    taken = []
    for n in range(count):
        begun.clear()
        time.sleep(0.01 + (n % 10) * 0.013)
        with other.write() as uow:
            submit(uow, ANNA, Catalogue([work]), "work", [], {})
        committed = time.perf_counter()
        assert begun.wait(10)
        taken.append((at - committed) * 1000)
    runner.stop()
    store.close()
    other.close()
    taken.sort()
    return {"p50_ms": taken[len(taken) // 2], "p99_ms": taken[int(len(taken) * 0.99)], "max_ms": taken[-1]}


def _together(threads: list[threading.Thread]) -> None:
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def measure(name: str, url: str, folder: Path, *, quick: bool) -> dict[str, Any]:
    count = 1000 if quick else 10_000
    threads = 1 if name == "sqlite" else 8
    store = Store(open_engines(url))
    Base.metadata.create_all(store.engines.write)
    peer = peer_sqlite(folder, count) if name == "sqlite" else peer_postgres(url, count, threads)
    single = one_at_a_time(store, count, threads)
    lots = grouped(store, count)
    store.close()
    runner_rate, twice_one = many_runners(url, count, 1)
    ten_rate, twice_ten = many_runners(url, count, 10)
    return {
        "peer_per_s": round(peer),
        "one_at_a_time_per_s": round(single),
        "one_at_a_time_to_peer": round(single / peer, 2),
        "grouped_per_s": round(lots),
        "grouped_to_peer": round(lots / peer, 2),
        "runner_per_s": round(runner_rate),
        "runner_to_peer": round(runner_rate / peer, 2),
        "ten_runners_per_s": round(ten_rate),
        "ran_twice": twice_one + twice_ten,
        "pick_up": {k: round(v, 1) for k, v in pick_up(url, 50 if quick else 300).items()},
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="1,000 jobs instead of 10,000")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    parser.add_argument("--only", choices=["sqlite", "postgres"])
    options = parser.parse_args()
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        if options.only != "postgres":
            found["sqlite"] = measure(
                "sqlite", sqlite_url(Path(folder) / "queue.db"), Path(folder), quick=options.quick
            )
        programs = postgres_programs()
        if options.only != "sqlite" and programs is not None:
            server = PostgresServer(programs, durable=True)
            server.start()
            try:
                found["postgres"] = measure(
                    "postgres", server.url(server.create_database()), Path(folder), quick=options.quick
                )
            finally:
                server.dispose()
    text = json.dumps(found, indent=2)
    print(text)
    if options.json:
        options.json.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
