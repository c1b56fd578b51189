"""Dell attributes: types and bounds out of the registry, partial success by generation, and what follows from a value."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest

from dsm_desktop.simulator import SimulatedIdrac, Site
from tests.simulator.client import CHASSIS, MANAGER, SYSTEM, Client

BASE = f"{MANAGER}/Oem/Dell/DellAttributes"
IDRAC = f"{BASE}/iDRAC.Embedded.1"
REGISTRY = "/redfish/v1/Registries/ManagerAttributeRegistry"


def values(client: Client, component: str = "iDRAC.Embedded.1") -> dict[str, Any]:
    found: dict[str, Any] = client.get(f"{BASE}/{component}")["Attributes"]
    return found


def shown(row: dict[str, Any]) -> set[str]:
    return {value["ValueDisplayName"] for value in row.get("Value", [])}


def test_what_a_site_standard_sets_is_there_and_takes_new_values(site: Site) -> None:
    wanted = {
        "NTPConfigGroup.1.NTPEnable": "Enabled",
        "NTPConfigGroup.1.NTP1": "10.0.0.1",
        "IPv4Static.1.DNS1": "10.0.0.2",
        "SysLog.1.SysLogEnable": "Enabled",
        "SysLog.1.Server1": "10.0.0.3",
        "SNMP.1.AgentCommunity": "site",
        "SNMPAlert.1.Destination": "10.0.0.4",
        "IPMILan.1.AlertEnable": "Enabled",
        "RemoteHosts.1.SMTPServerIPAddress": "10.0.0.5",
        "WebServer.1.Timeout": 600,
        "WebServer.1.TLSProtocol": "TLS 1.2 and Higher",
    }
    for idrac in site.idracs[2:]:
        with Client(idrac) as client:
            before = values(client)
            assert wanted.keys() <= before.keys()
            assert before["NTPConfigGroup.1.NTPEnable"] == "Disabled"
            assert client.patch(IDRAC, {"Attributes": wanted}).status == 200
            after = values(client)
            assert {k: after[k] for k in wanted} == wanted
            assert {k: v for k, v in after.items() if k not in wanted} == {
                k: v for k, v in before.items() if k not in wanted
            }
            assert client.get(f"{MANAGER}/NetworkProtocol")["NTP"]["NTPServers"] == ["10.0.0.1"]
            assert "".join(idrac.effects).startswith("PATCH iDRAC.Embedded.1 IPMILan.1.AlertEnable")
            assert "site" not in str(idrac.journal[0].body), "a community is a secret"


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("WebServer.1.Timeout", "600", "SYS424"),
        ("WebServer.1.Timeout", 5, "SYS425"),
        ("WebServer.1.TLSProtocol", "TLS 0.9", "SYS426"),
        ("Info.1.Version", "9.9", "SYS427"),
        ("Nothing.1.AtAll", "x", "SYS429"),
        ("SysLog.1.Server1", "s" * 64, "SYS425"),
        ("SysLog.1.Server1", 10, "SYS424"),
    ],
)
def test_one_bad_key_spoils_the_whole_patch_or_not_by_generation(
    site: Site, name: str, value: object, message: str
) -> None:
    for idrac in site.idracs[2:]:
        with Client(idrac) as client:
            answer = client.patch(IDRAC, {"Attributes": {name: value, "SysLog.1.Server2": "10.1.1.1"}})
            read_only_on_ten = message == "SYS427" and idrac.generation == "idrac10"
            assert answer.status == (200 if read_only_on_ten else 400)
            assert answer.message_ids == [message]
            applied = values(client)["SysLog.1.Server2"] == "10.1.1.1"
            assert applied == (idrac.generation in ("idrac9-6", "idrac9-7", "idrac10"))
            assert len(idrac.effects) == applied


def test_the_fault_lets_older_firmware_apply_a_part_too(site: Site) -> None:
    four = site.idracs[2]
    four.set_fault("partial_patch")
    with Client(four) as client:
        body = {"Attributes": {"Info.1.Version": "9", "SysLog.1.Server2": "10.1.1.1"}}
        assert client.patch(IDRAC, body).status == 400
        assert values(client)["SysLog.1.Server2"] == "10.1.1.1"


def test_values_for_a_maintenance_window_wait_for_it(site: Site, nine: SimulatedIdrac) -> None:
    with Client(nine) as client:
        settings = client.get(IDRAC)["@Redfish.Settings"]["SettingsObject"]["@odata.id"]
        now = dt.datetime.fromisoformat(client.get(MANAGER)["DateTime"])
        time = {
            "ApplyTime": "AtMaintenanceWindowStart",
            "MaintenanceWindowStartTime": (now + dt.timedelta(hours=1)).isoformat(),
            "MaintenanceWindowDurationInSeconds": 600,
        }
        body = {"Attributes": {"SysLog.1.Port": 515}, "@Redfish.SettingsApplyTime": time}
        bad = {**body, "Attributes": {"SysLog.1.Port": 0}}
        assert client.patch(settings, bad).message_ids == ["SYS425"]
        clear = client.get(settings)["Actions"]["#DellManager.ClearPending"]["target"]
        assert client.post(clear).message_ids == ["RAC1035"]
        made = client.patch(settings, body)
        assert made.status == 202
        assert client.get(settings)["Attributes"] == {"SysLog.1.Port": 515}
        assert values(client)["SysLog.1.Port"] == 514
        assert client.post(clear).message_ids == ["SYS011"], "its job exists"
        site.set_clock(advance=3700)
        assert values(client)["SysLog.1.Port"] == 515
        assert client.send("GET", made.headers["Location"]).status == 200
        at_once = {"@Redfish.SettingsApplyTime": {"ApplyTime": "Immediate"}}
        assert client.patch(settings, {"Attributes": {"SysLog.1.Port": 516}, **at_once}).status == 200
        assert values(client)["SysLog.1.Port"] == 516


def test_a_fault_hides_the_error_in_a_200(nine: SimulatedIdrac) -> None:
    nine.set_fault("error_in_200")
    with Client(nine) as client:
        answer = client.patch(IDRAC, {"Attributes": {"SysLog.1.Port": 0}})
        assert (answer.status, answer.message_ids) == (200, ["SYS425"])
        assert values(client)["SysLog.1.Port"] == 514


def test_lockdown_lets_only_itself_be_changed(nine: SimulatedIdrac) -> None:
    with Client(nine) as client:
        lock = {"Attributes": {"Lockdown.1.SystemLockdown": "Enabled"}}
        assert client.patch(IDRAC, lock).status == 200
        assert values(client)["Lockdown.1.SystemLockdown"] == "Enabled"
        refused = client.patch(IDRAC, {"Attributes": {"SysLog.1.Port": 515}})
        assert (refused.status, refused.message_ids) == (403, ["SYS406"])
        assert client.patch(IDRAC, {"Attributes": {"Lockdown.1.SystemLockdown": "Disabled"}}).status == 200
        assert client.patch(IDRAC, {"Attributes": {"SysLog.1.Port": 515}}).status == 200


def test_passwords_are_written_and_never_read_but_hashes_of_users_are(nine: SimulatedIdrac) -> None:
    with Client(nine) as client:
        user = {"Users.3.UserName": "anna", "Users.3.Password": "Sommer-2026", "Users.3.Privilege": 511}
        assert client.patch(IDRAC, {"Attributes": {**user, "Users.3.Enable": "Enabled"}}).status == 200
        seen = values(client)
        assert seen["Users.3.Password"] is None
        assert len(seen["Users.3.SHA256Password"]) == 64
        assert seen["Users.4.SHA256Password"] == ""
        assert "Sommer-2026" not in json.dumps(seen)
        assert "Sommer-2026" not in str(nine.journal)
    with Client(nine, "anna", "Sommer-2026") as client:
        assert client.get(SYSTEM)["SKU"] == nine.service_tag


def test_values_that_do_something(site: Site, nine: SimulatedIdrac) -> None:
    with Client(nine) as client:

        def put(component: str, **pairs: object) -> None:
            wanted = {k.replace("__", "."): v for k, v in pairs.items()}
            assert client.patch(f"{BASE}/{component}", {"Attributes": wanted}).status == 200

        put("iDRAC.Embedded.1", Time__1__Timezone="Asia/Tokyo", SSH__1__Enable="Disabled")
        assert client.get(MANAGER)["DateTimeLocalOffset"] == "+09:00"
        assert client.get(f"{MANAGER}/NetworkProtocol")["SSH"] == {"Port": 22, "ProtocolEnabled": False}
        put("System.Embedded.1", ServerPwr__1__PowerCapSetting="Enabled", ServerPwr__1__PowerCapValue=700)
        assert client.get(f"{CHASSIS}/Power")["PowerControl"][0]["PowerLimit"]["LimitInWatts"] == 700
        put("LifecycleController.Embedded.1", LCAttributes__1__CollectSystemInventoryOnRestart="Disabled")
        put("iDRAC.Embedded.1", WebServer__1__Timeout=60)
        client.login()
        site.set_clock(advance=61)
        assert client.send("GET", SYSTEM).status == 401


def test_the_standard_properties_set_the_same_values(site: Site) -> None:
    for idrac in site.idracs:
        with Client(idrac) as client:
            body = {
                "SSH": {"ProtocolEnabled": False},
                "SNMP": {"Port": 1161},
                "NTP": {"NTPServers": ["10.0.0.1", "10.0.0.2"], "ProtocolEnabled": True},
            }
            assert client.patch(f"{MANAGER}/NetworkProtocol", body).status == 200
            shown = client.get(f"{MANAGER}/NetworkProtocol")
            assert shown["SSH"]["ProtocolEnabled"] is False
            assert shown["SNMP"]["Port"] == 1161
            answer = client.patch(f"{MANAGER}/NetworkProtocol", {"NTP": {"NTPServers": ["10.9.9.9"]}})
            assert answer.status == 200
            if idrac.generation not in ("idrac7", "idrac8"):
                servers = client.get(f"{MANAGER}/NetworkProtocol")["NTP"]["NTPServers"]
                assert servers == ["10.9.9.9", "10.0.0.2"], "a shorter list deletes nothing"
            bad = client.patch(f"{MANAGER}/NetworkProtocol", {"SNMP": {"Port": 99999}})
            assert (bad.status, bad.message_ids) == (400, ["SYS425"])


def test_the_clock_is_set_unless_ntp_does(nine: SimulatedIdrac, eight: SimulatedIdrac) -> None:
    service = f"{MANAGER}/Oem/Dell/DellTimeService/Actions/DellTimeService.ManageTime"
    with Client(nine) as client:
        assert client.post(service, {"GetRequest": True}).json["TimeData"][:4] >= "2024"
        moment = "2027-01-31T10:00:00+00:00"
        assert client.post(service, {"GetRequest": False, "TimeData": moment}).status == 200
        assert client.get(MANAGER)["DateTime"].startswith(("2027-01-31T10:00", "2027-01-31T04:00"))
        client.patch(IDRAC, {"Attributes": {"NTPConfigGroup.1.NTPEnable": "Enabled"}})
        refused = client.post(service, {"GetRequest": False, "TimeData": moment})
        assert (refused.status, refused.message_ids) == (400, ["RAC059"])
    with Client(eight) as client:
        assert client.post(service, {"GetRequest": True}).status == 404
        assert client.patch(MANAGER, {"DateTime": "2027-05-01T00:00:00+00:00"}).status == 200
        assert client.get(MANAGER)["DateTime"].startswith(("2027-05-01", "2027-04-30"))


def test_the_registry_describes_every_attribute_as_a_real_one_does(
    nine: SimulatedIdrac, captures: Path
) -> None:
    with Client(nine) as client:
        place = client.get(REGISTRY)["Location"][0]["Uri"]
        rows = {row["Id"]: row for row in client.get(place)["RegistryEntries"]["Attributes"]}
        for component in ("iDRAC.Embedded.1", "System.Embedded.1", "LifecycleController.Embedded.1"):
            for name in values(client, component):
                group, index, leaf = name.split(".", 2)
                assert f"{component}#{group}.{index}#{leaf}" in rows
    folder = captures / "NVIDIA-libredfish/dell-r750-idrac9-6.00.30.00" / place.strip("/")
    real = {
        row["Id"]: row
        for row in json.loads((folder / "index.json").read_text())["RegistryEntries"]["Attributes"]
    }
    common = real.keys() & rows.keys()
    assert len(common) > 800
    wrong = [k for k in common if (real[k]["Type"], set(real[k])) != (rows[k]["Type"], set(rows[k]))]
    assert wrong == []
    assert [k for k in common if real[k]["Readonly"] != rows[k]["Readonly"]] == []
    foreign = [k for k in common if not shown(rows[k]) <= shown(real[k])]
    assert all(k.endswith(("#Info.1#ServerGen", "#Info.1#Type", "#CMStatus")) for k in foreign), foreign


def test_older_firmware_keeps_the_old_address_and_idrac8_has_none(site: Site) -> None:
    for idrac in site.idracs:
        with Client(idrac) as client:
            status = client.send("GET", f"{MANAGER}/Attributes").status
            assert status == (404 if idrac.generation in ("idrac7", "idrac8", "idrac10") else 200)
