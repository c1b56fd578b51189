"""esxcli: finds the command of a namespace, checks its options, prints in the wanted format."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Final

from dsm_desktop.simulator.esxi.commands.answer import Answer
from dsm_desktop.simulator.esxi.commands.call import Call, Result
from dsm_desktop.simulator.esxi.commands.options import Option, Parsed, UsageError, parse
from dsm_desktop.simulator.esxi.errors import EsxiAway, EsxiRefused, NoSuchThing
from dsm_desktop.simulator.esxi.update import UpdateError

Run = Callable[[Call, Parsed], Answer | str | None]
_FORMATTERS: Final = ("xml", "csv", "keyvalue")
JSON_SINCE: Final = (8, 0)
"""Older hosts take no --formatter=json."""


@dataclasses.dataclass(frozen=True, slots=True)
class Command:
    """A command of esxcli. `run` gives an answer, plain text, or nothing."""

    path: str
    help: str
    run: Run
    options: tuple[Option, ...] = ()


COMMANDS: Final[dict[str, Command]] = {}


def command(path: str, about: str, *options: Option) -> Callable[[Run], Run]:
    """Register a command under its namespace: command("system version get", …)."""

    def register(run: Run) -> Run:
        COMMANDS[path] = Command(path, about, run, options)
        return run

    return register


class Failure(Exception):
    """A command ends with this text on standard output and status 1."""


def esxcli(call: Call) -> Result:
    """Carry out `esxcli …`."""
    words = call.words[1:]
    formatter = ""
    while words and words[0].startswith("-"):
        word = words.pop(0)
        name, _, value = word.partition("=")
        if name not in ("--formatter", "--debug", "--screen-width", "--format-param"):
            return Result(f"Error: Invalid option {word}\n", status=1)
        if name == "--formatter":
            formatter = value or (words.pop(0) if words else "")
    known = (*_FORMATTERS, "json") if call.host.image.line >= JSON_SINCE else _FORMATTERS
    if formatter and formatter not in known:
        return Result(
            f"Error: Invalid formatter {formatter}. Available formatters: {', '.join(known)}.\n", status=1
        )
    found = _find(words)
    if found is None:
        return _usage(words)
    chosen, rest = found
    if "--help" in rest or "-h" in rest:
        return Result(_help(chosen))
    return _run(call, chosen, rest, formatter)


def _run(call: Call, chosen: Command, rest: list[str], formatter: str) -> Result:
    try:
        answer = chosen.run(call, parse(rest, chosen.options))
    except UsageError as error:
        return Result(f"Error: {error}\n\n{_help(chosen)}", status=1)
    except UpdateError as error:
        return Result(
            f" [{error.name}]\n {error.text}\n Please refer to the log file for more details.\n", status=1
        )
    except Failure as error:
        return Result(f"{error}\n", status=1)
    except (EsxiRefused, EsxiAway, NoSuchThing) as error:
        return Result(f"{error.message}\n", status=1)
    if answer is None:
        return Result()
    if isinstance(answer, Answer):
        return Result(answer.render(formatter))
    return Result(_plain(answer, formatter))


def _plain(text: str, formatter: str) -> str:
    """A bare value: most formats print it as it is."""
    if formatter == "json":
        return f'"{text}"\n'
    if formatter == "xml":
        return (
            '<?xml version="1.0" encoding="utf-8"?>\n'
            '<output xmlns="http://www.vmware.com/Products/ESX/5.0/esxcli/">\n'
            f"<root>\n<string>{text}</string>\n</root>\n</output>\n"
        )
    return text + "\n"


def _find(words: list[str]) -> tuple[Command, list[str]] | None:
    for length in range(len(words), 1, -1):
        chosen = COMMANDS.get(" ".join(words[:length]))
        if chosen is not None:
            return chosen, words[length:]
    return None


def _usage(words: list[str]) -> Result:
    """A namespace lists what is in it; anything else is an error."""
    path = " ".join(w for w in words if not w.startswith("-"))
    inside = sorted({p[len(path) :].split()[0] for p in COMMANDS if not path or p.startswith(f"{path} ")})
    if not inside:
        return Result(f"Error: Unknown command or namespace {' '.join(words)}\n", status=1)
    start = (
        f"Usage: esxcli {path} {{cmd}} [cmd options]"
        if path
        else "Usage: esxcli [options] {namespace}+ {cmd} [cmd options]"
    )
    lines = "".join(f"  {name}\n" for name in inside)
    return Result(f"{start}\n\nAvailable Namespaces and Commands:\n{lines}", status=1)


def _help(chosen: Command) -> str:
    lines = f"Usage: esxcli {chosen.path} [cmd options]\n\nDescription: \n  {chosen.path.split()[-1]}  {chosen.help}\n"
    if chosen.options:
        lines += "\nCmd options:\n"
        for option in chosen.options:
            short = f"-{option.short}|" if option.short else ""
            lines += f"  {short}--{option.name}{'' if option.flag else '=<str>'}{' (required)' if option.needed else ''}\n"
    return lines
