"""What can go wrong with running work, beside what the work itself reports."""

from __future__ import annotations

import asyncio
from typing import Any

from dsm_desktop.core.errors import Blame, DsmError


class BlockingOnLoop(DsmError):
    """Blocking work was called on the runner's loop, where it would stop every other task."""

    blame = Blame.BUG

    def __init__(self, what: str) -> None:
        super().__init__(
            f"{what} blocks and was called on the runner's loop.", hint="Call it inside ctx.step or ctx.run."
        )


def on_loop() -> bool:
    """Whether the current thread runs an event loop."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


class BodyError(DsmError):
    """An operation breaks the rules of its contract (a step named twice, a change without a probe, a result that is no JSON)."""

    blame = Blame.BUG


class UnexpectedError(DsmError):
    """An error nobody foresaw; the traceback is in the details."""

    blame = Blame.BUG


class RestoreFailed(DsmError):
    """What was changed for the time of the job could not be put back; it stays on the restore list."""

    blame = Blame.PEER


class TaskKeepsDying(DsmError):
    """The runner died again and again while it ran this task, or could not close it, without one step getting done."""

    blame = Blame.BUG


class TaskReleased(BaseException):
    """Not an error: the runner gives the task back at a safe point and another one goes on. No `except Exception` of a
    body may catch it, no promise is kept on its way out: the restore list stays standing for the next runner."""


def revive_error(data: dict[str, Any] | None) -> DsmError:
    """The error a step ended with, as it was written down, so that a replay takes the same way through the body."""
    data = data or {}
    code = str(data.get("code", ""))
    kind = _classes().get(code, UnexpectedError)
    error = kind.__new__(kind)
    DsmError.__init__(
        error,
        str(data.get("message", "")),
        hint=str(data.get("hint", "")),
        where=str(data.get("where", "")),
        detail=str(data.get("detail", "")),
    )
    return error


def _classes() -> dict[str, type[DsmError]]:
    found: dict[str, type[DsmError]] = {}
    todo: list[type[DsmError]] = [DsmError]
    while todo:
        kind = todo.pop()
        found.setdefault(kind.__name__, kind)
        todo.extend(kind.__subclasses__())
    return found
