"""One ESXi host over SSH, in the words of the program.

Blocking, polls once, never loops. Whatever varies is quoted. Raises DsmError kinds only: those of `net.ssh`, and those of
`vmware.esxi.errors` for what a command says.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from shlex import join, quote
from typing import TypeVar

from pydantic import SecretStr

from dsm_desktop.net.ssh import SshAnswer, SshTransport
from dsm_desktop.vmware.esxi import detached
from dsm_desktop.vmware.esxi.detached import Stage, UpdateLook
from dsm_desktop.vmware.esxi.errors import NotUnderstood, error_of
from dsm_desktop.vmware.esxi.facts import (
    Encryption,
    Profile,
    UpdateResult,
    Version,
    Vib,
    parse_update,
    parse_version,
)
from dsm_desktop.vmware.esxi.text import csv_row, csv_rows, pairs, truth

__all__ = ["EsxiShell", "Stage", "UpdateLook"]

QUICK = 60.0
LONG = 900.0
"""A dry run reads the whole depot: minutes on a slow store."""
T = TypeVar("T")
_RUNS = "ps -c | grep 'software profile' | grep -v grep"


class EsxiShell:
    """`link` says late over which connection (asked again at every command, for address and login may have changed); `hang_up`
    ends the one there is, for which no login is looked up."""

    def __init__(
        self,
        link: Callable[[], SshTransport],
        hang_up: Callable[[], None],
        *,
        stop: Callable[[], None] = lambda: None,
    ) -> None:
        self._link, self._hang_up, self._stop = link, hang_up, stop

    def run(
        self, command: str, *, changing: bool = False, timeout: float = QUICK, said: str = ""
    ) -> SshAnswer:
        """A command line as it is; whatever varies in it is quoted by the caller."""
        return self._link().run(command, changing=changing, timeout=timeout, said=said, stop=self._stop)

    def esxcli(self, *words: str, csv: bool = False, changing: bool = False, timeout: float = QUICK) -> str:
        """What an esxcli command prints; its error where the status or the text tells of one."""
        command = join(["esxcli", *(["--formatter=csv"] if csv else []), *words])
        answer = self.run(command, changing=changing, timeout=timeout)
        if answer.status:
            raise error_of(command, answer.status, answer.text, self.where)
        return answer.out

    @property
    def where(self) -> str:
        """Host and port, for messages."""
        return self._link().name

    def close(self) -> None:
        """End the connection; the next command opens a new one."""
        self._hang_up()

    # --- what it is -------------------------------------------------------------------------------------------------

    def version(self) -> Version:
        """What runs now (not what waits in the other boot bank)."""
        text = self.esxcli("system", "version", "get")
        return self._understood(parse_version(text), "system version get", text)

    def profile(self) -> str:
        """The installed image profile's name; "(Updated) …" where packages were changed since."""
        text = self.esxcli("software", "profile", "get")
        return self._understood(pairs(text).get("Name"), "software profile get", text)

    def vibs(self) -> tuple[Vib, ...]:
        """The installed packages."""
        return tuple(
            Vib(
                name=row.get("Name", ""),
                version=row.get("Version", ""),
                vendor=row.get("Vendor", ""),
                acceptance=row.get("AcceptanceLevel", ""),
            )
            for row in csv_rows(self.esxcli("software", "vib", "list", csv=True))
        )

    def acceptance(self) -> str:
        """The least level a package needs here ("PartnerSupported")."""
        return self.esxcli("software", "acceptance", "get").strip()

    def service_tag(self) -> str:
        """The server's own serial number, "" where it is not told."""
        return pairs(self.esxcli("hardware", "platform", "get")).get("Serial Number", "")

    def model(self) -> tuple[str, str]:
        """(vendor, model)."""
        said = pairs(self.esxcli("hardware", "platform", "get"))
        return said.get("Vendor Name", ""), said.get("Product Name", "")

    def cpu(self) -> str:
        """The processor's brand, "" where it is not told."""
        return next(
            (row.get("Brand", "") for row in csv_rows(self.esxcli("hardware", "cpu", "list", csv=True))), ""
        )

    def boot_bank_free(self) -> int | None:
        """Bytes an image may take: an update writes the spare bank anew, so the whole smaller bank counts. None where this
        version shows no banks."""
        rows = csv_rows(self.esxcli("storage", "filesystem", "list", csv=True))
        banks = [r.get("Size", "") for r in rows if r.get("VolumeName", "").startswith("BOOTBANK")]
        sizes = [int(size) for size in banks if size.isdigit()]
        return min(sizes) if sizes else None

    def boot_device(self) -> str:
        """disk | boss | sd | usb | ""."""
        rows = csv_rows(self.esxcli("storage", "core", "device", "list", csv=True))
        row = next((r for r in rows if truth(r.get("IsBootDevice", "")) is True), None)
        if row is None:
            return ""
        model = row.get("Model", "").upper()
        if "IDSDM" in model or "SD" in model.split():
            return "sd"
        if "BOSS" in model:
            return "boss"
        return "usb" if truth(row.get("IsUSB", "")) is True else "disk"

    def secure_boot(self) -> bool | None:
        """Whether the host starts with Secure Boot; None where its own tool is not there."""
        answer = self.run("/usr/lib/vmware/secureboot/bin/secureBoot.py -s")
        return truth(answer.out) if answer.status == 0 else None

    def secure_boot_check(self) -> str:
        """What stands in the way of Secure Boot, "" = nothing (or the tool is not there)."""
        answer = self.run("/usr/lib/vmware/secureboot/bin/secureBoot.py -c")
        said = answer.text.strip()
        return "" if answer.status == 127 or "can be enabled" in said.lower() else said[:1000]

    def encryption(self) -> Encryption | None:
        """How the configuration is sealed, and the keys that open it; None before 7.0 Update 2, which has no such thing."""
        answer = self.run("esxcli --formatter=csv system settings encryption get")
        if answer.status:
            return None
        row = csv_row(answer.out)
        secure = truth(row.get("RequireSecureBoot", ""))
        if row.get("Mode", "").upper() in ("", "NONE"):
            return Encryption(row.get("Mode", "") or "NONE", secure)
        text = self.esxcli("system", "settings", "encryption", "recovery", "list", csv=True)
        keys = [(r.get("RecoveryID", ""), SecretStr(r.get("Key", ""))) for r in csv_rows(text)]
        return Encryption(row["Mode"], secure, tuple((i, k) for i, k in keys if k.get_secret_value()))

    def quick_booted(self) -> bool | None:
        """Whether its last start was a Quick Boot, which skips the server's own start; None before 6.7, which knows none. ESXi's own
        start script asks the kernel this way; no command is known that tells what the next restart will be."""
        answer = self.run("vsish -e get /system/loadESX/isBootLoadESX")
        said = answer.out.strip()
        return said == "1" if answer.status == 0 and said in ("0", "1") else None

    def restart_pending(self) -> bool | None:
        """An earlier update waits for a restart; None = not told."""
        answer = self.run("vim-cmd hostsvc/hostsummary | grep rebootRequired")
        return truth(answer.out.rpartition("=")[2].strip(" ,\n")) if answer.status == 0 else None

    def boot_time(self) -> str:
        """When it started, as the host prints it (comparable as text: ISO, UTC); "" = not told."""
        answer = self.run("vim-cmd hostsvc/hostsummary | grep bootTime")
        found = re.search(r'"([^"]+)"', answer.out)
        return found[1] if found else ""

    def in_maintenance(self) -> bool:
        """Whether it is in maintenance mode."""
        text = self.esxcli("system", "maintenanceMode", "get")
        return self._understood(truth(text), "system maintenanceMode get", text)

    # --- files ------------------------------------------------------------------------------------------------------

    def file_size(self, path: str) -> int | None:
        """Bytes; None = not there."""
        answer = self.run(f"stat -c %s {quote(path)}")
        return int(answer.out) if answer.status == 0 and answer.out.strip().isdigit() else None

    def sha256(self, path: str) -> str:
        """Of a file on a datastore, lower-case hex."""
        return self._checked(f"sha256sum {quote(path)}", timeout=LONG).split()[0].lower()

    # --- updating ---------------------------------------------------------------------------------------------------

    def profiles_in(self, depot: str) -> tuple[Profile, ...]:
        """The image profiles of a depot (path or URL)."""
        text = self.esxcli("software", "sources", "profile", "list", "-d", depot, csv=True, timeout=LONG)
        return tuple(
            Profile(
                name=row["Name"],
                vendor=row.get("Vendor", ""),
                acceptance=row.get("AcceptanceLevel", ""),
                created=row.get("CreationTime", ""),
            )
            for row in csv_rows(text)
            if row.get("Name")
        )

    def dry_run(self, depot: str, profile: str, *, pass_hardware_warnings: bool = False) -> UpdateResult:
        """What an update would do; nothing is changed. Raises what the update itself would end with."""
        command = self.update_line(depot, profile, pass_hardware_warnings) + " --dry-run"
        answer = self.run(command, timeout=LONG)
        if answer.status:
            raise error_of(command, answer.status, answer.text, self.where)
        return self._understood(parse_update(answer.text), "software profile update --dry-run", answer.text)

    @staticmethod
    def update_line(depot: str, profile: str, pass_hardware_warnings: bool = False) -> str:
        """The command: `profile update` adds and upgrades, and keeps newer and foreign packages."""
        words = ["esxcli", "software", "profile", "update", "-d", depot, "-p", profile]
        return join(words + (["--no-hardware-warning"] if pass_hardware_warnings else []))

    def begin_update(
        self, key: str, depot: str, profile: str, *, pass_hardware_warnings: bool = False
    ) -> bool:
        """Start the update, detached; True = started now, False = the same (by `key`) was started before in this boot."""
        line = detached.start_line(key, self.update_line(depot, profile, pass_hardware_warnings))
        answer = self.run(line, changing=True)
        if answer.status == detached.THERE:
            return False
        if detached.STARTED not in answer.out:
            raise error_of(line, answer.status, answer.text, self.where)
        return True

    def look_at_update(self, key: str) -> UpdateLook:
        """Where the update of this key is, and how it ended."""
        folder = detached.folder_of(key)
        status = self._status_of(folder)
        if not status:
            if self.updating():
                return UpdateLook(Stage.RUNNING)
            status = self._status_of(folder)  # it may have ended in between
        if status:
            out = self.run(f"cat {folder}/out").out
            return detached.ended("software profile update", status, out, self.where)
        there = self.run(f"test -d {folder}").status == 0
        return UpdateLook(Stage.LOST if there else Stage.ABSENT)

    def updating(self) -> str:
        """The command line of an update that runs on the host now, whoever started it; "" = none."""
        return self.run(_RUNS).out.strip()

    def forget_update(self, key: str) -> None:
        """Remove what an update that needs no restart has left in /tmp."""
        self.run(f"rm -rf {detached.folder_of(key)}", changing=True)

    def _status_of(self, folder: str) -> str:
        answer = self.run(f"cat {folder}/status")
        return answer.out.strip() if answer.status == 0 else ""

    # --- changing ---------------------------------------------------------------------------------------------------

    def reboot(self, reason: str) -> None:
        """Restart in maintenance mode (ESXi refuses it otherwise)."""
        self.esxcli("system", "shutdown", "reboot", "-r", reason, changing=True)

    # --- helpers ----------------------------------------------------------------------------------------------------

    def _checked(self, command: str, *, changing: bool = False, timeout: float = QUICK) -> str:
        answer = self.run(command, changing=changing, timeout=timeout)
        if answer.status:
            raise error_of(command, answer.status, answer.text, self.where)
        return answer.out

    def _understood(self, value: T | None, command: str, text: str) -> T:
        if value is None or value == "":
            raise NotUnderstood(
                f"'esxcli {command}' printed something unknown", where=self.where, detail=text[:2000]
            )
        return value
