"""Whether a package is for a server, decided before anything is sent, and naming why not.

iDRAC7, 8 and 9 all call their iDRAC component 25227: the model must match too, or an iDRAC9 image would go to an iDRAC8.
"""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass

from dsm_desktop.core.errors import BadInput
from dsm_desktop.core.states import Generation
from dsm_desktop.firmware.identity import Identity, PackageForm
from dsm_desktop.firmware.versions import Order, compare

_IMAGE_OF = {
    PackageForm.D7: (Generation.IDRAC7, Generation.IDRAC8),
    PackageForm.D9: (Generation.IDRAC9,),
    PackageForm.D10: (Generation.IDRAC10,),
}
_MODEL_BOUND = ("BIOS",)
_IDRAC = "25227"
_BRANDS = re.compile(r"^(dell\s*(emc)?|poweredge|powervault|precision)\s+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Component:
    """A firmware of a server as its inventory has it. `pci_ids` "VVVV:DDDD:SVSV:SDSD" or ""."""

    fqdd: str
    name: str
    version: str
    component_id: str = ""
    component_type: str = ""
    pci_ids: str = ""


@dataclass(frozen=True, slots=True)
class Machine:
    """A server as far as packages ask. `system_id` four hex digits, "" when it is not known; `model` as the BMC says it."""

    label: str
    model: str
    system_id: str = ""
    generation: Generation = Generation.OTHER
    components: tuple[Component, ...] = ()


class Verdict(enum.StrEnum):
    """FITS: model and a component match. MODEL: only the model is known to match (no inventory, or the part is not in it).
    WRONG_MODEL, NO_COMPONENT, NOT_FOR_IDRAC: refused. UNKNOWN: the package does not say what it is for."""

    FITS = "fits"
    MODEL = "model"
    WRONG_MODEL = "wrong model"
    NO_COMPONENT = "no component"
    NOT_FOR_IDRAC = "not for iDRAC"
    UNKNOWN = "unknown"


REFUSED = (Verdict.WRONG_MODEL, Verdict.NO_COMPONENT, Verdict.NOT_FOR_IDRAC)


class DoesNotFit(BadInput):
    """A package was chosen for a server it is not made for. Nothing was sent."""


@dataclass(frozen=True, slots=True)
class Match:
    """A component the package is for, and what installing would be there."""

    component: Component
    order: Order


@dataclass(frozen=True, slots=True)
class Fit:
    """`reason` in words, for the verdict alone; `matches` once per FQDD."""

    verdict: Verdict
    reason: str
    matches: tuple[Match, ...] = ()

    @property
    def refused(self) -> bool:
        return self.verdict in REFUSED


def fit(package: Identity, machine: Machine) -> Fit:
    """Whether the package is for this server."""
    if package.form is PackageForm.BIN:
        return Fit(
            Verdict.NOT_FOR_IDRAC,
            "a Linux package (.BIN); iDRACs take the Windows package (.EXE) of the same version",
        )
    if package.component_type == "DRVR":
        return Fit(Verdict.NOT_FOR_IDRAC, "drivers for an operating system, not firmware")
    if package.form in _IMAGE_OF:
        if machine.generation not in _IMAGE_OF[package.form]:
            wanted = " and ".join(str(g) for g in _IMAGE_OF[package.form])
            has = "an unknown BMC" if machine.generation is Generation.OTHER else machine.generation
            return Fit(Verdict.WRONG_MODEL, f"an image for {wanted}; this server has {has}")
    elif not _right_model(package, machine):
        return Fit(Verdict.WRONG_MODEL, _wrong_model(package, machine))
    if not package.devices:
        return Fit(Verdict.UNKNOWN, "the package does not say what it is for")
    matches = _matches(package, machine)
    if matches:
        return Fit(Verdict.FITS, "", matches)
    if not machine.components:
        return Fit(Verdict.MODEL, "the model matches; the server's firmware has not been read yet")
    names = ", ".join(sorted({d.name for d in package.devices if d.name})[:3]) or package.name
    return Fit(Verdict.NO_COMPONENT, f"this server has no such part ({names})")


def require_fit(package: Identity, machine: Machine, file: str) -> Fit:
    """The fit; DoesNotFit where it must not be sent."""
    found = fit(package, machine)
    if found.refused:
        raise DoesNotFit(
            f"{file} is not for {machine.label}: {found.reason}.",
            hint="Nothing was sent. Choose the package for this model.",
            where=machine.label,
        )
    return found


def _right_model(package: Identity, machine: Machine) -> bool:
    """By system id, by the model's name where the id is not known. A package without models is for every server, except
    BIOS and iDRAC, which are made for models."""
    if not package.systems:
        bound = package.component_type in _MODEL_BOUND or _IDRAC in package.component_ids
        return package.told_by == "file name" or package.form in _IMAGE_OF or not bound
    if machine.system_id:
        return any(system.system_id == machine.system_id for system in package.systems)
    wanted = short_model(machine.model)
    return bool(wanted) and any(short_model(system.name) == wanted for system in package.systems)


def short_model(name: str) -> str:
    """ "PowerEdge R750" → "r750"."""
    return _BRANDS.sub("", name.strip()).replace(" ", "").lower()


def _wrong_model(package: Identity, machine: Machine) -> str:
    if not package.systems:
        return "the package names no model"
    names = sorted({s.name or s.system_id for s in package.systems})
    listed = ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")
    ident = f" (system {machine.system_id})" if machine.system_id else ""
    return f"made for {listed}; this server is a {machine.model or 'model that is not known'}{ident}"


def _matches(package: Identity, machine: Machine) -> tuple[Match, ...]:
    """By PCI ids, else by component id; each part once."""
    pci = {ids for device in package.devices for ids in device.pci}
    found: dict[str, Match] = {}
    for component in machine.components:
        by_pci = bool(component.pci_ids) and component.pci_ids.upper() in pci
        by_id = bool(component.component_id) and component.component_id in package.component_ids
        if by_pci or by_id:
            order = compare(component.version, package.vendor_version)
            found.setdefault(component.fqdd or component.name, Match(component, order))
    return tuple(found.values())
