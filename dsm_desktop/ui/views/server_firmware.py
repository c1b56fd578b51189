"""The Firmware tab of a server: what runs, what it can go back to, what waits, what the library has, and the jobs for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtWidgets import QLabel, QMenu, QPushButton

from dsm_desktop.core.access import Permission
from dsm_desktop.queries import Connection
from dsm_desktop.queries.firmware_parts import FirmwarePart, firmware_parts
from dsm_desktop.ui import words
from dsm_desktop.ui.desk import Desk
from dsm_desktop.ui.models.columns import Column
from dsm_desktop.ui.models.rows import Prepared
from dsm_desktop.ui.theme import SPACE, Tone
from dsm_desktop.ui.views.meant_rows import meant_rows
from dsm_desktop.ui.views.server_tables import ListTab
from dsm_desktop.ui.widgets.deeds import allow, entry
from dsm_desktop.ui.widgets.flow import FlowLayout

_NEWER = words.Status("Newer in the library", "status-pending", Tone.WARNING)
_WAITS = words.Status("Waits for a restart", "status-pending", Tone.WARNING)
_SAME = words.Status("Nothing newer here", "status-ok", Tone.OK)


def _state(row: FirmwarePart) -> words.Status:
    return _WAITS if row.waiting else _NEWER if row.newer else _SAME


FIRMWARE = (
    Column("name", "Component", lambda r: r.name, width=260),
    Column("version", "Installed", lambda r: r.version, kind="version", width=110),
    Column("newer", "In the library", lambda r: r.newer, kind="version", width=110,
           help="The newest package of the library that is made for this part"),
    Column("kept", "Can go back to", lambda r: r.kept, kind="version", width=110, help="Kept by the iDRAC"),
    Column("waiting", "Waits", lambda r: r.waiting, kind="version", width=96, help="Applied at the next restart"),
    Column("state", "State", lambda r: _state(r).word, status=_state, width=150),
    Column("type", "Kind", lambda r: r.component_type, width=70),
    Column("component", "Component id", lambda r: r.component_id, width=96, shown=False),
    Column("fqdd", "Device", lambda r: r.fqdd, width=180),
    Column("installed", "Since", lambda r: r.installed_at[:10], width=96),
    Column("package", "Package", lambda r: r.package, width=240, shown=False),
)  # fmt: skip


class FirmwareTab(ListTab):
    """Update, roll back: of what is chosen in the list, or of everything."""

    title = "Firmware"
    topics = ("inventory", "library")

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk, "firmware", FIRMWARE, "firmware", self.rows)
        self.panel.when_empty(
            "No firmware list yet",
            "It is read together with the inventory.",
            [("Read inventory", lambda: self._start("inventory_refresh"))],
            desk.why_not(Permission.OPERATE),
        )
        self._said = QLabel()
        self._said.setAccessibleName("What is newer")
        self._said.setContentsMargins(SPACE, SPACE // 2, SPACE, 0)
        bar = FlowLayout()
        for text, tip, press in (
            ("Update…", "Packages of the library for what is chosen, else for all in sight that is older", self.update_chosen),
            ("Update everything…", "The newest of the library for every part, one restart where possible",
             lambda: self._start("full_server_update")),
            ("Roll back…", "To the version the iDRAC keeps, for what is chosen", self.roll_back_chosen),
        ):  # fmt: skip
            button = QPushButton(text)
            allow(button, desk.why_not(Permission.OPERATE), tip)
            button.clicked.connect(lambda _=False, press=press: press())
            bar.addWidget(button)
        self._column.insertWidget(0, self._said)
        self._column.insertLayout(1, bar)
        self.panel.grid.menu_of = self._menu

    def rows(self, connection: Connection, server_id: int) -> Sequence[Any]:
        return firmware_parts(connection, server_id)

    def _show(self, prepared: Prepared) -> None:
        super()._show(prepared)
        newer = [row for row in self.panel.model.all_rows() if row.newer]
        self._said.setText(
            f"{words.plural(len(newer), 'part')} with something newer in the library" if newer else ""
        )

    def update_chosen(self) -> None:
        """The form, with the packages for what is chosen (or for all in sight that is older) ticked."""
        rows = meant_rows(self._desk, self.panel)
        if rows is not None:
            packages = list(dict.fromkeys(row.package for row in rows if row.package))
            self._ask("firmware_update", {"packages": packages})

    def roll_back_chosen(self) -> None:
        """The form, with what is chosen and can go back named."""
        rows = [row for row in self._chosen() if row.kept]
        if not rows:
            self._desk.tell("Choose a component the iDRAC keeps an earlier version of.", Tone.WARNING)
            return
        self._ask("firmware_rollback", {"components": [row.component_id or row.name for row in rows]})

    def _chosen(self) -> list[FirmwarePart]:
        rows = [self.panel.model.row_of(row_id) for row_id in self.panel.grid.selected_ids()]
        return [row for row in rows if row is not None]

    def _ask(self, kind: str, preset: dict[str, Any]) -> None:
        if self._server_id is not None:
            self._desk.job_wanted.emit(kind, [self._server_id], preset)

    def _menu(self, menu: QMenu) -> None:
        rows = self._chosen()
        if any(row.newer for row in rows):
            entry(menu, "Update…", self.update_chosen, self._desk.why_not_start("firmware_update"))
        if any(row.kept for row in rows):
            entry(menu, "Roll back…", self.roll_back_chosen, self._desk.why_not_start("firmware_rollback"))
