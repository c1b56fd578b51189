"""A firmware job on many simulated servers, with a restart of the runner in the middle: threads, memory, and all proven.

    python -m benchmarks.bench_firmware [--servers 500] [--speed 60] [--json FILE]

Gates: at most 64 threads and 600 MB in the process that runs the job, every server proven by a read-back, none flashed twice.
The site is a child process whose clock runs fast.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from benchmarks.bench_push import package, rss_mb
from dsm_desktop.app.application import Application
from dsm_desktop.app.demo import throw_away_profile
from dsm_desktop.commands.library import add_folder
from dsm_desktop.core.states import JobState
from dsm_desktop.queries.jobs import job_tasks, list_jobs
from dsm_desktop.queries.servers import list_servers
from dsm_desktop.simulator import SiteSpec
from tests.kit.site import SiteProcess

THREADS, MEMORY_MB = 64, 600.0
VERSION = "9.9.9"


class Watch:
    """The most threads and memory this process had while it was looked at."""

    def __init__(self) -> None:
        self.threads, self.memory = 0, 0.0

    def look(self) -> None:
        self.threads = max(self.threads, threading.active_count())
        self.memory = max(self.memory, rss_mb())


def until_idle(app: Application, kind: str, ids: list[int], params: dict[str, Any]) -> None:
    """A job by a runner of its own."""
    runner = app.make_runner("bench")
    runner.start()
    try:
        app.commands.submit(kind, ids, params)
        if not runner.wait_idle(600):
            raise SystemExit(f"{kind} did not end")
    finally:
        runner.stop()


def run(app: Application, job_id: int, watch: Watch, half: int) -> bool:
    """Work on the job until it is over, or until `half` of its servers are done (0 = to the end)."""
    runner = app.make_runner("bench")
    runner.start()
    try:
        while True:
            watch.look()
            row = app.store.fetch(lambda c: list_jobs(c, ids=[job_id]))[0]
            if JobState(row.state).final or (half and row.done >= half):
                return JobState(row.state).final
            time.sleep(0.1)
    finally:
        runner.stop()


def measure(servers: int, speed: float) -> dict[str, Any]:
    """The whole of it."""
    with (
        tempfile.TemporaryDirectory() as place,
        SiteProcess(
            idracs=servers, network="127.104.0.0/20", healthy=True, clock_speed=speed, shared_key=True,
            generations=("idrac9-6", "idrac9-7", "idrac10"),
        ) as site,
    ):  # fmt: skip
        spec, folder = SiteSpec(), Path(place)
        app = throw_away_profile(folder / "profile", spec.username, spec.password)
        (folder / "packages").mkdir()
        file = package(folder / "packages", 2)
        with app.store.write() as uow:
            add_folder(uow, app.principal, app.media.host, str(folder / "packages"))
        until_idle(app, "library_scan", [], {})
        ranges = " ".join(row["address"] for row in site.idracs)
        until_idle(app, "discovery_scan", [], {"ranges": ranges, "port": site.port})
        ids = [row.id for row in app.store.fetch(list_servers)]
        params = {"packages": [file.name], "backup": False, "even_if_critical": True, "poll_seconds": 2}
        job_id = app.commands.submit("firmware_update", ids, params)
        watch, began = Watch(), time.perf_counter()
        if not run(app, job_id, watch, len(ids) // 2):
            run(app, job_id, watch, 0)
        seconds = time.perf_counter() - began
        tasks = app.store.fetch(lambda c: job_tasks(c, job_id))
        flashed = [
            sum(change["effect"] == f"flash BIOS {VERSION}" for change in site.journal(n))
            for n in range(len(site.idracs))
        ]
        app.close()
    return {
        "servers": len(ids),
        "proven": sum(bool(t.result and t.result["proven"]) for t in tasks),
        "flashed_once": flashed.count(1),
        "flashed_twice": sum(n > 1 for n in flashed),
        "seconds": seconds,
        "threads": watch.threads,
        "memory_mb": watch.memory,
        "failures": [t.outcome for t in tasks if t.state != "completed"][:3],
    }


def main() -> int:
    """Measure, print, and fail when a gate does not hold."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--servers", type=int, default=500)
    parser.add_argument("--speed", type=float, default=60.0)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    found = measure(given.servers, given.speed)
    for name, value in found.items():
        print(f"{name:14} {value}")
    if given.json:
        given.json.write_text(json.dumps(found, indent=1))
    held = (
        found["proven"] == found["flashed_once"] == given.servers
        and found["flashed_twice"] == 0
        and found["threads"] <= THREADS
        and found["memory_mb"] < MEMORY_MB
    )
    print("held" if held else "NOT held")
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
