"""Editing one or many servers: a field that differs shows <several values> and is left alone unless it is changed."""

from __future__ import annotations

import string
from collections.abc import Sequence
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import Any

from PySide6.QtWidgets import (
    QComboBox,
    QFormLayout,
    QFrame,
    QGroupBox,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from dsm_desktop.app.context import Commands, CredentialView
from dsm_desktop.commands import bulk_edit
from dsm_desktop.commands.bulk_edit import OWN, BulkEdit, ChangedMeanwhile
from dsm_desktop.commands.servers import EDITABLE, ServersGone
from dsm_desktop.core.errors import BadInput, DsmError, NotFound
from dsm_desktop.queries import Connection
from dsm_desktop.queries.custom_fields import CustomFieldRow, list_custom_fields
from dsm_desktop.queries.query_values import plain
from dsm_desktop.queries.servers import GroupRow, ServerRow, list_groups
from dsm_desktop.ui import words
from dsm_desktop.ui.desk import Desk
from dsm_desktop.ui.dialogs.base import Dialog
from dsm_desktop.ui.theme import SPACE
from dsm_desktop.ui.undo import Field, FieldsUndo
from dsm_desktop.ui.widgets.labels import WrappedLabel

SEVERAL = "<several values>"
_KEEP = object()
_TRUST = (
    ("pin", "Pinned at the first connection"),
    ("ca", "Checked against the site's CA"),
    ("off", "Not checked"),
)
_TIPS = {
    "pdus": "Power distribution units it hangs on, as they are labelled, with a comma between two: A12, B12. Hosts of"
    " one PDU are taken out one at a time."
}
_TLS = ((False, "Not allowed"), (True, "Allowed (TLS 1.0, short keys)"))


@dataclass(frozen=True, slots=True)
class _Site:
    fields: list[CustomFieldRow]
    groups: list[GroupRow]


class _Choice(QComboBox):
    """A box that keeps what several servers have, until something is chosen."""

    def __init__(self, name: str, choices: Sequence[tuple[Any, str]], now: set[Any]) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self._now = next(iter(now)) if len(now) == 1 else _KEEP
        if len(now) != 1:
            self.addItem(SEVERAL, _KEEP)
        for value, title in choices:
            self.addItem(title, value)
        values = [self.itemData(n) for n in range(self.count())]
        self.setCurrentIndex(values.index(self._now) if self._now in values else 0)

    def changed(self) -> Any:
        """The new value, _KEEP where nothing is to be changed."""
        chosen = self.currentData()
        return _KEEP if chosen is self._now or chosen == self._now else chosen


class EditServersDialog(Dialog):
    """One transaction: either all that was changed is written, or nothing."""

    def __init__(self, desk: Desk, rows: Sequence[ServerRow], parent: QWidget | None) -> None:
        self._many = len(rows) > 1
        title = f"Edit {words.plural(len(rows), 'server')}" if self._many else f"Edit {rows[0].label}"
        super().__init__(parent, title, "Only what you change is written." if self._many else "")
        self._desk, self._rows, self._ids = desk, list(rows), [row.id for row in rows]
        self._before: dict[str, str] = {}
        self._newer: dict[int, dict[str, Any]] = {}
        self._lines: dict[str, QLineEdit | QPlainTextEdit] = {}
        self._custom: dict[str, QLineEdit | _Choice] = {}
        self.setMinimumSize(600, 560)
        inside = QWidget()
        self._column = QVBoxLayout(inside)
        self._column.setSpacing(SPACE)
        self._add_general()
        self._add_access()
        self._add_order()
        self._own = self._box("Own fields")
        self._column.addStretch()
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setAccessibleName("Fields")
        scroll.setWidget(inside)
        self.body.addWidget(scroll, 1)
        self.add_cancel()
        self.save_button = self.add_action("Save")
        self.save_button.clicked.connect(self.save)
        self.history = FieldsUndo(self, self._fields)
        self.history.watch()
        desk.work.read(self, desk.context.reads.credentials, self._show_credentials, self.fail)
        desk.work.query(self, _site, self._show_site, self.fail)

    def _fields(self) -> list[Field]:
        boxes = (self.credential, self.trust, self.old_tls, self.into, self.out_of)
        return [*self._lines.values(), self.add_tags, self.remove_tags, *boxes, *self._custom.values()]

    def _box(self, title: str) -> QFormLayout:
        box = QGroupBox(title)
        form = QFormLayout(box)
        self._column.addWidget(box)
        return form

    def _add_general(self) -> None:
        form = self._box("General")
        for key, label in (
            ("name", "Name"), ("address", "BMC address"), ("port", "Port"), ("asset_tag", "Asset tag"), ("pdus", "PDUs"),
            ("notes", "Notes"),
        ):  # fmt: skip
            if self._many and key in ("address", "port"):
                continue
            values = {str(value) for value in set(map(attrgetter(key), self._rows))}
            line: QLineEdit | QPlainTextEdit = QPlainTextEdit() if key == "notes" else QLineEdit()
            if isinstance(line, QPlainTextEdit):
                line.setTabChangesFocus(True)
                line.setMaximumHeight(72)
            _set_text(line, next(iter(values)) if len(values) == 1 else "")
            if len(values) > 1:
                line.setPlaceholderText(SEVERAL)
            line.setAccessibleName(label)
            line.setToolTip(_TIPS.get(key, ""))
            self._before[key], self._lines[key] = _text(line), line
            form.addRow(label, line)
        if self._many:
            hint = "In a name {tag}, {host}, {model}, {address} and {n} (1, 2, 3 …) are filled in for each server."
            self._lines["name"].setToolTip(hint)
            said = WrappedLabel(hint)
            form.addRow("", said)

    def _add_access(self) -> None:
        form = self._box("Access")
        self.credential = QComboBox()
        self.credential.setAccessibleName("Credential set")
        # Its names come later.
        self.credential.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.trust = _Choice("Certificate", _TRUST, {row.trust_mode for row in self._rows})
        self.old_tls = _Choice("Old TLS", _TLS, {row.old_tls for row in self._rows})
        form.addRow("Credential set", self.credential)
        form.addRow("Certificate", self.trust)
        form.addRow("Old TLS", self.old_tls)

    def _add_order(self) -> None:
        form = self._box("Tags and groups")
        sets = [frozenset(tags) for tags in {row.tags for row in self._rows}]
        common, some = frozenset.intersection(*sets), frozenset.union(*sets)
        said = ", ".join(sorted(common)) or "none"
        if some - common:
            said += f"; on some: {', '.join(sorted(some - common))}"
        now = WrappedLabel(said)
        now.setAccessibleName("Tags now")
        self.add_tags, self.remove_tags = QLineEdit(), QLineEdit()
        self.add_tags.setPlaceholderText("production web")
        for name, line in (("Add tags", self.add_tags), ("Remove tags", self.remove_tags)):
            line.setAccessibleName(name)
            line.setToolTip("Words, separated by blanks")
        self.into, self.out_of = QComboBox(), QComboBox()
        self.into.setAccessibleName("Add to group")
        self.out_of.setAccessibleName("Take out of group")
        form.addRow("Tags now", now)
        form.addRow("Add tags", self.add_tags)
        form.addRow("Remove tags", self.remove_tags)
        form.addRow("Add to group", self.into)
        form.addRow("Take out of group", self.out_of)

    # -- what is asked ------------------------------------------------------------------------------------------

    def _show_credentials(self, found: list[CredentialView]) -> None:
        self._assigned = {row.assigned_credential_id for row in self._rows}
        if len(self._assigned) > 1:
            self.credential.addItem(SEVERAL, -1)
        self.credential.addItem("By the rules (ranges and priority)", None)
        for view in found:
            self.credential.addItem(f"{view.name} ({view.username})", view.id)
        if len(self._assigned) == 1:
            self.credential.setCurrentIndex(max(0, self.credential.findData(next(iter(self._assigned)))))
        self.history.watch()

    def _show_site(self, site: _Site) -> None:
        members = frozenset(self._ids)
        manual = [group for group in site.groups if group.kind == "manual"]
        for box, groups in ((self.into, manual), (self.out_of, [g for g in manual if g.members & members])):
            box.addItem("—", None)
            for group in groups:
                box.addItem(group.name, group.id)
        for field in site.fields:
            self._own.addRow(field.title, self._own_field(field))
        if not site.fields:
            self._own.addRow(QLabel("None yet. Define them under Edit > Own fields."))
        self.history.watch()

    def _own_field(self, field: CustomFieldRow) -> QWidget:
        values = [row.custom.get(field.key) for row in self._rows]
        now = {plain(value) for value in values}
        if field.kind in ("choice", "yes_no"):
            choices = field.choices if field.kind == "choice" else ("yes", "no")
            made: QLineEdit | _Choice = _Choice(field.title, [("", "—"), *((c, c) for c in choices)], now)
        else:
            made = QLineEdit(next(iter(now)) if len(now) == 1 else "")
            made.setPlaceholderText(SEVERAL if len(now) > 1 else {"date": "2027-03-31"}.get(field.kind, ""))
            made.setAccessibleName(field.title)
            self._before[f"field.{field.key}"] = made.text()
        made.setToolTip(field.help)
        self._custom[field.key] = made
        return made

    # -- saving -------------------------------------------------------------------------------------------------

    def save(self) -> None:
        try:
            edit = self._edit()
        except BadInput as error:
            self.fail(error)
            return
        if edit.empty:
            self.accept()
            return
        self.setEnabled(False)
        ids, rows, newer = self._ids, self._rows, {key: dict(values) for key, values in self._newer.items()}

        def write(commands: Commands) -> None:
            seen = {row.id: _shown(row) | newer.get(row.id, {}) for row in rows}
            commands.do(bulk_edit.edit_many, ids, replace(edit, seen=seen))

        self._desk.change(self, write, lambda _: self.accept(), self.fail)

    def fail(self, error: DsmError) -> None:
        """Servers that somebody has removed meanwhile are named and left out of the next try; what was typed stays, and goes
        over what somebody else has written only after that was told."""
        if isinstance(error, ChangedMeanwhile):
            for server_id, values in error.now.items():
                self._newer.setdefault(server_id, {}).update(values)
        if isinstance(error, ServersGone):
            gone = [row for row in self._rows if row.id in error.ids]
            self._rows = [row for row in self._rows if row.id not in error.ids]
            self._ids = [row.id for row in self._rows]
            error = _told_gone(gone, len(self._rows))
        super().fail(error)
        self.save_button.setEnabled(bool(self._ids))

    def dirty(self) -> bool:
        try:
            return not self._edit().empty
        except BadInput:
            return True

    def _edit(self) -> BulkEdit:
        typed = {k: _text(line).strip() for k, line in self._lines.items() if _text(line) != self._before[k]}
        values: dict[str, Any] = {key: text for key, text in typed.items() if key != "name"}
        if "port" in values:
            values["port"] = _port(values["port"])
        for key, box in (("trust_mode", self.trust), ("old_tls", self.old_tls)):
            if (chosen := box.changed()) is not _KEEP:
                values[key] = chosen
        credential = self.credential.currentData()
        if self.credential.count() and credential != -1 and {credential} != self._assigned:
            values["assigned_credential_id"] = credential
        return BulkEdit(
            values=values,
            names=self._names(typed["name"]) if "name" in typed else {},
            custom=self._own_values(),
            add_tags=self.add_tags.text().replace(",", " ").split(),
            remove_tags=self.remove_tags.text().replace(",", " ").split(),
            add_groups=[i for i in (self.into.currentData(),) if i is not None],
            remove_groups=[i for i in (self.out_of.currentData(),) if i is not None],
        )

    def _own_values(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, control in self._custom.items():
            if isinstance(control, _Choice):
                if (chosen := control.changed()) is not _KEEP:
                    found[key] = chosen
            elif control.text() != self._before[f"field.{key}"]:
                found[key] = control.text().strip()
        return found

    def _names(self, pattern: str) -> dict[int, str]:
        """The name of each server; the same for all only where the pattern has nothing to fill in."""
        known = {"tag", "host", "model", "address", "n"}
        try:
            asked = {name for _, name, _, _ in string.Formatter().parse(pattern) if name is not None}
        except ValueError:
            raise BadInput(
                f"'{pattern}' cannot be read as a name.", hint="Write {{ for a single bracket."
            ) from None
        if asked - known:
            raise BadInput(
                f"A name has no {{{', '.join(sorted(asked - known))}}}.",
                hint=f"Known: {', '.join(sorted(known))}.",
            )
        return {
            row.id: pattern.format(
                tag=row.service_tag or "",
                host=row.host_name.split(".", 1)[0],
                model=row.model.removeprefix("PowerEdge "),
                address=row.address,
                n=number,
            )
            for number, row in enumerate(self._rows, start=1)
        }


def _shown(row: ServerRow) -> dict[str, Any]:
    """What the dialog shows of a server, by the names of `BulkEdit.seen`."""
    own = {OWN + key: value for key, value in row.custom.items()}
    return {name: getattr(row, name) for name in EDITABLE - {"custom"}} | own


def _told_gone(gone: Sequence[ServerRow], left: int) -> NotFound:
    names = ", ".join(row.label for row in gone[:5]) + (" …" if len(gone) > 5 else "")
    one = len(gone) == 1
    next_step = (
        f"Save once more to write it on the other {words.plural(left, 'server')}."
        if left
        else f"Copy what you typed if you need it, then close this. {'It' if one else 'They'} can be added again."
    )
    return NotFound(
        f"Somebody has removed {'this server' if one else 'these servers'} from the list meanwhile; nothing was saved yet.",
        hint=f"{next_step} The audit log says who removed {'it' if one else 'them'}.",
        where=names,
    )


def _site(connection: Connection) -> _Site:
    return _Site(list_custom_fields(connection), list_groups(connection))


def _port(text: str) -> int:
    if not text.isdigit() or not 0 < int(text) < 65_536:
        raise BadInput("The port must be a number from 1 to 65535.")
    return int(text)


def _text(line: QLineEdit | QPlainTextEdit) -> str:
    return line.text() if isinstance(line, QLineEdit) else line.toPlainText()


def _set_text(line: QLineEdit | QPlainTextEdit, text: str) -> None:
    if isinstance(line, QLineEdit):
        line.setText(text)
    else:
        line.setPlainText(text)
