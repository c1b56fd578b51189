"""What the terminal shows: tables for people, JSON for scripts, typed errors with their exit codes."""

from __future__ import annotations

import dataclasses
import enum
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import orjson
from rich.console import Console
from rich.table import Table
from rich.text import Text

from dsm_desktop.core.errors import Blame, Cancelled, DsmError

EXIT_OK = 0
EXIT_FAILED = 1  # the job ran and did not succeed on every target
EXIT_USAGE = 2
EXIT_DENIED = 3
EXIT_PEER = 4
EXIT_HERE = 5
EXIT_CANCELLED = 6
EXIT_BUG = 70
PIPE_WIDTH = 160

_BY_BLAME = {
    Blame.USER: EXIT_USAGE,
    Blame.DENIED: EXIT_DENIED,
    Blame.PEER: EXIT_PEER,
    Blame.HERE: EXIT_HERE,
    Blame.BUG: EXIT_BUG,
}


def exit_code_for(error: DsmError) -> int:
    """2 the caller's input, 3 not permitted, 4 a device or database, 5 this machine, 6 cancelled, 70 a bug."""
    return EXIT_CANCELLED if isinstance(error, Cancelled) else _BY_BLAME[error.blame]


def show_error(error: DsmError) -> None:
    """What, where, why and the next step, on standard error."""
    console = as_written(stderr=True)
    console.print(Text.assemble((error.code, "bold red"), f": {error.message}"), soft_wrap=True)
    if error.where:
        console.print(f"  where: {error.where}", soft_wrap=True)
    if error.hint:
        console.print(f"  next:  {error.hint}", soft_wrap=True)


def show_json(value: Any) -> None:
    """One JSON document on standard output; times in ISO 8601 with zone."""
    sys.stdout.write(orjson.dumps(value, default=_plain, option=orjson.OPT_INDENT_2).decode() + "\n")


def show_table(title: str, heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """A table; None is an empty cell."""
    table = Table(*heads, title=title, title_justify="left", header_style="bold")
    for row in rows:
        table.add_row(*("" if cell is None else _text(cell) for cell in row))
    # Into a file or a pipe a table keeps its words whole.
    as_written(width=None if sys.stdout.isatty() else PIPE_WIDTH).print(table)


def say(text: str) -> None:
    """A sentence on standard output."""
    as_written().print(text, soft_wrap=True)


def note(text: str) -> None:
    """A sentence on standard error, beside what a script reads."""
    as_written(stderr=True).print(text, soft_wrap=True)


def as_written(*, stderr: bool = False, width: int | None = None) -> Console:
    """A console that takes "[fd00::12]" for no style and the ":ab:" of a fingerprint for no picture."""
    return Console(stderr=stderr, width=width, highlight=False, markup=False, emoji=False)


def _text(cell: Any) -> str:
    if isinstance(cell, datetime):
        return cell.astimezone().strftime("%Y-%m-%d %H:%M:%S")
    return str(cell.value if isinstance(cell, enum.Enum) else cell)


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    return str(value)
