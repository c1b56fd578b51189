"""The few words in which the two databases differ, for statements that are written out because they are hot.

A template is plain SQL with `{now}`, `{after:lease}` (now plus the bound seconds), `{before:age}` and `{skip_locked}`.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from sqlalchemy import JSON, Connection, TextClause, bindparam, text
from sqlalchemy.sql.selectable import TextualSelect
from sqlalchemy.types import TypeEngine

from dsm_desktop.store.models.base import UtcDateTime
from dsm_desktop.store.rows import CleanJson, CleanText

_SQLITE_FORMAT = "'%Y-%m-%d %H:%M:%f000'"
_TYPES: dict[str, TypeEngine[Any]] = {
    **{name: JSON(none_as_null=True) for name in ("result", "original", "options")},
    **{name: CleanText() for name in ("message", "what", "question")},
    "error": CleanJson(),
    **{name: UtcDateTime() for name in ("due", "held", "seen", "asked", "deadline", "at")},
}
"""Types of bound values by their name; others bind as they are. Words for people are made storable, whoever wrote them; what the
program itself reads again (results, originals) comes back to the letter, escaped as JSON."""


class _Shifted:
    """`{after:lease}`: the time so many bound seconds from now."""

    def __init__(self, sqlite: bool, sign: str) -> None:
        self._sqlite, self._sign = sqlite, sign

    def __format__(self, seconds: str) -> str:
        if self._sqlite:
            return (
                f"strftime({_SQLITE_FORMAT}, 'now', '{self._sign}' || CAST(:{seconds} AS TEXT) || ' seconds')"
            )
        return (
            f"statement_timestamp() {self._sign} make_interval(secs => CAST(:{seconds} AS double precision))"
        )


@lru_cache(maxsize=256)
def _prepared(dialect: str, template: str) -> TextClause:
    sqlite = dialect == "sqlite"
    written = template.format(
        # statement_timestamp() is stable and may bound an index scan; clock_timestamp() may not.
        now=f"strftime({_SQLITE_FORMAT}, 'now')" if sqlite else "statement_timestamp()",
        after=_Shifted(sqlite, "+"),
        before=_Shifted(sqlite, "-"),
        skip_locked="" if sqlite else "FOR UPDATE SKIP LOCKED",
    )
    names = set(re.findall(r"(?<!:):(\w+)", written)) & set(_TYPES)
    return text(written).bindparams(*(bindparam(name, type_=_TYPES[name]) for name in sorted(names)))


@lru_cache(maxsize=256)
def _with_times(dialect: str, template: str, times: tuple[str, ...]) -> TextualSelect:
    return _prepared(dialect, template).columns(**{name: UtcDateTime() for name in times})


def sql(connection: Connection, template: str) -> TextClause:
    """The statement in this connection's dialect."""
    return _prepared(connection.dialect.name, template)


def sql_times(connection: Connection, template: str, *times: str) -> TextualSelect:
    """The same for one that returns rows, with the columns that are times."""
    return _with_times(connection.dialect.name, template, times)
