"""Every recorded answer goes through the reader that would read it on a live device."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dsm_desktop.core.errors import DsmError
from dsm_desktop.core.inventory import LogKind, Part
from dsm_desktop.core.states import Generation, PowerState
from dsm_desktop.net.answer import Answer
from dsm_desktop.redfish import (
    compute,
    environment,
    firmware,
    licences,
    logs,
    network,
    session,
    settings,
    storage,
    system,
)
from dsm_desktop.redfish.errors import RedfishError, error_of, messages
from dsm_desktop.redfish.quirks import (
    QUIRKS,
    can_expand,
    generation_of,
    generation_of_model,
    guess_generation,
)

Reader = Callable[[dict[str, Any]], Any]


def _manager(doc: dict[str, Any]) -> Any:
    row = system.with_manager(system.facts({}), doc)
    assert row.idrac_version or not doc.get("FirmwareVersion")
    system.allowable_resets(doc, "#Manager.Reset")
    return row


def _system(doc: dict[str, Any]) -> Any:
    row = system.facts(doc)
    system.allowable_resets(doc)
    if doc.get("PowerState"):
        assert row.power_state is not PowerState.UNKNOWN
    return row


def _root(doc: dict[str, Any]) -> Any:
    can_expand(doc, QUIRKS[guess_generation(doc)])
    return system.identity(doc)


def _part(reader: Callable[[dict[str, Any]], Part]) -> Reader:
    def read(doc: dict[str, Any]) -> Part:
        part = reader(doc)
        assert part.id or not doc.get("Id")
        assert part.name or not part.id
        return part

    return read


READERS: dict[str, Reader] = {
    "ServiceRoot": _root,
    "ComputerSystem": _system,
    "Manager": _manager,
    "Chassis": system.led,
    "Processor": _part(compute.processor),
    "Memory": _part(compute.memory),
    "PCIeDevice": _part(compute.pcie_device),
    "Storage": _part(storage.controller),
    "Drive": _part(storage.drive),
    "Volume": _part(storage.volume),
    "SimpleStorage": storage.simple_storage,
    "NetworkAdapter": _part(network.adapter),
    "EthernetInterface": _part(network.interface),
    "Power": environment.power_supplies,
    "PowerSupply": _part(environment.power_supply),
    "Thermal": environment.fans_and_temperatures,
    "Fan": _part(environment.fan),
    "SoftwareInventory": firmware.firmware,
    "Bios": settings.bios_settings,
    "DellAttributes": settings.idrac_settings,
    "DellLicense": _part(licences.licence),
    "License": _part(licences.licence),
    "LogEntry": lambda doc: logs.entry(doc, LogKind.SEL),
    "Session": session.session_info,
}
_TYPE = re.compile(r"#([A-Za-z]+)\.")


def _bodies(file: Path) -> list[Any]:
    """Documents of a file: the file itself, its embedded members, and the body of a recorded exchange."""
    try:
        data = json.loads(file.read_text())
    except ValueError:
        return []
    found = [data]
    if isinstance(data, dict):
        members = data.get("Members")
        found += members if isinstance(members, list) else []
        for name in ("body", "response", "Body", "Response"):
            if isinstance(data.get(name), dict):
                found += [data[name], *(value for value in data[name].values() if isinstance(value, dict))]
    return found


def test_every_recorded_document_is_read(captures: Path) -> None:
    read: Counter[str] = Counter()
    files = [file for file in captures.rglob("*.json") if file.is_file()]
    for file in files:
        for body in _bodies(file):
            if not isinstance(body, dict):
                continue
            match = _TYPE.match(str(body.get("@odata.type")))
            reader = READERS.get(match[1]) if match else None
            if reader is not None and match:
                try:
                    reader(body)
                except Exception as error:
                    raise AssertionError(f"{file.relative_to(captures)}: {error!r}") from error
                read[match[1]] += 1
            if "error" in body:
                assert messages(body), file
                assert isinstance(error_of(Answer(400, {}, body, 0, 0.0), where="x", what="GET"), DsmError)
    assert len(files) > 1500
    assert sum(read.values()) > 250
    missing = {
        "ServiceRoot",
        "ComputerSystem",
        "Manager",
        "Drive",
        "Power",
        "Thermal",
        "SoftwareInventory",
    } - set(read)
    assert not missing


def test_every_reader_survives_every_document(captures: Path) -> None:
    """Wrong types in every place: each reader is fed every kind of document, and may only read nothing."""
    kinds: dict[str, dict[str, Any]] = {}
    for file in captures.rglob("*.json"):
        for body in _bodies(file) if file.is_file() else []:
            match = _TYPE.match(str(body.get("@odata.type"))) if isinstance(body, dict) else None
            if match:
                kinds.setdefault(match[1], body)
    assert len(kinds) > 60
    for reader in READERS.values():
        for body in kinds.values():
            reader(body)


def test_generations_of_the_recorded_machines(captures: Path) -> None:
    def first(pattern: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(next(captures.glob(pattern)).read_text())
        return found

    r640 = first("buildio-idrac/r640*/redfish/v1/Systems/System.Embedded.1/index.json")
    assert system.facts(r640).generation is Generation.IDRAC9
    gen17 = first("stmcginnis-gofish/idrac10-17g/Systems_System.Embedded.1.json")
    assert system.facts(gen17).generation is Generation.IDRAC10
    thirteen = first("Cray-HPE-hms-capmc/x0c0s7/redfish/v1/Managers/iDRAC.Embedded.1/exchange.json")["body"]
    assert system.with_manager(system.facts({}), thirteen).generation is Generation.IDRAC8
    assert generation_of("12G Monolithic") is Generation.IDRAC7
    assert generation_of("13G Modular", "") is Generation.IDRAC8
    assert generation_of("17G Monolithic") is Generation.IDRAC10
    models = {
        "R620": "IDRAC7",
        "R730xd": "IDRAC8",
        "R6515": "IDRAC9",
        "XE9680": "IDRAC9",
        "R7725": "IDRAC10",
        "VRTX": "OTHER",
    }
    assert {name: generation_of_model(f"PowerEdge {name}").name for name in models} == models


def test_recorded_refusals_are_typed(captures: Path) -> None:
    folder = captures / "openstack-sushy" / "oem-dell-json_samples"
    for name, code in (("error_pending_job.json", "LC068"), ("error_running_job.json", "RAC0679")):
        body = json.loads((folder / name).read_text())
        error = error_of(Answer(400, {}, body, 0, 0.0), where="10.0.0.1", what="POST")
        assert isinstance(error, RedfishError)
        assert code in error.ids
        assert error.message
        assert "10.0.0.1" in str(error)
