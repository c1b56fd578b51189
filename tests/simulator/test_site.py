"""Sites: addresses, starting and stopping, size, and the site as a process of its own."""

from __future__ import annotations

import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from dsm_desktop.simulator import BadSite, CannotListen, Site, SiteSpec, UnknownIdrac
from tests.kit.site import SiteProcess
from tests.simulator.client import RESET, SYSTEM, Client, insecure


def test_a_plan_needs_no_socket() -> None:
    plots = Site.plan(SiteSpec(idracs=600, network="127.88.0.0/16"))
    assert len({p.tag for p in plots}) == len({p.address for p in plots}) == 600
    assert all(len(p.tag) == 7 for p in plots)
    assert not any(p.address.endswith((".0", ".255")) for p in plots)
    assert len({p.generation for p in plots[:7]}) == 7


@pytest.mark.parametrize(("field", "value"), [
    ("network", "10.0.0.0/8"), ("network", "127.0.0.0/30"), ("network", "nonsense"), ("generations", ["idrac6"]), ("idracs", 0),
])  # fmt: skip
def test_bad_descriptions_are_refused_with_a_reason(field: str, value: object) -> None:
    with pytest.raises(BadSite) as caught:
        Site(SiteSpec(**{"idracs": 30, field: value}))  # type: ignore[arg-type]
    assert caught.value.message


def test_a_taken_port_is_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.77.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(CannotListen, match=str(port)):
            Site(SiteSpec(idracs=1, port=port)).start()


def test_a_free_port_that_is_taken_on_another_address_is_given_up_for_another() -> None:
    blockers: list[socket.socket] = []

    class Unlucky(Site):
        async def _listen(self, address: str) -> None:
            if address.endswith(".2") and not blockers:
                blockers.append(socket.socket())
                blockers[0].bind((address, self.port))
            await super()._listen(address)

    with Unlucky(SiteSpec(idracs=3, port=0, shared_key=True)) as site:
        assert site.port != blockers[0].getsockname()[1]
        for idrac in site.idracs:
            with Client(idrac) as client:
                assert client.get(SYSTEM)["SKU"] == idrac.service_tag
    blockers[0].close()


def test_addresses_that_are_no_idrac_refuse() -> None:
    with Site(SiteSpec(idracs=2, port=0, shared_key=True)) as site, pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.77.0.9", site.port), timeout=2)


def test_one_socket_can_serve_every_address() -> None:
    with Site(SiteSpec(idracs=3, port=0, shared_key=True, listen="any")) as site:
        tags = []
        for idrac in site.idracs:
            with Client(idrac) as client:
                tags.append(client.get(SYSTEM)["SKU"])
        assert tags == [i.service_tag for i in site.idracs]
        assert _reset_by(("127.77.0.9", site.port), b"hello")


def _reset_by(address: tuple[str, int], payload: bytes) -> bool:
    """Whether the peer resets a connection on which this is sent."""
    try:
        with socket.create_connection(address, timeout=60) as raw:
            raw.sendall(payload)
            while raw.recv(100):
                continue
    except (ConnectionResetError, BrokenPipeError):
        return True
    return False


def test_one_port_for_each_idrac_on_one_address() -> None:
    with Site(SiteSpec(idracs=3, port=0, shared_key=True, listen="ports")) as site:
        assert len({i.port for i in site.idracs}) == 3
        for idrac in site.idracs:
            assert idrac.address == "127.0.0.1"
            with Client(idrac) as client:
                assert client.get(SYSTEM)["SKU"] == idrac.service_tag


def test_each_idrac_has_its_own_certificate() -> None:
    with Site(SiteSpec(idracs=3, port=0)) as site:
        assert len({i.fingerprint for i in site.idracs}) == 3
        idrac = site.idracs[0]
        with Client(idrac) as client:
            client.get("/redfish/v1")
            pem = ssl.get_server_certificate((idrac.address, idrac.port))
            der = client.connection.sock.getpeercert(binary_form=True)
            assert isinstance(der, bytes)
            assert pem == ssl.DER_cert_to_PEM_cert(der)


def test_stopping_leaves_nothing_behind() -> None:
    before = set(threading.enumerate())
    site = Site(SiteSpec(idracs=2, port=0, shared_key=True))
    site.start()
    with Client(site.idracs[0]) as client:
        client.get(SYSTEM)
        site.stop()
        assert set(threading.enumerate()) == before
        with pytest.raises((ConnectionError, ssl.SSLError)):
            client.get(SYSTEM)
    site.stop()


def test_find_by_tag_address_or_number(site: Site) -> None:
    idrac = site.idracs[2]
    assert site.find(idrac.service_tag) is site.find(idrac.address) is site.find("2") is idrac
    with pytest.raises(UnknownIdrac):
        site.find("nobody")


