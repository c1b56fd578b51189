"""Volumes, spares, foreign disks, erasing: by jobs at once or at the next boot, and refused where it does not fit."""

from __future__ import annotations

from typing import Any

import pytest

from dsm_desktop.simulator import SimulatedIdrac, Site
from tests.simulator.client import RESET, SYSTEM, Answer, Client

STORAGE = f"{SYSTEM}/Storage"
SERVICE = f"{SYSTEM}/Oem/Dell/DellRaidService/Actions/DellRaidService"
TASKS = "/redfish/v1/TaskService/Tasks"


def controller(client: Client, begin: str = "RAID.") -> Any:
    rows = client.get(f"{STORAGE}?$expand=*($levels=1)")["Members"]
    return next(row for row in rows if row["Id"].startswith(begin))


def volumes(client: Client, base: str) -> list[Any]:
    return [client.get(v["@odata.id"]) for v in client.get(f"{base}/Volumes")["Members"]]


def run(site: Site, client: Client, answer: Answer, boot: bool = False) -> Any:
    """Let the job of an answer end; its DellJob."""
    assert answer.status in (200, 202), answer.raw
    place = answer.headers["Location"]
    if boot:
        assert client.get(place)["JobState"] == "Scheduled"
        client.post(RESET, {"ResetType": "ForceRestart"})
        site.set_clock(advance=400)
    site.set_clock(advance=60)
    job = client.get(place)
    assert job["JobState"] == "Completed", job
    return job


def do(client: Client, name: str, **body: Any) -> Answer:
    return client.post(f"{SERVICE}.{name}", body)


def emptied(site: Site, client: Client) -> Any:
    """The controller after its data volume was deleted: some disks are free."""
    row = controller(client)
    last = volumes(client, row["@odata.id"])[-1]
    run(site, client, client.send("DELETE", last["@odata.id"]))
    return row


def free_drives(client: Client, row: Any) -> list[Any]:
    found = [client.get(link["@odata.id"]) for link in row["Drives"]]
    return [d for d in found if d["Oem"]["Dell"]["DellPhysicalDisk"]["RaidStatus"] == "Ready"]


def test_a_volume_is_deleted_and_made_anew(site: Site) -> None:
    for idrac in site.idracs[2:]:
        with Client(idrac) as client:
            row = emptied(site, client)
            base, free = row["@odata.id"], free_drives(client, row)
            assert len(free) >= 2
            kind = {"VolumeType": "Mirrored"} if idrac.generation == "idrac9-4" else {"RAIDType": "RAID1"}
            body = {
                **kind,
                "Name": "NEW",
                "Links": {"Drives": [{"@odata.id": d["@odata.id"]} for d in free[:2]]},
                "@Redfish.OperationApplyTime": "Immediate",
            }
            job = run(site, client, client.post(f"{base}/Volumes", body))
            assert job["JobType"] == "RealTimeNoRebootConfiguration"
            made = volumes(client, base)[-1]
            assert (made["Name"], made["RAIDType"]) == ("NEW", "RAID1")
            assert made["CapacityBytes"] == free[0]["CapacityBytes"]
            assert {d["@odata.id"] for d in made["Links"]["Drives"]} == {d["@odata.id"] for d in free[:2]}
            disk = client.get(free[0]["@odata.id"])["Oem"]["Dell"]["DellPhysicalDisk"]
            assert (disk["RaidStatus"], disk["FreeSizeInBytes"]) == ("Online", 0)
            run(site, client, client.post(f"{made['@odata.id']}/Actions/Volume.Initialize", {"InitializeType": "Fast"}))  # fmt: skip
            assert idrac.effects[f"initialize volume {made['Id']}"] == 1
            assert idrac.boots == 0


