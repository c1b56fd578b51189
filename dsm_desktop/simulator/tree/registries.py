"""Message registries, schemas and metadata: readable without credentials."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from dsm_desktop.simulator.exchange import Doc
from dsm_desktop.simulator.personas import Persona
from dsm_desktop.simulator.texts import BASE_TEXTS, TEXTS, Text
from dsm_desktop.simulator.tree.base import ROOT, Action, Resource, collection, listed

if TYPE_CHECKING:
    from dsm_desktop.simulator.device import Device

_REGISTRIES = f"{ROOT}/Registries"
_FILES = {"BaseMessages": "BaseRegistry.json", "Messages": "EEMIRegistry"}
_ATTRIBUTES = ("ManagerAttributeRegistry",)
_BIOS = ("BiosAttributeRegistry.v1_0_0",)


def resources(persona: Persona) -> Iterable[Resource]:
    """The two registries clients look messages up in; they hold the messages the simulator uses."""
    kind, build = collection(
        "MessageRegistryFile",
        "Registry File Collection",
        "Registry Repository",
        _paths,
    )
    schemas, schemas_build = collection(
        "JsonSchemaFile", "JsonSchemaFile Collection", "Collection of JsonSchemaFiles", lambda d: []
    )
    return (
        Resource(_REGISTRIES, kind, build, open=True),
        Resource(f"{_REGISTRIES}/{{}}", "MessageRegistryFile", _file, open=True),
        Resource(f"{_REGISTRIES}/BaseMessages/BaseRegistry.json", "", _base, open=True),
        Resource(f"{_REGISTRIES}/Messages/EEMIRegistry", "", _dell, open=True),
        Resource(persona.json_schemas, schemas, schemas_build, open=True),
    )


def _paths(device: Device) -> Iterable[str]:
    """Attribute registries stand beside the message registries; their own modules serve them."""
    own = _ATTRIBUTES if device.persona.oem_tree else ()
    return [f"{_REGISTRIES}/{name}" for name in (*_FILES, *_BIOS, *own)]


def actions(persona: Persona) -> Iterable[Action]:
    """None."""
    return ()


def _file(device: Device, name: str) -> Doc | None:
    if name not in _FILES:
        return None
    prefix = device.persona.base_prefix if name == "BaseMessages" else device.persona.idrac_prefix
    title = "Base Message Registry File" if name == "BaseMessages" else "iDRAC Message Registry File"
    return {
        "Description": f"{title} locations",
        "Id": name,
        **listed("Languages", ["En"]),
        **listed("Location", [{"Language": "En", "Uri": f"{_REGISTRIES}/{name}/{_FILES[name]}"}]),
        "Name": title,
        "Registry": f"{prefix}.0",
    }


def _registry(name: str, prefix: str, texts: dict[str, Text]) -> Doc:
    kind, _, version = prefix.partition(".")
    messages = {
        key: {
            "Description": text.message,
            "Message": text.message,
            "NumberOfArgs": max((n for n in range(1, 9) if f"%{n}" in text.message), default=0),
            "Resolution": text.resolution,
            "Severity": text.severity,
        }
        for key, text in texts.items()
    }
    return {
        "@odata.type": "#MessageRegistry.v1_4_1.MessageRegistry",
        "Id": f"{prefix}.0",
        "Language": "en",
        "Messages": messages,
        "Name": name,
        "OwningEntity": "Dell" if kind == "IDRAC" else "DMTF",
        "RegistryPrefix": kind,
        "RegistryVersion": f"{version}.0",
    }


def _base(device: Device) -> Doc:
    return _registry("Base Message Registry", device.persona.base_prefix, BASE_TEXTS)


def _dell(device: Device) -> Doc:
    return _registry("iDRAC Message Registry", device.persona.idrac_prefix, TEXTS)
