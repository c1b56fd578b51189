"""Each fault does what its name says, when and as often as it was told to."""

from __future__ import annotations

import gzip
import http.client
import json
import ssl
import time
import warnings

import pytest

from dsm_desktop.simulator import SimulatedIdrac, Site, UnknownFault
from dsm_desktop.simulator.faults import KINDS
from tests.simulator.client import RESET, SYSTEM, Client, links


def test_slow_adds_its_seconds(nine: SimulatedIdrac) -> None:
    with Client(nine) as client:
        client.get("/redfish/v1")
        nine.set_fault("slow", seconds=0.3)
        begun = time.monotonic()
        client.get(SYSTEM)
        assert time.monotonic() - begun >= 0.3


def test_a_hang_never_answers_and_does_nothing(nine: SimulatedIdrac) -> None:
    nine.set_fault("hang", verbs=["POST"])
    with Client(nine) as client:
        assert client.get(SYSTEM)["PowerState"] == "On"
        client.connection.sock.settimeout(0.3)
        with pytest.raises(TimeoutError):
            client.post(RESET, {"ResetType": "ForceOff"})
    assert nine.effects == {}


@pytest.mark.parametrize(("name", "status", "message"), [
    ("unauthorized", 401, "AccessDenied"), ("sys518", 503, "SYS518"), ("not_ready", 400, "SWC0700"), ("fail_next", 500, "SYS446"),
])  # fmt: skip
def test_errors_come_in_dells_envelope(nine: SimulatedIdrac, name: str, status: int, message: str) -> None:
    nine.set_fault(name, times=1)
    with Client(nine) as client:
        answer = client.send("GET", SYSTEM)
        assert (answer.status, message in answer.message_ids) == (status, True)
        assert client.send("GET", SYSTEM).status == 200


def test_sessions_full_refuses_signing_in_but_not_basic(nine: SimulatedIdrac) -> None:
    nine.set_fault("sessions_full")
    with Client(nine) as client:
        answer = client.login()
        assert (answer.status, answer.message_ids[0]) == (503, "RAC0218")
        assert client.send("GET", SYSTEM).status == 200


def test_reset_midway_does_the_work_without_an_answer_and_reset_before_does_not(nine: SimulatedIdrac) -> None:
    with Client(nine) as client:
        nine.set_fault("reset_before", verbs=["POST"], times=1)
        with pytest.raises((ConnectionError, http.client.HTTPException)):
            client.post(RESET, {"ResetType": "Nmi"})
        assert nine.effects == {}
        client.connection.close()
        nine.set_fault("reset_midway", verbs=["POST"], times=1)
        with pytest.raises((ConnectionError, http.client.HTTPException)):
            client.post(RESET, {"ResetType": "Nmi"})
        assert nine.effects == {"ComputerSystem.Reset:Nmi": 1}


def test_cut_breaks_the_body(nine: SimulatedIdrac) -> None:
    nine.set_fault("cut")
    with Client(nine) as client, pytest.raises((ConnectionError, http.client.IncompleteRead)):
        client.get(SYSTEM)


def test_bodies_that_are_not_one_json_document(nine: SimulatedIdrac) -> None:
    with Client(nine) as client:
        for name in ("truncated", "two_documents", "not_json"):
            nine.set_fault(name, times=1)
            answer = client.send("GET", SYSTEM)
            assert answer.status == 200
            with pytest.raises(json.JSONDecodeError):
                answer.json  # noqa: B018
        nine.set_fault("deep", times=1, nesting=50_000)
        assert client.send("GET", SYSTEM).raw.count(b"{") == 50_000
        nine.set_fault("huge", times=1, mb=5)
        assert len(client.send("GET", SYSTEM).raw) > 5_000_000
        nine.set_fault("gzip_bomb", times=1, mb=5)
        answer = client.send("GET", SYSTEM)
        assert len(answer.raw) < 20_000
        assert len(gzip.decompress(answer.raw)) > 5_000_000


def test_framing_faults(nine: SimulatedIdrac) -> None:
    with Client(nine) as client:
        nine.set_fault("wrong_content_length", times=1, delta=50)
        with pytest.raises(http.client.IncompleteRead):
            client.get(SYSTEM)
        client.connection.close()
        nine.set_fault("garbage", times=1)
        with pytest.raises(http.client.HTTPException):
            client.get(SYSTEM)
        client.connection.close()
        nine.set_fault("byte_by_byte", times=1, pause=0.0001)
        assert client.get("/redfish/v1")["Vendor"] == "Dell"


