"""A server's BIOS settings: with names, help and allowed values; edits are gathered and become one job."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from PySide6.QtWidgets import QCheckBox, QComboBox, QHBoxLayout, QLabel, QMenu, QToolButton

from dsm_desktop.commands.configuration import set_baseline
from dsm_desktop.configuration.assignments import written
from dsm_desktop.configuration.checking import Rules
from dsm_desktop.configuration.standard import BIOS, IDRAC, LIFECYCLE, SYSTEM
from dsm_desktop.core.access import Permission
from dsm_desktop.queries import Connection
from dsm_desktop.queries.configuration import ComponentSettings, SettingRow, component_settings
from dsm_desktop.queries.row_numbers import row_number
from dsm_desktop.ui import words
from dsm_desktop.ui.desk import Desk
from dsm_desktop.ui.dialogs.setting import SettingDialog
from dsm_desktop.ui.models.columns import Column
from dsm_desktop.ui.models.rows import Prepared
from dsm_desktop.ui.theme import SPACE, Tone
from dsm_desktop.ui.undo import Undo
from dsm_desktop.ui.views.server_tables import ListTab
from dsm_desktop.ui.widgets.deeds import allow, deed, entry
from dsm_desktop.ui.words import Status

_PLACES = ((BIOS, "BIOS"), (IDRAC, "iDRAC"), (SYSTEM, "System"), (LIFECYCLE, "Lifecycle Controller"))
_EDITED = Status("New value", "edit", Tone.INFO)
_REFUSED = Status("Would be refused", "status-critical", Tone.CRITICAL)
_PENDING = Status("Waits for a restart", "status-pending", Tone.WARNING)
_DRIFTED = Status("Not the baseline", "status-warning", Tone.WARNING)
_LOCKED = Status("Read-only", "lock", Tone.MUTED)
_FOLLOWS = Status("Changes along", "status-info", Tone.INFO)
_STANDING = {
    "edited": _EDITED, "refused": _REFUSED, "pending": _PENDING, "drifted": _DRIFTED, "locked": _LOCKED, "follows": _FOLLOWS,
    "": words.NONE,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class BiosRow:
    """A setting with what an operator has in mind for it: `new` None = nothing, `note` why it would be refused or follow."""

    id: int
    setting: SettingRow
    new: Any = None
    note: str = ""
    refused: bool = False
    follows: bool = False

    @property
    def standing(self) -> str:
        """The most telling state."""
        setting = self.setting
        states = (
            ("refused", self.refused),
            ("edited", self.new is not None),
            ("follows", self.follows),
            ("pending", setting.pending is not None),
            ("drifted", setting.drifted),
            ("locked", setting.state.read_only),
        )
        return next((name for name, holds in states if holds), "")

    @property
    def why(self) -> str:
        return self.note or (self.setting.state.because if self.setting.state.read_only else "")

    def shown(self, value: Any) -> str:
        if value is None:
            return ""
        return self.setting.entry.shown(value) if self.setting.entry else str(value)


COLUMNS = (
    Column("setting", "Setting", lambda r: r.setting.title, width=200),
    Column("value", "Value", lambda r: r.shown(r.setting.value), width=130),
    Column("new", "New value", lambda r: r.shown(r.new if r.new is not None else r.setting.pending), width=150),
    Column("state", "State", lambda r: r.standing, status=lambda r: _STANDING[r.standing], width=160),
    Column("why", "Why", lambda r: r.why, width=260),
    Column("page", "Page", lambda r: r.setting.heading, width=170),
    Column("name", "Name", lambda r: r.setting.name, width=180, help="As jobs, profiles and scripts name it"),
    Column("baseline", "Baseline", lambda r: r.shown(r.setting.baseline), width=120, shown=False),
    Column("allowed", "Allowed values", lambda r: ", ".join(c.title for c in r.setting.entry.choices[:20]) if r.setting.entry else "",
           width=260, shown=False),
    Column("help", "Help", lambda r: r.setting.entry.help if r.setting.entry else "", width=380, shown=False),
)  # fmt: skip


class BiosTab(ListTab):
    """Enter or double click on a setting gives it a new value; 'Apply' makes one job of all."""

    title = "BIOS"
    topics = ("configuration",)

    def __init__(self, desk: Desk) -> None:
        self._found: dict[int, ComponentSettings] = {}
        self._area_shown = BIOS
        self._kept: dict[tuple[int, str], dict[str, Any]] = {}
        self._age: datetime | None = None
        super().__init__(desk, "settings", COLUMNS, "settings", self.rows)
        self.history: Undo[dict[str, Any]] = Undo(self, lambda: dict(self._edits), self._put)
        self.area = QComboBox()
        for fqdd, title in _PLACES:
            self.area.addItem(title, fqdd)
        self.area.setAccessibleName("Component")
        self.area.currentIndexChanged.connect(lambda _: self._other_area())
        self.only = QCheckBox("Only changes")
        self.only.setToolTip("New values, waiting ones, and those that are not the baseline")
        self.only.toggled.connect(lambda _: self._narrow())
        self.panel.cleared.connect(lambda: self.only.setChecked(False))
        self.age = QLabel()
        self.age.setAccessibleName("Age")
        self.apply = deed("Apply…")
        self.apply.clicked.connect(self.apply_edits)
        self.more = deed("More")
        self.more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(self.more)
        menu.setToolTipsVisible(True)
        back = menu.addAction("Undo (Ctrl+Z)", self.history.undo)
        again = menu.addAction("Redo (Ctrl+Shift+Z)", self.history.redo)
        menu.aboutToShow.connect(lambda: back.setEnabled(self.history.can_undo))
        menu.aboutToShow.connect(lambda: again.setEnabled(self.history.can_redo))
        self.undo = menu.addAction("Discard the new values", self.discard)
        self.withdraw = menu.addAction("Withdraw what waits…", self._withdraw)
        self.normal = menu.addAction("Accept as normal (baseline)", self._accept)
        menu.addSeparator()
        why = desk.why_not(Permission.OPERATE)
        entry(menu, "Read again", lambda: self._start(self._read_kind), why)
        self.more.setMenu(menu)
        for parts in ((self.area, self.only), (self.apply, self.more, self.age)):
            bar = QHBoxLayout()
            bar.setContentsMargins(SPACE, SPACE // 2, SPACE, 0)
            for widget in parts:
                bar.addWidget(widget)
            bar.addStretch()
            self._column.insertLayout(self._column.count() - 1, bar)
        self.panel.opened.connect(self._open)
        self._buttons()
        self._say_empty()

    @property
    def _fqdd(self) -> str:
        return str(self.area.currentData())

    @property
    def _read_kind(self) -> str:
        return "bios_config_read" if self._fqdd == BIOS else "attributes_read"

    def _say_empty(self) -> None:
        what = self.area.currentText()
        self.panel.when_empty(
            "Not read yet",
            f"{what} settings are read with names, help and allowed values; that takes some seconds.",
            [("Read settings", lambda: self._start(self._read_kind))],
            self._desk.why_not(Permission.OPERATE),
        )

    @property
    def _edits(self) -> dict[str, Any]:
        """The new values for what is shown; those for another server or component are kept until it is shown again."""
        return self._kept.setdefault((self._server_id or 0, self._area_shown), {})

    def _other_area(self) -> None:
        self.history.step()
        self._area_shown = self._fqdd
        self.history.turn_to((self._server_id, self._area_shown))
        self._say_empty()
        self.panel.clear("Reading …", "")
        self.read()

    def show_server(self, server_id: int) -> None:
        self.history.step()
        super().show_server(server_id)
        self.history.turn_to((server_id, self._area_shown))

    # -- rows -----------------------------------------------------------------------------------------------------

    def rows(self, connection: Connection, server_id: int) -> list[BiosRow]:
        area = self._area_shown
        found = component_settings(connection, server_id, area)
        self._found[server_id] = found
        return rows_of(found, dict(self._kept.get((server_id, area), {})))

    def _show(self, prepared: Prepared) -> None:
        super()._show(prepared)
        found = self._found.get(self._server_id or 0)
        self._age = found.taken_at if found else None
        if found is not None:
            self._let_go_of_done(found)
        self._buttons()
        self._narrow()

    def _buttons(self) -> None:
        found = self._found.get(self._server_id or 0)
        count = len(self._edits)
        why = self._desk.why_not(Permission.OPERATE)
        self.apply.setText(f"Apply {words.plural(count, 'change')}…" if count else "Apply…")
        none = "" if count else "Give a setting a new value first (Enter or double click)"
        allow(self.apply, why or none)
        allow(self.undo, none)
        self.withdraw.setVisible(self._fqdd == BIOS)
        allow(self.withdraw, why or ("" if found and found.pending else "Nothing waits"))
        unread = "" if found and found.taken_at else "Read the settings first"
        allow(self.normal, self._desk.why_not(Permission.CONFIGURE) or unread)
        self.age.setText(f"Read {words.ago(self._age)}" if self._age else "")

    def _narrow(self) -> None:
        wanted = {"refused", "edited", "follows", "pending", "drifted"}
        only = self.only.isChecked()
        self.panel.narrow((lambda row: row.standing in wanted) if only else None, "changes" if only else "")

    # -- edits ----------------------------------------------------------------------------------------------------

    def _open(self, row_id: int) -> None:
        row = self.panel.model.row_of(row_id)
        if row is None:
            return
        setting = row.setting
        value = self._edits.get(
            setting.name, setting.pending if setting.pending is not None else setting.value
        )
        note = (
            f"Read-only now: {row.why}. It can be set together with what it depends on."
            if setting.state.read_only
            else ""
        )
        SettingDialog(
            self.window(),
            setting.name,
            setting.entry,
            setting.value,
            value,
            note,
            lambda new: self.take(setting.name, new),
        ).open()

    def take(self, name: str, value: Any) -> None:
        """A new value for a setting; the present one takes the edit back."""
        found = self._found.get(self._server_id or 0)
        present = next((r.value for r in found.rows if r.name == name), None) if found else None
        if value == present:
            self._edits.pop(name, None)
        else:
            self._edits[name] = value
        self.history.note()
        self._redraw()

    def _let_go_of_done(self, found: ComponentSettings) -> None:
        """A new value that the server has or waits with is none any more."""
        edits = self._edits
        done = [r.name for r in found.rows if r.name in edits and edits[r.name] in (r.value, r.pending)]
        for name in done:
            del edits[name]
        if done:
            self._redraw()

    def dirty(self) -> bool:
        return any(self._kept.values())

    def discard(self) -> None:
        """Forget all new values."""
        self._edits.clear()
        self.history.note()
        self._redraw()

    def _put(self, edits: dict[str, Any]) -> None:
        self._edits.clear()
        self._edits.update(edits)
        self._redraw()

    def _redraw(self) -> None:
        found = self._found.get(self._server_id or 0)
        if found is not None:
            self.panel.patch(self.panel.model.prepare(rows_of(found, self._edits)))
        self._buttons()

    def apply_edits(self) -> None:
        """One job for all new values; its form asks when, and its own check comes before anything is sent."""
        if self._server_id is None or not self._edits:
            return
        kind = "bios_config_write" if self._fqdd == BIOS else "attributes_write"
        self._desk.job_wanted.emit(kind, [self._server_id], {"settings": written(self._edits)})

    def _withdraw(self) -> None:
        if self._server_id is not None:
            preset = {"action": "withdraw what waits"}
            self._desk.job_wanted.emit("bios_config_write", [self._server_id], preset)

    def _accept(self) -> None:
        server_id = self._server_id
        if server_id is not None:
            commands = self._desk.context.commands
            self._desk.work.command(
                self,
                lambda: commands.do(set_baseline, [server_id]),
                lambda _: self._desk.tell("The present settings are the baseline now."),
                self._desk.fail,
            )


def rows_of(found: ComponentSettings, edits: dict[str, Any]) -> list[BiosRow]:
    """Rows with the registry's verdict on the edits as one change."""
    refused: dict[str, str] = {}
    follows: dict[str, tuple[Any, str]] = {}
    if edits and found.registry is not None and found.registry.entries:
        verdicts = Rules(found.registry).check({r.name: r.value for r in found.rows}, edits)
        refused, follows = verdicts.refused, verdicts.follows
    rows = []
    for setting in found.rows:
        if setting.state.hidden:
            continue
        name = setting.name
        along = follows.get(name)
        rows.append(
            BiosRow(
                row_number(name),
                setting,
                edits.get(name, along[0] if along else None),
                refused.get(name) or (along[1] if along else ""),
                name in refused,
                along is not None and name not in edits,
            )
        )
    return rows
