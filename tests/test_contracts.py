"""The import contracts hold, and each of them bites: a planted violation is reported by its name."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PLANTED = [
    ("Rooms", "store/engine.py", "from dsm_desktop.commands import servers as planted"),
    ("Rooms", "redfish/__init__.py", "from dsm_desktop.jobs import context as planted"),
    ("The simulator", "simulator/__init__.py", "from dsm_desktop.net import recorder as planted"),
    ("Qt ends", "commands/servers.py", "from PySide6 import QtCore as planted"),
    ("Judges are pure", "safety/findings.py", "from dsm_desktop.store import engine as planted"),
    ("SQL lives", "cli/__init__.py", "import sqlalchemy as planted"),
]


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [
            sys.executable,
            "-c",
            "from importlinter.cli import lint_imports_command; lint_imports_command(['--no-cache'])",
        ],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1", "COLUMNS": "200"},
        capture_output=True,
        text=True,
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    shutil.copytree(
        ROOT / "dsm_desktop", tmp_path / "dsm_desktop", ignore=shutil.ignore_patterns("__pycache__")
    )
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


@pytest.mark.parametrize(("contract", "module", "line"), PLANTED, ids=[f"{c}-{m}" for c, m, _ in PLANTED])
def test_each_contract_bites(copy: Path, contract: str, module: str, line: str) -> None:
    path = copy / "dsm_desktop" / module
    path.write_text(path.read_text(encoding="utf-8") + f"\n{line}\n", encoding="utf-8")
    done = lint(copy)
    assert done.returncode != 0
    broken = [row for row in done.stdout.splitlines() if " BROKEN" in row]
    assert any(row.startswith(contract) for row in broken), done.stdout[-1500:]


def test_every_room_has_a_place_in_the_contract() -> None:
    layers = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    rooms = [p.name for p in (ROOT / "dsm_desktop").iterdir() if p.is_dir() and p.name != "__pycache__"]
    assert [room for room in rooms if f"dsm_desktop.{room}" not in layers] == []
