"""Servers by a query: `model:R750 health!=ok fw.bios<2.19 tag:ABC*`. The same in the window, in smart groups, in reports and on the
command line."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from sqlalchemy import Connection

from dsm_desktop.queries.query_language import Language, Query
from dsm_desktop.queries.query_terms import TERMS
from dsm_desktop.queries.server_fields import SERVER_FIELDS, words_of
from dsm_desktop.queries.server_row import ServerRow
from dsm_desktop.queries.servers import list_servers

LANGUAGE = Language(SERVER_FIELDS, TERMS)


@lru_cache(maxsize=500)
def parse_query(text: str) -> Query:
    """Read a query about servers. FilterError says what is wrong and where (`position`, the character from 0)."""
    return Query(text, LANGUAGE)


def matching(connection: Connection, text: str, rows: Sequence[ServerRow] | None = None) -> list[ServerRow]:
    """The servers a query names, of `rows` or of all; every one for an empty query. Raises FilterError."""
    test = parse_query(text).test(connection)
    found = list_servers(connection) if rows is None else rows
    return [row for row in found if test is None or test(row, words_of(row))]
