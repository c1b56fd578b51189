"""Work while the wall clock is set, again and again; run as a program under a clock that can be stepped.

`python -m tests.kit.clock_steps <sqlite | postgres> <all | server | workstation> <folder>` prints its findings as JSON. Whose
clock steps: everybody's (one machine), Postgres's alone, or that of the machine with window and runners alone.
"""

from __future__ import annotations

import itertools
import json
import mmap
import os
import random
import struct
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from dsm_desktop.commands.jobs import cancel, submit
from dsm_desktop.core.events import EventBus
from dsm_desktop.core.states import CancelGrade
from dsm_desktop.jobs import Catalogue, JobContext, JobType, Option, Question, Targets
from dsm_desktop.store.engine import open_engines, sqlite_url
from dsm_desktop.store.models import Base, Decision, Runner, db_now
from dsm_desktop.store.runners import leader
from dsm_desktop.store.unit_of_work import Store
from dsm_desktop.workers.config import RunnerConfig
from tests.kit.databases import PostgresServer, postgres_programs
from tests.kit.rolling import RIGHT, RunnerProcess, rolling_job
from tests.kit.work import ANNA, World, add_servers, ended, job_of, job_row, runner_for, task_rows, wait_until

CLOCK = "DSM_STEPPED_CLOCK"
CONFIG = RunnerConfig(lease=2.4, renew_every=0.2, grace=0.5, poll=0.2, max_deaths=100)
STEADY = replace(CONFIG, lease=10.0)
"""Of runners none of which may be thought dead, however busy the machine."""
HOUR, DAY = 3600.0, 86400.0
SERVERS, SLOW = 10, 0.15
BUSY = 60.0
"""Patience in seconds: the machine may be busy, and no step is as short."""
BEFORE_DST = (datetime(2027, 3, 28, 0, 59, 57, tzinfo=UTC), datetime(2027, 10, 31, 0, 59, 57, tzinfo=UTC))
"""Three seconds before the clocks of Berlin go forward and back."""


def build(folder: Path) -> Path:
    """The library to preload."""
    source = Path(__file__).with_name("stepped_clock.c")
    library = folder / "stepped_clock.so"
    subprocess.run(["gcc", "-shared", "-fPIC", "-O2", "-Wall", "-Werror", "-o", library, source], check=True)
    return library


class SteppedClock:
    """The file behind a clock: how far it is from the machine's."""

    def __init__(self, file: Path) -> None:
        self.file = file
        if not file.exists():
            file.write_bytes(bytes(8))
        with file.open("r+b") as opened:
            self._map = mmap.mmap(opened.fileno(), 8)

    def step(self, seconds: float) -> None:
        (now,) = struct.unpack("q", self._map[:])
        self._map[:] = struct.pack("q", now + round(seconds * 1e9))


@dataclass
class Bench:
    """A store, its servers, and the clock that is set."""

    store: Store
    url: str
    clock: SteppedClock
    folder: Path
    moves_store: bool

    def now(self) -> datetime:
        found: datetime | None = self.store.fetch(lambda c: c.scalar(select(db_now())))
        assert found is not None
        return found

    def submit(self, kind: JobType, servers: list[int], **how: Any) -> int:
        with self.store.write() as uow:
            return submit(uow, ANNA, Catalogue([kind]), "work", servers, {}, **how)

    def cancel(self, job: int) -> None:
        with self.store.write() as uow:
            cancel(uow, ANNA, job, CancelGrade.NOW)

    def slew(self, seconds: float) -> None:
        """NTP's way: many small corrections in two seconds."""
        for _ in range(200):
            self.clock.step(seconds / 200)
            time.sleep(0.01)

    def watch(self, kind: JobType, config: RunnerConfig = CONFIG) -> Watched:
        return Watched(self, kind, config)


class Watched:
    """A runner in this process and the bus that tells of its work."""

    def __init__(self, bench: Bench, kind: JobType, config: RunnerConfig) -> None:
        self.bus = EventBus()
        self._store = bench.store
        self._runner = runner_for(bench.store, kind, config=config, threads=4, bus=self.bus)

    def __enter__(self) -> Callable[[Callable[[], bool], float], bool]:
        self._runner.start()
        # Only who leads, and has looked at the clock before, sees that it is set.
        leads = wait_until(self.bus, lambda: self._store.fetch(leader) == self._runner.id, timeout=BUSY)
        assert leads, "the runner does not lead"
        return lambda condition, timeout: wait_until(self.bus, condition, timeout)

    def __exit__(self, *error: object) -> None:
        if not self._runner.stop(60):
            raise RuntimeError("the runner did not stop")


