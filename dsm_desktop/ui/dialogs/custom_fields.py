"""The operators' own columns: define, change, remove."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import (
    QComboBox,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QWidget,
)

from dsm_desktop.commands import custom_fields
from dsm_desktop.commands.custom_fields import KINDS, FieldDraft
from dsm_desktop.core.access import Permission
from dsm_desktop.queries.custom_fields import CustomFieldRow, list_custom_fields
from dsm_desktop.ui import words
from dsm_desktop.ui.bridge import Change
from dsm_desktop.ui.desk import Desk
from dsm_desktop.ui.dialogs.base import Dialog
from dsm_desktop.ui.models.columns import Column
from dsm_desktop.ui.views.saved_views import ViewsButton
from dsm_desktop.ui.widgets.panel import GridPanel

_COLUMNS = (
    Column("title", "Name", lambda r: r.title, width=150),
    Column("kind", "Kind", lambda r: words.sentence(r.kind), width=80),
    Column("choices", "Choices", lambda r: ", ".join(r.choices), width=160),
    Column("key", "In queries", lambda r: f"field.{r.key}", width=150),
    Column("help", "Help", lambda r: r.help, width=200),
)
_WHAT = {
    "text": "Text",
    "number": "Number",
    "date": "Date",
    "choice": "One of several words",
    "yes_no": "Yes or no",
}


class CustomFieldsDialog(Dialog):
    """Every definition; a change shows in the grid at once."""

    def __init__(self, desk: Desk, parent: QWidget) -> None:
        super().__init__(
            parent, "Own fields", "Columns of your own on every server: owner, cost centre, end of warranty …"
        )
        self._desk = desk
        self.setMinimumSize(760, 420)
        self.panel = GridPanel(desk.work, "own fields", _COLUMNS, icon_name="columns")
        self.panel.when_empty(
            "No own fields", "Add one; it becomes a column and can be asked for in queries."
        )
        self.panel.opened.connect(lambda _: self._edit())
        self.panel.chosen.connect(lambda _: self._follow())
        ViewsButton(desk, self.panel, "own fields")
        self.body.addWidget(self.panel, 1)
        why = desk.why_not(Permission.CONFIGURE)
        row = QHBoxLayout()
        self._buttons: dict[str, QPushButton] = {}
        self._why = why
        for name, do in (("Add…", self._add), ("Edit…", self._edit), ("Remove…", self._remove)):
            row.addWidget(self._button(name, do))
        row.addStretch()
        self.body.addLayout(row)
        self.add_cancel("Close")
        desk.bridge.changed.connect(self._changed)
        self.refresh()
        self._follow()

    def _button(self, name: str, do: Callable[[], object]) -> QPushButton:
        button = QPushButton(name)
        button.setAutoDefault(False)
        button.clicked.connect(do)
        self._buttons[name] = button
        return button

    def _follow(self) -> None:
        for name, button in self._buttons.items():
            reason = self._why or ("" if name == "Add…" or self.chosen() else "Choose a field.")
            button.setEnabled(not reason)
            button.setToolTip(reason)

    def _changed(self, change: Change) -> None:
        if change.topic == "custom_fields":
            self.refresh()

    def refresh(self) -> None:
        model = self.panel.model
        self._desk.work.query(
            self,
            lambda c: model.prepare(list_custom_fields(c)),
            self.panel.set_rows,
            lambda error: self.panel.error(error, self.refresh),
            key="fields",
        )

    def chosen(self) -> CustomFieldRow | None:
        """The selected definition."""
        ids = self.panel.grid.selected_ids()
        row: CustomFieldRow | None = self.panel.model.row_of(ids[0]) if len(ids) == 1 else None
        return row

    def _add(self, _: bool = False) -> None:
        FieldDialog(self._desk, self, None).open()

    def _edit(self, _: bool = False) -> None:
        if (row := self.chosen()) is not None and not self._why:
            FieldDialog(self._desk, self, row).open()

    def _remove(self, _: bool = False) -> None:
        if (row := self.chosen()) is not None:
            RemoveFieldDialog(self._desk, self, row).open()


class FieldDialog(Dialog):
    """One definition. The name in queries is made from the title once and stays."""

    def __init__(self, desk: Desk, parent: QWidget, row: CustomFieldRow | None) -> None:
        super().__init__(parent, f"Edit {row.title}" if row else "New own field")
        self._desk, self._row = desk, row
        self.title, self.help = QLineEdit(row.title if row else ""), QLineEdit(row.help if row else "")
        self.kind = QComboBox()
        for kind in KINDS:
            self.kind.addItem(_WHAT[kind], kind)
        self.choices = QPlainTextEdit("\n".join(row.choices) if row else "")
        self.choices.setTabChangesFocus(True)
        self.choices.setMaximumHeight(90)
        self.choices.setPlaceholderText("One in each line")
        form = QFormLayout()
        for label, widget, tip in (
            ("Name", self.title, "The heading of the column"),
            ("Kind", self.kind, "What may be entered"),
            ("Choices", self.choices, "The words to choose from, one in each line"),
            ("Help", self.help, "Shown as the tip of the field and of its column"),
        ):
            widget.setAccessibleName(label)
            widget.setToolTip(tip)
            form.addRow(label, widget)
        self.body.addLayout(form)
        self.kind.currentIndexChanged.connect(
            lambda _: self.choices.setEnabled(self.kind.currentData() == "choice")
        )
        self.kind.setCurrentIndex(self.kind.findData(row.kind if row else "text"))
        self.choices.setEnabled(self.kind.currentData() == "choice")
        self.add_cancel()
        self.add_action("Save").clicked.connect(self.save)
        self.title.setFocus()

    def save(self) -> None:
        draft, row = self.draft(), self._row
        if row is None:
            self._desk.change(
                self, lambda c: c.do(custom_fields.add_field, draft), lambda _: self.accept(), self.fail
            )
            return
        self._desk.change(
            self, lambda c: c.do(custom_fields.edit_field, row.id, draft), lambda _: self.accept(), self.fail
        )

    def draft(self) -> FieldDraft:
        """As typed."""
        return FieldDraft(
            title=self.title.text(),
            kind=self.kind.currentData(),
            choices=tuple(self.choices.toPlainText().splitlines()),
            help=self.help.text(),
        )


class RemoveFieldDialog(Dialog):
    """The values on the servers go with it."""

    def __init__(self, desk: Desk, parent: QWidget, row: CustomFieldRow) -> None:
        super().__init__(
            parent, f"Remove the field {row.title}?", "Its values on all servers are removed too."
        )
        self.add_cancel(default=True)
        self.remove = self.add_action("Remove the field", default=False)
        self.remove.clicked.connect(
            lambda: desk.change(
                self, lambda c: c.do(custom_fields.remove_field, row.id), lambda _: self.accept(), self.fail
            )
        )