def test_latency_holds_for_every_answer() -> None:
    with (
        Site(SiteSpec(idracs=1, port=0, shared_key=True, latency=0.2)) as site,
        Client(site.idracs[0]) as client,
    ):
        client.get("/redfish/v1")
        begun = time.monotonic()
        client.get(SYSTEM)
        assert time.monotonic() - begun >= 0.2


def test_a_fast_clock_runs_fast() -> None:
    with Site(SiteSpec(idracs=1, port=0, shared_key=True, clock_speed=600, healthy=True)) as site:
        idrac = site.idracs[0]
        with Client(idrac) as client:
            client.post(RESET, {"ResetType": "GracefulShutdown"})
            deadline = time.monotonic() + 60
            while idrac.power_state != "Off":
                assert time.monotonic() < deadline


def test_half_a_request_and_nonsense_do_not_disturb_others(site: Site) -> None:
    idrac = site.idracs[0]
    raw = socket.create_connection((idrac.address, idrac.port), timeout=60)
    half = insecure().wrap_socket(raw, server_hostname="x")
    half.sendall(b"GET /redfish/v1 HTTP/1.1\r\nHost")
    assert _reset_by((idrac.address, idrac.port), b"GET / HTTP/1.0\r\n\r\n")
    with Client(idrac) as client:
        assert client.send("GET", "/redfish/v1").status == 200
        assert client.send("OPTIONS", SYSTEM).status == 405
    half.sendall(b": x\r\n\r\n")
    assert half.recv(15) == b"HTTP/1.1 200 OK"
    half.close()
    assert idrac.counters["tls_failures"] == 1


def test_counters_tell_what_was_open(site: Site) -> None:
    idrac = site.idracs[4]
    with Client(idrac) as one, Client(idrac) as two:
        one.login()
        two.login()
        one.get(SYSTEM)
        one.logout()
        counters = idrac.counters
        assert counters["connections"] == counters["tls_handshakes"] == 2
        assert (counters["sessions_created"], counters["sessions_deleted"], counters["sessions_open"]) == (
            2,
            1,
            1,
        )
        assert counters["in_flight"] == 0
        assert counters["in_flight_peak"] == 1
        idrac.clear_journal()
        assert idrac.counters["requests"] == 0
        assert idrac.counters["sessions_open"] == 1


def test_five_hundred_start_and_stay_small() -> None:
    with SiteProcess(idracs=500, brief=True) as process:
        assert process.count == 500
        if sys.platform == "linux":
            status = Path(f"/proc/{process.pid}/status").read_text()
            assert int(status.split("VmRSS:")[1].split()[0]) < 200_000


def test_the_control_interface_of_a_process() -> None:
    with SiteProcess(idracs=3, shared_key=True, healthy=True, clock_speed=10.0) as process:
        row = process.idracs[1]
        assert row["service_tag"] == process.idrac(row["address"])["service_tag"]
        process.set_fault(1, "slow", seconds=0.5)
        assert process.idrac(1)["faults"] == ["slow"]
        process.clear_faults(1)
        assert process.idrac(1)["faults"] == []
        assert process.journal(1) == []
        assert process.counters(1)["requests"] == 0
        before = process.control("GET", "/")["now"]
        assert process.clock(advance=1000) >= before + 1000
        assert len(process.do(1, "new_certificate")["result"]) == 64
        process.do(1, "set_power", state="Off")
        assert process.idrac(1)["power_state"] == "Off"
        assert any(fault["name"] == "hang" for fault in process.control("GET", "/faults"))
        with pytest.raises(RuntimeError, match="no simulated iDRAC"):
            process.idrac("nobody")
        with pytest.raises(RuntimeError, match="There is no call"):
            process.control("POST", "/idracs/1/explode", {})


def test_the_process_ends_with_its_parent_or_when_told() -> None:
    command = [sys.executable, "-m", "dsm_desktop.simulator", "--idracs", "1", "--port", "0", "--shared-key"]
    for how in ("close", "signal"):
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
            assert child.stdout is not None
            assert child.stdin is not None
            assert child.stdout.readline().startswith(b"{")
            if how == "close":
                child.stdin.close()
            else:
                os.kill(child.pid, signal.SIGTERM)
            assert child.wait(60) == 0


def test_a_site_that_cannot_start_says_why() -> None:
    command = [sys.executable, "-m", "dsm_desktop.simulator", "--network", "10.0.0.0/8"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "loopback" in done.stderr
    listed = subprocess.run([*command, "--faults"], capture_output=True, text=True, timeout=60, check=True)
    assert "sys518" in listed.stdout
