"""What the client makes of a vCenter: whole, page by page, and one object at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from dsm_desktop.core.uplinks import Uplink
from dsm_desktop.core.vsphere import Backing, Connection, DrsLevel, Vm, VmPower
from dsm_desktop.core.vsphere_site import Site
from dsm_desktop.net.recorder import MemoryRecorder
from dsm_desktop.simulator.vsphere import ClusterSpec, VsphereSite
from dsm_desktop.simulator.vsphere.nodes.hosts import Host
from dsm_desktop.vmware.client import ClusterChange
from dsm_desktop.vmware.collector import Row, known
from dsm_desktop.vmware.switches import uplinks_of
from dsm_desktop.vmware.vmodl import vim
from tests.vmware.kit import SMALL, client_of, ended


def timeless(site: Site) -> Site:
    """Without the moment and the figures that change by themselves."""
    hosts = tuple(replace(h, cpu_used_mhz=0, memory_used_mb=0) for h in site.hosts)
    vms = tuple(replace(v, cpu_used_mhz=0, memory_used_mb=0) for v in site.vms)
    return replace(site, read_at=site.read_at.min, hosts=hosts, vms=vms)


def test_pages_give_the_same_as_one_answer(site: VsphereSite, monkeypatch: pytest.MonkeyPatch) -> None:
    recorder = MemoryRecorder()
    with client_of(site, recorder) as client:
        whole = client.read_site()
        monkeypatch.setattr("dsm_desktop.vmware.collector.PAGE", 5)
        paged = client.read_site()
    assert timeless(paged) == timeless(whole)
    further = [call.method for call, _ in recorder.calls].count("ContinueRetrievePropertiesEx")
    objects = sum(len(getattr(whole, part)) for part in ("folders", "clusters", "hosts", "vms", "datastores"))
    assert further >= objects // 5


def test_names_are_shown_as_people_wrote_them(site: VsphereSite) -> None:
    """vCenter escapes three characters in the names of its objects, and no others."""
    vm, cluster = site.vms[0], site.cluster("Lab")
    before = vm.name, cluster.name

    def rename(names: tuple[str, str]) -> None:
        vm.name, cluster.name = names
        site.world.touch(vm)
        site.world.touch(cluster)

    site.run(lambda: rename(("Zürich%2fWeb%5C1 100%25", "Käse%2fBrot: 日本")))
    try:
        with client_of(site) as client:
            seen = client.read_site()
            assert "Zürich/Web\\1 100%" in {v.name for v in seen.vms}
            assert "Käse/Brot: 日本" in {c.name for c in seen.clusters}
            assert client.read_vm(vm.moid).name == "Zürich/Web\\1 100%"
    finally:
        site.run(lambda: rename(before))


def test_no_view_is_left_behind(site: VsphereSite) -> None:
    with client_of(site) as client:
        for _ in range(3):
            client.read_site()
    counters = site.counters
    assert counters["views_created"] == counters["views_destroyed"] == 3


def test_paths_of_newer_versions_are_not_asked_for() -> None:
    assert known("ClusterComputeResource", "lifecycleManaged", "vim.version.v8_0_3_0")
    assert not known("ClusterComputeResource", "lifecycleManaged", "vim.version.version11")
    assert known("HostSystem", "runtime.inQuarantineMode", "vim.version.version11")
    assert known("ClusterComputeResource", "configurationEx", "vim.version.version11")


def test_a_host_shows_its_ports_with_speed_and_switch(site: VsphereSite) -> None:
    host = site.run(lambda: site.world.of(Host)[0])
    site.run(lambda: host.links.update(vmnic2=0))
    with client_of(site) as client:
        ports = client.read_host(host.moid).uplinks
        assert all(h.uplinks is None for h in client.read_site().hosts)
    site.run(lambda: host.links.update(vmnic2=25000))
    assert ports == tuple(Uplink(f"vmnic{n}", 0 if n == 2 else 25000, "vSwitch0") for n in range(4))


def test_ports_of_distributed_and_opaque_switches_are_uplinks_too() -> None:
    nic = vim.host.PhysicalNic
    keys = [f"key-vim.host.PhysicalNic-vmnic{n}" for n in range(3)]
    row = Row(
        "HostSystem",
        "host-1",
        {
            "config.network.pnic": [nic(key=key, device=key.rpartition("-")[2]) for key in keys],
            "config.network.proxySwitch": [vim.host.HostProxySwitch(dvsName="DSwitch", pnic=keys[:1])],
            "config.network.opaqueSwitch": [vim.host.OpaqueSwitch(key="nsx", name="nvds", pnic=keys[1:2])],
        },
    )
    assert uplinks_of(row) == (
        Uplink("vmnic0", 0, "DSwitch"),
        Uplink("vmnic1", 0, "nvds"),
        Uplink("vmnic2", 0),
    )
    assert uplinks_of(Row("HostSystem", "host-1", {})) is None


def test_only_what_was_named_is_changed_on_a_cluster(site: VsphereSite) -> None:
    recorder = MemoryRecorder()
    with client_of(site, recorder) as client:
        moid = next(c.moid for c in client.read_site().clusters if c.name == "Prod")
        before = client.read_cluster(moid).cluster
        assert before is not None
        task = client.reconfigure_cluster(
            moid, ClusterChange(admission_control=False, drs_level=DrsLevel.MANUAL)
        )
        assert ended(site, client, task).state == "success"
        after = client.read_cluster(moid).cluster
    assert after is not None
    assert after.ha == replace(before.ha, admission_control=False, current_level=after.ha.current_level)
    assert after.drs == replace(before.drs, level=DrsLevel.MANUAL)
    (sent,) = [call for call, _ in recorder.calls if call.method == "ReconfigureComputeResource_Task"]
    assert sent.body == {
        "spec": {
            "dasConfig": {"admissionControlEnabled": False},
            "drsConfig": {"defaultVmBehavior": "manual"},
        },
        "modify": True,
    }


def test_a_task_that_fails_says_what_and_why(site: VsphereSite) -> None:
    with client_of(site) as client:
        host = client.read_site().hosts[0]
        site.faults.set("task_fails", text="The host is on fire.")
        state = ended(site, client, client.enter_maintenance(host.moid, 600))
        assert (state.state, state.entity) == ("error", host.moid)
        assert "on fire" in state.error
        assert state.fault


def has(backing: Backing, detail: str = "") -> Callable[[Vm], bool]:
    return lambda vm: any(
        d.backing is backing and d.connected and detail in d.detail for d in vm.devices or ()
    )


HOLDS: dict[str, Callable[[Vm], bool]] = {
    "pci_passthrough": has(Backing.PASSTHROUGH),
    "dvx": has(Backing.DVX),
    "vgpu": has(Backing.VGPU),
    "sriov": has(Backing.SRIOV),
    "usb_host": has(Backing.HOST_USB),
    "usb_client": has(Backing.CLIENT_USB),
    "cdrom_client": has(Backing.CLIENT_CDROM),
    "cdrom_host": has(Backing.HOST_CDROM),
    "cdrom_local_iso": lambda vm: has(Backing.ISO)(vm) and set(vm.disk_datastores or ()) < set(vm.datastores),
    "tools_installer": lambda vm: vm.tools_installer,
    "floppy": has(Backing.FLOPPY),
    "serial": has(Backing.SERIAL),
    "parallel": has(Backing.PARALLEL),
    "local_swap": lambda vm: vm.swap_on_host,
    "cpu_affinity": lambda vm: bool(vm.cpu_affinity),
    "memory_affinity": lambda vm: bool(vm.memory_affinity),
    "numa_affinity": lambda vm: vm.numa_affinity,
    "shared_bus": has(Backing.SHARED_BUS),
    "physical_rdm": has(Backing.RAW_DISK, "physicalMode"),
    "multi_writer": has(Backing.MULTI_WRITER),
    "reservation": lambda vm: vm.memory_reservation_mb > 0,
    "latency_sensitive": lambda vm: vm.latency_high,
    "encrypted": lambda vm: vm.encrypted,
    "suspended": lambda vm: vm.power is VmPower.SUSPENDED,
    "suspended_to_memory": lambda vm: vm.suspended_to_memory,
    "template": lambda vm: vm.template,
    "agent_vm": lambda vm: vm.managed_by != "",
    "question": lambda vm: vm.question is not None and len(vm.question.choices) > 1,
    "inaccessible": lambda vm: vm.connection is Connection.INACCESSIBLE,
    "backup": lambda vm: "MigrateVM_Task" in vm.disabled_methods,
    "consolidation": lambda vm: vm.consolidation_needed,
    "busy": lambda vm: vm.busy_with != "",
    "nvdimm": has(Backing.NVDIMM),
    "instant_clone_parent": lambda vm: vm.fork_parent,
    "flash_cache": lambda vm: vm.vflash,
    "fault_tolerance": lambda vm: vm.fault_tolerance != "" and vm.fault_tolerance_pair != "",
}


def test_everything_that_may_hold_a_vm_is_seen_on_it_and_on_no_other() -> None:
    blockers = tuple((name, f"Prod/{number}") for number, name in enumerate(HOLDS))
    spec = replace(SMALL, clusters=(ClusterSpec("Prod", 3, vms_per_host=14),), blockers=blockers)
    with VsphereSite(spec) as site, client_of(site) as client:
        names = {name: site.vm(where).name for name, where in blockers}
        moid = client.read_site().clusters[0].moid
        vms = {vm.name: vm for vm in client.read_cluster(moid).vms}
    unseen = [name for name, holds in HOLDS.items() if not holds(vms[names[name]])]
    assert unseen == []
    plain = [vm for name, vm in vms.items() if name not in names.values() and not vm.is_vcls]
    assert plain
    false = {name for name, holds in HOLDS.items() for vm in plain if holds(vm)}
    assert false <= {"fault_tolerance"}  # its other half is a VM of its own
