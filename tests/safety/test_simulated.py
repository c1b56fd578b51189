"""Everything the simulated vCenter can put in the way is found by its name, as the client reads it over a real connection."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from dsm_desktop.core.vsphere_site import ClusterPicture
from dsm_desktop.safety.blockers import cluster_blockers
from dsm_desktop.safety.findings import Cause, Finding, Severity
from dsm_desktop.safety.judge import Demand, Light, judge
from dsm_desktop.safety.placement import largest_set_out, what_if
from dsm_desktop.simulator.vsphere import Blocker, ClusterSpec, VsphereSite, VsphereSpec
from dsm_desktop.vmware.client import VcenterClient
from tests.vmware.kit import client_of

B, C = Blocker, Cause
ON_A_VM = {
    B.PCI_PASSTHROUGH: C.PCI_PASSTHROUGH, B.DVX: C.DVX, B.VGPU: C.VGPU, B.SRIOV: C.SRIOV, B.USB_HOST: C.HOST_USB,
    B.USB_CLIENT: C.CLIENT_DEVICE, B.CDROM_CLIENT: C.CLIENT_DEVICE, B.CDROM_HOST: C.CDROM, B.CDROM_LOCAL_ISO: C.CDROM,
    B.CDROM_LOCKED: C.CDROM, B.TOOLS_INSTALLER: C.TOOLS_INSTALLER, B.FLOPPY: C.FLOPPY, B.SERIAL: C.PORT, B.PARALLEL: C.PORT,
    B.LOCAL_DISK: C.LOCAL_STORAGE, B.LOCAL_SWAP: C.LOCAL_STORAGE, B.DRS_OFF_FOR_VM: C.VM_OVERRIDE, B.DRS_MANUAL_FOR_VM: C.VM_OVERRIDE,
    B.MUST_RUN_HERE: C.MUST_RULE, B.SHOULD_RUN_HERE: C.SHOULD_RULE, B.ANTI_AFFINITY: C.ANTI_AFFINITY,
    B.CPU_AFFINITY: C.CPU_AFFINITY, B.MEMORY_AFFINITY: C.CPU_AFFINITY, B.NUMA_AFFINITY: C.CPU_AFFINITY, B.FAULT_TOLERANCE: C.FAULT_TOLERANCE,
    B.SHARED_BUS: C.SHARED_DISK, B.PHYSICAL_RDM: C.SHARED_DISK, B.MULTI_WRITER: C.SHARED_DISK, B.LATENCY_SENSITIVE: C.LATENCY,
    B.NETWORK_MISSING: C.NETWORK, B.NEWER_CPU: C.CPU_COMPATIBILITY, B.SUSPENDED: C.SUSPENDED, B.SUSPENDED_TO_MEMORY: C.SUSPENDED_TO_MEMORY,
    B.POWERED_OFF: C.POWERED_OFF, B.TEMPLATE: C.POWERED_OFF, B.VCLS: C.VCLS, B.AGENT_VM: C.AGENT, B.VCENTER_VM: C.MANAGEMENT_VM,
    B.QUESTION: C.QUESTION, B.INACCESSIBLE: C.VM_NOT_ACCESSIBLE, B.BACKUP: C.OWNED_BY_TASK, B.CONSOLIDATION: C.OWNED_BY_TASK,
    B.BUSY: C.OWNED_BY_TASK, B.NVDIMM: C.PERSISTENT_MEMORY, B.INSTANT_CLONE_PARENT: C.PERSISTENT_MEMORY, B.FLASH_CACHE: C.PERSISTENT_MEMORY,
}  # fmt: skip
ALONE = {
    B.KEEP_TOGETHER: (C.KEEP_TOGETHER, Severity.WARN), B.RESERVATION: (C.RESERVATION, Severity.BLOCK),
    B.BIG_VM: (C.BIG_VM, Severity.BLOCK), B.ENCRYPTED_NO_KEY: (C.ENCRYPTED, Severity.BLOCK),
}  # fmt: skip
"""Those that change more than their VM; each has a cluster of its own."""
SILENT = {B.NO_TOOLS, B.ENCRYPTED}
"""Those that do not hold a running VM by themselves."""
GATES = {
    B.CLOCK_SKEW: "health", B.NTP_STOPPED: "health", B.HA_AGENT: "health", B.ALARM: "alarms", B.QUARANTINE: "hosts", B.STANDBY: "hosts",
    B.IN_MAINTENANCE: "hosts", B.DISCONNECTED: "hosts", B.LOCKDOWN: "access", B.LOCKDOWN_STRICT: "access",
}  # fmt: skip
ON_A_CLUSTER = {
    B.DRS_OFF: C.DRS_NOT_AUTOMATED, B.DRS_MANUAL: C.DRS_NOT_AUTOMATED, B.DRS_PARTIAL: C.DRS_NOT_AUTOMATED, B.DPM_ON: C.POWER_MANAGEMENT,
    B.PROACTIVE_HA: C.POWER_MANAGEMENT,
}  # fmt: skip
CLUSTER_GATES = {B.IMAGE_MANAGED: "image", B.ANOTHER_TOOL: "others"}
SPEC = VsphereSpec(
    clusters=(
        ClusterSpec("Many", 4, vms_per_host=18), ClusterSpec("Good", 4, vms_per_host=4),
        *(ClusterSpec(f"One-{b.value}", 2, vms_per_host=2) for b in ALONE),
        ClusterSpec("Gates", 2 + len(GATES), vms_per_host=1),
        *(ClusterSpec(f"Set-{b.value}", 2, vms_per_host=1) for b in (*ON_A_CLUSTER, *CLUSTER_GATES)),
    ),
    stand_alone=1,
)  # fmt: skip


class Seen:
    """The site with everything put on, each cluster read once."""

    def __init__(self, site: VsphereSite, client: VcenterClient) -> None:
        self.where: dict[Blocker, str] = {}
        self.site, self.client = site, client
        self.clusters = {c.name: c.moid for c in client.read_site().clusters}
        self._read: dict[str, ClusterPicture] = {}

    def picture(self, cluster: str) -> ClusterPicture:
        if cluster not in self._read:
            self._read[cluster] = self.client.read_cluster(self.clusters[cluster])
        return self._read[cluster]

    def of_vm(self, cluster: str, moid: str) -> list[Finding]:
        return [
            f for found in cluster_blockers(self.picture(cluster)).values() for f in found if f.moid == moid
        ]


@pytest.fixture(scope="module")
def seen() -> Iterator[Seen]:
    with VsphereSite(SPEC) as site, client_of(site) as client:
        seen = Seen(site, client)
        free = [v for v in site.vms if v.host.owner.name == "Many" and v.power == "poweredOn"]
        for blocker in (*ON_A_VM, *SILENT):
            seen.where[blocker] = site.put(blocker, free.pop()).moid
        for blocker in ALONE:
            vms = [
                v for v in site.vms if v.host.owner.name == f"One-{blocker.value}" and v.power == "poweredOn"
            ]
            seen.where[blocker] = site.put(blocker, vms[0]).moid
            if blocker is B.RESERVATION:
                site.put(blocker, next(v for v in vms if v.host is not vms[0].host))
        hosts = [h for h in site.hosts if h.owner.name == "Gates"]
        for blocker in GATES:
            seen.where[blocker] = site.put(blocker, hosts.pop()).name
        for blocker in (*ON_A_CLUSTER, *CLUSTER_GATES):
            site.put(blocker, site.cluster(f"Set-{blocker.value}"))
        yield seen


@pytest.mark.parametrize("blocker", ON_A_VM, ids=lambda b: b.value)
def test_each_is_found_on_its_vm(seen: Seen, blocker: Blocker) -> None:
    assert ON_A_VM[blocker] in {f.cause for f in seen.of_vm("Many", seen.where[blocker])}


@pytest.mark.parametrize("blocker", ALONE, ids=lambda b: b.value)
def test_each_that_needs_a_cluster_of_its_own(seen: Seen, blocker: Blocker) -> None:
    found = {(f.cause, f.severity) for f in seen.of_vm(f"One-{blocker.value}", seen.where[blocker])}
    assert ALONE[blocker] in found


@pytest.mark.parametrize("blocker", sorted(SILENT, key=str), ids=lambda b: b.value)
def test_what_does_not_hold_a_vm_is_not_said_to(seen: Seen, blocker: Blocker) -> None:
    assert [f for f in seen.of_vm("Many", seen.where[blocker]) if f.severity is Severity.BLOCK] == []


@pytest.mark.parametrize("blocker", GATES, ids=lambda b: b.value)
def test_each_that_closes_a_gate(seen: Seen, blocker: Blocker) -> None:
    gate = judge(seen.picture("Gates"), demand=Demand(need_ssh=True)).gate(GATES[blocker])
    assert gate.colour is not Light.GREEN


@pytest.mark.parametrize("blocker", ON_A_CLUSTER, ids=lambda b: b.value)
def test_each_setting_of_a_cluster(seen: Seen, blocker: Blocker) -> None:
    found = cluster_blockers(seen.picture(f"Set-{blocker.value}"))
    assert all(ON_A_CLUSTER[blocker] in {f.cause for f in findings} for findings in found.values())


@pytest.mark.parametrize("blocker", CLUSTER_GATES, ids=lambda b: b.value)
def test_each_setting_that_closes_a_gate(seen: Seen, blocker: Blocker) -> None:
    verdict = judge(seen.picture(f"Set-{blocker.value}"), demand=Demand(target_version="8.0.3"))
    assert verdict.gate(CLUSTER_GATES[blocker]).colour is Light.RED


def test_a_cluster_in_order_is_green_for_every_host(seen: Seen) -> None:
    pic = seen.picture("Good")
    assert {f.severity for found in cluster_blockers(pic).values() for f in found} <= {Severity.INFO}
    for host in pic.hosts:
        verdict = judge(pic, frozenset({host.moid}), Demand(need_ssh=True, target_version="8.0.3"))
        assert verdict.colour is Light.GREEN, verdict.reasons
    assert all(w.fits for w in what_if(pic))
    assert len(largest_set_out(pic).hosts) == 2


def test_a_stand_alone_host_is_judged_too(seen: Seen) -> None:
    host = next(h for h in seen.client.read_site().hosts if not h.cluster)
    pic = seen.client.read_cluster(host.moid)
    found = cluster_blockers(pic)[host.moid]
    assert {f.cause for f in found if f.severity is Severity.BLOCK} <= {Cause.NO_TARGET}
    assert judge(pic, frozenset({host.moid})).colour is Light.AMBER
