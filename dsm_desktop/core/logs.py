"""The program's own log: warnings and worse on standard error, with every secret masked, tracebacks included."""

from __future__ import annotations

import logging
import os
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


def install_logging(redactor: Redactor, stream: TextIO | None = None) -> Callable[[], None]:
    """Log to `stream` (default: standard error) from WARNING on, or from what DSM_LOG says. Returns what undoes it."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(MaskingFormatter(redactor))
    root = logging.getLogger()
    former = root.level
    wanted = logging.getLevelNamesMapping().get(os.environ.get(LEVEL_VARIABLE, "").upper(), logging.WARNING)
    root.setLevel(wanted)
    root.addHandler(handler)

    def uninstall() -> None:
        root.removeHandler(handler)
        root.setLevel(former)

    return uninstall
