"""The BIOS and manager registries of a recorded R750: read, evaluated, packed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from dsm_desktop.configuration.checking import Rules, converted, visible
from dsm_desktop.configuration.registry import Entry, Registry, RegistryInvalid, pack, parse_registry, unpack
from dsm_desktop.core.secret_names import is_secret_attribute

R750 = "NVIDIA-libredfish/dell-r750-idrac9-6.00.30.00/redfish/v1"


def load(captures: Path, path: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((captures / R750 / path / "index.json").read_text())
    return found


@pytest.fixture(scope="module")
def bios(captures: Path) -> Registry:
    return parse_registry(load(captures, "Systems/System.Embedded.1/Bios/BiosRegistry"))


@pytest.fixture(scope="module")
def current(captures: Path) -> dict[str, Any]:
    found: dict[str, Any] = load(captures, "Systems/System.Embedded.1/Bios")["Attributes"]
    return found


def test_the_recorded_registry_is_read_whole_and_packs_small(bios: Registry) -> None:
    assert (len(bios.entries), len(bios.dependencies), bios.firmware) == (682, 588, "1.8.2")
    profile = bios.entries["SysProfile"]
    assert (profile.title, bios.heading(profile)) == ("System Profile", "System Profile Settings")
    assert profile.shown("PerfOptimized") == "Performance"
    packed = pack(bios)
    assert len(packed) < 100_000
    assert unpack(packed) == bios


def test_the_recorded_server_keeps_its_own_rules(bios: Registry, current: dict[str, Any]) -> None:
    """No setting the server has is otherwise than the registry's forced values want it: conditions are joined by OR."""
    rules = Rules(bios)
    assert rules.forced(current) == {}
    for name, value in current.items():
        if name in bios.entries and not is_secret_attribute(name):
            assert converted(bios.entries[name], value) == value


def test_a_dependant_setting_is_refused_with_its_reason_and_taken_with_its_parent(
    bios: Registry, current: dict[str, Any]
) -> None:
    rules = Rules(bios)
    alone = rules.check(current, {"ProcCStates": "Enabled"})
    assert alone.accepted == {}
    assert alone.refused == {"ProcCStates": "read-only: System Profile (SysProfile) is Performance"}
    together = rules.check(current, {"SysProfile": "Custom", "ProcCStates": "Enabled"})
    assert together.accepted == {"SysProfile": "Custom", "ProcCStates": "Enabled"}
    assert together.refused == {}


def test_what_a_profile_pulls_along_is_told_and_contradictions_are_refused(
    bios: Registry, current: dict[str, Any]
) -> None:
    found = Rules(bios).check(current, {"SysProfile": "PerfPerWattOptimizedDapc"})
    assert found.accepted == {"SysProfile": "PerfPerWattOptimizedDapc"}
    assert found.follows["ProcPwrPerf"][0] == "SysDbpm"
    assert "System Profile" in found.follows["ProcPwrPerf"][1]
    both = Rules(bios).check(current, {"SysProfile": "PerfPerWattOptimizedDapc", "ProcCStates": "Disabled"})
    assert "ProcCStates" not in both.accepted


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("SysProfil", "Custom", "meant SysProfile"),
        ("SystemModelName", "R1", "only informs"),
        ("LogicalProc", "Maybe", "allowed: Enabled, Disabled"),
        ("AcPwrRcvryUserDelay", "many", "whole number from 120 to 600"),
        ("AcPwrRcvryUserDelay", 5, "whole number from 120 to 600"),
        ("SHA256SetupPassword", "00", "secret"),
        ("AssetTag", "x" * 200, "characters"),
        ("DrtmSkinit", "Off", "does not have it"),
    ],
)  # fmt: skip
def test_bad_values_are_refused_before_anything_is_sent(
    bios: Registry, current: dict[str, Any], name: str, value: Any, why: str
) -> None:
    found = Rules(bios).check(current, {name: value})
    assert found.accepted == {}
    assert why in found.refused[name]


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (r"^([a-z0-9]+)+$", "a" * 40 + "!"),
        (r"^(a|a)*b$", "a" * 60),
        (r"^a*a*a*a*a*a*b$", "a" * 250),
        (r"^(a+){8}b$", "a" * 250),
    ],
)
@pytest.mark.timeout(60)
def test_an_expression_that_would_be_tried_for_hours_is_left_to_the_device(pattern: str, text: str) -> None:
    assert converted(Entry("Location", "string", pattern=pattern), text) == text


