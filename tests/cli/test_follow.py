"""A terminal that waits for a job whose runner has died."""

from __future__ import annotations

from pathlib import Path

import pytest

from dsm_desktop.cli.session import Session
from dsm_desktop.cli.watch import follow
from dsm_desktop.store import runners
from dsm_desktop.store.runners import RunnerFacts
from tests.kit.commandline import CommandLine


def test_a_job_whose_runner_was_killed_is_done_by_the_terminal_that_waits_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only a runner declares another one dead, and there was no other: the terminal waited for ever."""
    monkeypatch.setattr(runners, "LEASE_SECONDS", 0.1)
    line = CommandLine(tmp_path / "profile")
    line.ok("admin", "init", "--key", "file")
    session = Session(line.folder, "", None, False)
    try:
        with session.app().store.write() as uow:
            runners.register(uow, RunnerFacts("killed", "agent", "elsewhere [0]", 1, "1", 1), lease=3600)
        job = session.app().commands.submit("retention_cleanup", [], {})
        assert follow(session, job, as_json=True) == 0
    finally:
        session.close()
