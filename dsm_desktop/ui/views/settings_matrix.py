"""The matrix editor: BIOS settings of a selection of servers, odd ones marked, edited like a spreadsheet, sent as one job."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from dsm_desktop.configuration.assignments import written
from dsm_desktop.configuration.registry import Registry
from dsm_desktop.configuration.standard import BIOS
from dsm_desktop.core.access import Permission
from dsm_desktop.queries import Connection
from dsm_desktop.queries.configuration import MatrixRow, settings_matrix
from dsm_desktop.queries.servers import ServerRow
from dsm_desktop.store.configuration import TOPIC, load_registry
from dsm_desktop.ui import theme, words
from dsm_desktop.ui.bridge import Change
from dsm_desktop.ui.desk import Desk
from dsm_desktop.ui.dialogs.base import Dialog
from dsm_desktop.ui.dialogs.setting import edited_value, value_editor
from dsm_desktop.ui.models.settings_matrix import EDIT, FIXED, SettingsMatrix
from dsm_desktop.ui.soon import Soon
from dsm_desktop.ui.theme import Tone
from dsm_desktop.ui.undo import Undo
from dsm_desktop.ui.widgets.deeds import allow

_MOST = 60
_WIDTH = 150
Index = QModelIndex | QPersistentModelIndex
Found = tuple[list[MatrixRow], dict[tuple[str, str], Registry]]


class _CellEditor(QStyledItemDelegate):
    """The editor of a cell is what its server's registry allows."""

    def __init__(self, matrix: SettingsMatrix, say: Any) -> None:
        super().__init__(matrix)
        self._matrix, self._say = matrix, say

    def createEditor(self, parent: QWidget, option: QStyleOptionViewItem, index: Index) -> QWidget:
        row, name = self._matrix.rows[index.row()], self._matrix.columns[index.column() - FIXED]
        editor = value_editor(self._matrix.entry(row, name), index.data(EDIT))
        editor.setParent(parent)
        editor.setAutoFillBackground(True)
        return editor

    def setEditorData(self, editor: QWidget, index: Index) -> None:
        """It was made with its value."""

    def setModelData(self, editor: QWidget, model: Any, index: Index) -> None:
        row, name = self._matrix.rows[index.row()], self._matrix.columns[index.column() - FIXED]
        self._say(self._matrix.set_value(row, name, edited_value(editor)))


