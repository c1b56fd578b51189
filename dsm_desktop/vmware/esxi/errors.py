"""How a command on an ESXi host fails, as typed errors with the next step."""

from __future__ import annotations

import re

from dsm_desktop.core.errors import Blame, DsmError
from dsm_desktop.core.redact import masked_text

_NAMED = re.compile(r"^\s*\[(?P<name>\w+)\]\s*$", re.M)
_LOG = re.compile(r"\s*Please refer to the log file for more details\.\s*", re.I)
_PRECHECK = re.compile(r"<(?P<code>[A-Z_]+) (?P<kind>[A-Z]+): (?P<text>[^>]*)>")


class EsxcliError(DsmError):
    """A command ended with an error. `error` is esxcli's own name of it ("DependencyError", "" where it gave none)."""

    blame = Blame.PEER
    todo = "Read the text; /var/log/esxupdate.log on the host says more."

    def __init__(
        self, message: str, *, error: str = "", where: str = "", hint: str = "", detail: str = ""
    ) -> None:
        super().__init__(message, hint=hint or self.todo, where=where, detail=detail)
        self.error = error


class HardwareRefused(EsxcliError):
    """The precheck found errors in the hardware; no option helps."""

    todo = "This server cannot run the new version: stay on the older line, or replace the named part. No option overrides it."


class HardwareWarned(EsxcliError):
    """The precheck found warnings only; the operator may pass them on purpose."""

    todo = "Look the part up in the vendor's compatibility list; to go on all the same, run it again with 'Pass hardware warnings'."


class ProfileNotFound(EsxcliError):
    """The depot has no image profile of this name."""

    todo = "Take the exact name from the depot's list (upper and lower case count)."


class VibConflict(EsxcliError):
    """An installed package does not fit the new image."""

    todo = "Remove the named package or bring its new version into the image (for NSX use its own manager), then try again."


class DepotUnreadable(EsxcliError):
    """The depot is not there, cannot be reached, or is no offline bundle."""

    todo = "Give the whole path (/vmfs/volumes/…/bundle.zip) or a URL the host can reach; it must be an offline bundle, not an ISO."


class NoSpace(EsxcliError):
    """A boot bank, the locker or the scratch area is full."""

    todo = (
        "Remove packages that are not needed, or give the update swap: esxcli sched swap system set --datastore-enabled true "
        "--datastore-name NAME."
    )


class InstallFailed(EsxcliError):
    """The installation stopped half way. The running image is untouched."""

    todo = "The host still starts from its present image. Read /var/log/esxupdate.log, mend the cause, then try again."


class AcceptanceRefused(EsxcliError):
    """A package is of a lower acceptance level than the host takes."""

    todo = "Choose a profile of a higher level, or remove the package; lowering the host's level weakens it."


class NeedsMaintenance(EsxcliError):
    """The host must be in maintenance mode first."""

    todo = "Put the host into maintenance mode, then try again."


class UpdateLocked(EsxcliError):
    """Another update runs on the host."""

    todo = "Wait until it has ended (vLCM or another administrator); look in vCenter's tasks who started it."


class NotUnderstood(EsxcliError):
    """A command worked, and what it printed has another form than known."""

    todo = "Compare with the detail; this version of ESXi may print it differently. Report it."


_BY_NAME: dict[str, type[EsxcliError]] = {
    "NoMatchError": ProfileNotFound,
    "DependencyError": VibConflict,
    "MetadataDownloadError": DepotUnreadable,
    "MetadataFormatError": DepotUnreadable,
    "VibDownloadError": DepotUnreadable,
    "InstallationError": InstallFailed,
    "AcceptanceConfigError": AcceptanceRefused,
    "AcceptanceGetError": AcceptanceRefused,
    "VibSigError": AcceptanceRefused,
    "MaintenanceModeError": NeedsMaintenance,
    "LockingError": UpdateLocked,
}


def error_of(command: str, status: int, text: str, where: str) -> EsxcliError:
    """The error a command's whole text (both streams) tells of."""
    named = _NAMED.search(text)
    name = named["name"] if named else ""
    body = _LOG.sub("", text[named.end() :] if named else text)
    said = " ".join(body.split()) or f"'{command}' ended with status {status} and said nothing"
    kind = _kind(name, said)
    return kind(
        _sentence(kind, said), error=name, where=where, detail=masked_text(text.strip()[-8000:])[-4000:]
    )


def _kind(name: str, said: str) -> type[EsxcliError]:
    lower = said.lower()
    if "errno 28" in lower or "no space left" in lower:
        return NoSpace
    if name == "HardwareError" or "hardware precheck" in lower:
        errors = [m["kind"] for m in _PRECHECK.finditer(said) if "WARNING" not in m["kind"]]
        return HardwareRefused if errors or "with errors" in lower else HardwareWarned
    if name in _BY_NAME:
        return _BY_NAME[name]
    if "another process is updating" in lower:
        return UpdateLocked
    if "no image profile found" in lower:
        return ProfileNotFound
    return EsxcliError


def _sentence(kind: type[EsxcliError], said: str) -> str:
    """What an operator reads: the precheck's findings without their brackets, the rest as esxcli said it, not too long."""
    found = [f"{m['code']}: {m['text'].strip()}" for m in _PRECHECK.finditer(said)]
    if found and kind in (HardwareRefused, HardwareWarned):
        word = "refuses" if kind is HardwareRefused else "warns of"
        return f"ESXi's hardware precheck {word} this server: {'; '.join(found)}"
    return said if len(said) <= 600 else f"{said[:600]}…"
