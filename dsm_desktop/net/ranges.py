"""Which addresses to scan: CIDR, hyphen, single and list, IPv4 and IPv6, from a form or from a CSV file."""

from __future__ import annotations

import csv
import io
import ipaddress
import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass

from dsm_desktop.core.errors import BadInput

MAX_ADDRESSES = 1 << 20
"""Addresses of one scan: a /12. More is a typing mistake far more often than a wish."""
MAX_IPV6 = 1 << 16
"""Addresses of one IPv6 network: a /112. Larger ones cannot be found by trying."""
_SPLIT = re.compile(r"[,;\s]+")
_HYPHEN = re.compile(r"\s*[-–]\s*")
_HINT = "Examples: 10.0.0.0/24, 10.0.0.5-10.0.0.90, 10.0.0.5-90, 10.0.0.7, fd00::10-fd00::20"
_Span = tuple[int, int, int]
_SHORT = 40
_FEW = 3


@dataclass(frozen=True, slots=True)
class Ranges:
    """Addresses as sorted spans (version, first, last) that do not overlap. Iterating gives text, in order, lazily."""

    spans: tuple[_Span, ...]

    def __len__(self) -> int:
        return sum(last - first + 1 for _, first, last in self.spans)

    def __iter__(self) -> Iterator[str]:
        for version, first, last in self.spans:
            family, size = (socket.AF_INET, 4) if version == 4 else (socket.AF_INET6, 16)
            for value in range(first, last + 1):
                yield socket.inet_ntop(family, value.to_bytes(size, "big"))

    def __contains__(self, address: object) -> bool:
        try:
            ip = ipaddress.ip_address(str(address))
        except ValueError:
            return False
        return any(v == ip.version and first <= int(ip) <= last for v, first, last in self.spans)


def parse_ranges(text: str, *, limit: int = MAX_ADDRESSES) -> Ranges:
    """Ranges of a list separated by commas, semicolons, blanks or new lines; "#" starts a comment. Each address once.

    A network gives its hosts (without network and broadcast address, as far as it has more than two). Raises BadInput.
    """
    spans: list[_Span] = []
    for line in text.splitlines():
        content = _HYPHEN.sub("-", line.partition("#")[0]).strip()
        spans += [_span(item) for item in _SPLIT.split(content) if item]
    return _joined(spans, limit)


def words_of(ranges: Ranges, typed: str) -> str:
    """For a title: what was typed where that is short, else "10.0.0.5 to 10.0.3.9 (40 addresses)"."""
    short = " ".join(typed.split())
    if len(short) <= _SHORT or len(ranges) < _FEW:
        return short
    whole = iter(Ranges((ranges.spans[0],)))
    version, _, last = ranges.spans[-1]
    end = next(iter(Ranges(((version, last, last),))))
    return f"{next(whole)} to {end} ({len(ranges):,} addresses)"


def ranges_from_csv(text: str, column: str, *, limit: int = MAX_ADDRESSES) -> Ranges:
    """Ranges out of one column of a CSV file, by its heading (any case) or its number from 1. Raises BadInput with the line."""
    try:
        dialect = csv.Sniffer().sniff(text[:4096], delimiters=",;\t")
    except csv.Error:
        dialect = csv.excel
    rows = list(csv.reader(io.StringIO(text.lstrip("\ufeff")), dialect))
    if not rows:
        raise BadInput("the file is empty", hint="Choose a CSV file with a column of addresses.")
    headings = [cell.strip().lower() for cell in rows[0]]
    if column.strip().lower() in headings:
        index, first = headings.index(column.strip().lower()), 1
    elif column.strip().isdecimal() and 0 < int(column) <= max(map(len, rows)):
        index = int(column) - 1
        first = 0 if index < len(rows[0]) and _is_address(rows[0][index]) else 1
    else:
        raise BadInput(f"there is no column “{column}”", hint=f"The columns are: {', '.join(headings)}")
    spans: list[_Span] = []
    for number, row in enumerate(rows[first:], first + 1):
        cell = row[index].strip() if index < len(row) else ""
        try:
            spans += [_span(item) for item in _SPLIT.split(_HYPHEN.sub("-", cell)) if item]
        except BadInput as error:
            raise BadInput(f"line {number}: {error.message}", hint=error.hint) from error
    return _joined(spans, limit)


def _is_address(cell: str) -> bool:
    try:
        _span(cell.strip())
    except BadInput:
        return False
    return True


def _span(item: str) -> _Span:
    try:
        if "/" in item:
            return _network(item)
        if "-" in item:
            return _hyphen(item)
        ip = ipaddress.ip_address(item)
    except ValueError as error:
        raise BadInput(f"“{item[:80]}” is not an address or range", hint=_HINT) from error
    return ip.version, int(ip), int(ip)


def _network(item: str) -> _Span:
    network = ipaddress.ip_network(item, strict=False)
    first, last = int(network.network_address), int(network.broadcast_address)
    if network.version == 6 and network.num_addresses > MAX_IPV6:
        raise BadInput(
            f"“{item}” has too many addresses to try", hint="Use /112 or smaller, or list the addresses."
        )
    if network.num_addresses > 2:
        return network.version, first + 1, last - (network.version == 4)
    return network.version, first, last


def _hyphen(item: str) -> _Span:
    start, _, end = item.partition("-")
    first = ipaddress.ip_address(start)
    if end.isdecimal() and first.version == 4:
        end = f"{start.rpartition('.')[0]}.{end}"
    last = ipaddress.ip_address(end)
    if first.version != last.version or int(last) < int(first):
        raise BadInput(f"“{item}” ends before it begins", hint=_HINT)
    if first.version == 6 and int(last) - int(first) >= MAX_IPV6:
        raise BadInput(
            f"“{item}” has too many addresses to try", hint=f"At most {MAX_IPV6} IPv6 addresses in one range."
        )
    return first.version, int(first), int(last)


def _joined(spans: list[_Span], limit: int) -> Ranges:
    merged: list[_Span] = []
    for version, first, last in sorted(spans):
        if merged and merged[-1][0] == version and first <= merged[-1][2] + 1:
            merged[-1] = (version, merged[-1][1], max(last, merged[-1][2]))
        else:
            merged.append((version, first, last))
    ranges = Ranges(tuple(merged))
    total = sum(last - first + 1 for _, first, last in merged)
    if not total:
        raise BadInput("no address was given", hint=_HINT)
    if total > limit:
        raise BadInput(
            f"{total:,} addresses are more than one scan takes ({limit:,})", hint="Split the ranges."
        )
    return ranges
