"""HTTP as real and as broken BMCs speak it."""

from __future__ import annotations

import ssl
import threading
import time

import pytest

from dsm_desktop.core.errors import Cancelled, DsmError
from dsm_desktop.net.answer import BadAnswer, parse_json, too_deep
from dsm_desktop.net.limits import Limits, Throttle
from dsm_desktop.net.links import ForeignLink
from dsm_desktop.net.recorder import CallStart, MemoryRecorder
from dsm_desktop.net.tls import Endpoint, Trust
from dsm_desktop.net.transport import NoAnswer, RedirectRefused, Transport
from tests.net.raw import RawServer, Speak, http


def open_transport(
    server: RawServer, recorder: MemoryRecorder | None = None, max_body: int = 1 << 20
) -> Transport:
    return Transport(
        Endpoint("127.0.0.1", server.port),
        trust=Trust(fingerprint=server.fingerprint),
        throttle=Throttle(Limits(breaker_failures=1000)),
        recorder=recorder or MemoryRecorder(),
        max_body=max_body,
    )


def saying(answer: bytes, *, close: bool = False) -> Speak:
    def speak(tls: ssl.SSLSocket, request: bytes, number: int) -> None:
        tls.sendall(answer)
        if close:
            tls.close()

    return speak


def test_one_connection_is_kept_and_the_host_header_names_the_address() -> None:
    with RawServer(saying(http(b'{"a": 1}', "200 OK", "X-Auth-Token: t"))) as server:
        device = open_transport(server)
        for _ in range(5):
            answer = device.request("GET", "/redfish/v1")
        device.close()
        assert answer.data == {"a": 1}
        assert answer.headers["x-auth-token"] == "t"
        assert server.connections == 1
        assert f"Host: 127.0.0.1:{server.port}\r\n".encode() in server.received
        assert device.requests == 5
        assert device.response_ms is not None


def test_a_get_on_a_connection_the_device_has_closed_is_asked_again_a_post_is_not_lost_twice() -> None:
    def speak(tls: ssl.SSLSocket, request: bytes, number: int) -> None:
        if number == 1:
            tls.close()
        else:
            tls.sendall(http(b"{}"))

    with RawServer(speak) as server:
        device = open_transport(server)
        device.request("GET", "/redfish/v1")
        assert device.request("GET", "/redfish/v1").status == 200
        assert (server.connections, server.requests) == (2, 3)
        device.close()

    def hang_up_on_post(tls: ssl.SSLSocket, request: bytes, number: int) -> None:
        if request.startswith(b"POST"):
            tls.close()
        else:
            tls.sendall(http(b"{}"))

    with RawServer(hang_up_on_post) as server:
        device = open_transport(server)
        device.request("GET", "/redfish/v1")
        with pytest.raises(NoAnswer) as caught:
            device.request("POST", "/redfish/v1/Actions/x", body={})
        assert caught.value.sent
        assert server.requests == 2
        device.close()


def test_a_connection_closed_while_idle_is_noticed_before_a_post() -> None:
    closed = threading.Event()

    def speak(tls: ssl.SSLSocket, request: bytes, number: int) -> None:
        tls.sendall(http(b"{}"))
        if number == 0:
            tls.close()
            closed.set()

    with RawServer(speak) as server:
        device = open_transport(server)
        device.request("GET", "/redfish/v1")
        assert closed.wait(60)
        deadline = time.monotonic() + 60
        while device._idle[0].alive() and time.monotonic() < deadline:
            closed.wait(0.01)
        assert device.request("POST", "/redfish/v1/x", body={}).status == 200
        assert server.requests == 2
        device.close()


def test_two_documents_in_one_body_give_the_first() -> None:
    with RawServer(saying(http(b'{"first": 1}{"second": 2}'))) as server:
        device = open_transport(server)
        assert device.request("GET", "/redfish/v1").data == {"first": 1}
        device.close()


