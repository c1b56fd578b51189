"""Named views of a grid: save one, name it anew."""

from __future__ import annotations

from PySide6.QtWidgets import QCheckBox, QFormLayout, QLineEdit, QWidget

from dsm_desktop.commands import saved_views
from dsm_desktop.commands.saved_views import ViewLayout
from dsm_desktop.core.access import Permission
from dsm_desktop.queries.saved_views import SavedViewRow
from dsm_desktop.ui.desk import Desk
from dsm_desktop.ui.dialogs.base import Dialog


class SaveViewDialog(Dialog):
    """Filter, columns, order, widths and frozen columns under a name. A name that exists is written over."""

    def __init__(
        self, desk: Desk, parent: QWidget, view: str, layout: ViewLayout, known: SavedViewRow | None = None
    ) -> None:
        said = f"Filter: {layout.filter}" if layout.filter else "Without a filter."
        super().__init__(parent, "Save the view", said)
        self._desk, self._view, self._layout = desk, view, layout
        self.name = QLineEdit(known.name if known else "")
        self.name.setAccessibleName("Name")
        form = QFormLayout()
        form.addRow("Name", self.name)
        self.body.addLayout(form)
        self.shared = QCheckBox("Show it to everybody who uses this store")
        self.shared.setChecked(bool(known and known.shared))
        why = desk.why_not(Permission.CONFIGURE)
        self.shared.setEnabled(not why)
        self.shared.setToolTip(why)
        self.default = QCheckBox("Open the list with it")
        self.default.setChecked(layout.default)
        self.body.addWidget(self.shared)
        self.body.addWidget(self.default)
        self.add_cancel()
        self.add_action("Save").clicked.connect(self.save)
        self.name.setFocus()
        self.name.selectAll()

    def save(self) -> None:
        name, shared, view = self.name.text(), self.shared.isChecked(), self._view
        layout = self._layout.model_copy(update={"default": self.default.isChecked()})
        self._desk.change(
            self,
            lambda c: c.do(saved_views.save_view, view, name, layout, shared=shared),
            lambda _: self.accept(),
            self.fail,
        )


class RenameViewDialog(Dialog):
    """Another name."""

    def __init__(self, desk: Desk, parent: QWidget, row: SavedViewRow) -> None:
        super().__init__(parent, f"Rename the view {row.name}")
        self.name = QLineEdit(row.name)
        self.name.setAccessibleName("Name")
        self.body.addWidget(self.name)
        self.add_cancel()
        self.add_action("Rename").clicked.connect(
            lambda: desk.change(
                self,
                lambda c: c.do(saved_views.rename_view, row.id, self.name.text()),
                lambda _: self.accept(),
                self.fail,
            )
        )
        self.name.setFocus()
        self.name.selectAll()


class RemoveViewDialog(Dialog):
    """Asks once; the list itself is not touched."""

    def __init__(self, desk: Desk, parent: QWidget, row: SavedViewRow) -> None:
        text = "It is taken away from everybody." if row.shared else "The list itself stays as it is."
        super().__init__(parent, f"Remove the view {row.name}?", text)
        self.add_cancel(default=True)
        self.remove = self.add_action("Remove the view", default=False)
        self.remove.clicked.connect(
            lambda: desk.change(
                self, lambda c: c.do(saved_views.remove_view, row.id), lambda _: self.accept(), self.fail
            )
        )
