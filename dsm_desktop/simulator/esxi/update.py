"""Updates: what esxcli works out from a depot and a host, what it refuses, and the minutes it takes."""

from __future__ import annotations

import dataclasses
import datetime as dt
from functools import partial
from typing import TYPE_CHECKING, Final

from dsm_desktop.simulator.esxi.course import UPDATE
from dsm_desktop.simulator.esxi.image import LEVELS, Image, Vib
from dsm_desktop.simulator.esxi.transaction import Transaction

if TYPE_CHECKING:
    from dsm_desktop.simulator.esxi.machine import Esxi

_LAST_LINE: Final = {"R620": 7, "R720": 7, "R820": 7, "R630": 8, "R730": 8, "R830": 8}
"""The last major version that takes the processors of a server."""
_OLD: Final = {"R640": 9, "R740": 9, "R840": 9}
"""The major version that warns of the processors of a server."""
_WORD: Final = {"PartnerSupported": "partner", "CommunitySupported": "community"}


class UpdateError(Exception):
    """esxcli's error: a name such as 'DependencyError', and its text."""

    def __init__(self, name: str, text: str) -> None:
        super().__init__(f"[{name}] {text}")
        self.name = name
        self.text = text


@dataclasses.dataclass(frozen=True, slots=True)
class Options:
    """The options of `esxcli software profile update` and `install` that change the outcome."""

    dry_run: bool = False
    downgrades: bool = False
    no_hardware_warning: bool = False
    remove: bool = False
    """--ok-to-remove."""
    pretend_maintenance: bool = False
    """--maintenance-mode."""
    no_live: bool = False


def plan_update(
    host: Esxi, profile: Image, whole: bool, options: Options, command: str, user: str
) -> Transaction:
    """Work out what would happen; `whole` makes the host equal to the profile (install). Raises UpdateError.

    Callers hold the host's lock.
    """
    _precheck_hardware(host, profile, options)
    now = host.banks.pending or host.banks.running
    mine = {v.name: v for v in now.vibs}
    wanted = {v.name: v for v in profile.vibs}
    older_ok = whole or options.downgrades
    installed = [v for v in profile.vibs if _takes(mine.get(v.name), v, older_ok)]
    names = {v.name for v in installed}
    skipped = [v for v in profile.vibs if v.name not in names]
    dropped = [v for v in now.vibs if v.name not in wanted] if whole else []
    removed = [mine[n] for n in sorted(names & mine.keys())] + dropped
    result = {n: v for n, v in mine.items() if v not in dropped} | {v.name: v for v in installed}
    vibs = tuple(result[n] for n in sorted(result))
    exact = {v.vib_id for v in vibs} == {v.vib_id for v in profile.vibs}
    base = next((v for v in installed if v.name == "esx-base"), None)
    source = profile if base is not None else now
    image = dataclasses.replace(
        source, name=profile.name if exact else f"(Updated) {profile.name}", vibs=vibs, vendor=profile.vendor
    )
    if dropped and not options.remove:
        raise UpdateError("ProfileVibRemoval", _removal_text(dropped))
    _check_rules(host, image, installed)
    reboot = any(not v.live for v in (*installed, *removed)) or (
        bool(installed or removed) and options.no_live
    )
    live_only = bool(installed or removed) and not reboot
    strict = host.faults.strike("maintenance_required") is not None and not options.dry_run
    if (live_only or strict) and not (host.maintenance or options.pretend_maintenance or options.dry_run):
        raise UpdateError("MaintenanceModeError", _maintenance_text(installed, removed))
    return Transaction(command, user, image, installed, removed, skipped, reboot)


def begin(host: Esxi, transaction: Transaction) -> None:
    """Start the minutes of a transaction. Raises UpdateError when another one is at work. Callers hold the lock."""
    check_lock(host)
    host.transaction = transaction
    pace = host.spec.pace.update
    slow = host.faults.strike("update_slow")
    pace *= slow["factor"] if slow else 1.0
    host.note(f"update_started:{transaction.image.build}", transaction.user, f"SSH {transaction.command}")
    write_log(host, f"Command = {transaction.command}")
    first = transaction.installed[0].vib_id if transaction.installed else ""
    for name, text in (
        ("no_space", "[Errno 28] No space left on device"),
        ("update_fails", "The host failed to write payload."),
    ):
        values = host.faults.strike(name)
        if values is not None:
            fail = partial(_failed, host, transaction, f"{text}\n       vibs = {first}")
            host.agenda.after(values["after"], UPDATE, fail)
            return
    cut = host.faults.strike("reboot_on_update")
    if cut is not None:
        host.agenda.after(cut["after"], UPDATE, host.course.down)
    host.agenda.after(pace, UPDATE, lambda when: _done(host, transaction))


