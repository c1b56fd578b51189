"""The shape of a shell line: lists of and-or chains of pipes of commands with redirections."""

from __future__ import annotations

import dataclasses

from dsm_desktop.simulator.esxi.commands.words import SyntaxTrouble, Token

_REDIRECTS = ("2>&1", "1>&2", ">&2", "2>>", ">>", "2>", "1>", ">", "<")


@dataclasses.dataclass(slots=True)
class Command:
    """One command of a pipe: words or a group in parentheses, and where its output goes ("&1", "&2": to the other one)."""

    words: list[Token] = dataclasses.field(default_factory=list)
    group: list[Token] | None = None
    source: Token | None = None
    out: Token | None = None
    err: Token | None = None
    out_to_err: bool = False
    err_to_out: bool = False
    append: bool = False


def lists(tokens: list[Token]) -> list[tuple[list[Token], str]]:
    """Chains with the ';' or '&' that ends each."""
    return [(part, joint or ";") for part, joint in _cut(tokens, (";", "&")) if part]


def chain(tokens: list[Token]) -> list[tuple[list[Token], str]]:
    """Pipes with the '&&' or '||' that stands before each ("" for the first)."""
    found, before = [], ""
    for part, joint in _cut(tokens, ("&&", "||")):
        found.append((part, before))
        before = joint
    return found


def pipe(tokens: list[Token]) -> list[Command]:
    """The commands of a pipe. Raises SyntaxTrouble."""
    return [_command(part) for part, _ in _cut(tokens, ("|",))]


def _cut(tokens: list[Token], operators: tuple[str, ...]) -> list[tuple[list[Token], str]]:
    """Parts between operators outside of parentheses, each with the operator after it."""
    parts: list[tuple[list[Token], str]] = []
    current: list[Token] = []
    depth = 0
    for token in tokens:
        depth += {"(": 1, ")": -1}.get(token.operator, 0)
        if depth < 0:
            raise SyntaxTrouble('unexpected ")"')
        if depth == 0 and token.operator in operators:
            parts.append((current, token.operator))
            current = []
        else:
            current.append(token)
    if depth:
        raise SyntaxTrouble('unexpected end of file (expecting ")")')
    parts.append((current, ""))
    return parts


def _command(tokens: list[Token]) -> Command:
    command = Command()
    rest = list(tokens)
    if rest and rest[0].operator == "(":
        end = max(i for i, t in enumerate(rest) if t.operator == ")")
        command.group, rest = rest[1:end], rest[end + 1 :]
    while rest:
        token = rest.pop(0)
        if not token.operator:
            command.words.append(token)
        elif token.operator not in _REDIRECTS:
            raise SyntaxTrouble(f'unexpected "{token.operator}"')
        elif token.operator == "2>&1":
            command.err_to_out = True
        elif token.operator in ("1>&2", ">&2"):
            command.out_to_err = True
        else:
            if not rest or rest[0].operator:
                raise SyntaxTrouble("unexpected newline")
            _aim(command, token.operator, rest.pop(0))
    if not command.words and command.group is None and command.out is None:
        raise SyntaxTrouble("unexpected end of file")
    return command


def _aim(command: Command, operator: str, target: Token) -> None:
    if operator == "<":
        command.source = target
    elif operator.startswith("2"):
        command.err = target
    else:
        command.out, command.append = target, operator == ">>"
