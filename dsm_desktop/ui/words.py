"""Values as an operator reads them: times, ages, sizes, and the states with their icon, word and tone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any

from dsm_desktop.core.wording import plural as plural
from dsm_desktop.core.wording import sentence as sentence
from dsm_desktop.core.wording import shortened as shortened
from dsm_desktop.ui.theme import Tone


@dataclass(frozen=True, slots=True)
class Status:
    """A state as it is shown: icon and word and colour, never colour alone."""

    word: str
    icon: str
    tone: Tone


NONE = Status("", "status-none", Tone.MUTED)
_HEALTH = {
    "ok": Status("OK", "status-ok", Tone.OK),
    "warning": Status("Warning", "status-warning", Tone.WARNING),
    "critical": Status("Critical", "status-critical", Tone.CRITICAL),
    "unknown": Status("Unknown", "status-unknown", Tone.MUTED),
}
_POWER = {
    "on": Status("On", "status-on", Tone.OK),
    "off": Status("Off", "status-off", Tone.MUTED),
    "powering_on": Status("Powering on", "status-running", Tone.INFO),
    "powering_off": Status("Powering off", "status-running", Tone.INFO),
    "unknown": Status("Unknown", "status-unknown", Tone.MUTED),
}
_ACCESS = {
    "managed": Status("Managed", "status-ok", Tone.OK),
    "generic": Status("Read only", "status-info", Tone.INFO),
    "no_login": Status("Login refused", "lock", Tone.WARNING),
    "unreachable": Status("Unreachable", "status-critical", Tone.CRITICAL),
    "untrusted": Status("Certificate changed", "certificate", Tone.CRITICAL),
    "unknown": Status("Not read yet", "status-pending", Tone.MUTED),
}
_WORK = {
    "pending": Status("Waiting", "status-pending", Tone.MUTED),
    "waiting": Status("Waits its turn", "status-pending", Tone.MUTED),
    "left out": Status("Left out", "status-off", Tone.MUTED),
    "not begun": Status("Not begun", "status-off", Tone.MUTED),
    "scheduled": Status("Scheduled", "status-pending", Tone.INFO),
    "running": Status("Running", "status-running", Tone.INFO),
    "begun": Status("Running", "status-running", Tone.INFO),
    "stopped": Status("Stopped", "status-cancelled", Tone.MUTED),
    "paused": Status("Needs an answer", "question", Tone.WARNING),
    "cancelling": Status("Cancelling", "status-cancelled", Tone.WARNING),
    "completed": Status("Completed", "status-ok", Tone.OK),
    "done": Status("Done", "status-ok", Tone.OK),
    "completed with failures": Status("Completed with failures", "status-warning", Tone.WARNING),
    "failed": Status("Failed", "status-critical", Tone.CRITICAL),
    "cancelled": Status("Cancelled", "status-cancelled", Tone.MUTED),
    "standing": Status("To be restored", "restore", Tone.WARNING),
    "restored": Status("Restored", "status-ok", Tone.OK),
    "abandoned": Status("Given up", "status-cancelled", Tone.MUTED),
}
STALE_SECONDS = 86_400
_SUBSYSTEMS = {
    "cpu": "Processors",
    "processor": "Processors",
    "fan": "Fans",
    "psu": "Power supplies",
    "sel": "Event log",
    "licensing": "Licences",
    "temperature": "Temperatures",
    "voltage": "Voltages",
    "current": "Currents",
}
_LEVEL = {
    "info": Status("Info", "status-info", Tone.MUTED),
    "warning": Status("Warning", "status-warning", Tone.WARNING),
    "error": Status("Error", "status-critical", Tone.CRITICAL),
}


def health(value: str) -> Status:
    """core.states.Health."""
    return _HEALTH.get(value, _HEALTH["unknown"])


def power(value: str) -> Status:
    """core.states.PowerState."""
    return _POWER.get(value, _POWER["unknown"])


def access(value: str) -> Status:
    """core.states.Access."""
    return _ACCESS.get(value, _ACCESS["unknown"])


def work(value: str) -> Status:
    """State of a job, task, step or promise, or the outcome of a JobRow."""
    return _WORK.get(value, Status(value.capitalize(), "status-unknown", Tone.MUTED))


def level(value: str) -> Status:
    """Level of a line in a task's log."""
    return _LEVEL.get(value, _LEVEL["info"])


def severity(value: str) -> Status:
    """Severity of an entry in a device's log: a health word, where OK means information."""
    return _LEVEL["info"] if value == "ok" else health(value)