def test_chunked_answers_of_idrac8() -> None:
    body = b'{"a": "b"}'
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in (body[:3], body[3:7], body[7:])) + b"0\r\n\r\n"
    with RawServer(saying(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks)) as server:
        device = open_transport(server)
        for _ in range(3):
            assert device.request("GET", "/redfish/v1").data == {"a": "b"}
        assert server.connections == 1
        device.close()


@pytest.mark.parametrize(
    ("answer", "close", "kind"),
    [
        (http(b"<html><body>Login</body></html>"), False, BadAnswer),
        (http(b'{"cut": '), False, BadAnswer),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}", True, BadAnswer),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n{}", False, BadAnswer),
        (b"SSH-2.0-OpenSSH_9.2\r\n", True, BadAnswer),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}", True, BadAnswer),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 500, True, BadAnswer),
        (b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000 + b"\r\n\r\n", True, BadAnswer),
        (b"", True, NoAnswer),
        (http(b"[" * 5000 + b"]" * 5000), False, BadAnswer),
        (http(b'{"a":' * 2000 + b"1" + b"}" * 2000), False, BadAnswer),
        (http(b"[" * 5000 + b"]" * 5000 + b"[]"), False, BadAnswer),
    ],
)
def test_broken_answers_become_typed_errors(answer: bytes, close: bool, kind: type[Exception]) -> None:
    with RawServer(saying(answer, close=close)) as server:
        device = open_transport(server)
        with pytest.raises(kind):
            device.request("GET", "/redfish/v1", timeout=30)
        device.close()


def test_fifty_megabytes_are_not_read() -> None:
    def flood(tls: ssl.SSLSocket, request: bytes, number: int) -> None:
        tls.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n[")
        for _ in range(800):
            tls.sendall(b"1," * 32768)

    with RawServer(flood) as server:
        device = open_transport(server)
        with pytest.raises(BadAnswer, match="more than"):
            device.request("GET", "/redfish/v1")
        device.close()


@pytest.mark.parametrize("where", ["head", "body"])
def test_one_byte_now_and_then_ends_at_the_deadline(where: str) -> None:
    def drip(tls: ssl.SSLSocket, request: bytes, number: int) -> None:
        tls.sendall(b"HTTP/1.1 200 OK\r\n" + (b"Content-Length: 5000\r\n\r\n" if where == "body" else b"X: "))
        while not server.closing.wait(0.02):
            tls.sendall(b" ")

    with RawServer(drip) as server:
        device = open_transport(server)
        began = time.monotonic()
        with pytest.raises(NoAnswer, match="no complete answer") as caught:
            device.request("GET", "/redfish/v1", timeout=0.5)
        assert time.monotonic() - began > 0.4
        assert caught.value.timed_out
        device.close()


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "307 Temporary", "308 Permanent"])
def test_redirects_are_refused(status: str) -> None:
    with RawServer(saying(http(b"", status, "Location: https://127.0.0.2/redfish/v1"))) as server:
        device = open_transport(server)
        with pytest.raises(RedirectRefused):
            device.request("GET", "/redfish/v1")
        device.close()
        assert server.requests == 1


def test_paths_only() -> None:
    with RawServer(saying(http(b"{}"))) as server:
        device = open_transport(server)
        with pytest.raises(ForeignLink):
            device.request("GET", "https://other/redfish/v1")
        assert server.connections == 0
        device.close()


