"""The OData metadata document: which schema file holds which type, as DMTF's validators and OData clients ask for it."""

from __future__ import annotations

from dsm_desktop.simulator.personas import Persona
from dsm_desktop.simulator.tree.base import ROOT
from dsm_desktop.simulator.tree.versions import kinds, odata_type

PATH = f"{ROOT}/$metadata"
MEDIA_TYPE = "application/xml;charset=utf-8"
_EDMX = "http://docs.oasis-open.org/odata/ns/edmx"
_EDM = "http://docs.oasis-open.org/odata/ns/edm"


def metadata(persona: Persona) -> bytes:
    """The document of one generation: a reference per type, and the service's entity container (Redfish 8.4.1)."""
    references = [_reference(kind, persona) for kind in kinds()]
    container = (
        f'<Schema xmlns="{_EDM}" Namespace="Service">'
        '<EntityContainer Name="Service" Extends="ServiceRoot.v1_0_0.ServiceContainer"/></Schema>'
    )
    body = "".join(references)
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><edmx:Edmx xmlns:edmx="{_EDMX}" Version="4.0">'
        f"{body}<edmx:DataServices>{container}</edmx:DataServices></edmx:Edmx>"
    ).encode()


def _reference(kind: str, persona: Persona) -> str:
    namespaces = [kind]
    versioned = odata_type(kind, persona.rank)[1].lstrip("#").rpartition(".")[0]
    if versioned != kind:
        namespaces.append(versioned)
    included = "".join(f'<edmx:Include Namespace="{name}"/>' for name in namespaces)
    return f'<edmx:Reference Uri="/redfish/v1/Schemas/{kind}_v1.xml">{included}</edmx:Reference>'
