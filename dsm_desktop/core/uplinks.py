"""The physical network ports of an ESXi host, and what of them was lost between two looks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

_BMC_PORT = "vusb"
"""The USB port by which the iDRAC speaks to its host: a switch of its own, no VM, and it restarts with the iDRAC."""


@dataclass(frozen=True, slots=True)
class Uplink:
    """A physical port ("vmnic0"). `mbit` Mb/s, 0 = no link; `switch` the virtual switch that uses it, "" = none."""

    name: str
    mbit: int
    switch: str = ""

    @property
    def speed(self) -> str:
        """As people say it: "25 Gb/s"."""
        if not self.mbit:
            return "no link"
        return f"{self.mbit / 1000:g} Gb/s" if self.mbit >= 1000 else f"{self.mbit} Mb/s"


def lost(before: Iterable[Uplink], now: Iterable[Uplink]) -> list[str]:
    """Ports that a switch used and that had a link, and are missing, down, slower or in no switch now; with what they were.
    A port without a link or a switch is nobody's loss."""
    found = {port.name: port for port in now}
    losses = []
    for port in before:
        if not port.mbit or not port.switch or port.name.startswith(_BMC_PORT):
            continue
        shown = found.get(port.name)
        if shown is None:
            state = "missing"
        elif shown.mbit < port.mbit:
            state = shown.speed
        elif not shown.switch:
            state = "in no switch"
        else:
            continue
        losses.append(f"uplink {port.name} of {port.switch} ({port.speed} before, {state} now)")
    return losses
