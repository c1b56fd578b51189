"""Signing in and reading the simulated vCenter with pyVmomi's own client over TLS."""

from __future__ import annotations

import dataclasses
import hashlib
import http.client
import ssl
import threading
import time
from typing import Any

import pytest
import pyVim.connect
from pyVmomi.SoapAdapter import Deserialize

from dsm_desktop.simulator.vsphere import ClusterSpec, VsphereSite, VsphereSpec
from dsm_desktop.simulator.vsphere.soap import write
from dsm_desktop.simulator.vsphere.vmomi import support, vim, vmodl
from tests.simulator.vsphere.conftest import PC, SMALL, Client, Connect

CONNECT: Any = pyVim.connect


def test_the_newest_version_both_sides_know_is_negotiated(site: VsphereSite, client: Client) -> None:
    connected = CONNECT.SmartConnect(
        host=site.address,
        port=site.port,
        user=site.spec.username,
        pwd=site.spec.password,
        sslContext=client.context,
    )
    assert connected._stub.version == "vim.version.v8_0_3_0"
    CONNECT.Disconnect(connected)


def test_signing_in_says_who_it_is(site: VsphereSite, client: Client) -> None:
    about = client.content.about
    assert (about.apiType, about.version, about.build) == ("VirtualCenter", "8.0.3", "24022515")
    assert client.content.sessionManager.currentSession.userName == "VSPHERE.LOCAL\\Administrator"
    assert site.counters["logins_ok"] == 1


def test_a_wrong_password_is_an_invalid_login_and_five_lock_the_account(connect: Connect) -> None:
    for _ in range(5):
        with pytest.raises(vim.fault.InvalidLogin):
            connect(password="wrong")
    with pytest.raises(vim.fault.InvalidLogin):
        connect()


def test_the_certificate_is_the_one_told_and_changes_when_told(site: VsphereSite) -> None:
    def shown() -> str:
        pem = ssl.get_server_certificate((site.address, site.port))
        return hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest()

    first = site.fingerprint
    assert shown() == first
    assert site.new_certificate() == shown() != first


def test_without_a_session_nothing_can_be_read(site: VsphereSite, client: Client) -> None:
    site.expire_sessions()
    with pytest.raises(vim.fault.NotAuthenticated):
        client.si.CurrentTime()


def test_a_session_at_rest_expires_and_logout_ends_one(site: VsphereSite, connect: Connect) -> None:
    one, other = connect(), connect()
    one.content.sessionManager.Logout()
    with pytest.raises(vim.fault.NotAuthenticated):
        one.si.CurrentTime()
    session = site.sessions.signed_in()[0]
    site.run(lambda: setattr(session, "touched", time.monotonic() - site.spec.idle_limit - 1))
    with pytest.raises(vim.fault.NotAuthenticated):
        other.si.CurrentTime()
    assert site.counters["sessions_expired"] == 1


def test_a_view_is_read_page_by_page(site: VsphereSite, client: Client) -> None:
    view = client.view(vim.VirtualMachine)
    wanted = client.spec(view, vim.VirtualMachine, "name", "runtime.powerState", "snapshot")
    collector = client.content.propertyCollector
    answer = collector.RetrievePropertiesEx([wanted], PC.RetrieveOptions(maxObjects=5))
    names, pages = [o.propSet[0].val for o in answer.objects], 1
    while answer.token:
        answer = collector.ContinueRetrievePropertiesEx(answer.token)
        names += [o.propSet[0].val for o in answer.objects]
        pages += 1
    view.Destroy()
    assert sorted(names) == sorted(v.name for v in site.vms)
    assert pages == 5
    with pytest.raises(vmodl.fault.InvalidArgument):
        collector.ContinueRetrievePropertiesEx("5/99")
    with pytest.raises(vmodl.fault.ManagedObjectNotFound):
        collector.RetrievePropertiesEx([wanted], PC.RetrieveOptions())


def test_a_page_can_be_given_up(client: Client) -> None:
    wanted = client.spec(client.view(vim.VirtualMachine), vim.VirtualMachine, "name")
    collector = client.content.propertyCollector
    token = collector.RetrievePropertiesEx([wanted], PC.RetrieveOptions(maxObjects=2)).token
    collector.CancelRetrievePropertiesEx(token)
    with pytest.raises(vmodl.fault.InvalidArgument):
        collector.ContinueRetrievePropertiesEx(token)


def test_one_unknown_path_fails_the_whole_call(site: VsphereSite, client: Client) -> None:
    with pytest.raises(vmodl.query.InvalidProperty) as told:
        client.read(site.hosts[0], "name", "runtime.shoeSize")
    assert told.value.name == "runtime.shoeSize"


