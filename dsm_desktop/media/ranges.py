"""Which part of a file a request asks for: RFC 9110 §14, single ranges."""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.utils import formatdate, parsedate_to_datetime

_RANGE = re.compile(r"bytes=\s*(\d*)\s*-\s*(\d*)\s*\Z", re.IGNORECASE)
_DIGITS = 18
"""More digits than any file's size has."""


class Unsatisfiable(Exception):
    """The range lies outside the file: 416."""


@dataclass(frozen=True, slots=True)
class Part:
    """`length` bytes from `start`. `whole` = the answer is 200 with the whole file, else 206."""

    start: int
    length: int
    whole: bool


def wanted_part(header: str | None, size: int) -> Part:
    """The part a Range header asks for. Several ranges, other units and nonsense get the whole file, as the RFC allows.

    Raises Unsatisfiable.
    """
    match = _RANGE.match(header.strip()) if header else None
    if match is None or not (match[1] or match[2]) or max(len(match[1]), len(match[2])) > _DIGITS:
        return Part(0, size, whole=True)
    if not match[1]:
        last = int(match[2])
        if last == 0 or size == 0:
            raise Unsatisfiable
        length = min(last, size)
        return Part(size - length, length, whole=False)
    first = int(match[1])
    end = int(match[2]) if match[2] else size - 1
    if match[2] and end < first:
        return Part(0, size, whole=True)
    if first >= size:
        raise Unsatisfiable
    return Part(first, min(end, size - 1) - first + 1, whole=False)


def etag(size: int, modified_ns: int) -> str:
    """A strong validator of a file as it lies on disk."""
    return f'"{modified_ns:x}-{size:x}"'


def http_date(modified_ns: int) -> str:
    """Last-Modified of a file."""
    return formatdate(modified_ns // 1_000_000_000, usegmt=True)


def still_the_same(if_range: str | None, tag: str, modified_ns: int) -> bool:
    """Whether a range may be answered: no If-Range, or one that names this very file by its tag or its date."""
    if not if_range:
        return True
    if if_range.startswith(('"', "W/")):
        return if_range == tag
    try:
        return int(parsedate_to_datetime(if_range).timestamp()) == modified_ns // 1_000_000_000
    except ValueError:
        return False


def unchanged(if_none_match: str | None, tag: str) -> bool:
    """Whether the client has this very file already: 304."""
    if not if_none_match:
        return False
    tags = {part.strip().removeprefix("W/") for part in if_none_match.split(",")}
    return tag in tags or "*" in tags
