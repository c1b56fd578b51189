"""`--read-only` on the command line: everything is shown, every change is refused with exit code 3."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.kit.commandline import CommandLine

LOOK = ("--read-only",)
CHANGES = (
    ("admin", "backup"),
    ("admin", "key", "recovery"),
    ("admin", "key", "rotate"),
    ("admin", "init"),
    ("agent",),
    ("credentials", "remove", "1", "--yes"),
    ("servers", "add", "192.0.2.8"),
    ("servers", "edit", "1", "--name", "x"),
    ("servers", "remove", "1", "--yes"),
    ("job", "inventory_refresh", "--server", "1"),
    ("jobs", "cancel", "1"),
    ("jobs", "answer", "1", "again"),
)


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> CommandLine:
    line = CommandLine(tmp_path_factory.mktemp("look") / "profile")
    line.ok("admin", "init", "--key", "file")
    line.ok("servers", "add", "192.0.2.7")
    line.ok("credentials", "add", "Rack", "--user", "root", typed="not a real one 7Q\n")
    return line


def test_a_viewer_sees_the_servers(line: CommandLine) -> None:
    ran = line.run("servers", "list", options=LOOK)
    assert ran.code == 0
    assert "192.0.2.7" in ran.out


@pytest.mark.parametrize("command", CHANGES, ids=" ".join)
def test_a_viewer_changes_nothing(line: CommandLine, command: tuple[str, ...]) -> None:
    ran = line.run(*command, options=LOOK)
    assert ran.code == 3, ran
    assert "may not" in ran.err + ran.out
    assert "Start without --read-only." in ran.err + ran.out
    assert "administrator" not in ran.err + ran.out


def test_no_profile_is_made_by_looking(tmp_path: Path) -> None:
    ran = CommandLine(tmp_path / "profile").run("admin", "init", "--key", "file", options=LOOK)
    assert ran.code == 3
    assert not (tmp_path / "profile" / "profile.json").exists()
