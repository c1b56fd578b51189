"""Splits a shell line into words and operators. Variables stay what they are until the command's turn has come."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Final

_OPERATORS: Final = (
    "2>&1",
    "1>&2",
    ">&2",
    "&&",
    "||",
    "2>>",
    ">>",
    "2>",
    "1>",
    ">",
    "<",
    "|",
    ";",
    "&",
    "(",
    ")",
    "\n",
)
_NAME: Final = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"
Piece = tuple[bool, str]
"""(False, text) or (True, name of a variable); a name that starts with '(' is a command whose output is meant."""
Fill = Callable[[str], str]


class SyntaxTrouble(Exception):
    """The line cannot be read; the text names what stands in the way."""


@dataclasses.dataclass(frozen=True, slots=True)
class Token:
    """An operator such as '&&' or '2>&1', or a word of pieces."""

    operator: str = ""
    pieces: tuple[Piece, ...] = ()

    def text(self, fill: Fill) -> str:
        """The word, with variables filled in."""
        return "".join(fill(text) if variable else text for variable, text in self.pieces)


def split(line: str) -> list[Token]:
    """Tokens of a line. Raises SyntaxTrouble."""
    tokens: list[Token] = []
    word: list[Piece] | None = None
    at = 0
    while at < len(line):
        sign = line[at]
        operator = next((o for o in _OPERATORS if line.startswith(o, at)), "")
        if operator[:1].isdigit() and word is not None:
            operator = ""  # the digit belongs to the word before it
        if (sign in " \t" or operator) and word is not None:
            tokens.append(Token(pieces=tuple(word)))
            word = None
        if operator:
            tokens.append(Token(";" if operator == "\n" else operator))
            at += len(operator)
        elif sign in " \t":
            at += 1
        elif sign == "#" and word is None:
            break
        else:
            pieces, at = _piece(line, at)
            word = [*(word or []), *pieces]
    if word is not None:
        tokens.append(Token(pieces=tuple(word)))
    return tokens


def _piece(line: str, at: int) -> tuple[list[Piece], int]:
    """The next part of a word, and where it ends."""
    sign = line[at]
    if sign == "'":
        end = line.find("'", at + 1)
        if end < 0:
            raise SyntaxTrouble("unterminated quoted string")
        return [(False, line[at + 1 : end])], end + 1
    if sign == '"':
        return _double(line, at + 1)
    if sign == "\\" and at + 1 < len(line):
        return [(False, line[at + 1])], at + 2
    if sign == "$":
        piece, end = _variable(line, at)
        return [piece], end
    return [(False, sign)], at + 1


def _double(line: str, at: int) -> tuple[list[Piece], int]:
    pieces: list[Piece] = [(False, "")]
    while at < len(line) and line[at] != '"':
        if line[at] == "\\" and line[at + 1 : at + 2] in ("$", '"', "\\", "`"):
            pieces.append((False, line[at + 1]))
            at += 2
        elif line[at] == "$":
            piece, at = _variable(line, at)
            pieces.append(piece)
        else:
            pieces.append((False, line[at]))
            at += 1
    if at >= len(line):
        raise SyntaxTrouble("unterminated quoted string")
    return pieces, at + 1


def _variable(line: str, at: int) -> tuple[Piece, int]:
    after = line[at + 1 : at + 2]
    if after == "(":
        depth, end = 1, at + 2
        while end < len(line) and depth:
            depth += {"(": 1, ")": -1}.get(line[end], 0)
            end += 1
        if depth:
            raise SyntaxTrouble("unterminated quoted string")
        return (True, line[at + 1 : end - 1]), end
    if after and after in "?$!":
        return (True, after), at + 2
    if after == "{":
        end = line.find("}", at)
        if end < 0:
            raise SyntaxTrouble("bad substitution")
        return (True, line[at + 2 : end]), end + 1
    end = at + 1
    while end < len(line) and line[end] in _NAME:
        end += 1
    return ((True, line[at + 1 : end]), end) if end > at + 1 else ((False, "$"), at + 1)
