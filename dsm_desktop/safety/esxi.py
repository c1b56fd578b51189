"""May this host be updated to that ESXi? Path, dates, hardware, boot device, space, packages, Secure Boot and TPM.

ESXi's own precheck and dry run have the last word; what is said here is known before the first host is emptied. Sources:
VMware's upgrade paths and back-in-time rule, its CPU lists (which disagree for 9.0: there we warn), Dell's advice to take
its own customized image at major upgrades.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from dsm_desktop.safety.cpu import generation, rank
from dsm_desktop.safety.esxi_versions import (
    Build,
    EsxiVersion,
    Line,
    managed_by,
    path_allowed,
    read_version,
    released,
    way_between,
)
from dsm_desktop.safety.findings import Cause, Finding, Remedy, Severity, sorted_findings

_LEVELS = ("communitysupported", "partnersupported", "vmwareaccepted", "vmwarecertified")
_CPU: dict[int, tuple[str, str]] = {
    7: ("intel-westmere", "intel-ivybridge"),
    8: ("intel-ivybridge", "intel-broadwell"),
    9: ("intel-broadwell", "intel-skylake"),
}
"""Major ESXi → (newest generation it refuses, newest it warns of), Intel."""
_SERVER: dict[int, tuple[int, int]] = {8: (12, 13), 9: (13, 14)}
"""Major ESXi → (newest PowerEdge generation that ends before it, newest to be checked)."""
_MODEL = re.compile(r"PowerEdge\s+[A-Z]{1,3}(\d)(\d)\d{1,2}", re.IGNORECASE)
_VMKLINUX = re.compile(r"(?:net|scsi|sata|block|char|ima|misc|ohci|ehci|uhci|ata|pata)-")
_LAYERED = re.compile(r"nsx|powerpath|emc|epsec|vmware-fdm-custom|hyperflex|scaleio|sdc", re.IGNORECASE)
_ROOMY_MB = 200
"""An image fills about this much of a boot bank; used where the new one's size is not known, and then only to warn."""


@dataclass(frozen=True, slots=True)
class Vib:
    """A package of ESXi as `esxcli software vib list` shows it."""

    name: str
    version: str = ""
    vendor: str = ""
    acceptance: str = ""


@dataclass(frozen=True, slots=True)
class EsxiHost:
    """What is known of a host. None or "" = not read. `boot_device` disk | boss | sd | usb; `acceptance` the host's own level
    ("PartnerSupported"); `tpm_mode` as `esxcli system settings encryption get` says it ("NONE", "TPM");
    `recovery_key_saved`: sealed in the vault; `image_managed` of its cluster (False where it stands alone);
    `quick_boot`: its last start skipped the server's own;
    `secure_boot_problem` what ESXi's own check names, "" = nothing."""

    moid: str
    name: str
    version: str
    build: str
    vendor: str = ""
    model: str = ""
    cpu_model: str = ""
    boot_device: str = ""
    bootbank_free_mb: int | None = None
    vibs: tuple[Vib, ...] | None = None
    acceptance: str = ""
    secure_boot: bool | None = None
    tpm_mode: str = ""
    recovery_key_saved: bool = False
    restart_pending: bool = False
    image_managed: bool | None = False
    quick_boot: bool = False
    secure_boot_problem: str = ""


@dataclass(frozen=True, slots=True)
class EsxiTarget:
    """What it shall become. `version` and `build` as the depot says; `profile` the image profile's name; `size_mb` what it takes
    in a boot bank (0 = not known); `vibs` None = the depot was not looked into."""

    version: str
    build: str
    profile: str = ""
    acceptance: str = ""
    size_mb: int = 0
    vibs: tuple[Vib, ...] | None = None


def judge_update(
    host: EsxiHost, target: EsxiTarget, builds: Mapping[int, Build], vcenter_version: str = ""
) -> tuple[Finding, ...]:
    """What speaks against the update, worst first; () = nothing. One INFO "nothing to do" alone where the build is there already.
    `vcenter_version` "" = no vCenter manages the host."""
    case = _Update(host, target)
    now, then = _read(host.version, host.build), _read(target.version, target.build)
    if now is None or then is None:
        odd = host.version if now is None else target.version
        return (
            case.found(
                Cause.ESXI_NOT_READ, Severity.BLOCK, f"cannot be judged: version '{odd}' is not understood", Remedy.BY_HAND,
                "Give version and build as ESXi shows them, e.g. 8.0.3 and 24674464.",
            ),
        )  # fmt: skip
    if now.build is not None and now.build == then.build:
        return (
            case.found(
                Cause.ESXI_NOTHING_TO_DO, Severity.INFO, f"has ESXi {now} already", Remedy.LEAVE_ALONE,
                "Nothing to do: no evacuation and no restart is needed.",
            ),
        )  # fmt: skip
    found = [
        *_site(case, then, vcenter_version), *_path(case, now, then, builds), *_hardware(case, then.line),
        *_boot(case, now.line, then.line), *_packages(case, now.line, then.line), *_security(case, now),
    ]  # fmt: skip
    return sorted_findings(found)


