"""Configuration profiles: exported, pushed, previewed, imported with and without a boot, and refused."""

from __future__ import annotations

import json
import time
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

from dsm_desktop.simulator import SimulatedIdrac, Site
from tests.simulator.client import MANAGER, RESET, SYSTEM, Answer, Client
from tests.simulator.fileserver import FileServer

ATTRIBUTES = f"{MANAGER}/Oem/Dell/DellAttributes/iDRAC.Embedded.1"


def target(client: Client, verb: str) -> str:
    """The target of an action, found by the end of its name."""
    actions = client.get(MANAGER)["Actions"]["Oem"]
    return str(next(a["target"] for name, a in actions.items() if name.endswith(f".{verb}")))


def export(client: Client, form: str = "JSON", what: str = "ALL", **more: Any) -> Answer:
    body = {"ExportFormat": form, "ShareParameters": {"Target": what, **more.pop("share", {})}, **more}
    return client.post(target(client, "ExportSystemConfiguration"), body)


def exported(site: Site, client: Client, form: str = "JSON", what: str = "ALL", **more: Any) -> Answer:
    answer = export(client, form, what, **more)
    assert answer.status == 202, answer.raw
    place = answer.headers["Location"]
    running = client.send("GET", place)
    assert (running.status, running.json["Messages"][0]["MessageId"][-6:]) == (202, "SYS057")
    site.set_clock(advance=60)
    return client.send("GET", place)


def rows(profile: Any, fqdd: str) -> dict[str, dict[str, str]]:
    parts = profile["SystemConfiguration"]["Components"]
    return {row["Name"]: row for part in parts if part["FQDD"] == fqdd for row in part["Attributes"]}


def of(fqdd: str, **values: str) -> str:
    named = [{"Name": k.replace("__", "."), "Value": v} for k, v in values.items()]
    named = [{**row, "Name": row["Name"].replace("_H_", "#")} for row in named]
    return json.dumps({"SystemConfiguration": {"Components": [{"FQDD": fqdd, "Attributes": named}]}})


def send(client: Client, text: object, verb: str = "ImportSystemConfiguration", **more: Any) -> Answer:
    body = {"ImportBuffer": text, "ShareParameters": {"Target": "ALL"}, **more}
    return client.post(target(client, verb), body)


def task(client: Client, answer: Answer) -> Answer:
    assert answer.status == 202, answer.raw
    return client.send("GET", answer.headers["Location"])


def code(answer: Answer) -> str:
    return str(answer.json["Messages"][0]["MessageId"].rsplit(".", 1)[-1])


def test_an_export_turns_the_task_into_the_profile_itself(site: Site) -> None:
    for idrac in site.idracs:
        with Client(idrac) as client:
            done = exported(site, client, "XML")
            assert done.headers["Content-Type"] == "application/xml"
            root = ET.fromstring(done.raw)
            assert root.attrib["ServiceTag"] == idrac.service_tag
            names = [part.attrib["FQDD"] for part in root]
            assert {"iDRAC.Embedded.1", "BIOS.Setup.1-1", "LifecycleController.Embedded.1"} <= set(names)
            assert 50_000 < len(done.raw) < 600_000
            done = exported(site, client, "JSON", "BIOS")
            found = done.json["SystemConfiguration"]
            assert [part["FQDD"] for part in found["Components"]] == ["BIOS.Setup.1-1"]
            assert found["Comments"][0]["Comment"] == "Export type is Normal,JSON,Selective"
            job = done.headers["Location"]
            assert job is None
            assert idrac.effects == {"ExportSystemConfiguration": 2}


def test_names_and_addresses_by_generation(site: Site) -> None:
    wanted = {
        "idrac8": ("OemManager.v1_1_0#", "EID_674_Manager"),
        "idrac9-6": ("#OemManager.v1_4_0", "EID_674_Manager"),
        "idrac9-7": ("#OemManager.Export", "EID_674_Manager"),
        "idrac10": ("#OemManager.Export", "/OemManager."),
    }
    for idrac in site.idracs:
        if idrac.generation in wanted:
            with Client(idrac) as client:
                actions = client.get(MANAGER)["Actions"]["Oem"]
                key = next(k for k in actions if k.endswith(".ExportSystemConfiguration"))
                begin, part = wanted[idrac.generation]
                assert key.startswith(begin)
                assert part in actions[key]["target"]


