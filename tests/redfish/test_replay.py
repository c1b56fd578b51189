"""Whole recorded trees, answered over TLS: what the program makes of real machines."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from dsm_desktop.core.inventory import FirmwareState, LogKind, PartKind
from dsm_desktop.core.states import Generation, Health, PowerState
from dsm_desktop.redfish.errors import Missing, ReadOnlyDevice
from dsm_desktop.redfish.inventory import kinds
from tests.kit.replay import ReplayServer, load_tree
from tests.redfish.conftest import Connect


def test_identity_needs_no_login(r750_server: ReplayServer, connect: Connect) -> None:
    client = connect(r750_server)
    ident = client.identify()
    assert (ident.is_dell, ident.service_tag, ident.bmc_mac) == (True, "F54P1G3", "b0:7b:25:d6:51:82")
    assert r750_server.log == [("GET", "/redfish/v1", b"")]


def test_a_health_sweep_is_two_gets(r750_server: ReplayServer, connect: Connect) -> None:
    with connect(r750_server) as client:
        row = client.facts()
    assert len(r750_server.gets()) == 2
    assert (row.model, row.generation, row.power_state) == (
        "PowerEdge R750",
        Generation.IDRAC9,
        PowerState.ON,
    )
    assert row.health is Health.OK
    assert row.subsystem_health["storage"] is Health.OK
    assert "idsdm" not in row.subsystem_health
    assert row.board_serial != row.service_tag == "F54P1G3"
    assert row.led_blinking is False


def test_the_full_inventory_takes_at_most_twelve_gets(r750_server: ReplayServer, connect: Connect) -> None:
    with connect(r750_server) as client:
        inventory = client.inventory()
        assert client.documents.fallbacks == 0
    assert len(r750_server.gets()) <= 12
    assert inventory.requests <= 13
    assert inventory.gaps == ()
    assert kinds(inventory.parts) == {
        PartKind.PROCESSOR: 2, PartKind.MEMORY: 16, PartKind.CONTROLLER: 3, PartKind.DRIVE: 3, PartKind.NIC: 4,
        PartKind.PORT: 5, PartKind.PSU: 2, PartKind.FAN: 6, PartKind.TEMPERATURE: 5, PartKind.PCIE: 13, PartKind.GPU: 1,
        PartKind.ENCLOSURE: 1, PartKind.LICENCE: 1,
    }  # fmt: skip
    row = inventory.facts
    assert (row.idrac_version, row.idrac_model, row.licence) == (
        "6.00.30.00", "15G Monolithic", "iDRAC9 15g Enterprise License",
    )  # fmt: skip
    assert (row.power_watts, row.inlet_celsius, row.lockdown) == (614.0, 25.0, False)
    assert row.bmc_time == datetime(2024, 8, 8, 23, 48, 10, tzinfo=UTC)


def test_parts_carry_what_an_operator_orders_by(r750_server: ReplayServer, connect: Connect) -> None:
    with connect(r750_server) as client:
        parts = {part.id: part for part in client.inventory().parts}
    dimm = parts["DIMM.Socket.A1"]
    assert (dimm.slot, dimm.capacity_bytes, dimm.detail["speed_mhz"]) == ("A1", 32 * 2**30, 3200)
    drive = parts["Disk.Bay.0:Enclosure.Internal.0-1"]
    assert (drive.slot, drive.serial_number, drive.detail["wear_percent_left"]) == (
        "Bay 0",
        "61X0A002TCD8",
        100.0,
    )
    assert drive.kind is PartKind.DRIVE
    assert parts["PSU.Slot.1"].reading == 303.0
    assert parts["NIC.Integrated.1"].firmware == "21.80.16.95"
    assert parts["NIC.Integrated.1-1-1"].detail["mac"] == "e4:3d:1a:13:27:f0"
    assert parts["CPU.Socket.1"].detail["cores"] == 18
    assert parts["Video.Slot.2-1"].model == "NVIDIA H100 PCIe"


def test_firmware_is_listed_once_per_device_and_rollback_told_apart(
    r750_server: ReplayServer, connect: Connect
) -> None:
    with connect(r750_server) as client:
        firmware = client.inventory().firmware
    installed = [entry for entry in firmware if entry.state is FirmwareState.INSTALLED]
    assert len(installed) == len({entry.fqdd for entry in installed}) == 21
    assert all(entry.id.startswith("Installed-") for entry in installed)
    kept = {(entry.fqdd, entry.version) for entry in firmware if entry.state is FirmwareState.PREVIOUS}
    assert kept == {("BIOS.Setup.1-1", "1.2.4"), ("iDRAC.Embedded.1-1", "4.40.29.00")}
    bios = next(entry for entry in installed if entry.component_id == "159")
    assert (bios.version, bios.updateable) == ("1.8.2", True)


def test_settings_hold_no_secret(r750: dict[str, dict[str, Any]], connect: Connect) -> None:
    path = "/redfish/v1/Managers/iDRAC.Embedded.1/Oem/Dell/DellAttributes/iDRAC.Embedded.1"
    planted = {
        "Users.2.SHA256Password": "canary", "Users.2.SHA256PasswordSalt": "canary", "Users.2.MD5v3Key": "canary",
        "Users.2.SHA1v3Key": "canary", "Users.2.IPMIKey": "canary", "SNMP.1.AgentCommunity": "canary",
        "IPMILan.1.EncryptionKey": "canary", "LDAP.1.BindPassword": "canary", "Security.1.CsrKey": "canary",
    }  # fmt: skip
    attributes = {**r750[path]["Attributes"], **planted, "Users.2.UserName": "root", "Users.9.UserName": ""}
    with (
        ReplayServer({**r750, path: {**r750[path], "Attributes": attributes}}) as server,
        connect(server) as client,
    ):
        settings = client.inventory().settings
    assert "canary" not in repr(settings)
    assert settings["iDRAC.Users.2.UserName"] == "root"
    assert settings["iDRAC.Lockdown.1.SystemLockdown"] == "Disabled"
    assert settings["BIOS.ProcVirtualization"] == "Enabled"
    assert not [name for name in settings if name.startswith("iDRAC.Users.9.")]


def test_without_expand_the_same_is_read_member_by_member_and_counted(
    r750: dict[str, Any], connect: Connect
) -> None:
    with ReplayServer(r750) as server, connect(server) as client:
        expected = client.inventory()
    with ReplayServer(r750, expand=False) as server, connect(server) as client:
        found = client.inventory()
        assert client.documents.fallbacks > 60
        refused = [path for path in server.gets() if "expand" in path]
    assert len(refused) == 1
    assert {part.id: part for part in found.parts} == {part.id: part for part in expected.parts}
    assert {entry.id for entry in found.firmware} == {entry.id for entry in expected.firmware}
    assert (found.facts, found.settings, found.gaps) == (expected.facts, expected.settings, ())


def test_logs_are_read_only_as_far_as_they_are_new(r750_server: ReplayServer, connect: Connect) -> None:
    with connect(r750_server) as client:
        events = client.log_events(LogKind.LIFECYCLE)
        assert [event.entry_id for event in events[:2]] == ["83434", "83433"]
        assert events[0].category == "Audit"
        since = (events[2].entry_id, events[2].created)
        assert client.log_events(LogKind.LIFECYCLE, since) == events[:2]
        assert client.log_events(LogKind.LIFECYCLE, (events[0].entry_id, events[0].created)) == []
        sel = client.log_events(LogKind.SEL)
        assert (sel[0].message_id, sel[0].severity) == ("7e012790", Health.OK)
        assert client.log_events(LogKind.FAULTS) == []


def test_a_generic_tree_is_shown_and_not_changed(captures: Path, connect: Connect) -> None:
    folder = captures / "other-vendors" / "DMTF-Redfish-Mockup-Server" / "public-rackmount1"
    with ReplayServer(load_tree(folder)) as server, connect(server) as client:
        assert not client.identify().is_dell
        inventory = client.inventory()
        assert inventory.facts.service_tag == "437XR1138R2"
        assert (inventory.facts.power_watts, inventory.facts.inlet_celsius) == (344.0, 25.0)
        assert inventory.facts.generation is Generation.OTHER
        assert kinds(inventory.parts)[PartKind.MEMORY] == 3
        assert client.log_events(LogKind.SEL)[0].severity is Health.CRITICAL
        with pytest.raises(ReadOnlyDevice):
            client.set_led(True)
        with pytest.raises(Missing):
            client.log_events(LogKind.LIFECYCLE)
        assert {verb for verb, _, _ in server.log} == {"GET", "POST"}


def test_a_root_that_redirects_to_its_other_spelling_is_asked_by_that(
    r750: dict[str, Any], connect: Connect
) -> None:
    def hook(verb: str, path: str, handler: Any) -> Any:
        return (308, {"Location": "/redfish/v1/"}, b"") if path == "/redfish/v1" else None

    with ReplayServer(r750, hook=hook) as server, connect(server) as client:
        assert client.identify().service_tag == "F54P1G3"
        assert [path for _, path, _ in server.log] == ["/redfish/v1", "/redfish/v1/"]


def test_an_expansion_that_is_too_much_is_read_piece_by_piece(r750: dict[str, Any], connect: Connect) -> None:
    def hook(verb: str, path: str, handler: Any) -> Any:
        return (503, {}, b"") if "Chassis/System.Embedded.1?$expand=*" in path else None

    with ReplayServer(r750) as server, connect(server) as client:
        expected = client.inventory()
    with ReplayServer(r750, hook=hook) as server, connect(server) as client:
        found = client.inventory()
    assert {part.id for part in found.parts} == {part.id for part in expected.parts}
    assert found.gaps == ()


def test_a_supermicro_is_shown(captures: Path, connect: Connect) -> None:
    documents = load_tree(captures / "other-vendors" / "supermicro_x10_fixtures")
    with ReplayServer(documents, expand=False) as server, connect(server) as client:
        inventory = client.inventory()
        assert inventory.facts.health in Health
        assert kinds(inventory.parts)[PartKind.MEMORY] == 4
        assert len(client.log_events(LogKind.SEL)) == 65