def test_on_reset_waits_for_a_boot_and_blocks_the_controller(site: Site, nine: SimulatedIdrac) -> None:
    with Client(nine) as client:
        row = emptied(site, client)
        free = [{"@odata.id": d["@odata.id"]} for d in free_drives(client, row)]
        body = {
            "RAIDType": "RAID0",
            "Links": {"Drives": free},
            "@Redfish.OperationApplyTime": "OnReset",
        }
        answer = client.post(f"{row['@odata.id']}/Volumes", body)
        assert client.post(f"{row['@odata.id']}/Volumes", body).message_ids == ["SYS011"]
        assert run(site, client, answer, boot=True)["JobType"] == "RAIDConfiguration"
        assert volumes(client, row["@odata.id"])[-1]["RAIDType"] == "RAID0"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"RAIDType": "RAID7"}, "SYS426"),
        ({"RAIDType": None}, "SYS428"),
        ({"RAIDType": "RAID5", "count": 2}, "SYS425"),
        ({"RAIDType": "RAID1", "count": 3}, "SYS425"),
        ({"Name": "N" * 16}, "SYS425"),
        ({"CapacityBytes": 10**18}, "SYS425"),
        ({"count": 0}, "SYS428"),
        ({"used": True}, "SYS443"),
        ({"Color": "red"}, "SYS429"),
        ({"@Redfish.OperationApplyTime": "Tomorrow"}, "SYS426"),
    ],
)
def test_what_does_not_fit_is_refused(
    site: Site, nine: SimulatedIdrac, change: dict[str, Any], message: str
) -> None:
    with Client(nine) as client:
        row = emptied(site, client)
        before = dict(nine.effects)
        drives = free_drives(client, row)[: change.pop("count", 2)]
        if change.pop("used", False):
            drives = [client.get(row["Drives"][0]["@odata.id"]), drives[0]]
        body = {
            "RAIDType": "RAID1",
            "Links": {"Drives": [{"@odata.id": d["@odata.id"]} for d in drives]},
            **change,
        }
        answer = client.post(f"{row['@odata.id']}/Volumes", body)
        assert (answer.status, answer.message_ids[0]) == (400, message)
        assert nine.effects == before


def test_spares(site: Site, nine: SimulatedIdrac) -> None:
    with Client(nine) as client:
        row = emptied(site, client)
        first, second = free_drives(client, row)[:2]
        volume = volumes(client, row["@odata.id"])[0]["Id"]
        used = client.get(row["Drives"][0]["@odata.id"])["Id"]
        assert do(client, "AssignSpare", TargetFQDD=used).message_ids == ["SYS443"]
        assert do(client, "AssignSpare", TargetFQDD="Disk.Bay.99").message_ids == ["SYS425"]
        run(site, client, do(client, "AssignSpare", TargetFQDD=first["Id"], VirtualDiskArray=[volume]))
        assert client.get(first["@odata.id"])["HotspareType"] == "Dedicated"
        run(site, client, do(client, "AssignSpare", TargetFQDD=second["Id"]))
        assert client.get(second["@odata.id"])["HotspareType"] == "Global"
        assert do(client, "ConvertToNonRAID", PDArray=[second["Id"]]).message_ids == ["SYS443"]
        run(site, client, do(client, "UnassignSpare", TargetFQDD=second["Id"]))
        assert client.get(second["@odata.id"])["HotspareType"] == "None"
        assert do(client, "UnassignSpare", TargetFQDD=second["Id"]).message_ids == ["SYS443"]


def test_foreign_disks_are_cleared_or_taken_over(site: Site, nine: SimulatedIdrac) -> None:
    with Client(nine) as client:
        row = emptied(site, client)
        disk = free_drives(client, row)[0]
        for action in ("ClearForeignConfig", "ImportForeignConfig"):
            assert do(client, action, TargetFQDD=row["Id"]).message_ids == ["STOR018"]
        nine.make_foreign(disk["Id"])
        shown = client.get(disk["@odata.id"])["Oem"]["Dell"]["DellPhysicalDisk"]["RaidStatus"]
        assert shown == "Foreign"
        run(site, client, do(client, "ClearForeignConfig", TargetFQDD=row["Id"]))
        assert disk["Id"] in [d["Id"] for d in free_drives(client, row)]
        nine.make_foreign(disk["Id"])
        run(site, client, do(client, "ImportForeignConfig", TargetFQDD=row["Id"]))
        assert volumes(client, row["@odata.id"])[-1]["Name"] == "FOREIGN"


