"""Tags on servers: words of the operators' own."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, insert, select

from dsm_desktop.core.access import Permission, Principal
from dsm_desktop.core.errors import BadInput
from dsm_desktop.store import audit
from dsm_desktop.store.models import Base, Server, ServerTag
from dsm_desktop.store.unit_of_work import UnitOfWork

LONGEST = 60
_BATCH = 500


def clean_tag(tag: str) -> str:
    """A tag as it is stored: one word without comma, quotation mark or blanks, so that a filter can name it. BadInput."""
    word = "-".join(tag.split())
    if not word or len(word) > LONGEST or set(word) & set(",\"'()*?") or word.startswith("-"):
        raise BadInput(
            f"'{tag}' cannot be a tag.",
            hint=f"Use a word of at most {LONGEST} characters without comma, quotation mark, bracket or star.",
        )
    return word


def add_tags(uow: UnitOfWork, who: Principal, server_ids: Sequence[int], tags: Sequence[str]) -> None:
    """Put every tag on every server that does not have it."""
    who.require(Permission.CONFIGURE, "tag servers")
    words = sorted({clean_tag(tag) for tag in tags})
    _put(uow, server_ids, words)
    _tell(uow, who, "tags.add", server_ids, words)


def remove_tags(uow: UnitOfWork, who: Principal, server_ids: Sequence[int], tags: Sequence[str]) -> None:
    """Take the tags off the servers."""
    who.require(Permission.CONFIGURE, "take tags off servers")
    for ids in _batches(server_ids):
        uow.session.execute(
            delete(ServerTag).where(ServerTag.server_id.in_(ids), ServerTag.tag.in_(list(tags)))
        )
    _tell(uow, who, "tags.remove", server_ids, tags)


def set_tags(uow: UnitOfWork, who: Principal, server_ids: Sequence[int], tags: Sequence[str]) -> None:
    """The servers have these tags and no others."""
    who.require(Permission.CONFIGURE, "tag servers")
    words = sorted({clean_tag(tag) for tag in tags})
    for ids in _batches(server_ids):
        uow.session.execute(delete(ServerTag).where(ServerTag.server_id.in_(ids)))
    _put(uow, server_ids, words)
    _tell(uow, who, "tags.set", server_ids, words)


def rename_tag(uow: UnitOfWork, who: Principal, old: str, new: str) -> int:
    """Rename a tag everywhere (two become one where the new one exists); returns on how many servers."""
    who.require(Permission.CONFIGURE, "rename tags")
    word = clean_tag(new)
    ids = list(uow.session.scalars(select(ServerTag.server_id).where(ServerTag.tag == old)))
    if word != old:
        uow.session.execute(delete(ServerTag).where(ServerTag.tag == old))
        _put(uow, ids, [word])
        _tell(uow, who, "tags.rename", ids, [old, word])
    return len(ids)


def _put(uow: UnitOfWork, server_ids: Sequence[int], words: Sequence[str]) -> None:
    table = Base.metadata.tables["server_tags"]
    for ids in _batches(server_ids):
        there = set(uow.session.scalars(select(Server.id).where(Server.id.in_(ids))))
        pairs = select(ServerTag.server_id, ServerTag.tag).where(ServerTag.server_id.in_(ids))
        have = {(server_id, tag) for server_id, tag in uow.session.execute(pairs)}
        rows = [{"server_id": i, "tag": w} for i in sorted(there) for w in words if (i, w) not in have]
        if rows:
            uow.session.execute(insert(table), rows)


def _batches(ids: Sequence[int]) -> list[list[int]]:
    return [list(ids[start : start + _BATCH]) for start in range(0, len(ids), _BATCH)]


def _tell(uow: UnitOfWork, who: Principal, action: str, ids: Sequence[int], tags: Sequence[str]) -> None:
    audit.append(uow, who.name, action, f"{len(ids)} servers", tags=list(tags))
    uow.changed("servers", "changed", *ids)
