"""The tree of each generation: every link leads somewhere, and documents look like recorded ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from dsm_desktop.simulator import Site, SiteSpec
from dsm_desktop.simulator.personas import BY_KEY
from tests.simulator.client import CHASSIS, MANAGER, SYSTEM, Client, walk
from tests.simulator.shapes import Shape, collect, compare, recorded

RECORDINGS = {
    "idrac8": ("Cray-HPE-hms-capmc", 3, 71, 0),
    "idrac9-5": ("bmc-toolbox-bmclib/providers-dell", 3, 72, 0),
    "idrac9-6": ("NVIDIA-libredfish/dell-r750-idrac9-6.00.30.00", 165, 1980, 30),
    "idrac9-7": ("buildio-idrac/r640-idrac9-7.00.00.172", 5, 114, 0),
}
"""Generation -> folder of recordings, at least so many kinds of resource and properties in common, at most so many lacking."""

_REQUIRED = {
    SYSTEM: {
        "SKU",
        "Model",
        "PowerState",
        "BiosVersion",
        "SerialNumber",
        "UUID",
        "Status",
        "ProcessorSummary",
        "MemorySummary",
        "Actions",
    },
    MANAGER: {
        "FirmwareVersion",
        "Model",
        "DateTime",
        "DateTimeLocalOffset",
        "LogServices",
        "Actions",
        "Status",
    },
    CHASSIS: {"SKU", "Power", "Thermal", "Status", "ChassisType"},
}


def shapes_of(generation: str, servers: int = 8) -> dict[str, Shape]:
    """Walk some servers of a generation; asserts that no link is broken."""
    shapes: dict[str, Shape] = {}
    with Site(SiteSpec(idracs=servers, port=0, generations=[generation], shared_key=True)) as site:
        for idrac in site.idracs:
            with Client(idrac) as client:
                client.login()
                found, broken = walk(client)
                assert not broken, (idrac, list(broken)[:5])
                assert len(found) > 250
                for uri, names in _REQUIRED.items():
                    assert names <= found[uri].keys()
                for uri, doc in found.items():
                    collect(shapes, uri, doc)
                collect(shapes, client.session, client.get(client.session))
    return shapes


@pytest.mark.parametrize("generation", BY_KEY)
def test_every_link_answers_and_recorded_properties_are_there(generation: str, captures: Path) -> None:
    simulated = shapes_of(generation, servers=8 if generation in RECORDINGS else 3)
    if generation not in RECORDINGS:
        return
    folder, kinds, properties, lacking = RECORDINGS[generation]
    result = compare(recorded(captures / folder), simulated)
    assert result.wrong_type == []
    assert result.resources - len(result.absent) >= kinds, str(result)
    assert result.properties - len(result.missing) >= properties, result.missing
    assert len(result.missing) <= lacking, result.missing


def test_a_recorded_17g_system_fits(captures: Path, ten_system: dict[str, object]) -> None:
    """Only a fragment of a real 17G system is public: its actions and DellSystem must be a part of ours."""
    import json

    real = json.loads((captures / "stmcginnis-gofish/idrac10-17g/Systems_System.Embedded.1.json").read_text())
    ours = json.loads(json.dumps(ten_system))
    assert real["Actions"].keys() == ours["Actions"].keys()
    assert sorted(real["Actions"]["#ComputerSystem.Reset"]["ResetType@Redfish.AllowableValues"]) == sorted(
        ours["Actions"]["#ComputerSystem.Reset"]["ResetType@Redfish.AllowableValues"]
    )
    lacking = real["Oem"]["Dell"]["DellSystem"].keys() - ours["Oem"]["Dell"]["DellSystem"].keys()
    assert lacking <= {"@odata.etag"}


@pytest.fixture
def ten_system() -> dict[str, object]:
    """A simulated 17G system."""
    with Site(SiteSpec(idracs=1, port=0, generations=["idrac10"])) as site, Client(site.idracs[0]) as client:
        system: dict[str, object] = client.get(SYSTEM)
        return system


def test_the_same_seed_gives_the_same_servers() -> None:
    spec = SiteSpec(idracs=3, port=0, seed=11, shared_key=True)
    kept: list[list[tuple[str, str, list[str]]]] = []
    for _ in range(2):
        with Site(spec) as site:
            kept.append([])
            for idrac in site.idracs:
                with Client(idrac) as client:
                    dimms = client.get(f"{SYSTEM}/Memory?$expand=*($levels=1)")["Members"]
                    kept[-1].append((idrac.service_tag, idrac.model, [d["SerialNumber"] for d in dimms]))
    assert kept[0] == kept[1]
    other = [plot.tag for plot in Site.plan(SiteSpec(idracs=3, seed=12))]
    assert other != [row[0] for row in kept[0]]


def test_inventories_agree_with_themselves(site: Site) -> None:
    for idrac in site.idracs:
        with Client(idrac) as client:
            system = client.get(SYSTEM)
            dimms = client.get(f"{SYSTEM}/Memory?$expand=*($levels=1)")["Members"]
            assert (
                sum(d["CapacityMiB"] for d in dimms) == system["MemorySummary"]["TotalSystemMemoryGiB"] * 1024
            )
            assert len({d["SerialNumber"] for d in dimms}) == len(dimms)
            firmware = client.get("/redfish/v1/UpdateService/FirmwareInventory?$expand=*($levels=1)")[
                "Members"
            ]
            installed = {
                row["Name"]: row["Version"] for row in firmware if row["Id"].startswith("Installed-")
            }
            assert installed["BIOS"] == system["BiosVersion"]
            assert (
                installed["Integrated Dell Remote Access Controller"]
                == client.get(MANAGER)["FirmwareVersion"]
            )
            assert system["Model"].split()[1] == idrac.model.split()[1]
            assert client.get(MANAGER)["Model"].split()[1] == "Monolithic"


def test_broken_servers_say_so_everywhere() -> None:
    with Site(SiteSpec(idracs=13, port=0, generations=["idrac9-7"], shared_key=True)) as site:
        by_ailment = {idrac.ailment: idrac for idrac in site.idracs}
        assert {"drive", "psu", "inlet", "predicted", ""} == set(by_ailment)
        for ailment, health in (("drive", "Critical"), ("psu", "Critical"), ("inlet", "Warning"), ("", "OK")):
            with Client(by_ailment[ailment]) as client:
                system = client.get(SYSTEM)
                assert system["Status"]["HealthRollup"] == health
                assert system["Oem"]["Dell"]["DellSystem"]["SystemGeneration"].endswith("Monolithic")
        with Client(by_ailment["psu"]) as client:
            supplies = client.get(f"{CHASSIS}/Power")["PowerSupplies"]
            assert [p["Status"]["Health"] for p in supplies] == ["OK", "Critical"]
        with Client(by_ailment["drive"]) as client:
            drives = [
                client.get(link["@odata.id"])
                for row in client.get(f"{SYSTEM}/Storage?$expand=*($levels=1)")["Members"]
                for link in row["Drives"]
            ]
            assert [d["Status"]["Health"] for d in drives].count("Critical") == 1


def test_dell_attributes_are_unknown_before_idrac9(site: Site) -> None:
    for idrac in site.idracs:
        with Client(idrac) as client:
            status = client.send("GET", f"{MANAGER}/Oem/Dell/DellAttributes/iDRAC.Embedded.1").status
            assert status == (404 if idrac.generation in ("idrac7", "idrac8") else 200)