def test_disks_change_between_raid_and_non_raid(site: Site, nine: SimulatedIdrac) -> None:
    with Client(nine) as client:
        row = emptied(site, client)
        disk = free_drives(client, row)[0]
        run(site, client, do(client, "ConvertToNonRAID", PDArray=[disk["Id"]]))
        raw = [v for v in volumes(client, row["@odata.id"]) if v["VolumeType"] == "RawDevice"]
        assert [v["Id"] for v in raw] == [disk["Id"]]
        shown = client.get(disk["@odata.id"])["Oem"]["Dell"]["DellPhysicalDisk"]["RaidStatus"]
        assert shown == "NonRAID"
        run(site, client, do(client, "ConvertToRAID", PDArray=[disk["Id"]]))
        assert disk["Id"] in [d["Id"] for d in free_drives(client, row)]
        run(site, client, do(client, "ResetConfig", TargetFQDD=row["Id"]))
        assert volumes(client, row["@odata.id"]) == []


def test_only_an_unused_disk_that_can_is_erased(site: Site) -> None:
    erased = 0
    for idrac in site.idracs[2:]:
        with Client(idrac) as client:
            row = emptied(site, client)
            used = client.get(row["Drives"][0]["@odata.id"])
            refused = client.post(f"{used['@odata.id']}/Actions/Drive.SecureErase")
            assert (refused.status, refused.message_ids) == (400, ["SYS443"])
            disk = free_drives(client, row)[0]
            answer = client.post(f"{disk['@odata.id']}/Actions/Drive.SecureErase")
            if disk["MediaType"] == "SSD":
                run(site, client, answer)
                assert idrac.erased == [disk["Id"]]
                erased += 1
            else:
                assert answer.message_ids == ["SYS443"]
    assert erased, "one of the servers has disks that can be erased"


def test_lights_blink_at_once_also_under_lockdown(nine: SimulatedIdrac) -> None:
    nine.set_lockdown()
    with Client(nine) as client:
        disk = client.get(controller(client)["Drives"][0]["@odata.id"])
        assert do(client, "BlinkTarget", TargetFQDD=disk["Id"]).status == 200
        assert nine.blinking == [disk["Id"]]
        assert client.get(disk["@odata.id"])["LocationIndicatorActive"] is True
        assert do(client, "UnBlinkTarget", TargetFQDD=disk["Id"]).status == 200
        assert nine.blinking == []
        volume = client.get(f"{controller(client)['@odata.id']}/Volumes")["Members"][0]["@odata.id"]
        assert client.send("DELETE", volume).message_ids == ["SYS406"]


def test_boss_and_old_idracs(site: Site, eight: SimulatedIdrac) -> None:
    with Client(eight) as client:
        assert do(client, "BlinkTarget", TargetFQDD="x").status == 404
        base = controller(client)["@odata.id"]
        assert client.post(f"{base}/Volumes", {"RAIDType": "RAID1"}).status == 405
    seen = 0
    for idrac in site.idracs[2:]:
        with Client(idrac) as client:
            rows = client.get(f"{STORAGE}?$expand=*($levels=1)")["Members"]
            for row in rows:
                if "BOSS" in row["Name"] or row["Id"].startswith("AHCI.Slot"):
                    volume = client.get(f"{row['@odata.id']}/Volumes")["Members"][0]["@odata.id"]
                    answer = client.post(
                        f"{volume}/Actions/Volume.Initialize",
                        {"InitializeType": "Fast", "@Redfish.OperationApplyTime": "Immediate"},
                    )
                    assert answer.message_ids == ["SYS426"], "BOSS changes only while the host boots"
                    run(site, client, client.send("DELETE", volume), boot=True)
                    seen += 1
    assert seen
