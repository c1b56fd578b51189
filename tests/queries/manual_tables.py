"""The manual's generated tables, from the declarations they describe. `python -m tests.queries.manual_tables` writes them."""

from __future__ import annotations

import ast
import enum
import re
import typing
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import click
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from dsm_desktop import operations
from dsm_desktop.cli import output
from dsm_desktop.cli.main import cli
from dsm_desktop.cli.parameters import options_for
from dsm_desktop.core.settings import SECTIONS
from dsm_desktop.core.worded import Worded
from dsm_desktop.jobs import Catalogue, Danger, Targets
from dsm_desktop.queries.query_terms import TERMS
from dsm_desktop.queries.server_fields import SERVER_FIELDS
from dsm_desktop.simulator.esxi.faults import KINDS as ESXI_KINDS
from dsm_desktop.simulator.faults import KINDS
from dsm_desktop.simulator.vsphere import Blocker
from dsm_desktop.simulator.vsphere.faults import KINDS as VCENTER_KINDS
from dsm_desktop.simulator.vsphere.hindrances import kind_of

ROOT = Path(__file__).resolve().parents[2]
GUIDE = ROOT / "docs" / "guide"
_BLOCK = re.compile(r"(<!-- generated: (?P<name>[\w ]+) -->\n)(?P<text>.*?)(<!-- end -->)", re.S)
_SHELL = ROOT / "dsm_desktop/ui/shell"
_KINDS = {"text": "text", "number": "number", "version": "version", "time": "age"}
_EXITS = {
    "EXIT_OK": "done",
    "EXIT_FAILED": "the job ran and failed on at least one target; a check found something wrong",
    "EXIT_USAGE": "wrong input",
    "EXIT_DENIED": "not permitted",
    "EXIT_PEER": "a device or the database refused",
    "EXIT_HERE": "something on this machine: disk, key, profile",
    "EXIT_CANCELLED": "cancelled",
    "EXIT_BUG": "a fault of the program; a crash report was written",
}


def tables() -> dict[str, Callable[[], str]]:
    """Name of each generated block and what belongs into it."""
    return {
        "filter fields": filter_fields,
        "query terms": query_terms,
        "settings": settings,
        "idle settings": idle_settings,
        "options": program_options,
        "commands": commands,
        "job options": job_options,
        "exit codes": exit_codes,
        "job types": job_types,
        "parameters": parameters,
        "faults": lambda: faults(KINDS.values()),
        "vcenter faults": lambda: faults(VCENTER_KINDS.values()),
        "esxi faults": lambda: faults(ESXI_KINDS.values()),
        "blockers": blockers,
        "keys": keys,
    }


def filled(text: str) -> str:
    """A page with its generated blocks written anew."""
    made = tables()
    return _BLOCK.sub(lambda m: f"{m[1]}{made[m['name']]()}{m[4]}", text)