@pytest.mark.parametrize(
    ("pattern", "good", "bad"),
    [
        (r"^((?:25[0-5]|2[0-4][0-9]|[01]?[0-9][0-9]?)\.){3}(?:25[0-5]|2[0-4][0-9]|[01]?[0-9][0-9]?)$|^$", "10.1.2.3", "10.1.2"),
        (r"^([0-9a-fA-F]{2}:){5}([0-9a-fA-F]{2})$", "00:11:22:33:44:55", "00:11:22"),
        (r"^(iqn|IQN)\.[0-9a-zA-Z\.\-]+[0-9a-zA-Z\-](\:[0-9a-zA-Z\-]*)?$|^$", "iqn.1988-11.com.example:a", "example"),
        (r"^.{0,128}$", "x", "x" * 129),
    ],
)  # fmt: skip
def test_the_expressions_that_devices_have_are_tried(pattern: str, good: str, bad: str) -> None:
    entry = Entry("Address", "string", pattern=pattern)
    assert converted(entry, good) == good
    with pytest.raises(ValueError, match="must look like"):
        converted(entry, bad)


def test_display_names_and_numbers_as_text_are_understood(bios: Registry, current: dict[str, Any]) -> None:
    found = Rules(bios).check(current, {"SysProfile": "custom", "AcPwrRcvryUserDelay": "240"})
    assert found.accepted == {"SysProfile": "Custom", "AcPwrRcvryUserDelay": 240}
    assert Rules(bios).check(current, {"SysProfile": "Performance"}).unchanged == {
        "SysProfile": "PerfOptimized"
    }


def test_the_setup_pages_are_in_order(bios: Registry, current: dict[str, Any]) -> None:
    rows = list(visible(bios, current))
    assert next(e.name for e in rows if e.menu.endswith("ProcSettingsRef")) == "LogicalProc"
    assert {e.name for e in rows} == set(current) & set(bios.entries)


def test_the_manager_registry_knows_every_recorded_attribute(captures: Path) -> None:
    doc = load(captures, "Registries/ManagerAttributeRegistry/ManagerAttributeRegistry.v1_0_0.json")
    registry = parse_registry(doc, component="iDRAC.Embedded.1")
    values = load(captures, "Managers/iDRAC.Embedded.1/Oem/Dell/DellAttributes/iDRAC.Embedded.1")[
        "Attributes"
    ]
    assert set(values) <= set(registry.entries)
    rules = Rules(registry)
    wanted = {"NTPConfigGroup.1.NTPEnable": "Enabled", "WebServer.1.Timeout": 5, "Users.2.Password": "x"}
    found = rules.check(values, wanted)
    assert found.accepted == {"NTPConfigGroup.1.NTPEnable": "Enabled"}
    assert set(found.refused) == {"WebServer.1.Timeout", "Users.2.Password"}


@pytest.mark.parametrize(
    "doc", [{}, {"RegistryEntries": {}}, {"RegistryEntries": {"Attributes": [1, 2]}}, [], None]
)
def test_what_is_no_registry_is_refused(doc: Any) -> None:
    with pytest.raises(RegistryInvalid):
        parse_registry(doc)


@pytest.mark.parametrize("packed", [b"", b"garbage", pack(Registry("x"))[:-4]])
def test_a_broken_stored_registry_is_a_typed_error(packed: bytes) -> None:
    with pytest.raises(RegistryInvalid):
        unpack(packed)
