"""The runner beside the window, as the window sees it."""

from __future__ import annotations

from dsm_desktop.app.context import RunnerState


class NoRunner:
    """For faces that start none: a terminal, a reader."""

    def state(self) -> RunnerState:
        return RunnerState.STOPPED

    def detail(self) -> str:
        return "No runner was started by this program."

    def start(self) -> None:
        """Nothing to start."""

    def stop_after_step(self) -> None:
        """Nothing to stop."""

    def agent_available(self) -> bool:
        return False
