"""Files and pictures the iDRAC hands out, and licences."""

from __future__ import annotations

import base64
import io
import struct
import xml.etree.ElementTree as ET
import zipfile
import zlib
from typing import Any

from dsm_desktop.simulator import SimulatedIdrac, Site
from tests.simulator.client import MANAGER, RESET, SYSTEM, Client
from tests.simulator.fileserver import FileServer

LC = f"{MANAGER}/Oem/Dell/DellLCService/Actions/DellLCService"
LICENSES = f"{MANAGER}/Oem/Dell/DellLicenses"
MANAGEMENT = f"{MANAGER}/Oem/Dell/DellLicenseManagementService/Actions/DellLicenseManagementService"
STANDARD = "/redfish/v1/LicenseService/Licenses"


def test_log_and_inventory_lie_at_an_address_after_the_export(site: Site) -> None:
    for idrac in site.idracs[2:]:
        with Client(idrac) as client:
            for action, root, element in (
                ("ExportLCLog", "LCLogEvents", "Event"),
                ("ExportHWInventory", "CIM", "PROPERTY"),
            ):
                assert client.post(f"{LC}.{action}").message_ids == ["SYS428"]
                answer = client.post(f"{LC}.{action}", {"ShareType": "Local"})
                assert answer.status == 202
                place = answer.headers["Location"]
                assert ("/Oem/Dell/" in place) == (idrac.generation not in ("idrac9-4", "idrac9-5"))
                file = client.send("GET", place)
                assert file.headers["Content-Type"] == "application/xml"
                document = ET.fromstring(file.raw)
                assert document.tag == root
                assert len(list(document.iter(element))) > 50
                assert idrac.service_tag in file.raw.decode()
    with Client(site.idracs[1]) as client:
        assert client.post(f"{LC}.ExportLCLog", {"ShareType": "Local"}).status == 404
    with Client(site.idracs[3]) as client:
        assert client.send("GET", "/redfish/v1/Dell/sacollect.zip").status == 404, "never asked for"


def test_a_support_collection_wants_the_licence_accepted_and_takes_minutes(
    site: Site, nine: SimulatedIdrac
) -> None:
    body = {"ShareType": "Local", "DataSelectorArrayIn": ["HWData", "DebugLogs"], "Filter": "No"}
    with Client(nine) as client:
        assert client.post(f"{LC}.SupportAssistGetEULAStatus").message_ids[0] == "SRV104"
        assert client.post(f"{LC}.SupportAssistCollection", body).message_ids == ["SRV085"]
        assert client.post(f"{LC}.SupportAssistAcceptEULA").status == 202
        assert client.post(f"{LC}.SupportAssistGetEULAStatus").message_ids[0] == "SRV095"
        bad = client.post(f"{LC}.SupportAssistCollection", {**body, "DataSelectorArrayIn": ["Moon"]})
        assert bad.message_ids == ["SYS426"]
        place = client.post(f"{LC}.SupportAssistCollection", body).headers["Location"]
        assert client.post(f"{LC}.SupportAssistCollection", body).message_ids == ["SRV003"]
        running = client.send("GET", place)
        assert (running.status, running.headers["Location"]) == (202, None)
        site.set_clock(advance=300)
        done = client.send("GET", place)
        assert (done.status, done.json["TaskState"]) == (200, "Completed")
        archive = client.send("GET", done.headers["Location"])
        assert archive.headers["Content-Type"] == "application/zip"
        with zipfile.ZipFile(io.BytesIO(archive.raw)) as bundle:
            assert bundle.testzip() is None
            assert "tsr/debug/idraclog.bin" in bundle.namelist()
            assert "tsr/controller/ttylog.txt" not in bundle.namelist()


def pixels(answer: Any) -> tuple[int, int, bytes]:
    png = base64.b64decode(answer["ServerScreenShotFile"])
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", png[16:24])
    begin = png.index(b"IDAT")
    (length,) = struct.unpack(">I", png[begin - 4 : begin])
    return width, height, zlib.decompress(png[begin + 4 : begin + 4 + length])


