"""Names of firmware inventory rows."""

from __future__ import annotations

from dsm_desktop.simulator.hardware.parts import Software
from dsm_desktop.simulator.personas import Persona
from dsm_desktop.simulator.tree.base import UPDATE


def software_id(persona: Persona, row: Software) -> str:
    """'Installed-159-1.8.2__BIOS.Setup.1-1'; iDRAC7/8 leave the FQDD out unless two rows would collide."""
    base = f"{row.state}-{row.component}-{row.version}"
    return f"{base}__{row.fqdd}" if persona.firmware_fqdd else base


def software_path(persona: Persona, row: Software) -> str:
    """URI of a row."""
    return f"{UPDATE}/FirmwareInventory/{software_id(persona, row)}"