def _table(heads: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    heads = list(heads)
    lines = [heads, ["---"] * len(heads), *([str(cell).replace("|", "\\|") for cell in row] for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def filter_fields() -> str:
    by_kind: dict[str, list[str]] = {}
    for field in SERVER_FIELDS.values():
        by_kind.setdefault(_KINDS[field.kind], []).append(f"`{field.name}`")
    return _table(("compares as", "fields"), ((kind, " ".join(names)) for kind, names in by_kind.items()))


def query_terms() -> str:
    rows = [(f"`{t.name}.…`" if t.family else f"`{t.name}`", t.help) for t in TERMS.values()]
    return _table(("term", "finds servers with"), rows)


def settings() -> str:
    return "\n".join(_section(section) for section in SECTIONS)


def _section(section: type[BaseModel]) -> str:
    title, name = getattr(section, "title", ""), getattr(section, "name", "")
    rows = [
        (f"`{key}`", _words(field), _bounds(field), _default(field))
        for key, field in section.model_fields.items()
    ]
    return f"## {title} (`{name}`)\n\n" + _table(("setting", "meaning", "allowed", "default"), rows)


def idle_settings() -> str:
    """Settings that no code beside their declaration reads (retention is read as a whole)."""
    idle = []
    for section in SECTIONS:
        readers = "".join(t for f, t in _sources() if section.__name__ in t and f.name != "settings.py")
        if section.name != "retention":
            idle += [f"`{section.name}.{k}`" for k in section.model_fields if f".{k}" not in readers]
    return (" ".join(idle) or "None: every setting is in force.") + "\n"


@cache
def _sources() -> list[tuple[Path, str]]:
    return [(f, f.read_text(encoding="utf-8")) for f in sorted((ROOT / "dsm_desktop").rglob("*.py"))]


def _words(field: FieldInfo) -> str:
    return f"{field.title}. {field.description}" if field.description else str(field.title)


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "must be given"
    value = field.get_default(call_default_factory=True, validated_data={})
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return "none" if value is None else str(value) or "empty"


def _bounds(field: FieldInfo) -> str:
    kind = field.annotation
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return "; ".join(_choice(member) for member in kind)
    if kind is bool:
        return "yes, no"
    low = next((m.ge for m in field.metadata if hasattr(m, "ge")), None)
    high = next((m.le for m in field.metadata if hasattr(m, "le")), None)
    if low is None:
        return "list" if typing.get_origin(kind) is list else "text"
    return f"{low} to {high:,}" if isinstance(high, int) else f"{low} to {high}"


def _choice(member: enum.Enum) -> str:
    """How it is typed, and how the window calls it where that says more."""
    assert isinstance(member, Worded)
    same = member.words.lower() == member.value.lower().replace("_", " ")
    return f"`{member.value}`" if same else f"`{member.value}` {member.words}"


def program_options() -> str:
    return _table(("option", "meaning"), ((_flag(o), _help(o)) for o in cli.params if _shown(o)))


def commands() -> str:
    rows = [(f"`{name}`", _first(command.help), _arguments(command)) for name, command in walk(cli)]
    return _table(("command", "does", "takes"), rows)


def walk(group: click.Group, prefix: str = "") -> Iterator[tuple[str, click.Command]]:
    """Every command that does something; the job types are one line."""
    context = click.Context(group)
    for name in sorted(group.list_commands(context)):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group) and name != "job":
            yield from walk(command, f"{prefix}{name} ")
        else:
            yield f"{prefix}{name}", command


def _arguments(command: click.Command) -> str:
    if isinstance(command, click.Group):
        return "kind: [Job types](job-types.md)"
    return " ".join(_flag(p) for p in command.params if _shown(p))


def job_options() -> str:
    any_kind = next(kind for kind in Catalogue.of(operations).values() if kind.targets is Targets.SERVER)
    group = cli.get_command(click.Context(cli), "job")
    assert isinstance(group, click.Group)
    command = group.get_command(click.Context(group), any_kind.kind)
    assert command is not None
    own = {option.name for option in options_for(any_kind.params)}
    return _table(("option", "meaning"), ((_flag(o), _help(o)) for o in command.params if o.name not in own))


def exit_codes() -> str:
    codes = {name: value for name, value in vars(output).items() if name.startswith("EXIT_")}
    return _table(("code", "means"), ((code, _EXITS[name]) for name, code in codes.items()))


def job_types() -> str:
    asks = {Danger.NONE: "nothing", Danger.DISRUPTIVE: "list", Danger.DESTRUCTIVE: "typing"}
    rows = []
    for kind in Catalogue.of(operations).values():
        danger = "by action" if kind.danger_of else asks[kind.danger]
        where = {Targets.SERVER: "each server", Targets.HOST: "each host"}.get(kind.targets, "whole site")
        if kind.requires:
            where += f" with {' and '.join(need.text for need in kind.requires)}"
        rows.append(
            (f"`{kind.kind}`", kind.label.rstrip("…"), _first(kind.help), where, danger, kind.needs.value)
        )
    return _table(("kind", "menu", "does", "works on", "asks", "permission"), rows)


def parameters() -> str:
    rows = []
    for kind in Catalogue.of(operations).values():
        for key, field in kind.params.model_fields.items():
            words, flag = _words(field), key.replace("_", "-")
            rows.append((f"`{kind.kind}`", f"`--{flag}`", words, _bounds(field), _default(field)))
    return _table(("kind", "option", "meaning", "allowed", "default"), rows)


def faults(kinds: Iterable[Any]) -> str:
    rows = ((f"`{k.name}`", k.help, " ".join(f"`{n}={v!r}`" for n, v in k.parameters.items())) for k in kinds)
    return _table(("fault", "does", "parameters"), rows)


def blockers() -> str:
    """What can be put onto each kind of thing."""
    words = {"Vm": "a virtual machine", "Host": "a host", "Cluster": "a cluster", "Datastore": "a datastore"}
    on: dict[str, list[str]] = {word: [] for word in words.values()}
    for blocker in Blocker:
        on[words[kind_of(blocker).__name__]].append(f"`{blocker.value}`")
    return _table(("on", "blockers"), ((word, " ".join(names)) for word, names in on.items()))


def keys() -> str:
    from dsm_desktop.ui.shell.actions import _KEYS
    from dsm_desktop.ui.shell.tools import TOOLS

    known = Catalogue.of(operations)
    rows = [(known[kind].label.rstrip("…"), pressed) for kind, pressed in _KEYS.items()]
    rows += [(tool.text.rstrip("…"), tool.keys) for tool in TOOLS if tool.keys]
    for file in sorted(_SHELL.glob("*.py")):
        rows += _declared(ast.parse(file.read_text(encoding="utf-8")))
    return _table(("do", "keys"), sorted(set(rows)))


def _declared(tree: ast.Module) -> Iterator[tuple[str, str]]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or len(node.args) < 2 or not isinstance(node.args[1], ast.Constant):
            continue
        for keyword in node.keywords:
            if keyword.arg == "keys" and isinstance(keyword.value, ast.Constant):
                yield str(node.args[1].value).rstrip("…"), str(keyword.value.value).replace("Return", "Enter")


def _shown(parameter: click.Parameter) -> bool:
    return not (isinstance(parameter, click.Option) and (parameter.hidden or "--yes" in parameter.opts))


def _flag(parameter: click.Parameter) -> str:
    if isinstance(parameter, click.Argument):
        name = str(parameter.name).upper() + (" …" if parameter.nargs == -1 else "")
        return f"`{name}`" if parameter.required else f"`[{name}]`"
    option = typing.cast(click.Option, parameter)
    name = option.opts[0]
    if option.is_flag:
        return f"`{name}`"
    if isinstance(option.type, click.Choice):
        return f"`{name} {'/'.join(str(c) for c in option.type.choices)}`"
    return f"`{name} {option.make_metavar(click.Context(cli)).replace('INTEGER RANGE', 'INTEGER')}`"


def _help(parameter: click.Parameter) -> str:
    return str(getattr(parameter, "help", "") or "")


def _first(text: str | None) -> str:
    paragraph = " ".join((text or "").split("\n\n")[0].split())
    return paragraph


def main() -> None:
    for file in sorted(GUIDE.glob("*.md")):
        before = file.read_text(encoding="utf-8")
        after = filled(before)
        if after != before:
            file.write_text(after, encoding="utf-8")


if __name__ == "__main__":
    main()
