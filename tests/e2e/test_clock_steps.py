"""R6: the wall clock is set by an hour, a day, by NTP and over DST while jobs run. Nothing is done twice or lost, no lease is
lost, nothing waits for the hours of the step, and what was scheduled happens once, when the store's clock shows it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.kit.clock_steps import CLOCK, SERVERS, SteppedClock, build

SOON = 60.0
"""Seconds: takeover, work and this machine's other work; the steps are an hour and more."""
LATE = 1.2
"""Seconds by which the first start may have been seen late."""

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="a library of glibc is preloaded"),
    pytest.mark.timeout(960),
]


@pytest.fixture
def folder() -> Iterator[Path]:
    """Readable for the user Postgres runs as."""
    found = Path(tempfile.mkdtemp(prefix="dsm-clock-"))
    found.chmod(0o755)
    yield found
    shutil.rmtree(found, ignore_errors=True)


def _findings(folder: Path, database: str, whose: str) -> dict[str, Any]:
    if shutil.which("gcc") is None and not os.environ.get("CI"):
        pytest.skip("no gcc to build the clock with")
    clock = SteppedClock(folder / "own")
    work = folder / "work"
    work.mkdir(0o755)
    ran = subprocess.run(
        [sys.executable, "-m", "tests.kit.clock_steps", database, whose, str(work)],
        capture_output=True,
        text=True,
        timeout=900,
        cwd=Path(__file__).resolve().parents[2],
        env={**os.environ, CLOCK: str(clock.file), "LD_PRELOAD": str(build(folder))},
    )
    assert ran.returncode == 0, ran.stderr[-3000:]
    return dict(json.loads(ran.stdout))


def _assert_work_goes_on(found: dict[str, Any]) -> None:
    for scene in ("rolling", "takeover"):
        facts = found[scene]
        assert set(facts["states"]) == {"completed"}, facts
        assert facts["in_time"] == [True] * len(facts["states"])
        assert (facts["devices"], facts["wrong"]) == (SERVERS * len(facts["states"]), {})
        assert max(facts["seconds"]) < SOON, facts
    assert found["rolling"]["dead"] == 0


def _assert_pauses_hold(pauses: dict[str, Any], *, cut_short: int) -> None:
    assert all(2.0 <= seconds < SOON for seconds in pauses["slept"]), pauses
    for starts in pauses["starts"]:
        assert len(starts) == 5, pauses
        # A step forward lets one start come early: what is due by the clock is due. A start seen late makes the next gap look
        # short, so the whole is measured: without pauses it would be nothing.
        assert sum(starts) >= 0.5 * (len(starts) - cut_short) - LATE, pauses
        assert max(starts) < SOON, pauses


@pytest.mark.parametrize(("database", "whose"), [("sqlite", "all"), ("postgres", "server")])
def test_the_clock_of_the_store_is_set(folder: Path, database: str, whose: str) -> None:
    found = _findings(folder, database, whose)
    _assert_work_goes_on(found)
    _assert_pauses_hold(found["pauses"], cut_short=1)
    questions = found["questions"]
    assert questions["ended"], questions
    assert 1.0 <= questions["after"] < SOON, questions
    assert questions["still_open"] == 1, questions
    assert 500 < questions["left"] <= 600, questions
    assert not questions["left_open"], questions
    times = found["appointments"]
    assert times["forward"] is not None, times
    assert times["again"] == [None, None], "fired twice"
    assert times["back"] is None, "fired an hour early"
    assert times["then"] is not None, times
    for fired, again in times["changes"]:
        assert 1.0 < fired < SOON, times
        assert again is None, times
    early, back, opened = times["window"]
    assert (early, back, times["runs"]) == (None, None, ["completed"]), times
    assert opened is not None, times
    assert found["unwatched"]["ended"], found["unwatched"]
    assert found["unwatched"]["after"] < SOON, found["unwatched"]


def test_only_the_clock_of_the_workstation_is_set(folder: Path) -> None:
    found = _findings(folder, "postgres", "workstation")
    _assert_work_goes_on(found)
    _assert_pauses_hold(found["pauses"], cut_short=0)
