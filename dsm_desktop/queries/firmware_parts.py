"""A server's firmware part by part: what runs, what is kept for going back, what waits, and what the library has for it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, select

from dsm_desktop.core.inventory import FirmwareState
from dsm_desktop.firmware.fit import Verdict, fit
from dsm_desktop.firmware.identity import Identity
from dsm_desktop.firmware.versions import Order, compare
from dsm_desktop.queries.inventory import FirmwareRow, newest_inventory
from dsm_desktop.queries.library import machines
from dsm_desktop.store.models import LibraryItem


@dataclass(frozen=True, slots=True)
class FirmwarePart:
    """One part. `kept` is the version the iDRAC can go back to, `waiting` what is applied at the next restart, `newer` the
    newest version of the library that fits and `package` its file; "" for none."""

    id: int
    name: str
    version: str
    kept: str
    waiting: str
    newer: str
    package: str
    component_type: str
    component_id: str
    fqdd: str
    installed_at: str


def firmware_parts(connection: Connection, server_id: int) -> list[FirmwarePart]:
    """Every part of the newest inventory, in its order."""
    rows = newest_inventory(connection, server_id).firmware
    others = {state: [r for r in rows if r.state == state] for state in ("previous", "available")}
    offered = _offered(connection, server_id)
    found = []
    for row in rows:
        if row.state != FirmwareState.INSTALLED:
            continue
        newer, package = offered.get(row.fqdd or row.name, ("", ""))
        found.append(
            FirmwarePart(
                id=row.id,
                name=row.name,
                version=row.version,
                kept=_version(others["previous"], row),
                waiting=_version(others["available"], row),
                newer=newer,
                package=package,
                component_type=row.component_type,
                component_id=row.component_id,
                fqdd=row.fqdd,
                installed_at=row.installed_at,
            )
        )
    return found


def _version(rows: list[FirmwareRow], part: FirmwareRow) -> str:
    """Of the entry for the same device; iDRAC7/8 name no device, then the component."""
    return next(
        (
            r.version
            for r in rows
            if (
                r.fqdd == part.fqdd
                if part.fqdd
                else (r.component_id, r.name) == (part.component_id, part.name)
            )
        ),
        "",
    )


def _offered(connection: Connection, server_id: int) -> dict[str, tuple[str, str]]:
    """Device → (newest version that is an upgrade, file) of the library's packages that fit this server."""
    machine = machines(connection, [server_id]).get(server_id)
    if machine is None or not machine.components:
        return {}
    i = LibraryItem
    best: dict[str, tuple[str, str]] = {}
    for name, identity in connection.execute(
        select(i.name, i.identity).where(i.kind == "package", i.state == "ok")
    ):
        if not identity:
            continue
        found = fit(Identity.model_validate(identity), machine)
        if found.verdict is not Verdict.FITS:
            continue
        version = str(identity.get("vendor_version", ""))
        for match in found.matches:
            place = match.component.fqdd or match.component.name
            known = best.get(place, ("", ""))[0]
            if match.order is Order.UPGRADE and (not known or compare(known, version) is Order.UPGRADE):
                best[place] = (version, name)
    return best
