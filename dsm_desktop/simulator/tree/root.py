"""Service root, OData documents."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from dsm_desktop.simulator.exchange import Doc
from dsm_desktop.simulator.personas import Persona
from dsm_desktop.simulator.tree.base import ROOT, UPDATE, Action, Resource, link

if TYPE_CHECKING:
    from dsm_desktop.simulator.device import Device


def resources(persona: Persona) -> Iterable[Resource]:
    """Readable without credentials, all of them."""
    return (
        Resource("/redfish", "", lambda device: {"v1": "/redfish/v1/"}, open=True),
        Resource(ROOT, "ServiceRoot", _root, open=True),
        Resource(f"{ROOT}/odata", "", _odata, open=True),
    )


def actions(persona: Persona) -> Iterable[Action]:
    """None."""
    return ()


def _root(device: Device) -> Doc:
    persona = device.persona
    mac = device.hw.idrac_mac
    return {
        "AccountService": link(persona.account_service),
        "CertificateService": link(f"{ROOT}/CertificateService"),
        "Chassis": link(f"{ROOT}/Chassis"),
        "Description": "Root Service",
        "EventService": link(f"{ROOT}/EventService"),
        "Fabrics": link(f"{ROOT}/Fabrics"),
        "Id": "RootService",
        "JobService": link(f"{ROOT}/JobService"),
        "JsonSchemas": link(persona.json_schemas),
        "LicenseService": link(f"{ROOT}/LicenseService"),
        "Links": {"Sessions": link(persona.sessions)},
        "Managers": link(f"{ROOT}/Managers"),
        "Name": "Root Service",
        "Oem": {
            "Dell": {
                "@odata.context": f"{ROOT}/$metadata#DellServiceRoot.DellServiceRoot",
                "@odata.type": persona.root_oem_type,
                "IsBranded": 0,
                "ManagerMACAddress": mac if persona.virtual_uppercase_mac else mac.lower(),
                "ServiceTag": device.plot.tag,
            }
        },
        "Product": "Integrated Dell Remote Access Controller",
        "ProtocolFeaturesSupported": {
            "DeepOperations": {"DeepPATCH": False, "DeepPOST": False},
            "ExcerptQuery": False,
            "ExpandQuery": {
                "ExpandAll": True,
                "Levels": True,
                "Links": True,
                "MaxLevels": 1,
                "NoLinks": True,
            },
            "FilterQuery": True,
            "OnlyMemberQuery": True,
            "SelectQuery": True,
        },
        "RedfishVersion": persona.redfish_version,
        "Registries": link(f"{ROOT}/Registries"),
        "SessionService": link(f"{ROOT}/SessionService"),
        "Systems": link(f"{ROOT}/Systems"),
        "Tasks": link(f"{ROOT}/TaskService"),
        "TelemetryService": link(f"{ROOT}/TelemetryService"),
        "UpdateService": link(UPDATE),
        "Vendor": "Dell",
    }


def _odata(device: Device) -> Doc:
    persona = device.persona
    urls = {
        "Service": ROOT,
        "Systems": f"{ROOT}/Systems",
        "Chassis": f"{ROOT}/Chassis",
        "Managers": f"{ROOT}/Managers",
        "TaskService": f"{ROOT}/TaskService",
        "AccountService": persona.account_service,
        "SessionService": f"{ROOT}/SessionService",
        "JsonSchemas": persona.json_schemas,
        "Registries": f"{ROOT}/Registries",
        "EventService": f"{ROOT}/EventService",
        "UpdateService": UPDATE,
    }
    return {
        "@odata.context": f"{ROOT}/$metadata",
        "value": [{"kind": "Singleton", "name": name, "url": url} for name, url in urls.items()],
    }
