"""Wording of the messages the simulator uses, one module per capability.

Ids, arguments and severities as in Dell's message registry (iDRAC9 6.00.30, EEMI 2.7). A new capability adds a module
with its own dictionary here; the device's message registry, its logs and its errors then know them.
"""

from __future__ import annotations

from typing import Final

from dsm_desktop.simulator.texts.base import BASE_TEXTS
from dsm_desktop.simulator.texts.general import GENERAL
from dsm_desktop.simulator.texts.jobs import JOBS
from dsm_desktop.simulator.texts.media import MEDIA
from dsm_desktop.simulator.texts.profiles import PROFILES
from dsm_desktop.simulator.texts.services import SERVICES
from dsm_desktop.simulator.texts.settings import SETTINGS
from dsm_desktop.simulator.texts.text import Text, fill
from dsm_desktop.simulator.texts.updates import UPDATES

TEXTS: Final[dict[str, Text]] = {**GENERAL, **MEDIA, **JOBS, **PROFILES, **SERVICES, **SETTINGS, **UPDATES}

__all__ = ["BASE_TEXTS", "TEXTS", "Text", "fill"]