@dataclass(frozen=True, slots=True)
class _Update:
    host: EsxiHost
    target: EsxiTarget

    def found(self, cause: Cause, severity: Severity, tail: str, remedy: Remedy, way_out: str) -> Finding:
        host = self.host
        return Finding(
            cause, severity, "host", host.moid, host.name, f"Host '{host.name}' {tail}.", remedy, way_out
        )


def _read(version: str, build: str) -> EsxiVersion | None:
    parsed = read_version(version)
    if parsed is None or len(parsed.parts) < 2:
        return None
    return EsxiVersion(parsed.parts, int(build)) if build.isdigit() else parsed


def _line(line: Line) -> str:
    return f"{line[0]}.{line[1]}"


def _site(case: _Update, then: EsxiVersion, vcenter: str) -> Iterator[Finding]:
    if case.host.image_managed:
        yield case.found(
            Cause.ESXI_IMAGE_MANAGED, Severity.BLOCK,
            "is in a cluster that vCenter manages by an image: an update from outside would be undone by the next remediation",
            Remedy.BY_HAND, "Change the cluster's image in vCenter and remediate there.",
        )  # fmt: skip
    elif case.host.image_managed is None:
        yield case.found(
            Cause.ESXI_IMAGE_MANAGED, Severity.WARN, "may be in a cluster managed by an image: vCenter does not tell",
            Remedy.BY_HAND, "Look in vCenter under the cluster's updates; with an image set, update there.",
        )  # fmt: skip
    if vcenter and not managed_by(vcenter, case.target.version):
        yield case.found(
            Cause.ESXI_VCENTER, Severity.BLOCK, f"would run ESXi {then}, which vCenter {vcenter} does not manage",
            Remedy.UPDATE_VCENTER, "Update vCenter first.",
        )  # fmt: skip
    if case.host.restart_pending:
        yield case.found(
            Cause.ESXI_RESTART_PENDING, Severity.BLOCK,
            "waits for a restart after an earlier update: a second one would overwrite the bank it would start from",
            Remedy.RESTART, "Restart it in maintenance mode first, and look which build comes up.",
        )  # fmt: skip


def _path(
    case: _Update, now: EsxiVersion, then: EsxiVersion, builds: Mapping[int, Build]
) -> Iterator[Finding]:
    if now.line == then.line:
        if now.build and then.build and then.build < now.build:
            yield case.found(
                Cause.ESXI_PATH, Severity.BLOCK, f"has ESXi {now}, which is newer than {then}", Remedy.OTHER_TARGET,
                "Choose a newer build. The way back is the other boot bank or a new installation.",
            )  # fmt: skip
        return
    if not path_allowed(now.line, then.line):
        steps = " → ".join(_line(step) for step in way_between(now.line, then.line))
        way = (
            f"Go in steps: {_line(now.line)} → {steps}."
            if steps
            else "Install it anew; no supported way leads there."
        )
        yield case.found(
            Cause.ESXI_PATH, Severity.BLOCK, f"cannot go from ESXi {_line(now.line)} to {_line(then.line)} in one step",
            Remedy.OTHER_TARGET, way,
        )  # fmt: skip
        return
    before, after = released(builds, now.build), released(builds, then.build)
    if before is None or after is None:
        unknown = now if before is None else then
        yield case.found(
            Cause.ESXI_BACK_IN_TIME, Severity.WARN,
            f"goes from ESXi {now} to {then}, and the release date of {unknown} is not known", Remedy.BY_HAND,
            "Compare the dates by hand: the target must not be older than what runs now.",
        )  # fmt: skip
    elif after < before:
        yield case.found(
            Cause.ESXI_BACK_IN_TIME, Severity.BLOCK,
            f"runs ESXi {now} of {before:%Y-%m-%d}; {then} of {after:%Y-%m-%d} is older, and going back in time is not supported",
            Remedy.OTHER_TARGET, f"Choose a build of {_line(then.line)} released on {before:%Y-%m-%d} or later.",
        )  # fmt: skip


