"""The runner process beside the window: real processes, ended in every way a window can end."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO

import pytest

from dsm_desktop.commands.jobs import submit
from dsm_desktop.core.events import EventBus
from dsm_desktop.jobs import Catalogue
from dsm_desktop.store.engine import sqlite_url
from dsm_desktop.store.models import Base
from dsm_desktop.store.unit_of_work import Store
from dsm_desktop.workers.feed import Feed
from dsm_desktop.workers.inhibit import Awake
from dsm_desktop.workers.process import ProcessState, RunnerNotStarted, RunnerProcess
from tests.kit.rolling import rolling_job
from tests.kit.work import ANNA, World, add_servers, ended, job_row, task_rows, wait_until

_CHILD = """
import sys, threading
from pathlib import Path
from dsm_desktop.store.engine import open_engines
from dsm_desktop.store.unit_of_work import Store
from dsm_desktop.workers.process import serve_window
from tests.kit.rolling import rolling_job
from tests.kit.work import QUICK, World, runner_for
assert sys.stdin.buffer.raw.read(4) == b"key\\n"
store = Store(open_engines(sys.argv[1]))
runner = runner_for(store, rolling_job(World(Path(sys.argv[2])), 0.05), config=QUICK, threads=2)
runner.start()
stop = threading.Event()
serve_window(runner, sys.stdin.buffer.raw, stop)
stop.wait()
runner.stop()
store.close()
"""


def _hand_over(pipe: BinaryIO) -> None:
    pipe.write(b"key\n")


class Beside:
    """A store, a job on ten servers (and one more `later` seconds from now) and a runner process."""

    def __init__(self, folder: Path, open_store: Callable[[str], Store], later: float = 0) -> None:
        self.url = sqlite_url(folder / "store.db")
        self.store = open_store(self.url)
        Base.metadata.create_all(self.store.engines.write)
        world = World(folder / "world")
        servers = add_servers(self.store, 10)
        with self.store.write() as uow:
            catalogue = Catalogue([rolling_job(world)])
            self.job = submit(uow, ANNA, catalogue, "work", servers, {})
            # Due when the other one is long done.
            at = uow.now + timedelta(seconds=later)
            self.later = (
                submit(uow, ANNA, catalogue, "work", servers[:1], {}, schedule_at=at) if later else None
            )
        world.close()
        self.states: list[ProcessState] = []
        self.process = RunnerProcess(
            [self.url, str(folder / "world")],
            _hand_over,
            folder / "runner.log",
            self.states.append,
            command=[sys.executable, "-c", _CHILD],
        )


@pytest.fixture
def beside(tmp_path: Path, open_store: Callable[[str], Store]) -> Beside:
    return Beside(tmp_path, open_store)


def test_stop_gives_back_what_is_not_done(beside: Beside) -> None:
    beside.process.start()
    assert beside.process.wait_ready() == 1
    beside.process.stop_after_step()
    assert beside.process.wait_ended(20), beside.process.last_words()
    assert beside.states == [
        ProcessState.STARTING,
        ProcessState.READY,
        ProcessState.STOPPING,
        ProcessState.STOPPED,
    ]
    assert {task.state for task in task_rows(beside.store, beside.job)} <= {"pending", "completed"}


def test_a_window_that_vanishes_stops_no_job_nor_what_is_due_later(
    tmp_path: Path, open_store: Callable[[str], Store]
) -> None:
    beside = Beside(tmp_path, open_store, later=5)
    beside.process.start()
    beside.process.wait_ready()
    beside.process.leave()
    assert beside.process.wait_ended(30), beside.process.last_words()
    assert beside.later is not None
    assert (job_row(beside.store, beside.job).done, job_row(beside.store, beside.later).done) == (10, 1)


def test_a_killed_runner_process_is_seen_and_started_again(beside: Beside) -> None:
    beside.process.start()
    beside.process.wait_ready()
    assert beside.process._process is not None
    beside.process._process.kill()
    assert beside.process.wait_ended(10)
    assert beside.process.state is ProcessState.CRASHED
    bus = EventBus()
    feed = Feed(beside.store, bus)
    feed.start()
    beside.process.start()
    assert beside.process.wait_ready() == 2
    assert wait_until(bus, ended(beside.store, beside.job))
    feed.stop()
    beside.process.stop_after_step()
    assert beside.process.wait_ended(20)


def test_a_process_that_cannot_start_says_why(tmp_path: Path) -> None:
    told = threading.Event()
    process = RunnerProcess(
        [],
        lambda pipe: None,
        tmp_path / "log",
        lambda state: told.set() if state is ProcessState.CRASHED else None,
        command=[sys.executable, "-c", "raise SystemExit('no store here')"],
    )
    process.start()
    with pytest.raises(RunnerNotStarted) as caught:
        process.wait_ready(20)
    assert "no store here" in caught.value.detail
    assert told.is_set()
    assert process.wait_ended(5)


def test_a_runner_says_whether_it_keeps_the_computer_awake(tmp_path: Path) -> None:
    script = (
        "import sys\n"
        "from dsm_desktop.workers.inhibit import Awake\n"
        "from dsm_desktop.workers.process import tell_awake\n"
        "print('ready 1', flush=True)\n"
        "tell_awake(Awake(held=True))\n"
        "tell_awake(Awake(problem='this system offers no way'))\n"
        "sys.stdin.readline()\n"
        "sys.stdout.close()\n"
    )
    told: list[Awake] = []
    twice = threading.Event()

    def awakened() -> None:
        told.append(process.awake)
        if len(told) == 2:
            twice.set()

    process = RunnerProcess(
        [], lambda pipe: None, tmp_path / "log", awakened=awakened, command=[sys.executable, "-c", script]
    )
    process.start()
    assert twice.wait(60), process.last_words()
    assert told == [Awake(held=True), Awake(problem="this system offers no way")]
    process.stop_after_step()
    assert process.wait_ended(60)
    assert process.awake == Awake()
