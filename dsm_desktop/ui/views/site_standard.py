"""How the servers stand to the site's standard: every deviation a line, fixed by selection."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QFileDialog, QHBoxLayout, QLabel, QWidget

from dsm_desktop.commands.configuration import remove_standard, save_standard
from dsm_desktop.configuration.standard import MAX_FILE, SiteStandard, parse_standard, standard_text
from dsm_desktop.core.access import Permission
from dsm_desktop.core.errors import BadInput
from dsm_desktop.queries import Connection
from dsm_desktop.queries.configuration import StandardRow, StandingRow, standards, standing
from dsm_desktop.queries.row_numbers import row_number
from dsm_desktop.store.configuration import TOPIC
from dsm_desktop.ui import words
from dsm_desktop.ui.bridge import Change
from dsm_desktop.ui.desk import Desk
from dsm_desktop.ui.dialogs.base import Dialog
from dsm_desktop.ui.models.columns import Column
from dsm_desktop.ui.soon import Soon
from dsm_desktop.ui.theme import Tone
from dsm_desktop.ui.views.saved_views import ViewsButton
from dsm_desktop.ui.widgets.panel import GridPanel
from dsm_desktop.ui.words import Status

_STATES = {
    "deviates": Status("Deviates", "status-warning", Tone.WARNING),
    "missing": Status("Does not have it", "status-none", Tone.MUTED),
    "unread": Status("Not read yet", "status-pending", Tone.MUTED),
    "good": Status("As wanted", "status-ok", Tone.OK),
}


@dataclass(frozen=True, slots=True)
class DeviationRow:
    """A deviation of a server, or one line for a server that was not read or is as wanted."""

    server: StandingRow
    state: str
    key: str = ""
    wanted: Any = None
    found: Any = None

    @property
    def id(self) -> int:
        return row_number(self.server.server_id, self.state, self.key)

    @property
    def setting(self) -> str:
        return self.key.partition("#")[2]


COLUMNS = (
    Column("server", "Server", lambda r: r.server.label, width=180),
    Column("model", "Model", lambda r: r.server.model, width=130),
    Column("state", "State", lambda r: r.state, status=lambda r: _STATES[r.state], width=140),
    Column("setting", "Setting", lambda r: r.setting, width=240),
    Column("wanted", "Standard", lambda r: _text(r, r.wanted), width=170),
    Column("found", "Found", lambda r: _text(r, r.found), width=170),
    Column("read", "Read", lambda r: r.server.taken_at, kind="time", width=110),
    Column("part", "Component", lambda r: r.key.partition("#")[0], width=160, shown=False),
)


def _text(row: DeviationRow, value: Any) -> str:
    if not row.key or (row.state == "missing" and value is None):
        return ""
    return "(empty)" if value in (None, "") else str(value)


class SiteStandardWindow(Dialog):
    """Choose a standard, compare, select lines, fix."""

    def __init__(self, desk: Desk, parent: QWidget | None) -> None:
        super().__init__(
            parent, "Site standard", "What every server should have, as a file; what deviates is a line here."
        )
        self._desk = desk
        self._standards: list[StandardRow] = []
        self.setModal(False)
        self.setWindowFlag(Qt.WindowType.WindowMaximizeButtonHint)
        self.resize(1120, 660)
        self.which = QComboBox()
        self.which.setAccessibleName("Site standard")
        self.which.setMinimumWidth(220)
        self.which.currentIndexChanged.connect(lambda _: self.read())
        self.said = QLabel()
        self.said.setAccessibleName("How many deviate")
        bar = QHBoxLayout()
        bar.addWidget(self.which)
        bar.addWidget(self.said, 1)
        self.body.addLayout(bar)
        self.panel = GridPanel(desk.work, "deviations", COLUMNS, icon_name="status-ok")
        self.panel.when_empty(
            "No site standard yet",
            "A standard is a small JSON file: NTP, DNS, syslog, alerts, web server, users, BIOS. The manual has an example.",
            [("Add from a file…", self.load_file)],
            desk.why_not(Permission.CONFIGURE),
        )
        self.body.addWidget(self.panel, 1)
        ViewsButton(desk, self.panel, "deviations")
        self.load = self.add_action("Add from a file…", default=False)
        self.save = self.add_action("Save as a file…", default=False)
        self.remove = self.add_action("Remove", default=False)
        self.compare = self.add_action("Read and compare…", default=False)
        self.add_cancel("Close")
        self.fix = self.add_action("Fix selected…")
        self.load.clicked.connect(self.load_file)
        self.save.clicked.connect(self.save_file)
        self.remove.clicked.connect(self._remove)
        self.compare.clicked.connect(self._compare)
        self.fix.clicked.connect(self.fix_selected)
        self.panel.chosen.connect(lambda _: self._buttons())
        self._soon = Soon(desk.work, self, 200, self.read)
        desk.bridge.changed.connect(self._heard)
        self.read_standards()

    # -- contents -------------------------------------------------------------------------------------------------

    def read_standards(self) -> None:
        """Which standards there are."""
        self._desk.work.query(self, standards, self._show_standards, self.fail, key="standards")

    def _show_standards(self, found: list[StandardRow]) -> None:
        kept = self.which.currentText()
        self._standards = found
        self.which.blockSignals(True)
        self.which.clear()
        for row in found:
            self.which.addItem(row.standard.name, row.id)
        self.which.setCurrentIndex(max(0, self.which.findText(kept)))
        self.which.blockSignals(False)
        self.read()

    @property
    def standard(self) -> SiteStandard | None:
        """The chosen one."""
        wanted = self.which.currentData()
        return next((row.standard for row in self._standards if row.id == wanted), None)

    def read(self) -> None:
        """Compare what is known of the servers; nothing is asked of a device."""
        chosen = self.standard
        if chosen is None:
            self.panel.set_rows(self.panel.model.prepare(()))
            self._buttons()
            return

        def ask(connection: Connection) -> list[DeviationRow]:
            return rows_of(standing(connection, chosen))

        self._desk.work.query(self, ask, self._show, lambda e: self.panel.error(e, self.read), key="standing")

    def _show(self, rows: list[DeviationRow]) -> None:
        self.panel.set_rows(self.panel.model.prepare(rows))
        bad = {row.server.server_id for row in rows if row.state == "deviates"}
        everyone = {row.server.server_id for row in rows}
        unread = sum(row.state == "unread" for row in rows)
        tail = f", {unread} not read yet" if unread else ""
        self.said.setText(f"{len(bad)} of {words.plural(len(everyone), 'server')} deviate{tail}")
        self._buttons()

    def _heard(self, change: Change) -> None:
        if change.topic == "standards":
            self.read_standards()
        elif change.topic == TOPIC:
            self._soon.tell()

    def _buttons(self) -> None:
        configure, operate = self._desk.why_not(Permission.CONFIGURE), self._desk.why_not(Permission.OPERATE)
        none = "" if self.standard else "There is no standard yet"
        lines = "" if any(row.state == "deviates" for row in self._chosen()) else "Select lines that deviate"
        for button, why in (
            (self.load, configure),
            (self.save, none),
            (self.remove, configure or none),
            (self.compare, operate or none),
            (self.fix, operate or none or lines),
        ):
            button.setEnabled(not why)
            button.setToolTip(why)

    def _chosen(self) -> list[DeviationRow]:
        ids = self.panel.grid.selected_ids()
        return [row for i in ids if (row := self.panel.model.row_of(i)) is not None]

    # -- deeds ----------------------------------------------------------------------------------------------------

    def fix_selected(self) -> None:
        """One job on the servers of the selected lines, for the settings of these lines."""
        rows = [row for row in self._chosen() if row.state == "deviates"]
        if rows and self.standard is not None:
            preset = {"standard": self.standard.name, "fix": True, "only": sorted({row.key for row in rows})}
            servers = sorted({row.server.server_id for row in rows})
            self._desk.job_wanted.emit("site_standard_apply", servers, preset)

    def _compare(self) -> None:
        if self.standard is not None:
            servers = sorted({row.server.server_id for row in self.panel.model.all_rows()})
            self._desk.job_wanted.emit("site_standard_apply", servers, {"standard": self.standard.name})

    def load_file(self) -> None:
        place, _ = QFileDialog.getOpenFileName(self, "Add a site standard", "", "Site standards (*.json)")
        if place:
            self.read_from(Path(place))

    def read_from(self, place: Path) -> None:
        """Keep a file's standard under its name; one of that name is replaced."""
        commands = self._desk.context.commands

        def read() -> None:
            try:
                if place.stat().st_size > MAX_FILE:
                    raise BadInput("The file is too large for a site standard.", where=place.name)
                text = place.read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError) as error:
                raise BadInput(f"The file cannot be read: {error}.", where=str(place)) from error
            commands.do(save_standard, parse_standard(text))

        self._desk.work.command(self, read, lambda _: self.read_standards(), self.fail)

    def save_file(self) -> None:
        chosen = self.standard
        if chosen is None:
            return
        place, _ = QFileDialog.getSaveFileName(self, "Save the site standard", f"{chosen.name}.json")
        if place:
            try:
                Path(place).write_text(standard_text(chosen), encoding="utf-8")
            except OSError as error:
                self.fail(BadInput(f"The file cannot be written: {error.strerror}.", where=place))

    def _remove(self) -> None:
        number = self.which.currentData()
        commands = self._desk.context.commands
        self._desk.work.command(
            self, lambda: commands.do(remove_standard, number), lambda _: self.read_standards(), self.fail
        )


def rows_of(found: list[StandingRow]) -> list[DeviationRow]:
    """A line a deviation; servers that were not read or are as wanted have one line."""
    rows: list[DeviationRow] = []
    for server in found:
        if server.taken_at is None:
            rows.append(DeviationRow(server, "unread"))
            continue
        real = [d for d in server.deviations if not d.missing]
        if not real:
            rows.append(DeviationRow(server, "good"))
        for line in server.deviations:
            state = "missing" if line.missing else "deviates"
            rows.append(DeviationRow(server, state, line.key, line.wanted, line.found))
    return rows