def rolling(bench: Bench) -> dict[str, Any]:
    """Two runners, a job of devices that change, and the clock is set in the middle of each."""
    world = World(bench.folder / "world")
    servers = add_servers(bench.store, SERVERS)
    pair = [RunnerProcess.start(bench.url, world.path, STEADY, pace=SLOW) for _ in range(2)]
    seconds, states, in_time = [], [], []
    steps: list[Callable[[], None]] = [lambda s=s: bench.clock.step(s) for s in (HOUR, -HOUR, DAY, -DAY)]  # type: ignore[misc]
    steps += [lambda: bench.slew(2.0), lambda: bench.slew(-2.0)]
    for step in steps:
        job = bench.submit(rolling_job(world, pace=SLOW), servers)
        wait_until(EventBus(), lambda: False, timeout=random.uniform(0.1, 0.4))
        in_time.append(not ended(bench.store, job)())
        step()
        began = time.monotonic()
        wait_until(EventBus(), ended(bench.store, job), timeout=BUSY)
        seconds.append(round(time.monotonic() - began, 2))
        states.append(job_row(bench.store, job).state)
    dead = bench.store.fetch(lambda c: c.scalar(select(func.count()).where(Runner.state == "dead")))
    for runner in pair:
        runner.stop()
    history = world.history()
    world.close()
    wrong = {device: done for device, done in history.items() if done != RIGHT}
    facts = {"states": states, "seconds": seconds, "in_time": in_time, "dead": dead}
    return {**facts, "devices": len(history), "wrong": wrong}


def takeover(bench: Bench) -> dict[str, Any]:
    """The clock is set just before or after a runner is killed in its work; another one goes on."""
    world = World(bench.folder / "taken")
    servers = add_servers(bench.store, SERVERS)
    seconds, states, in_time = [], [], []
    for by, first in ((-HOUR, "kill"), (HOUR, "kill"), (-HOUR, "step"), (HOUR, "step")):
        victim = RunnerProcess.start(bench.url, world.path, CONFIG, pace=SLOW)
        heir = RunnerProcess.start(bench.url, world.path, CONFIG, pace=SLOW)
        job = bench.submit(rolling_job(world, pace=SLOW), servers)
        wait_until(EventBus(), lambda: False, timeout=random.uniform(0.1, 0.4))
        in_time.append(not ended(bench.store, job)())
        if first == "step":
            bench.clock.step(by)
        victim.kill()
        if first == "kill":
            bench.clock.step(by)
        began = time.monotonic()
        wait_until(EventBus(), ended(bench.store, job), timeout=BUSY)
        seconds.append(round(time.monotonic() - began, 2))
        states.append(job_row(bench.store, job).state)
        heir.stop()
    history = world.history()
    world.close()
    wrong = {device: done for device, done in history.items() if done != RIGHT}
    return {"states": states, "seconds": seconds, "in_time": in_time, "devices": len(history), "wrong": wrong}


def pauses(bench: Bench) -> dict[str, Any]:
    """Parked waits of two seconds, and starts half a second apart, in seconds that really passed."""
    both = (HOUR, -HOUR)
    return {"slept": [_asleep(bench, by) for by in both], "starts": [_apart(bench, by) for by in both]}


def _asleep(bench: Bench, by: float) -> float:
    slept: list[float] = []

    async def sleep(ctx: JobContext) -> str:
        began = time.monotonic()
        await ctx.sleep(2.0)
        slept.append(time.monotonic() - began)
        return ""

    kind = job_of(sleep, targets=Targets.NONE)
    with bench.watch(kind) as until:
        job = bench.submit(kind, [])
        until(lambda: job_row(bench.store, job).state == "running", BUSY)
        bench.clock.step(by)
        until(ended(bench.store, job), BUSY)
    return round(slept[0], 2) if slept else -1.0


def _apart(bench: Bench, by: float) -> list[float]:
    starts: list[float] = []

    async def start(ctx: JobContext) -> str:
        starts.append(time.monotonic())
        return ""

    kind = job_of(start)
    with bench.watch(kind) as until:
        job = bench.submit(kind, add_servers(bench.store, 6), stagger_seconds=0.5)
        until(lambda: len(starts) >= 2, BUSY)
        bench.clock.step(by)
        until(ended(bench.store, job), BUSY)
    return [round(b - a, 2) for a, b in itertools.pairwise(starts)]


def questions(bench: Bench) -> dict[str, Any]:
    """Back: a deadline of two seconds must not become an hour. Forward: one of ten minutes must not be gone."""
    found: dict[str, Any] = {}

    def asking(seconds: float) -> JobType:
        async def body(ctx: JobContext) -> str:
            options = [Option(value="yes", title="Yes"), Option(value="no", title="No")]
            return await ctx.decide(
                Question(
                    key="go", question="Go?", options=options, default="no", within=timedelta(seconds=seconds)
                )
            )

        return job_of(body, targets=Targets.NONE)

    def open_questions() -> int:
        count = select(func.count()).where(Decision.answer.is_(None))
        return int(bench.store.fetch(lambda c: c.scalar(count)) or 0)

    short = asking(2)
    with bench.watch(short) as until:
        job = bench.submit(short, [])
        until(lambda: open_questions() == 1, BUSY)
        bench.clock.step(-HOUR)
        began = time.monotonic()
        found["ended"] = until(ended(bench.store, job), BUSY)
        found["after"] = round(time.monotonic() - began, 2)
    long = asking(600)
    with bench.watch(long) as until:
        job = bench.submit(long, [])
        until(lambda: open_questions() == 1, BUSY)
        bench.clock.step(HOUR)
        until(lambda: open_questions() == 0, 2)
        found["still_open"] = open_questions()
        row = bench.store.fetch(
            lambda c: c.execute(select(Decision.deadline).where(Decision.answer.is_(None))).one()
        )
        found["left"] = round((row.deadline - bench.now()).total_seconds())
        # A job left open would be taken up by the runner of the next scene, and counted as work of that scene.
        bench.cancel(job)
        found["left_open"] = not until(ended(bench.store, job), BUSY)
    return found


