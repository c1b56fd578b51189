"""esxcli software: VIBs, image profiles, depots and updates."""

from __future__ import annotations

import datetime as dt
from typing import Final

from dsm_desktop.simulator.esxi.commands.answer import Answer, Row
from dsm_desktop.simulator.esxi.commands.call import Call
from dsm_desktop.simulator.esxi.commands.esxcli import Failure, command
from dsm_desktop.simulator.esxi.commands.options import Option, Parsed, text, truth
from dsm_desktop.simulator.esxi.depot import BadDepot, read_bundle
from dsm_desktop.simulator.esxi.download import DownloadFailed, downloaded
from dsm_desktop.simulator.esxi.files import Files
from dsm_desktop.simulator.esxi.image import LEVELS, Image, Vib
from dsm_desktop.simulator.esxi.transaction import Transaction
from dsm_desktop.simulator.esxi.update import Options, UpdateError, begin, check_lock, plan_update, write_log

_DEPOT: Final = Option("depot", "d", needed=True)
_UPDATE: Final = (
    _DEPOT,
    Option("profile", "p", needed=True),
    Option("dry-run", flag=True),
    Option("allow-downgrades", flag=True),
    Option("force", "f", flag=True),
    Option("maintenance-mode", flag=True),
    Option("no-hardware-warning", flag=True),
    Option("no-live-install", flag=True),
    Option("no-sig-check", flag=True),
    Option("ok-to-remove", flag=True),
    Option("proxy"),
)
_REBOOT: Final = (
    "The update completed successfully, but the system needs to be rebooted for the changes to be effective."
)
_NEW_ORDER: Final = "8.0.3"
"""From here on "Reboot Required" comes after the lists, and "DPU Results" follows."""


@command("software vib list", "Lists the installed VIB packages.", Option("rebooting-image", flag=True))
def vib_list(call: Call, options: Parsed) -> Answer:
    host = call.host
    with host.agenda.hold() as now:
        pending = host.banks.pending if truth(options, "rebooting-image") else host.banks.running
        day = (
            dt.datetime.fromtimestamp(now, dt.UTC).strftime("%Y-%m-%d")
            if pending is not host.banks.running
            else ""
        )
    rows = [_vib_row(host.image, vib, day or vib.created) for vib in (pending.vibs if pending else ())]
    return Answer(
        "VIBExt", rows, columns=tuple(k for k in (rows[0] if rows else {}) if k != "ID" and k != "Status")
    )


def _vib_row(image: Image, vib: Vib, installed: str) -> Row:
    row: Row = {
        "Name": vib.name,
        "Version": vib.version,
        "Vendor": vib.vendor,
        "Acceptance Level": vib.acceptance,
        "Install Date": installed,
    }
    if image.line >= (8, 0):
        row["Platforms"] = "host"
    return row | {"ID": vib.vib_id, "Status": ""}


@command(
    "software vib get",
    "Displays detailed information about one or more installed VIBs.",
    Option("vibname", "n"),
)
def vib_get(call: Call, options: Parsed) -> Answer:
    name = text(options, "vibname")
    vibs = [v for v in call.host.image.vibs if not name or v.name == name]
    if not vibs:
        raise UpdateError("NoMatchError", f"No VIB matching VIB search specification '{name}'.")
    return Answer("VIBExt", [_vib_block(v) for v in vibs], layout="blocks")


def _vib_block(vib: Vib) -> Row:
    return {
        "ID": vib.vib_id,
        "Name": vib.name,
        "Version": vib.version,
        "Type": "bootbank",
        "Vendor": vib.vendor,
        "Acceptance Level": vib.acceptance,
        "Summary": vib.summary,
        "Creation Date": vib.created,
        "Depends": list(vib.requires),
        "Provides": list(vib.provides),
        "Maintenance Mode Required": not vib.live,
        "Live Install Allowed": vib.live,
        "Live Remove Allowed": vib.live,
        "Stateless Ready": True,
    }


