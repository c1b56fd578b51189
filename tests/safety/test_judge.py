"""Every gate at its boundary, sums that can be done again by hand, and never "go" where nothing fits."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsm_desktop.core.vsphere import (
    Alarm,
    Colour,
    Connection,
    HaPolicy,
    Host,
    HostService,
    RunningTask,
    VmPower,
    Vsan,
)
from dsm_desktop.core.vsphere_site import ClusterPicture
from dsm_desktop.safety.judge import Demand, Light, Member, Verdict, judge, judge_servers
from dsm_desktop.safety.server_group import may_be_off
from tests.safety.small import host, on, picture, store, vm, with_cluster, with_hosts, with_vm
from tests.safety.test_placement import crowded, some_way

P = picture()
ONE = frozenset({"host-1"})
G, A, R = Light.GREEN, Light.AMBER, Light.RED
PEAKS = Demand(memory_peak_mb=0, cpu_peak_mhz=0)


def number(verdict: Verdict, gate: str, label: str) -> float:
    return next(n.value for n in verdict.gate(gate).numbers if n.label == label)


def test_a_healthy_cluster_is_green_in_every_gate_and_shows_its_sum() -> None:
    verdict = judge(P, ONE, PEAKS)
    assert [g.name for g in verdict.gates if g.colour is not G] == []
    assert verdict.colour is G
    assert verdict.reasons == ()
    text = verdict.gate("load").text
    assert text.startswith(
        "Memory 81,920 MB of 786,432 MB = 10.4% (green to 80%, amber to 95%); CPU 16,000 MHz of 201,600 MHz"
    )
    assert len({g.name for g in verdict.gates}) == len(verdict.gates) == 16


def test_an_unknown_host_is_an_error_and_never_safe() -> None:
    with pytest.raises(KeyError):
        judge(P, frozenset({"host-9"}))


@pytest.mark.parametrize(
    ("used", "light"),
    [(262_144 * 3 * 8 // 40, G), (262_144 * 3 * 8 // 40 + 1, A), (186_777, A), (186_778, R)],
)
def test_memory_load_at_its_limits(used: int, light: Light) -> None:
    base = with_hosts(P, memory_used_mb=used)
    gate = judge(base, ONE, PEAKS).gate("load")
    assert gate.colour is light
    assert gate.numbers[0].value == 3 * 262_144
    share = 4 * used / (3 * 262_144)
    assert (share <= 0.80, share <= 0.95) == (light is G, light is not R)


@pytest.mark.parametrize(("used", "light"), [(35_280, G), (35_281, A), (45_360, A), (45_361, R)])
def test_cpu_load_at_its_limits(used: int, light: Light) -> None:
    assert judge(with_hosts(P, cpu_used_mhz=used), ONE, PEAKS).gate("load").colour is light


def test_the_highest_of_now_and_the_last_day_counts() -> None:
    total = 3 * 262_144
    assert judge(P, ONE, Demand(memory_peak_mb=int(total * 0.8), cpu_peak_mhz=0)).gate("load").colour is G
    high = judge(P, ONE, Demand(memory_peak_mb=int(total * 0.96), cpu_peak_mhz=0))
    assert high.gate("load").colour is R
    assert number(high, "load", "memory in use, now or peak") == int(total * 0.96)
    assert number(judge(P, ONE, PEAKS), "load", "memory in use, now or peak") == 81_920
    for half in (Demand(), Demand(memory_peak_mb=1), Demand(cpu_peak_mhz=1)):
        assert "Peaks of the last 24 hours were not read." in judge(P, ONE, half).gate("load").text
    assert "Peaks" not in judge(P, ONE, PEAKS).gate("load").text


def test_use_that_a_host_does_not_tell_is_never_green() -> None:
    gate = judge(with_hosts(P, "host-3", memory_used_mb=None), ONE, PEAKS).gate("load")
    assert gate.colour is A
    assert "not known" in gate.text


def test_reservations_that_fit_nowhere_are_red_and_named() -> None:
    vms = (
        vm(1, 1, memory_mb=200_000, memory_reservation_mb=200_000),
        *(vm(n, n, memory_mb=99_999, memory_reservation_mb=60_000) for n in (2, 3, 4)),
    )
    gate = judge(replace(P, vms=vms), ONE).gate("placement")
    assert gate.colour is R
    assert "'vm1'" in gate.text
    assert "reserved memory" in gate.text
    assert "more have none" not in gate.text
    two = judge(replace(P, vms=(vms[0], replace(vms[0], moid="vm-9", name="vm9"), *vms[1:])), ONE).gate(
        "placement"
    )
    assert "(1 more have none either)" in two.text
    full = judge(with_hosts(P, "host-2", "host-3", "host-4", memory_used_mb=248_000), ONE).gate("placement")
    assert full.colour is A
    assert "under pressure" in full.text


def test_a_vm_that_will_be_shut_down_needs_no_place() -> None:
    stuck = with_vm(P, datastores=("ds-9",), memory_mb=300_000)
    assert judge(stuck, ONE, PEAKS).colour is R
    assert judge(stuck, ONE, replace(PEAKS, leave=frozenset({"vm-1"}))).colour is G


@pytest.mark.parametrize(
    ("changes", "light"),
    [
        ({"memory_mb": 241_664}, G), ({"memory_mb": 241_665}, A), ({"memory_mb": 262_144}, A), ({"memory_mb": 262_145}, R),
        ({"cpus": 64}, G), ({"cpus": 65}, R),
    ],
)  # fmt: skip
def test_the_biggest_vm(changes: dict[str, Any], light: Light) -> None:
    assert judge(with_vm(P, **changes), ONE).gate("largest_vm").colour is light


def test_a_spare_host_is_wished_for_or_required() -> None:
    two = picture(2)
    assert judge(two, ONE).gate("spare").colour is A
    assert judge(two, ONE, Demand(n_plus_one=True)).gate("spare").colour is R
    assert judge(picture(3), ONE).gate("spare").colour is G
    heavy = replace(
        picture(3), vms=tuple(vm(n, n, memory_mb=250_000, memory_reservation_mb=100_000) for n in (1, 2, 3))
    )
    gate = judge(heavy, ONE).gate("spare")
    assert gate.colour is A
    assert "finds no place" in gate.text


@pytest.mark.parametrize(
    ("ha", "out", "light", "words"),
    [
        (HaPolicy(), 1, G, "HA is off"),
        (HaPolicy(enabled=True), 1, G, "admission control is off"),
        (HaPolicy(True, True, True, "slots", level=1, current_level=2), 1, G, "2 host failures now, less 1"),
        (HaPolicy(True, True, True, "slots", level=1, current_level=1), 1, A, "= 0 (wanted: 1)"),
        (HaPolicy(True, True, True, "slots", level=1, current_level=0), 1, R, "= -1"),
        (HaPolicy(True, True, True, "slots", level=1), 1, A, "does not tell"),
        (
            HaPolicy(True, True, True, "hosts", failover_hosts=("host-1", "host-2")),
            1,
            G,
            "1 of 2 failover hosts",
        ),
        (HaPolicy(True, True, True, "hosts", failover_hosts=("host-1",)), 1, A, "0 of 1"),
        (HaPolicy(True, True, True, "something"), 1, A, "not known here"),
    ],
)
def test_admission_control(ha: HaPolicy, out: int, light: Light, words: str) -> None:
    gate = judge(with_cluster(P, ha=ha), frozenset(f"host-{n}" for n in range(1, out + 1))).gate("ha_policy")
    assert gate.colour is light
    assert words in gate.text
    assert ("suspend admission control" in gate.text) is (light is not G)


def test_the_percentage_kept_free_to_the_megabyte() -> None:
    may = int(3 * 262_144 * 0.75)
    for reserved, light in ((may, G), (may + 1, A)):
        vms = tuple(
            vm(
                n,
                n,
                memory_overhead_mb=0,
                memory_reservation_mb=reserved // 4 + (n <= reserved % 4),
                memory_mb=262_000,
            )
            for n in (1, 2, 3, 4)
        )
        assert sum(v.memory_reservation_mb for v in vms) == reserved
        assert judge(replace(P, vms=vms), ONE).gate("ha_policy").colour is light
    auto = with_cluster(P, ha=HaPolicy(True, True, True, "percent", auto_percent=True, level=1))
    assert "keeps 33 % of memory" in judge(auto, ONE).gate("ha_policy").text


# --- gates of the state ---------------------------------------------------------------------------------------------


def alarm(**changes: Any) -> ClusterPicture:
    return with_hosts(
        P, "host-2", alarms=(replace(Alarm("a-1", "Fan lost", Colour.RED, "host-2"), **changes),)
    )


def hosts(*moids: str, **changes: Any) -> ClusterPicture:
    return with_hosts(P, *moids, **changes)


GATES: list[tuple[str, ClusterPicture, Demand, Light, str]] = [
    ("hosts", picture(1, cluster=P.cluster), Demand(), R, "at least 2"),
    ("hosts", hosts("host-2", in_maintenance=True), Demand(), R, "esx2 (in maintenance)"),
    ("hosts", hosts("host-2", in_maintenance=True), Demand(allow_out=1), G, ""),
    ("hosts", hosts("host-2", in_quarantine=True), Demand(), R, "in quarantine"),
    ("hosts", hosts("host-2", power=VmPower.STANDBY), Demand(), R, "standby"),
    ("hosts", hosts("host-2", connection=Connection.NOT_RESPONDING), Demand(), R, "not responding"),
    ("hosts", hosts("host-2", "host-3", in_maintenance=True), Demand(allow_out=1), R, "1 allowed"),
    ("hosts", hosts("host-3", reboot_required=True), Demand(), R, "restart is pending on esx3"),
    ("hosts", hosts("host-1", reboot_required=True), Demand(), G, ""),
    ("hosts", hosts("host-1", in_maintenance=True), Demand(), G, ""),
    ("alarms", alarm(), Demand(), R, "'Fan lost' on esx2"),
    ("alarms", alarm(acknowledged=True), Demand(), G, ""),
    ("alarms", alarm(colour=Colour.YELLOW), Demand(), G, ""),
    ("alarms", alarm(), Demand(known_alarms=frozenset({"a-1"})), G, ""),
    ("alarms", with_cluster(P, alarms=(Alarm("a-2", "HA lost", Colour.RED, "domain-c1"),)), Demand(), R, "'HA lost' on prod"),
    ("alarms", replace(P, datastores=(store(1, (1, 2, 3, 4), alarms=(Alarm("a", "Full", Colour.RED, "ds-1"),)),)), Demand(), R, "on ds1"),
    ("health", hosts("host-2", status=Colour.RED), Demand(), R, "Host 'esx2' is red"),
    ("health", hosts("host-1", status=Colour.RED), Demand(), G, ""),
    ("health", hosts("host-2", status=Colour.GRAY), Demand(), A, "not known"),
    ("health", hosts("host-2", config_issues=("vSphere HA agent failed.",)), Demand(), R, "HA agent failed"),
    ("health", hosts("host-2", ha_state="networkPartitionedFromMaster"), Demand(), R, "cut off from the leader"),
    ("health", hosts("host-2", ha_state="master"), Demand(), G, ""),
    ("health", with_cluster(hosts("host-2", ha_state=""), ha=HaPolicy()), Demand(), G, ""),
    ("health", hosts("host-2", clock_skew_seconds=4.9), Demand(), G, ""),
    ("health", hosts("host-2", clock_skew_seconds=-5.0), Demand(), R, "The clock of host 'esx2' is off by 5.0 s"),
    ("health", hosts("host-2", clock_skew_seconds=None), Demand(), A, "The clock of host 'esx2' was not read"),
    ("health", hosts("host-2", services=(HostService("ntpd", False, "on"),)), Demand(), R, "No time service runs on host 'esx2'"),
    ("stores", with_vm(P, datastores=("ds-9",)), Demand(), R, "of 1 moving VMs"),
    ("stores", replace(P, datastores=(*P.datastores, store(9, (2,), accessible=False))), Demand(), A, "'ds9' cannot be reached"),
    ("vsan", with_cluster(P, vsan=Vsan(0, 0, 0, Colour.GREEN)), Demand(), G, ""),
    ("vsan", with_cluster(P, vsan=Vsan(1 << 30, 0, 0, Colour.GREEN)), Demand(), R, "1.0 GiB to resync"),
    ("vsan", with_cluster(P, vsan=Vsan(0, 1, 0, Colour.GREEN)), Demand(), R, "1 objects not accessible"),
    ("vsan", with_cluster(P, vsan=Vsan(0, 0, 2, Colour.GREEN)), Demand(), R, "2 objects with reduced"),
    ("vsan", with_cluster(P, vsan=Vsan(0, 0, 0, Colour.RED)), Demand(), R, "health is red"),
    ("vsan", with_cluster(P, vsan=Vsan(0, 0, 0, Colour.YELLOW)), Demand(), A, "yellow"),
    ("vsan", with_cluster(P, vsan=Vsan(None, 0, 0, Colour.GREEN)), Demand(), A, "was not read"),
    ("vsan", hosts(vsan=True), Demand(), A, "could not be asked"),
    ("access", hosts(lockdown="lockdownStrict"), Demand(need_ssh=True), R, "strict"),
    ("access", hosts("host-1", lockdown="lockdownNormal"), Demand(need_ssh=True), A, "Host 'esx1' is in lockdown"),
    ("access", hosts("host-2", lockdown="lockdownStrict"), Demand(need_ssh=True), G, ""),
    ("access", hosts(lockdown=""), Demand(need_ssh=True), A, "not read"),
    ("access", hosts(lockdown="lockdownStrict"), Demand(), G, ""),
    ("image", with_cluster(P, image_managed=True), Demand(target_version="8.0.3"), R, "managed by an image"),
    ("image", with_cluster(P, image_managed=True), Demand(), G, ""),
    ("image", with_cluster(P, image_managed=None), Demand(target_version="8.0.3"), A, "does not tell"),
    ("processors", hosts("host-2", cpu_model="other"), Demand(), A, "CPUs differ"),
    ("processors", with_cluster(hosts("host-2", cpu_model="other"), evc="intel-haswell"), Demand(), G, ""),
    ("vcenter", replace(P, vcenter_version="8.0.0"), Demand(target_version="8.0.3"), G, ""),
    ("vcenter", replace(P, vcenter_version="8.0.3"), Demand(target_version="9.0.0"), R, "update vCenter first"),
    ("vcenter", replace(P, vcenter_version="7.0.2"), Demand(target_version="7.0.3"), R, "does not manage"),
    ("vcenter", replace(P, vcenter_version="7.0.3"), Demand(target_version="7.0.3"), G, ""),
    ("vcenter", replace(P, vcenter_version=""), Demand(target_version="8.0.3"), A, "not read"),
    ("vcenter", replace(P, vcenter_version="?"), Demand(target_version="8.0.3"), A, "cannot be compared"),
    ("others", hosts("host-2", tasks=(RunningTask("task-7", "HostSystem.enterMaintenanceMode", "VLAB\\bob", 2),)), Demand(), R, "VLAB\\bob, at 2 %"),
    ("others", hosts("host-2", tasks=(RunningTask("task-7", "HostSystem.enterMaintenanceMode"),)), Demand(own_hosts=frozenset({"host-2"})), G, ""),
    ("others", with_cluster(P, tasks=(RunningTask("task-7", "com.vmware.vcIntegrity.lifecycle.RemediateTask"),)), Demand(), R, "on prod"),
    ("others", hosts("host-2", tasks=(RunningTask("task-7", "HostStorageSystem.refresh"),)), Demand(), G, ""),
    ("others", P, Demand(bmc_jobs={"host-3": ["JID_1 (Import, New)"], "host-4": []}), R, "iDRAC of esx3 holds JID_1 (Import, New)"),
    ("others", P, Demand(bmc_jobs={"host-3": []}), G, "Nobody else is at work"),
    ("others", P, Demand(), G, "iDRACs are asked by a run"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "pic", "demand", "light", "words"), GATES, ids=lambda v: v if isinstance(v, str) else ""
)
def test_gates(name: str, pic: ClusterPicture, demand: Demand, light: Light, words: str) -> None:
    gate = judge(pic, ONE, demand).gate(name)
    assert (gate.colour, words in gate.text) == (light, True), gate.text
    assert gate.text.endswith(".")


def test_alarms_are_counted() -> None:
    known = judge(alarm(), ONE, Demand(known_alarms=frozenset({"a-1"})))
    labels = ("red alarms, not acknowledged", "known before", "triggered in all")
    assert [number(known, "alarms", label) for label in labels] == [0, 1, 1]
    assert [number(judge(alarm(), ONE), "alarms", label) for label in labels] == [1, 0, 1]


def test_a_host_that_is_red_by_an_acknowledged_alarm_does_not_close_the_gate() -> None:
    """Its status stays red in vCenter until the alarm is gone."""
    for acknowledged, light in ((True, G), (False, R)):
        picture = with_hosts(alarm(acknowledged=acknowledged), "host-2", status=Colour.RED)
        assert judge(picture, ONE).gate("health").colour is light
    known = with_hosts(alarm(), "host-2", status=Colour.RED)
    assert judge(known, ONE, Demand(known_alarms=frozenset({"a-1"}))).gate("health").colour is G


def test_the_worst_gate_counts_and_comes_first() -> None:
    verdict = judge(hosts("host-2", status=Colour.RED, cpu_model="other"), ONE)
    assert verdict.colour is R
    assert "Host 'esx2' is red" in verdict.reasons[0]
    assert judge(hosts("host-2", cpu_model="Intel(R) Xeon(R) Gold 6330 CPU"), ONE).colour is A


def test_all_data_off_a_vsan_host_needs_room_on_the_others() -> None:
    tib = 1 << 40
    base = with_cluster(hosts(vsan=True), vsan=Vsan(0, 0, 0, Colour.GREEN))
    demand = Demand(evacuate_all_data=True)
    for free, light in ((1, R), (3, G)):
        vsan = store(7, (1, 2, 3, 4), kind="vsan", capacity=8 * tib, free=free * tib)
        verdict = judge(replace(base, datastores=(*P.datastores, vsan)), ONE, demand)
        assert verdict.gate("vsan").colour is light
        assert number(verdict, "vsan", "data to move (an even share)") == (8 - free) * tib / 4
        assert number(verdict, "vsan", "free on the others") == free * tib * 3 / 4
    assert judge(base, ONE, demand).gate("vsan").colour is A


def test_a_stand_alone_host_is_amber_and_says_that_its_vms_go_off() -> None:
    alone = replace(picture(1), cluster=None)
    verdict = judge(alone, ONE, Demand(need_ssh=True, target_version="8.0.3"))
    assert verdict.colour is A
    assert "must be shut down" in verdict.gate("placement").text


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 2**32))
def test_never_anything_but_red_where_the_reservations_fit_nowhere(seed: int) -> None:
    """Judged by brute force with everything in use taken away, so that only what is reserved counts."""
    pic = crowded(random.Random(seed))
    bare = replace(
        pic,
        hosts=tuple(replace(h, memory_used_mb=0, cpu_used_mhz=0) for h in pic.hosts),
        vms=tuple(replace(v, memory_used_mb=0, cpu_used_mhz=0) for v in pic.vms),
    )
    verdict = judge(pic, ONE)
    if not some_way(bare, ONE):
        assert verdict.gate("placement").colour is R
        assert verdict.colour is R
    if not some_way(pic, ONE):
        assert verdict.gate("placement").colour is not G


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(64, 512), st.integers(0, 512)), min_size=2, max_size=6))
def test_the_load_can_be_done_again_from_the_numbers_shown(rows: list[tuple[int, int]]) -> None:
    machines: tuple[Host, ...] = tuple(
        host(n, memory_mb=m, memory_used_mb=u) for n, (m, u) in enumerate(rows, 1)
    )
    verdict = judge(replace(picture(len(rows)), hosts=machines), ONE)
    used, total = (
        number(verdict, "load", "memory in use, now or peak"),
        number(verdict, "load", "memory of the hosts that stay"),
    )
    assert (used, total) == (sum(u for _, u in rows), sum(m for m, _ in rows[1:]))
    assert f"{used / total:.1%}" in verdict.gate("load").text
    if used / total > 0.95:
        assert verdict.gate("load").colour is R


# --- groups of servers ----------------------------------------------------------------------------------------------

FOUR = [Member(f"s{n}", f"srv{n}", "ok", True, True, on("A" if n < 3 else "B"), 60.0) for n in range(1, 5)]


def group(out: str = "", tolerates: int = 1, **first: Any) -> Verdict:
    members = [replace(FOUR[0], **first), *FOUR[1:]]
    return judge_servers(members, frozenset(out.split()), tolerates)


def test_a_group_in_order_is_green_and_says_what_it_cannot_see() -> None:
    verdict = group("s1")
    assert verdict.colour is G
    assert "cannot be seen" in verdict.gate("knowledge").text


@pytest.mark.parametrize(
    ("gate", "verdict", "light"),
    [
        ("members", group("s1 s3"), R),
        ("members", group("s1 s3", tolerates=2), G),
        ("members", group("s2", on=False), R),
        ("members", group("s2", health="critical"), R),
        ("members", group("s2", health=""), R),
        ("members", group("s1 s2 s3 s4", tolerates=9), R),
        ("health", group("s2", health="warning"), A),
        ("health", group("s2", health="critical"), R),
        ("health", group("s1", health="critical"), G),
        ("health", group("", health=""), A),
        ("power", group("s2", redundant=False), A),
        ("power", group("s2", redundant=None), A),
        ("domains", group("s1 s2", tolerates=2), A),
        ("domains", group("s3 s4", tolerates=2), A),
        ("domains", group("s1 s3", tolerates=2), G),
        ("knowledge", group("s2", age_seconds=3601.0), A),
        ("knowledge", group("s2", age_seconds=3600.0), G),
        ("knowledge", group("s2", age_seconds=None), A),
    ],
)
def test_gates_of_a_group(gate: str, verdict: Verdict, light: Light) -> None:
    assert verdict.gate(gate).colour is light, verdict.gate(gate).text


def test_none_left_to_serve_is_red_whatever_is_tolerated() -> None:
    off = [FOUR[0], *(replace(m, on=False) for m in FOUR[1:])]
    gate = judge_servers(off, frozenset({"s1"}), tolerates=9).gate("members")
    assert gate.colour is R
    assert "No server of the group would be left" in gate.text
    assert judge_servers(off, tolerates=9).gate("members").colour is G


def test_how_many_more_may_be_off() -> None:
    assert may_be_off(FOUR, 2) == 2
    assert may_be_off([replace(FOUR[0], on=False), *FOUR[1:]], 2) == 1
    assert may_be_off([replace(m, on=None) for m in FOUR], 2) == 0
    with pytest.raises(KeyError):
        judge_servers(FOUR, frozenset({"s9"}))
