"""Files to and from a device: block by block, stoppable, and never whole in memory."""

from __future__ import annotations

import email
import email.policy
import socket
import ssl
import threading
import tracemalloc
from pathlib import Path

import pytest

from dsm_desktop.core.errors import BadInput, Cancelled, DsmError
from dsm_desktop.net.answer import BadAnswer
from dsm_desktop.net.limits import Limits, Throttle
from dsm_desktop.net.recorder import MemoryRecorder
from dsm_desktop.net.streams import BLOCK, FileDownload, FileUnusable, MultipartUpload
from dsm_desktop.net.tls import CertificateChanged, Endpoint, Trust
from dsm_desktop.net.transport import NoAnswer, Transport
from tests.kit.replay import fingerprint, make_certificate, server_context
from tests.net.raw import RawServer, http

PARAMETERS = {"Targets": [], "@Redfish.OperationApplyTime": "OnReset", "Oem": {}}


def open_transport(server: RawServer | Receiver, recorder: MemoryRecorder | None = None) -> Transport:
    return Transport(
        Endpoint("127.0.0.1", server.port),
        trust=Trust(fingerprint=server.fingerprint),
        throttle=Throttle(Limits(breaker_failures=1000)),
        recorder=recorder or MemoryRecorder(),
    )


class Receiver:
    """Takes one upload, `answer_after` bytes at the latest, in pieces; keeps what came unless told not to."""

    def __init__(
        self, answer: bytes, *, keep: bool = True, answer_after: int = 10**12, pause: float = 0.0
    ) -> None:
        self.answer, self.keep, self.answer_after, self.pause = answer, keep, answer_after, pause
        pem, key = make_certificate()
        self.fingerprint = fingerprint(pem)
        self._context = server_context(pem, key)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 17)
        self.port = self._listener.getsockname()[1]
        self.head, self.body, self.size, self.whole = b"", b"", 0, False
        self.done, self.leaving = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._serve, name="fixture-receiver", daemon=True)

    def __enter__(self) -> Receiver:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.leaving.set()
        self._listener.close()
        self._thread.join(60)

    def _serve(self) -> None:
        try:
            sock, _ = self._listener.accept()
            with self._context.wrap_socket(sock, server_side=True) as tls:
                self._take(tls)
        except OSError:
            pass  # the client hung up, which some tests are about
        finally:
            self.done.set()

    def _take(self, tls: ssl.SSLSocket) -> None:
        data = b""
        while b"\r\n\r\n" not in data:
            piece = tls.recv(65536)
            if not piece:
                return
            data += piece
        self.head, _, first = data.partition(b"\r\n\r\n")
        length = int(self.head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        pieces = [first]
        self.size = len(first)
        while self.size < min(length, self.answer_after):
            if self.pause:
                self.leaving.wait(self.pause)
            piece = tls.recv(65536)
            if not piece:
                break
            self.size += len(piece)
            if self.keep:
                pieces.append(piece)
        self.whole = self.size == length
        self.body = b"".join(pieces)
        if self.size >= min(length, self.answer_after):
            tls.sendall(self.answer)
            while not self.whole and tls.recv(65536):
                pass


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A file of three and a half blocks."""
    path = tmp_path / "BIOS_1AB2C_WN64_2.19.1.EXE"
    path.write_bytes(bytes(range(256)) * (BLOCK * 7 // 2 // 256))
    return path


def upload(path: Path, **more: object) -> MultipartUpload:
    return MultipartUpload(path, "UpdateFile", {"UpdateParameters": PARAMETERS}, **more)  # type: ignore[arg-type]


def test_what_arrives_is_what_the_standard_asks_for(package: Path) -> None:
    seen: list[tuple[int, int]] = []
    recorder = MemoryRecorder()
    answer = http(b"{}", "202 Accepted", "Location: /redfish/v1/TaskService/Tasks/JID_1")
    with Receiver(answer) as server:
        device = open_transport(server, recorder)
        got = device.request(
            "POST", "/redfish/v1/up", upload=upload(package, progress=lambda *p: seen.append(p))
        )
        device.close()
        assert server.done.wait(60)
    assert (got.status, got.headers["location"][-5:]) == (202, "JID_1")
    content_type = next(line for line in server.head.split(b"\r\n") if line.startswith(b"Content-Type"))
    message = email.message_from_bytes(content_type + b"\r\n\r\n" + server.body, policy=email.policy.HTTP)
    parameters, file = message.iter_parts()
    assert parameters.get_content_type() == "application/json"
    assert parameters.get_param("name", header="content-disposition") == "UpdateParameters"
    assert b'"OnReset"' in parameters.get_payload(decode=True)
    assert file.get_filename() == package.name
    assert file.get_param("name", header="content-disposition") == "UpdateFile"
    assert file.get_payload(decode=True) == package.read_bytes()
    assert seen[-1] == (package.stat().st_size, package.stat().st_size)
    assert len(seen) == 4
    start, end = recorder.calls[0]
    assert start.changing
    assert start.body == {
        "UpdateParameters": PARAMETERS,
        "UpdateFile": package.name,
        "bytes": package.stat().st_size,
    }
    assert end is not None
    assert end.status == 202


def test_stopping_between_two_blocks_leaves_the_device_with_half_a_body(package: Path) -> None:
    blocks, committed = [], []

    def check() -> None:
        blocks.append(1)
        if len(blocks) == 3:
            raise Cancelled("stopped")

    recorder = MemoryRecorder()
    with Receiver(http(b"{}")) as server:
        device = open_transport(server, recorder)
        with pytest.raises(Cancelled):
            device.request(
                "POST",
                "/redfish/v1/up",
                upload=upload(package, check=check, commit=lambda: committed.append(1)),
            )
        device.close()
        assert server.done.wait(60)
    assert not server.whole
    assert server.size < 3 * BLOCK
    assert committed == []
    assert device.busy == 0
    end = recorder.calls[0][1]
    assert end is not None
    assert end.error.startswith("Cancelled")


def test_the_last_bytes_leave_only_after_the_commit(package: Path) -> None:
    def taken_over() -> None:
        raise DsmError("the task is somebody else's by now")

    with Receiver(http(b"{}")) as server:
        device = open_transport(server)
        with pytest.raises(DsmError, match="somebody else's"):
            device.request("POST", "/redfish/v1/up", upload=upload(package, commit=taken_over))
        device.close()
        assert server.done.wait(60)
    assert server.size > 0
    assert not server.whole


def test_an_early_refusal_is_heard(package: Path) -> None:
    package.write_bytes(bytes(BLOCK) * 64)
    refusal = http(b'{"error": {"code": "x"}}', "413 Payload Too Large")
    with Receiver(refusal, answer_after=BLOCK) as server:
        device = open_transport(server)
        assert device.request("POST", "/redfish/v1/up", upload=upload(package), timeout=10).status == 413
        device.close()


def test_time_is_counted_per_block(package: Path) -> None:
    """A slow link is no dead link: the whole takes longer than the time-out, no block does."""
    package.write_bytes(bytes(BLOCK) * 48)
    with Receiver(http(b"{}"), keep=False, pause=0.004) as server:
        device = open_transport(server)
        answer = device.request("POST", "/redfish/v1/up", upload=upload(package), timeout=2.0)
        device.close()
    assert answer.status == 200
    assert answer.latency_ms > 2000


def test_a_device_that_takes_nothing_more_is_given_up(package: Path) -> None:
    package.write_bytes(bytes(BLOCK) * 64)
    with Receiver(http(b"{}"), keep=False, pause=30.0) as server:
        device = open_transport(server)
        with pytest.raises(NoAnswer) as caught:
            device.request("POST", "/redfish/v1/up", upload=upload(package), timeout=0.5)
        device.close()
        assert caught.value.timed_out


def test_another_certificate_gets_not_one_byte(package: Path) -> None:
    with Receiver(http(b"{}")) as server:
        device = Transport(
            Endpoint("127.0.0.1", server.port),
            trust=Trust(fingerprint="0" * 64),
            throttle=Throttle(),
            recorder=MemoryRecorder(),
        )
        with pytest.raises(CertificateChanged):
            device.request("POST", "/redfish/v1/up", upload=upload(package))
        assert server.done.wait(60)
    assert server.size == 0


def test_a_file_that_is_no_file_to_send(tmp_path: Path, package: Path) -> None:
    empty = tmp_path / "empty.EXE"
    empty.write_bytes(b"")
    odd = tmp_path / 'a"b.EXE'
    odd.write_bytes(b"x")
    for path, words in (
        (empty, "empty"),
        (odd, "plain file names"),
        (tmp_path / "gone.EXE", "cannot be read"),
    ):
        with pytest.raises(BadInput, match=words):
            b"".join(bytes(block) for block in upload(path))
    growing = upload(package, progress=lambda *_: package.write_bytes(b"short"))
    with pytest.raises(BadInput, match="changed while"):
        for _ in growing:
            pass


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    big = tmp_path / "driver-pack.EXE"
    with big.open("wb") as file:
        file.truncate(64 * 2**20)
    with Receiver(http(b"{}"), keep=False) as server:
        device = open_transport(server)
        tracemalloc.start()
        try:
            device.request("POST", "/redfish/v1/up", upload=upload(big))
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        device.close()
    assert server.whole
    assert peak < 4 * 2**20


def serve(answer: bytes, *, close: bool = False) -> RawServer:
    def speak(tls: ssl.SSLSocket, request: bytes, number: int) -> None:
        tls.sendall(answer)
        if close:
            tls.close()

    return RawServer(speak)


def test_a_file_comes_whole_or_not_at_all(tmp_path: Path) -> None:
    content = b"PK\x03\x04" + bytes(3 * BLOCK)
    target = tmp_path / "report.zip"
    seen: list[tuple[int, int]] = []
    with serve(http(content, "200 OK", "Content-Type: application/octet-stream")) as server:
        device = open_transport(server)
        answer = device.request(
            "GET", "/redfish/v1/z", into=FileDownload(target, 10**7, lambda *p: seen.append(p))
        )
        device.close()
    assert target.read_bytes() == content
    assert (answer.status, answer.size, answer.raw) == (200, len(content), b"")
    assert seen[-1] == (len(content), len(content))
    assert target.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("answer", "limit", "words"),
    [
        (http(bytes(5000)), 4999, "more than 4999"),
        (b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + bytes(5000), 4999, "more than 4999"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9000\r\nConnection: close\r\n\r\n" + bytes(5000), 10000, "5000 of 9000"),
    ],
)  # fmt: skip
def test_a_file_too_large_or_cut_leaves_nothing(
    answer: bytes, limit: int, words: str, tmp_path: Path
) -> None:
    target = tmp_path / "report.zip"
    target.write_bytes(b"before")
    with serve(answer, close=True) as server:
        device = open_transport(server)
        with pytest.raises(BadAnswer, match=words):
            device.request("GET", "/redfish/v1/z", into=FileDownload(target, limit))
        device.close()
    assert target.read_bytes() == b"before"
    assert [p.name for p in tmp_path.iterdir()] == ["report.zip"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a full disk of Linux")
def test_a_full_disk_here_is_no_fault_of_the_device(tmp_path: Path) -> None:
    throttle = Throttle(Limits(breaker_failures=1))
    with serve(http(bytes(3 * BLOCK))) as server:
        device = Transport(
            Endpoint("127.0.0.1", server.port),
            trust=Trust(fingerprint=server.fingerprint),
            throttle=throttle,
            recorder=MemoryRecorder(),
        )
        (tmp_path / ".full.zip.part").symlink_to("/dev/full")
        for target, words in (
            (tmp_path / "full.zip", "No space"),
            (tmp_path / "none" / "x.zip", "No such file"),
        ):
            with pytest.raises(FileUnusable, match=words) as told:
                device.request("GET", "/redfish/v1/z", into=FileDownload(target, 10**7))
            assert told.value.where == str(target)
            assert not told.value.retryable
        assert device.request("GET", "/redfish/v1/z", into=FileDownload(tmp_path / "fine.zip", 10**7)).ok
        device.close()


def test_a_refusal_is_no_file(tmp_path: Path) -> None:
    with serve(http(b'{"error": {"code": "Base.1.0.X"}}', "404 Not Found")) as server:
        device = open_transport(server)
        answer = device.request("GET", "/redfish/v1/z", into=FileDownload(tmp_path / "x", 100))
        device.close()
    assert answer.status == 404
    assert answer.data["error"]["code"] == "Base.1.0.X"
    assert list(tmp_path.iterdir()) == []
