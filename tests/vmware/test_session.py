"""Who is spoken to, what is repeated and what never is."""

from __future__ import annotations

import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pydantic import SecretStr

from dsm_desktop.core.errors import BadInput
from dsm_desktop.net.limits import Throttle
from dsm_desktop.net.recorder import MemoryRecorder
from dsm_desktop.net.streams import PlainUpload
from dsm_desktop.net.tls import CertificateChanged, CertificateNotApproved, Endpoint, Trust, TrustMode
from dsm_desktop.simulator.vsphere import VsphereSite
from dsm_desktop.vmware import files
from dsm_desktop.vmware.client import Link, VcenterClient
from dsm_desktop.vmware.connection import own_path
from dsm_desktop.vmware.errors import (
    LoginRefused,
    NoPrivilege,
    NotVsphere,
    SessionLost,
    Uncertain,
    VcenterUnreachable,
)
from dsm_desktop.vmware.session import Opened
from dsm_desktop.vmware.watch import watching_all
from tests.net.raw import RawServer, http
from tests.vmware.kit import client_of, link_of

VERSIONS = b"""<?xml version="1.0"?><namespaces version="1.0"><namespace><name>urn:vim25</name>
<version>8.0.3.0</version></namespace></namespaces>"""


def methods(recorder: MemoryRecorder) -> list[str]:
    return [call.method for call, _ in recorder.calls]


def raw_client(server: RawServer, pin: str, answer_timeout: float = 30.0) -> VcenterClient:
    link = Link(Endpoint("127.0.0.1", server.port), Trust(fingerprint=pin), "anna", SecretStr("geheim-1"))
    return VcenterClient(
        lambda: link, throttle=Throttle(), recorder=MemoryRecorder(), answer_timeout=answer_timeout
    )


# --- trust ----------------------------------------------------------------------------------------------------------


def test_a_wrong_pin_gets_not_one_byte() -> None:
    with RawServer(lambda tls, request, number: tls.sendall(http(VERSIONS))) as server:
        client = raw_client(server, "00" * 32)
        for _ in range(3):  # pyVmomi's own check disarms itself after the first refusal
            with pytest.raises(CertificateChanged) as changed:
                client.about()
            assert changed.value.shown.fingerprint == server.fingerprint
        assert server.received == b""
        assert server.connections == 3


def test_first_contact_shows_the_certificate_and_sends_no_login(site: VsphereSite) -> None:
    recorder = MemoryRecorder()
    with client_of(site, recorder, pin="") as client, pytest.raises(CertificateNotApproved) as shown:
        client.about()
    assert shown.value.certificate.fingerprint == site.fingerprint
    assert "Login" not in [call.method for call, end in recorder.calls if end is not None and end.status]


def test_a_certificate_that_changes_under_way_is_noticed_before_the_next_request(site: VsphereSite) -> None:
    with client_of(site, pin=site.fingerprint) as client:
        client.about()
        pinned = site.fingerprint
        shown = site.new_certificate()
        client.session.read(lambda opened: opened.wire.transport.close())
        assert shown != pinned
        with client_of(site, pin=pinned) as other, pytest.raises(CertificateChanged):
            other.about()


def test_a_private_ca_or_nothing_vouches_where_that_was_chosen(site: VsphereSite) -> None:
    link = link_of(site)
    anybody = Link(link.endpoint, Trust(TrustMode.ANY), link.username, link.password)
    with VcenterClient(lambda: anybody, throttle=Throttle(), recorder=MemoryRecorder()) as client:
        assert client.about().kind == "vcenter"


def test_only_paths_of_the_api_are_asked_for() -> None:
    assert own_path("/folder/a.iso?dcPath=DC&dsName=x") == "/folder/a.iso?dcPath=DC&dsName=x"
    for bad in ("/redfish/v1", "https://elsewhere/sdk", "/folder/../sdk", "//elsewhere/sdk", "/sdkx"):
        with pytest.raises(BadInput):
            own_path(bad)


# --- who answers ----------------------------------------------------------------------------------------------------


def test_a_silent_host_ends_by_time_out() -> None:
    def silent(tls: object, request: bytes, number: int) -> None:
        server.closing.wait(60)

    with RawServer(silent) as server, raw_client(server, server.fingerprint, 0.5) as client:
        with pytest.raises(VcenterUnreachable, match=r"0 s|within"):
            client.about()
        server.closing.set()


