"""Racks themselves: add, edit, remove."""

from __future__ import annotations

from PySide6.QtWidgets import QFormLayout, QLineEdit, QSpinBox, QWidget

from dsm_desktop.commands.racks import TALLEST
from dsm_desktop.queries.racks import RackRow
from dsm_desktop.ui import words
from dsm_desktop.ui.desk import Desk
from dsm_desktop.ui.dialogs.base import Dialog


class RackDialog(Dialog):
    """A new rack, or name, room and units of one."""

    def __init__(self, desk: Desk, rack: RackRow | None, parent: QWidget) -> None:
        super().__init__(
            parent, "Edit the rack" if rack else "Add a rack", "Units are counted from the bottom."
        )
        self._desk, self._rack = desk, rack
        self.name, self.room, self.units = QLineEdit(), QLineEdit(), QSpinBox()
        self.units.setRange(1, TALLEST)
        self.units.setValue(rack.units if rack else 42)
        if rack is not None:
            self.name.setText(rack.name)
            self.room.setText(rack.room)
        form = QFormLayout()
        for label, widget, tip in (
            ("Name", self.name, "As it is written on the rack"),
            ("Room", self.room, "Building, hall or row; may stay empty"),
            ("Height in units", self.units, "How many units the rack has, most have 42"),
        ):
            widget.setAccessibleName(label)
            widget.setToolTip(tip)
            form.addRow(label, widget)
        self.body.addLayout(form)
        self.add_cancel()
        self.save = self.add_action("Save" if rack else "Add")
        self.save.clicked.connect(self._save)
        self.name.setFocus()

    def _save(self) -> None:
        commands, rack_id = self._desk.context.commands, self._rack.id if self._rack else None
        name, room, units = self.name.text(), self.room.text(), self.units.value()
        self._desk.work.command(
            self, lambda: commands.save_rack(rack_id, name, room, units), lambda _: self.accept(), self.fail
        )


class RemoveRackDialog(Dialog):
    """Asks once; servers are not touched."""

    def __init__(self, desk: Desk, rack: RackRow, parent: QWidget) -> None:
        stay = (
            f"Its {words.plural(rack.servers, 'server')} stay on the list without a place."
            if rack.servers
            else ""
        )
        super().__init__(parent, f"Remove the rack {rack.name}?", stay or "It is empty.")
        commands = desk.context.commands
        self.add_cancel(default=True)
        self.remove = self.add_action("Remove the rack", default=False)
        self.remove.clicked.connect(
            lambda: desk.work.command(
                self, lambda: commands.remove_rack(rack.id), lambda _: self.accept(), self.fail
            )
        )
