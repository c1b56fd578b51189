"""The one family of errors an operator can meet.

Every error class of the program descends from `DsmError` and lives beside the code that raises it.
"""

from __future__ import annotations

import enum
from typing import Any, ClassVar


class Blame(enum.StrEnum):
    """Who can mend it; decides how the error is shown. Only BUG opens a crash report."""

    USER = "user"
    DENIED = "denied"
    PEER = "peer"
    HERE = "here"
    BUG = "bug"


class DsmError(Exception):
    """An error an operator can act on.

    `message` says what went wrong and why, `where` names the server, file or row, `hint` the next step,
    `detail` holds technical text for the details pane. None of them may hold a secret.
    """

    blame: ClassVar[Blame] = Blame.HERE
    retryable: ClassVar[bool] = False

    def __init__(self, message: str, *, hint: str = "", where: str = "", detail: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.where = where
        self.detail = detail

    @property
    def code(self) -> str:
        """Stable name for scripts and the manual: the class name."""
        return type(self).__name__

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        tail = f" {self.hint}" if self.hint else ""
        return f"{place}{self.message}{tail}"

    def as_dict(self) -> dict[str, Any]:
        """JSON form for tasks, the CLI and the activity view: code, message, hint, where, detail, blame, retryable."""
        return {
            "code": self.code,
            "message": self.message,
            "hint": self.hint,
            "where": self.where,
            "detail": self.detail,
            "blame": self.blame.value,
            "retryable": self.retryable,
        }


class BadInput(DsmError):
    """A value a person gave cannot be used; nothing was changed."""

    blame = Blame.USER


class NotFound(DsmError):
    """The named thing is not in the store."""

    blame = Blame.USER


class Denied(DsmError):
    """The principal lacks the permission."""

    blame = Blame.DENIED


class Cancelled(DsmError):
    """Work stopped at a safe point because somebody asked for it."""

    blame = Blame.USER