def appointments(bench: Bench) -> dict[str, Any]:
    """Scheduled starts and sleeps until a time follow the store's clock: never early, never late, never twice."""
    ran: list[float] = []
    woke: list[float] = []

    async def note(ctx: JobContext) -> str:
        ran.append(time.monotonic())
        return ""

    async def window(ctx: JobContext) -> str:
        await ctx.sleep_until(opens)
        woke.append(time.monotonic())
        return ""

    def after(step: float, marks: list[float], patience: float) -> float | None:
        """Seconds until something happened after the step; None when nothing did."""
        before, began = len(marks), time.monotonic()
        bench.clock.step(step)
        until(lambda: len(marks) > before, patience)
        return round(marks[-1] - began, 2) if len(marks) > before else None

    found: dict[str, Any] = {}
    kind = job_of(note, targets=Targets.NONE)
    with bench.watch(kind) as until:
        bench.submit(kind, [], schedule_at=bench.now() + timedelta(hours=1))
        found["forward"] = after(HOUR, ran, BUSY)
        found["again"] = [after(step, ran, 1) for step in (-HOUR, HOUR)]
        bench.submit(kind, [], schedule_at=bench.now() + timedelta(seconds=3))
        found["back"] = after(-HOUR, ran, 5)
        found["then"] = after(HOUR, ran, BUSY)
        found["changes"] = []
        for moment in BEFORE_DST:
            bench.clock.step((moment - bench.now()).total_seconds())
            bench.submit(kind, [], schedule_at=moment + timedelta(seconds=4))
            found["changes"].append([after(0, ran, BUSY), after(0, ran, 1)])
    opens = bench.now() + timedelta(hours=1)
    kind = job_of(window, targets=Targets.NONE)
    with bench.watch(kind) as until:
        job = bench.submit(kind, [])
        until(lambda: job_row(bench.store, job).state == "running", BUSY)
        found["window"] = [after(HOUR - 30, woke, 1), after(-HOUR, woke, 1), after(HOUR + 30, woke, BUSY)]
        until(ended(bench.store, job), BUSY)
    found["runs"] = [task.state for task in task_rows(bench.store, job)]
    return found


def unwatched(bench: Bench) -> dict[str, Any]:
    """The clock is set back while nobody is there: what is due waits no longer than it would have."""

    async def body(ctx: JobContext) -> str:
        return ""

    kind = job_of(body, targets=Targets.NONE)
    with bench.watch(kind):
        pass
    job = bench.submit(kind, [])
    bench.clock.step(-DAY)
    began = time.monotonic()
    with bench.watch(kind) as until:
        return {"ended": until(ended(bench.store, job), BUSY), "after": round(time.monotonic() - began, 2)}


def main() -> None:
    database, whose, folder = sys.argv[1], sys.argv[2], Path(sys.argv[3])
    os.environ["TZ"] = "Europe/Berlin"
    time.tzset()
    own = SteppedClock(Path(os.environ[CLOCK]))
    server: PostgresServer | None = None
    try:
        if database == "postgres":
            programs = postgres_programs()
            if programs is None:
                raise SystemExit("Debian's PostgreSQL is needed")
            if whose != "all":
                os.environ[CLOCK] = str(own.file.with_name("server"))
            clock = SteppedClock(Path(os.environ[CLOCK]))
            server = PostgresServer(programs)
            server.start()
            os.environ[CLOCK] = str(own.file)
            server.admin("CREATE DATABASE work")
            url = server.url("work")
        else:
            clock, url = own, sqlite_url(folder / "store.db")
        store = Store(open_engines(url))
        Base.metadata.create_all(store.engines.write)
        bench = Bench(store, url, own if whose == "workstation" else clock, folder, whose != "workstation")
        scenes = (
            rolling,
            takeover,
            pauses,
            *((questions, appointments, unwatched) if bench.moves_store else ()),
        )
        wanted = sys.argv[4:]
        found = {scene.__name__: scene(bench) for scene in scenes if not wanted or scene.__name__ in wanted}
        store.close()
        sys.stdout.write(json.dumps(found) + "\n")
    finally:
        if server is not None:
            server.dispose()


if __name__ == "__main__":
    main()