@command("software profile get", "Display the installed image profile.", Option("rebooting-image", flag=True))
def profile_get(call: Call, options: Parsed) -> Answer:
    host = call.host
    with host.agenda.hold():
        image = host.banks.pending if truth(options, "rebooting-image") else host.banks.running
    if image is None:
        row: Row = {
            "Name": "No pending image profile available.",
            "Vendor": "N/A",
            "Stateless Ready": "True",
            "VIBs": "",
        }
        return Answer("ImageProfile", row, head=str(row["Name"]))
    row = {
        "Name": image.name,
        "Vendor": image.vendor,
        "Creation Time": image.created,
        "Modification Time": image.created,
        "Stateless Ready": "True",
        "Description": f"\n\n      {image.description}\n" if image.description else "",
        "VIBs": [f"{v.name} {v.version}" for v in image.vibs],
    }
    return Answer("ImageProfile", row, head=image.name)


@command("software acceptance get", "Gets the host acceptance level.")
def acceptance_get(call: Call, options: Parsed) -> str:
    return call.host.acceptance


@command("software acceptance set", "Sets the host acceptance level.", Option("level", needed=True))
def acceptance_set(call: Call, options: Parsed) -> str:
    wanted, host = text(options, "level"), call.host
    if wanted not in LEVELS:
        raise Failure(f"Error: Invalid acceptance level {wanted}")
    with host.agenda.hold():
        loose = [v for v in host.banks.running.vibs if LEVELS.index(v.acceptance) > LEVELS.index(wanted)]
        if loose:
            raise UpdateError(
                "AcceptanceConfigError",
                f"Unable to set acceptance level of '{wanted}' due to installed VIB {loose[0].vib_id} having a "
                f"lower acceptance level of {loose[0].acceptance}.",
            )
        host.acceptance = wanted
        host.note(f"acceptance:{wanted}", call.user, call.via)
    return f"Host acceptance level changed to '{wanted}'."


@command("software sources profile list", "List all the image profiles in a depot.", _DEPOT, Option("proxy"))
def sources_profiles(call: Call, options: Parsed) -> Answer:
    rows: list[Row] = [
        {
            "Name": image.name,
            "Vendor": image.vendor,
            "Acceptance Level": image.acceptance,
            "Creation Time": image.created,
            "Modification Time": image.created,
        }
        for image in _open(call, text(options, "depot"))
    ]
    return Answer("ImageProfileSummary", rows)


@command(
    "software sources profile get",
    "Display details about an image profile in a depot.",
    _DEPOT,
    Option("profile", "p", needed=True),
)
def sources_profile(call: Call, options: Parsed) -> Answer:
    image = _profile(_open(call, text(options, "depot")), text(options, "profile"))
    row: Row = {
        "Name": image.name,
        "Vendor": image.vendor,
        "Creation Time": image.created,
        "Modification Time": image.created,
        "Acceptance Level": image.acceptance,
        "Stateless Ready": "True",
        "Description": image.description,
        "VIBs": [f"{v.name} {v.version}" for v in image.vibs],
    }
    return Answer("ImageProfile", row, head=image.name)


@command("software sources vib list", "List all the VIBs in a depot.", _DEPOT, Option("proxy"))
def sources_vibs(call: Call, options: Parsed) -> Answer:
    mine = {v.name: v for v in call.host.image.vibs}
    vibs = {v.vib_id: v for image in _open(call, text(options, "depot")) for v in image.vibs}
    rows: list[Row] = []
    for vib in sorted(vibs.values(), key=lambda v: (v.name, v.version)):
        old = mine.get(vib.name)
        status = "New" if old is None else "Update" if vib.newer_than(old) else "Downgrade"
        rows.append(
            {
                "Name": vib.name,
                "Version": vib.version,
                "Vendor": vib.vendor,
                "Creation Date": vib.created,
                "Acceptance Level": vib.acceptance,
                "Status": "Installed" if old is not None and old.version == vib.version else status,
            }
        )
    return Answer("VIBSummaryExt", rows)


@command(
    "software profile update",
    "Updates the host with VIB packages from an image profile in a depot.",
    *_UPDATE,
)
def profile_update(call: Call, options: Parsed) -> Answer:
    return _change(call, options, whole=False)


