"""BIOS settings over Redfish: read, stage, withdraw, reset; and the registry that describes them.

A PATCH of Bios/Settings only stages; a job applies it while the server restarts. Paths and actions are followed, never put together.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from dsm_desktop.configuration.registry import Registry, parse_registry
from dsm_desktop.core.inventory import Scalar
from dsm_desktop.net.answer import Answer
from dsm_desktop.net.links import own_path, safe_path
from dsm_desktop.redfish.documents import Doc, link, links
from dsm_desktop.redfish.errors import Missing, RedfishError, Unsupported
from dsm_desktop.redfish.services import action
from dsm_desktop.redfish.values import dig, objects, scalars, text

if TYPE_CHECKING:
    from dsm_desktop.redfish.client import RedfishClient

PENDING_BLOCKED = {"SYS011"}
"""A configuration job for the component stands already; nothing can be staged until it has run or is deleted."""
NOTHING_STAGED = {"RAC1035", "SYS023"}


@dataclass(frozen=True, slots=True)
class BiosState:
    """What BIOS is now and what waits. `settings_uri` is where changes are staged; `apply_times` what the firmware offers."""

    attributes: dict[str, Scalar] = field(repr=False)
    pending: dict[str, Scalar]
    registry: str
    firmware: str
    settings_uri: str
    apply_times: tuple[str, ...]


def read_bios(client: RedfishClient) -> BiosState:
    """Present and pending settings: three GETs (System, Bios, Settings). Raises Unsupported without BIOS settings."""
    system = client.system()
    doc = bios_document(client, system)
    settings_uri = settings_uri_of(client, doc)
    pending = client.get(settings_uri).get("Attributes")
    attributes = doc.get("Attributes")
    return BiosState(
        attributes=scalars(attributes),
        pending=scalars(pending),
        registry=text(doc.get("AttributeRegistry")),
        firmware=" ".join(p for p in (text(system.get("Model")), text(system.get("BiosVersion"))) if p),
        settings_uri=settings_uri,
        apply_times=tuple(
            text(t) for t in dig(doc, "@Redfish.Settings", "SupportedApplyTimes") or () if text(t)
        ),
    )


def bios_document(client: RedfishClient, system: Doc | None = None) -> Doc:
    """The Bios resource the system links to."""
    path = link(system if system is not None else client.system(), "Bios")
    if not path:
        raise Unsupported(
            "this server shows no BIOS settings over Redfish",
            hint="Update the iDRAC, or use a configuration profile.",
            where=client.transport.name,
        )
    return client.get(safe_path(path, where=client.transport.name), slow=True)


def settings_uri_of(client: RedfishClient, doc: Doc) -> str:
    """Where a resource's changes are staged (`@Redfish.Settings`)."""
    path = link(doc, "@Redfish.Settings", "SettingsObject")
    if not path:
        raise Unsupported(
            "the device names no place for pending settings",
            hint="Update the iDRAC.",
            where=client.transport.name,
        )
    return safe_path(path, where=client.transport.name)


def read_registry(client: RedfishClient, name: str, *, component: str = "") -> Registry:
    """The registry of that name: by the device's list of registries, of the same family where the version differs.

    A recorded R750 names BiosAttributeRegistry.v1_0_3 in Bios and v1_0_0 in the list. 1 to 7 MB, so read it once a firmware.
    """
    family = name.partition(".")[0]
    registries = link(client.root(), "Registries")
    if not family or not registries:
        raise Missing("the device describes no settings", where=client.transport.name)
    members = client.get(safe_path(registries), slow=True).get("Members")
    for path in links(members):
        if path.rpartition("/")[2].partition(".")[0] != family:
            continue
        entry = client.get(safe_path(path))
        places = objects(entry.get("Location"))
        wanted = next((p for p in places if text(p.get("Language")).startswith("en")), next(iter(places), {}))
        if uri := wanted.get("Uri"):
            return parse_registry(client.get(safe_path(uri), slow=True), component=component)
    raise Missing(
        f"the device has no registry {name}",
        hint="Settings are written without a check beforehand; the device decides.",
        where=client.transport.name,
    )


@dataclass(frozen=True, slots=True)
class Window:
    """A maintenance window on the device's own clock: `start` with its UTC offset, `seconds` long."""

    start: datetime
    seconds: int
    only_on_reset: bool = False


def stage(
    client: RedfishClient,
    settings_uri: str,
    values: Mapping[str, Any],
    *,
    apply: str = "",
    window: Window | None = None,
) -> str:
    """PATCH of pending settings. Returns the JID where the device made the job itself (`apply` "OnReset", or a window), else "".

    Raises RedfishError: SYS011 while a job stands, SYS410/444 read-only by dependency, SYS424 to 429 bad values.
    """
    body: dict[str, Any] = {"Attributes": dict(values)}
    if window is not None:
        kind = "InMaintenanceWindowOnReset" if window.only_on_reset else "AtMaintenanceWindowStart"
        body["@Redfish.SettingsApplyTime"] = {
            "ApplyTime": kind,
            "MaintenanceWindowStartTime": window.start.isoformat(timespec="seconds"),
            "MaintenanceWindowDurationInSeconds": window.seconds,
        }
    elif apply:
        body["@Redfish.SettingsApplyTime"] = {"ApplyTime": apply}
    return job_of(client, client.call("PATCH", settings_uri, body, timeout=120))


def job_of(client: RedfishClient, answer: Answer) -> str:
    """The JID in an answer's Location, "" when the call made no job (nothing really changed: 200 and no job)."""
    location = answer.headers.get("location", "")
    if not location:
        return ""
    name = own_path(location, client.transport.endpoint.authority).rstrip("/").rpartition("/")[2]
    return name if name.startswith("JID_") else ""


def pending_settings(client: RedfishClient, settings_uri: str) -> dict[str, Scalar]:
    """What is staged at a settings URI now."""
    return scalars(client.get(settings_uri).get("Attributes"))


def clear_pending(client: RedfishClient, settings_uri: str) -> bool:
    """Withdraws what is staged; False when nothing was. Refused once a job exists: delete the job first."""
    doc = client.get(settings_uri)
    target = action(client, doc, "ClearPending")
    try:
        client.call("POST", target, {})
    except RedfishError as error:
        if set(error.ids) & NOTHING_STAGED:
            return False
        raise
    return True


RESET_ASKED = "RAC1133"
"""Lifecycle log: all BIOS settings go back to default at the next restart ("BIOSRTDRequested … modified successfully")."""


def reset_bios(client: RedfishClient) -> None:
    """All BIOS settings back to default at the next restart (RAC1133 in the lifecycle log)."""
    client.call("POST", action(client, bios_document(client), "ResetBios"), {})


def change_password(client: RedfishClient, name: str, old: str, new: str) -> None:
    """Stage a new setup or system password ("SetupPassword", "SysPassword"; "" = none); like any setting it takes a job and a
    restart. Raises RedfishError where the old one is wrong, Unsupported where the firmware has no such action."""
    body = {"PasswordName": name, "OldPassword": old, "NewPassword": new}
    client.call("POST", action(client, bios_document(client), "ChangePassword"), body, timeout=120)
