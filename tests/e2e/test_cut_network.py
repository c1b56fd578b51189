"""R3: the network to Postgres goes silent in the middle of a job; nothing is lost or done twice. DSM_CUTS adds long cuts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.kit.namespaces import namespace

SHORT, LONG = 4.0, 27.0
"""Seconds: shorter than the time-out of an unanswered packet (20 s), and longer."""
CUTS = [SHORT, LONG, *[SHORT, LONG] * (int(os.environ.get("DSM_CUTS", "1")) - 1)]
BACK_AT_WORK = 15.0
"""Ten seconds after the database is back, and the machine's other work."""

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="Linux's network namespaces"),
    pytest.mark.timeout(450 + 160 * len(CUTS)),
]


def test_a_silent_network_loses_nothing_and_work_goes_on(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("Postgres does not run as the root of a user namespace; the CI machine is root")
    ran = subprocess.run(
        [*namespace("--net"), sys.executable, "-m", "tests.kit.cut_network", str(tmp_path), *map(str, CUTS)],
        capture_output=True,
        text=True,
        timeout=400 + 150 * len(CUTS),
        cwd=Path(__file__).resolve().parents[2],
    )
    assert ran.returncode == 0, ran.stderr[-3000:]
    found = json.loads(ran.stdout)
    assert found["ended"]
    assert found["states"] == ["completed"] * len(CUTS)
    assert (found["jobs"], found["devices"], found["wrong"]) == (len(CUTS), 20 * len(CUTS), {})
    assert min(found["back_after"]) >= 0, found
    # One in time proves it; the others may have met a busy machine.
    assert min(found["back_after"]) <= BACK_AT_WORK, found