def test_a_port_that_only_listens_ends_by_time_out() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        link = Link(
            Endpoint("127.0.0.1", listener.getsockname()[1]),
            Trust(fingerprint="11" * 32),
            "anna",
            SecretStr("geheim-1"),
        )
        client = VcenterClient(
            lambda: link, throttle=Throttle(), recorder=MemoryRecorder(), connect_timeout=0.3
        )
        with pytest.raises(VcenterUnreachable):
            client.about()


def test_what_is_no_vcenter_is_said_to_be_none() -> None:
    with (
        RawServer(lambda tls, request, number: tls.sendall(http(b"{}"))) as server,
        raw_client(server, server.fingerprint) as client,
        pytest.raises(NotVsphere, match="no vSphere API"),
    ):
        client.about()
    assert b"geheim-1" not in server.received


def test_a_document_with_entities_is_not_read() -> None:
    bomb = b'<!DOCTYPE x [<!ENTITY a "aa">]>' + VERSIONS
    with (
        RawServer(lambda tls, request, number: tls.sendall(http(bomb))) as server,
        raw_client(server, server.fingerprint) as client,
        pytest.raises(NotVsphere),
    ):
        client.about()


def test_a_restarting_vcenter_is_asked_again_later(site: VsphereSite) -> None:
    with client_of(site) as client:
        client.about()
        site.faults.set("unavailable", seconds=60.0)
        with pytest.raises(VcenterUnreachable, match="503") as refused:
            client.read_site()
        assert refused.value.retryable
        assert refused.value.retry_after > 0
        site.faults.clear()
        assert client.read_site().hosts


# --- what is repeated -----------------------------------------------------------------------------------------------


def test_an_ended_session_is_renewed_for_a_read(site: VsphereSite) -> None:
    recorder = MemoryRecorder()
    with client_of(site, recorder) as client:
        host = client.read_site().hosts[0]
        site.expire_sessions()
        assert client.read_host(host.moid).name == host.name
        site.expire_sessions()
        assert client.read_site().hosts
    assert methods(recorder).count("Login") == 3


def test_what_a_session_has_made_is_gone_with_it_and_made_anew(site: VsphereSite) -> None:
    """vCenter says of a collector whose session has ended that there is no such object, before it says that nobody is signed in."""
    times: list[int] = []

    def follow(opened: Opened) -> int:
        times.append(1)
        with watching_all(opened, {"HostSystem": ("name",)}) as watch:
            while not watch.poll(0).complete:
                pass
            if len(times) == 1:
                site.expire_sessions()
            watch.poll(0)
            return len(watch.rows)

    with client_of(site) as client:
        assert client.session.read(follow) == len(site.hosts)
    assert len(times) == 2


def test_a_certificate_that_changes_is_noticed_before_an_upload(site: VsphereSite, tmp_path: Path) -> None:
    image = tmp_path / "small.iso"
    image.write_bytes(b"image " * 1000)
    with client_of(site, pin=site.fingerprint) as client:
        shared = next(d for d in client.read_site().datastores if d.shared)
        store = client.store(shared.moid)
        before = site.counters["uploads"]
        site.new_certificate()
        client.session.read(lambda opened: opened.wire.transport.close())
        with pytest.raises(CertificateChanged):
            client.session.write(
                "sending", lambda o: files.upload(o, store, "iso/small.iso", PlainUpload(image))
            )
    assert site.counters["uploads"] == before


def test_an_ended_session_is_renewed_once_for_many_threads(site: VsphereSite) -> None:
    recorder = MemoryRecorder()
    with client_of(site, recorder) as client:
        host = client.read_site().hosts[0]
        site.expire_sessions()
        gate = threading.Barrier(12)

        def look(_: int) -> str:
            gate.wait(60)
            return client.read_host(host.moid).name

        with ThreadPoolExecutor(12, thread_name_prefix="fixture-look") as pool:
            assert set(pool.map(look, range(12))) == {host.name}
    assert methods(recorder).count("Login") == 2


def test_a_dropped_connection_repeats_a_read_once(site: VsphereSite) -> None:
    with client_of(site) as client:
        host = client.read_site().hosts[0]
        site.faults.set("drop_before", method="RetrievePropertiesEx", times=1)
        assert client.read_host(host.moid).name == host.name


