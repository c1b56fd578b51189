"""Racks and PDUs: who goes out with whom, against a search that leaves nothing out, and what is said about it."""

from __future__ import annotations

import itertools
import random
from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dsm_desktop.core.domains import Domain, Kind
from dsm_desktop.core.vsphere import HaPolicy
from dsm_desktop.safety.domains import telling
from dsm_desktop.safety.judge import Demand, Light, Member, judge, judge_servers
from dsm_desktop.safety.placement import against_together, largest_set_out
from tests.safety.small import host, on, picture, with_cluster, with_hosts
from tests.safety.test_placement import crowded, some_way

Stand = dict[str, frozenset[Domain]]
NO_HA = with_cluster(picture(6), ha=HaPolicy())


def wired(dice: random.Random, moids: list[str]) -> Stand:
    """Hosts in one to three racks, on one or two of a few PDUs; of some nothing is known, or only the half."""
    racks = [f"R{n}" for n in range(dice.randint(1, 3))]
    pdus = [f"P{n}" for n in range(dice.randint(1, 6))]
    stand: Stand = {}
    for moid in moids:
        rack = dice.choice(racks) if dice.random() < 0.6 else ""
        feeds = dice.sample(pdus, min(len(pdus), dice.choice((0, 1, 2, 2, 2))))
        if rack or feeds or dice.random() < 0.5:
            stand[moid] = on(rack, *feeds)
    return stand


def kept_apart(stand: Mapping[str, frozenset[Domain]], one: str, other: str) -> bool:
    """The rule, written down once more: a rack or PDU of both, of which somebody with a known one is not."""
    for kind in Kind:
        known = [{d for d in mine if d.kind is kind} for mine in stand.values()]
        for domain in stand.get(one, frozenset()) & stand.get(other, frozenset()):
            if domain.kind is kind and any(mine and domain not in mine for mine in known):
                return True
    return False


def clash(stand: Stand, out: frozenset[str], away: frozenset[str]) -> bool:
    return any(
        kept_apart(stand, one, other)
        for one, other in itertools.combinations(sorted(out | away), 2)
        if one in out or other in out
    )


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 2**32))
def test_no_two_of_the_largest_set_share_what_keeps_them_apart(seed: int) -> None:
    dice = random.Random(seed)
    pic = crowded(dice)
    spare = (host(8, memory_mb=200, memory_used_mb=0), host(9, memory_mb=200, memory_used_mb=0))
    pic = with_cluster(replace(pic, hosts=(*pic.hosts, *spare)), ha=HaPolicy())
    stand = wired(dice, [h.moid for h in pic.hosts])
    away = frozenset(h.moid for h in pic.hosts if h.in_maintenance)
    found = largest_set_out(pic, stand)
    assert not clash(stand, found.hosts, away)
    assert some_way(pic, found.hosts)
    usable = sorted({h.moid for h in pic.hosts} - away)
    for pair in itertools.combinations(usable, 2):
        out = frozenset(pair)
        if clash(stand, out, away):
            assert against_together(pic, out, stand)


def test_the_set_is_mostly_the_largest_that_racks_and_pdus_allow() -> None:
    """500 clusters of ten empty-handed hosts on crossing PDUs, by brute force: never more, and fewer in at most 2 % of them."""
    pic = replace(with_cluster(picture(10), ha=HaPolicy()), vms=())
    moids = [h.moid for h in pic.hosts]
    fewer, sizes = 0, set()
    for seed in range(500):
        stand = wired(random.Random(seed), moids)
        worse = {
            frozenset(p) for p in itertools.combinations(moids, 2) if clash(stand, frozenset(p), frozenset())
        }
        best = max(
            n
            for n in range(len(moids))
            if any(not any(pair <= frozenset(c) for pair in worse) for c in itertools.combinations(moids, n))
        )
        found = largest_set_out(pic, stand).hosts
        assert len(found) <= best
        assert not clash(stand, found, frozenset())
        sizes.add(best)
        fewer += len(found) < best
    assert len(sizes) > 4
    assert fewer / 500 <= 0.02, f"{fewer} of 500"


def test_hosts_that_stand_in_the_way_of_few_go_first() -> None:
    """A chain: each PDU feeds two neighbours. Begun in the middle, two would have been all."""
    chain = {f"host-{n}": on("", f"P{n}", f"P{n + 1}") for n in range(1, 6)}
    loaded = with_hosts(
        with_cluster(picture(5), ha=HaPolicy()), "host-1", "host-3", "host-5", memory_mb=300_000
    )
    assert largest_set_out(loaded, chain).hosts == {"host-1", "host-3", "host-5"}


@pytest.mark.parametrize(
    ("stand", "told"),
    [
        ({}, {}),
        ({"a": on("R1"), "b": on("R1"), "c": on()}, {}),
        ({"a": on("R1"), "b": on("R2")}, {"a": on("R1"), "b": on("R2")}),
        ({"a": on("R1", "A1", "B1"), "b": on("R1", "A1", "B2")}, {"a": on("", "B1"), "b": on("", "B2")}),
        ({"a": on("", "A1"), "b": on("R1"), "c": on("", "A1")}, {}),
        ({"a": on("R1", "A1"), "b": on("R2", "A1")}, {"a": on("R1"), "b": on("R2")}),
        ({"a": on("", "A1"), "b": on("", "A1"), "c": on("", "A2")}, {"a": on("", "A1"), "b": on("", "A1"), "c": on("", "A2")}),
        ({"a": on("", "X"), "b": on("X")}, {}),
    ],
)  # fmt: skip
def test_what_all_share_tells_nothing(stand: Stand, told: Stand) -> None:
    assert {key: frozenset(mine) for key, mine in telling(stand, [*stand, "nobody"]).items()} == told


