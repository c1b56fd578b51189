"""Settings page: the keys of every action, to be changed."""

from __future__ import annotations

from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QHBoxLayout, QKeySequenceEdit, QLabel, QPushButton, QVBoxLayout, QWidget

from dsm_desktop.ui.desk import Desk
from dsm_desktop.ui.keys import KeyRow, why_not
from dsm_desktop.ui.models.columns import Column
from dsm_desktop.ui.theme import SPACE, Tone, ui_font
from dsm_desktop.ui.views.saved_views import ViewsButton
from dsm_desktop.ui.widgets.panel import GridPanel
from dsm_desktop.ui.words import Status

KEYS = (
    Column("does", "Does", lambda r: r.title, width=260),
    Column("keys", "Keys", lambda r: r.keys, width=150),
    Column("usual", "Usual", lambda r: r.usual, width=150, help="What the program gives it"),
    Column(
        "changed",
        "Changed",
        lambda r: "yes" if r.changed else "",
        status=lambda r: Status("yes" if r.changed else "", "edit" if r.changed else "", Tone.INFO),
        width=90,
    ),
)


class KeyboardPage(QWidget):
    """Choose an action, press its new keys. Keys that belong to another action are named before they are taken from it."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self._row: KeyRow | None = None
        self.panel = GridPanel(desk.work, "keys", KEYS, icon_name="palette")
        self.panel.chosen.connect(self._chosen)
        ViewsButton(desk, self.panel, "keys")
        self.editor = QKeySequenceEdit()
        self.editor.setMaximumSequenceLength(1)
        self.editor.setClearButtonEnabled(True)
        self.editor.setAccessibleName("New keys of the chosen action")
        self._what = QLabel("Choose an action")
        self.use = QPushButton("Use these keys")
        self.use.clicked.connect(lambda: self.choose(self.editor.keySequence()))
        self.none = QPushButton("No keys")
        self.none.clicked.connect(lambda: self.choose(QKeySequence()))
        self.usual = QPushButton("As usual")
        self.usual.clicked.connect(self._reset)
        self.all = QPushButton("All as usual")
        self.all.clicked.connect(self._reset_all)
        heading = QLabel("Keyboard")
        heading.setFont(ui_font(step=3, bold=True))
        row = QHBoxLayout()
        row.addWidget(self._what, 1)
        for widget in (self.editor, self.use, self.none, self.usual, self.all):
            row.addWidget(widget)
        column = QVBoxLayout(self)
        column.setContentsMargins(SPACE * 2, SPACE * 2, SPACE * 2, SPACE)
        column.addWidget(heading)
        column.addWidget(self.panel, 1)
        column.addLayout(row)
        self._chosen([])

    def showEvent(self, event: object) -> None:
        self.read()

    def read(self) -> None:
        """The keys in force."""
        self.panel.set_rows(self.panel.model.prepare(self._desk.keys.rows()))

    def _chosen(self, ids: list[int]) -> None:
        self._row = self.panel.model.row_of(ids[0]) if len(ids) == 1 else None
        row = self._row
        self._what.setText(row.title if row is not None else "Choose an action")
        self.editor.setKeySequence(QKeySequence(row.keys) if row is not None else QKeySequence())
        for widget in (self.editor, self.use, self.none):
            widget.setEnabled(row is not None)
        self.usual.setEnabled(row is not None and row.changed)

    def choose(self, keys: QKeySequence, *, take: bool = False) -> None:
        """Give the chosen action these keys; a conflict is named and asked about."""
        row, known = self._row, self._desk.keys
        if row is None:
            return
        text = keys.toString(QKeySequence.SequenceFormat.NativeText)
        if why := why_not(keys):
            self.panel.banner.say(f"{row.title}: {why}", Tone.WARNING)
            return
        holder = known.holder(keys, row.name) if not keys.isEmpty() else None
        if holder is not None and not take:
            self.panel.banner.say(
                f"{text} belongs to “{known.title(holder)}”. It would have no keys then.",
                Tone.WARNING,
                (f"Give {text} to “{row.title}”", lambda: self.choose(keys, take=True)),
            )
            return
        known.choose(row.name, keys)
        self._done(f"{row.title}: {text}" if text else f"{row.title}: no keys")

    def _reset(self) -> None:
        if self._row is not None:
            self._desk.keys.reset(self._row.name)
            self._done(f"{self._row.title}: {self._row.usual or 'no keys'}, as usual")

    def _reset_all(self) -> None:
        self._desk.keys.reset_all()
        self._done("All keys are as usual.")

    def _done(self, text: str) -> None:
        chosen = self.panel.grid.selected_ids()
        self.read()
        self.panel.banner.say(text, Tone.OK)
        self._chosen(chosen)