@pytest.mark.parametrize("when", ["drop_before", "drop_after"])
def test_a_dropped_connection_never_repeats_a_change(site: VsphereSite, when: str) -> None:
    recorder = MemoryRecorder()
    with client_of(site, recorder) as client:
        host = client.read_site().hosts[0]
        site.faults.set(when, method="EnterMaintenanceMode_Task", times=1)
        with pytest.raises(Uncertain, match=f"maintenance mode on {host.moid}"):
            client.enter_maintenance(host.moid, 600)
    sent = [call for call, _ in recorder.calls if call.method == "EnterMaintenanceMode_Task"]
    assert len(sent) == 1
    assert sent[0].changing
    assert len(site.journal("EnterMaintenanceMode_Task")) == (1 if when == "drop_after" else 0)


def test_a_change_on_an_ended_session_is_not_done_and_says_so(site: VsphereSite) -> None:
    recorder = MemoryRecorder()
    with client_of(site, recorder) as client:
        host = client.read_site().hosts[0]
        site.expire_sessions()
        with pytest.raises(SessionLost, match="not done") as lost:
            client.enter_maintenance(host.moid, 600)
        assert lost.value.retryable
        assert not site.journal("EnterMaintenanceMode_Task")
        assert client.enter_maintenance(host.moid, 600)  # the next call signs in anew
    assert methods(recorder).count("Login") == 2


def test_before_a_change_a_quiet_session_is_looked_at(
    site: VsphereSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dsm_desktop.vmware.session.TRUSTED_FOR", -1.0)
    recorder = MemoryRecorder()
    with client_of(site, recorder) as client:
        host = client.read_site().hosts[0]
        site.expire_sessions()
        assert client.enter_maintenance(host.moid, 600)
    assert methods(recorder).count("EnterMaintenanceMode_Task") == 1


# --- life -----------------------------------------------------------------------------------------------------------


def test_a_refused_login_is_not_tried_again(site: VsphereSite) -> None:
    recorder = MemoryRecorder()
    with client_of(site, recorder, password="wrong") as client, pytest.raises(LoginRefused):
        client.about()
    assert methods(recorder).count("Login") == 1


def test_twelve_threads_share_one_client(site: VsphereSite) -> None:
    recorder = MemoryRecorder()
    with client_of(site, recorder) as client:
        hosts = {host.moid: host.name for host in client.read_site().hosts}
        jobs = [moid for moid in hosts for _ in range(8)]
        with ThreadPoolExecutor(12, thread_name_prefix="fixture-read") as pool:
            names = list(pool.map(lambda moid: (moid, client.read_host(moid).name), jobs))
    assert all(hosts[moid] == name for moid, name in names)
    assert methods(recorder).count("Login") == 1
    assert methods(recorder)[-1] == "Logout"


def test_another_login_ends_the_old_session(site: VsphereSite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dsm_desktop.vmware.session.LOOK_AGAIN", 0.0)
    who = [site.spec.username, site.spec.password]
    recorder = MemoryRecorder()
    client = VcenterClient(
        lambda: link_of(site, username=who[0], password=who[1]), throttle=Throttle(), recorder=recorder
    )
    with client:
        client.about()
        who[:] = [site.spec.reader, site.spec.reader_password]
        host = client.read_site().hosts[0]
        with pytest.raises(NoPrivilege) as denied:
            client.enter_maintenance(host.moid, 600)
    assert denied.value.privilege == "Host.Config.Maintenance"
    assert methods(recorder).count("Logout") == 2


def test_keep_alive_asks_the_clock_and_nothing_else(site: VsphereSite) -> None:
    recorder = MemoryRecorder()
    with client_of(site, recorder) as client:
        client.session.keep_alive()
        assert recorder.calls == []
        client.about()
        used = client.session.used
        client.session.keep_alive()
        assert methods(recorder)[-1] == "CurrentTime"
        assert client.session.used == used


def test_neither_password_nor_session_is_written_down(site: VsphereSite) -> None:
    recorder = MemoryRecorder()
    with client_of(site, recorder) as client:
        host = client.read_site().hosts[0]
        client.enter_maintenance(host.moid, 600)
        cookie = client.session.read(lambda opened: opened.wire.cookie)
    written = repr(recorder.calls)
    assert cookie
    assert cookie not in written
    assert site.spec.password not in written
    (entered,) = [call for call, _ in recorder.calls if call.method == "EnterMaintenanceMode_Task"]
    assert (entered.protocol, entered.path) == ("vsphere", f"HostSystem:{host.moid}")
    assert entered.body["timeout"] == 600
