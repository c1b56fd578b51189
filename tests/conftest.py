"""Shared fixtures: no thread may outlive its test; recorded device answers where they are at hand."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest_plugins = ["tests.kit.databases"]

ROOT = Path(__file__).resolve().parent.parent
LONG = (
    "tests/workers/test_running_jobs.py",
    "tests/ui/test_accessibility.py",
    "tests/vault/test_rotation.py",
    "tests/vault/test_vault.py",
)
"""Files of a minute and more whose names come late: begun last, they would leave one worker at work alone."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The long files first, all others in the order of their names."""
    items.sort(key=lambda item: not item.nodeid.startswith(LONG))


@pytest.fixture(scope="session")
def captures() -> Path:
    """Recorded answers of real BMCs, beside the checkout; required in CI."""
    folder = ROOT.parent / "shared" / "captures"
    if not folder.is_dir():
        if os.environ.get("CI"):
            pytest.fail("the recorded answers (../shared/captures) are required in CI")
        pytest.skip("no recorded answers beside this checkout (../shared/captures)")
    return folder


@pytest.fixture(autouse=True)
def _no_leaked_threads(request: pytest.FixtureRequest) -> Iterator[None]:
    if request.node.get_closest_marker("shared_program"):
        yield  # the runner of a module grows threads while its tests run; they end with the module
        return
    before = set(threading.enumerate())
    yield
    deadline = time.monotonic() + 30
    while leaked := [
        t for t in threading.enumerate() if t not in before and t.is_alive() and not _lives_longer(t)
    ]:
        if time.monotonic() > deadline:
            pytest.fail(f"threads left running: {[t.name for t in leaked]}")
        leaked[0].join(0.05)


def _lives_longer(thread: threading.Thread) -> bool:
    """Threads of module- or session-scoped fixtures say so in their name."""
    return thread.name.startswith("fixture-")
