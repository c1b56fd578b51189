"""Values as an operator reads them: times, ages, sizes, and the states with their icon, word and tone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any

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
    "scheduled": Status("Scheduled", "status-pending", Tone.INFO),
    "running": Status("Running", "status-running", Tone.INFO),
    "begun": Status("Running", "status-running", Tone.INFO),
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
    """An age that says so when it is more than a day: what is shown may not be true any more."""
    if at is None:
        return Status("never", "", Tone.MUTED)
    old = (datetime.now(UTC) - at).total_seconds() > STALE_SECONDS
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
    """A length of time in its largest unit: 45 s, 12 min, 3 h, 5 days."""
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
    """Bytes in binary units, as memory is sold: 32 GiB."""
    return (
        "" if count is None else f"{count / 2**30:.3g} GiB" if count >= 2**30 else f"{count / 2**20:.0f} MiB"
    )


def number(value: float | None, unit: str = "") -> str:
    """A reading without needless digits; empty for None."""
    if value is None:
        return ""
    text = f"{value:.0f}" if abs(value) >= 100 or float(value).is_integer() else f"{value:.1f}"
    return f"{text} {unit}".rstrip()


def sentence(word: str) -> str:
    """An enumeration value or name as a label: "force_restart" -> "Force restart"."""
    text = word.replace("_", " ").strip()
    return text[:1].upper() + text[1:]


def plural(count: int, noun: str) -> str:
    """ "1 server", "12 servers"."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def yes_no(value: Any) -> str:
    """A tri-state: yes, no, or empty where it was not read."""
    return "" if value is None else "yes" if value else "no"


def shortened(text: str, most: int) -> str:
    """At most so many characters, with an ellipsis where something is left out."""
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"