class SettingsMatrixWindow(Dialog):
    """Type into a cell (F2 or typing), Ctrl+D fills the selection down from its first row, Del takes an edit back, Ctrl+Z undoes."""

    def __init__(self, desk: Desk, ids: Sequence[int], parent: QWidget | None) -> None:
        super().__init__(
            parent,
            f"BIOS settings of {words.plural(len(ids), 'server')}",
            "What differs from most is marked. New values are gathered and become one job; nothing is sent from here.",
        )
        self._desk, self._ids = desk, list(ids)
        self.setModal(False)
        self.setWindowFlag(Qt.WindowType.WindowMaximizeButtonHint)
        self.resize(1180, 680)
        self.matrix = SettingsMatrix(self)
        self.matrix.edited.connect(self._count)
        self.history = Undo(self, lambda: dict(self.matrix.edits), self._put)
        self.matrix.edited.connect(self.history.note)
        self.search = QLineEdit()
        self.search.setPlaceholderText("Show settings by name, e.g. profile, c states, boot mode")
        self.search.setAccessibleName("Show settings by name")
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(lambda _: self._columns())
        self.differing = QCheckBox("Only what differs")
        self.differing.setChecked(True)
        self.differing.setToolTip("Settings that are not the same on all of these servers")
        self.differing.toggled.connect(lambda _: self._columns())
        self.waiting = QCheckBox("Only what waits")
        self.waiting.setToolTip("Settings that wait for a restart on any of these servers")
        self.waiting.toggled.connect(lambda _: self._columns())
        self.said = QLabel()
        self.said.setAccessibleName("What is shown")
        self.table = QTableView()
        self._dress_table()
        bar = QHBoxLayout()
        bar.addWidget(self.search, 1)
        bar.addWidget(self.differing)
        bar.addWidget(self.waiting)
        bar.addWidget(self.said)
        self.body.addLayout(bar)
        self.body.addWidget(self.table, 1)
        self.read_button = self.add_action("Read from the servers", default=False)
        allow(self.read_button, desk.why_not(Permission.OPERATE))
        self.read_button.clicked.connect(lambda: self._desk.submit("bios_config_read", self._ids, {}))
        self.withdraw = self.add_action("Withdraw…", default=False)
        self.withdraw.clicked.connect(self.withdraw_waiting)
        self.drop = self.add_action("Discard", default=False)
        self.drop.clicked.connect(self.matrix.discard)
        self.add_cancel("Close")
        self.apply = self.add_action("Apply…")
        self.apply.clicked.connect(self.apply_edits)
        for keys, do in (("Ctrl+D", self.fill_down), ("Del", self.take_back)):
            short = QShortcut(QKeySequence(keys), self.table)
            short.setContext(Qt.ShortcutContext.WidgetShortcut)
            short.activated.connect(do)
        self._soon = Soon(desk.work, self, 200, self.read)
        desk.bridge.changed.connect(self._heard)
        self._count()
        self.read()

    def _dress_table(self) -> None:
        table = self.table
        table.setModel(self.matrix)
        table.setItemDelegate(_CellEditor(self.matrix, self._say))
        table.setAccessibleName("Settings by server")
        table.setAccessibleDescription(
            "F2 edits a cell, Ctrl+D fills the selection down, Del takes an edit back, Ctrl+Z undoes."
        )
        table.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        table.setEditTriggers(
            QAbstractItemView.EditTrigger.DoubleClicked
            | QAbstractItemView.EditTrigger.EditKeyPressed
            | QAbstractItemView.EditTrigger.AnyKeyPressed
        )
        table.setAlternatingRowColors(True)
        table.setWordWrap(False)
        table.verticalHeader().setVisible(False)
        table.verticalHeader().setDefaultSectionSize(theme.row_height())
        table.horizontalHeader().setDefaultSectionSize(_WIDTH)
        table.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)

    def dirty(self) -> bool:
        return bool(self.matrix.edits)

    # -- contents -------------------------------------------------------------------------------------------------

    def read(self) -> None:
        """Rows and registries from the store."""

        def ask(connection: Connection) -> Found:
            rows = settings_matrix(connection, self._ids, BIOS)
            registries = {}
            for key in {(row.registry_name, row.firmware) for row in rows if row.registry_name}:
                found = load_registry(connection, *key)
                if found is not None:
                    registries[key] = found
            return rows, registries

        self._desk.work.query(self, ask, self._show, self.fail, key="matrix")

    def _heard(self, change: Change) -> None:
        if change.topic == TOPIC:
            self._soon.tell()

    def _show(self, found: Found) -> None:
        self.matrix.take(*found)
        unread = [row.label for row in self.matrix.rows if not row.values]
        if unread:
            names = ", ".join(unread[:3]) + (" …" if len(unread) > 3 else "")
            self.banner.say(f"Not read yet: {names}. 'Read from the servers' does it.", Tone.WARNING)
        else:
            self.banner.hide()
        self._columns()
        self._count()

    def _columns(self) -> None:
        words_ = self.search.text().lower().split()
        names = self.matrix.differing() if self.differing.isChecked() and not words_ else self.matrix.names()
        if self.waiting.isChecked():
            names = self.matrix.waiting()
        edited = {name for _, name in self.matrix.edits}
        fits = [
            name
            for name in names
            if name in edited or all(w in f"{name} {self.matrix.title(name)}".lower() for w in words_)
        ]
        self.matrix.set_columns(fits[:_MOST])
        for column in range(FIXED, self.matrix.columnCount()):
            heading = str(self.matrix.headerData(column, Qt.Orientation.Horizontal))
            wanted = self.table.fontMetrics().horizontalAdvance(heading) + 24
            self.table.setColumnWidth(column, max(_WIDTH, min(wanted, 2 * _WIDTH)))
        self.table.setColumnWidth(0, 170)
        self.table.setColumnWidth(1, 130)
        more = f", {len(fits) - _MOST} more by name" if len(fits) > _MOST else ""
        what = (
            "all alike"
            if not fits and self.differing.isChecked()
            else words.plural(len(fits[:_MOST]), "setting")
        )
        self.said.setText(f"{what}{more}")

    def _say(self, why: str) -> None:
        if why:
            self.banner.say(why, Tone.WARNING)
        else:
            self.banner.hide()

    # -- edits ----------------------------------------------------------------------------------------------------

    def fill_down(self) -> None:
        """The value of the first selected row into the others of the same column."""
        by_column: dict[int, list[int]] = {}
        for index in self.table.selectionModel().selectedIndexes():
            if index.column() >= FIXED:
                by_column.setdefault(index.column(), []).append(index.row())
        why = ""
        for column, places in by_column.items():
            name, (first, *rest) = self.matrix.columns[column - FIXED], sorted(places)
            value = self.matrix.present(self.matrix.rows[first], name)
            for place in rest:
                why = self.matrix.set_value(self.matrix.rows[place], name, value) or why
        self._say(why)

    def _put(self, edits: dict[tuple[int, str], Any]) -> None:
        """Undone or done again; a column that is not in sight comes up."""
        self.matrix.restore(edits)
        if any(name not in self.matrix.columns for _, name in edits):
            self._columns()

    def take_back(self) -> None:
        """The edits of the selected cells."""
        for index in self.table.selectionModel().selectedIndexes():
            if index.column() >= FIXED:
                row, name = self.matrix.rows[index.row()], self.matrix.columns[index.column() - FIXED]
                if name in row.values:
                    self.matrix.set_value(row, name, row.values[name])

    def _count(self) -> None:
        changes = self.matrix.changes()
        count, refused = len(self.matrix.edits), self.matrix.refused()
        why = self._desk.why_not(Permission.OPERATE)
        servers = words.plural(len(changes), "server")
        self.apply.setText(f"Apply {words.plural(count, 'change')} on {servers}…" if count else "Apply…")
        self.apply.setEnabled(bool(count) and not why)
        told = f"{words.plural(refused, 'change')} would be refused; see the cells' tips" if refused else ""
        self.apply.setToolTip(why or told or ("" if count else "Give a cell a new value first"))
        self.drop.setEnabled(bool(count))
        waits = bool(self._waiting_servers())
        self.withdraw.setEnabled(waits and not why)
        self.withdraw.setToolTip(why or ("Take back what waits for a restart" if waits else "Nothing waits"))

    def _waiting_servers(self) -> list[int]:
        return sorted(row.server_id for row in self.matrix.rows if row.pending)

    def withdraw_waiting(self) -> None:
        """One job that takes back what waits on these servers."""
        if servers := self._waiting_servers():
            self._desk.job_wanted.emit("bios_config_write", servers, {"action": "withdraw what waits"})

    def apply_edits(self) -> None:
        """One job for all servers; each gets its own lines."""
        changes = self.matrix.changes()
        by_id = {row.server_id: row for row in self.matrix.rows}
        lines = [
            line
            for server_id, values in changes.items()
            for line in written(values, by_id[server_id].service_tag)
        ]
        if lines:
            self._desk.job_wanted.emit("bios_config_write", sorted(changes), {"settings": lines})


def open_matrix(desk: Desk, rows: Sequence[ServerRow], parent: QWidget) -> SettingsMatrixWindow | None:
    """For these servers; says what to do where there is none."""
    if not rows:
        desk.tell("There are no servers yet; find them first.", Tone.WARNING)
        return None
    window = SettingsMatrixWindow(desk, [row.id for row in rows], parent)
    window.show()
    return window
