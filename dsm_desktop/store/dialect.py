"""The few words in which the two databases differ, for statements that are written out because they are hot."""

from __future__ import annotations

from functools import lru_cache

from sqlalchemy import Connection

_SQLITE_FORMAT = "'%Y-%m-%d %H:%M:%f000'"


class Words:
    """SQL snippets of one dialect: `now` and `after("name")` = now plus the bound number of seconds."""

    def __init__(self, name: str) -> None:
        self.sqlite = name == "sqlite"
        # statement_timestamp() is stable and may bound an index scan; clock_timestamp() may not.
        self.now = f"strftime({_SQLITE_FORMAT}, 'now')" if self.sqlite else "statement_timestamp()"
        self.skip_locked = "" if self.sqlite else "FOR UPDATE SKIP LOCKED"

    def after(self, seconds: str) -> str:
        """Now plus the bound parameter `seconds` (at least 0)."""
        if self.sqlite:
            return f"strftime({_SQLITE_FORMAT}, 'now', '+' || CAST(:{seconds} AS TEXT) || ' seconds')"
        return f"statement_timestamp() + make_interval(secs => CAST(:{seconds} AS double precision))"


@lru_cache
def words_for(name: str) -> Words:
    return Words(name)


def words(connection: Connection) -> Words:
    """The snippets of this connection's database."""
    return words_for(connection.dialect.name)