def test_old_firmware_takes_strings_only(eight: SimulatedIdrac, nine: SimulatedIdrac) -> None:
    body = {"IncludeInExport": ["Default"], "ShareParameters": {"Target": ["IDRAC"]}}
    with Client(eight) as client:
        assert client.post(target(client, "ExportSystemConfiguration"), body).message_ids == ["SYS424"]
    with Client(nine) as client:
        assert client.post(target(client, "ExportSystemConfiguration"), body).status == 202


def test_what_is_masked_commented_and_left_out(site: Site, nine: SimulatedIdrac) -> None:
    with Client(nine) as client:
        plain = rows(exported(site, client).json, "iDRAC.Embedded.1")
        assert plain["Users.2#Password"]["Value"] == "******"
        assert plain["Users.2#Password"]["Set On Import"] == "False"
        assert not [name for name in plain if "SHA" in name or ("Key" in name and name.startswith("Users."))]
        assert "Info.1#Version" not in plain
        assert nine.password not in json.dumps(plain)
        full = rows(
            exported(site, client, IncludeInExport=["IncludeReadOnly", "IncludePasswordHashValues"]).json,
            "iDRAC.Embedded.1",
        )
        assert len(full["Users.2#SHA256Password"]["Value"]) == 64
        assert full["Info.1#Version"]["Comment"] == "Read Only"
        clone = rows(exported(site, client, ExportUse="Clone").json, "iDRAC.Embedded.1")
        assert clone["IPv4Static.1#Address"]["Set On Import"] == "False"
        assert plain["IPv4Static.1#Address"]["Set On Import"] == "True"
        bios = rows(exported(site, client, what="BIOS").json, "BIOS.Setup.1-1")
        assert bios["ProcTurboMode"]["Set On Import"] == "False", "the system profile dictates it"
        assert bios["NumLock"]["Set On Import"] == "True"
        xml = exported(site, client, "XML", "IDRAC").raw.decode()
        assert '<!-- <Attribute Name="Users.2#Password">******</Attribute> -->' in xml


def test_a_user_moves_to_another_server_by_his_hash(site: Site, nine: SimulatedIdrac) -> None:
    nine.add_user("anna", "Sommer-2026", "Operator")
    with Client(nine) as client:
        asked = exported(site, client, what="IDRAC", IncludeInExport=["IncludePasswordHashValues"]).json
    part = asked["SystemConfiguration"]["Components"][0]
    names = ("UserName", "SHA256Password", "SHA256PasswordSalt", "Privilege", "Enable")
    part["Attributes"] = [r for r in part["Attributes"] if r["Name"] in {f"Users.3#{n}" for n in names}]
    other = site.idracs[5]
    with Client(other) as client:
        made = send(client, json.dumps(asked))
        site.set_clock(advance=60)
        assert code(task(client, made)) == "SYS053"
    with Client(other, "anna", "Sommer-2026") as client:
        assert client.get(SYSTEM)["SKU"] == other.service_tag
    with Client(other, "anna", "wrong") as client:
        assert client.send("GET", SYSTEM).status == 401
    with Client(other) as client:
        values = {"Attributes": {"Users.3.Password": "Winter-2026"}}
        assert client.patch(ATTRIBUTES, values).status == 200
    with Client(other, "anna", "Winter-2026") as client:
        assert client.get(SYSTEM)["SKU"] == other.service_tag


def test_rows_look_like_recorded_ones(site: Site, nine: SimulatedIdrac, captures: Path) -> None:
    real = json.loads((captures / "buildio-idrac/r6525-scp-export-idrac.json").read_text())
    theirs = rows(real, "iDRAC.Embedded.1")
    with Client(nine) as client:
        ours = exported(site, client, what="IDRAC").json
    mine = rows(ours, "iDRAC.Embedded.1")
    assert ours["SystemConfiguration"].keys() == real["SystemConfiguration"].keys()
    assert ours["SystemConfiguration"]["Comments"] == real["SystemConfiguration"]["Comments"]
    assert len(mine.keys() & theirs.keys()) > 0.9 * len(mine), sorted(mine.keys() - theirs.keys())
    shapes = {tuple(row) for row in theirs.values() if "Set On Import" in row}
    assert {tuple(row) for row in mine.values()} <= shapes


