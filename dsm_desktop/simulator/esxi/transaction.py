"""An update in work on a host: it takes minutes, holds the lock of updates, and goes on whoever looks away."""

from __future__ import annotations

import dataclasses
from typing import Literal

from dsm_desktop.simulator.esxi.image import Image, Vib


@dataclasses.dataclass(slots=True)
class Transaction:
    """One run of esxcli that changes images. `vibs` are as the result will list them; `error` is a name and its text.

    `interrupted` transactions ended with the host; nothing of them is left.
    """

    command: str
    user: str
    image: Image
    installed: list[Vib]
    removed: list[Vib]
    skipped: list[Vib]
    reboot: bool
    state: Literal["running", "done", "failed", "interrupted"] = "running"
    error: tuple[str, str] = ("", "")
