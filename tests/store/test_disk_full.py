"""R7: the disk runs full at many moments. Nothing is damaged, nothing is sent unlogged, the message is plain."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.kit.namespaces import namespace

POINTS = int(os.environ.get("DSM_FULL_DISKS", "12"))


@pytest.mark.skipif(sys.platform == "win32", reason="tmpfs is Linux's")
def test_a_full_disk_damages_nothing_and_nothing_is_sent_unlogged(tmp_path: Path) -> None:
    run = subprocess.run(
        [*namespace("--mount"), sys.executable, "-m", "tests.kit.fulldisk", str(tmp_path), str(POINTS)],
        capture_output=True,
        text=True,
        timeout=110,
        cwd=Path(__file__).resolve().parents[2],
    )
    assert run.returncode == 0, run.stderr
    found = json.loads(run.stdout)
    assert (found["damaged"], found["unlogged"], found["broken_chain"]) == (0, 0, 0), found
    assert found["sent"] > POINTS
    assert found["errors"]["DiskFull"] > POINTS
    assert set(found["errors"]) <= {"DiskFull", "at start: DiskFull"}, found["errors"]