def test_redirect_and_foreign_links(site: Site, nine: SimulatedIdrac) -> None:
    with Client(nine) as client:
        nine.set_fault("redirect", to=f"https://127.0.0.1:{site.trap_port}", times=1)
        answer = client.send("GET", SYSTEM)
        assert answer.status == 302
        assert answer.headers["Location"] == f"https://127.0.0.1:{site.trap_port}{SYSTEM}"
        sessions = client.sessions_uri
        login = {"UserName": nine.username, "Password": nine.password}
        styles = {"absolute": "https://trap:1/", "slashes": "//trap:1/", "userinfo": "https://idrac@trap:1/"}
        for style, start in styles.items():
            nine.set_fault("foreign_links", host="trap:1", style=style)
            assert all(uri.startswith(start) for uri in links(client.get("/redfish/v1")))
            assert client.send("POST", sessions, login, anonymous=True).headers["Location"].startswith(start)


def test_the_trap_counts_credentials(site: Site, nine: SimulatedIdrac) -> None:
    assert site.trap.credential_bytes == 0
    connection = http.client.HTTPSConnection("127.0.0.1", site.trap_port, timeout=60, context=_insecure())
    connection.request("GET", "/redfish/v1")
    connection.getresponse().read()
    assert (site.trap.requests, site.trap.credential_bytes) == (1, 0)
    connection.request("GET", "/redfish/v1", headers={"X-Auth-Token": "0123456789"})
    connection.getresponse().read()
    assert site.trap.credential_bytes == 10
    connection.request("POST", "/redfish/v1/Sessions", json.dumps({"Password": nine.password}))
    connection.getresponse().read()
    assert site.trap.credential_bytes == 10 + len(nine.password)
    connection.close()


def _insecure() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def test_certificates_change_and_come_back(nine: SimulatedIdrac) -> None:
    def shown() -> str:
        import hashlib

        with Client(nine) as client:
            client.get("/redfish/v1")
            der = client.connection.sock.getpeercert(binary_form=True)
            return hashlib.sha256(der or b"").hexdigest()

    first = shown()
    assert first == nine.fingerprint
    nine.set_fault("changed_certificate")
    assert shown() == nine.fingerprint != first
    nine.clear_faults()
    assert shown() == first
    assert nine.new_certificate() == shown() != first


def test_old_tls_is_old(nine: SimulatedIdrac) -> None:
    nine.set_fault("tls_old")
    with Client(nine) as client, pytest.raises(ssl.SSLError):
        client.get("/redfish/v1")
    context = _insecure()
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    connection = http.client.HTTPSConnection(nine.address, nine.port, timeout=60, context=context)
    connection.request("GET", "/redfish/v1")
    assert connection.getresponse().status == 200
    connection.close()


def test_where_when_and_how_often(nine: SimulatedIdrac) -> None:
    nine.set_fault("fail_next", uri="/Systems", verbs=["get"], skip=1, times=2, status=503)
    with Client(nine) as client:
        statuses = [client.send("GET", uri).status for uri in ("/redfish/v1", *[SYSTEM] * 4)]
    assert statuses == [200, 200, 503, 503, 200]
    assert nine.counters["faults_injected"] == 2


def test_unknown_names_and_parameters_are_refused(nine: SimulatedIdrac) -> None:
    with pytest.raises(UnknownFault, match="slow"):
        nine.set_fault("sluggish")
    with pytest.raises(UnknownFault, match="seconds"):
        nine.set_fault("slow", minutes=1)
    assert nine.faults == []


def test_hostile_draws_the_same_faults_from_the_same_seed(nine: SimulatedIdrac) -> None:
    def run() -> list[object]:
        nine.set_fault("hostile", seed=5, share=1.0)
        seen: list[object] = []
        for _ in range(8):
            with Client(nine, timeout=1.0) as client:
                try:
                    answer = client.send("GET", "/redfish")
                    seen.append((answer.status, len(answer.raw)))
                except (OSError, http.client.HTTPException) as error:
                    seen.append(type(error).__name__)
        return seen

    first = run()
    assert run() == first
    assert len(set(map(str, first))) > 3


def test_every_fault_is_described() -> None:
    for kind in KINDS.values():
        assert kind.help.endswith(".")
        assert kind.stage in ("instead", "answer", "connection", "hostile", "inside")
        assert (kind.instead is not None) == (kind.stage == "instead")
        assert (kind.spoil is not None) == (kind.stage == "answer")
