"""What the terminal says is what is there: no text taken for a style, no success told of nothing."""

from __future__ import annotations

import pytest

from dsm_desktop.cli import output
from dsm_desktop.core.errors import BadInput
from tests.kit.commandline import CommandLine

TEXTS = ("[fd00::12]:8443", "[datastore1] iso/esxi.iso", "a[/b]", "[bold]", "SHA-256 12:ab:34")


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> CommandLine:
    line = CommandLine(tmp_path_factory.mktemp("output") / "profile")
    line.ok("admin", "init", "--key", "file")
    return line


@pytest.mark.parametrize("text", TEXTS)
def test_text_is_shown_as_it_is_written(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    output.show_table(f"Title {text}", (f"Head {text}",), [(f"Cell {text}",)])
    output.say(f"Said {text}")
    output.note(f"Noted {text}")
    output.show_error(BadInput(f"Message {text}", where=f"Where {text}", hint=f"Hint {text}"))
    out, err = capsys.readouterr()
    assert [word for word in ("Title", "Head", "Cell", "Said") if f"{word} {text}" not in out] == []
    assert [word for word in ("Noted", "Message", "Where", "Hint") if f"{word} {text}" not in err] == []


def test_a_server_with_an_ipv6_address_is_listed_with_it(line: CommandLine) -> None:
    line.ok("servers", "add", "fd00::12", "--port", 8443, "--name", "a[/b]")
    listed = line.ok("servers", "list").out
    assert "[fd00::12]:8443" in listed
    assert "a[/b]" in listed


@pytest.mark.parametrize(
    "command",
    [
        ("servers", "remove", "999", "--yes"),
        ("servers", "edit", "999", "--name", "x"),
        ("servers", "edit", "999", "--credential", "1"),
        ("jobs", "show", "4711"),
        ("jobs", "show", "4711", "--json"),
    ],
    ids=" ".join,
)
def test_what_is_not_there_is_said_to_be_unknown(line: CommandLine, command: tuple[str, ...]) -> None:
    ran = line.run(*command)
    assert ran.code == output.EXIT_USAGE, ran
    assert "NotFound" in ran.err
    assert command[2] in ran.err
    assert ran.out == ""


def test_servers_are_counted_and_none_goes_while_one_of_them_is_unknown(line: CommandLine) -> None:
    first, second, third = (
        line.ok("servers", "add", f"192.0.2.{number}").out.split()[1] for number in (1, 2, 3)
    )
    nothing = line.run("servers", "edit", first)
    assert nothing.code == output.EXIT_USAGE
    assert "BadInput" in nothing.err
    assert line.ok("servers", "edit", first, first, "--name", "x").out == "1 server changed.\n"
    assert line.ok("servers", "edit", first, second, "--trust", "ca").out == "2 servers changed.\n"
    assert line.run("servers", "remove", first, "999", "--yes").code == output.EXIT_USAGE
    assert line.ok("servers", "remove", first, "--yes").out == "1 server removed.\n"
    assert line.ok("servers", "remove", second, third, "--yes").out == "2 servers removed.\n"
