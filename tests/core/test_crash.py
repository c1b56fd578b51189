"""Crash reports: where, which version, and no value."""

from __future__ import annotations

import stat
import sys
import threading
from pathlib import Path

import pytest

from dsm_desktop.core.crash import KEPT_REPORTS, CrashReporter, crash_text, write_crash_report
from dsm_desktop.core.errors import BadInput
from dsm_desktop.core.redact import Redactor

CANARY = "cAnary-7hK2x9"


@pytest.fixture
def redactor() -> Redactor:
    made = Redactor()
    made.secrets.add(CANARY, "root")
    return made


def _fail(secret: str) -> None:
    local = {"password": secret}
    try:
        raise KeyError(local["password"])
    except KeyError as error:
        raise RuntimeError(f"cannot reach https://root:{secret}@10.0.0.1/") from error


def _caught() -> RuntimeError:
    with pytest.raises(RuntimeError) as caught:
        _fail(CANARY)
    return caught.value


def test_a_report_says_where_and_nothing_secret(redactor: Redactor) -> None:
    text = crash_text(_caught(), redactor, {"dsm-desktop": "1.2.3", "Qt": "6.11"}, "runner-3")
    for wanted in (
        "dsm-desktop: 1.2.3",
        "Qt: 6.11",
        "python: 3.",
        "thread: runner-3",
        "in _fail",
        "RuntimeError",
    ):
        assert wanted in text
    assert CANARY not in text
    assert "local = " not in text.replace('local = {"password": secret}', "")


def test_a_report_is_for_its_owner_and_old_ones_go(tmp_path: Path, redactor: Redactor) -> None:
    error = _caught()
    paths = [write_crash_report(tmp_path / "crashes", error, redactor, {}) for _ in range(KEPT_REPORTS + 5)]
    left = sorted((tmp_path / "crashes").iterdir())
    assert left == paths[5:]
    if sys.platform != "win32":
        assert stat.S_IMODE(left[0].stat().st_mode) == 0o600


def test_the_hooks_report_bugs_only(
    tmp_path: Path, redactor: Redactor, capsys: pytest.CaptureFixture[str]
) -> None:
    told: list[Path] = []
    reporter = CrashReporter(tmp_path, redactor, {}, lambda path, error: told.append(path))
    former = sys.excepthook, threading.excepthook
    uninstall = reporter.install()
    try:
        error = _caught()
        sys.excepthook(type(error), error, error.__traceback__)
        thread = threading.Thread(target=_fail, args=(CANARY,), name="runner-7")
        thread.start()
        thread.join()
        wrong = BadInput(f"password={CANARY} is too short")
        sys.excepthook(type(wrong), wrong, None)
        sys.excepthook(KeyboardInterrupt, KeyboardInterrupt(), None)
    finally:
        uninstall()
    assert (sys.excepthook, threading.excepthook) == former
    assert len(told) == len(list(tmp_path.iterdir())) == 2
    assert "thread: runner-7" in told[1].read_text()
    printed = capsys.readouterr().err
    assert "too short" in printed
    assert CANARY not in printed + told[0].read_text() + told[1].read_text()


def test_a_report_that_cannot_be_written_is_said_and_does_not_raise(
    tmp_path: Path, redactor: Redactor, capsys: pytest.CaptureFixture[str]
) -> None:
    blocked = tmp_path / "a file"
    blocked.write_text("")
    error = _caught()
    CrashReporter(blocked / "crashes", redactor, {}).on_main(type(error), error, None)
    assert "no crash report could be written" in capsys.readouterr().err
