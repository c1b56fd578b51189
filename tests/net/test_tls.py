"""Trust: what is sent, and to whom, before and after a certificate is known."""

from __future__ import annotations

import gc
import random
import select
import socket
import ssl
import struct
import warnings
from pathlib import Path

import pytest

from dsm_desktop.core.errors import BadInput, DsmError
from dsm_desktop.net import tls
from dsm_desktop.net.limits import Limits, Throttle
from dsm_desktop.net.recorder import MemoryRecorder
from dsm_desktop.net.tls import (
    CertificateChanged,
    CertificateNotApproved,
    CertificateUntrusted,
    Endpoint,
    TlsFailed,
    TlsTooOld,
    Trust,
    TrustMode,
    Unreachable,
    context_for,
    fetch_certificate,
)
from dsm_desktop.net.transport import Transport
from tests.kit.replay import fingerprint, make_certificate, server_context
from tests.net.raw import RawServer, http

SECRET = {"X-Auth-Token": "canary-token"}


def transport(server: RawServer, trust: Trust, throttle: Throttle | None = None) -> Transport:
    return Transport(
        Endpoint("127.0.0.1", server.port),
        trust=trust,
        throttle=throttle or Throttle(),
        recorder=MemoryRecorder(),
    )


def polite(tls: ssl.SSLSocket, request: bytes, number: int) -> None:
    tls.sendall(http(b'{"n": 1}'))


def test_first_contact_fetches_the_certificate_and_sends_nothing() -> None:
    with RawServer(polite) as server:
        shown = fetch_certificate(Endpoint("127.0.0.1", server.port))
        assert shown.fingerprint == server.fingerprint
        assert shown.subject == "CN=idrac"
        assert shown.not_before is not None
        assert shown.not_after is not None
        assert server.received == b""


def test_a_secret_needs_an_approved_certificate_and_a_plain_read_does_not() -> None:
    with RawServer(polite) as server:
        device = transport(server, Trust())
        assert device.request("GET", "/redfish/v1").data == {"n": 1}
        with pytest.raises(CertificateNotApproved) as caught:
            device.request("GET", "/redfish/v1/Systems", headers=SECRET, secret=True)
        assert caught.value.certificate.fingerprint == server.fingerprint
        device.close()
        assert b"canary" not in server.received


def test_a_pinned_certificate_lets_the_secret_through() -> None:
    with RawServer(polite) as server:
        colons = ":".join(server.fingerprint[i : i + 2] for i in range(0, 64, 2)).upper()
        device = transport(server, Trust(fingerprint=colons))
        assert device.request("GET", "/redfish/v1/Systems", headers=SECRET, secret=True).status == 200
        device.close()
        assert b"canary-token" in server.received


def test_a_changed_certificate_gets_not_one_byte_at_random_reconnects() -> None:
    """S7: a man in the middle appears at random reconnects; he must never see application data."""
    dice = random.Random(7)
    with RawServer(polite) as honest, RawServer(polite) as middle:
        real = honest.context
        middle_context = middle.context

        def drop(tls: ssl.SSLSocket, request: bytes, number: int) -> None:
            tls.sendall(http(b"{}", "200 OK", "Connection: close"))
            tls.close()

        honest.speak = drop
        device = transport(
            honest, Trust(fingerprint=honest.fingerprint), Throttle(Limits(breaker_failures=10_000))
        )
        refused = 0
        for _ in range(100):
            attacked = dice.random() < 0.5
            honest.context = middle_context if attacked else real
            before = len(honest.received)
            if attacked:
                with pytest.raises(CertificateChanged) as caught:
                    device.request("GET", "/redfish/v1/Systems", headers=SECRET, secret=True)
                assert caught.value.pinned == honest.fingerprint
                assert caught.value.shown.fingerprint == middle.fingerprint
                assert len(honest.received) == before
                refused += 1
            else:
                device.request("GET", "/redfish/v1/Systems", headers=SECRET, secret=True)
        device.close()
        assert refused > 20


def test_the_certificate_of_first_contact_binds_the_rest_of_the_transport() -> None:
    with RawServer(polite) as server, RawServer(polite) as other:
        device = transport(server, Trust())
        device.request("GET", "/redfish/v1")
        device.close()
        server.context = other.context
        with pytest.raises(CertificateChanged):
            device.request("GET", "/redfish/v1")