def test_a_profile_is_pushed_to_a_share(site: Site, eight: SimulatedIdrac, nine: SimulatedIdrac) -> None:
    with FileServer({}) as share:
        host, port = share.url("").removeprefix("http://").split(":")
        for idrac, verb in ((eight, "POST"), (nine, "PUT")):
            where = {
                "ShareType": "HTTP",
                "IPAddress": host,
                "PortNumber": port,
                "ShareName": "in/box",
                "FileName": f"{idrac.service_tag}.xml",
            }
            with Client(idrac) as client:
                place = export(client, "XML", "BIOS", share=where).headers["Location"]
                deadline = time.monotonic() + 60
                while f"/in/box/{idrac.service_tag}.xml" not in share.received:
                    assert time.monotonic() < deadline
                    time.sleep(0.01)
                assert share.visits[-1].verb == verb
                assert share.visits[-1].client == idrac.address
                until_over(site, client, place)
                assert code(client.send("GET", place)) == "SYS043"
        for fault, url_port in (("share_unreachable", port), ("", "1")):
            with Client(nine) as client:
                if fault:
                    nine.set_fault(fault, times=1)
                where = {"ShareType": "HTTP", "IPAddress": host, "PortNumber": url_port, "FileName": "x.xml"}
                place = export(client, share=where).headers["Location"]
                until_over(site, client, place)
                failed = client.send("GET", place)
                assert (failed.status, code(failed)) == (400, "SYS045")


def until_over(site: Site, client: Client, place: str) -> None:
    deadline = time.monotonic() + 60
    while client.send("GET", place).status == 202:
        assert time.monotonic() < deadline
        site.set_clock(advance=60)


def test_what_was_exported_changes_nothing_when_imported(site: Site, nine: SimulatedIdrac) -> None:
    with Client(nine) as client:
        for form in ("XML", "JSON"):
            profile = exported(site, client, form).raw.decode()
            made = send(client, profile)
            site.set_clock(advance=60)
            done = task(client, made)
            assert (done.status, code(done)) == (200, "SYS069"), done.raw
    assert nine.boots == 0


def test_values_of_the_idrac_are_set_without_a_boot(site: Site, nine: SimulatedIdrac) -> None:
    with Client(nine) as client:
        made = send(
            client,
            of("iDRAC.Embedded.1", SysLog__1_H_Port="515", SysLog__1_H_Server1="h", Info__1_H_Version="9", No__1_H_Such="x"),
        )  # fmt: skip
        assert code(task(client, made)) == "SYS058"
        site.set_clock(advance=60)
        done = task(client, made)
        assert (done.status, code(done)) == (200, "SYS055")
        assert done.json["Oem"]["Dell"]["JobState"] == "CompletedWithErrors"
        told = {tuple(m["MessageArgs"]): m["MessageId"].rsplit(".", 1)[-1] for m in done.json["Messages"][1:]}
        assert told == {
            ("iDRAC.Embedded.1", "SysLog.1#Port", "514", "515"): "SYS059",
            ("iDRAC.Embedded.1", "SysLog.1#Server1", "", "h"): "SYS059",
            ("iDRAC.Embedded.1", "Info.1#Version", nine.firmware, "9"): "SYS427",
            ("iDRAC.Embedded.1", "No.1#Such", "", "x"): "SYS429",
        }
        now = client.get(ATTRIBUTES)["Attributes"]
        assert (now["SysLog.1.Port"], now["SysLog.1.Server1"]) == (515, "h")
        made = send(client, of("iDRAC.Embedded.1", SysLog__1_H_Port="516"))
        site.set_clock(advance=60)
        assert code(task(client, made)) == "SYS053"
    assert nine.boots == 0


@pytest.mark.parametrize(("shutdown", "rest"), [("Graceful", 500), ("Forced", 400)])
def test_bios_nic_and_boot_order_take_a_boot(
    site: Site, nine: SimulatedIdrac, shutdown: str, rest: float
) -> None:
    with Client(nine) as client:
        profile = exported(site, client).json
        parts = {part["FQDD"]: part for part in profile["SystemConfiguration"]["Components"]}
        nic = next(name for name in parts if name.startswith("NIC."))
        bios = {row["Name"]: row for row in parts["BIOS.Setup.1-1"]["Attributes"]}
        first = bios["SetBootOrderEn"]["Value"].split(",")
        bios["SetBootOrderEn"]["Value"] = ",".join(first[::-1])
        bios["NumLock"]["Value"] = "Off"
        for row in parts[nic]["Attributes"]:
            if row["Name"] in ("LegacyBootProto", "VLanId"):
                row["Value"] = {"LegacyBootProto": "PXE", "VLanId": "77"}[row["Name"]]
        made = send(client, json.dumps(profile), ShutdownType=shutdown)
        site.set_clock(advance=25)
        waiting = task(client, made)
        assert (waiting.status, waiting.json["PercentComplete"]) == (202, 99)
        site.set_clock(advance=rest)
        done = task(client, made)
        assert (done.status, code(done)) == (200, "SYS053"), done.raw
        assert nine.boots == 1
        assert client.get(f"{SYSTEM}/Bios")["Attributes"]["NumLock"] == "Off"
        assert client.get(SYSTEM)["Boot"]["BootOrder"][0] == "Boot0002"
        after = rows(exported(site, client, what="NIC").json, nic)
        assert (after["LegacyBootProto"]["Value"], after["VLanId"]["Value"]) == ("PXE", "77")


