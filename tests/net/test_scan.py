"""Ranges as people write them, and a scanner that misses nobody."""

from __future__ import annotations

import contextlib
import random
import socket

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsm_desktop.core.errors import BadInput
from dsm_desktop.net.ranges import Ranges, parse_ranges, ranges_from_csv
from dsm_desktop.net.scan import ScanCount, _Scan, _Selector, scan


@pytest.mark.parametrize(
    ("text", "count", "first", "last"),
    [
        ("10.0.0.7", 1, "10.0.0.7", "10.0.0.7"),
        ("10.0.0.0/24", 254, "10.0.0.1", "10.0.0.254"),
        ("10.0.0.9/24", 254, "10.0.0.1", "10.0.0.254"),
        ("10.0.0.0/31", 2, "10.0.0.0", "10.0.0.1"),
        ("10.0.0.5-9", 5, "10.0.0.5", "10.0.0.9"),
        ("10.0.0.250 - 10.0.1.5", 12, "10.0.0.250", "10.0.1.5"),
        ("10.0.0.1, 10.0.0.2;10.0.0.1\n10.0.0.3 # rack 4", 3, "10.0.0.1", "10.0.0.3"),
        ("10.0.0.1-20 10.0.0.10-30", 30, "10.0.0.1", "10.0.0.30"),
        ("fd00::10-fd00::1f", 16, "fd00::10", "fd00::1f"),
        ("fd00::/124", 15, "fd00::1", "fd00::f"),
    ],
)
def test_ranges(text: str, count: int, first: str, last: str) -> None:
    ranges = parse_ranges(text)
    found = list(ranges)
    assert (len(ranges), len(found), found[0], found[-1]) == (count, count, first, last)
    assert first in ranges
    assert "192.0.2.1" not in ranges


@pytest.mark.parametrize(
    "text",
    ["", "  # nothing", "10.0.0", "10.0.0.0/33", "10.0.0.9-5", "host.example", "10.0.0.1-fd00::1", "fd00::/64", "10.0.0.0/8",
     "fd00::-fd00:0:1::", "10.0.0.1-", "1.2.3.4/", "-", "10.0.0.1-300"],
)  # fmt: skip
def test_ranges_that_are_none_say_why(text: str) -> None:
    with pytest.raises(BadInput) as caught:
        parse_ranges(text)
    assert caught.value.hint


@given(st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 60)), min_size=1, max_size=12))
@settings(max_examples=60, deadline=None)
def test_ranges_are_the_union_of_their_parts(spans: list[tuple[int, int]]) -> None:
    def address(n: int) -> str:
        return f"10.1.{n // 256}.{n % 256}"

    expected = {address(n) for first, more in spans for n in range(first, first + more + 1)}
    ranges = parse_ranges(",".join(f"{address(a)}-{address(a + n)}" for a, n in spans))
    found = list(ranges)
    assert set(found) == expected
    assert len(found) == len(ranges) == len(expected)


def test_csv_by_heading_and_by_number() -> None:
    text = "\ufeffName;iDRAC IP;Rack\r\nr1;10.0.0.1;A\r\nr2;10.0.0.5-6;B\r\nr3;;C\r\n"
    assert list(ranges_from_csv(text, "idrac ip")) == ["10.0.0.1", "10.0.0.5", "10.0.0.6"]
    assert list(ranges_from_csv("10.0.0.1,x\n10.0.0.2,y\n", "1")) == ["10.0.0.1", "10.0.0.2"]
    with pytest.raises(BadInput, match="no column") as caught:
        ranges_from_csv(text, "address")
    assert "idrac ip" in caught.value.hint
    with pytest.raises(BadInput, match="line 3"):
        ranges_from_csv("ip,n\n10.0.0.1,a\nnonsense,b\n", "ip")
    with pytest.raises(BadInput, match="empty"):
        ranges_from_csv("", "ip")


def listeners(count: int, seed: int) -> tuple[contextlib.ExitStack, int, set[str]]:
    """Listening sockets at random addresses of 127.90.0.0/20, all on one port."""
    stack = contextlib.ExitStack()
    hosts = random.Random(seed).sample(range(1, 4095), count)
    port = 0
    found = set()
    for n in hosts:
        address = f"127.90.{n // 256}.{n % 256}"
        sock = stack.enter_context(socket.socket())
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((address, port))
        port = sock.getsockname()[1]
        sock.listen(8)
        found.add(address)
    return stack, port, found


def test_every_listener_is_found_and_nothing_else() -> None:
    stack, port, expected = listeners(200, 1)
    progress: list[int] = []
    with stack:
        found: list[str] = []
        ranges = parse_ranges("127.90.0.0/20")
        count = scan(
            ranges, port, found.append, total=len(ranges), on_progress=lambda c: progress.append(c.tried)
        )
    assert set(found) == expected
    assert len(found) == len(expected)
    assert (count.open, count.tried, count.refused) == (200, 4094, 3894)
    assert progress[-1] == 4094


def test_the_portable_poller_finds_the_same() -> None:
    stack, port, expected = listeners(50, 2)
    with stack:
        found: list[str] = []
        run = _Scan(port, found.append, ScanCount(), 1.25, 400)
        run.poller.close()
        run.poller = _Selector()
        run.all(iter(parse_ranges("127.90.0.0/20")), lambda: False, lambda count: None)
        run.close()
    assert set(found) == expected


def full_backlog() -> tuple[contextlib.ExitStack, str, int]:
    """A listener whose queue is full: Linux drops further SYNs, so it is silent."""
    stack = contextlib.ExitStack()
    listener = stack.enter_context(socket.socket())
    listener.bind(("127.91.0.1", 0))
    listener.listen(0)
    port = listener.getsockname()[1]
    for _ in range(4):
        sock = stack.enter_context(socket.socket())
        sock.setblocking(False)
        sock.connect_ex(("127.91.0.1", port))
    return stack, "127.91.0.1", port


def test_silence_is_silence_and_a_cancel_is_heard() -> None:
    stack, address, port = full_backlog()
    with stack:
        count = scan([address], port, lambda found: None, timeout=0.2)
        assert (count.silent, count.open) == (1, 0)
        asked = iter([False, False, True])
        count = scan([address] * 3, port, lambda found: None, timeout=60, cancelled=lambda: next(asked, True))
        assert count.cancelled


def test_addresses_out_of_reach_are_no_crash() -> None:
    count = scan(["255.255.255.255", "0.0.0.0", "::1"], 9, lambda found: None, timeout=0.2)
    assert count.tried == 3
    assert count.open == 0
    assert isinstance(parse_ranges("::1"), Ranges)