def test_only_the_hosts_of_the_cluster_count() -> None:
    """Another cluster of the same vCenter in another rack does not make one rack several."""
    stand = {f"host-{n}": on("R1") for n in range(1, 7)} | {"host-99": on("R2")}
    assert len(largest_set_out(NO_HA, stand).hosts) == 5
    assert (
        judge(NO_HA, frozenset({"host-1", "host-2"}), Demand(domains=stand)).gate("domains").colour
        is Light.GREEN
    )


def test_one_pdu_in_different_racks_is_named() -> None:
    stand = {f"host-{n}": on(f"R{n}", "A12" if n < 3 else f"A{n}", f"B{n}") for n in range(1, 7)}
    found = largest_set_out(NO_HA, stand)
    assert len(found.hosts & {"host-1", "host-2"}) == 1
    assert len(found.hosts) == 5
    assert "PDU: 'esx1' and 'esx2' both hang on 'A12'; one of a PDU at a time." in found.reasons
    both = frozenset({"host-1", "host-2"})
    assert "both hang on 'A12'" in against_together(NO_HA, both, stand)
    out = with_hosts(NO_HA, "host-1", in_maintenance=True)
    assert "both hang on 'A12'" in against_together(out, frozenset({"host-2"}), stand)
    assert against_together(out, frozenset({"host-3"}), stand) == ""


def test_the_gate_counts_racks_and_pdus_and_names_what_would_lose_several() -> None:
    stand = {
        "host-1": on("R1", "A1", "B1"),
        "host-2": on("R2", "A1", "B2"),
        "host-3": on("R1", "A2"),
        "host-4": on(),
    }
    demand = Demand(domains=stand)
    gate = judge(NO_HA, frozenset({"host-1", "host-2"}), demand).gate("domains")
    assert gate.colour is Light.RED
    assert gate.text == "PDU 'A1' would lose esx1, esx2 together; one of a PDU at a time."
    assert [(n.label, n.value) for n in gate.numbers] == [
        ("racks known", 2), ("hosts without a known rack", 3), ("PDUs known", 4), ("hosts without a known PDU", 3),
    ]  # fmt: skip
    gate = judge(NO_HA, frozenset({"host-1", "host-3"}), demand).gate("domains")
    assert gate.text == "Rack 'R1' would lose esx1, esx3 together; one of a rack at a time."
    fine = judge(NO_HA, frozenset({"host-2", "host-3"}), demand).gate("domains")
    assert (fine.colour, fine.text) == (
        Light.GREEN,
        "No two hosts of one rack or PDU are taken out together.",
    )
    all_on_one = Demand(domains=dict.fromkeys(stand, on("R1", "A1")))
    text = judge(NO_HA, frozenset({"host-1", "host-2"}), all_on_one).gate("domains").text
    assert text == "All hosts of which it is known share rack 'R1', PDU 'A1'."
    assert judge(NO_HA).gate("domains").text == "No rack and no PDU is known of any host."


def group(out: str, *stand: frozenset[Domain], off: str = "") -> tuple[Light, str]:
    members = [
        Member(f"s{n}", f"srv{n}", "ok", f"s{n}" not in off.split(), True, mine, 60.0)
        for n, mine in enumerate(stand, 1)
    ]
    gate = judge_servers(members, frozenset(out.split()), 2).gate("domains")
    return gate.colour, gate.text


def test_a_group_of_servers_is_judged_by_its_pdus_too() -> None:
    amber, green = Light.AMBER, Light.GREEN
    a, b, c = on("R1", "A1", "B1"), on("R2", "A1", "B2"), on("R3", "A3", "B3")
    assert group("s1 s2", a, b, c)[0] is amber
    assert "More than one server of PDU 'A1' would be off at once." in group("s1 s2", a, b, c)[1]
    assert group("s1", a, b, c) == (green, "No two servers of one rack or PDU would be off at once.")
    colour, text = group("s3", on("R1", "A1"), on("R2", "A1"), on("R3", "A2"))
    assert colour is amber
    assert text.startswith("All servers that would still serve depend on PDU 'A1' alone")
    assert "rack" not in text
    # On two feeds each they outlive the loss of one.
    assert group("s3", on("R1", "A1", "B1"), on("R2", "A1", "B1"), on("R3", "A2"))[0] is green
    colour, text = group("s2", on("R1"), on("R2"), on("R3"), off="s3")
    assert (colour, text.split(" alone")[0]) == (
        amber,
        "All servers that would still serve depend on rack 'R1'",
    )
    assert group("s1 s2", on("R1"), on("R2"), on()) == (
        amber,
        "Of no server that would still serve the rack is known.",
    )
    same = "The group is not known to have more than one rack, or PDUs that differ."
    assert group("s1 s2", *[on("R1", "A1", "B1")] * 3) == (green, same)
    assert group("s1 s2", on(), on(), on()) == (green, same)
