"""Every cause that can hold a host: found when it is there, silent when it is not, and said in words that lead on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pytest

from dsm_desktop.core.vsphere import (
    Backing,
    Cluster,
    Connection,
    Device,
    DrsLevel,
    DrsPolicy,
    Mount,
    Network,
    Question,
    Rule,
    RuleKind,
    VmOverride,
    VmPower,
)
from dsm_desktop.core.vsphere_site import ClusterPicture
from dsm_desktop.safety.blockers import blockers, cluster_blockers, safe_fix
from dsm_desktop.safety.findings import Cause, Finding, Remedy, Severity
from tests.safety.small import (
    picture,
    store,
    vm,
    with_cluster,
    with_hosts,
    with_vm,
)

B, W, N = Severity.BLOCK, Severity.WARN, Severity.INFO
P = picture()
TWO = picture(2)


def dev(backing: Backing, connected: bool = True, datastore: str = "", detail: str = "") -> ClusterPicture:
    return with_vm(P, devices=(Device(4000, "the device", backing, connected, datastore, detail),))


def rule(
    kind: RuleKind, vms: tuple[str, ...] = ("vm-1",), base: ClusterPicture = P, **more: Any
) -> ClusterPicture:
    values: dict[str, Any] = {"key": 7, "name": "the rule", "kind": kind, "vms": vms, **more}
    return with_cluster(base, rules=(Rule(**values),))


def drs(**policy: Any) -> ClusterPicture:
    return with_cluster(P, drs=DrsPolicy(**{"enabled": True, "level": DrsLevel.FULL, **policy}))


def local(base: ClusterPicture, hosts: tuple[int, ...] = (1,)) -> ClusterPicture:
    """With a store ds9 that only these hosts reach."""
    return replace(base, datastores=(*base.datastores, store(9, hosts)))


ISO_LOCAL = local(dev(Backing.ISO, datastore="ds-9", detail="[ds9] tools.iso"))
SERVICE = {"managed_by": "com.vmware.vim.eam"}
FULL = with_hosts(P, "host-2", "host-3", "host-4", memory_used_mb=250_000)


@dataclass
class Row:
    """A cause: a picture that has it at host-1 with this severity and remedy, and one like it that has not."""

    cause: Cause
    severity: Severity
    remedy: Remedy
    yes: ClusterPicture
    no: ClusterPicture = P


C, R, K = Cause, Remedy, Backing
ROWS = [
    Row(C.PCI_PASSTHROUGH, B, R.SHUT_DOWN, dev(K.PASSTHROUGH, detail="0000:3b:00.0")),
    Row(C.DVX, W, R.MIGRATE, dev(K.DVX)),
    Row(C.VGPU, B, R.SHUT_DOWN, dev(K.VGPU)),
    Row(C.VGPU, W, R.MIGRATE, replace(dev(K.VGPU), vgpu_vmotion=True)),
    Row(C.SRIOV, B, R.SHUT_DOWN, dev(K.SRIOV)),
    Row(C.HOST_USB, B, R.BY_HAND, dev(K.HOST_USB)),
    Row(C.HOST_USB, W, R.MIGRATE, dev(K.REMOTE_HOST_USB)),
    Row(C.CLIENT_DEVICE, B, R.BY_HAND, dev(K.CLIENT_USB), dev(K.CLIENT_USB, connected=False)),
    Row(C.CLIENT_DEVICE, B, R.DISCONNECT_MEDIA, dev(K.CLIENT_CDROM), dev(K.CLIENT_CDROM, connected=False)),
    Row(C.CDROM, B, R.DISCONNECT_MEDIA, dev(K.HOST_CDROM), dev(K.HOST_CDROM, connected=False)),
    Row(C.CDROM, B, R.DISCONNECT_MEDIA, ISO_LOCAL, dev(K.ISO, datastore="ds-1")),
    Row(C.CDROM, B, R.DISCONNECT_MEDIA, dev(K.ISO, datastore="ds-gone"), dev(K.ISO, False, "ds-gone")),
    Row(C.TOOLS_INSTALLER, B, R.UNMOUNT_TOOLS, with_vm(P, tools_installer=True)),
    Row(C.FLOPPY, B, R.DISCONNECT_MEDIA, dev(K.FLOPPY), dev(K.FLOPPY, connected=False)),
    Row(C.PORT, B, R.BY_HAND, dev(K.SERIAL, detail="/dev/ttyS0"), dev(K.SERIAL, detail="uri telnet://10.0.0.9:2000")),
    Row(C.PORT, B, R.BY_HAND, dev(K.PARALLEL), dev(K.PARALLEL, datastore="ds-1")),
    Row(C.LOCAL_STORAGE, B, R.MOVE_STORAGE, local(with_vm(P, datastores=("ds-1", "ds-9"))), local(P)),
    Row(
        C.LOCAL_STORAGE, B, R.MOVE_STORAGE, local(with_vm(P, datastores=("ds-9",))),
        local(with_vm(P, datastores=("ds-1", "ds-9"), disk_datastores=("ds-1",))),
    ),
    Row(C.LOCAL_STORAGE, B, R.SHUT_DOWN, with_vm(P, swap_on_host=True)),
    Row(C.DRS_NOT_AUTOMATED, B, R.MIGRATE, drs(enabled=False)),
    Row(C.DRS_NOT_AUTOMATED, B, R.MIGRATE, drs(level=DrsLevel.MANUAL), replace(drs(level=DrsLevel.MANUAL), vms=())),
    Row(C.DRS_NOT_AUTOMATED, B, R.MIGRATE, drs(level=DrsLevel.PARTIAL), drs()),
    Row(
        C.VM_OVERRIDE, B, R.MIGRATE, drs(overrides=(VmOverride("vm-1", False),)),
        drs(overrides=(VmOverride("vm-1", False),), overrides_allowed=False),
    ),
    Row(
        C.VM_OVERRIDE, B, R.MIGRATE, drs(overrides=(VmOverride("vm-1", level=DrsLevel.MANUAL),)),
        drs(overrides=(VmOverride("vm-1", level=DrsLevel.FULL), VmOverride("vm-2", False))),
    ),
    Row(
        C.MUST_RULE, B, R.DISABLE_RULE, rule(RuleKind.ON_HOSTS, mandatory=True, hosts=("host-1",)),
        rule(RuleKind.ON_HOSTS, mandatory=True, hosts=("host-1", "host-2")),
    ),
    Row(
        C.MUST_RULE, B, R.DISABLE_RULE,
        rule(RuleKind.ON_HOSTS, mandatory=True, away=True, hosts=("host-2", "host-3", "host-4")),
        rule(RuleKind.ON_HOSTS, mandatory=True, enabled=False, hosts=("host-1",)),
    ),
    Row(
        C.SHOULD_RULE, N, R.LEAVE_ALONE, rule(RuleKind.ON_HOSTS, hosts=("host-1",)),
        rule(RuleKind.ON_HOSTS, hosts=("host-1", "host-3")),
    ),
    Row(
        C.ANTI_AFFINITY, B, R.DISABLE_RULE, rule(RuleKind.APART, ("vm-1", "vm-2", "vm-3", "vm-4")),
        rule(RuleKind.APART, ("vm-1", "vm-2", "vm-3")),
    ),
    Row(C.KEEP_TOGETHER, W, R.MIGRATE, rule(RuleKind.TOGETHER, ("vm-1", "vm-2")), rule(RuleKind.TOGETHER, ("vm-2", "vm-3"))),
    Row(C.KEEP_TOGETHER, B, R.DISABLE_RULE, rule(RuleKind.TOGETHER, ("vm-1", "vm-2", "vm-3"))),
    Row(C.CPU_AFFINITY, B, R.CLEAR_AFFINITY, with_vm(P, cpu_affinity=(0, 1))),
    Row(C.CPU_AFFINITY, B, R.CLEAR_AFFINITY, with_vm(P, memory_affinity=(1,))),
    Row(C.CPU_AFFINITY, B, R.CLEAR_AFFINITY, with_vm(P, numa_affinity=True)),
    Row(C.FAULT_TOLERANCE, W, R.SUSPEND_FAULT_TOLERANCE, with_vm(P, fault_tolerance="primary"), with_vm(P, fault_tolerance="none")),
    Row(C.FAULT_TOLERANCE, B, R.SUSPEND_FAULT_TOLERANCE, with_vm(TWO, fault_tolerance="secondary")),
    Row(C.FAULT_TOLERANCE, B, R.SUSPEND_FAULT_TOLERANCE, with_hosts(with_vm(P, fault_tolerance="primary"), "host-2", build="24674464")),
    Row(C.SHARED_DISK, B, R.SHUT_DOWN, dev(K.SHARED_BUS, detail="virtualSharing")),
    Row(C.SHARED_DISK, W, R.MIGRATE, dev(K.SHARED_BUS, detail="physicalSharing")),
    Row(C.SHARED_DISK, B, R.SHUT_DOWN, dev(K.MULTI_WRITER)),
    Row(C.SHARED_DISK, N, R.MIGRATE, dev(K.RAW_DISK)),
    Row(
        C.RESERVATION, B, R.FEWER_HOSTS,
        replace(P, vms=(vm(1, 1, memory_mb=200_000, memory_reservation_mb=200_000),
                        *(vm(n, n, memory_mb=200_000, memory_reservation_mb=100_000) for n in (2, 3, 4)))),
        with_vm(P, memory_mb=200_000, memory_reservation_mb=200_000),
    ),
    Row(C.NO_ROOM, W, R.SHUT_DOWN, FULL),
    Row(C.LATENCY, W, R.MIGRATE, with_vm(P, latency_high=True)),
    Row(C.BIG_VM, B, R.SHUT_DOWN, with_vm(P, cpus=65), with_vm(P, cpus=64)),
    Row(C.BIG_VM, B, R.SHUT_DOWN, with_vm(P, memory_mb=262_145), with_vm(P, memory_mb=262_144)),
    Row(C.VMOTION, B, R.BY_HAND, with_hosts(P, vmotion=False), with_hosts(P, "host-2", "host-3", vmotion=False)),
    Row(C.VMOTION, B, R.BY_HAND, with_hosts(P, "host-1", vmotion=False)),
    Row(C.NETWORK, B, R.BY_HAND, with_vm(P, networks=("net-2",))),
    Row(
        C.NETWORK, B, R.BY_HAND, replace(P, networks=(replace(P.networks[0], uplink=False),)),
        replace(P, networks=(replace(P.networks[0], uplink=True),)),
    ),
    Row(C.CPU_COMPATIBILITY, B, R.SHUT_DOWN, with_vm(P, min_evc="intel-icelake"), with_vm(P, min_evc="intel-skylake")),
    Row(
        C.CPU_COMPATIBILITY, B, R.SHUT_DOWN,
        with_hosts(P, "host-2", "host-3", "host-4", cpu_model="Intel(R) Xeon(R) CPU E5-2640 v4 @ 2.40GHz"),
        with_hosts(P, "host-2", "host-3", "host-4", cpu_model="Intel(R) Xeon(R) Gold 6330 CPU @ 2.00GHz"),
    ),
    Row(C.ENCRYPTED, B, R.BY_HAND, with_hosts(with_vm(P, encrypted=True), crypto_safe=None), with_vm(P, encrypted=True)),
    Row(C.SUSPENDED, N, R.RESUME, with_vm(P, power=VmPower.SUSPENDED)),
    Row(C.SUSPENDED_TO_MEMORY, B, R.RESUME, with_vm(P, power=VmPower.SUSPENDED, suspended_to_memory=True), with_vm(P, power=VmPower.SUSPENDED)),
    Row(C.POWERED_OFF, N, R.LEAVE_ALONE, with_vm(P, power=VmPower.OFF)),
    Row(C.POWERED_OFF, N, R.LEAVE_ALONE, with_vm(P, power=VmPower.OFF, template=True)),
    Row(C.VCLS, N, R.LEAVE_ALONE, with_vm(P, name="vCLS-1", **SERVICE)),
    Row(C.VCLS, W, R.BY_HAND, local(with_vm(P, name="vCLS-1", datastores=("ds-9",), **SERVICE))),
    Row(C.VCLS, W, R.BY_HAND, with_hosts(with_vm(TWO, name="vCLS-1", **SERVICE), "host-2", in_maintenance=True)),
    Row(C.AGENT, N, R.LEAVE_ALONE, with_vm(P, name="nsx-agent", **SERVICE), with_vm(P, name="nsx-agent")),
    Row(C.MANAGEMENT_VM, W, R.MIGRATE, replace(with_vm(P, guest_address="10.0.0.5"), vcenter_addresses=("10.0.0.5",)), with_vm(P, guest_address="10.0.0.5")),
    Row(C.MANAGEMENT_VM, W, R.MIGRATE, replace(with_vm(P, guest_host="VC.lab.local"), vcenter_addresses=("vc",)), replace(P, vcenter_addresses=("vc",))),
    Row(C.MANAGEMENT_VM, W, R.MIGRATE, replace(P, essential=(("vm1", "DNS"),)), replace(P, essential=(("vm11", "DNS"),))),
    Row(C.QUESTION, B, R.ANSWER_QUESTION, with_vm(P, question=Question("q", "Unlock the door?", (("0", "Yes"), ("1", "No"))))),
    *(Row(C.VM_NOT_ACCESSIBLE, B, R.BY_HAND, with_vm(P, connection=c)) for c in
      (Connection.ORPHANED, Connection.INACCESSIBLE, Connection.INVALID, Connection.DISCONNECTED)),
    Row(C.OWNED_BY_TASK, B, R.WAIT, with_vm(P, disabled_methods=("MigrateVM_Task",)), with_vm(P, disabled_methods=("Destroy_Task",))),
    Row(C.OWNED_BY_TASK, B, R.WAIT, with_vm(P, busy_with="VirtualMachine.createSnapshot")),
    Row(C.OWNED_BY_TASK, W, R.BY_HAND, with_vm(P, consolidation_needed=True)),
    Row(C.OWNED_BY_TASK, N, R.WAIT, with_vm(P, busy_with="VirtualMachine.migrate")),
    Row(C.PERSISTENT_MEMORY, B, R.SHUT_DOWN, dev(K.NVDIMM)),
    Row(C.PERSISTENT_MEMORY, B, R.SHUT_DOWN, with_vm(P, fork_parent=True)),
    Row(C.PERSISTENT_MEMORY, B, R.SHUT_DOWN, with_vm(P, vflash=True)),
    Row(C.DATASTORE, B, R.BY_HAND, replace(P, datastores=(replace(P.datastores[0], accessible=False), P.datastores[1]))),
    Row(C.DATASTORE, B, R.BY_HAND, replace(P, datastores=(replace(P.datastores[0], maintenance="inMaintenance"), P.datastores[1]))),
    Row(C.DATASTORE, B, R.BY_HAND, replace(P, datastores=(replace(P.datastores[0], mounts=(Mount("host-1", False), *P.datastores[0].mounts[1:])),))),
    Row(C.POWER_MANAGEMENT, W, R.SUSPEND_POWER_MANAGEMENT, drs(dpm=True), drs()),
    Row(C.POWER_MANAGEMENT, W, R.SUSPEND_POWER_MANAGEMENT, drs(proactive_ha=True)),
    Row(C.NO_TARGET, B, R.SHUT_DOWN, replace(picture(1), cluster=None)),
    Row(C.NO_TARGET, B, R.SHUT_DOWN, with_hosts(TWO, "host-2", in_quarantine=True), TWO),
    Row(C.NOT_READ, W, R.REFRESH, with_vm(P, devices=None)),
    Row(C.NOT_READ, W, R.REFRESH, with_vm(P, power=VmPower.UNKNOWN)),
    Row(C.DRS_FAULT, W, R.BY_HAND, with_cluster(P, drs_faults=(("vm-1", "no compatible host"),)), with_cluster(P, drs_faults=(("vm-2", "x"),))),
]  # fmt: skip


def of(found: tuple[Finding, ...], cause: Cause) -> list[Finding]:
    return [f for f in found if f.cause is cause]


@pytest.mark.parametrize("row", ROWS, ids=lambda r: f"{r.cause}-{r.severity}-{r.remedy}")
def test_each_cause_is_found_and_is_silent_when_it_is_not_there(row: Row) -> None:
    found = of(blockers(row.yes, "host-1"), row.cause)
    assert [(f.severity, f.remedy) for f in found] == [(row.severity, row.remedy)]
    assert of(blockers(row.no, "host-1"), row.cause) == []


@pytest.mark.parametrize("row", ROWS, ids=lambda r: f"{r.cause}-{r.severity}-{r.remedy}")
def test_a_finding_names_the_vm_or_the_host_and_a_next_step(row: Row) -> None:
    for finding in blockers(row.yes, "host-1"):
        assert "'esx1'" in finding.reason
        assert (
            finding.what == "cluster"
            or "vm1" in finding.reason
            or "vCLS" in finding.reason
            or "nsx" in finding.reason
        )
        assert finding.reason.endswith(".")
        assert finding.way_out[0].isupper()
        assert finding.way_out.rstrip().endswith(".")
        assert "None" not in finding.reason + finding.way_out


def test_every_cause_has_a_test() -> None:
    assert {row.cause for row in ROWS} == {c for c in Cause if not c.startswith("esxi_")}


def test_a_healthy_cluster_has_nothing_in_the_way() -> None:
    assert cluster_blockers(P) == {f"host-{n}": () for n in range(1, 5)}


def test_only_media_and_the_tools_installer_may_be_mended_unasked() -> None:
    safe = {f.cause for row in ROWS for f in blockers(row.yes, "host-1") if safe_fix(f)}
    assert safe == {C.CDROM, C.CLIENT_DEVICE, C.FLOPPY, C.TOOLS_INSTALLER}
    usb = of(blockers(dev(K.CLIENT_USB), "host-1"), C.CLIENT_DEVICE)[0]
    assert not safe_fix(usb)
    assert usb.others == (R.SHUT_DOWN,), "no job takes out a USB device, so none offers it"


def test_what_the_work_depends_on_is_never_shut_down() -> None:
    base = replace(dev(K.PASSTHROUGH), essential=(("vm1", "this program"),))
    for finding in blockers(base, "host-1"):
        assert Remedy.SHUT_DOWN not in (finding.remedy, *finding.others)
    bound = replace(dev(K.DVX), essential=(("vm1", "this program"),))
    for finding in blockers(with_vm(bound, cpu_affinity=(1,)), "host-1"):
        assert Remedy.SHUT_DOWN not in (finding.remedy, *finding.others)
    usb = of(blockers(replace(dev(K.HOST_USB), essential=(("vm1", "DNS"),)), "host-1"), C.HOST_USB)[0]
    assert (usb.remedy, usb.others) == (R.BY_HAND, ())
    client = of(blockers(replace(dev(K.CLIENT_USB), essential=(("vm1", "DNS"),)), "host-1"), C.CLIENT_DEVICE)[
        0
    ]
    assert client.others == ()
    stuck = of(blockers(base, "host-1"), C.PCI_PASSTHROUGH)[0]
    assert "this program" in stuck.way_out
    assert "must not be powered off" in stuck.way_out


@pytest.mark.parametrize(
    ("guest", "address", "same"),
    [
        ("vc.lab.local", "vc.lab.local", True),
        ("VC", "vc.lab.local", True),
        ("vc2.lab.local", "vc.lab.local", False),
        ("localhost.localdomain", "localhost", False),
        ("", "10.0.0.5", False),
        ("10.0.0.5", "10.0.0.55", False),
    ],
)
def test_vcenters_own_vm_is_known_by_its_name_with_or_without_domain(
    guest: str, address: str, same: bool
) -> None:
    base = replace(with_vm(P, guest_host=guest), vcenter_addresses=(address,))
    assert bool(of(blockers(base, "host-1"), C.MANAGEMENT_VM)) is same


def test_a_vm_that_finds_all_it_needs_only_on_different_hosts_is_a_blocker() -> None:
    base = replace(
        with_vm(P, datastores=("ds-8",), networks=("net-8",)),
        datastores=(*P.datastores, store(8, (1, 2))),
        networks=(*P.networks, Network("net-8", "dmz", hosts=("host-1", "host-3"))),
    )
    found = blockers(base, "host-1")
    assert [f.severity for f in found] == [B]
    assert "dmz" in found[0].reason


def test_two_of_a_keep_apart_rule_on_a_host_of_a_pair_of_hosts() -> None:
    base = rule(RuleKind.APART, ("vm-1", "vm-5"), replace(TWO, vms=(*TWO.vms, vm(5, 1))))
    assert of(blockers(base, "host-1"), C.ANTI_AFFINITY)


def test_what_drs_is_set_to_is_said() -> None:
    off, manual = drs(enabled=False), drs(level=DrsLevel.MANUAL)
    assert "DRS of cluster 'prod' is off:" in of(blockers(off, "host-1"), C.DRS_NOT_AUTOMATED)[0].reason
    assert "is manual:" in of(blockers(manual, "host-1"), C.DRS_NOT_AUTOMATED)[0].reason


def test_a_rule_names_the_others_and_not_the_vm_itself() -> None:
    apart = of(blockers(rule(RuleKind.APART, ("vm-1", "vm-2", "vm-3", "vm-4")), "host-1"), C.ANTI_AFFINITY)[0]
    assert "kept apart from vm2, vm3, vm4, and" in apart.reason
    together = of(blockers(rule(RuleKind.TOGETHER, ("vm-1", "vm-2")), "host-1"), C.KEEP_TOGETHER)[0]
    assert "only together with vm2 (rule 'the rule')" in together.reason


def test_rules_count_only_running_vms() -> None:
    members = ("vm-1", "vm-2", "vm-3", "vm-4")
    base = rule(RuleKind.APART, members)
    base = replace(
        base, vms=tuple(replace(v, power=VmPower.OFF) if v.moid == "vm-4" else v for v in base.vms)
    )
    assert of(blockers(base, "host-1"), C.ANTI_AFFINITY) == []


def test_worst_comes_first_and_the_same_thing_once() -> None:
    base = replace(
        with_vm(drs(dpm=True), tools_installer=True),
        vms=(*with_vm(P, tools_installer=True).vms, vm(6, 1, power=VmPower.OFF)),
    )
    assert [f.severity for f in blockers(base, "host-1")] == [B, W, N]


def test_an_unknown_host_is_an_error() -> None:
    with pytest.raises(KeyError):
        blockers(P, "host-9")


def test_a_stand_alone_host_asks_for_a_shutdown_of_each_vm() -> None:
    alone = replace(picture(1), cluster=None)
    found = blockers(replace(alone, vms=(vm(1, 1), vm(2, 1))), "host-1")
    assert [(f.cause, f.name) for f in found] == [(C.NO_TARGET, "vm1"), (C.NO_TARGET, "vm2")]
    assert "stands alone" in found[0].reason
    only = of(blockers(picture(1), "host-1"), C.NO_TARGET)[0]
    assert "no other host can take VMs now" in only.reason


def test_devices_that_nobody_read_are_told_once_for_a_host() -> None:
    vms = tuple(vm(n, 1, devices=None) for n in range(1, 6))
    found = blockers(replace(P, vms=vms), "host-1")
    assert [(f.cause, f.what, f.name) for f in found] == [(C.NOT_READ, "host", "esx1")]
    assert "5 running VMs" in found[0].reason
    assert "vm1, vm2, vm3 and 2 more" in found[0].reason


def test_the_word_of_vcenters_dry_run_blocks_and_is_quoted() -> None:
    found = blockers(P, "host-1", [("vm-1", "The virtual machine is pinned."), ("", "Not enough resources")])
    assert [(f.cause, f.severity, f.name) for f in found] == [
        (C.DRS_FAULT, B, "esx1"),
        (C.DRS_FAULT, B, "vm1"),
    ]
    assert '"The virtual machine is pinned"' in found[1].reason
    assert blockers(P, "host-1", []) == ()
    own = replace(P, essential=(("vm1", "DNS"),))
    refused = next(f for f in blockers(own, "host-1", [("vm-1", "no")]) if f.cause is C.DRS_FAULT)
    assert Remedy.SHUT_DOWN not in refused.others


def test_a_cluster_without_rules_read_is_no_error() -> None:
    assert blockers(replace(P, cluster=Cluster("c", "c", drs=DrsPolicy(True, DrsLevel.FULL))), "host-1") == ()
