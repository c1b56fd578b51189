"""The order of a roll: least harm first, what the work depends on late, the unwell last, and nobody's hosts touched."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from dsm_desktop.core.vsphere import Colour
from dsm_desktop.safety.order import Lone, objections, order, order_alone
from tests.safety.small import picture, vm, with_hosts

P = picture(5)
UNEVEN = replace(
    P, vms=(*(vm(n, n, memory_used_mb=1024 * (6 - n)) for n in range(1, 6)), vm(6, 3, name="vcsa", guest_address="10.0.0.5")),
    vcenter_addresses=("10.0.0.5",),
)  # fmt: skip


def test_least_loaded_first_alone_and_vcenters_own_host_late() -> None:
    turns = order(UNEVEN)
    assert [t.name for t in turns] == ["esx5", "esx4", "esx2", "esx1", "esx3"]
    assert [t.ring for t in turns] == [0, 1, 1, 1, 1]
    assert turns[0].reason == "First: it is well and carries least (1 running VM, 1.0 GiB)."
    assert "'vcsa' (vCenter itself)" in turns[-1].reason


def test_the_unwell_come_last_with_the_reason() -> None:
    yellow = with_hosts(UNEVEN, "host-5", status=Colour.YELLOW)
    turns = order(yellow, weak={"host-4": "it failed on Monday"})
    assert [t.name for t in turns] == ["esx2", "esx1", "esx3", "esx5", "esx4"]
    assert turns[-1].reason == "Last: it failed on Monday."
    assert turns[-2].reason == "Last: its status in vCenter is yellow."


def test_hosts_that_are_out_are_not_touched_and_left_out_ones_say_why() -> None:
    base = with_hosts(UNEVEN, "host-2", in_maintenance=True)
    turns = {t.name: t for t in order(base, skip={"host-1": "nothing to do"})}
    assert (turns["esx2"].place, turns["esx1"].place) == (0, 0)
    assert "in maintenance" in turns["esx2"].reason
    assert "stays so" in turns["esx2"].reason
    assert turns["esx1"].reason == "Left out: nothing to do."


def test_the_operators_order_goes_before_all_else() -> None:
    turns = order(UNEVEN, wanted=("host-3", "host-1"))
    assert [t.name for t in turns][:2] == ["esx3", "esx1"]
    assert turns[0].reason == "As the operator chose."
    assert [t.reason for t in turns][2:] == [
        f"1 running VM with {n}.0 GiB to move; those that the operator chose, and hosts with less, go before."
        for n in (1, 2, 4)
    ]


def test_no_place_of_an_own_order_is_explained_by_what_others_carry() -> None:
    """The lightest two change places: those that stay where they would have been stand there by the same choice."""
    turns = order(UNEVEN, wanted=["host-4", "host-5", "host-2", "host-1", "host-3"])
    assert {t.reason for t in turns} == {"As the operator chose."}


def test_an_order_taken_as_proposed_keeps_its_reasons() -> None:
    proposed = order(UNEVEN)
    assert order(UNEVEN, wanted=[t.host for t in proposed]) == proposed


@settings(max_examples=100, deadline=None)
@given(st.permutations([1, 2, 3, 4, 5]), st.sets(st.sampled_from(["host-1", "host-2", "host-3"])))
def test_every_host_has_one_turn_and_places_count_up(numbers: list[int], away: set[str]) -> None:
    base = replace(P, vms=tuple(vm(n, n, memory_used_mb=1000 * k) for k, n in enumerate(numbers, 1)))
    base = with_hosts(base, *away, in_maintenance=True) if away else base
    turns = order(base)
    assert sorted(t.host for t in turns) == sorted(h.moid for h in base.hosts)
    assert [t.place for t in turns if t.place] == list(range(1, 6 - len(away)))
    assert order(base) == turns


def test_an_own_order_is_told_which_rules_it_breaks() -> None:
    proposed = [t.host for t in order(UNEVEN)]
    assert objections(UNEVEN, proposed) == {}
    early = objections(UNEVEN, ["host-3", "host-5", "host-4", "host-2", "host-1"])
    assert set(early) == {"host-3"}
    assert "'vcsa' (vCenter itself)" in early["host-3"]
    assert "4 hosts after it" in early["host-3"]
    heavy = objections(UNEVEN, ["host-1", "host-5", "host-4", "host-2", "host-3"])
    assert set(heavy) == {"host-1"}
    assert "'esx5' would hurt less: 1.0 GiB to move instead of 5.0 GiB" in heavy["host-1"]
    yellow = with_hosts(UNEVEN, "host-4", status=Colour.YELLOW)
    assert objections(yellow, ["host-5", "host-4", "host-2"]) == {
        "host-4": "It is not well (its status in vCenter is yellow): better last."
    }
    assert objections(yellow, ["host-5", "host-2", "host-4", "host-99"]) == {}


@given(st.permutations([f"host-{n}" for n in range(1, 6)]))
@settings(max_examples=60, deadline=None)
def test_only_the_proposed_kind_of_order_meets_no_objection(wanted: list[str]) -> None:
    """vCenter's host last, the lightest of the others first: then and only then nothing speaks against it."""
    assert (objections(UNEVEN, wanted) == {}) == (wanted[-1] == "host-3" and wanted[0] == "host-5")


def test_hosts_without_a_cluster_go_by_what_they_carry() -> None:
    hosts = [Lone(1, "c", 3, 900), Lone(2, "b", 1, 100), Lone(3, "a", 1, 100), Lone(4, "d", 0, 0)]
    assert [key for key, _ in order_alone(hosts)] == [4, 3, 2, 1]
    turns = order_alone(hosts, wanted=[1, 99])
    assert [key for key, _ in turns] == [1, 4, 3, 2]
    assert [why for _, why in turns][:2] == ["As the operator chose.", "Carries 0 running VMs."]
