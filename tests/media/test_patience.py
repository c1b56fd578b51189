"""Peers that hold their place: they read nothing, send a byte now and then, or push the same file twice at once."""

from __future__ import annotations

import socket
import ssl
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from dsm_desktop.media import exchange
from dsm_desktop.media.access_log import Row
from tests.media.kit import BMC, Beside, ask, keys, media_beside

SIZE = 64 << 20


def _dial(url: str) -> socket.socket:
    parts = urlsplit(url)
    assert parts.hostname
    plain = socket.create_connection((parts.hostname, parts.port or 0), 10, source_address=(BMC, 0))
    if parts.scheme == "http":
        return plain
    context = ssl.create_default_context(cadata=keys().certificate)
    context.check_hostname = False
    return context.wrap_socket(plain)


def _row(beside: Beside) -> Row:
    """The first row that is logged; the peer holds its connection meanwhile."""
    deadline = time.monotonic() + 60
    while not beside.rows:
        assert time.monotonic() < deadline, "the peer was not let go"
        time.sleep(0.02)
    return beside.rows[0]


@pytest.mark.parametrize("secure", [False, True], ids=["http", "https"])
def test_a_reader_that_takes_nothing_is_let_go(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, secure: bool
) -> None:
    """Its image is larger than all buffers between, so the server stands in the middle of sending."""
    monkeypatch.setattr(exchange, "IDLE_SECONDS", 1.0)
    iso = tmp_path / "big.iso"
    with iso.open("wb") as file:
        file.truncate(SIZE)
    with media_beside() as beside:
        url = beside.media.offer(iso, job_id=7, addresses=[BMC], secure=secure).url
        with _dial(url) as peer:
            peer.sendall(f"GET {urlsplit(url).path} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
            row = _row(beside)
    assert row.first.status == 200
    assert row.bytes < SIZE
    assert "went away" in row.first.error or "ended early" in row.first.error


def test_an_upload_that_drips_ends_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each byte comes soon enough, the request as a whole never does."""
    monkeypatch.setattr(exchange, "REQUEST_SECONDS", 1.0)
    with media_beside() as beside:
        box = beside.media.receive("profile.xml", job_id=7, addresses=[BMC], secure=False)
        with _dial(box.url) as peer:
            peer.sendall(
                f"PUT {urlsplit(box.url).path} HTTP/1.1\r\nHost: a\r\nContent-Length: 9999\r\n\r\n".encode()
            )
            deadline = time.monotonic() + 60
            while not beside.rows:
                assert time.monotonic() < deadline, "the dripping peer keeps its place"
                try:
                    peer.sendall(b"x")
                except OSError:
                    break  # hung up, as it should be
                time.sleep(0.05)
            assert "too long" in _row(beside).first.error
        assert box.content() is None
        assert ask(box.url, "PUT", body=b"whole").status == 201, "the place is free again"


def test_a_second_upload_of_the_same_file_at_once_is_refused() -> None:
    """However many connections push, one body of a file stands in memory."""
    with media_beside() as beside:
        box = beside.media.receive("profile.xml", job_id=7, addresses=[BMC], secure=False)
        with _dial(box.url) as first:
            head = f"PUT {urlsplit(box.url).path} HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\nExpect: 100-continue\r\n\r\n"
            first.sendall(head.encode())
            assert first.recv(100).startswith(b"HTTP/1.1 100")
            deadline = time.monotonic() + 60
            while ask(box.url, "PUT", body=b"second").status != 409:
                assert time.monotonic() < deadline, "two bodies were read side by side"
            first.sendall(b"thefirst")
            assert first.recv(100).startswith(b"HTTP/1.1 201")
        assert box.content() == b"thefirst"