def test_a_private_ca_vouches_or_not(tmp_path: Path) -> None:
    with RawServer(polite) as server:
        bundle = tmp_path / "ca.pem"
        bundle.write_bytes(server.pem)
        trust = Trust(TrustMode.CA, ca_file=str(bundle), check_name=False)
        device = transport(server, trust)
        assert device.request("GET", "/redfish/v1", headers=SECRET, secret=True).status == 200
        device.close()
        with pytest.raises(CertificateUntrusted, match="does not vouch"):
            transport(server, Trust(TrustMode.CA, ca_file=str(bundle))).request("GET", "/redfish/v1")
        bundle.write_bytes(make_certificate("other ca")[0])
        before = len(server.received)
        with pytest.raises(CertificateUntrusted):
            transport(server, trust).request("GET", "/redfish/v1", headers=SECRET, secret=True)
        assert len(server.received) == before
    with pytest.raises(BadInput, match="cannot be used"):
        context_for(Trust(TrustMode.CA, ca_file=str(tmp_path / "none.pem")))


def test_work_goes_on_when_the_private_bundle_is_edited(tmp_path: Path) -> None:
    def speak(tls: ssl.SSLSocket, request: bytes, number: int) -> None:
        tls.sendall(http(b"{}", "200 OK", "Connection: close"))
        tls.close()

    with RawServer(speak) as server:
        bundle = tmp_path / "ca.pem"
        bundle.write_bytes(server.pem)
        device = transport(server, Trust(TrustMode.CA, ca_file=str(bundle), check_name=False))
        assert device.request("GET", "/redfish/v1").ok
        bundle.write_bytes(server.pem + make_certificate("another ca")[0])
        assert device.request("GET", "/redfish/v1").ok
        device.close()


def test_the_opt_out_believes_anybody() -> None:
    with RawServer(polite) as server:
        device = transport(server, Trust(TrustMode.ANY))
        assert device.request("GET", "/redfish/v1", headers=SECRET, secret=True).status == 200
        device.close()


def old_server() -> tuple[ssl.SSLContext, bytes]:
    certificate, key = make_certificate("old")
    context = server_context(certificate, key)
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    return context, certificate


def test_tls_that_is_too_old_is_a_verdict_of_its_own_with_a_switch_per_host() -> None:
    context, certificate = old_server()
    with RawServer(polite, context=context) as server:
        pin = fingerprint(certificate)
        with pytest.raises(TlsTooOld, match="too old"):
            fetch_certificate(Endpoint("127.0.0.1", server.port))
        with pytest.raises(TlsTooOld):
            transport(server, Trust(fingerprint=pin)).request("GET", "/redfish/v1")
        device = transport(server, Trust(fingerprint=pin, old_tls=True))
        assert device.request("GET", "/redfish/v1").status == 200
        device.close()


def test_a_port_that_speaks_no_tls_and_one_that_is_closed() -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    with pytest.raises(TlsFailed):
        fetch_certificate(Endpoint("127.0.0.1", port), timeout=0.3)
    listener.close()
    with pytest.raises(Unreachable, match="refused"):
        fetch_certificate(Endpoint("127.0.0.1", port))


def test_a_device_that_resets_the_connection_at_once_leaves_no_socket_open(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As an iDRAC does that restarts: TCP is taken, and reset before the greeting."""
    reset = struct.pack("ii", 1, 0)

    def open_and_lose(endpoint: Endpoint, timeout: float) -> socket.socket:
        sock = socket.create_connection((endpoint.host, endpoint.port), timeout)
        taken, _ = server.accept()
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)
        taken.close()
        select.select([sock], [], [], 5)
        return sock

    monkeypatch.setattr(tls, "open_tcp", open_and_lose)
    with socket.create_server(("127.0.0.1", 0)) as server, warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        with pytest.raises(TlsFailed):
            tls.handshake(Endpoint("127.0.0.1", server.getsockname()[1]), Trust())
        gc.collect()
    assert [str(w.message) for w in seen] == []


def test_contexts_are_shared_and_load_no_authorities() -> None:
    one = context_for(Trust(fingerprint="a" * 64))
    assert one is context_for(Trust(fingerprint="b" * 64)) is context_for(Trust(TrustMode.ANY))
    assert one.cert_store_stats() == {"x509": 0, "crl": 0, "x509_ca": 0}
    assert one is not context_for(Trust(old_tls=True))


@pytest.mark.parametrize("host", ["", "a/b", "user@host", "a b", "h#x", "h\r\nX: y", "[::1]", "ä"])
def test_hosts_that_are_none(host: str) -> None:
    with pytest.raises(BadInput):
        Endpoint(host)


def test_a_fingerprint_is_checked() -> None:
    with pytest.raises(DsmError, match="64 hexadecimal"):
        Trust(fingerprint="abc")
    assert str(Endpoint("fd00::1", 8443)) == "[fd00::1]:8443"
    assert Endpoint("fe80::1%eth0").authority == "[fe80::1]"