def test_without_a_reboot_the_job_waits_at_99_percent(site: Site, nine: SimulatedIdrac) -> None:
    with Client(nine) as client:
        made = send(client, of("BIOS.Setup.1-1", NumLock="Off"), ShutdownType="NoReboot")
        site.set_clock(advance=6 * 3600)
        waiting = task(client, made)
        assert (waiting.status, waiting.json["PercentComplete"]) == (202, 99)
        assert export(client).message_ids == ["RAC0679"]
        assert client.post(RESET, {"ResetType": "ForceRestart"}).status == 204
        site.set_clock(advance=400)
        assert code(task(client, made)) == "SYS053"


def test_an_operating_system_that_does_not_shut_down(site: Site, nine: SimulatedIdrac) -> None:
    nine.set_os_obeys(False)
    with Client(nine) as client:
        made = send(client, of("BIOS.Setup.1-1", NumLock="Off"), TimeToWait=300)
        site.set_clock(advance=400)
        failed = task(client, made)
        assert (failed.status, code(failed)) == (400, "SYS051")
        assert export(client).status == 202, "nothing is left behind"
    assert nine.boots == 0


def test_a_host_that_is_off_is_started_and_left_as_asked(site: Site, nine: SimulatedIdrac) -> None:
    nine.set_power("Off")
    with Client(nine) as client:
        made = send(client, of("BIOS.Setup.1-1", NumLock="Off"), HostPowerState="Off")
        site.set_clock(advance=300)
        assert code(task(client, made)) == "SYS053"
        site.set_clock(advance=100)
        assert nine.power_state == "Off"


def test_dependencies_are_judged_with_all_values_of_the_profile(site: Site, nine: SimulatedIdrac) -> None:
    with Client(nine) as client:
        made = send(client, of("BIOS.Setup.1-1", ProcCStates="Enabled"))
        site.set_clock(advance=60)
        assert code(task(client, made)) == "SYS055"
        made = send(client, of("BIOS.Setup.1-1", ProcCStates="Enabled", SysProfile="Custom"))
        site.set_clock(advance=500)
        assert code(task(client, made)) == "SYS053"
        assert client.get(f"{SYSTEM}/Bios")["Attributes"]["ProcCStates"] == "Enabled"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "SYS065"),
        ("<Other/>", "SYS062"),
        ("<SystemConfiguration><Component FQDD='x'>", "SYS063"),
        ("<SystemConfiguration>\n<a</SystemConfiguration>", "SYS048"),
        ("<SystemConfiguration><Component FQDD='x'></SystemConfiguration>", "SYS064"),
        ("<SystemConfiguration><Attribute Name='x'>1</Attribute></SystemConfiguration>", "SYS050"),
        ("<SystemConfiguration><Component/></SystemConfiguration>", "SYS047"),
        ('<!DOCTYPE a [<!ENTITY b "c">]><SystemConfiguration>&b;</SystemConfiguration>', "SYS047"),
        ('{"SystemConfiguration": ', "SYS064"),
        ('{"Other": 1}', "SYS062"),
        ('{"SystemConfiguration": {"Components": [{"Attributes": []}]}}', "SYS047"),
    ],
)
def test_a_bad_file_has_its_own_message(site: Site, nine: SimulatedIdrac, text: str, message: str) -> None:
    with Client(nine) as client:
        made = send(client, text)
        site.set_clock(advance=60)
        failed = task(client, made)
        assert (failed.status, code(failed)) == (400, message)
        made = send(client, text, "ImportSystemConfigurationPreview")
        site.set_clock(advance=60)
        assert code(task(client, made)) == "SYS079"


