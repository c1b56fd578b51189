"""A runner: one supervisor thread with an event loop, a pool of threads for blocking work, one writing hand.

    runner = Runner(store, catalogue, services, ThreadPool(32), RunnerConfig())
    runner.start(); ...; runner.stop()

Safe to kill at any moment: what it held goes on elsewhere, or here after the next start.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout

from sqlalchemy import Connection

from dsm_desktop import __version__
from dsm_desktop.core.events import Event
from dsm_desktop.jobs.declaration import Catalogue
from dsm_desktop.store import runners
from dsm_desktop.store.failures import StoreError
from dsm_desktop.store.runners import RunnerFacts
from dsm_desktop.store.unit_of_work import Store
from dsm_desktop.workers.clock import DatabaseClock
from dsm_desktop.workers.config import RunnerConfig
from dsm_desktop.workers.feed import Feed
from dsm_desktop.workers.housekeeping import Housekeeping
from dsm_desktop.workers.journal import Journal
from dsm_desktop.workers.notes import Notes
from dsm_desktop.workers.place import place
from dsm_desktop.workers.run import Hands
from dsm_desktop.workers.services import Services
from dsm_desktop.workers.supervisor import Supervisor, first_time
from dsm_desktop.workers.threads import Pool

__all__ = ["Runner", "RunnerConfig"]

log = logging.getLogger(__name__)


class Runner:
    """From `start` on it owns the pool and the clients in `services`: `stop` closes both. The store stays open."""

    def __init__(
        self,
        store: Store,
        catalogue: Catalogue,
        services: Services,
        pool: Pool,
        config: RunnerConfig | None = None,
    ) -> None:
        self._store = store
        self._catalogue = catalogue
        self._services = services
        self._pool = pool
        self.config = config or RunnerConfig()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._supervisor: Supervisor | None = None
        self._hands: Hands | None = None
        self._started: Future[None] = Future()
        self._thread = threading.Thread(target=self._main, name="runner", daemon=True)

    # --- from any thread ----------------------------------------------------------------------------------------------

    @property
    def id(self) -> int:
        """The id in the store; a new one after having been declared dead."""
        assert self._hands is not None, "the runner has not been started"
        return self._hands.runner_id

    def start(self) -> None:
        """Register and begin to work; raises StoreError when the store cannot be reached."""
        self._thread.start()
        self._started.result()

    def stop(self, timeout: float | None = None) -> bool:
        """Begin nothing new, let every running step end, give the tasks back, log out everywhere. Returns whether that
        was done within `timeout` seconds (the rest goes on in the background)."""
        loop, supervisor = self._loop, self._supervisor
        if loop is None or supervisor is None:
            return True

        def begin() -> None:
            supervisor.stopping = True
            supervisor.wake()

        if self._thread.is_alive():
            loop.call_soon_threadsafe(begin)
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def wait_idle(self, timeout: float, *, later: bool = False) -> bool:
        """Wait until nothing is due and nothing runs here. What is due later counts with `later`, unless another runner
        lives to do it. False after `timeout`."""
        waiter: Future[bool] = Future()
        assert self._loop is not None, "the runner has not been started"
        assert self._supervisor is not None, "the runner has not been started"
        self._loop.call_soon_threadsafe(self._supervisor.tell_when_idle, waiter, later)
        try:
            return waiter.result(timeout)
        except FutureTimeout:
            waiter.cancel()
            return False

    def wake(self) -> None:
        """Look into the queue now."""
        loop, supervisor = self._loop, self._supervisor
        if loop is not None and supervisor is not None and not loop.is_closed():
            loop.call_soon_threadsafe(supervisor.wake)

    def held(self) -> list[int]:
        """Tasks that run here now."""
        return self._supervisor.held() if self._supervisor is not None else []

    def join(self, timeout: float | None = None) -> bool:
        """Wait until the runner has ended; whether it has."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    # --- the runner's own thread --------------------------------------------------------------------------------------

    def _main(self) -> None:
        reader = ThreadPoolExecutor(2, thread_name_prefix="runner-read")
        journal: Journal | None = None
        try:
            runner_id = self._register()
            journal = Journal(
                self._store, lambda uow: self._renew(uow.session.connection()), name="runner-journal"
            )
            hands = self._hands = Hands(
                runner_id,
                self._store,
                journal,
                self._pool,
                Notes(),
                DatabaseClock(),
                self._catalogue,
                self._services,
                self.config.grace,
                self.config.lease / 6,
                self.config.patience,
                self.wake,
            )
            asyncio.run(self._run(hands, reader))
        except BaseException as error:
            if self._started.done():
                log.exception("the runner ended")
            else:
                self._started.set_exception(error)
        finally:
            self._pool.close()
            self._services.close()
            if journal is not None:
                journal.close()
            reader.shutdown()
            self._say_goodbye()

    async def _run(self, hands: Hands, reader: ThreadPoolExecutor) -> None:
        loop = self._loop = asyncio.get_running_loop()
        supervisor = self._supervisor = Supervisor(hands, self.config, reader, self._register_again)
        hands.wake = supervisor.wake
        hands.clock.sync(await first_time(supervisor))

        def heard(event: Event) -> None:
            if supervisor.concerns(event) and not loop.is_closed():
                loop.call_soon_threadsafe(supervisor.heard, event)

        unsubscribe = self._services.bus.subscribe(heard)
        feed = Feed(self._store, self._services.bus, name="runner-feed") if self.config.own_feed else None
        if feed is not None:
            await loop.run_in_executor(reader, feed.start)
        keeping = asyncio.create_task(Housekeeping(hands, self.config, supervisor).run())
        self._started.set_result(None)
        try:
            await supervisor.run()
        finally:
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)
            unsubscribe()
            if feed is not None:
                await loop.run_in_executor(reader, feed.stop)

    # --- the runner's row ---------------------------------------------------------------------------------------------

    def _register(self) -> int:
        facts = RunnerFacts(
            name=f"{socket.gethostname()} {self.config.kind}",
            kind=self.config.kind,
            host=place(),
            pid=os.getpid(),
            version=__version__,
            slots=self._pool.size,
        )
        with self._store.write() as uow:
            runner_id = runners.register(uow, facts, lease=self.config.lease)
        if self._services.clients is not None:
            self._services.clients.owner = lambda: runner_id
        return runner_id

    def _register_again(self) -> None:
        assert self._hands is not None
        self._hands.runner_id = self._register()

    def _renew(self, connection: Connection) -> None:
        assert self._hands is not None
        runners.renew(connection, self._hands.runner_id, self.config.lease)

    def _say_goodbye(self) -> None:
        """Others need not wait for our lease, and go on with what an error of ours has left here. Where the store is away
        they wait."""
        if self._hands is None:
            return
        try:
            with self._store.write() as uow:
                runners.sign_off(uow, self._hands.runner_id, grace=self.config.grace)
        except StoreError as error:
            log.warning("the runner could not sign off: %s", error)
