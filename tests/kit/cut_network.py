"""Work on a Postgres whose network goes silent, again and again; run as a program inside a network namespace of its own.

`python -m tests.kit.cut_network <folder> <seconds> …` drops every packet of the server's port for so many seconds in the
middle of a job, once for each number, and prints its findings as JSON.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from sqlalchemy import select

from dsm_desktop.commands.jobs import submit
from dsm_desktop.core.events import EventBus
from dsm_desktop.jobs import Catalogue
from dsm_desktop.store.engine import open_engines
from dsm_desktop.store.models import Base, Job
from dsm_desktop.store.unit_of_work import Store
from dsm_desktop.workers.config import RunnerConfig
from tests.kit.databases import PostgresServer, postgres_programs
from tests.kit.rolling import RIGHT, rolling_job
from tests.kit.work import ANNA, World, add_servers, ended, job_row, runner_for, wait_until

SERVERS = 20
LEASE = RunnerConfig(lease=3.0, renew_every=0.5, grace=0.0, poll=0.2, max_deaths=100)


@contextmanager
def silence(port: int) -> Iterator[None]:
    """Nothing gets through to the port and nothing back, and nobody is told: a pulled cable."""
    head = "type filter hook input priority 0;"
    rules = f"table inet cut {{ chain input {{ {head}\ntcp dport {port} drop\ntcp sport {port} drop\n}}\n}}\n"
    subprocess.run(["nft", "-f", "-"], input=rules, text=True, check=True)
    try:
        yield
    finally:
        subprocess.run(["nft", "delete", "table", "inet", "cut"], check=True)


def main() -> None:
    folder, cuts = Path(sys.argv[1]), [float(seconds) for seconds in sys.argv[2:]]
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    programs = postgres_programs()
    if programs is None:
        raise SystemExit("Debian's PostgreSQL is needed")
    server = PostgresServer(programs)
    try:
        server.start()
        sys.stdout.write(json.dumps(work(server, folder, cuts)) + "\n")
    finally:
        server.dispose()


def _longer(world: World, than: int) -> bool:
    return len(world.path.read_text()) > than


def work(server: PostgresServer, folder: Path, cuts: list[float]) -> dict[str, object]:
    """A job per cut; what became of them, of the devices, and how long it took until something moved again."""
    server.admin("CREATE DATABASE work")
    store = Store(open_engines(server.url("work")))
    Base.metadata.create_all(store.engines.write)
    ids = add_servers(store, SERVERS)
    world = World(folder / "world")
    kind = rolling_job(world, pace=0.1)
    bus = EventBus()
    runner = runner_for(store, kind, config=LEASE, threads=4, bus=bus)
    runner.start()
    jobs, back = [], []
    for seconds in cuts:
        with store.write() as uow:
            jobs.append(submit(uow, ANNA, Catalogue([kind]), "work", ids, {}))
        wait_until(bus, lambda: False, timeout=random.uniform(0.2, 1.0))
        with silence(server.port):
            time.sleep(seconds)
        before, since = len(world.path.read_text()), time.monotonic()
        moved = wait_until(bus, partial(_longer, world, before), timeout=60)
        back.append(round(time.monotonic() - since, 1) if moved else -1.0)
    done = wait_until(bus, lambda: all(ended(store, job)() for job in jobs), timeout=180)
    runner.stop(60)
    history = world.history()
    found = {
        "ended": done,
        "states": [job_row(store, job).state for job in jobs],
        "jobs": len(store.fetch(lambda c: list(c.scalars(select(Job.id))))),
        "devices": len(history),
        "wrong": {device: what for device, what in history.items() if what != RIGHT},
        "back_after": back,
    }
    world.close()
    store.close()
    return found


if __name__ == "__main__":
    main()