def _hardware(case: _Update, line: Line) -> Iterator[Finding]:
    host, version = case.host, _line(line)
    kind = generation(host.cpu_model)
    limits = _CPU.get(line[0])
    place = rank(kind)
    if limits and kind.startswith("intel-") and place is not None:
        refused, warned = rank(limits[0]) or 0, rank(limits[1]) or 0
        if place <= refused:
            yield case.found(
                Cause.ESXI_HARDWARE, Severity.BLOCK, f"has CPU '{host.cpu_model}', which ESXi {version} refuses",
                Remedy.OTHER_TARGET, "Stay on the older line; no option overrides an error of the hardware check.",
            )  # fmt: skip
        elif place <= warned:
            yield case.found(
                Cause.ESXI_HARDWARE, Severity.WARN, f"has CPU '{host.cpu_model}', which ESXi {version} supports no more or not for long",
                Remedy.BY_HAND, "Let ESXi's own dry run decide, and look into the vendor's compatibility list.",
            )  # fmt: skip
    model, ends = _MODEL.search(host.model), _SERVER.get(line[0])
    if model is None or ends is None:
        return
    built = 10 + int(model[2])
    if built <= ends[0]:
        yield case.found(
            Cause.ESXI_HARDWARE, Severity.BLOCK, f"is a {host.model}, whose support ended before ESXi {version}",
            Remedy.OTHER_TARGET, "Stay on the older line.",
        )  # fmt: skip
    elif built <= ends[1]:
        yield case.found(
            Cause.ESXI_HARDWARE, Severity.WARN, f"is a {host.model}: check Dell's support matrix for ESXi {version}",
            Remedy.BY_HAND, "Look up the model, its storage controller and its network cards before the night.",
        )  # fmt: skip


def _boot(case: _Update, now: Line, then: Line) -> Iterator[Finding]:
    host, target = case.host, case.target
    if then[0] >= 7 and host.boot_device in {"sd", "usb"}:
        changed = ", and the step to 7.0 lays it out anew" if now[0] < 7 else ""
        yield case.found(
            Cause.ESXI_BOOT_DEVICE, Severity.WARN,
            f"starts from {host.boot_device.upper()}, which wears out under ESXi {_line(then)}{changed}", Remedy.BY_HAND,
            "Plan a BOSS card or disk; keep a backup of the host's configuration, for the medium may fail in the restart.",
        )  # fmt: skip
    elif then[0] >= 7 and not host.boot_device:
        yield case.found(
            Cause.ESXI_NOT_READ, Severity.INFO, "starts from a device that was not read", Remedy.REFRESH,
            "The pre-flight over SSH reads it; on SD or USB plan for a failing medium.",
        )  # fmt: skip
    if host.quick_boot:
        yield case.found(
            Cause.ESXI_QUICK_BOOT, Severity.INFO,
            "restarts by Quick Boot, past the server's own start: firmware that is staged for a restart is not applied by it",
            Remedy.LEAVE_ALONE, "Nothing to do: where firmware is updated too, the iDRAC makes the restart.",
        )  # fmt: skip
    free, needs = host.bootbank_free_mb, target.size_mb or _ROOMY_MB
    if free is None:
        yield case.found(
            Cause.ESXI_NOT_READ, Severity.WARN, "has a boot bank whose free space was not read", Remedy.REFRESH,
            "Run the pre-flight over SSH, or the dry run, before the host is emptied.",
        )  # fmt: skip
    elif free < needs:
        known = bool(target.size_mb)
        yield case.found(
            Cause.ESXI_SPACE, Severity.BLOCK if known else Severity.WARN,
            f"has {free} MB free in its boot bank; the update {'takes' if known else 'may take about'} {needs} MB", Remedy.BY_HAND,
            "Remove packages that are not needed, or enable swap on a datastore and clear the locker.",
        )  # fmt: skip