@command(
    "software profile install", "Installs or applies an image profile from a depot to this host.", *_UPDATE
)
def profile_install(call: Call, options: Parsed) -> Answer:
    return _change(call, options, whole=True)


def _change(call: Call, options: Parsed, whole: bool) -> Answer:
    host = call.host
    images = _open(call, text(options, "depot"))
    image = _profile(images, text(options, "profile"))
    chosen = Options(
        truth(options, "dry-run"),
        truth(options, "allow-downgrades"),
        truth(options, "no-hardware-warning") or truth(options, "force"),
        truth(options, "ok-to-remove"),
        truth(options, "maintenance-mode"),
        truth(options, "no-live-install"),
    )
    with host.agenda.hold():
        check_lock(host)
    call.sleep(host.spec.pace.dry_run)
    with host.agenda.hold():
        check_lock(host)
        try:
            plan = plan_update(host, image, whole, chosen, call.line, call.user)
        except UpdateError as error:
            write_log(host, str(error), "ERROR")
            raise
        changes = bool(plan.installed or plan.removed)
        if changes and not chosen.dry_run:
            begin(host, plan)
    head = "Installation Result" if whole else "Update Result"
    if chosen.dry_run:
        parts = "BootBankInstaller" + (
            ", LockerInstaller" if any(v.name == "tools-light" for v in plan.installed) else ""
        )
        message = f"Dryrun only, host not changed. The following installers will be applied: [{parts}]"
        return _result(call, plan, message if changes else "Host is not changed.", head)
    if not changes:
        return _result(call, plan, "Host is not changed.", head)
    call.wait(lambda: _over(call, plan))
    if plan.state == "failed":
        raise UpdateError(*plan.error)
    return _result(call, plan, _REBOOT if plan.reboot else "Operation finished successfully.", head)


def _over(call: Call, plan: Transaction) -> bool:
    with call.host.agenda.hold():
        return plan.state in ("done", "failed")


def _result(call: Call, plan: Transaction, message: str, head: str) -> Answer:
    lists: Row = {
        "VIBs Installed": [v.vib_id for v in plan.installed],
        "VIBs Removed": [v.vib_id for v in plan.removed],
        "VIBs Skipped": [v.vib_id for v in plan.skipped],
    }
    reboot: Row = {"Reboot Required": plan.reboot and message != "Host is not changed."}
    if call.host.image.version >= _NEW_ORDER:
        row: Row = {"Message": message} | lists | reboot | {"DPU Results": ""}
    else:
        row = {"Message": message} | reboot | lists
    return Answer("InstallationResult", row, head=head)


def _profile(images: list[Image], name: str) -> Image:
    for image in images:
        if image.name == name:
            return image
    raise UpdateError("NoMatchError", f"No image profile found with name '{name}'\n        id = {name}")


def _open(call: Call, depot: str) -> list[Image]:
    """The profiles of a depot on a store of the host, or behind a URL. Raises UpdateError as esxcli words it."""
    found = Files(call.host).find(depot) if depot.startswith("/") else None
    reason = ""
    if call.host.faults.strike("download") is not None:
        reason = f"Error extracting index.xml from {depot}: [Errno 5] Input/output error"
    elif depot.startswith(("http://", "https://")):
        try:
            with downloaded(depot, call.host.spec.address) as file:
                return read_bundle(file)
        except (DownloadFailed, BadDepot) as error:
            reason = f"Error opening {depot}: {error}"
    elif found is None:
        reason = f"Error extracting index.xml from {depot}: [Errno 2] No such file or directory: '{depot}'"
    else:
        try:
            return read_bundle(found.body)
        except BadDepot as error:
            reason = f"Error extracting index.xml from {depot}: {error}"
    url = depot if depot.startswith("http") else f"zip:{depot}?index.xml"
    raise UpdateError(
        "MetadataDownloadError",
        f"Could not download from depot at {url}, skipping (('{url}', '', \"{reason}\"))\n        url = {url}",
    )
