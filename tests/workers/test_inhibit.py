"""Sleep is held off while jobs run, and let go at once, also when we are killed."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

import pytest

from dsm_desktop.workers.inhibit import Awake, SleepInhibitor, awake_words

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the way of Linux")


def _program(folder: Path, body: str) -> None:
    script = folder / "systemd-inhibit"
    script.write_text(f"#!/bin/sh\n{body}\n", encoding="ascii")
    script.chmod(0o755)


def test_the_lock_lasts_from_hold_to_release(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _program(tmp_path, f'echo "$@" > {tmp_path}/said; cat; echo over >> {tmp_path}/said')
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    inhibitor = SleepInhibitor()
    inhibitor.hold()
    inhibitor.hold()
    assert inhibitor.held
    inhibitor.release()
    assert not inhibitor.held
    lines = (tmp_path / "said").read_text().splitlines()
    assert "--what=sleep:idle" in lines[0]
    assert lines[1:] == ["over"]


def test_a_system_without_a_way_is_told_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    inhibitor = SleepInhibitor()
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            inhibitor.hold()
            inhibitor.release()
    assert not inhibitor.held
    assert len(caplog.records) == 1


def test_a_refusal_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    _program(tmp_path, "exit 1")
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    inhibitor = SleepInhibitor()
    with caplog.at_level(logging.WARNING):
        inhibitor.hold()
        inhibitor.release()
    assert "refused" in caplog.text


def test_what_happens_is_told_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _program(tmp_path, "cat")
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    told: list[Awake] = []
    inhibitor = SleepInhibitor(told.append)
    inhibitor.hold()
    inhibitor.look()
    inhibitor.release()
    assert told == [Awake(held=True), Awake()]
    assert "kept awake" in awake_words(told[0])
    assert awake_words(told[1]) == ""


def test_a_refusal_is_seen_while_the_jobs_still_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _program(tmp_path, "exit 1")
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    told: list[Awake] = []
    inhibitor = SleepInhibitor(told.append)
    inhibitor.hold()
    assert inhibitor._child is not None
    inhibitor._child.wait(60)
    inhibitor.look()
    inhibitor.look()
    inhibitor.release()
    inhibitor.hold()  # not asked for again, and not forgotten
    inhibitor.release()
    assert [now.problem for now in told] == ["", "systemd-inhibit was refused"]
    assert "before you leave" in awake_words(told[-1])
