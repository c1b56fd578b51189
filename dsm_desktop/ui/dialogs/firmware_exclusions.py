"""Firmware the site does not want touched: the rules, adding one, taking one back."""

from __future__ import annotations

from PySide6.QtWidgets import QFormLayout, QHBoxLayout, QLineEdit, QPushButton, QWidget

from dsm_desktop.app.context import Commands
from dsm_desktop.commands import firmware_exclusions
from dsm_desktop.core.access import Permission
from dsm_desktop.queries.firmware_exclusions import list_exclusions
from dsm_desktop.ui.bridge import Change
from dsm_desktop.ui.desk import Desk
from dsm_desktop.ui.dialogs.base import Dialog
from dsm_desktop.ui.models.columns import Column
from dsm_desktop.ui.widgets.panel import GridPanel

_COLUMNS = (
    Column("component", "Component", lambda r: r.component, width=150),
    Column("model", "Model", lambda r: r.model or "every", width=90),
    Column("version", "Version", lambda r: r.version or "every", width=90),
    Column("reason", "Reason", lambda r: r.reason, width=240),
    Column("by", "By", lambda r: r.added_by, width=90),
    Column("at", "Since", lambda r: r.added_at, kind="time", width=100),
)
_FIELDS = (
    ("component", "Component", "Dell's id, such as 159 for the BIOS, or a part of a name with *: *PERC*"),
    ("model", "Model", "Empty for every model, or a pattern: R7?0"),
    ("version", "Version", "Empty for every version, or the one not to be installed: 2.19.*"),
    ("reason", "Reason", "Shown wherever the rule held"),
)


class FirmwareExclusionsDialog(Dialog):
    """Every rule; a change shows in the grid at once and holds for the next server a job comes to."""

    def __init__(self, desk: Desk, parent: QWidget) -> None:
        super().__init__(
            parent,
            "Firmware left out",
            "What no update touches at this site, whoever starts it. A result names the rule that held.",
        )
        self._desk = desk
        self._why = desk.why_not(Permission.CONFIGURE)
        self.setMinimumSize(780, 460)
        self.panel = GridPanel(desk.work, "firmware left out", _COLUMNS, icon_name="library", tools=False)
        self.panel.when_empty("Nothing is left out", "Add a rule below; it needs a component and a reason.")
        self.panel.chosen.connect(lambda _: self._follow())
        self.body.addWidget(self.panel, 1)
        self.fields = {name: QLineEdit() for name, _, _ in _FIELDS}
        form = QFormLayout()
        for name, label, tip in _FIELDS:
            field = self.fields[name]
            field.setAccessibleName(label)
            field.setToolTip(tip)
            field.setPlaceholderText(tip)
            field.textChanged.connect(lambda _: self._follow())
            form.addRow(label, field)
        self.body.addLayout(form)
        self.add, self.remove = QPushButton("Add rule"), QPushButton("Take rule back")
        row = QHBoxLayout()
        for button, do in ((self.add, self.save), (self.remove, self.take_back)):
            button.setAutoDefault(False)
            button.clicked.connect(do)
            row.addWidget(button)
        row.addStretch()
        self.body.addLayout(row)
        self.add_cancel("Close")
        desk.bridge.changed.connect(self._changed)
        self.refresh()
        self._follow()

    def _changed(self, change: Change) -> None:
        if change.topic == "firmware_exclusions":
            self.refresh()

    def _follow(self) -> None:
        given = all(self.fields[name].text().strip() for name in ("component", "reason"))
        for button, missing in (
            (self.add, "" if given else "A rule needs a component and a reason."),
            (self.remove, "" if self.panel.grid.selected_ids() else "Choose a rule."),
        ):
            reason = self._why or missing
            button.setEnabled(not reason)
            button.setToolTip(reason)

    def refresh(self) -> None:
        model = self.panel.model
        self._desk.work.query(
            self,
            lambda c: model.prepare(list_exclusions(c)),
            self.panel.set_rows,
            lambda error: self.panel.error(error, self.refresh),
            key="rules",
        )

    def save(self, _: bool = False) -> None:
        """Add what is typed; the form is empty again when the rule is in."""
        values = {name: field.text() for name, field in self.fields.items()}

        def added(_: object) -> None:
            for field in self.fields.values():
                field.clear()

        self._desk.change(self, lambda c: c.do(firmware_exclusions.add_exclusion, **values), added, self.fail)

    def take_back(self, _: bool = False) -> None:
        """Drop the chosen rules."""
        chosen = list(self.panel.grid.selected_ids())

        def drop(commands: Commands) -> None:
            for number in chosen:
                commands.do(firmware_exclusions.remove_exclusion, number)

        self._desk.change(self, drop, lambda _: self._follow(), self.fail)
