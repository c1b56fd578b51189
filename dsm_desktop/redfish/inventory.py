"""One full read of a server: at most 12 GETs where $expand works, honest about what could not be read."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from dsm_desktop.core.inventory import Firmware, Inventory, Part, PartKind, Scalar
from dsm_desktop.net.links import safe_path
from dsm_desktop.redfish import compute, environment, licences, network, settings, system
from dsm_desktop.redfish.documents import Doc, Documents, is_link_only, link, links
from dsm_desktop.redfish.firmware import once_per_fqdd
from dsm_desktop.redfish.storage import read_storage
from dsm_desktop.redfish.values import dig, objects

if TYPE_CHECKING:
    from dsm_desktop.redfish.client import RedfishClient


def read_inventory(client: RedfishClient) -> Inventory:
    """Reads everything. What fails is named in `gaps`; a device that is gone or refuses the login raises."""
    before = client.requests
    documents = client.documents
    documents.start()
    server = client.system(children=".")
    chassis: Doc = {}
    with documents.gap("Chassis"):
        # Under Links a chassis names processors, storage and PCIe devices: with "*" they all come in this one answer.
        chassis = client.chassis(children="*")
        documents.learn(chassis)
    parts = _compute(documents, server)
    with documents.gap("Storage"):
        parts += read_storage(documents, server)
    power, thermal, surroundings = environment.read_environment(documents, chassis)
    parts += surroundings
    parts += _network(documents, server, chassis)
    parts += _pcie(documents, server, chassis)
    manager: Doc = {}
    with documents.gap("Manager"):
        manager = client.manager(children="*")
    with documents.gap("Licences"):
        parts += licences.read_licences(documents, client.root(), manager)
    firmware: tuple[Firmware, ...] = ()
    with documents.gap("Firmware"):
        firmware = once_per_fqdd(_firmware(documents, client.root()))
    values, locked = _settings(documents, server, manager)
    row = system.facts(server, client.identify())
    row = system.with_chassis(system.with_manager(row, manager), power, thermal, parts)
    row = dataclasses.replace(row, licence=licences.summary(parts), lockdown=locked)
    return Inventory(row, tuple(parts), firmware, values, tuple(documents.gaps), client.requests - before)


def _compute(documents: Documents, server: Doc) -> list[Part]:
    found: list[Part] = []
    with documents.gap("Processors"):
        found += [
            compute.processor(doc) for doc in documents.children(server, "Processors") if compute.present(doc)
        ]
    with documents.gap("Memory"):
        found += [compute.memory(doc) for doc in documents.children(server, "Memory") if compute.present(doc)]
    return found


def _network(documents: Documents, server: Doc, chassis: Doc) -> list[Part]:
    found: list[Part] = []
    with documents.gap("NetworkAdapters"):
        found += [network.adapter(doc) for doc in documents.children(chassis, "NetworkAdapters")]
    with documents.gap("EthernetInterfaces"):
        found += [network.interface(doc) for doc in documents.children(server, "EthernetInterfaces")]
    return found


def _pcie(documents: Documents, server: Doc, chassis: Doc) -> list[Part]:
    """PCIe devices: inside an expanded System, else the Chassis collection, else link by link (each once; Dell lists doubles)."""
    docs: list[Doc] = []
    with documents.gap("PCIeDevices"):
        listed = objects(server.get("PCIeDevices")) or objects(dig(chassis, "Links", "PCIeDevices"))
        if listed and not any(is_link_only(item) for item in listed):
            docs = listed
        elif link(chassis, "PCIeDevices") and documents.expand:
            docs = documents.children(chassis, "PCIeDevices")
        else:
            for path in links(listed):
                documents.fallbacks += 1
                with documents.gap("PCIe device"):
                    docs.append(documents.get(safe_path(path)))
    by_id = {part.id: part for part in map(compute.pcie_device, docs)}
    return list(by_id.values())


def _firmware(documents: Documents, root: Doc) -> list[Doc]:
    """Members of the firmware inventory. Its path under UpdateService is the same on all Redfish services since 1.0."""
    path = link(root, "UpdateService")
    return documents.members(safe_path(path) + "/FirmwareInventory") if path else []


def _settings(documents: Documents, server: Doc, manager: Doc) -> tuple[dict[str, Scalar], bool | None]:
    """BIOS and iDRAC settings, and whether lockdown is on."""
    values: dict[str, Scalar] = {}
    locked: bool | None = None
    with documents.gap("BIOS settings"):
        values |= settings.bios_settings(documents.child(server, "Bios"))
    with documents.gap("iDRAC settings"):
        items = objects(dig(manager, "Links", "Oem", "Dell", "DellAttributes"))
        mine = next(
            (item for item in items if str(item.get("@odata.id", "")).endswith("iDRAC.Embedded.1")), None
        )
        if mine is not None:
            doc = documents.get(safe_path(mine["@odata.id"])) if is_link_only(mine) else mine
            values |= settings.idrac_settings(doc)
            locked = settings.lockdown(doc)
    return values, locked


def kinds(parts: tuple[Part, ...]) -> dict[PartKind, int]:
    """How many of each kind: for summaries and tests."""
    return {kind: n for kind in PartKind if (n := sum(part.kind is kind for part in parts))}
