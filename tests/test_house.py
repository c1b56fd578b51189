"""The rules of the house that a machine can check."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = sorted((ROOT / "dsm_desktop").rglob("*.py"))
FORBIDDEN_CALLS = re.compile(
    r"requests\.(get|post|put|patch|delete|request)\(|verify\s*=\s*False|AutoAddPolicy|shell\s*=\s*True|\bFernet\b|\bpickle\b"
    r"|extractall\(|urllib\.request|(?<![.\w])print\("
)


def tracked_text() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    names = [n for n in listed.stdout.split("\0") if n]
    binary = {".png", ".ttf", ".ico", ".woff2"}
    return [ROOT / n for n in names if Path(n).suffix not in binary and (ROOT / n).is_file()]


@pytest.mark.parametrize("path", PACKAGE, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_no_module_over_400_lines_and_no_function_over_60(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    assert len(source.splitlines()) <= 400
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert (node.end_lineno or 0) - node.lineno < 60, f"{node.name} is too long"


@pytest.mark.parametrize("path", PACKAGE, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_no_forbidden_call(path: Path) -> None:
    assert not FORBIDDEN_CALLS.findall(path.read_text(encoding="utf-8"))


def test_every_module_says_what_it_is_for() -> None:
    silent = [p for p in PACKAGE if not ast.get_docstring(ast.parse(p.read_text(encoding="utf-8")))]
    assert silent == []


def test_no_registry_host_and_no_path_of_a_machine_in_the_tree() -> None:
    pattern = re.compile(
        r"(pypi|files\.pythonhosted|debian|npmjs)\.(org|com)|/(wo" + r"rk|ro" + r"ot|fa" + r"rm)/"
    )
    found = []
    for path in tracked_text():
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
            if pattern.search(line):
                found.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}")
    assert found == []


def test_lock_files_name_no_host_and_pin_qt_by_python_version() -> None:
    for name in ("requirements.lock", "requirements-dev.lock"):
        text = (ROOT / name).read_text(encoding="utf-8")
        assert "://" not in text
        assert re.search(r"^pyside6-essentials==6\.11\.3 ; python_full_version < '3\.12'", text, re.M)
        assert re.search(r"^pyside6-essentials==6\.12\.0 ; python_full_version >= '3\.12'", text, re.M)
        pinned = [line for line in text.splitlines() if line and not line.startswith((" ", "#"))]
        assert all("==" in line for line in pinned)