def test_everything_is_recorded_masked() -> None:
    recorder = MemoryRecorder()
    error = b'{"error": {"message": "no", "token": "canary-2"}}'
    with RawServer(saying(http(error, "400 Bad"))) as server:
        device = open_transport(server, recorder)
        body = {"UserName": "root", "Password": "canary-1", "url": "https://u:canary-3@h/x"}
        device.request("POST", "/redfish/v1/x", body=body, headers={"X-Auth-Token": "canary-4"}, secret=True)
        device.close()
        server.speak = saying(b"", close=True)
        with pytest.raises(NoAnswer):
            device.request("GET", "/redfish/v1")
    (first, end), (second, failed) = recorder.calls
    assert (first.method, first.changing, second.changing) == ("POST", True, False)
    assert end is not None
    assert (end.status, end.received_bytes) == (400, len(error))
    assert failed is not None
    assert (failed.status, failed.error[:8]) == (0, "NoAnswer")
    assert "canary" not in repr(recorder.calls)


def test_a_changing_call_is_put_on_paper_when_the_connection_stands_and_before_a_byte_is_sent() -> None:
    seen: list[tuple[int, bytes]] = []

    class Watching(MemoryRecorder):
        def begin(self, call: CallStart) -> int:
            seen.append((server.connections, server.received))
            return super().begin(call)

    recorder = Watching()
    with RawServer(saying(http(b"{}"))) as server:
        device = open_transport(server, recorder)
        device.request("POST", "/redfish/v1/x", body={})
        device.close()
        assert seen == [(1, b"")]
    with pytest.raises(DsmError):
        device.request("POST", "/redfish/v1/x", body={})
    (_, first), (call, end) = recorder.calls
    assert first is not None
    assert end is not None
    assert (call.changing, end.status, end.error[:11]) == (False, 0, "Unreachable")


def test_a_lease_that_is_lost_stops_the_call_and_frees_the_slot() -> None:
    class Lost(MemoryRecorder):
        def begin(self, call: CallStart) -> int:
            raise Cancelled("the lease is lost")

    with RawServer(saying(http(b"{}"))) as server:
        device = open_transport(server, Lost())
        for _ in range(5):
            with pytest.raises(Cancelled):
                device.request("POST", "/redfish/v1/x", body={})
        assert server.received == b""
        device.close()


def test_two_threads_share_a_transport_and_no_more_than_two_calls_are_in_flight() -> None:
    now, most, lock = 0, 0, threading.Lock()

    def count(tls: ssl.SSLSocket, request: bytes, number: int) -> None:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        server.closing.wait(0.01)
        with lock:
            now -= 1
        tls.sendall(http(b"{}"))

    with RawServer(count) as server:
        device = open_transport(server)
        threads = [
            threading.Thread(target=lambda: [device.request("GET", "/redfish/v1") for _ in range(5)])
            for _ in range(6)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        device.close()
        assert device.requests == 30
        assert most == 2
        assert server.connections == 2


def test_a_deep_error_body_is_not_recorded() -> None:
    recorder = MemoryRecorder()
    with RawServer(saying(http(b"[" * 900 + b"]" * 900, "400 Bad"))) as server:
        device = open_transport(server, recorder)
        assert device.request("GET", "/redfish/v1").status == 400
        device.close()
    end = recorder.calls[0][1]
    assert end is not None
    assert end.answer is None


def test_depth_is_counted_without_recursion() -> None:
    deep: object = 1
    for _ in range(5000):
        deep = [deep]
    assert too_deep(deep)
    assert not too_deep({"a": [{"b": {}}]})
    assert parse_json(b"", "", 200, "x") is None
    assert parse_json(b"<xml/>", "text/xml", 200, "x") is None
    assert parse_json(b"<html>", "text/html", 404, "x") is None
    assert parse_json('{"ü": 1}'.encode(), "", 200, "x") == {"ü": 1}


def test_tls_sessions_are_resumed() -> None:
    resumed: list[bool | None] = []

    def speak(tls: ssl.SSLSocket, request: bytes, number: int) -> None:
        resumed.append(tls.session_reused)
        tls.sendall(http(b"{}", "200 OK", "Connection: close"))
        tls.close()

    with RawServer(speak) as server:
        device = open_transport(server)
        for _ in range(3):
            device.request("GET", "/redfish/v1")
        device.close()
    assert resumed == [False, True, True]