def ago(at: datetime | None, now: datetime | None = None) -> str:
    """An age in words: "just now", "12 min ago", "3 h ago", "5 days ago"; "never" for None."""
    if at is None:
        return "never"
    seconds = ((now or datetime.now(UTC)) - at).total_seconds()
    if seconds < -5:
        return f"in {span(-seconds)}"
    if seconds < 10:
        return "just now"
    return f"{span(seconds)} ago"


def age(at: datetime | None) -> Status:
    """An age that says so when it is more than a day: what is shown may not be true any more; or when it lies in the future,
    because a clock is wrong."""
    if at is None:
        return Status("never", "", Tone.MUTED)
    old = not -60 < (datetime.now(UTC) - at).total_seconds() <= STALE_SECONDS
    return Status(ago(at), "history" if old else "", Tone.WARNING if old else Tone.PLAIN)


def days_left(until: datetime | None) -> Status:
    """How long something still holds; a warning in the last 30 days."""
    if until is None:
        return NONE
    days = (until - datetime.now(UTC)).total_seconds() / 86_400
    if days < 0:
        return Status(f"expired {span(-days * 86_400)} ago", "status-critical", Tone.CRITICAL)
    tone = Tone.WARNING if days < 30 else Tone.PLAIN
    return Status(f"{days:.0f} days", "status-warning" if days < 30 else "", tone)


def pinned(shown: str, on_file: str) -> Status:
    """Whether the certificate that was seen is the one the program believes."""
    if not shown or not on_file:
        return Status("nothing pinned", "", Tone.MUTED)
    if shown == on_file:
        return Status("yes", "status-ok", Tone.OK)
    return Status("no: another one is shown", "status-warning", Tone.WARNING)


def subsystem(key: str) -> str:
    """A health roll-up by its name, as Dell's own pages say it."""
    return _SUBSYSTEMS.get(key.lower(), sentence(key))


def span(seconds: float) -> str:
    """A length of time in its largest unit: 45 s, 12 min, 3 h, 5 days. A negative one (a clock set back meanwhile) is 0 s."""
    seconds = max(0.0, seconds)
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 90 * 60:
        return f"{seconds / 60:.0f} min"
    if seconds < 36 * 3600:
        return f"{seconds / 3600:.0f} h"
    return f"{seconds / 86_400:.0f} days"


_zone: list[tzinfo | None] = [None]


def show_utc(on: bool) -> None:
    """Show times in UTC instead of local time (a setting of the site)."""
    _zone[0] = UTC if on else None


def stamp(at: datetime | None) -> str:
    """Date and time to the second, local or UTC as the site chose."""
    return "" if at is None else at.astimezone(_zone[0]).strftime("%Y-%m-%d %H:%M:%S")


def stamp_tip(at: datetime | None) -> str:
    """For a tool tip: local time, UTC and age."""
    if at is None:
        return "never"
    return f"{at.astimezone():%Y-%m-%d %H:%M:%S} local\n{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC\n{ago(at)}"


def plain(value: Any) -> str:
    """Any value of a document as text: lists and tables without brackets and quotes."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return ", ".join(f"{name} {plain(inner)}" for name, inner in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(plain, value))
    return "none" if value is None or value == "" else str(value)


def size(count: int | None) -> str:
    """Bytes in decimal units, as drives are sold: 960 GB, 1.92 TB."""
    if count is None:
        return ""
    value = float(count)
    for unit in ("B", "kB", "MB", "GB", "TB", "PB"):
        if value < 1000 or unit == "PB":
            return f"{value:.3g} {unit}" if value < 100 else f"{value:.0f} {unit}"
        value /= 1000
    return ""


def binary_size(count: int | None) -> str:
    """Bytes in binary units, as memory is sold and as vCenter counts everything: 32 GiB."""
    if count is None:
        return ""
    value = count / 2**20
    for unit in ("MiB", "GiB", "TiB", "PiB"):
        if value < 1024 or unit == "PiB":
            return f"{value:.3g} {unit}" if value < 100 else f"{value:.0f} {unit}"
        value /= 1024
    return ""


def number(value: float | None, unit: str = "") -> str:
    """A reading without needless digits; empty for None."""
    if value is None:
        return ""
    text = f"{value:.0f}" if abs(value) >= 100 or float(value).is_integer() else f"{value:.1f}"
    return f"{text} {unit}".rstrip()


_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z][a-z])")


def spaced(text: str) -> str:
    """A device's own name for a value as words: "ProtectedWriteBack" -> "Protected write back". What holds a space or no hump
    stays as it is."""
    parts = [] if " " in text else _HUMP.split(text)
    return " ".join([parts[0], *(part.lower() for part in parts[1:])]) if len(parts) > 1 else text


def yes_no(value: Any) -> str:
    """A tri-state: yes, no, or empty where it was not read."""
    return "" if value is None else "yes" if value else "no"
