"""What an audit entry says to a person: the job's name, the names of servers and hosts, settings by their titles."""

from __future__ import annotations

import enum
import re
import typing
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from dsm_desktop.core.settings import SECTIONS
from dsm_desktop.core.worded import Worded
from dsm_desktop.jobs.declaration import JobType
from dsm_desktop.queries.audit import AuditRow
from dsm_desktop.queries.audit_names import AuditNames
from dsm_desktop.ui import words
from dsm_desktop.ui.views.credentials import kind_word

ACTIONS = {
    "audit.archive": "Old audit entries archived",
    "certificates.authority": "Certificate authority made",
    "clock.step": "Clock was set",
    "configuration.baseline": "Settings accepted as normal",
    "credentials.add": "Credential set added",
    "credentials.assign": "Credential set assigned",
    "credentials.edit": "Credential set changed",
    "credentials.remove": "Credential set removed",
    "credentials.rotate": "Password change begun",
    "credentials.rotated": "Password changed",
    "custom_fields.add": "Own field added",
    "custom_fields.edit": "Own field changed",
    "custom_fields.remove": "Own field removed",
    "decisions.answer": "Question answered",
    "firmware.exclude": "Firmware held back",
    "firmware.include": "Firmware allowed again",
    "groups.add": "Group made",
    "groups.edit": "Group changed",
    "groups.members": "Servers of a group changed",
    "groups.move": "Group moved",
    "groups.remove": "Group removed",
    "hosts.add": "ESXi host added",
    "hosts.link": "Host linked to its server",
    "hosts.remove": "ESXi host removed",
    "hosts.ssh_key": "SSH key approved",
    "hosts.trust": "Host's certificate approved",
    "jobs.cancel": "Job cancelled",
    "jobs.go_on": "Work let go on",
    "jobs.pause": "Run paused",
    "jobs.priority": "Job's priority changed",
    "jobs.put_back": "Put back by hand",
    "jobs.skip_host": "Host left out of a run",
    "jobs.stop_all": "All work stopped",
    "jobs.take_over": "Job taken from its runner",
    "library.add_folder": "Library folder added",
    "library.remove_folder": "Library folder removed",
    "profiles.add": "Configuration profile added",
    "profiles.edit": "Configuration profile changed",
    "profiles.remove": "Configuration profile removed",
    "profiles.reveal": "Configuration profile saved as a file",
    "racks.add": "Rack added",
    "racks.edit": "Rack changed",
    "racks.place": "Server put into a rack",
    "racks.remove": "Rack removed",
    "racks.unplace": "Server taken out of a rack",
    "recovery_keys.open": "Recovery key shown",
    "restore_list.abandon": "Taken off the restore list",
    "servers.add": "Server added",
    "servers.certificate": "Server's certificate replaced",
    "servers.custom": "Own fields of servers changed",
    "servers.edit": "Servers changed",
    "servers.import": "Servers imported",
    "servers.merge": "Two entries of a server merged",
    "servers.name": "Servers named",
    "servers.remove": "Servers removed",
    "servers.trust": "Server's certificate approved",
    "settings.save": "Settings changed",
    "standards.remove": "Site standard removed",
    "standards.save": "Site standard saved",
    "store.back_up": "Store backed up",
    "tags.add": "Tags added",
    "tags.remove": "Tags removed",
    "tags.rename": "Tag renamed",
    "tags.set": "Tags set",
    "vault.add_keeper": "Another way to the site key added",
    "vault.forget_retired": "Old site keys forgotten",
    "vault.recovery_key": "New recovery key made",
    "vault.remove_keeper": "A way to the site key removed",
    "vault.rotation_begun": "Change of the site key begun",
    "vault.rotation_finished": "Site key changed",
    "vault.rotation_unfinished": "Change of the site key not finished",
    "vault.set_up": "Site key made",
    "vcenters.add": "vCenter added",
    "vcenters.edit": "vCenter changed",
    "vcenters.remove": "vCenter removed",
    "vcenters.trust": "vCenter's certificate approved",
    "views.remove": "Shared view removed",
    "views.share": "View shared",
    "views.unshare": "View no longer shared",
    "vm_decisions.forget": "Decision about a VM forgotten",
    "vm_decisions.keep": "Decision about a VM kept",
}
_JOB = re.compile(r"job (\d+)(?:: (.*))?$", re.S)
_KEYS = {
    "now": "Now",
    "key": "Field",
    "gone": "Merged from",
    "dry_run": "Dry run",
    "last_hash": "Hash of the last",
    "ssh_key": "SSH key",
    "keeper": "Kept",
    "keepers": "Kept",
}
_SLOTS = {"keyring": "in the key ring", "passphrase": "behind a passphrase", "key_file": "in a key file", "recovery": "by the recovery key"}  # fmt: skip
_SHOWN = 6
_HEX = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class AuditLine:
    """An entry and what it says: `what` was done, `subject` on what, `more` the rest."""

    id: int
    row: AuditRow
    what: str
    subject: str
    more: str


