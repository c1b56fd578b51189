"""What a host starts from: the choice for one boot, the order, the mode, Dell's boot sources, HTTP."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from typing import Any

import pytest

from dsm_desktop.simulator import SimulatedIdrac, Site
from tests.simulator.client import MANAGER, RESET, SYSTEM, Answer, Client
from tests.simulator.fileserver import FileServer

SETTINGS = f"{SYSTEM}/Settings"
SOURCES = f"{SYSTEM}/Oem/Dell/DellBootSources"
IMAGE = b"\x00" * 700_000


def until(check: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not check():
        assert time.monotonic() < deadline, "it did not happen in a minute"
        time.sleep(0.01)


def started_from(idrac: SimulatedIdrac, source: str) -> bool:
    return idrac.booted_from == source


def boot(client: Client, **wanted: Any) -> Answer:
    uri = SETTINGS if client.idrac.generation == "idrac10" else SYSTEM
    return client.patch(uri, {"Boot": wanted})


def restart(site: Site, client: Client) -> None:
    assert client.post(RESET, {"ResetType": "ForceRestart"}).status == 204
    site.set_clock(advance=400)


def shown(client: Client) -> Any:
    return client.get(SYSTEM)["Boot"]


def test_a_choice_for_one_boot_needs_no_job_and_is_used_up(site: Site) -> None:
    for idrac in site.idracs:
        with Client(idrac) as client:
            assert boot(client, BootSourceOverrideTarget="Pxe").status == 200
            assert shown(client)["BootSourceOverrideEnabled"] == "Once", "any target forces Once"
            restart(site, client)
            until(functools.partial(started_from, idrac, "Pxe"))
            assert shown(client)["BootSourceOverrideTarget"] == "None"
            restart(site, client)
            until(functools.partial(started_from, idrac, "Hdd"))
            boot(client, BootSourceOverrideTarget="BiosSetup")
            assert boot(client, BootSourceOverrideTarget="None").status == 200
            assert shown(client)["BootSourceOverrideEnabled"] == "Disabled"
            assert boot(client, BootSourceOverrideTarget="Moon").message_ids == ["SYS426"]


def test_idrac10_takes_and_lists_it_in_settings_only(ten: SimulatedIdrac) -> None:
    with Client(ten) as client:
        key = "BootSourceOverrideTarget@Redfish.AllowableValues"
        assert key not in shown(client)
        assert "UefiHttp" in client.get(SETTINGS)["Boot"][key]
        refused = client.patch(SYSTEM, {"Boot": {"BootSourceOverrideTarget": "Pxe"}})
        assert (refused.status, refused.message_ids) == (400, ["SYS427"])
        assert shown(client)["BootSourceOverrideTarget"] == "None"


def test_continuous_ends_as_a_new_first_entry_of_the_order(site: Site, nine: SimulatedIdrac) -> None:
    with Client(nine) as client:
        first = shown(client)["BootOrder"][0]
        boot(client, BootSourceOverrideTarget="Pxe", BootSourceOverrideEnabled="Continuous")
        restart(site, client)
        after = shown(client)
        assert after["BootSourceOverrideEnabled"] == "Disabled"
        name = client.get(f"{SYSTEM}/BootOptions/{after['BootOrder'][0]}")["DisplayName"]
        assert name.startswith("PXE")
        assert after["BootOrder"][1] == first


def test_the_order_is_changed_by_a_job(site: Site, nine: SimulatedIdrac, ten: SimulatedIdrac) -> None:
    for idrac, status in ((site.idracs[2], 200), (nine, 202), (ten, 202)):
        with Client(idrac) as client:
            order = shown(client)["BootOrder"]
            wanted = [order[-1], *order[:-1]]
            assert boot(client, BootOrder=wanted[:2]).message_ids == ["SYS425"]
            answer = boot(client, BootOrder=wanted)
            assert answer.status == status
            assert shown(client)["BootOrder"] == order
            assert boot(client, BootOrder=order[::-1]).message_ids == ["SYS011"]
            restart(site, client)
            assert shown(client)["BootOrder"] == wanted
            assert boot(client, BootOrder=wanted).status == 200, "nothing to change"


def test_the_mode_is_a_bios_setting(site: Site, nine: SimulatedIdrac) -> None:
    with Client(nine) as client:
        assert boot(client, BootSourceOverrideMode="UEFI").status == 200
        answer = boot(client, BootSourceOverrideMode="Legacy", BootSourceOverrideTarget="Pxe")
        assert answer.status == 202
        task = client.send("GET", answer.headers["Location"]).json
        assert task["Oem"]["Dell"]["JobType"] == "BIOSConfiguration"
        restart(site, client)
        assert shown(client)["BootSourceOverrideMode"] == "Legacy"
        assert shown(client)["BootOrder"][0] == "HardDisk.List.1-1"
        assert "BootSeq" in client.get(SOURCES)["Attributes"]


def test_a_uefi_target_is_a_device_path(site: Site, nine: SimulatedIdrac) -> None:
    with Client(nine) as client, FileServer({"/x.iso": IMAGE}) as share:
        assert boot(client, BootSourceOverrideTarget="UefiTarget").message_ids == ["SYS428"]
        options = client.get(f"{SYSTEM}/BootOptions?$expand=*($levels=1)")["Members"]
        optical = next(o for o in options if o["DisplayName"] == "Virtual Optical Drive")
        body = {"Image": share.url("/x.iso")}
        uri = f"{MANAGER}/VirtualMedia/CD/Actions/VirtualMedia.InsertMedia"
        assert client.post(uri, body).status == 204
        path = optical["UefiDevicePath"]
        chosen = boot(client, BootSourceOverrideTarget="UefiTarget", UefiTargetBootSourceOverride=path)
        assert chosen.status == 200
        restart(site, client)
        until(functools.partial(started_from, nine, f"Cd {share.url('/x.iso')}"))
        assert nine.boot_bytes == len(IMAGE)


def test_attributes_choose_the_virtual_cd_too(site: Site, nine: SimulatedIdrac) -> None:
    attributes = f"{MANAGER}/Oem/Dell/DellAttributes/iDRAC.Embedded.1"
    with Client(nine) as client, FileServer({"/x.iso": IMAGE}) as share:
        uri = f"{MANAGER}/VirtualMedia/CD/Actions/VirtualMedia.InsertMedia"
        assert client.post(uri, {"Image": share.url("/x.iso")}).status == 204
        wanted = {"ServerBoot.1.BootOnce": "Enabled", "ServerBoot.1.FirstBootDevice": "VCD-DVD"}
        assert client.patch(attributes, {"Attributes": wanted}).status == 200
        restart(site, client)
        until(functools.partial(started_from, nine, f"Cd {share.url('/x.iso')}"))
        assert client.get(attributes)["Attributes"]["ServerBoot.1.FirstBootDevice"] == "Normal"
        detached = {"VirtualMedia.1.Attached": "Detached", "ServerBoot.1.FirstBootDevice": "VCD-DVD"}
        assert client.patch(attributes, {"Attributes": detached}).status == 200
        restart(site, client)
        until(functools.partial(started_from, nine, "Hdd"))


def test_uefi_http_reads_the_uri_of_the_bios(site: Site, nine: SimulatedIdrac) -> None:
    with Client(nine) as client, FileServer({"/boot.efi": IMAGE}) as share:
        values = {"HttpDev1EnDis": "Enabled", "HttpDev1Uri": share.url("/boot.efi")}
        apply = {"@Redfish.SettingsApplyTime": {"ApplyTime": "OnReset"}}
        assert client.patch(f"{SYSTEM}/Bios/Settings", {"Attributes": values, **apply}).status == 202
        restart(site, client)
        assert nine.booted_from == "Hdd"
        boot(client, BootSourceOverrideTarget="UefiHttp")
        restart(site, client)
        until(functools.partial(started_from, nine, f"UefiHttp {share.url('/boot.efi')}"))
        assert {v.client for v in share.visits} == {nine.address}


@pytest.mark.parametrize("now", [True, False])
def test_boot_sources_are_staged_and_wait_for_a_job(site: Site, nine: SimulatedIdrac, now: bool) -> None:
    with Client(nine) as client:
        rows = client.get(SOURCES)["Attributes"]["UefiBootSeq"]
        wanted = [
            {**rows[1], "Index": 0},
            {**rows[0], "Index": 1, "Enabled": False},
        ]
        body: dict[str, Any] = {"Attributes": {"UefiBootSeq": wanted}}
        if now:
            body["@Redfish.SettingsApplyTime"] = {"ApplyTime": "OnReset"}
        assert client.patch(f"{SOURCES}/Settings", body).status == (202 if now else 200)
        waiting = client.get(f"{SOURCES}/Settings")["Attributes"]["UefiBootSeq"]
        assert [r["Name"] for r in waiting][:2] == [rows[1]["Name"], rows[0]["Name"]]
        if not now:
            jobs = f"{MANAGER}/Oem/Dell/Jobs"
            assert client.post(jobs, {"TargetSettingsURI": f"{SOURCES}/Settings"}).status == 202
        restart(site, client)
        after = client.get(SOURCES)["Attributes"]["UefiBootSeq"]
        assert [r["Name"] for r in after[:2]] == [rows[1]["Name"], rows[0]["Name"]]
        assert [r["Enabled"] for r in after[:2]] == [True, False]
        assert client.get(f"{SOURCES}/Settings")["Attributes"] == {}
        clear = client.get(f"{SOURCES}/Settings")["Actions"]["#DellManager.ClearPending"]["target"]
        assert client.post(clear).message_ids == ["RAC1035"]
        client.patch(f"{SOURCES}/Settings", {"Attributes": {"UefiBootSeq": rows}})
        assert client.post(clear).status == 200
        assert client.get(f"{SOURCES}/Settings")["Attributes"] == {}
        bad = {"Attributes": {"UefiBootSeq": [{"Id": "nothing", "Index": 0}]}}
        assert client.patch(f"{SOURCES}/Settings", bad).message_ids == ["SYS425"]
