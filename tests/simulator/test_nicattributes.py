"""Settings of network ports are found by links, staged, applied while the host boots, and refused where they do not fit."""

from __future__ import annotations

import json
from pathlib import Path

from dsm_desktop.simulator import SimulatedIdrac, Site
from tests.simulator.client import CHASSIS, RESET, Client

ON_RESET = {"@Redfish.SettingsApplyTime": {"ApplyTime": "OnReset"}}


def attributes(client: Client) -> str:
    """Address of the settings of the first port."""
    adapter = client.get(f"{CHASSIS}/NetworkAdapters")["Members"][0]["@odata.id"]
    functions = client.get(client.get(adapter)["NetworkDeviceFunctions"]["@odata.id"])["Members"]
    links = client.get(functions[0]["@odata.id"])["Links"]["Oem"]["Dell"]
    return str(links["DellNetworkAttributes"]["@odata.id"])


def test_port_settings_wait_for_a_boot(site: Site) -> None:
    for idrac in site.idracs[2:]:
        with Client(idrac) as client:
            uri = attributes(client)
            settings = client.get(uri)["@Redfish.Settings"]["SettingsObject"]["@odata.id"]
            wanted = {"LegacyBootProto": "PXE", "VLanId": 77}
            made = client.patch(settings, {"Attributes": wanted, **ON_RESET})
            assert made.status == 202
            assert client.get(settings)["Attributes"] == wanted
            assert client.get(uri)["Attributes"]["VLanId"] == 0
            assert client.patch(settings, {"Attributes": {"VLanId": 5}}).message_ids == ["SYS011"]
            task = client.send("GET", made.headers["Location"]).json
            assert task["Oem"]["Dell"]["JobType"] == "NICConfiguration"
            client.post(RESET, {"ResetType": "ForceRestart"})
            site.set_clock(advance=400)
            now = client.get(uri)["Attributes"]
            assert {name: now[name] for name in wanted} == wanted
            assert client.patch(settings, {"Attributes": wanted, **ON_RESET}).status == 200, "no change"


def test_refusals_and_dropping(nine: SimulatedIdrac) -> None:
    with Client(nine) as client:
        settings = f"{attributes(client)}/Settings"
        for values, message in (
            ({"VLanId": "77"}, "SYS424"),
            ({"VLanId": 5000}, "SYS425"),
            ({"LegacyBootProto": "FTP"}, "SYS426"),
            ({"SriovSupport": "Unavailable"}, "SYS427"),
            ({"Nothing": 1}, "SYS429"),
            ({"NumberVFAdvertised": 4}, "SYS410"),
        ):
            assert client.patch(settings, {"Attributes": values}).message_ids == [message]
        both = {"NumberVFAdvertised": 4, "VirtualizationMode": "SRIOV"}
        assert client.patch(settings, {"Attributes": both}).status == 200
        clear = client.get(settings)["Actions"]["#DellManager.ClearPending"]["target"]
        assert client.post(clear).status == 200
        assert client.post(clear).message_ids == ["RAC1035"]
        assert client.send("GET", f"{attributes(client)}x").status == 404


def test_documents_look_like_recorded_ones(nine: SimulatedIdrac, captures: Path) -> None:
    folder = captures / "NVIDIA-libredfish/dell-r750-idrac9-6.00.30.00/redfish/v1"
    base = (
        "Chassis/System.Embedded.1/NetworkAdapters/NIC.Embedded.1/NetworkDeviceFunctions/NIC.Embedded.2-1-1"
    )
    recorded = folder / base / "Oem/Dell/DellNetworkAttributes/NIC.Embedded.2-1-1"
    with Client(nine) as client:
        for end in ("", "/Settings"):
            real = json.loads(Path(f"{recorded}{end}/index.json").read_text())
            assert client.get(f"{attributes(client)}{end}").keys() == real.keys()
