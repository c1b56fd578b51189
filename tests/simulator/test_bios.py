"""BIOS settings are staged, applied by a job while the host boots, and refused as a real iDRAC refuses them."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest

from dsm_desktop.simulator import SimulatedIdrac, Site
from tests.simulator.client import MANAGER, RESET, SYSTEM, Answer, Client

BIOS = f"{SYSTEM}/Bios"
SETTINGS = f"{BIOS}/Settings"
TASKS = "/redfish/v1/TaskService/Tasks"
ON_RESET = {"@Redfish.SettingsApplyTime": {"ApplyTime": "OnReset"}}


def patch(client: Client, values: dict[str, Any], **more: Any) -> Answer:
    return client.patch(SETTINGS, {"Attributes": values, **more})


def value(client: Client, name: str) -> Any:
    return client.get(BIOS)["Attributes"][name]


def reboot(site: Site, client: Client) -> None:
    assert client.post(RESET, {"ResetType": "ForceRestart"}).status == 204
    site.set_clock(advance=400)


def test_staged_settings_wait_for_a_job_and_the_job_for_a_boot(site: Site) -> None:
    for idrac in site.idracs:
        with Client(idrac) as client:
            jobs = f"{MANAGER}/Oem/Dell/Jobs" if client.send("GET", f"{MANAGER}/Oem/Dell/Jobs").status == 200 else f"{MANAGER}/Jobs"  # fmt: skip
            assert client.post(jobs, {"TargetSettingsURI": SETTINGS}).message_ids == ["SYS023"]
            assert patch(client, {"NumLock": "Off", "AcPwrRcvry": "On"}).status == 200
            assert client.get(SETTINGS)["Attributes"] == {"NumLock": "Off", "AcPwrRcvry": "On"}
            assert value(client, "NumLock") == "On"
            made = client.post(jobs, {"TargetSettingsURI": SETTINGS})
            assert made.status in (200, 202)
            place = f"{TASKS}/{made.headers['Location'].rsplit('/', 1)[-1]}"
            again = patch(client, {"NumLock": "On"})
            assert (again.status, again.message_ids) == (400, ["SYS011"])
            assert client.send("GET", place).status == 202
            reboot(site, client)
            assert client.send("GET", place).status == 200
            assert value(client, "NumLock") == "Off"
            assert client.get(SETTINGS)["Attributes"] == {}
            assert patch(client, {"NumLock": "On"}).status == 200


def test_an_apply_time_makes_the_job_at_once(site: Site, nine: SimulatedIdrac) -> None:
    with Client(nine) as client:
        made = patch(client, {"NumLock": "Off"}, **ON_RESET)
        assert made.status == 202
        assert made.raw == b""
        place = made.headers["Location"]
        assert place.startswith(f"{TASKS}/JID_")
        task = client.send("GET", place)
        assert task.json["Name"] == "Configure: BIOS.Setup.1-1"
        assert task.json["Oem"]["Dell"]["JobType"] == "BIOSConfiguration"
        assert client.post(f"{MANAGER}/Oem/Dell/Jobs", {"TargetSettingsURI": SETTINGS}).message_ids == [
            "SYS011"
        ]
        reboot(site, client)
        assert value(client, "NumLock") == "Off"
    assert nine.effects == {"PATCH Bios/Settings NumLock": 1, "ComputerSystem.Reset:ForceRestart": 1}


def test_nothing_to_change_is_200_without_a_job(nine: SimulatedIdrac) -> None:
    with Client(nine) as client:
        answer = patch(client, {"NumLock": "On"}, **ON_RESET)
        assert (answer.status, answer.headers["Location"]) == (200, None)
        assert client.get(SETTINGS)["Attributes"] == {}
    assert nine.effects == {}


@pytest.mark.parametrize(
    ("name", "wrong", "message"),
    [
        ("NumLock", 1, "SYS424"),
        ("NumLock", "Maybe", "SYS426"),
        ("AcPwrRcvryUserDelay", "200", "SYS424"),
        ("AcPwrRcvryUserDelay", 5, "SYS425"),
        ("SystemServiceTag", "X", "SYS427"),
        ("SysPassword", "secret", "SYS427"),
        ("NoSuchThing", "X", "SYS429"),
        ("ProcTurboMode", "Disabled", "SYS410"),
        ("HttpDev1Uri", "http://h/x.efi", "SYS410"),
    ],
)
def test_a_bad_value_spoils_the_whole_request(
    nine: SimulatedIdrac, name: str, wrong: object, message: str
) -> None:
    with Client(nine) as client:
        answer = patch(client, {name: wrong, "ErrPrompt": "Disabled"})
        assert (answer.status, answer.message_ids) == (400, [message])
        assert client.get(SETTINGS)["Attributes"] == {}


def test_a_setting_is_free_once_its_parent_is_set_in_the_same_request_or_before(
    site: Site, nine: SimulatedIdrac
) -> None:
    with Client(nine) as client:
        both = {"SysProfile": "Custom", "ProcCStates": "Autonomous"}
        assert patch(client, both).status == 200
        assert patch(client, {"HttpDev1EnDis": "Enabled"}).status == 200
        assert patch(client, {"HttpDev1Uri": "http://h/x.efi"}, **ON_RESET).status == 202
        reboot(site, client)
        assert value(client, "ProcCStates") == "Autonomous"
        assert value(client, "HttpDev1Uri") == "http://h/x.efi"
        assert patch(client, {"SysProfile": "PerfOptimized"}, **ON_RESET).status == 202
        reboot(site, client)
        assert value(client, "ProcCStates") == "Disabled", "the profile dictates it"
        answer = patch(client, {"ProcCStates": "Autonomous"})
        assert answer.message_ids == ["SYS410"]
    with Client(site.idracs[2]) as client:
        assert patch(client, {"ProcCStates": "Enabled"}).message_ids == ["SYS444"]


def test_what_is_staged_can_be_dropped_until_a_job_exists(nine: SimulatedIdrac) -> None:
    clear = f"{SETTINGS}/Actions/Oem/DellManager.ClearPending"
    with Client(nine) as client:
        assert client.post(clear).message_ids == ["RAC1035"]
        patch(client, {"NumLock": "Off"})
        assert client.post(clear).status == 200
        assert client.get(SETTINGS)["Attributes"] == {}
        place = patch(client, {"NumLock": "Off"}, **ON_RESET).headers["Location"]
        assert client.post(clear).message_ids == ["SYS011"]
        job = place.rsplit("/", 1)[-1]
        assert client.send("DELETE", f"{MANAGER}/Oem/Dell/Jobs/{job}").status == 200
        assert client.get(SETTINGS)["Attributes"] == {}
        assert patch(client, {"NumLock": "Off"}).status == 200


def test_maintenance_windows(site: Site, nine: SimulatedIdrac) -> None:
    with Client(nine) as client:
        now = dt.datetime.fromisoformat(client.get(MANAGER)["DateTime"])

        def ask(kind: str, start: dt.datetime, seconds: object = 3600) -> Answer:
            time = {
                "ApplyTime": kind,
                "MaintenanceWindowStartTime": start.isoformat(),
                "MaintenanceWindowDurationInSeconds": seconds,
            }
            return patch(client, {"NumLock": "Off"}, **{"@Redfish.SettingsApplyTime": time})

        later = now + dt.timedelta(hours=2)
        assert ask("AtMaintenanceWindowStart", later, 5).message_ids == ["SYS448"]
        foreign = later.astimezone(dt.timezone(dt.timedelta(hours=3)))
        assert ask("AtMaintenanceWindowStart", foreign).message_ids == ["SYS447"]
        assert ask("Whenever", later).message_ids == ["SYS426"]
        assert client.get(SETTINGS)["Attributes"] == {}, "a refused window stages nothing"
        assert ask("AtMaintenanceWindowStart", later).status == 202
        site.set_clock(advance=3600)
        assert (nine.boots, value(client, "NumLock")) == (0, "On")
        site.set_clock(advance=3600 + 500)
        assert (nine.boots, value(client, "NumLock")) == (1, "Off")
        time = {
            "ApplyTime": "InMaintenanceWindowOnReset",
            "MaintenanceWindowStartTime": (now + dt.timedelta(hours=4)).isoformat(),
            "MaintenanceWindowDurationInSeconds": 3600,
        }
        assert patch(client, {"NumLock": "On"}, **{"@Redfish.SettingsApplyTime": time}).status == 202
        reboot(site, client)
        assert value(client, "NumLock") == "Off", "too early"
        site.set_clock(advance=2 * 3600)
        assert value(client, "NumLock") == "Off", "nobody restarted the host"
        reboot(site, client)
        assert value(client, "NumLock") == "On"


def test_factory_values_come_back_at_the_next_boot(site: Site, nine: SimulatedIdrac) -> None:
    with Client(nine) as client:
        patch(client, {"NumLock": "Off"}, **ON_RESET)
        reboot(site, client)
        assert client.post(f"{BIOS}/Actions/Bios.ResetBios").status == 200
        assert value(client, "NumLock") == "Off"
        reboot(site, client)
        assert value(client, "NumLock") == "On"


def test_passwords_of_the_bios(site: Site, nine: SimulatedIdrac) -> None:
    change = f"{BIOS}/Actions/Bios.ChangePassword"
    with Client(nine) as client:

        def ask(old: str, new: str, name: str = "SetupPassword") -> Answer:
            return client.post(change, {"PasswordName": name, "OldPassword": old, "NewPassword": new})

        assert ask("", "x", "NoPassword").message_ids == ["SYS426"]
        assert client.post(change, {"PasswordName": "SetupPassword"}).message_ids == ["SYS428"]
        assert ask("", "first-1").status == 200
        assert client.get(SETTINGS)["Attributes"] == {}, "a password is never shown"
        client.post(f"{MANAGER}/Oem/Dell/Jobs", {"TargetSettingsURI": SETTINGS})
        reboot(site, client)
        assert len(value(client, "SHA256SetupPassword")) == 64
        assert value(client, "SetupPassword") is None
        assert ask("wrong", "second").message_ids == ["SYS409"]
        assert ask("first-1", "second").status == 200
    assert "first-1" not in str(nine.journal)


def test_secure_boot_is_a_bios_setting(site: Site, nine: SimulatedIdrac) -> None:
    with Client(nine) as client:
        place = f"{SYSTEM}/SecureBoot"
        assert client.patch(place, {"SecureBootEnable": True}).status == 202
        reboot(site, client)
        assert client.get(place)["SecureBootEnable"] is True
        assert client.patch(place, {"SecureBootEnable": True}).status == 200
        reset = client.get(place)["Actions"]["#SecureBoot.ResetKeys"]
        for kind in reset["ResetKeysType@Redfish.AllowableValues"]:
            assert client.post(reset["target"], {"ResetKeysType": kind}).status == 200
        assert client.post(reset["target"], {"ResetKeysType": "Some"}).message_ids == ["SYS426"]


def test_a_fault_shows_staged_values_as_present_ones(nine: SimulatedIdrac) -> None:
    with Client(nine) as client:
        patch(client, {"NumLock": "Off"}, **ON_RESET)
        assert value(client, "NumLock") == "On"
        nine.set_fault("pending_as_current")
        assert value(client, "NumLock") == "Off", "also when the document was read before"
        nine.clear_faults()
        assert value(client, "NumLock") == "On"


def test_the_registry_looks_like_a_recorded_one(nine: SimulatedIdrac, captures: Path) -> None:
    with Client(nine) as client:
        uri = client.get("/redfish/v1/Registries/BiosAttributeRegistry.v1_0_0")["Location"][0]["Uri"]
        ours = client.get(uri)["RegistryEntries"]
        present = client.get(BIOS)["Attributes"]
    rows = {row["AttributeName"]: row for row in ours["Attributes"]}
    assert rows.keys() == present.keys()
    assert len(rows) > 145
    assert {row["Type"] for row in rows.values()} == {"Enumeration", "Integer", "String", "Password"}
    assert all(row["HelpText"] for row in rows.values())
    menus = {menu["MenuName"] for menu in ours["Menus"]}
    assert {row["MenuPath"].rsplit("/", 1)[-1] for row in rows.values()} <= menus
    for row in rows.values():
        if row["Type"] == "Enumeration":
            assert present[row["AttributeName"]] in [v["ValueName"] for v in row["Value"]], row
    assert rows["ProcTurboMode"]["ReadOnly"] is True
    assert rows["NumLock"]["ReadOnly"] is False
    recorded = captures / "NVIDIA-libredfish/dell-r750-idrac9-6.00.30.00" / uri.strip("/") / "index.json"
    real = json.loads(recorded.read_text())["RegistryEntries"]
    known = {row["AttributeName"]: row for row in real["Attributes"]}
    common = known.keys() & rows.keys()
    assert len(common) > 0.85 * len(rows), sorted(rows.keys() - known.keys())
    assert len(common) > 125
    wrong = [
        n
        for n in common
        if known[n]["Type"] != rows[n]["Type"]
        or known[n].keys() - {"WarningText"} != rows[n].keys() - {"WarningText"}
    ]
    assert wrong == []
    assert [n for n in common if known[n]["MenuPath"] != rows[n]["MenuPath"]] == []
    assert real["Dependencies"][0].keys() == ours["Dependencies"][0].keys()
    assert real["Dependencies"][0]["Dependency"].keys() == ours["Dependencies"][0]["Dependency"].keys()
    assert real["Menus"][0].keys() == ours["Menus"][0].keys()