def test_an_account_that_may_only_read_is_told_what_it_may_not_see(
    site: VsphereSite, connect: Connect
) -> None:
    reader = connect(site.spec.reader, site.spec.reader_password)
    host = site.hosts[0]
    wanted = PC.FilterSpec(
        propSet=[PC.PropertySpec(type=vim.HostSystem, pathSet=["name", "config.service", "config.ipmi"])],
        objectSet=[PC.ObjectSpec(obj=reader.stored(host))],
    )
    answer = reader.content.propertyCollector.RetrievePropertiesEx([wanted], PC.RetrieveOptions())
    found = answer.objects[0]
    assert [p.name for p in found.propSet] == ["name"]
    assert {m.path for m in found.missingSet} == {"config.service", "config.ipmi"}
    assert isinstance(found.missingSet[0].fault, vim.fault.NoPermission)
    assert reader.read(host, "config")["config"].service is None


def test_privileges_are_told_per_entity(site: VsphereSite, connect: Connect) -> None:
    reader = connect(site.spec.reader, site.spec.reader_password)
    key = reader.content.sessionManager.currentSession.key
    told = reader.content.authorizationManager.HasPrivilegeOnEntities(
        [reader.stored(site.hosts[0])], key, ["System.Read", "Host.Config.Maintenance"]
    )
    assert {p.privId: p.isGranted for p in told[0].privAvailability} == {
        "System.Read": True,
        "Host.Config.Maintenance": False,
    }


def test_a_host_is_known_by_its_service_tag(site: VsphereSite, client: Client) -> None:
    host = site.hosts[0]
    told = client.read(host, "summary.hardware.otherIdentifyingInfo", "summary.hardware.uuid", "hardware")
    info = [(i.identifierType.key, i.identifierValue) for i in told["summary.hardware.otherIdentifyingInfo"]]
    assert ("ServiceTag", host.service_tag) in info
    assert [key for key, _ in info].count("OemSpecificString") == 2
    assert told["summary.hardware.uuid"].startswith("4c4c4544-")
    assert told["hardware"].systemInfo.serialNumber == host.service_tag


@pytest.mark.parametrize("version", ["vim.version.v8_0_3_0", "vim.version.version11"])
def test_every_property_of_every_object_can_be_written(version: str) -> None:
    site = VsphereSite(VsphereSpec(clusters=(ClusterSpec("Prod", 2, vms_per_host=2, vsan=True),)))
    written = 0
    for node in list(site.world.nodes.values()):
        for info in node.kind._GetPropertyList():
            if not support.IsChildVersion(version, info.version):
                continue
            value = node.schema.read(node, info.name, version)
            if value is not None:
                text = write("val", value, object, version)
                read = support_read(text, version)
                assert isinstance(value, str | list | type(read)), info.name
                written += 1
    assert written > 400


def support_read(text: str, version: str) -> Any:
    """Read one element back with pyVmomi."""
    envelope = text.replace(
        "<val",
        '<val xmlns="urn:vim25" xmlns:xsd="http://www.w3.org/2001/XMLSchema"'
        ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"',
        1,
    )
    return Deserialize(envelope)  # type: ignore[no-untyped-call]


def test_waiting_tells_what_entered_changed_and_left(site: VsphereSite, client: Client) -> None:
    collector = client.content.propertyCollector.CreatePropertyCollector()
    view = client.view(vim.VirtualMachine)
    collector.CreateFilter(client.spec(view, vim.VirtualMachine, "name", "runtime.powerState"), False)
    first = collector.WaitForUpdatesEx("", PC.WaitOptions(maxWaitSeconds=5))
    assert {u.kind for u in first.filterSet[0].objectSet} == {"enter"}
    assert len(first.filterSet[0].objectSet) == len(site.vms)
    assert collector.WaitForUpdatesEx(first.version, PC.WaitOptions(maxWaitSeconds=0)) is None

    vm = site.vms[0]
    site.run(lambda: vm.set_power("poweredOff"))
    second = collector.WaitForUpdatesEx(first.version, PC.WaitOptions(maxWaitSeconds=5))
    (update,) = second.filterSet[0].objectSet
    assert (update.kind, update.obj._moId) == ("modify", vm.moid)
    assert [(c.name, c.val) for c in update.changeSet] == [("runtime.powerState", "poweredOff")]
    again = collector.WaitForUpdatesEx(first.version, PC.WaitOptions(maxWaitSeconds=5))
    assert again.version == second.version, "an answer that was lost is told again"

    with pytest.raises(vmodl.query.InvalidCollectorVersion):
        collector.WaitForUpdatesEx("77", PC.WaitOptions(maxWaitSeconds=1))
    collector.Destroy()
    view.Destroy()