def test_the_picture_follows_the_state_of_the_host(site: Site, nine: SimulatedIdrac) -> None:
    shot = f"{LC}.ExportServerScreenShot"
    with Client(nine) as client:
        width, height, running = pixels(client.post(shot, {"FileType": "ServerScreenShot"}).json)
        assert (width, height, len(running)) == (640, 400, 400 * (1 + 640 * 3))
        assert pixels(client.post(shot, {"FileType": "Preview"}).json)[:2] == (320, 200)
        client.post(RESET, {"ResetType": "ForceRestart"})
        site.set_clock(advance=10)
        assert pixels(client.post(shot, {"FileType": "ServerScreenShot"}).json)[2] != running
        assert client.post(shot, {"FileType": "Movie"}).message_ids == ["SYS426"]
        assert client.post(shot, {"FileType": "LastCrashScreenShot"}).message_ids == ["LC102"]
        nine.set_power("Off")
        assert client.post(shot, {"FileType": "ServerScreenShot"}).message_ids == ["LC099"]


def test_licences_are_exported_deleted_and_imported_again(site: Site) -> None:
    for idrac in site.idracs[2:]:
        with Client(idrac) as client:
            name = client.get(LICENSES)["Members"][0]["EntitlementID"]
            exported = client.post(f"{MANAGEMENT}.ExportLicense", {"EntitlementID": name}).json
            text = exported["LicenseFile"]
            assert idrac.service_tag in base64.b64decode(text).decode()
            again = {"FQDD": "iDRAC.Embedded.1", "ImportOptions": "Force", "LicenseFile": text}
            assert client.post(f"{MANAGEMENT}.ImportLicense", again).message_ids == ["LIC018"]
            assert client.post(f"{MANAGEMENT}.DeleteLicense", {"EntitlementID": name}).status == 200
            assert client.get(LICENSES)["Members"] == []
            assert client.post(f"{MANAGEMENT}.DeleteLicense", {"EntitlementID": name}).message_ids == ["LIC007"]  # fmt: skip
            lines = "\n".join(text[n : n + 64] for n in range(0, len(text), 64))
            assert client.post(f"{MANAGEMENT}.ImportLicense", {**again, "LicenseFile": lines}).status == 200
            assert client.get(LICENSES)["Members"][0]["EntitlementID"] == name
            bad = {**again, "LicenseFile": base64.b64encode(b"<nonsense/>").decode()}
            assert client.post(f"{MANAGEMENT}.ImportLicense", bad).message_ids == ["LIC017"]
            assert idrac.effects == {f"delete licence {name}": 1, f"import licence {name}": 1}


def test_the_standard_licence_service(site: Site, ten: SimulatedIdrac) -> None:
    with Client(ten) as client:
        row = client.get(client.get(STANDARD)["Members"][0]["@odata.id"])
        content = client.send("GET", row["DownloadURI"])
        assert content.headers["Content-Type"] == "application/xml"
        assert client.send("DELETE", row["@odata.id"]).status == 204
        text = base64.b64encode(content.raw).decode()
        made = client.post(STANDARD, {"LicenseString": text})
        assert (made.status, made.headers["Location"]) == (201, row["@odata.id"])
        assert client.send("DELETE", row["@odata.id"]).status == 204
        with FileServer({"/l.xml": content.raw}) as share:
            install = "/redfish/v1/LicenseService/Actions/LicenseService.Install"
            body = {"LicenseFileURI": share.url("/l.xml"), "TransferProtocol": "HTTP"}
            assert client.post(install, body).status == 202
            assert client.get(row["@odata.id"])["EntitlementId"] == row["EntitlementId"]
            gone = client.post(install, {"LicenseFileURI": share.url("/gone.xml")})
            assert gone.message_ids == ["RAC0904"]
        other = site.idracs[5]
        with Client(other) as stranger:
            assert stranger.post(STANDARD, {"LicenseString": text}).message_ids == ["LIC008"]
            assert stranger.get(SYSTEM)["SKU"] == other.service_tag
