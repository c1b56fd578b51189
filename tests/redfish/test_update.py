"""The ways a package takes to an iDRAC, going back, and updates from a repository; against recorded and made-up documents."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from dsm_desktop.core.errors import Cancelled
from dsm_desktop.core.inventory import FirmwareState
from dsm_desktop.net.answer import BadAnswer
from dsm_desktop.redfish import repository, update
from dsm_desktop.redfish.errors import Missing, RedfishError, Unsupported
from dsm_desktop.redfish.repository import Share, ShareKind, ShareUnreadable, parse_package_list
from dsm_desktop.redfish.update import ApplyTime, Sending, Way
from tests.kit.replay import ReplayServer, error, reply
from tests.redfish.conftest import Connect
from tests.redfish.small import MANAGER, SYSTEM, V1, Doc, collection, ref, small_tree

INVENTORY = f"{V1}/UpdateService/FirmwareInventory"
UPDATE = f"{V1}/UpdateService"
SOFTWARE = f"{SYSTEM}/Oem/Dell/DellSoftwareInstallationService"
LIFECYCLE = f"{MANAGER}/Oem/Dell/DellLCService"
JID = "JID_000000000007"
HTTP = Share(ShareKind.HTTP, "10.0.0.5", "repo", ("reader", "s3cret"))


def nothing(*_: object) -> None:
    """Nobody listens."""


QUIET = Sending(nothing, nothing, nothing)


def tree() -> dict[str, Doc]:
    """The small iDRAC9 that takes packages in every way."""
    docs = small_tree()
    entries = [
        {"@odata.id": f"{INVENTORY}/Moved-{n}", "Id": ident, "Name": name, "Version": version, "SoftwareId": soft}
        for n, (ident, name, version, soft) in enumerate([
            ("Installed-159-2.19.1__BIOS.Setup.1-1", "BIOS", "2.19.1", "159"),
            ("Current-159-2.19.1__BIOS.Setup.1-1", "BIOS", "2.19.1", "159"),
            ("Previous-159-2.12.2__BIOS.Setup.1-1", "BIOS", "2.12.2", "159"),
        ])
    ]  # fmt: skip
    more: list[Doc] = [
        {
            "@odata.id": UPDATE, "FirmwareInventory": ref(INVENTORY), "HttpPushUri": INVENTORY,
            "MultipartHttpPushUri": f"{UPDATE}/Moved/Multipart",
            "Actions": {
                "#UpdateService.SimpleUpdate": {
                    "target": f"{UPDATE}/Moved/Simple", "TransferProtocol@Redfish.AllowableValues": ["HTTP", "NFS"],
                    "@Redfish.OperationApplyTimeSupport": {"SupportedValues": ["Immediate", "OnReset"]},
                },
                "Oem": {"DellUpdateService.v1_1_0#DellUpdateService.Install": {"target": f"{UPDATE}/Moved/Install"}},
            },
        },
        collection(INVENTORY, *(e["@odata.id"] for e in entries)), *entries,
        {"@odata.id": SOFTWARE, "Actions": {
            f"#DellSoftwareInstallationService.{n}": {"target": f"{SOFTWARE}/Moved/{n}"}
            for n in ("InstallFromRepository", "GetRepoBasedUpdateList")
        }},
        {"@odata.id": LIFECYCLE, "Actions": {"#DellLCService.TestNetworkShare": {
            "target": f"{LIFECYCLE}/Moved/Test", "ShareType@Redfish.AllowableValues": ["HTTP", "NFS", "CIFS"]}}},
    ]  # fmt: skip
    docs[SYSTEM] |= {"Links": {"Oem": {"Dell": {"DellSoftwareInstallationService": ref(SOFTWARE)}}},
                     "Oem": {"Dell": {"DellSystem": {"SystemID": 1814}}}}  # fmt: skip
    docs[MANAGER]["Links"] = {"Oem": {"Dell": {"DellLCService": ref(LIFECYCLE)}}}
    return docs | {doc["@odata.id"]: doc for doc in more}


def accepting(verb: str, path: str, handler: Any) -> Any:
    """Takes what a real one takes."""
    if verb == "POST" and path == INVENTORY:
        if handler.headers.get("If-Match") != '"gen-7"':
            return error(412, "IDRAC.2.7.SYS400", "The ETag does not match.")
        return 201, {"Location": f"{INVENTORY}/Available-159-2.20__BIOS.Setup.1-1"}, b""
    if verb == "GET" and path == INVENTORY:
        status, headers, body = reply(200, tree()[INVENTORY])
        return status, {**headers, "ETag": '"gen-7"'}, body
    return (202, {"Location": f"{V1}/TaskService/Tasks/{JID}"}, b"") if "/Moved/" in path else None


@pytest.fixture
def package(tmp_path: Path) -> Path:
    path = tmp_path / "BIOS_1AB2C_WN64_2.20.0.EXE"
    path.write_bytes(b"MZ" + bytes(5000))
    return path


def posts(server: ReplayServer) -> list[tuple[str, Any]]:
    """(path, JSON body) of every POST but logins and uploads."""
    found = [(p, b) for verb, p, b in server.log if verb == "POST" and "Session" not in p]
    return [(p, json.loads(b)) for p, b in found if not b.startswith(b"--")]


def test_what_a_recorded_r750_offers(r750_server: ReplayServer, connect: Connect) -> None:
    with connect(r750_server) as client:
        offer = update.update_offer(client)
        entries = update.installed_firmware(client)
        assert update.system_id(client) != ""
    assert offer.pushes is Way.MULTIPART
    assert offer.protocols == ("HTTP", "NFS", "CIFS", "TFTP", "HTTPS")
    assert "OnReset" in offer.apply_times
    assert offer.install.endswith("DellUpdateService.Install")
    bios = [e for e in entries if e.component_id == "159"]
    assert FirmwareState.INSTALLED in {e.state for e in bios}
    assert len([e for e in bios if e.state is FirmwareState.INSTALLED]) == 1


def test_ways_without_multipart(connect: Connect) -> None:
    docs = tree()
    del docs[UPDATE]["MultipartHttpPushUri"]
    with ReplayServer(docs) as server, connect(server) as client:
        assert update.update_offer(client).pushes is Way.HTTP_PUSH
        with pytest.raises(Unsupported, match="no multipart"):
            update.push_multipart(client, Path("x"), ApplyTime.ON_RESET, QUIET)
        del docs[UPDATE]["HttpPushUri"]
        assert update.update_offer(client).pushes is None
        with pytest.raises(Unsupported, match="no pushed file"):
            update.push_file(client, Path("x"), QUIET)
        del docs[V1]["UpdateService"]
    with ReplayServer(docs) as server, connect(server) as client, pytest.raises(Unsupported):
        update.update_offer(client)


def test_multipart_names_the_job_and_never_reboots_by_itself(package: Path, connect: Connect) -> None:
    told: list[int] = []
    sending = Sending(lambda done, total: told.append(done), nothing, lambda: told.append(-1))
    with ReplayServer(tree(), hook=accepting) as server, connect(server) as client:
        assert update.push_multipart(client, package, ApplyTime.ON_RESET, sending) == JID
        body = next(b for _, p, b in server.log if p == f"{UPDATE}/Moved/Multipart")
        recorded = [s for s, _ in client.transport._recorder.calls if s.path.endswith("Multipart")]  # type: ignore[attr-defined]
    assert body.index(b"UpdateParameters") < body.index(b'filename="BIOS_1AB2C_WN64_2.20.0.EXE"')
    assert b'"@Redfish.OperationApplyTime":"OnReset"' in body
    assert package.read_bytes() in body
    assert told == [5002, -1]
    assert recorded[0].body["UpdateFile"] == package.name


def test_the_push_of_older_idracs_proves_that_nobody_was_faster(package: Path, connect: Connect) -> None:
    with ReplayServer(tree(), hook=accepting) as server, connect(server) as client:
        uri = update.push_file(client, package, QUIET)
        assert uri == f"{INVENTORY}/Available-159-2.20__BIOS.Setup.1-1"
        assert update.install_pushed(client, uri, ApplyTime.ON_RESET) == JID
        assert posts(server) == [
            (f"{UPDATE}/Moved/Install", {"SoftwareIdentityURIs": [uri], "InstallUpon": "NextReboot"})
        ]
        del server.documents[UPDATE]["Actions"]["Oem"]
        assert update.install_pushed(client, uri, ApplyTime.IMMEDIATE) == JID
        assert posts(server)[-1] == (
            f"{UPDATE}/Moved/Simple",
            {"ImageURI": uri, "@Redfish.OperationApplyTime": "Immediate"},
        )


def test_a_stop_in_the_middle_of_a_push_makes_no_job(package: Path, connect: Connect) -> None:
    def stop() -> None:
        raise Cancelled("stopped")

    with ReplayServer(tree(), hook=accepting) as server, connect(server) as client:
        with pytest.raises(Cancelled):
            update.push_multipart(client, package, ApplyTime.ON_RESET, Sending(nothing, stop, nothing))
        assert not [p for _, p, _ in server.log if p.endswith("Multipart")]


def test_fetching_by_a_protocol_the_device_knows(connect: Connect) -> None:
    with ReplayServer(tree(), hook=accepting) as server, connect(server) as client:
        assert (
            update.fetch(client, "http://10.0.0.5:8888/t/BIOS.EXE", ApplyTime.ON_RESET, login=("u", "p"))
            == JID
        )
        assert update.fetch(client, "10.0.0.5:/share/BIOS.EXE", ApplyTime.ON_RESET) == JID
        with pytest.raises(Unsupported, match="by HTTPS"):
            update.fetch(client, "https://10.0.0.5/BIOS.EXE", ApplyTime.ON_RESET)
        sent = posts(server)
        recorded = [s.body for s, _ in client.transport._recorder.calls if s.path.endswith("Simple")]  # type: ignore[attr-defined]
    assert sent[0][1] == {
        "ImageURI": "http://10.0.0.5:8888/t/BIOS.EXE", "TransferProtocol": "HTTP", "Username": "u", "Password": "p",
        "@Redfish.OperationApplyTime": "OnReset",
    }  # fmt: skip
    assert sent[1][1]["TransferProtocol"] == "NFS"
    assert recorded[0]["Password"] != "p"


def test_going_back_uses_what_the_device_keeps(connect: Connect) -> None:
    with ReplayServer(tree(), hook=accepting) as server, connect(server) as client:
        entries = update.installed_firmware(client)
        assert [(e.state, e.version) for e in entries] == [
            (FirmwareState.INSTALLED, "2.19.1"),
            (FirmwareState.PREVIOUS, "2.12.2"),
        ]
        assert update.roll_back(client, entries[1], ApplyTime.ON_RESET) == JID
        assert posts(server)[-1][1]["ImageURI"] == f"{INVENTORY}/Moved-2"
        with pytest.raises(ValueError, match="not kept"):
            update.roll_back(client, entries[0], ApplyTime.ON_RESET)
        del server.documents[f"{INVENTORY}/Moved-2"]
        with pytest.raises(Missing, match="does not keep"):
            update.roll_back(client, entries[1], ApplyTime.ON_RESET)
        assert update.system_id(client) == "0716"


PACKAGES = """<?xml version="1.0" encoding="utf-16"?>
<CIM CIMVERSION="2.0"><MESSAGE><SIMPLEREQ>
<VALUE.NAMEDINSTANCE><INSTANCENAME CLASSNAME="DCIM_RepoUpdateSWID">
<PROPERTY NAME="Criticality" TYPE="string"><VALUE>3</VALUE></PROPERTY>
<PROPERTY NAME="DisplayName" TYPE="string"><VALUE>BIOS &amp; more</VALUE></PROPERTY>
<PROPERTY NAME="PackagePath" TYPE="string"><VALUE>FOLDER0/1/BIOS_1_WN64_2.20.0.EXE</VALUE></PROPERTY>
<PROPERTY NAME="PackageVersion" TYPE="string"><VALUE>2.20.0</VALUE></PROPERTY>
<PROPERTY NAME="RebootType" TYPE="string"><VALUE>HOST</VALUE></PROPERTY>
<PROPERTY NAME="JobID" TYPE="string"><VALUE>JID_000000000008</VALUE></PROPERTY>
<PROPERTY.ARRAY NAME="Target" TYPE="string"><VALUE.ARRAY><VALUE>DCIM:INSTALLED#741__BIOS.Setup.1-1</VALUE></VALUE.ARRAY></PROPERTY.ARRAY>
<PROPERTY NAME="ComponentID" TYPE="string"><VALUE>159</VALUE></PROPERTY>
<PROPERTY NAME="ComponentType" TYPE="string"><VALUE>BIOS</VALUE></PROPERTY>
</INSTANCENAME></VALUE.NAMEDINSTANCE></SIMPLEREQ></MESSAGE></CIM>
"""


def test_a_repository_run_and_its_list(connect: Connect) -> None:
    answers = {"GetRepoBasedUpdateList": reply(200, {"PackageList": PACKAGES})}

    def hook(verb: str, path: str, handler: Any) -> Any:
        return answers.get(path.rpartition("/")[2]) or accepting(verb, path, handler)

    with ReplayServer(tree(), hook=hook) as server, connect(server) as client:
        assert repository.install_from_repository(client, HTTP, "site.xml", apply=False, reboot=False) == JID
        [found] = repository.repository_updates(client)
        answers["GetRepoBasedUpdateList"] = error(
            400, "IDRAC.2.7.SUP029", "Firmware versions on server match catalog."
        )
        assert repository.repository_updates(client) == []
        answers["GetRepoBasedUpdateList"] = error(400, "IDRAC.2.7.SUP028", "did not complete successfully.")
        with pytest.raises(RedfishError, match="did not complete"):
            repository.repository_updates(client)
        sent = posts(server)[0][1]
    assert sent == {
        "ShareType": "HTTP", "IPAddress": "10.0.0.5", "ShareName": "repo", "UserName": "reader", "Password": "s3cret",
        "CatalogFile": "site.xml", "ApplyUpdate": "False", "RebootNeeded": False, "IgnoreCertWarning": "Off",
    }  # fmt: skip
    assert (found.name, found.package, found.version) == ("BIOS & more", "BIOS_1_WN64_2.20.0.EXE", "2.20.0")
    assert (found.fqdd, found.reboot, found.job_id, found.component_id) == (
        "BIOS.Setup.1-1",
        "HOST",
        "JID_000000000008",
        "159",
    )


@pytest.mark.parametrize(
    "xml",
    [
        '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><x>&b;</x>',
        '<?xml version="1.0"?><!DOCTYPE x SYSTEM "file:///etc/passwd"><x/>',
        "<x>" * 200 + "</x>" * 200,
        "not XML at all",
        "<CIM><INSTANCENAME>",
        "<x>" + "<INSTANCENAME/>" * 3000 + "</x>",
        "<x>" + " " * (9 * 2**20) + "</x>",
    ],
)
def test_a_list_that_is_no_list_is_refused(xml: str) -> None:
    with pytest.raises(BadAnswer, match="cannot be read"):
        parse_package_list(xml)


def test_a_share_is_tried_from_the_devices_side(connect: Connect) -> None:
    said: list[Any] = [(200, {}, b"")]

    def hook(verb: str, path: str, handler: Any) -> Any:
        return said[-1] if path == f"{LIFECYCLE}/Moved/Test" else None

    with ReplayServer(tree(), hook=hook) as server, connect(server) as client:
        repository.try_share(client, HTTP)
        said.append(error(400, "IDRAC.2.7.RED016", "Mount of remote share failed."))
        with pytest.raises(ShareUnreadable) as caught:
            repository.try_share(client, HTTP)
        with pytest.raises(ShareUnreadable, match="reads no HTTPS"):
            repository.try_share(client, Share(ShareKind.HTTPS, "10.0.0.5"))
    assert "10.0.0.5/repo" in caught.value.message
    assert "exported" in caught.value.hint
    assert "s3cret" not in repr(HTTP)
