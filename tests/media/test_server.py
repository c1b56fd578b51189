"""The media server over real sockets: what is served, exactly how, and to whom."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from dsm_desktop.media.listener import MOST_STRANGERS, PortTaken
from dsm_desktop.media.offers import NotServable
from dsm_desktop.store.media import ServedMount
from tests.media.kit import BMC, Beside, ask, connect, media_beside, raw

SIZE = 3_000_017
STRANGER = "127.94.0.9"


@pytest.fixture
def beside() -> Iterator[Beside]:
    with media_beside() as beside:
        yield beside


@pytest.fixture(scope="module")
def iso(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("library") / "ESXi 8.0u3.iso"
    path.write_bytes(os.urandom(SIZE))
    return path


@pytest.mark.parametrize("secure", [False, True], ids=["http", "https"])
def test_whole_file_head_and_ranges_on_one_kept_connection(beside: Beside, iso: Path, secure: bool) -> None:
    url = beside.media.offer(iso, job_id=7, addresses=[BMC], secure=secure).url
    content = iso.read_bytes()
    assert url.startswith("https://" if secure else "http://")
    connection = connect(url)
    whole = ask(url, on=connection)
    first_socket = connection.sock
    assert (whole.status, whole.body == content) == (200, True)
    assert whole.heads["Content-Length"] == str(SIZE)
    assert whole.heads["Accept-Ranges"] == "bytes"
    head = ask(url, "HEAD", on=connection)
    assert (head.status, head.body, head.heads["Content-Length"]) == (200, b"", str(SIZE))
    for text, start, end in [
        ("bytes=0-0", 0, 0),
        ("bytes=5-99", 5, 99),
        ("bytes=1048570-2097160", 1_048_570, 2_097_160),
        (f"bytes={SIZE - 1}-", SIZE - 1, SIZE - 1),
        ("bytes=-10", SIZE - 10, SIZE - 1),
        (f"bytes=-{SIZE * 2}", 0, SIZE - 1),
        (f"bytes=100-{SIZE * 2}", 100, SIZE - 1),
    ]:
        part = ask(url, Range=text, on=connection)
        assert part.status == 206, text
        assert part.heads["Content-Range"] == f"bytes {start}-{end}/{SIZE}"
        assert part.body == content[start : end + 1]
    assert connection.sock is first_socket
    connection.close()


@pytest.mark.parametrize("text", ["bytes=0-1,5-9", "bytes=9-5", "bytes=-", "lines=1-2", "bytes=a-b", "bytes"])
def test_what_is_no_single_range_gets_the_whole_file(beside: Beside, iso: Path, text: str) -> None:
    url = beside.media.offer(iso, job_id=7, addresses=[BMC]).url
    answer = ask(url, Range=text)
    assert (answer.status, len(answer.body)) == (200, SIZE)


@pytest.mark.parametrize("text", [f"bytes={SIZE}-", "bytes=-0", f"bytes={SIZE + 5}-{SIZE + 9}"])
def test_a_range_outside_the_file_is_416_and_the_connection_lives(
    beside: Beside, iso: Path, text: str
) -> None:
    url = beside.media.offer(iso, job_id=7, addresses=[BMC]).url
    connection = connect(url)
    answer = ask(url, Range=text, on=connection)
    assert (answer.status, answer.heads["Content-Range"]) == (416, f"bytes */{SIZE}")
    assert ask(url, Range="bytes=0-9", on=connection).status == 206
    connection.close()


def test_etag_if_range_and_if_none_match(beside: Beside, iso: Path) -> None:
    url = beside.media.offer(iso, job_id=7, addresses=[BMC]).url
    head = ask(url, "HEAD")
    tag, date = head.heads["ETag"], head.heads["Last-Modified"]
    assert ask(url, If_None_Match=tag).status == 304
    assert ask(url, If_None_Match='"other"').status == 200
    for validator, status in [
        (tag, 206),
        ('"other"', 200),
        (date, 206),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 200),
        ("x", 200),
    ]:
        assert ask(url, Range="bytes=0-9", If_Range=validator).status == status, validator


def test_only_the_jobs_servers_get_it_by_its_exact_name(beside: Beside, iso: Path) -> None:
    url = beside.media.offer(iso, job_id=7, addresses=[BMC], server_id=3).url
    base, name = url.rsplit("/", 1)
    (iso.parent / "secret.txt").write_text("no", encoding="ascii")
    assert ask(url, source=STRANGER).status == 404
    for wrong in (
        f"{base}/{name.lower()}",
        f"{base}/secret.txt",
        f"{base}/",
        base,
        f"{base}/../{iso.parent.name}/{name}",
        f"{base}/%2e%2e/{iso.parent.name}/{name}",
        f"{base}/..%2f{iso.parent.name}%2f{name}",
        f"{base}/{name}/x",
        url[: -len(name) - 2] + "A/" + name,
    ):
        assert ask(wrong).status == 404, wrong
    assert ask(url, "PUT", body=b"x").status == 404
    logged = beside.logged()
    token = urlsplit(url).path.split("/")[1]
    assert (BMC, "PUT", f"/job 7/{iso.name}", 404, 0) in logged
    assert (STRANGER, "GET", "(not offered to this address)", 404, 0) in logged
    assert not [row for row in logged if token in str(row)]


def test_strangers_cannot_take_the_places_of_the_servers(beside: Beside, iso: Path) -> None:
    url = beside.media.offer(iso, job_id=7, addresses=[BMC]).url
    parts = urlsplit(url)
    assert parts.port
    idle = [
        socket.create_connection(("127.0.0.1", parts.port), 10, source_address=(STRANGER, 0))
        for _ in range(MOST_STRANGERS + 20)
    ]
    try:
        assert ask(url, Range="bytes=0-9").status == 206
        # The last of them are hung up on at once.
        assert idle[-1].recv(1) == b""
    finally:
        for connection in idle:
            connection.close()


def test_the_log_sums_equal_requests_up_and_knows_job_and_server(beside: Beside, iso: Path) -> None:
    url = beside.media.offer(iso, job_id=7, addresses=[BMC], server_id=3).url
    connection = connect(url)
    for start in range(0, 100_000, 1000):
        assert ask(url, Range=f"bytes={start}-{start + 999}", on=connection).status == 206
    connection.close()
    beside.media.close()
    mine = [r for r in beside.rows if r.first.status == 206]
    assert sum(r.requests for r in mine) == 100
    assert sum(r.bytes for r in mine) == 100_000
    assert len(mine) <= 2
    assert {(r.first.job_id, r.first.server_id) for r in mine} == {(7, 3)}


def test_the_port_is_open_only_while_something_is_offered(beside: Beside, iso: Path, tmp_path: Path) -> None:
    other = tmp_path / "b.iso"
    other.write_bytes(b"b" * 1000)
    assert beside.media.listening is None
    first = beside.media.offer(iso, job_id=7, addresses=[BMC, STRANGER]).url
    second = beside.media.offer(other, job_id=8, addresses=[BMC]).url
    assert urlsplit(first).path.split("/")[1] != urlsplit(second).path.split("/")[1]
    port = beside.media.listening
    beside.media.withdraw(7, [STRANGER])
    assert ask(first, source=STRANGER).status == 404
    assert ask(first).status == 200
    beside.media.withdraw(7)
    assert ask(first).status == 404
    beside.media.withdraw(8)
    assert beside.media.listening is None
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", port or 0), 2)


def test_the_same_job_gets_the_same_url_after_a_restart(iso: Path) -> None:
    urls = []
    for _ in range(2):
        with media_beside() as beside:
            urls.append(urlsplit(beside.media.offer(iso, job_id=7, addresses=[BMC]).url).path)
            assert urlsplit(beside.media.offer(iso, job_id=8, addresses=[BMC]).url).path != urls[0]
    assert urls[0] == urls[1]


def test_a_file_changed_after_it_was_offered_is_not_served(beside: Beside, tmp_path: Path) -> None:
    path = tmp_path / "BIOS.EXE"
    path.write_bytes(b"good")
    url = beside.media.offer(path, job_id=7, addresses=[BMC]).url
    path.write_bytes(b"evil!")
    assert ask(url).status == 404


def test_a_folder_is_served_without_listing_and_without_a_way_out(beside: Beside, tmp_path: Path) -> None:
    folder = tmp_path / "repo"
    (folder / "FOLDER1").mkdir(parents=True)
    (folder / "Catalog.xml.gz").write_bytes(b"catalogue")
    (folder / "FOLDER1" / "Bios.EXE").write_bytes(b"package")
    (tmp_path / "outside").write_bytes(b"no")
    (folder / "link").symlink_to(tmp_path / "outside")
    os.mkfifo(folder / "pipe")
    url = beside.media.offer(folder, job_id=7, addresses=[BMC]).url
    assert url.endswith("/repo/")
    assert ask(url + "Catalog.xml.gz").body == b"catalogue"
    assert ask(url + "FOLDER1/Bios.EXE").body == b"package"
    for wrong in (
        "",
        "FOLDER1",
        "FOLDER1/",
        "folder1/Bios.EXE",
        "FOLDER1/bios.exe",
        "link",
        "pipe",
        "../outside",
        "%2e%2e/outside",
    ):
        assert ask(url + wrong).status == 404, wrong


def test_a_withdrawn_transfer_ends_at_once(tmp_path: Path) -> None:
    path = tmp_path / "big.iso"
    with path.open("wb") as file:
        file.truncate(64 << 20)
    with media_beside(limit_mb=4) as beside:
        url = beside.media.offer(path, job_id=7, addresses=[BMC]).url
        keep = beside.media.offer(path, job_id=8, addresses=[BMC])
        connection = connect(url)
        connection.request("GET", urlsplit(url).path)
        answer = connection.getresponse()
        assert len(answer.read(1000)) == 1000
        beside.media.withdraw(7)
        got = 1000
        try:
            while chunk := answer.read1(1 << 20):
                got += len(chunk)
        except OSError:
            pass  # cut in the middle is as good
        connection.close()
        assert got < 32 << 20
        assert keep.size == 64 << 20


def test_the_bandwidth_limit_is_kept_by_all_readers_together(tmp_path: Path) -> None:
    path = tmp_path / "a.iso"
    path.write_bytes(bytes(3_000_000))
    with media_beside(limit_mb=4) as beside:
        url = beside.media.offer(path, job_id=7, addresses=[BMC]).url
        began = time.monotonic()
        readers = [threading.Thread(target=lambda: ask(url)) for _ in range(2)]
        for reader in readers:
            reader.start()
        for reader in readers:
            reader.join()
        # 6 MB at 4 MB/s; the lower bound alone is certain on a busy machine.
        assert time.monotonic() - began > 1.0


def test_an_upload_arrives_whole_or_not_at_all(beside: Beside) -> None:
    box = beside.media.receive("profile.xml", job_id=7, addresses=[BMC], limit=1000, secure=False)
    assert box.content() is None
    assert ask(box.url, "PUT", body=b"x" * 1001).status == 413
    assert ask(box.url.replace("profile", "other"), "PUT", body=b"x").status == 404
    assert ask(box.url, "PUT", body=b"x", source=STRANGER).status == 404
    path = urlsplit(box.url).path
    raw(box.url, f"PUT {path} HTTP/1.1\r\nHost: a\r\nContent-Length: 500\r\n\r\nshort".encode())
    raw(
        box.url,
        f"PUT {path} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n".encode() + b"x" * 1001,
    )
    assert box.content() is None
    assert ask(box.url, "POST", body=b"<SystemConfiguration/>").status == 201
    assert box.wait(60)
    assert box.content() == b"<SystemConfiguration/>"
    assert ask(box.url, "PUT", body=iter([b"in", b"pieces"])).status == 201
    assert box.content() == b"inpieces"
    assert ask(box.url).status == 404, "what was pushed is not handed out"


def test_uploads_go_over_https_by_default(beside: Beside) -> None:
    box = beside.media.receive("profile.xml", job_id=7, addresses=[BMC])
    assert box.url.startswith("https://")
    assert ask(box.url, "PUT", body=b"secret").status == 201
    assert "secret" not in repr(box)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"\r\n\r\n",
        b"GET\r\n\r\n",
        b"\x16\x03\x01junk",
        b"GET / HTTP/9.9\r\n\r\n",
        b"A" * 70_000,
        b"BREW / HTTP/1.1\r\n\r\n",
    ],
)
def test_nonsense_ends_the_connection_and_nothing_else(beside: Beside, iso: Path, text: bytes) -> None:
    url = beside.media.offer(iso, job_id=7, addresses=[BMC]).url
    try:
        answer = raw(url, text)
    except ConnectionError:
        answer = b""
    assert b"200" not in answer[:20]
    assert ask(url, Range="bytes=0-9").status == 206


def test_what_a_stranger_writes_stands_in_no_row(beside: Beside, iso: Path) -> None:
    url = beside.media.offer(iso, job_id=7, addresses=[BMC]).url
    for n in range(20):
        raw(url, f"NONSENSE{n} / HTTP/1.1\r\n\r\n".encode(), source="127.94.0.9")
        raw(url, f"GET / FILL-THE-DISK-{n}\r\n\r\n".encode(), source="127.94.0.9")
    assert len({row[:4] for row in beside.logged()}) <= 4
    assert not any("NONSENSE" in str(row) or "FILL" in str(row) for row in beside.rows)


def test_what_cannot_be_served_is_refused_and_leaves_no_open_port(beside: Beside, tmp_path: Path) -> None:
    with pytest.raises(NotServable):
        beside.media.offer(tmp_path / "missing.iso", job_id=7, addresses=[BMC])
    os.mkfifo(tmp_path / "pipe")
    assert beside.media.listening is None


def test_a_taken_port_says_so(beside: Beside, iso: Path) -> None:
    with socket.create_server(("", 0)) as other:
        beside.settings = beside.settings.model_copy(update={"port": other.getsockname()[1]})
        with pytest.raises(PortTaken, match=str(other.getsockname()[1])):
            beside.media.offer(iso, job_id=7, addresses=[BMC])


def test_mounted_media_are_served_again_after_a_restart_until_they_are_ejected(
    beside: Beside, iso: Path
) -> None:
    url = urlsplit(beside.media.offer(iso, job_id=7, addresses=[BMC]).url).path
    beside.media.close()
    beside.mounts = [ServedMount(7, 3, BMC, str(iso))]
    beside.media.serve_mounts()
    beside.media.serve_mounts()
    assert ask(f"http://127.0.0.1:{beside.media.listening}{url}").status == 200
    beside.mounts = []
    beside.media.serve_mounts()
    assert beside.media.listening is None


def test_the_address_can_be_set_for_the_site(iso: Path) -> None:
    with media_beside(address="files.site.example", https=True) as beside:
        url = beside.media.offer(iso, job_id=7, addresses=[BMC]).url
        assert url.startswith(f"https://files.site.example:{beside.media.listening}/")
