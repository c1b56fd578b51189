"""P11: rows of the activity log a second and CPU a row, beside the bare driver and an ORM commit per row.

`python benchmarks/bench_activity.py [rows] [postgres-address]`; a SQLite file in a temporary folder is always measured.
Peers run in the same process on the same disk: the driver's own executemany in batches of 500 (the limit), and
SQLAlchemy's ORM with a commit per row (what is usually written).
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from dsm_desktop.core.calls import CallEnd, CallStart
from dsm_desktop.store.api_calls import CallWriter
from dsm_desktop.store.engine import open_engines, sqlite_url
from dsm_desktop.store.models import ApiCall
from dsm_desktop.store.opening import open_store
from dsm_desktop.store.unit_of_work import Store

_GET = CallStart(
    "redfish", "10.1.2.3", "GET", "/redfish/v1/Systems/System.Embedded.1/Processors", changing=False
)
_PATCH = CallStart(
    "redfish", "10.1.2.3", "PATCH", "/redfish/v1/Systems/System.Embedded.1", True, {"AssetTag": "x"}
)
_OK = CallEnd(200, 301.5, 14_700)
_COLUMNS = (
    "at, server_id, job_id, protocol, host, method, path, changing, status, latency_ms, received_bytes, error"
)


def measured(name: str, rows: int, work: Callable[[], None]) -> float:
    """Run, print rows a second and CPU microseconds a row (all threads of the process); returns rows a second."""
    cpu, start = time.process_time(), time.perf_counter()
    work()
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    print(f"  {name:<46}{rows / seconds:>10,.0f} rows/s {cpu / rows * 1e6:>8.1f} us CPU a row")
    return rows / seconds


def writer(store: Store, rows: int) -> None:
    log = CallWriter(store)
    recorder = log.bound(server_id=None, job_id=7)
    for _ in range(rows):
        recorder.end(recorder.begin(_GET), _OK)
    log.close()
    assert log.lost == 0
    assert log.problem is None


def bare_driver(url: str, rows: int) -> None:
    engines = open_engines(url)
    connection = engines.write.raw_connection()
    driver: Any = connection.driver_connection
    sqlite = engines.is_sqlite
    marks = ", ".join(["?" if sqlite else "%s"] * 12)
    now: Any = datetime.now(UTC)
    if sqlite:
        now = now.strftime("%Y-%m-%d %H:%M:%S.%f")
    row = (now, None, 7, "redfish", _GET.host, "GET", _GET.path, False, 200, 301.5, 14_700, "")
    for _ in range(rows // 500):
        cursor = driver.cursor()
        if sqlite:
            cursor.execute("BEGIN IMMEDIATE")
        cursor.executemany(f"INSERT INTO api_calls ({_COLUMNS}) VALUES ({marks})", [row] * 500)
        driver.commit() if not sqlite else cursor.execute("COMMIT")
        cursor.close()
    connection.close()
    engines.dispose()


def orm(store: Store, rows: int) -> None:
    for _ in range(rows):
        with Session(store.engines.write) as session:
            session.add(
                ApiCall(
                    at=datetime.now(UTC), job_id=7, protocol="redfish", host=_GET.host, method="GET", path=_GET.path,
                    changing=False, status=200, latency_ms=301.5, received_bytes=14_700,
                )
            )  # fmt: skip
            session.commit()


def changing(store: Store, threads: int, each: int) -> None:
    """Changing calls: `begin` waits for the commit; callers share one."""
    log, waits = CallWriter(store), list[float]()

    def caller() -> None:
        for _ in range(each):
            start = time.perf_counter()
            token = log.begin(_PATCH)
            waits.append(time.perf_counter() - start)
            log.end(token, _OK)

    def work() -> None:
        workers = [threading.Thread(target=caller) for _ in range(threads)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        log.close()

    measured(f"changing calls, {threads} callers (commit before send)", threads * each, work)
    cut = statistics.quantiles(waits, n=100)
    print(f"  {'':<46}begin(): p50 {cut[49] * 1e3:.2f} ms, p99 {cut[98] * 1e3:.2f} ms")


def run(url: str, rows: int) -> None:
    store = open_store(url)
    print(f"{store.engines.write.dialect.name}, {rows:,} rows:")
    ours = measured("activity log (begin + end, batched)", rows, lambda: writer(store, rows))
    limit = measured("bare driver, executemany of 500", rows, lambda: bare_driver(url, rows))
    few = max(200, rows // 50)
    usual = measured("ORM, a commit for each row", few, lambda: orm(store, few))
    print(f"  {ours / limit:.2f} of the bare driver, {ours / usual:.1f} times the ORM")
    for threads in (1, 16):
        changing(store, threads, 2_000 // threads)
    store.close()


if __name__ == "__main__":
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory() as folder:
        run(sqlite_url(Path(folder) / "store.db"), count)
    for address in sys.argv[2:]:
        run(address, count)
