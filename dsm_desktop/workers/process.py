"""The runner process the window starts beside itself, seen from both sides.

Standard input of the child carries the site key first (never arguments or environment, which others can read), then one word
a line: "stop" = end after the steps that run. Standard output says "ready <runner id>", and "awake held", "awake free" or
"awake no <why>" whenever that changes. When the window goes away without a word, the pipe ends: the child finishes the work
there is, also what is due later, and then ends itself, so that a crash of the window stops no job. Where another runner lives,
what is due later is left to that one.
"""

from __future__ import annotations

import enum
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from dsm_desktop.core.errors import DsmError
from dsm_desktop.workers.inhibit import Awake

if TYPE_CHECKING:
    from dsm_desktop.workers.runner import Runner

log = logging.getLogger(__name__)

READY_SECONDS = 60.0
_STOP = b"stop\n"


class ProcessState(enum.StrEnum):
    """Of the runner process as the window sees it. CRASHED = it ended and nobody had asked for it."""

    STOPPED = "stopped"
    STARTING = "starting"
    READY = "ready"
    STOPPING = "stopping"
    CRASHED = "crashed"


class RunnerNotStarted(DsmError):
    """The runner process ended before it was ready; its last words are in the details."""


def program() -> list[str]:
    """The command line of this program: the frozen executable, or Python with the package."""
    return [sys.executable] if getattr(sys, "frozen", False) else [sys.executable, "-m", "dsm_desktop"]


class RunnerProcess:
    """The window's side. `changed` is called from a thread of its own with every new state, `awakened` when `awake` is another."""

    def __init__(
        self,
        arguments: Sequence[str],
        hand_over: Callable[[BinaryIO], None],
        log_file: Path,
        changed: Callable[[ProcessState], None] = lambda state: None,
        *,
        awakened: Callable[[], None] = lambda: None,
        command: Sequence[str] = (),
    ) -> None:
        self._command = [*(command or program()), *arguments]
        self._hand_over = hand_over
        self._log_file = log_file
        self._changed, self._awakened = changed, awakened
        self.awake = Awake()
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._watcher: threading.Thread | None = None
        self._ready = threading.Event()
        self._state = ProcessState.STOPPED
        self.runner_id: int | None = None

    @property
    def state(self) -> ProcessState:
        return self._state

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start it and hand the key over; returns at once, `wait_ready` or `changed` says when it works."""
        with self._lock:
            if self.alive:
                return
            self._ready.clear()
            self._set(ProcessState.STARTING)
            # A session (or group) of its own: an interrupt at the window's terminal must not reach it.
            if sys.platform == "win32":
                flags = subprocess.CREATE_NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP
            else:
                flags = 0
            with self._log_file.open("ab") as errors:
                self._process = subprocess.Popen(
                    self._command,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=errors,
                    start_new_session=True,
                    creationflags=flags,
                )
        assert self._process.stdin is not None
        try:
            self._hand_over(cast(BinaryIO, self._process.stdin))
            self._process.stdin.flush()
        except OSError as error:
            log.warning("the runner process took no key: %s", error)
        # Only now: the watcher closes the pipe of a process that ends at once.
        self._watcher = threading.Thread(
            target=self._watch, args=(self._process,), name="runner-process", daemon=True
        )
        self._watcher.start()

    def wait_ready(self, timeout: float = READY_SECONDS) -> int:
        """The runner's id; RunnerNotStarted when it ended first or takes too long."""
        self._ready.wait(timeout)
        if self._state is not ProcessState.READY or self.runner_id is None:
            raise RunnerNotStarted(
                "The runner process did not start.",
                hint="Jobs wait in the queue meanwhile. Start it again from the status bar.",
                detail=self.last_words(),
            )
        return self.runner_id

    def stop_after_step(self) -> None:
        """Ask it to end when the steps that run have ended; the rest stays in the queue, for an agent or the next start."""
        process = self._process
        if process is None or process.poll() is not None or process.stdin is None:
            return
        self._set(ProcessState.STOPPING)
        try:
            process.stdin.write(_STOP)
            process.stdin.flush()
        except (OSError, ValueError) as error:  # ValueError: the watcher has closed the pipe meanwhile
            log.info("the runner process had ended already: %s", error)

    def leave(self) -> None:
        """Let it finish what it has without us; it ends by itself."""
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()

    def wait_ended(self, timeout: float) -> bool:
        """Whether it has ended within so many seconds."""
        if self._process is None:
            return True
        try:
            self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            return False
        if self._watcher is not None:
            self._watcher.join(timeout)
        return True

    def last_words(self) -> str:
        """The end of its log."""
        try:
            return self._log_file.read_text(encoding="utf-8", errors="replace")[-4000:]
        except OSError:
            return ""

    def _watch(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None
        with process.stdout:
            for line in process.stdout:
                word, _, rest = line.decode("ascii", errors="replace").strip().partition(" ")
                if word == "ready" and rest.isdigit():
                    self.runner_id = int(rest)
                    self._set(ProcessState.READY)
                    self._ready.set()
                elif word == "awake":
                    how, _, why = rest.partition(" ")
                    self.awake = Awake(held=how == "held", problem=why)
                    self._awakened()
        self.awake = Awake()
        code = process.wait()
        asked = self._state is ProcessState.STOPPING or code == 0
        self._set(ProcessState.STOPPED if asked else ProcessState.CRASHED)
        if process.stdin is not None:
            try:
                process.stdin.close()
            except OSError as error:
                log.debug("pipe to the runner process: %s", error)
        self._ready.set()

    def _set(self, state: ProcessState) -> None:
        if state is not self._state:
            self._state = state
            self._changed(state)


def tell_awake(now: Awake) -> None:
    """The child's side: whether it keeps the computer awake. A window that has gone need not know."""
    said = f"awake no {now.problem}" if now.problem else f"awake {'held' if now.held else 'free'}"
    try:
        # Not through the buffer: what could not be written would fail once more at the end of the process.
        os.write(sys.stdout.fileno(), said.encode("ascii", errors="replace") + b"\n")
    except OSError as error:
        log.debug("the window hears no more: %s", error)


def serve_window(runner: Runner, orders: BinaryIO, stop: threading.Event) -> None:
    """The child's side: say that we are ready, then set `stop` when the window says so, or, when it is gone without a word,
    when the work there is is done. Returns at once; listens in a thread."""
    sys.stdout.write(f"ready {runner.id}\n")
    sys.stdout.flush()

    def listen() -> None:
        line = orders.readline()
        if line != _STOP:
            log.warning("the window is gone; finishing the work there is")
            while not stop.is_set() and not runner.wait_idle(5.0, later=True):
                continue
        stop.set()

    threading.Thread(target=listen, name="window", daemon=True).start()