class AuditWords:
    """`catalogue`: the job types by their kind."""

    def __init__(self, catalogue: Mapping[str, JobType]) -> None:
        self._catalogue = catalogue
        self._sections = {section.name: section for section in SECTIONS}

    def line(self, row: AuditRow, names: AuditNames) -> AuditLine:
        return AuditLine(
            row.id, row, self.action(row.action), self._subject(row, names), self._more(row, names)
        )

    def action(self, action: str) -> str:
        """ "Job: Find servers" for "jobs.discovery_scan"; an action this program does not know as near to words as it goes."""
        kind = action.removeprefix("jobs.")
        if action.startswith("jobs.") and kind in self._catalogue:
            return f"Job: {self._catalogue[kind].label.rstrip('…')}"
        return ACTIONS.get(action) or words.sentence(action.replace(".", ": "))

    def named(self, word: str, actions: Iterable[str]) -> list[str]:
        """Those of the actions whose words hold this one, for a search."""
        return [action for action in actions if word.casefold() in self.action(action).casefold()]

    def _subject(self, row: AuditRow, names: AuditNames) -> str:
        found = _JOB.match(row.subject)
        if found:
            said = names.jobs.get(int(found[1])) or self._label(found[2] or "")
            return f"Job {found[1]}{f': {said}' if said else ''}"
        if row.action == "settings.save" and row.subject in self._sections:
            return self._sections[row.subject].title
        if row.action.startswith("vault."):
            return f"key {row.subject}" if row.subject else ""
        return row.subject

    def _label(self, said: str) -> str:
        """Entries of jobs without a target name the kind of job."""
        return self._catalogue[said].label.rstrip("…") if said in self._catalogue else said

    def _more(self, row: AuditRow, names: AuditNames) -> str:
        kind = row.action.removeprefix("jobs.")
        model: type[BaseModel] | None = None
        if row.action.startswith("jobs.") and kind in self._catalogue:
            model = self._catalogue[kind].params
        elif row.action == "settings.save":
            model = self._sections.get(row.subject)
        told: list[str] = []
        for key, value in row.detail.items():
            if value in (None, "", [], {}, False):
                continue
            if key == "params" and model is not None and isinstance(value, dict):
                told += _chosen(model, value, names)
            elif key == "changed" and model is not None and isinstance(value, dict):
                told += _changes(model, value)
            elif key == "dry_run":
                told.insert(0, "Dry run")
            else:
                told.append(f"{_KEYS.get(key, words.sentence(key))}: {_said(key, value, names)}")
        return " · ".join(told)


def _chosen(model: type[BaseModel], values: dict[str, Any], names: AuditNames) -> list[str]:
    """Parameters that differ from what a job takes by itself."""
    told = []
    for name, value in values.items():
        info = model.model_fields.get(name)
        default = _plain(info.get_default(call_default_factory=True, validated_data={})) if info else None
        if info is None or value in (None, "", [], {}) or (value == default and not info.is_required()):
            continue
        title = info.title or words.sentence(name)
        told.append(f"{title}: {_value(info, name, value, values, names)}")
    return told


def _value(info: FieldInfo, name: str, value: Any, values: dict[str, Any], names: AuditNames) -> str:
    vcenter = values.get("vcenter_id")
    if name == "vcenter_id":
        return names.vcenters.get(value, str(value))
    if name in ("cluster", "datastore") and isinstance(vcenter, int):
        return names.things.get((vcenter, value), str(value))
    if name in ("hosts", "order") and isinstance(value, list):
        return _list([names.hosts.get(one, str(one)) for one in value])
    return _choice(info, value)


def _choice(info: FieldInfo, value: Any) -> str:
    """A value as the form says it."""
    if isinstance(value, list):
        return _list([_choice(info, one) for one in value])
    for kind in (info.annotation, *typing.get_args(info.annotation)):
        if isinstance(kind, type) and issubclass(kind, Worded):
            # A value of another version's choices stays as it is.
            return next((member.words for member in kind if member.value == value), words.plain(value))
    return words.plain(value)


def _changes(model: type[BaseModel], changed: dict[str, Any]) -> list[str]:
    """Settings by their titles, with what they were and what they became."""
    told = []
    for name, pair in changed.items():
        info = model.model_fields.get(name)
        title = (info.title if info else None) or words.sentence(name)
        if info is not None and isinstance(pair, list) and len(pair) == 2:
            told.append(f"{title}: {_choice(info, pair[0])} → {_choice(info, pair[1])}")
        else:
            told.append(f"{title}: {words.plain(pair)}")
    return told


def _said(key: str, value: Any, names: AuditNames) -> str:
    """A detail of any other action."""
    numbers = {"server": names.servers, "servers": names.servers, "host": names.hosts}.get(key)
    several = value if isinstance(value, list) else [value]
    if numbers is not None and (isinstance(value, list) or value in numbers):
        return _list([numbers.get(one, str(one)) if isinstance(one, int) else str(one) for one in several])
    if key in ("keeper", "keepers"):
        return _list([_SLOTS.get(str(one), words.sentence(str(one))) for one in several])
    if key == "kind":
        return kind_word(str(value))
    if isinstance(value, str) and _HEX.fullmatch(value):
        return f"{value[:16]}…"
    if isinstance(value, dict):
        return ", ".join(f"{words.sentence(name)} {words.plain(one)}" for name, one in value.items())
    text = words.plain(value)
    return words.sentence(text).lower() if re.fullmatch(r"[a-z]+(_[a-z]+)+", text) else text


def _list(several: list[str]) -> str:
    more = len(several) - _SHOWN
    return ", ".join(several[:_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _plain(value: Any) -> Any:
    """A default as it stands in JSON."""
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return value.value if isinstance(value, enum.Enum) else value
