"""Read everything a server is made of."""

from __future__ import annotations

import contextlib
from typing import Any

from pydantic import Field

from dsm_desktop.commands.certificates import note_certificate
from dsm_desktop.commands.servers import remember_login
from dsm_desktop.core.errors import DsmError
from dsm_desktop.jobs import JobContext, Params, Result, job
from dsm_desktop.net.tls import fetch_certificate
from dsm_desktop.operations.reading import read_server
from dsm_desktop.redfish.client import RedfishClient
from dsm_desktop.store.inventory import save_inventory
from dsm_desktop.store.unit_of_work import UnitOfWork
from dsm_desktop.vault.resolve import CredentialResolver


class InventoryParams(Params):
    """Nothing to choose: a full read is at most a dozen requests."""


class InventoryResult(Result):
    changed: bool = Field(title="Changed since the last read")
    parts: int = Field(title="Parts")
    firmware: int = Field(title="Firmware entries")
    requests: int = Field(title="Requests")
    gaps: list[str] = Field(default_factory=list, title="Could not be read")


@job(
    "inventory_refresh",
    label="Read inventory",
    title="Inventory of {target}",
    menu="Inventory",
)
async def inventory_refresh(ctx: JobContext, params: InventoryParams) -> InventoryResult:
    """Read system, parts, firmware, licences and settings of each server, and keep a dated copy when something changed.

    What a device does not answer is named; it is never shown as empty.
    """

    def read(bmc: RedfishClient) -> dict[str, Any]:
        login = ctx.service(CredentialResolver).explain(ctx.target.server_id)
        inventory = bmc.inventory()
        certificate = None
        with contextlib.suppress(DsmError):
            certificate = fetch_certificate(bmc.transport.endpoint, old_tls=bmc.transport.trust.old_tls)
        response_ms = bmc.response_ms

        def save(uow: UnitOfWork) -> bool:
            if certificate is not None:
                note_certificate(uow, ctx.target.server_id, certificate)
            remember_login(uow, ctx.target.server_id, login[0].credential_id if login else None)
            return save_inventory(uow, ctx.target.server_id, inventory, response_ms=response_ms)

        return {
            "changed": ctx.save(save),
            "parts": len(inventory.parts),
            "firmware": len(inventory.firmware),
            "requests": inventory.requests,
            "gaps": list(inventory.gaps),
        }

    ctx.progress(0, 1, "Reading")
    found = await read_server(ctx, "read inventory", read)
    for gap in found["gaps"]:
        ctx.log(f"Could not be read: {gap}", "warning")
    ctx.progress(1, 1, "Read")
    news = "changed since the last read" if found["changed"] else "unchanged"
    missing = f"; {len(found['gaps'])} areas could not be read" if found["gaps"] else ""
    return InventoryResult(
        summary=f"{found['parts']} parts, {found['firmware']} firmware entries, {news}{missing}.", **found
    )