def check_lock(host: Esxi) -> None:
    """Raises UpdateError while an update is at work on the host."""
    busy = host.transaction is not None and host.transaction.state == "running"
    if busy or host.faults.strike("locking") is not None:
        raise UpdateError(
            "LockingError", "Another process is updating the host: the lock /var/run/esxupdate.lock is held."
        )


def write_log(host: Esxi, text: str, level: str = "INFO") -> None:
    """A line of /var/log/esxupdate.log."""
    stamp = dt.datetime.fromtimestamp(host.agenda.now(), dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    host.log += [
        f"{stamp} esxupdate: 2101{len(host.log) % 1000:03d}: esxupdate: {level}: {line}"
        for line in text.splitlines()
    ]


def _done(host: Esxi, transaction: Transaction) -> None:
    transaction.state = "done"
    if transaction.reboot:
        host.banks.stage(transaction.image)
    else:
        host.banks.running = transaction.image
    host.note(f"update:{transaction.image.build}", transaction.user, f"SSH {transaction.command}")
    write_log(host, f"Installed {len(transaction.installed)} VIBs; reboot required: {transaction.reboot}")


def _failed(host: Esxi, transaction: Transaction, text: str, when: float) -> None:
    transaction.state, transaction.error = "failed", ("InstallationError", text)
    host.note("update_failed", transaction.user, f"SSH {transaction.command}")
    write_log(host, f"InstallationError: {text}", "ERROR")


def _takes(mine: Vib | None, offered: Vib, older_ok: bool) -> bool:
    if mine is None or offered.newer_than(mine):
        return True
    return older_ok and mine.version != offered.version


def _precheck_hardware(host: Esxi, profile: Image, options: Options) -> None:
    model = host.spec.model.rpartition(" ")[2]
    major = profile.line[0]
    values = host.faults.strike("hardware_error")
    if values is None and major > _LAST_LINE.get(model, 99):
        values = {
            "code": "CPU_SUPPORT",
            "text": "The CPU in this host is not supported by ESXi {version}. Please refer to the "
            "VMware Compatibility Guide (VCG) for the list of supported CPUs.",
        }
    start = f"Hardware precheck of profile {profile.name} failed with"
    if values is not None:
        text = str(values["text"]).format(version=profile.version)
        raise UpdateError("HardwareError", f"{start} errors: <{values['code']} ERROR: {text}>")
    values, kind = host.faults.strike("hardware_warning"), "WARNING"
    if values is None and major >= _OLD.get(model, 99):
        kind = "OVERRIDEWARNING"
        values = {
            "code": "CPU_SUPPORT",
            "text": "The CPUs in this host are not supported by ESXi {version}. You can override and force upgrade, "
            "but it is neither officially supported nor recommended. Please refer to KB 82794 for more details.",
        }
    if values is not None and not options.no_hardware_warning:
        text = str(values["text"]).format(version=profile.version)
        raise UpdateError(
            "HardwareError",
            f"{start} warnings: <{values['code']} {kind}: {text}>\n\n"
            " Apply --no-hardware-warning option to ignore the warnings and proceed with the transaction.",
        )


def _check_rules(host: Esxi, image: Image, installed: list[Vib]) -> None:
    """What fits together, what the host trusts, what there is room for. Raises UpdateError."""
    missing = [(v.vib_id, need) for v, need in image.missing()]
    fault = host.faults.strike("dependency")
    if fault is not None:
        missing.append((fault["vib"] or image.vibs[-1].vib_id, fault["needs"]))
    if missing:
        lines = (
            f"VIB {vib} requires {need}, but the requirement cannot be satisfied within the ImageProfile."
            for vib, need in missing
        )
        raise UpdateError("DependencyError", "\n ".join(lines))
    level = LEVELS.index(host.acceptance)
    loose = next((v for v in installed if LEVELS.index(v.acceptance) > level), None)
    if loose is not None:
        raise UpdateError(
            "AcceptanceConfigError",
            f"VIB {loose.vib_id}'s acceptance level is {_WORD.get(loose.acceptance, 'accepted')}, which is not "
            f"compliant with the ImageProfile acceptance level {_WORD.get(host.acceptance, 'certified')}\n"
            " To change the host acceptance level, use the 'esxcli software acceptance set' command.",
        )
    if image.size > host.banks.capacity:
        raise UpdateError(
            "InstallationError", f"[Errno 28] No space left on device\n       vibs = {image.vibs[0].vib_id}"
        )


def _removal_text(dropped: list[Vib]) -> str:
    return (
        "You attempted to install an image profile which would have resulted in the removal of VIBs "
        f"{[v.vib_id for v in dropped]}. If this is not what you intended, you may use the esxcli software profile "
        "update command to preserve the VIBs above. If this is what you intended, please use the --ok-to-remove "
        "option to explicitly allow the removal."
    )


def _maintenance_text(installed: list[Vib], removed: list[Vib]) -> str:
    remove, install = ([v.vib_id for v in vibs] for vibs in (removed, installed))
    return f"MaintenanceMode is required to remove: {remove}; install: {install}."
