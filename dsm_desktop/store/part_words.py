"""The words parts are found by, the same on both databases.

A part is indexed under its words in lower case, under each piece of text with its punctuation left out ("e4:43:4b:11:22:33"
and "E4-43-4B-11-22-33" are "e4434b112233"), and serial numbers and MACs also backwards, because people read the last characters off a
label. Every word of a query must begin a word of the part; a leading star asks for the end: "*3456".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Subquery,
    column,
    func,
    insert,
    literal_column,
    select,
    table,
    text,
)

from dsm_desktop.store.models import Base, InventoryPart, PartWords

_WORD = re.compile(r"[^\W_]+")
_BACKWARDS = "zzend"
_MOST_WORDS = 16
_TEXTS = ("name", "slot", "manufacturer", "model", "part_number", "serial_number", "firmware", "part_id")
# Dozens in each server, told apart by number only: they would bury what is looked for.
_UNINTERESTING = ("fan", "temperature")
_CHUNK = 2_000


def squeezed(chunk: str) -> str:
    """A piece of text without punctuation, in lower case."""
    return "".join(_WORD.findall(chunk.lower()))


def words_of(part: Mapping[str, Any]) -> str:
    """What a row of inventory_parts is indexed under; "" = not at all."""
    if part["kind"] in _UNINTERESTING and not part["serial_number"]:
        return ""
    detail = part["detail"] or {}
    texts = [str(part[name]) for name in _TEXTS]
    labels = [part["serial_number"], *(str(v) for k, v in detail.items() if "mac" in k.lower() and v)]
    texts += [*labels[1:], part["kind"], *(str(v) for k, v in detail.items() if k in ("wwn", "description"))]
    found: dict[str, None] = {}
    for chunk in " ".join(texts).lower().split():
        pieces = _WORD.findall(chunk)
        found.update(dict.fromkeys((*pieces, "".join(pieces))))
    for label in labels:
        if ends := squeezed(label)[::-1]:
            found[_BACKWARDS + ends] = None
    return " ".join(word for word in found if word)


def query_words(query: str) -> list[str]:
    """The prefixes a person's text asks for."""
    words = []
    for chunk in query.lower().split()[:_MOST_WORDS]:
        word = squeezed(chunk)
        if word:
            words.append(_BACKWARDS + word[::-1] if chunk.startswith("*") else word)
    return words


def matching(query: str, dialect: str) -> Subquery:
    """Ids of the parts (`part_id`) a query names; it must hold a word. To be joined: so a limit ends the search early."""
    words = query_words(query)
    if dialect == "sqlite":
        found = text("part_words_fts MATCH :words").bindparams(words=" AND ".join(f'"{w}" *' for w in words))
        return (
            select(column("rowid").label("part_id"))
            .select_from(table("part_words_fts"))
            .where(found)
            .subquery()
        )
    wanted = func.to_tsquery(literal_column("'simple'"), " & ".join(f"'{w}':*" for w in words))
    search = literal_column("part_words.search").op("@@", is_comparison=True)
    return select(PartWords.part_id).where(search(wanted)).subquery()


def index_snapshot(connection: Connection, snapshot_id: int) -> None:
    """Index the parts of a new snapshot."""
    _index(connection, _parts(connection, InventoryPart.snapshot_id == snapshot_id))


def index_all(connection: Connection) -> None:
    """Index every part (migration)."""
    last = 0
    while rows := _parts(connection, InventoryPart.id > last, _CHUNK):
        _index(connection, rows)
        last = rows[-1]["id"]


def _parts(connection: Connection, where: ColumnElement[bool], limit: int | None = None) -> list[Any]:
    columns = [getattr(InventoryPart, name) for name in ("id", "kind", "detail", *_TEXTS)]
    query = select(*columns).where(where).order_by(InventoryPart.id).limit(limit)
    return list(connection.execute(query).mappings())


def _index(connection: Connection, parts: Iterable[Mapping[str, Any]]) -> None:
    rows = [{"part_id": part["id"], "words": words} for part in parts if (words := words_of(part))]
    if rows:
        connection.execute(insert(Base.metadata.tables["part_words"]), rows)