def _packages(case: _Update, now: Line, then: Line) -> Iterator[Finding]:
    host, target = case.host, case.target
    if 0 <= _level(target.acceptance) < _level(host.acceptance):
        yield case.found(
            Cause.ESXI_ACCEPTANCE, Severity.BLOCK,
            f"accepts packages from {host.acceptance} up; the profile is {target.acceptance}", Remedy.OTHER_TARGET,
            "Choose a profile of a higher level; lowering the host's level weakens it.",
        )  # fmt: skip
    major = now[0] != then[0]
    if (
        major
        and host.vendor.startswith("Dell")
        and target.profile
        and not target.profile.upper().startswith("DEL")
    ):
        yield case.found(
            Cause.ESXI_VIB, Severity.WARN, f"is a Dell server, and '{target.profile}' is not Dell's customized image",
            Remedy.OTHER_TARGET, "At a major upgrade take Dell's image: it brings drivers that match the firmware.",
        )  # fmt: skip
    if host.vibs is None:
        yield case.found(
            Cause.ESXI_NOT_READ, Severity.WARN, "has packages that were not read", Remedy.REFRESH,
            "Run the dry run before the host is emptied: it names every conflict.",
        )  # fmt: skip
        return
    coming = {vib.name for vib in target.vibs or ()}
    foreign = [
        v
        for v in host.vibs
        if v.vendor.casefold() not in {"vmware", "vmw", "broadcom", ""} and v.name not in coming
    ]
    old = [v for v in foreign if now[0] < 7 <= then[0] and _VMKLINUX.match(v.name)]
    if old:
        yield case.found(
            Cause.ESXI_VIB, Severity.BLOCK,
            f"has drivers of the old kind that ESXi 7.0 dropped, not replaced by the image: {_list(old)}", Remedy.BY_HAND,
            "Remove them or take an image that brings successors, and check that the devices behind them are still supported.",
        )  # fmt: skip
    layered = [v for v in foreign if v not in old and _LAYERED.search(v.name)]
    if layered and major:
        yield case.found(
            Cause.ESXI_VIB, Severity.WARN, f"has packages of other products that mostly need a version for {_line(then)}: {_list(layered)}",
            Remedy.BY_HAND, "Check each product's support for the new line; the dry run names real conflicts.",
        )  # fmt: skip
    rest = [v for v in foreign if v not in old and v not in layered]
    if rest and target.vibs is not None:
        yield case.found(
            Cause.ESXI_VIB, Severity.INFO, f"keeps packages that the profile does not bring: {_list(rest)}", Remedy.LEAVE_ALONE,
            "Nothing to do: a profile update keeps them. They are compared before and after.",
        )  # fmt: skip


def _level(text: str) -> int:
    key = text.casefold().replace("_", "").replace(" ", "")
    return _LEVELS.index(key) if key in _LEVELS else -1


def _list(vibs: list[Vib]) -> str:
    shown = ", ".join(f"{v.name} {v.version}".strip() for v in vibs[:4])
    return shown + (f" and {len(vibs) - 4} more" if len(vibs) > 4 else "")


def _security(case: _Update, now: EsxiVersion) -> Iterator[Finding]:
    host = case.host
    unsigned = [v for v in host.vibs or () if _level(v.acceptance) == 0]
    if unsigned and host.secure_boot is not False:
        sure = host.secure_boot is True
        yield case.found(
            Cause.ESXI_SECURE_BOOT, Severity.BLOCK if sure else Severity.WARN,
            f"{'starts with' if sure else 'may use'} Secure Boot and has community packages, with which it does not start: {_list(unsigned)}",
            Remedy.BY_HAND, "Remove these packages before the restart.",
        )  # fmt: skip
    if host.secure_boot_problem and host.secure_boot is not False:
        refused = "cannot be enabled" in host.secure_boot_problem.casefold()
        said = " ".join(host.secure_boot_problem.split())[:300].rstrip(".")
        yield case.found(
            Cause.ESXI_SECURE_BOOT, Severity.BLOCK if refused and host.secure_boot else Severity.WARN,
            f"{'starts' if host.secure_boot else 'may start'} with Secure Boot, and ESXi's own check of it says: \"{said}\"",
            Remedy.BY_HAND, "Mend what it names before the restart (mostly a package without a valid signature); else it may not start.",
        )  # fmt: skip
    if now.parts < (7, 0, 2) or host.recovery_key_saved:
        return
    if not host.tpm_mode:
        yield case.found(
            Cause.ESXI_RECOVERY_KEY, Severity.WARN, "may have its configuration sealed by the TPM: the mode was not read",
            Remedy.REFRESH, "Read it over SSH, and save the recovery key before the restart if there is one.",
        )  # fmt: skip
    elif host.tpm_mode.upper() == "TPM":
        yield case.found(
            Cause.ESXI_RECOVERY_KEY, Severity.BLOCK,
            "has its configuration sealed by the TPM, and its recovery key is not saved: after a change of BIOS, TPM or Secure Boot "
            "it may never start again",
            Remedy.SAVE_KEY, "Save the recovery key (sealed in the vault) first.",
        )  # fmt: skip
