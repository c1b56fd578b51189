"""The runner process beside the window, as the window sees it."""

from __future__ import annotations

import threading
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
from dsm_desktop.workers.process import ProcessState, RunnerProcess

_STATES = {
    ProcessState.STOPPED: RunnerState.STOPPED,
    ProcessState.STARTING: RunnerState.STARTING,
    ProcessState.READY: RunnerState.RUNNING,
    ProcessState.STOPPING: RunnerState.STOPPING,
    ProcessState.CRASHED: RunnerState.FAILED,
}


class RunnerBeside:
    """Starts, watches and ends the child that runs this desktop's jobs. Every call returns at once but `end`.

    A child that was started while the key was closed gets it by being started anew (`key_opened`).
    """

    def __init__(
        self, store: Store, vault: Vault, bus: EventBus, arguments: list[str], log_file: Path
    ) -> None:
        self._store = store
        self._vault = vault
        self._bus = bus
        self._process = RunnerProcess(arguments, self._hand_over, log_file, self._changed)
        self._wanted = False
        self._agents = False
        self._unsubscribe: Callable[[], None] = bus.subscribe(self._look_for_agents, "runners")

    def state(self) -> RunnerState:
        return _STATES[self._process.state]

    def detail(self) -> str:
        """A sentence for the status bar's tip."""
        state = self._process.state
        if state is ProcessState.CRASHED:
            words = self._process.last_words().strip().splitlines()
            return f"The runner ended by itself: {words[-1] if words else 'it said nothing'}"
        if state is ProcessState.READY:
            return f"Runner {self._process.runner_id} works on this machine."
        return "The runner starts with the window and ends after its work."

    def start(self) -> None:
        self._wanted = True
        self._process.start()

    def stop_after_step(self) -> None:
        self._wanted = False
        self._process.stop_after_step()

    def key_opened(self) -> None:
        """The site key was opened after the child had started: end it after its step; `_changed` starts the next one."""
        if self._process.alive:
            self._process.stop_after_step()

    def agent_available(self) -> bool:
        return self._agents

    def leave(self) -> None:
        """The window goes: the child finishes what it has and then ends by itself."""
        self._wanted = False
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
            threading.Thread(target=self._process.start, name="runner-restart", daemon=True).start()

    def _look_for_agents(self, event: Event) -> None:
        try:
            seen = self._store.fetch(runners.alive)
        except StoreError:
            return  # the status bar says that the store is away; what was known stays
        self._agents = any(s.id != self._process.runner_id for s in seen)
