"""What an ESXi host says of itself over SSH, in plain values. None or "" = this version does not tell."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, SecretStr

from dsm_desktop.vmware.esxi.text import names, pairs, truth

_BUILD = re.compile(r"(\d{6,})")


class Version(BaseModel):
    """`esxcli system version get`: version "8.0.3", build "24674464"."""

    model_config = ConfigDict(frozen=True)
    version: str
    build: str
    update: str = ""
    patch: str = ""

    def __str__(self) -> str:
        return f"{self.version} build {self.build}"


class Vib(BaseModel):
    """An installed package."""

    model_config = ConfigDict(frozen=True)
    name: str
    version: str
    vendor: str = ""
    acceptance: str = ""


class Profile(BaseModel):
    """An image profile of a depot, or the installed one. Times as printed."""

    model_config = ConfigDict(frozen=True)
    name: str
    vendor: str = ""
    acceptance: str = ""
    created: str = ""


@dataclass(frozen=True, slots=True)
class Encryption:
    """How the configuration is sealed: `mode` NONE | TPM. The keys hide themselves when printed."""

    mode: str
    require_secure_boot: bool | None
    keys: tuple[tuple[str, SecretStr], ...] = ()
    """(recovery id, key)."""


class UpdateResult(BaseModel):
    """What `esxcli software profile update` said, dry run or not. VIB ids as printed."""

    model_config = ConfigDict(frozen=True)
    message: str
    installed: list[str] = []
    removed: list[str] = []
    skipped: list[str] = []
    reboot_required: bool = False
    changed: bool = True

    @property
    def build(self) -> str:
        """The build of esx-base among what is installed, "" where it is not."""
        base = next((v for v in self.installed if "_esx-base_" in v or v.startswith("esx-base")), "")
        found = re.findall(r"\d{6,}", base)
        return found[-1] if found else ""


def parse_version(text: str) -> Version | None:
    """From the key form; None where a part is missing."""
    said = pairs(text)
    build = _BUILD.search(said.get("Build", ""))
    if not said.get("Version") or build is None:
        return None
    return Version(
        version=said["Version"], build=build[1], update=said.get("Update", ""), patch=said.get("Patch", "")
    )


def parse_update(text: str) -> UpdateResult | None:
    """By key at the line's start: the order differs between versions, lists are one long line, 8.0.3 adds DPU results. None
    where there is no result (the caller makes an error of the text)."""
    said = pairs(text)
    if "Message" not in said:
        return None
    message = said["Message"]
    reboot = truth(said.get("Reboot Required", ""))
    return UpdateResult(
        message=message,
        installed=list(names(said.get("VIBs Installed", ""))),
        removed=list(names(said.get("VIBs Removed", ""))),
        skipped=list(names(said.get("VIBs Skipped", ""))),
        reboot_required=bool(reboot),
        changed="host is not changed" not in message.casefold(),
    )