def test_a_preview_changes_nothing(site: Site, nine: SimulatedIdrac) -> None:
    verb = "ImportSystemConfigurationPreview"
    with Client(nine) as client:
        for text, message in (
            (of("iDRAC.Embedded.1", SysLog__1_H_Port="515"), "SYS081"),
            (of("iDRAC.Embedded.1", SysLog__1_H_Port="515", SysLog__1_H_Bad="1"), "SYS082"),
            (of("iDRAC.Embedded.1", SysLog__1_H_Bad="1"), "SYS080"),
            (of("Disk.Bay.9", Name="1"), "SYS080"),
        ):
            made = send(client, text, verb)
            site.set_clock(advance=60)
            assert code(task(client, made)) == message
        assert client.get(ATTRIBUTES)["Attributes"]["SysLog.1.Port"] == 514


def test_conflicts(site: Site, nine: SimulatedIdrac, eight: SimulatedIdrac) -> None:
    with Client(nine) as client:
        assert export(client).status == 202
        assert export(client).message_ids == ["RAC0679"]
        site.set_clock(advance=60)
        staged = {"Attributes": {"NumLock": "Off"}}
        assert client.patch(f"{SYSTEM}/Bios/Settings", staged).status == 200
        refused = export(client)
        assert (refused.status, refused.message_ids) == (400, ["LC068"])
        assert send(client, of("iDRAC.Embedded.1")).message_ids == ["LC068"]
    with Client(eight) as client:
        assert export(client).status == 202
        busy = export(client)
        assert (busy.status, busy.raw) == (503, b"")


def test_a_fault_stops_an_import_half_way(site: Site, nine: SimulatedIdrac) -> None:
    nine.set_fault("scp_fails")
    with Client(nine) as client:
        made = send(client, of("iDRAC.Embedded.1", SysLog__1_H_Port="515", SysLog__1_H_Server1="h"))
        site.set_clock(advance=60)
        failed = task(client, made)
        assert (failed.status, code(failed)) == (400, "SYS067")
        now = client.get(ATTRIBUTES)["Attributes"]
        assert (now["SysLog.1.Port"], now["SysLog.1.Server1"]) == (515, "")


def test_bodies_that_are_refused(nine: SimulatedIdrac) -> None:
    with Client(nine) as client:
        assert send(client, {"SystemConfiguration": {}}).message_ids == ["SYS424"]
        assert send(client, None).message_ids == ["SYS428"]
        assert send(client, "x", TimeToWait=5).message_ids == ["SYS425"]
        assert send(client, "x", ShutdownType="Hard").message_ids == ["SYS426"]
        assert export(client, "CSV").message_ids == ["SYS426"]
        assert export(client, what="MOON").message_ids == ["SYS426"]
        assert client.post(target(client, "ExportSystemConfiguration"), {}).message_ids == ["SYS428"]
    nine.add_user("op", "secret-1", "Operator")
    with Client(nine, "op", "secret-1") as client:
        assert export(client).status == 403


def test_a_profile_comes_from_a_share(site: Site, nine: SimulatedIdrac) -> None:
    text = of("iDRAC.Embedded.1", SysLog__1_H_Port="515").encode()
    with FileServer({"/p/x.json": text}) as share, Client(nine) as client:
        host, port = share.url("").removeprefix("http://").split(":")
        where = {"ShareType": "HTTP", "IPAddress": host, "PortNumber": port, "ShareName": "p"}
        for name, message in (("x.json", "SYS053"), ("gone.json", "SYS065")):
            share_parameters = {"Target": "ALL", **where, "FileName": name}
            uri = target(client, "ImportSystemConfiguration")
            made = client.post(uri, {"ShareParameters": share_parameters})
            site.set_clock(advance=60)
            assert code(task(client, made)) == message


def test_a_volume_is_deleted_by_a_profile(site: Site, nine: SimulatedIdrac) -> None:
    with Client(nine) as client:
        profile = exported(site, client, what="RAID").json
        controller = profile["SystemConfiguration"]["Components"][0]
        volume = controller["Components"][0]
        for row in volume["Attributes"]:
            if row["Name"] == "RAIDaction":
                row["Value"] = "Delete"
        made = send(client, json.dumps(profile), ShutdownType="Forced")
        site.set_clock(advance=500)
        assert code(task(client, made)) == "SYS053"
        left = exported(site, client, what="RAID").json["SystemConfiguration"]["Components"][0]
        assert volume["FQDD"] not in [c["FQDD"] for c in left.get("Components", [])]
