"""How a server starts: order, one-time override, mode, HTTP boot. Where each is written moved with iDRAC10."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dsm_desktop.net.links import safe_path
from dsm_desktop.redfish.bios import bios_document, job_of
from dsm_desktop.redfish.documents import Doc, link
from dsm_desktop.redfish.errors import Missing, Unsupported
from dsm_desktop.redfish.values import dig, text

if TYPE_CHECKING:
    from dsm_desktop.redfish.client import RedfishClient


@dataclass(frozen=True, slots=True)
class BootOption:
    """One entry of the boot order: `id` as the order names it, `path` the UEFI device path where known."""

    id: str
    name: str = ""
    enabled: bool = True
    path: str = ""


@dataclass(frozen=True, slots=True)
class BootState:
    """Order and one-time override as the device tells them. `mode` UEFI | Legacy | ""; `targets` what an override may name.

    `takes_http_uri`: whether the address of an HTTP boot can stand beside the override. No recorded iDRAC has that: there it
    is a BIOS setting (HttpDev1Uri).
    """

    mode: str
    options: tuple[BootOption, ...]
    override_target: str
    override_enabled: str
    override_device: str
    http_uri: str
    targets: tuple[str, ...]
    modes: tuple[str, ...] = field(default=())
    takes_http_uri: bool = False

    @property
    def order(self) -> tuple[str, ...]:
        return tuple(option.id for option in self.options)

    def as_override(self) -> dict[str, str]:
        """The override as the boot history keeps it."""
        found = {
            "target": self.override_target,
            "enabled": self.override_enabled,
            "device": self.override_device,
            "http": self.http_uri,
        }
        return {name: value for name, value in found.items() if value and value not in ("None", "Disabled")}


def read_boot(client: RedfishClient) -> BootState:
    """System.Boot with the names of its options. On iDRAC10 the allowed targets stand in the system's Settings only."""
    system = client.system()
    boot = _object(system.get("Boot"))
    options = {o.id: o for o in _options(client, boot)}
    order = [text(ref) for ref in boot.get("BootOrder") or () if text(ref)]
    settings = _object(_settings(client, system).get("Boot"))
    targets = _allowed(boot, "BootSourceOverrideTarget") or _allowed(settings, "BootSourceOverrideTarget")
    mode = text(boot.get("BootSourceOverrideMode"))
    return BootState(
        mode=mode or ("UEFI" if any(ref.startswith("Boot0") for ref in order) else _bios_mode(client)),
        options=tuple(options.get(ref, BootOption(ref)) for ref in order) or tuple(options.values()),
        override_target=text(boot.get("BootSourceOverrideTarget")) or "None",
        override_enabled=text(boot.get("BootSourceOverrideEnabled")) or "Disabled",
        override_device=text(boot.get("UefiTargetBootSourceOverride")),
        http_uri=text(boot.get("HttpBootUri")),
        targets=targets,
        modes=_allowed(boot, "BootSourceOverrideMode"),
        takes_http_uri="HttpBootUri" in boot or "HttpBootUri" in settings,
    )


def _bios_mode(client: RedfishClient) -> str:
    """iDRAC7/8 tell the mode among the BIOS settings only."""
    with contextlib.suppress(Missing, Unsupported):
        found = text(dig(bios_document(client), "Attributes", "BootMode"))
        return {"Uefi": "UEFI", "Bios": "Legacy"}.get(found, "")
    return ""


def set_override(
    client: RedfishClient, target: str, *, device: str = "", http_uri: str = "", continuous: bool = False
) -> str:
    """One-time (or lasting) boot source. Takes effect at the next restart without a job; a JID where the firmware makes one.

    The mode is never sent along: it would make a BIOS job of its own.
    """
    boot: dict[str, Any] = {"BootSourceOverrideTarget": target}
    if target != "None":
        boot["BootSourceOverrideEnabled"] = "Continuous" if continuous else "Once"
    if device:
        boot["UefiTargetBootSourceOverride"] = device
    if http_uri:
        boot["HttpBootUri"] = http_uri
    return _patch(client, {"Boot": boot}, "BootSourceOverrideTarget")


def set_order(client: RedfishClient, order: list[str]) -> str:
    """The boot order in full; the JID of the job that applies it at the next restart, "" where the firmware made none."""
    return _patch(client, {"Boot": {"BootOrder": order}}, "BootOrder")


def _patch(client: RedfishClient, body: Doc, what: str) -> str:
    """To the system, or to its Settings where the device has one that takes it (iDRAC10, late iDRAC9)."""
    system = client.system()
    path = safe_path(link({"": system}, ""), where=client.transport.name)
    settings = _settings(client, system)
    own = _object(system.get("Boot"))
    there = _object(settings.get("Boot"))
    if settings and (what in there or not own or f"{what}@Redfish.AllowableValues" in there):
        path = safe_path(link({"": settings}, ""), where=client.transport.name)
    elif what not in own:
        raise Unsupported(
            f"this server does not offer {what}",
            hint="Set it in BIOS settings, or by a configuration profile.",
            where=client.transport.name,
        )
    return job_of(client, client.call("PATCH", path, body, timeout=120))


def _settings(client: RedfishClient, system: Doc) -> Doc:
    path = link(system, "@Redfish.Settings", "SettingsObject")
    if not path:
        return {}
    try:
        return client.get(safe_path(path))
    except Missing:
        return {}


def _options(client: RedfishClient, boot: Doc) -> list[BootOption]:
    path = link(boot, "BootOptions")
    if not path:
        return []
    try:
        members = client.documents.members(safe_path(path))
    except Missing:
        return []
    return [
        BootOption(
            text(doc.get("BootOptionReference")) or text(doc.get("Id")),
            text(doc.get("DisplayName")) or text(doc.get("Name")),
            doc.get("BootOptionEnabled") is not False,
            text(doc.get("UefiDevicePath")),
        )
        for doc in members
    ]


def _allowed(boot: Doc, name: str) -> tuple[str, ...]:
    values = dig(boot, f"{name}@Redfish.AllowableValues")
    # Not by `text`, for which "None" says nothing: here it is a value.
    return tuple(v for v in values if isinstance(v, str)) if isinstance(values, list) else ()


def _object(value: Any) -> Doc:
    return value if isinstance(value, dict) else {}
