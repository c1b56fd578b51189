"""The recorded R750 read by the clients of BIOS, boot, attributes and profiles."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dsm_desktop.configuration.checking import Rules
from dsm_desktop.configuration.profiles import ProfileInvalid, compose, parse_profile
from dsm_desktop.net.answer import BadAnswer
from dsm_desktop.redfish import attributes, bios, boot, scp
from dsm_desktop.redfish.errors import Missing
from dsm_desktop.redfish.services import action
from tests.kit.replay import ReplayServer
from tests.redfish.conftest import Connect


def test_bios_and_its_registry_are_found_by_links(r750_server: ReplayServer, connect: Connect) -> None:
    with connect(r750_server) as client:
        state = bios.read_bios(client)
        # Bios names v1_0_3, the list of registries v1_0_0: the family decides.
        registry = bios.read_registry(client, state.registry)
        with pytest.raises(Missing):
            bios.read_registry(client, "NoSuchRegistry.v1_0_0")
    assert (len(state.attributes), state.pending, state.firmware) == (455, {}, "PowerEdge R750 1.8.2")
    assert state.settings_uri.endswith("/Bios/Settings")
    assert "OnReset" in state.apply_times
    assert len(registry.entries) == 682
    assert Rules(registry).check(state.attributes, {"SysProfile": "Custom"}).accepted == {
        "SysProfile": "Custom"
    }


def test_boot_options_come_in_their_order_with_names(r750_server: ReplayServer, connect: Connect) -> None:
    with connect(r750_server) as client:
        state = boot.read_boot(client)
    assert state.mode == "UEFI"
    assert state.order == tuple(o.id for o in state.options)
    assert state.options[0].name
    assert {"None", "Pxe", "UefiTarget"} <= set(state.targets)
    assert state.as_override() == {}


def test_attributes_are_read_without_hashes(r750_server: ReplayServer, connect: Connect) -> None:
    with connect(r750_server) as client:
        groups = {g.component: g for g in attributes.read_attributes(client)}
    assert set(groups) == {"iDRAC.Embedded.1", "System.Embedded.1", "LifecycleController.Embedded.1"}
    names = groups["iDRAC.Embedded.1"].attributes
    assert names["Users.2.UserName"] == "root"
    assert not [
        n for n in names if n.endswith(("IPMIKey", "v3Key", "Password", "PasswordSalt", "Passphrase"))
    ]


def test_the_profile_actions_are_found_by_suffix(r750_server: ReplayServer, connect: Connect) -> None:
    with connect(r750_server) as client:
        manager = client.manager()
        assert action(client, manager, scp.EXPORT).endswith("EID_674_Manager.ExportSystemConfiguration")
        assert action(client, manager, scp.PREVIEW).endswith("ImportSystemConfigurationPreview")
        assert action(client, manager, scp.IMPORT).endswith("EID_674_Manager.ImportSystemConfiguration")
        assert scp.exports_locally(client) is True
        assert "BIOS" in scp.targets(client)


TASK = "/redfish/v1/TaskService/Tasks/JID_123456789012"
GOOD = compose([("BIOS.Setup.1-1", "SysProfile", "Custom")])


def looked(
    r750: dict[str, Any], connect: Connect, body: bytes, status: int = 200, length: int | None = None
) -> scp.Progress:
    """One look at an export whose answer is these bytes."""
    kind = "application/xml" if body[:1] == b"<" else "application/json"
    headers = {"Content-Type": kind} | ({"Content-Length": str(length)} if length else {})

    def hook(verb: str, path: str, handler: Any) -> Any:
        return (status, headers, body) if path == TASK else None

    with ReplayServer(r750, hook=hook) as server, connect(server) as client:
        return scp.look(client, TASK)


def test_an_export_is_taken_as_it_comes(r750: dict[str, Any], connect: Connect) -> None:
    seen = looked(r750, connect, GOOD.encode())
    assert (seen.ended, seen.text) == (True, GOOD)
    running = {
        "TaskState": "Running",
        "PercentComplete": 40,
        "Messages": [{"Message": "Exporting", "MessageId": "IDRAC.2.7.SYS057"}],
    }
    seen = looked(r750, connect, json.dumps(running).encode(), 202)
    assert (seen.ended, seen.percent, seen.message_id) == (False, 40, "SYS057")
    failed = {
        "error": {
            "@Message.ExtendedInfo": [
                {"MessageId": "IDRAC.2.7.SYS051", "Message": "The server did not stop."}
            ]
        }
    }
    seen = looked(r750, connect, json.dumps(failed).encode(), 400)
    assert (seen.ended, seen.failed, seen.message_id) == (True, True, "SYS051")


@pytest.mark.parametrize(
    "body",
    [
        compose([("BIOS.Setup.1-1", "SysProfile", "Custom")], format="json").encode() * 2,
        b'<!DOCTYPE a [<!ENTITY b "xx"><!ENTITY c "&b;&b;">]><SystemConfiguration>&c;</SystemConfiguration>',
        GOOD.encode()[:-25],
        b"<html>500</html>",
    ],
    ids=["two documents", "entity bomb", "cut", "page"],
)
def test_a_hostile_export_is_refused_whole(r750: dict[str, Any], connect: Connect, body: bytes) -> None:
    seen = looked(r750, connect, body)
    with pytest.raises(ProfileInvalid):
        parse_profile(seen.text)


def test_an_answer_of_200_megabytes_is_not_read(r750: dict[str, Any], connect: Connect) -> None:
    with pytest.raises(BadAnswer, match="at most"):
        looked(r750, connect, b"{}", length=200 * 2**20)


def test_a_yes_with_an_error_inside_is_told(r750: dict[str, Any], connect: Connect) -> None:
    """iDRAC10 answers 200 to a read-only attribute, with the refusal inside."""
    said = {"@Message.ExtendedInfo": [
        {"MessageId": "Base.1.12.Success", "Message": "Done.", "Severity": "OK"},
        {"MessageId": "IDRAC.2.8.SYS410", "Message": "Info.1.Version is read-only.", "Severity": "Warning"},
    ]}  # fmt: skip

    def hook(verb: str, path: str, handler: Any) -> Any:
        return (
            (200, {"Content-Type": "application/json"}, json.dumps(said).encode())
            if verb == "PATCH"
            else None
        )

    with ReplayServer(r750, hook=hook) as server, connect(server) as client:
        uri = attributes.attribute_uris(client)["iDRAC.Embedded.1"]
        assert attributes.write_attributes(client, uri, {"Info.1.Version": "9"}) == [
            "Info.1.Version is read-only."
        ]
