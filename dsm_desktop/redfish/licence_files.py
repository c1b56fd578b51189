"""Licence files: taken from an iDRAC and put onto it, by Dell's own service, which every iDRAC9 and 10 has."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING

from dsm_desktop.net.answer import BadAnswer
from dsm_desktop.redfish.services import action, service
from dsm_desktop.redfish.values import dig, whole

if TYPE_CHECKING:
    from dsm_desktop.redfish.client import RedfishClient

FOR = "iDRAC.Embedded.1"
"""FQDD the licences of an iDRAC are bound to."""
LINE = 64
"""Characters a line of base64; iDRACs refuse one long line."""


def import_licence(client: RedfishClient, content: bytes) -> None:
    """Put a licence file (XML as Dell sends it) onto the device. Raises RedfishError: LIC017 no licence, LIC008 and LIC010
    for another machine, LIC018 already there."""
    coded = base64.b64encode(content).decode()
    lines = "\n".join(coded[n : n + LINE] for n in range(0, len(coded), LINE))
    target = action(
        client, service(client, client.manager(), "DellLicenseManagementService"), "ImportLicense"
    )
    client.call("POST", target, {"FQDD": FOR, "ImportOptions": "Force", "LicenseFile": lines}, timeout=120)


def export_licence(client: RedfishClient, entitlement: str) -> bytes:
    """The file of an installed licence by its entitlement id."""
    target = action(
        client, service(client, client.manager(), "DellLicenseManagementService"), "ExportLicense"
    )
    answer = client.call("POST", target, {"EntitlementID": entitlement}, changing=False, timeout=120)
    try:
        content = base64.b64decode("".join(whole(dig(answer.data, "LicenseFile")).split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadAnswer("the licence cannot be decoded", where=client.transport.name) from error
    if not content:
        raise BadAnswer("the device answered no licence", where=client.transport.name)
    return content
