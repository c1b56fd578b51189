"""A filter for Python's logging, so that no library's DEBUG line carries a secret into a log file."""

from __future__ import annotations

import logging
import traceback

from dsm_desktop.core.redact import Redactor

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class RedactingFilter(logging.Filter):
    """Masks message, arguments, traceback and extra fields of every record.

    Add it to *handlers*: records of child loggers pass by the filters of their parents.
    """

    def __init__(self, redactor: Redactor) -> None:
        super().__init__()
        self._redactor = redactor

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg = self._redactor.text(_message(record))
        record.args = None
        if record.exc_info and record.exc_info[0] is not None:
            record.exc_text = "".join(traceback.format_exception(*record.exc_info)).rstrip()
        if record.exc_text:
            record.exc_text = self._redactor.text(record.exc_text)
        record.exc_info = None  # a traceback object carries every local of the call stack
        if record.stack_info:
            record.stack_info = self._redactor.text(record.stack_info)
        for name, value in list(vars(record).items()):
            if name not in _STANDARD:
                setattr(record, name, self._redactor.value(value, name))
        return True


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except (TypeError, ValueError):
        return f"{record.msg!r} (its arguments do not fit and were left out)"


def guard_handlers(logger: logging.Logger, redactor: Redactor) -> RedactingFilter:
    """Put one filter on every handler the logger has now; returns it for handlers added later."""
    guard = RedactingFilter(redactor)
    for handler in logger.handlers:
        handler.addFilter(guard)
    return guard
