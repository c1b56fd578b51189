"""The vCenter client against govmomi's simulator: a vCenter that is not ours. What it lacks is skipped by name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from dsm_desktop.core.vsphere import Backing, DrsLevel, VmPower
from dsm_desktop.net.logins import LoginRefused
from dsm_desktop.net.recorder import MemoryRecorder
from dsm_desktop.net.streams import PlainUpload
from dsm_desktop.vmware import changes
from dsm_desktop.vmware.client import VcenterClient
from dsm_desktop.vmware.errors import NotThere, VcenterFault
from dsm_desktop.vmware.session import Opened
from dsm_desktop.vmware.watch import watching_all
from tests.kit.vcsim import PASSWORD, Vcsim, running


@pytest.fixture(scope="module")
def vcsim() -> Iterator[Vcsim]:
    with running() as peer:
        yield peer


@pytest.fixture
def client(vcsim: Vcsim) -> Iterator[VcenterClient]:
    with vcsim.client() as made:
        yield made


def test_who_answers(client: VcenterClient) -> None:
    about = client.about()
    assert (about.kind, about.version) == ("vcenter", "6.5.0")
    assert about.instance_uuid


def test_a_wrong_password_is_refused_once(vcsim: Vcsim) -> None:
    recorder = MemoryRecorder()
    with vcsim.client(recorder, password="wrong") as client, pytest.raises(LoginRefused):
        client.about()
    assert [call.method for call, _ in recorder.calls].count("Login") == 1


def test_the_whole_site_in_one_pass(vcsim: Vcsim) -> None:
    recorder = MemoryRecorder()
    with vcsim.client(recorder) as client:
        site = client.read_site()
    assert len(site.hosts) == 4
    assert len(site.clusters) == 1
    assert len(site.vms) == 4
    (cluster,) = site.clusters
    assert cluster.drs.enabled
    assert cluster.drs.level is DrsLevel.FULL
    assert sum(host.cluster == cluster.moid for host in site.hosts) == 3
    assert {host.datacenter for host in site.hosts} == {cluster.datacenter}
    assert all(vm.devices is None and vm.power is VmPower.ON for vm in site.vms)
    assert {vm.host for vm in site.vms} <= {host.moid for host in site.hosts}
    asked = [call.method for call, _ in recorder.calls]
    assert asked.count("RetrievePropertiesEx") == 1  # no alarms and no tasks are there to be looked up
    assert asked[-1] == "Logout"


def test_a_cluster_and_a_lone_host_with_devices(client: VcenterClient) -> None:
    site = client.read_site()
    picture = client.read_cluster(site.clusters[0].moid)
    assert {host.moid for host in picture.hosts} == {h.moid for h in site.hosts if h.cluster}
    assert all(vm.devices is not None for vm in picture.vms)
    assert {d.backing for vm in picture.vms for d in vm.devices or ()} == {Backing.HOST_CDROM}
    assert picture.vcenter_addresses == ("127.0.0.1",)
    (alone,) = (host for host in site.hosts if not host.cluster)
    lone = client.read_cluster(alone.moid)
    assert lone.cluster is None
    assert [host.moid for host in lone.hosts] == [alone.moid]
    assert lone.hosts[0].datacenter == alone.datacenter
    assert {service.key for service in lone.hosts[0].services or ()} >= {"TSM-SSH", "ntpd"}


def test_maintenance_mode_by_a_task(client: VcenterClient) -> None:
    host = next(h for h in client.read_site().hosts if h.cluster)
    task = client.enter_maintenance(host.moid, 600)
    state = client.task(task)
    assert (state.state, state.description) == ("success", "HostSystem.enterMaintenanceMode")
    assert client.read_host(host.moid).in_maintenance
    assert client.task(client.exit_maintenance(host.moid, 600)).state == "success"
    assert not client.read_host(host.moid).in_maintenance


def test_vms_are_switched_and_their_devices_disconnected(client: VcenterClient) -> None:
    vm = client.read_site().vms[0]
    assert client.task(client.power_off(vm.moid)).state == "success"
    assert client.read_vm(vm.moid).power is VmPower.OFF
    assert client.task(client.power_on(vm.moid)).state == "success"
    cdrom = (client.read_vm(vm.moid).devices or ())[0]
    client.set_device_connected(vm.moid, cdrom.key, False, at_power_on=False)
    assert not (client.read_vm(vm.moid).devices or ())[0].connected


def test_what_is_gone_is_said_to_be_gone(client: VcenterClient) -> None:
    with pytest.raises(NotThere, match="vm-4711"):
        client.read_vm("vm-4711")
    with pytest.raises(NotThere):
        client.task("task-4711")


def test_the_password_and_the_session_are_in_no_call(vcsim: Vcsim) -> None:
    recorder = MemoryRecorder()
    with vcsim.client(recorder) as client:
        client.read_site()
        cookie = client.session.read(lambda opened: opened.wire.cookie)
    assert cookie
    written = repr(recorder.calls)
    assert PASSWORD not in written
    assert cookie not in written


@pytest.mark.parametrize(
    "method",
    ["reboot_host", "reconnect_host", "migrate_vm", "cancel_task", "dry_run_evacuation", "past_tasks"],
)
def test_what_vcsim_lacks(client: VcenterClient, method: str) -> None:
    """Its answer MethodNotFound proves that the call arrives well-formed; what it does is shown by the simulated vCenter."""
    site = client.read_site()
    host, vm = site.hosts[0].moid, site.vms[0].moid
    if method == "dry_run_evacuation":
        assert client.dry_run_evacuation(site.clusters[0].moid, host) is None
        return
    if method == "past_tasks":
        assert client.past_tasks(host, "HostSystem.reboot", client.current_time()) is None
        return
    given = {"migrate_vm": (vm, host), "cancel_task": (client.enter_maintenance(host, 60),)}.get(
        method, (host,)
    )
    with pytest.raises(VcenterFault) as refused:
        getattr(client, method)(*given)
    assert refused.value.fault == "MethodNotFound"


def test_files_are_sent_listed_and_removed(client: VcenterClient, tmp_path: Path) -> None:
    store = client.read_site().datastores[0]
    file = tmp_path / "small.iso"
    file.write_bytes(b"image " * 100_000)
    client.make_directory(store.moid, "iso/esxi")
    client.upload(store.moid, "iso/esxi/small.iso", PlainUpload(file))
    assert client.file_size(store.moid, "iso/esxi/small.iso") == 600_000
    assert client.file_size(store.moid, "iso/esxi/other.iso") is None
    (entry,) = client.browse(store.moid, "iso/esxi")
    assert (entry.path, entry.folder, entry.size) == ("iso/esxi/small.iso", False, 600_000)
    assert any(item.path == "iso" and item.folder for item in client.browse(store.moid))
    with pytest.raises(NotThere, match="no such folder"):
        client.browse(store.moid, "nowhere")


def test_the_account_has_every_privilege(client: VcenterClient) -> None:
    assert client.missing_privileges(client.read_site()) == {}


def test_a_change_is_told_by_a_collector_of_ones_own(client: VcenterClient) -> None:
    vm = client.read_site().vms[0]

    def follow(opened: Opened) -> tuple[int, set[str]]:
        with watching_all(opened, {"VirtualMachine": ("name", "runtime.powerState")}) as watch:
            seen = len(watch.poll(0).changed)
            while not watch.poll(0).complete:
                seen = len(watch.rows)
            changes.power_off(opened, vm.moid)
            told: set[str] = set()
            for _ in range(10):
                told |= {row.moid for row in watch.poll(2).changed}
                if vm.moid in told:
                    break
            return seen, {
                moid for moid in told if watch.rows[moid].text("runtime.powerState") == "poweredOff"
            }

    known, off = client.session.read(follow)
    assert known == len(client.read_site().vms)
    assert off == {vm.moid}
    client.power_on(vm.moid)
