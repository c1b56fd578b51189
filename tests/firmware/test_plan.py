"""What is done to a server, in which order, with how many restarts; and what a site keeps out."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dsm_desktop.core.states import Generation
from dsm_desktop.firmware.exclusions import Exclusion, first_that_holds
from dsm_desktop.firmware.fit import Component, DoesNotFit, Machine
from dsm_desktop.firmware.identity import Device, Identity, PackageForm, SupportedSystem
from dsm_desktop.firmware.plan import IdracOrder, Impact, Offered, Plan, Rules, impact_of, plan_packages

NIC = "14E4:165F:1028:08FF"
MACHINE = Machine(
    "rack1-7", "PowerEdge R750", "0901", Generation.IDRAC9,
    (
        Component("BIOS.Setup.1-1", "BIOS", "1.8.2", "159", "BIOS"),
        Component("iDRAC.Embedded.1-1", "iDRAC", "6.10.30.00", "25227", "FRMW"),
        Component("CPLD.Embedded.1", "System CPLD", "1.0.2", "27763", "FRMW"),
        Component("DriverPack.Embedded.1:LC.Embedded.1", "Driver pack", "22.11.05", "18981", "APAC"),
        Component("RAID.SL.3-1", "PERC H755", "52.16.1-4405", "104298", "FRMW"),
        Component("NIC.Embedded.1-1-1", "Broadcom", "22.0.1", "", "FRMW", NIC),
        Component("NIC.Embedded.2-1-1", "Broadcom", "22.0.1", "", "FRMW", NIC),
    ),
)  # fmt: skip


def offer(
    component: str, version: str, *, kind: str = "FRMW", system: str = "0901", pci: str = ""
) -> Offered:
    identity = Identity(
        form=PackageForm.EXE, told_by="package.xml", name=f"part {component or pci[:9]}", vendor_version=version,
        component_type=kind, devices=(Device(component_id=component, pci=(pci,) if pci else ()),),
        systems=(SupportedSystem(system_id=system, name="R750" if system == "0901" else "R640"),),
    )  # fmt: skip
    return Offered(f"{component or 'nic'}-{version}-{system}.EXE", identity)


ALL = [
    offer("27763", "1.0.9"), offer("", "22.31.6", pci=NIC), offer("25227", "6.10.80.00"), offer("159", "1.14.1", kind="BIOS"),
    offer("18981", "24.01.01", kind="APAC"), offer("104298", "52.21.0-4606"),
]  # fmt: skip


def shape(plan: Plan) -> list[list[str]]:
    return [[item.changes[0].fqdd.partition(".")[0] for item in wave] for wave in plan.waves]


def test_what_restarts_nothing_first_then_one_restart_then_the_cpld_then_the_idrac() -> None:
    plan = plan_packages(MACHINE, ALL, Rules())
    assert shape(plan) == [["DriverPack"], ["BIOS", "RAID", "NIC"], ["CPLD"], ["iDRAC"]]
    assert plan.restarts == 2
    nic = plan.waves[1][2]
    assert [c.fqdd for c in nic.changes] == ["NIC.Embedded.1-1-1", "NIC.Embedded.2-1-1"], (
        "once per card, all its ports"
    )


@pytest.mark.parametrize(
    ("version", "order", "first"),
    [
        ("7.00.60.00", IdracOrder.AUTOMATIC, True),
        ("6.10.80.00", IdracOrder.AUTOMATIC, False),
        ("6.10.80.00", IdracOrder.IDRAC_FIRST, True),
        ("7.00.60.00", IdracOrder.IDRAC_LAST, False),
    ],
)
def test_when_the_idrac_is_updated(version: str, order: IdracOrder, first: bool) -> None:
    packages = [offer("159", "1.14.1", kind="BIOS"), offer("25227", version)]
    plan = plan_packages(MACHINE, packages, Rules(order=order))
    assert shape(plan) == ([["iDRAC"], ["BIOS"]] if first else [["BIOS"], ["iDRAC"]])


def test_the_newest_of_two_wins_and_older_ones_need_leave() -> None:
    plan = plan_packages(
        MACHINE, [offer("159", "1.12.1", kind="BIOS"), offer("159", "1.14.1", kind="BIOS")], Rules()
    )
    assert [item.version for item in plan.items] == ["1.14.1"]
    assert "same part" in plan.skipped[0].reason
    older = [offer("159", "1.4.4", kind="BIOS")]
    assert "going back was not allowed" in plan_packages(MACHINE, older, Rules()).skipped[0].reason
    assert plan_packages(MACHINE, older, Rules(downgrade=True)).items[0].version == "1.4.4"
    same = [offer("159", "1.8.2", kind="BIOS")]
    assert plan_packages(MACHINE, same, Rules()).skipped[0].reason == "1.8.2 is installed already"
    assert plan_packages(MACHINE, same, Rules(reinstall=True)).items[0].version == "1.8.2"


def test_what_cannot_be_told_newer_is_installed_only_where_that_was_allowed() -> None:
    lettered = [offer("159", "A13", kind="BIOS")]
    reason = "order unknown: 1.8.2 runs, and A13 cannot be compared with it"
    assert plan_packages(MACHINE, lettered, Rules(downgrade=True)).skipped[0].reason == reason
    assert plan_packages(MACHINE, lettered, Rules(unordered=True)).items[0].version == "A13"
    unread = replace(MACHINE, components=(Component("BIOS.Setup.1-1", "BIOS", "", "159", "BIOS"),))
    reason = "order unknown: no version runs, and 1.14.1 cannot be compared with it"
    assert plan_packages(unread, [ALL[3]], Rules()).skipped[0].reason == reason


def test_beside_the_package_that_runs_one_of_another_numbering_is_never_installed() -> None:
    """They would follow each other for ever."""
    both = [offer("159", "A13", kind="BIOS"), offer("159", "1.8.2", kind="BIOS")]
    plan = plan_packages(MACHINE, both, Rules(unordered=True))
    assert plan.items == ()
    assert plan.skipped[0].reason == "1.8.2 runs on BIOS, which is 159-1.8.2-0901.EXE"
    newer = [offer("159", "1.14.1", kind="BIOS"), *both]
    assert [item.version for item in plan_packages(MACHINE, newer, Rules()).items] == ["1.14.1"]


def test_one_part_without_an_order_keeps_the_package_from_the_others_too() -> None:
    parts = tuple(Component(f"Disk.Bay.{n}", "SSD", v, "111") for n, v in enumerate(("KT36", "GS14")))
    plan = plan_packages(replace(MACHINE, components=parts), [offer("111", "KT37")], Rules())
    assert plan.items == ()
    assert plan.skipped[0].reason.startswith("order unknown: GS14 runs")


def test_foreign_packages_are_left_out_by_name_and_refused_when_there_is_nothing_else() -> None:
    plan = plan_packages(MACHINE, [ALL[3], offer("159", "2.19.1", kind="BIOS", system="0716")], Rules())
    assert [item.version for item in plan.items] == ["1.14.1"]
    assert "made for R640" in plan.skipped[0].reason
    with pytest.raises(DoesNotFit, match=r"None of the packages is for rack1-7.*made for R640"):
        plan_packages(MACHINE, [offer("159", "2.19.1", kind="BIOS", system="0716")], Rules())


def test_what_the_site_excludes_is_left_alone_with_its_reason() -> None:
    rules = Rules(
        exclusions=(Exclusion("*perc*", "vSAN", model="R7*"), Exclusion("159", "hangs", version="1.14.*"))
    )
    plan = plan_packages(MACHINE, ALL, rules)
    assert {s.reason for s in plan.skipped} == {"excluded at this site: vSAN", "excluded at this site: hangs"}
    assert shape(plan) == [["DriverPack"], ["NIC"], ["CPLD"], ["iDRAC"]]
    other = Exclusion("159", "x", model="R640")
    assert (
        first_that_holds([other], component_id="159", name="BIOS", model="PowerEdge R750", version="1")
        is None
    )


def test_impact_by_what_is_known_of_components() -> None:
    assert impact_of("25227", "FRMW", "iDRAC") is Impact.IDRAC
    assert impact_of("25806", "APAC", "Diagnostics") is Impact.DIRECT
    assert impact_of("", "FRMW", "System CPLD") is Impact.POWER
    assert impact_of("104298", "FRMW", "PERC") is Impact.HOST
