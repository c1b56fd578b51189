"""Which licences iDRACs hold, read now."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

from dsm_desktop.jobs import JobContext, Params, Result, job
from dsm_desktop.operations.reading import read_server
from dsm_desktop.redfish.client import RedfishClient
from dsm_desktop.redfish.licences import read_licences


class Licence(BaseModel):
    """One licence. `expires` ISO, "" = never or not told."""

    id: str
    name: str
    health: str
    type: str
    expires: str


class LicenseReadParams(Params):
    """Nothing to choose."""


class LicenseReadResult(Result):
    licences: list[Licence] = Field(title="Licences")


@job("license_read", label="Read licences", title="Licences of {target}", menu="Licences")
async def license_read(ctx: JobContext, params: LicenseReadParams) -> LicenseReadResult:
    """Read the licences each iDRAC holds: what they allow, their kind, and when they end."""
    found = await read_server(ctx, "read licences", licences)
    held = [Licence.model_validate(entry) for entry in found["licences"]]
    return LicenseReadResult(summary="; ".join(one.name for one in held) or "No licence.", licences=held)


def licences(bmc: RedfishClient) -> dict[str, Any]:
    """The licences as small JSON."""
    try:
        parts = read_licences(bmc.documents, bmc.root(), bmc.manager())
    finally:
        bmc.documents.forget()
    return {
        "licences": [
            {
                "id": part.id,
                "name": part.name,
                "health": part.health.value,
                "type": str(part.detail.get("type") or ""),
                "expires": str(part.detail.get("expires") or ""),
            }
            for part in parts
        ]
    }
