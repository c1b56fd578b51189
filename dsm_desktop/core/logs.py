"""The program's own log: warnings and worse on standard error, with every secret masked, tracebacks included."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
from collections.abc import Callable
from typing import TextIO

from dsm_desktop.core.redact import Redactor

LEVEL_VARIABLE = "DSM_LOG"
"""Environment variable with another level ("DEBUG"), for whoever looks for a fault."""
_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


class MaskingFormatter(logging.Formatter):
    """Masks the finished text: message, arguments and traceback, of this program's and of any library's records."""

    def __init__(self, redactor: Redactor) -> None:
        super().__init__(_FORMAT)
        self._redactor = redactor

    def format(self, record: logging.LogRecord) -> str:
        # A copy: the base class keeps the traceback's text on the record, where the next handler would find it.
        return self._redactor.text(super().format(logging.makeLogRecord(record.__dict__)))


class MaskedHandler(logging.Handler):
    """Writes masked lines. What cannot be written is told by its kind alone: the standard library's own handler would
    print the record's arguments as they are."""

    def __init__(self, redactor: Redactor, stream: TextIO | None = None) -> None:
        super().__init__()
        self._stream = stream
        self.setFormatter(MaskingFormatter(redactor))

    def emit(self, record: logging.LogRecord) -> None:
        stream = self._stream or sys.stderr  # asked late: it may be replaced, and a windowed program has none
        if stream is None:
            return
        try:
            line = self.format(record)
        except Exception as error:  # noqa: BLE001 - a bad log call must not stop the work it tells of
            line = f"a line of {record.name} could not be formatted: {type(error).__name__}"
        with contextlib.suppress(OSError, ValueError):  # closed, or nobody reads it any more
            stream.write(line + "\n")
            stream.flush()


def install_logging(redactor: Redactor, stream: TextIO | None = None) -> Callable[[], None]:
    """Log to `stream` (default: standard error) from WARNING on, or from what DSM_LOG says. Returns what undoes it."""
    handler = MaskedHandler(redactor, stream)
    root = logging.getLogger()
    former = root.level
    wanted = logging.getLevelNamesMapping().get(os.environ.get(LEVEL_VARIABLE, "").upper(), logging.WARNING)
    root.setLevel(wanted)
    root.addHandler(handler)

    def uninstall() -> None:
        root.removeHandler(handler)
        root.setLevel(former)

    return uninstall
