"""What is written down when the program itself is at fault: where it happened and in which version, never a value."""

from __future__ import annotations

import os
import platform
import sys
import threading
import traceback
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

from dsm_desktop.core.errors import Blame, DsmError
from dsm_desktop.core.redact import Redactor

KEPT_REPORTS = 20


def crash_text(
    error: BaseException, redactor: Redactor, versions: Mapping[str, str], thread: str = ""
) -> str:
    """The report: time (UTC), versions, thread, traceback without locals, masked."""
    lines = [
        f"time: {datetime.now(UTC).isoformat(timespec='seconds')}",
        f"python: {platform.python_version()}",
        f"system: {platform.system()} {platform.release()} {platform.machine()}",
        *(f"{name}: {version}" for name, version in versions.items()),
        f"thread: {thread or threading.current_thread().name}",
        "",
    ]
    trace = traceback.TracebackException.from_exception(error, capture_locals=False)
    return redactor.text("\n".join(lines) + "".join(trace.format()))


def write_crash_report(
    folder: Path, error: BaseException, redactor: Redactor, versions: Mapping[str, str], thread: str = ""
) -> Path:
    """Write a report only its owner can read and return its path; the oldest beyond 20 are removed. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")
    path = folder / f"crash-{stamp}-{os.getpid()}.txt"
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
        file.write(crash_text(error, redactor, versions, thread))
    for old in sorted(folder.glob("crash-*.txt"))[:-KEPT_REPORTS]:
        old.unlink(missing_ok=True)
    return path


class CrashReporter:
    """Hooks for `sys.excepthook` and `threading.excepthook`. They never raise: a crash report must not crash.

    Errors that are nobody's bug (DsmError of another blame) are printed masked and get no report.
    """

    def __init__(
        self,
        folder: Path,
        redactor: Redactor,
        versions: Mapping[str, str],
        told: Callable[[Path, BaseException], None] = lambda path, error: None,
    ) -> None:
        self._folder = folder
        self._redactor = redactor
        self._versions = versions
        self._told = told

    def install(self) -> Callable[[], None]:
        """Set both hooks; the returned function puts the former ones back."""
        former = sys.excepthook, threading.excepthook
        sys.excepthook = self.on_main
        threading.excepthook = self.on_thread

        def uninstall() -> None:
            sys.excepthook, threading.excepthook = former

        return uninstall

    def on_main(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if isinstance(error, KeyboardInterrupt):
            sys.__excepthook__(kind, error, trace)
        else:
            self._report(error, threading.current_thread().name)

    def on_thread(self, arguments: threading.ExceptHookArgs) -> None:
        if arguments.exc_value is not None and not isinstance(arguments.exc_value, SystemExit):
            self._report(arguments.exc_value, arguments.thread.name if arguments.thread else "")

    def _report(self, error: BaseException, thread: str) -> None:
        if isinstance(error, DsmError) and error.blame is not Blame.BUG:
            self._say(self._redactor.text(str(error)))
            return
        try:
            path = write_crash_report(self._folder, error, self._redactor, self._versions, thread)
            self._say(f"{type(error).__name__}; a crash report was written: {path}")
            self._told(path, error)
        except Exception as second:  # noqa: BLE001 - the last resort: say both on standard error
            self._say(
                f"{type(error).__name__}, and no crash report could be written: {type(second).__name__}"
            )

    @staticmethod
    def _say(line: str) -> None:
        if sys.stderr is not None:  # a windowed program has none
            sys.stderr.write(line + "\n")
