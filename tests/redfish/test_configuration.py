"""The recorded R750 read by the clients of BIOS, boot, attributes and profiles."""

from __future__ import annotations

import pytest

from dsm_desktop.configuration.checking import Rules
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
