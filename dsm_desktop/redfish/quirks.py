"""What differs between generations, as data. Feature detection from the device's own documents comes first.

Sources: captures of R750 6.00.30, R640 7.00.00, 13G 2.41/2.65; Dell's OpenAPI of iDRAC10 1.30; Dell's script issues.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from dsm_desktop.core.states import Generation


@dataclass(frozen=True, slots=True)
class Quirks:
    """How to talk to one generation. Seconds for `read_timeout` (one document) and `slow_timeout` (expanded collections).

    `system`, `manager`, `chassis` spare a GET of the collection where the path is the same on every Dell; "" elsewhere.
    """

    in_flight: int = 2
    read_timeout: float = 30.0
    slow_timeout: float = 120.0
    expand: bool = False
    trust_graceful_restart: bool = True
    system: str = "/redfish/v1/Systems/System.Embedded.1"
    manager: str = "/redfish/v1/Managers/iDRAC.Embedded.1"
    chassis: str = "/redfish/v1/Chassis/System.Embedded.1"


QUIRKS: dict[Generation, Quirks] = {
    # iDRAC7/8 answer slowly (Memory > 10 s) and one call at a time; GracefulRestart resets hard on 2.60.
    Generation.IDRAC7: Quirks(1, 60.0, 180.0, expand=False, trust_graceful_restart=False),
    Generation.IDRAC8: Quirks(1, 60.0, 180.0, expand=False, trust_graceful_restart=False),
    Generation.IDRAC9: Quirks(2, 30.0, 120.0, expand=True),
    Generation.IDRAC10: Quirks(2, 30.0, 120.0, expand=True),
    Generation.OTHER: Quirks(2, 30.0, 120.0, system="", manager="", chassis=""),
}

_G = re.compile(r"\b(\d\d)G\b", re.IGNORECASE)


def generation_of(*models: str) -> Generation:
    """From Manager.Model or DellSystem.SystemGeneration ("15G Monolithic"); OTHER when none names a generation.

    Never from the firmware number: iDRAC10 restarted at 1.x.
    """
    for model in models:
        match = _G.search(model or "")
        if match:
            number = int(match[1])
            if number >= 17:
                return Generation.IDRAC10
            if number >= 14:
                return Generation.IDRAC9
            if number in (12, 13):
                return Generation.IDRAC7 if number == 12 else Generation.IDRAC8
    return Generation.OTHER


_POWEREDGE = re.compile(r"PowerEdge [A-Z]{1,3}\d(\d)\d", re.IGNORECASE)


def generation_of_model(model: str) -> Generation:
    """From a PowerEdge name, whose second digit is the generation since 12G (R620, R730xd, R6515, XE9680, R7725); else OTHER.

    For ComputerSystem documents of iDRAC7/8, which have no Dell object that tells.
    """
    match = _POWEREDGE.search(model)
    return generation_of(f"1{match[1]}G") if match else Generation.OTHER


def guess_generation(root: dict[str, Any]) -> Generation:
    """Before login, from the service root alone: good enough to choose manners, never shown.

    RedfishVersion seen: 1.0 to 1.4 on iDRAC7/8, 1.9 to 1.18 on iDRAC9, 1.20 on iDRAC10.
    """
    oem = root.get("Oem")
    if not isinstance(oem, dict) or "Dell" not in oem:
        return Generation.OTHER
    match = re.match(r"1\.(\d+)", str(root.get("RedfishVersion")))
    minor = int(match[1]) if match else 0
    if minor <= 4:
        return Generation.IDRAC8
    return Generation.IDRAC9 if minor < 20 else Generation.IDRAC10


def can_expand(root: dict[str, Any], quirks: Quirks) -> bool:
    """Whether `$expand=*($levels=1)` works: the root says so itself on iDRAC9 and newer."""
    features = root.get("ProtocolFeaturesSupported")
    if isinstance(features, dict) and isinstance(features.get("ExpandQuery"), dict):
        return bool(features["ExpandQuery"].get("ExpandAll"))
    return quirks.expand
