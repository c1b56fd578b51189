"""The two logs of an iDRAC: hardware events (SEL) and lifecycle events (Lclog), newest last in memory."""

from __future__ import annotations

import dataclasses
import random
from typing import Final

from dsm_desktop.simulator.texts import TEXTS, fill

SEL_LIMIT: Final = 1024
HISTORY_DAYS: Final = 90


@dataclasses.dataclass(frozen=True, slots=True)
class Entry:
    """One entry. `code` is the Dell message key for Lclog, eight hexadecimal digits for SEL."""

    number: int
    when: float
    code: str
    message: str
    args: tuple[str, ...]
    severity: str
    category: str
    sensor: str | None = None
    sensor_number: int = 0
    asserted: bool = True


_SEVERITY: Final = {"Informational": "OK", "Warning": "Warning", "Critical": "Critical"}
_CATEGORY: Final = {
    "USR": "Audit",
    "LOG": "Audit",
    "RAC": "Configuration",
    "JCP": "Configuration",
    "SYS": "Configuration",
    "PR1": "Updates",
    "PR3": "Updates",
    "RED": "Updates",
    "SUP": "Updates",
    "PDR": "Storage",
    "VDR": "Storage",
    "LC0": "Configuration",
}


class Log:
    """A log that numbers its entries from one and keeps at most `limit` of them."""

    def __init__(self, limit: int) -> None:
        self.entries: list[Entry] = []
        self._limit = limit
        self._next = 1

    def add(self, entry: Entry) -> None:
        """Append with the next number; the oldest entry goes when the log is full."""
        self.entries.append(dataclasses.replace(entry, number=self._next))
        self._next += 1
        if len(self.entries) > self._limit:
            del self.entries[0]

    def clear(self) -> None:
        """Remove all; numbering of a cleared SEL starts again, as on the device."""
        self.entries.clear()
        self._next = 1

    def find(self, number: str) -> Entry | None:
        """The entry with this Id."""
        if not number.isdigit() or not self.entries:
            return None
        index = int(number) - self.entries[0].number
        return self.entries[index] if 0 <= index < len(self.entries) else None


class Logs:
    """SEL and Lclog of one device, filled with some history and with what its ailment would have logged."""

    def __init__(self, seed: str, now: float, ailment: str, user: str, drive: str) -> None:
        self.sel = Log(SEL_LIMIT)
        self.lclog = Log(500_000)
        rng = random.Random(seed)
        start = now - HISTORY_DAYS * 86400
        self._first_sel(start)
        moments = sorted(rng.uniform(start, now - 7200) for _ in range(rng.randint(60, 140)))
        for when in moments:
            self._background(rng, when, user)
        self._ail(ailment, now - rng.uniform(3600, 7000), drive)

    def lc(self, when: float, code: str, *args: str) -> None:
        """Write a lifecycle entry."""
        text = TEXTS[code]
        category = _CATEGORY.get(code[:3], "SystemHealth")
        self.lclog.add(
            Entry(0, when, code, fill(text.message, args), args, _SEVERITY[text.severity], category)
        )

    def hardware(
        self,
        when: float,
        code: str,
        message: str,
        severity: str,
        sensor: str | None,
        number: int,
        asserted: bool = True,
    ) -> None:
        """Write a hardware event."""
        self.sel.add(Entry(0, when, code, message, (), severity, "SystemHealth", sensor, number, asserted))

    def _first_sel(self, when: float) -> None:
        self.hardware(when, "6f02ff04", "The Log has been cleared.", "OK", "Event Logging Disabled", 114)

    def _background(self, rng: random.Random, when: float, user: str) -> None:
        roll = rng.random()
        if roll < 0.55:
            address = f"10.20.0.{rng.randint(2, 250)}"
            self.lc(when, "USR0030", user, address, rng.choice(("REDFISH", "GUI", "RACADM")))
            self.lc(when + 40, "USR0032", user, address, "REDFISH")
        elif roll < 0.7:
            self.lc(when, "SYS1003")
            self.lc(when + 90, "LC061")
            self.hardware(when, "6f4201ff", "An OEM diagnostic event occurred.", "OK", None, 26)
        elif roll < 0.85:
            self.lc(when, "NIC100", "NIC in Slot 3", str(rng.randint(1, 2)))
            self.lc(when + 12, "NIC101", "NIC in Slot 3", "1")
        else:
            self.lc(when, "SYS336")

    def _ail(self, ailment: str, when: float, drive: str) -> None:
        if ailment == "drive":
            self.lc(when, "PDR3", drive, "")
            self.lc(when + 1, "VDR8", "Virtual Disk 1")
            self.hardware(
                when, "6f0dff01", "Fault detected on Drive 7 in disk drive bay 1.", "Critical", "Drive", 133
            )
        elif ailment == "psu":
            self.lc(when, "PSU0003", "2")
            self.hardware(
                when,
                "6f08ff03",
                "The power input for power supply 2 is lost.",
                "Critical",
                "Power Supply",
                99,
            )
        elif ailment == "inlet":
            self.lc(when, "TMP0120")
            self.hardware(
                when,
                "01015729",
                "The system inlet temperature is greater than the upper warning threshold.",
                "Warning",
                "Temperature",
                5,
            )
