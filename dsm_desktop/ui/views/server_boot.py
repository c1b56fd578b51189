"""How a server starts: its order, the one-time source, and what was before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSplitter, QWidget

from dsm_desktop.core.access import Permission
from dsm_desktop.queries import Connection
from dsm_desktop.queries.configuration import BootRow, boot_history
from dsm_desktop.queries.row_numbers import row_number
from dsm_desktop.ui import words
from dsm_desktop.ui.desk import Desk
from dsm_desktop.ui.models.columns import Column
from dsm_desktop.ui.models.rows import Prepared
from dsm_desktop.ui.theme import SPACE, Tone
from dsm_desktop.ui.views.server_tables import ListTab
from dsm_desktop.ui.widgets.deeds import allow, deed
from dsm_desktop.ui.widgets.panel import GridPanel
from dsm_desktop.ui.words import Status

_ON = Status("On", "status-on", Tone.OK)
_OFF = Status("Off", "status-off", Tone.MUTED)


@dataclass(frozen=True, slots=True)
class OptionRow:
    """A boot option at its place in the order (from 1)."""

    id: int
    place: int
    option: dict[str, Any]


def once_words(override: dict[str, Any]) -> str:
    """The one-time source in words, "" for none."""
    target = str(override.get("target", ""))
    lasting = " (until changed)" if override.get("enabled") == "Continuous" else ""
    return f"{target}{lasting}"


def _first(row: BootRow) -> str:
    first = next((o for o in row.options if o.get("enabled", True)), None)
    return str(first.get("name") or first["id"]) if first else ""


OPTIONS = (
    Column("place", "Place", lambda r: r.place, kind="number", width=64),
    Column("name", "Starts from", lambda r: r.option.get("name") or r.option["id"], width=250),
    Column("on", "Enabled", lambda r: bool(r.option.get("enabled")), status=lambda r: _ON if r.option.get("enabled") else _OFF, width=90),
    Column("ref", "Option", lambda r: r.option["id"], width=150),
    Column("path", "UEFI device path", lambda r: r.option.get("path", ""), width=340),
)  # fmt: skip
HISTORY = (
    Column("from", "From", lambda r: r.at, text=lambda r: words.stamp(r.at), kind="time", width=150),
    Column("until", "Last read so", lambda r: r.confirmed_at, text=lambda r: words.stamp(r.confirmed_at), kind="time", width=150),
    Column("mode", "Mode", lambda r: r.mode, width=80),
    Column("once", "Once from", lambda r: once_words(r.override), width=130),
    Column("first", "First", _first, width=240),
    Column("order", "Order", lambda r: ", ".join(o.get("name") or o["id"] for o in r.options), width=420),
)  # fmt: skip


class BootTab(ListTab):
    """The order above, its history below; moved options become one job."""

    title = "Boot"
    topics = ("configuration",)

    def __init__(self, desk: Desk) -> None:
        self._history: dict[int, list[BootRow]] = {}
        self._order: list[str] = []
        super().__init__(desk, "boot options", OPTIONS, "power", self.rows)
        self.panel.when_empty(
            "No boot options known",
            "Read how this server starts. iDRAC8 tells only the mode and the one-time source.",
            [("Read boot configuration", lambda: self._start("boot_configuration"))],
            desk.why_not(Permission.OPERATE),
        )
        self.panel.model.set_order([(0, False)])
        self.history = GridPanel(desk.work, "boot history", HISTORY, icon_name="history", tools=False)
        self.history.when_empty("No history yet", "Each change that is read is kept here.")
        self.now = QLabel()
        self.now.setAccessibleName("Boot mode and one-time source")
        self.up, self.down = deed("Up"), deed("Down")
        self.apply, self.once = deed("Set order…"), deed("Once from…")
        self.again = deed("Read")
        self.now.setWordWrap(True)
        self.up.clicked.connect(lambda: self.move_option(-1))
        self.down.clicked.connect(lambda: self.move_option(1))
        self.apply.clicked.connect(self.set_order)
        self.once.clicked.connect(self._start_once)
        self.again.clicked.connect(lambda: self._desk.submit("boot_configuration", self._ids, {}))
        parts: tuple[tuple[QWidget, ...], ...] = (
            (self.now,),
            (self.up, self.down, self.apply, self.once, self.again),
        )
        for widgets in parts:
            bar = QHBoxLayout()
            bar.setContentsMargins(SPACE, SPACE // 2, SPACE, 0)
            for widget in widgets:
                bar.addWidget(widget, widget is self.now)
            if self.now not in widgets:
                bar.addStretch()
            self._column.insertLayout(self._column.count() - 1, bar)
        split = QSplitter(Qt.Orientation.Vertical)
        split.setChildrenCollapsible(False)
        self._column.removeWidget(self.panel)
        split.addWidget(self.panel)
        split.addWidget(self.history)
        split.setSizes([300, 160])
        self._column.addWidget(split, 1)
        self.panel.chosen.connect(lambda _: self._buttons())
        self._buttons()

    @property
    def _ids(self) -> list[int]:
        return [] if self._server_id is None else [self._server_id]

    def rows(self, connection: Connection, server_id: int) -> list[OptionRow]:
        found = self._history[server_id] = boot_history(connection, server_id)
        return _options(found[0], []) if found else []

    def _show(self, prepared: Prepared) -> None:
        super()._show(prepared)
        found = self._history.get(self._server_id or 0, [])
        self._order = []
        self.history.set_rows(self.history.model.prepare(found))
        if found:
            once = once_words(found[0].override)
            mode = f"{found[0].mode} mode" if found[0].mode else "Mode not known"
            tail = f", once from {once}" if once else ""
            self.now.setText(f"{mode}{tail}. Read {words.ago(found[0].confirmed_at)}.")
        else:
            self.now.setText("")
        self._buttons()

    def dirty(self) -> bool:
        return bool(self._order)

    def move_option(self, step: int) -> None:
        """The selected option one place up or down; nothing is sent yet."""
        chosen = self.panel.grid.selected_ids()
        shown = sorted(self.panel.model.all_rows(), key=lambda r: r.place)
        places = [n for n, row in enumerate(shown) if row.id in chosen]
        if len(places) != 1 or not 0 <= places[0] + step < len(shown):
            return
        order = [row.option["id"] for row in shown]
        order.insert(places[0] + step, order.pop(places[0]))
        self._order = order
        found = self._history[self._server_id or 0]
        self.panel.set_rows(self.panel.model.prepare(_options(found[0], order)))
        self.panel.grid.select_ids([row.id for row in shown if row.id in chosen])
        self._buttons()

    def set_order(self) -> None:
        """One job for the order as it is shown."""
        if self._order:
            self._desk.job_wanted.emit("boot_configuration", self._ids, {"order": self._order})

    def _start_once(self) -> None:
        rows = self.panel.model.all_rows()
        chosen = [r for r in rows if r.id in self.panel.grid.selected_ids()]
        preset: dict[str, Any] = {}
        if len(chosen) == 1 and chosen[0].option.get("path"):
            preset = {"once": "UEFI target", "uefi_target": chosen[0].option["path"]}
        self._desk.job_wanted.emit("boot_configuration", self._ids, preset)

    def _buttons(self) -> None:
        why = self._desk.why_not(Permission.OPERATE)
        one = len(self.panel.grid.selected_ids()) == 1
        for button in (self.up, self.down):
            allow(button, why or ("" if one else "Select one boot option"))
        allow(self.apply, why or ("" if self._order else "Move an option first"))
        allow(self.once, why)
        allow(self.again, why)


def _options(row: BootRow, order: list[str]) -> list[OptionRow]:
    options = list(row.options)
    if order:
        options.sort(key=lambda o: order.index(o["id"]) if o["id"] in order else len(order))
    return [OptionRow(row_number(o["id"]), place, o) for place, o in enumerate(options, 1)]
