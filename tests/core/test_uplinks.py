"""What counts as a lost uplink, and what does not."""

from __future__ import annotations

from dsm_desktop.core.uplinks import Uplink, lost

BEFORE = (
    Uplink("vmnic0", 25000, "vSwitch0"),
    Uplink("vmnic1", 25000, "DSwitch"),
    Uplink("vmnic2", 1000, "vSwitch0"),
    Uplink("vmnic3", 0, "vSwitch0"),
    Uplink("vmnic4", 10000),
    Uplink("vusb0", 100, "vSwitchiDRACvusb"),
)


def test_a_port_that_is_missing_down_slower_or_unused_is_named_with_what_it_was() -> None:
    now = (Uplink("vmnic1", 10000, "DSwitch"), Uplink("vmnic2", 1000))
    assert lost(BEFORE, now) == [
        "uplink vmnic0 of vSwitch0 (25 Gb/s before, missing now)",
        "uplink vmnic1 of DSwitch (25 Gb/s before, 10 Gb/s now)",
        "uplink vmnic2 of vSwitch0 (1 Gb/s before, in no switch now)",
    ]
    down = (Uplink("vmnic0", 0, "vSwitch0"), Uplink("vmnic1", 100, "DSwitch"), BEFORE[2])
    assert lost(BEFORE, down) == [
        "uplink vmnic0 of vSwitch0 (25 Gb/s before, no link now)",
        "uplink vmnic1 of DSwitch (25 Gb/s before, 100 Mb/s now)",
    ]


def test_faster_new_unused_and_dark_ports_and_the_idracs_own_are_no_loss() -> None:
    faster = [Uplink(p.name, p.mbit * 4, "other") for p in BEFORE if p.name in ("vmnic0", "vmnic1", "vmnic2")]
    assert lost(BEFORE, [*faster, Uplink("vmnic9", 0)]) == []