def test_a_long_list_of_updates_comes_in_pieces(site: VsphereSite, client: Client) -> None:
    collector = client.content.propertyCollector.CreatePropertyCollector()
    collector.CreateFilter(client.spec(client.view(vim.VirtualMachine), vim.VirtualMachine, "name"), False)
    version, seen = "", 0
    while True:
        update = collector.WaitForUpdatesEx(version, PC.WaitOptions(maxWaitSeconds=5, maxObjectUpdates=7))
        seen += len(update.filterSet[0].objectSet)
        version = update.version
        if not update.truncated:
            break
    assert seen == len(site.vms)


def test_waiting_is_woken_by_a_change_and_by_a_cancel(site: VsphereSite, connect: Connect) -> None:
    client, other = connect(), connect()
    collector = client.content.propertyCollector.CreatePropertyCollector()
    collector.CreateFilter(
        client.spec(client.view(vim.HostSystem), vim.HostSystem, "runtime.connectionState"), False
    )
    version = collector.WaitForUpdatesEx("", PC.WaitOptions(maxWaitSeconds=5)).version
    results: list[Any] = []

    def wait() -> None:
        try:
            results.append(collector.WaitForUpdatesEx(version, PC.WaitOptions(maxWaitSeconds=20)))
        except vmodl.fault.RequestCanceled as error:
            results.append(error)

    thread = threading.Thread(target=wait)
    thread.start()
    assert site.wait_for(lambda: site.sessions.signed_in()[0].waiting == 1)
    assert other.si.CurrentTime() is not None, "a wait holds up nobody else"
    collector.CancelWaitForUpdates()
    thread.join(60)
    assert isinstance(results.pop(), vmodl.fault.RequestCanceled)

    thread = threading.Thread(target=wait)
    thread.start()
    assert site.wait_for(lambda: site.sessions.signed_in()[0].waiting == 1)
    host = site.hosts[0]

    def lose() -> None:
        host.connection = "notResponding"
        site.world.touch(host)

    site.run(lose)
    thread.join(60)
    assert results[0].filterSet[0].objectSet[0].changeSet[0].val == "notResponding"


def test_a_restart_answers_503_for_a_while(site: VsphereSite, connect: Connect) -> None:
    client = connect()
    site.restart(0.5)
    with pytest.raises((http.client.HTTPException, OSError)):
        client.si.CurrentTime()
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            client.si.CurrentTime()
        except vim.fault.NotAuthenticated:
            break
        except (http.client.HTTPException, OSError):
            time.sleep(0.05)
    assert connect().si.CurrentTime() is not None


@pytest.mark.parametrize(
    ("spoken", "known"), [("6.7", "vim.version.version12"), ("7.0.3.0", "vim.version.v7_0_3_0")]
)
def test_an_older_vcenter_does_not_know_newer_properties(spoken: str, known: str) -> None:
    with VsphereSite(dataclasses.replace(SMALL, api_version=spoken)) as site:
        client = Client(site, version=known)
        connected = CONNECT.SmartConnect(
            host=site.address,
            port=site.port,
            user=site.spec.username,
            pwd=site.spec.password,
            sslContext=client.context,
        )
        assert connected._stub.version == known
        CONNECT.Disconnect(connected)
        assert client.read(site.hosts[0], "name")
        with pytest.raises(vmodl.query.InvalidProperty):
            client.read(site.hosts[0], "name", "runtime.partialMaintenanceMode")
        client.close()


def test_the_last_day_can_be_asked_for(site: VsphereSite, client: Client) -> None:
    host = site.hosts[0]
    manager = client.content.perfManager
    counters = {f"{c.groupInfo.key}.{c.nameInfo.key}.{c.rollupType}": c.key for c in manager.perfCounter}
    metric = vim.PerformanceManager.MetricId(counterId=counters["mem.consumed.average"], instance="")
    spec = vim.PerformanceManager.QuerySpec(entity=client.stored(host), metricId=[metric], intervalId=300)
    (told,) = manager.QueryPerf([spec])
    assert len(told.sampleInfo) == len(told.value[0].value) == 288
    now = host.used_memory_mb() * 1024
    assert max(told.value[0].value) > now > min(told.value[0].value)


def test_4000_virtual_machines_are_served_page_by_page() -> None:
    clusters = tuple(ClusterSpec(f"C{n}", 50, vms_per_host=20) for n in range(4))
    with VsphereSite(VsphereSpec(clusters=clusters, stand_alone=0)) as site:
        client = Client(site)
        paths = (
            "name",
            "runtime.host",
            "runtime.powerState",
            "config.template",
            "datastore",
            "summary.quickStats",
        )
        wanted = client.spec(client.view(vim.VirtualMachine), vim.VirtualMachine, *paths)
        answer = client.content.propertyCollector.RetrievePropertiesEx([wanted], PC.RetrieveOptions())
        seen = len(answer.objects)
        while answer.token:
            answer = client.content.propertyCollector.ContinueRetrievePropertiesEx(answer.token)
            seen += len(answer.objects)
        client.close()
    assert seen == 4000
