"""Racks: which server stands where. Drag a server into its units, or place and move it by keys; every move can be undone."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QMimeData, Qt
from PySide6.QtGui import QKeyEvent, QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QScrollArea,
    QSplitter,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from dsm_desktop.commands.racks import usual_height
from dsm_desktop.core.access import Permission
from dsm_desktop.core.errors import DsmError
from dsm_desktop.queries import Connection
from dsm_desktop.queries.racks import Elevation, RackRow, elevation, list_racks, unplaced
from dsm_desktop.ui import words
from dsm_desktop.ui.bridge import Change
from dsm_desktop.ui.desk import Desk
from dsm_desktop.ui.dialogs.racks import RackDialog, RemoveRackDialog
from dsm_desktop.ui.icons import icon
from dsm_desktop.ui.painting.rack import RackPicture, rack_words, server_mime
from dsm_desktop.ui.printing import preview_picture
from dsm_desktop.ui.theme import SPACE, ui_font
from dsm_desktop.ui.widgets.labels import WrappedLabel
from dsm_desktop.ui.widgets.panel import Action
from dsm_desktop.ui.widgets.states import Banner, StatePane

_ID = Qt.ItemDataRole.UserRole
_HEIGHT = Qt.ItemDataRole.UserRole + 1
_LISTED = 500
Spot = tuple[int, int] | None
"""(rack, unit); None = in no rack."""


@dataclass(frozen=True, slots=True)
class Move:
    """A server went from a spot to another."""

    server_id: int
    before: Spot
    after: Spot


class ServerList(QListWidget):
    """Servers that stand in no rack; drag one into the picture, or press Enter."""

    def __init__(self) -> None:
        super().__init__()
        self.setDragEnabled(True)
        self.setUniformItemSizes(True)
        self.setSpacing(2)
        self.setAccessibleName("Servers in no rack")

    def mimeData(self, items: list[QListWidgetItem]) -> QMimeData:  # type: ignore[override]
        item = items[0]
        return server_mime(int(item.data(_ID)), int(item.data(_HEIGHT)))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.currentItem() is not None:
            self.itemActivated.emit(self.currentItem())
        else:
            super().keyPressEvent(event)


class RackView(QWidget):
    """Racks │ the picture │ servers in no rack."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self._racks: list[RackRow] = []
        self._loose: list[tuple[int, str, str]] = []
        self._done: list[Move] = []
        self._undone: list[Move] = []
        self._shown: int | None = None
        self._may = desk.why_not(Permission.CONFIGURE)
        self.racks, self.picture, self.loose = QListWidget(), RackPicture(), ServerList()
        self.banner = Banner()
        self._state = StatePane()
        self._build()
        self._connect()
        self._state.loading("racks")
        self.refresh()

    def _button(self, text: str, do: object, tip: str) -> QPushButton:
        button = QPushButton(text)
        button.setToolTip(self._may or tip)
        button.setEnabled(not self._may or text == "Print…")
        button.clicked.connect(lambda _=False: do())  # type: ignore[operator]
        return button

    def _build(self) -> None:
        self.racks.setAccessibleName("Racks")
        self.title = QLabel()
        self.title.setFont(ui_font(step=2, bold=True))
        self.title.setAccessibleName("Chosen rack")
        self.full = WrappedLabel()
        self.full.setAccessibleName("How full the rack is")
        self.filter = QLineEdit()
        self.filter.setPlaceholderText("Filter servers in no rack")
        self.filter.setAccessibleName("Filter servers in no rack")
        self.filter.setClearButtonEnabled(True)
        self.add = self._button(
            "Add a rack…", lambda: RackDialog(self._desk, None, self).open(), "A new, empty rack"
        )
        self.edit = self._button("Edit…", self._edit, "Name, room and units of this rack")
        self.remove = self._button("Remove…", self._remove, "Remove this rack; its servers stay on the list")
        self.undo = self._button("Undo", self.undo_move, "Take the last move back (Ctrl+Z)")
        self.redo = self._button("Redo", self.redo_move, "Do it again (Ctrl+Y)")
        self.print_button = self._button("Print…", self.print_shown, "Print this rack (Ctrl+P)")
        self.place = self._button(
            "Place in the rack", self._place_current, "Into the lowest units that are free"
        )
        left = _column(_heading("Racks"), self.racks, self.add, self.edit, self.remove)
        scroll = self._scroll = QScrollArea()
        scroll.setWidget(self.picture)
        scroll.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        scroll.setAccessibleName("Rack elevation")
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        bar = QHBoxLayout()
        bar.addWidget(self.title)
        bar.addWidget(self.full, 1)
        for button in (self.undo, self.redo, self.print_button):
            bar.addWidget(button)
        middle = _column(bar, self.banner, scroll)
        right = _column(_heading("In no rack"), self.filter, self.loose, self.place)
        self._stack = QStackedLayout()
        whole = QWidget()
        whole.setLayout(self._stack)
        self._stack.addWidget(self._state)
        self._stack.addWidget(middle)
        split = QSplitter()
        split.setChildrenCollapsible(False)
        for widget in (left, whole, right):
            split.addWidget(widget)
        split.setSizes([190, 620, 260])
        split.setStretchFactor(1, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(split)

    def _connect(self) -> None:
        self.racks.currentRowChanged.connect(lambda _: self._read_rack())
        self.filter.textChanged.connect(lambda _: self._fill_loose())
        self.loose.itemActivated.connect(lambda _: self._place_current())
        self.picture.opened.connect(self._desk.server_opened)
        self.picture.moved.connect(self._moved)
        self.picture.taken_out.connect(lambda i: self._do(Move(i, self._spot_of(i), None)))
        self._desk.bridge.changed.connect(self._changed)
        for keys, do in (("Ctrl+Z", self.undo_move), ("Ctrl+Y", self.redo_move)):
            shortcut = QShortcut(QKeySequence(keys), self)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(do)

    # -- reading ------------------------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Read racks and servers without a place."""

        def ask(connection: Connection) -> tuple[list[RackRow], list[tuple[int, str, str]]]:
            return list_racks(connection), unplaced(connection)

        self._desk.work.query(self, ask, self._show, self._fail, key="racks")

    def _fail(self, error: DsmError) -> None:
        if self._racks:
            self.banner.fail(error, ("Try again", self.refresh))
        else:
            self._state.error(error, self.refresh)

    def _show(self, found: tuple[list[RackRow], list[tuple[int, str, str]]]) -> None:
        kept = self.rack_id
        self._racks, self._loose = found
        self.racks.blockSignals(True)
        self.racks.clear()
        for rack in self._racks:
            status = words.health(rack.worst)
            room = f"{rack.room} / " if rack.room else ""
            text = f"{room}{rack.name}  {rack.used}/{rack.units}"
            item = QListWidgetItem(icon(status.icon, status.tone), text)
            item.setToolTip(f"{words.plural(rack.servers, 'server')}, worst health: {status.word}")
            self.racks.addItem(item)
        places = [n for n, rack in enumerate(self._racks) if rack.id == kept]
        self.racks.setCurrentRow(places[0] if places else 0)
        self.racks.blockSignals(False)
        self._fill_loose()
        self._read_rack()

    def _fill_loose(self) -> None:
        wanted = self.filter.text().casefold()
        self.loose.clear()
        for server_id, label, model in self._loose:
            if wanted in f"{label} {model}".casefold():
                item = QListWidgetItem(f"{label}  {model.removeprefix('PowerEdge ')}")
                item.setData(_ID, server_id)
                item.setData(_HEIGHT, usual_height(model))
                self.loose.addItem(item)
            if self.loose.count() >= _LISTED:
                return

    @property
    def rack_id(self) -> int | None:
        place = self.racks.currentRow()
        return self._racks[place].id if 0 <= place < len(self._racks) else None

    def _read_rack(self) -> None:
        rack_id = self.rack_id
        for button in (self.edit, self.remove):
            button.setEnabled(rack_id is not None and not self._may)
        if rack_id is None:
            self.picture.show_rack(None)
            add: list[Action] = [] if self._may else [("Add a rack…", self.add.click)]
            self._state.empty("server", "No racks yet", "A rack shows where each server stands.", add)
            self._stack.setCurrentIndex(0)
            return
        self._desk.work.query(self, lambda c: elevation(c, rack_id), self._show_rack, self._fail, key="rack")

    def _show_rack(self, found: Elevation | None) -> None:
        if found is None:
            self.refresh()
            return
        self.title.setText(found.rack.name)
        self.full.setText(rack_words(found))
        other = self._shown != found.rack.id
        self._shown = found.rack.id
        self.picture.show_rack(found)
        self._stack.setCurrentIndex(1)
        self.picture.fit(self._scroll.viewport().height())
        if other and (servers := self.picture.servers()):
            highest = self.picture.slot_area(servers[0].unit, servers[0].height)
            self._scroll.verticalScrollBar().setValue(int(highest.top()) - 24)
        self.undo.setEnabled(bool(self._done))
        self.redo.setEnabled(bool(self._undone))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.picture.fit(self._scroll.viewport().height())

    def _changed(self, change: Change) -> None:
        if change.topic == "racks" or (
            change.topic == "servers" and (change.many or change.removed or change.added)
        ):
            self.refresh()
        elif change.topic == "servers" and {s.server_id for s in self.picture.servers()} & change.ids:
            self._read_rack()

    # -- moving -------------------------------------------------------------------------------------------------

    def _spot_of(self, server_id: int) -> Spot:
        slot, rack_id = self.picture.slot_of(server_id), self.rack_id
        return (rack_id, slot.unit) if slot is not None and rack_id is not None else None

    def _moved(self, server_id: int, unit: int) -> None:
        if self.rack_id is not None:
            self._do(Move(server_id, self._spot_of(server_id), (self.rack_id, unit)))

    def _place_current(self) -> None:
        item, rack_id = self.loose.currentItem(), self.rack_id
        if item is None or rack_id is None:
            self.banner.say("Choose a server at the right and a rack at the left.")
            return
        unit = self.picture.free_unit(int(item.data(_HEIGHT)))
        if unit is None:
            self.banner.say(f"No {item.data(_HEIGHT)} units beside each other are free in this rack.")
            return
        self._do(Move(int(item.data(_ID)), None, (rack_id, unit)))

    def undo_move(self) -> None:
        """The last move back."""
        if self._done:
            move = self._done[-1]
            self._send(Move(move.server_id, move.after, move.before), self._was_undone)

    def redo_move(self) -> None:
        """What was undone last, again."""
        if self._undone:
            self._send(self._undone[-1], self._was_redone)

    def _was_undone(self) -> None:
        self._undone.append(self._done.pop())

    def _was_redone(self) -> None:
        self._done.append(self._undone.pop())

    def _do(self, move: Move) -> None:
        if self._may:
            self.banner.say(self._may)
            return

        def done() -> None:
            self._done.append(move)
            self._undone.clear()

        self._send(move, done)

    def _send(self, move: Move, then: object) -> None:
        commands, spot = self._desk.context.commands, move.after

        def change() -> None:
            if spot is None:
                commands.unplace_server(move.server_id)
            else:
                commands.place_server(move.server_id, *spot)

        def done(_: None) -> None:
            then()  # type: ignore[operator]
            self.banner.hide()
            self.picture.current = move.server_id
            self.refresh()

        self._desk.work.command(self, change, done, self.banner.fail)

    # -- racks themselves ---------------------------------------------------------------------------------------

    def _edit(self) -> None:
        rack = next((r for r in self._racks if r.id == self.rack_id), None)
        if rack is not None:
            RackDialog(self._desk, rack, self).open()

    def _remove(self) -> None:
        rack = next((r for r in self._racks if r.id == self.rack_id), None)
        if rack is not None:
            RemoveRackDialog(self._desk, rack, self).open()

    def print_shown(self) -> None:
        """The preview of the rack on paper."""
        if self.picture.elevation is not None:
            preview_picture(f"Rack {self.picture.elevation.rack.name}", self.picture.print_on, self)


def _heading(text: str) -> QLabel:
    label = QLabel(text)
    label.setFont(ui_font(step=1, bold=True))
    return label


def _column(*parts: QWidget | QHBoxLayout) -> QWidget:
    """Parts under each other in a pane."""
    pane = QWidget()
    column = QVBoxLayout(pane)
    column.setContentsMargins(SPACE, SPACE, SPACE, SPACE)
    column.setSpacing(SPACE)
    for part in parts:
        if isinstance(part, QWidget):
            column.addWidget(part)
        else:
            column.addLayout(part)
    return pane
