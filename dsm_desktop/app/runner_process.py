"""The runner process beside the window, as the window sees it."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from dsm_desktop.app.context import RunnerState
from dsm_desktop.core.events import Event, EventBus
from dsm_desktop.store import runners
from dsm_desktop.store.failures import StoreError
from dsm_desktop.store.unit_of_work import Store
from dsm_desktop.vault.handover import hand_over
from dsm_desktop.vault.vault import Vault, VaultState
from dsm_desktop.workers.inhibit import Awake, awake_words
from dsm_desktop.workers.process import ProcessState, RunnerProcess

log = logging.getLogger(__name__)
_STATES = {
    ProcessState.STOPPED: RunnerState.STOPPED,
    ProcessState.STARTING: RunnerState.STARTING,
    ProcessState.READY: RunnerState.RUNNING,
    ProcessState.STOPPING: RunnerState.STOPPING,
    ProcessState.CRASHED: RunnerState.FAILED,
}


_AGAIN_SECONDS = (1.0, 5.0, 15.0, 60.0)
"""After how long a child that ended by itself is started again: the first time, the second time in a row, …, always."""
_STEADY_SECONDS = 120.0
"""One that worked for so long has not failed in a row."""


class RunnerBeside:
    """Starts, watches and ends the child that runs this desktop's jobs. Every call returns at once but `end`.

    A child that was started while the key was closed gets it by being started anew (`key_opened`). One that ends by itself (a
    crash, no memory) is started again as long as the window wants one: a host may be out, and nobody may be there.
    """

    def __init__(
        self, store: Store, vault: Vault, bus: EventBus, arguments: list[str], log_file: Path
    ) -> None:
        self._store = store
        self._vault = vault
        self._bus = bus
        self._process = RunnerProcess(
            arguments, self._hand_over, log_file, self._changed, awakened=self._awakened
        )
        self._wanted = False
        self._crashes = 0
        self._started = 0.0
        self._again: threading.Timer | None = None
        self._agents = False
        self._unsubscribe: Callable[[], None] = bus.subscribe(self._look_for_agents, "runners")

    def state(self) -> RunnerState:
        return _STATES[self._process.state]

    def detail(self) -> str:
        """A sentence for the status bar's tip."""
        state = self._process.state
        if state is ProcessState.CRASHED:
            words = self._process.last_words().strip().splitlines()
            again = " It is started again." if self._wanted else ""
            return f"The runner ended by itself: {words[-1] if words else 'it said nothing'}.{again}"
        if state is ProcessState.READY:
            return (
                f"Runner {self._process.runner_id} works on this machine. {awake_words(self.awake())}".strip()
            )
        return "The runner starts with the window and ends after its work."

    def awake(self) -> Awake:
        return self._process.awake

    def _awakened(self) -> None:
        self._bus.publish(Event("runners", "changed"))

    def start(self) -> None:
        self._wanted = True
        self._start()

    def _start(self) -> None:
        self._started = time.monotonic()
        self._process.start()

    def _unwanted(self) -> None:
        self._wanted = False
        if self._again is not None:
            self._again.cancel()

    def stop_after_step(self) -> None:
        self._unwanted()
        self._process.stop_after_step()

    def key_opened(self) -> None:
        """The site key was opened after the child had started: end it after its step; `_changed` starts the next one."""
        if self._process.alive:
            self._process.stop_after_step()

    def agent_available(self) -> bool:
        return self._agents

    def leave(self) -> None:
        """The window goes: the child finishes the work there is, also what is due later, and then ends by itself."""
        self._unwanted()
        self._unsubscribe()
        self._process.leave()

    def end(self, timeout: float) -> bool:
        """Stop after the running steps and wait for the end; True when it has ended."""
        self.stop_after_step()
        return self._process.wait_ended(timeout)

    def _hand_over(self, pipe: BinaryIO) -> None:
        if self._vault.state is VaultState.UNLOCKED:
            self._vault.hand_over(pipe)
        else:
            hand_over((), pipe)

    def _changed(self, state: ProcessState) -> None:
        self._bus.publish(Event("runners", "changed"))
        if state is ProcessState.STOPPED and self._wanted:
            # Not in the thread that still winds the old child up.
            threading.Thread(target=self._start, name="runner-restart", daemon=True).start()
        elif state is ProcessState.CRASHED and self._wanted:
            steady = time.monotonic() - self._started >= _STEADY_SECONDS
            self._crashes = 1 if steady else self._crashes + 1
            wait = _AGAIN_SECONDS[min(self._crashes, len(_AGAIN_SECONDS)) - 1]
            log.warning("the runner ended by itself; it is started again in %.0f s", wait)
            self._again = threading.Timer(wait, self._start_again)
            self._again.daemon = True
            self._again.start()

    def _start_again(self) -> None:
        if self._wanted:
            self._start()

    def _look_for_agents(self, event: Event) -> None:
        try:
            seen = self._store.fetch(runners.alive)
        except StoreError:
            return  # the status bar says that the store is away; what was known stays
        self._agents = any(s.id != self._process.runner_id for s in seen)
