"""A runner in a process of its own that can be killed and frozen, and the rolling job it works on."""

from __future__ import annotations

import logging
import os
import random
import signal
import sys
import time
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from dsm_desktop.jobs import JobContext, JobType
from dsm_desktop.store.engine import open_engines
from dsm_desktop.store.unit_of_work import Store
from dsm_desktop.workers.config import RunnerConfig
from dsm_desktop.workers.runner import Runner
from tests.kit.forking import CONTEXT
from tests.kit.work import World, job_of, runner_for

FLASHES = 3


def rolling_job(world: World, pace: float = 0.01) -> JobType:
    """Into maintenance, three flashes, wait for the reboot, out of maintenance: each must happen once, in this order."""
    chance = random.Random(os.getpid())

    def act(device: int, what: str) -> bool:
        time.sleep(chance.uniform(0, pace))  # the way to the device
        world.do(device, what)
        time.sleep(chance.uniform(0, pace))  # the way back
        return True

    async def body(ctx: JobContext) -> str:
        device = ctx.task_id

        def do(what: str) -> Any:
            return lambda: act(device, what)

        def probe(what: str) -> Any:
            return lambda: world.was_done(device, what)

        def leave() -> None:
            if not world.was_done(device, "leave"):
                act(device, "leave")

        if ctx.dry_run:
            return "dry"
        async with ctx.always("maintenance", "Leave maintenance", leave, original={"maintenance": False}):
            await ctx.step("enter", do("enter"), changing=True, interrupted=probe("enter"))
            for n in range(FLASHES):
                await ctx.step(
                    "flash", do(f"flash{n}"), key=str(n), changing=True, interrupted=probe(f"flash{n}")
                )
            await ctx.wait_for("reboot", lambda: world.was_done(device, "enter"), every=0.01, timeout=30)
            ctx.progress(FLASHES, FLASHES)
        return "done"

    return job_of(body, exclusive=True)


RIGHT = ["enter", *(f"flash{n}" for n in range(FLASHES)), "leave"]
"""What must have happened to every device in the end."""


def _serve(
    url: str, world_path: str, config: RunnerConfig, threads: int, pace: float, pipe: Connection
) -> None:
    # Between the lease's answer and a device's write lie some microseconds, but a forced switch to another Python thread
    # makes them milliseconds: rare beside real leases and real jobs, frequent in a test that does nothing else.
    sys.setswitchinterval(1.0)
    logging.basicConfig(level=os.environ.get("DSM_TEST_LOG", "ERROR"))
    store = Store(open_engines(url))
    world = World(Path(world_path))
    runner: Runner = runner_for(store, rolling_job(world, pace), config=config, threads=threads)
    runner.start()
    pipe.send(runner.id)
    try:
        pipe.recv()
    except EOFError:
        os._exit(3)  # the test is gone
    runner.stop()
    store.close()


@dataclass
class RunnerProcess:
    """The other side: a child with a runner on the store at `url`."""

    process: Any
    pipe: Connection
    runner_id: int

    @classmethod
    def start(
        cls, url: str, world: Path, config: RunnerConfig, *, threads: int = 4, pace: float = 0.01
    ) -> RunnerProcess:
        ours, theirs = CONTEXT.Pipe()
        process = CONTEXT.Process(
            target=_serve, args=(url, str(world), config, threads, pace, theirs), daemon=True
        )
        process.start()
        theirs.close()
        if not ours.poll(30):
            process.kill()
            raise RuntimeError("the runner process did not start within 30 s")
        return cls(process, ours, ours.recv())

    def kill(self) -> None:
        self.process.kill()
        self.process.join(60)
        self.pipe.close()

    def freeze(self) -> None:
        os.kill(self.process.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        os.kill(self.process.pid, signal.SIGCONT)

    def stop(self) -> None:
        """Ask it to end and wait."""
        self.pipe.send("stop")
        self.process.join(60)
        if self.process.exitcode is None:
            self.process.kill()
        self.pipe.close()
