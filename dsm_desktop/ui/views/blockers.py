"""What keeps hosts from being emptied: a table, the chosen row in full with its way out, and what can be done about it here."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from dsm_desktop.core.access import Permission
from dsm_desktop.queries.vsphere_rows import BlockerRow
from dsm_desktop.ui import words
from dsm_desktop.ui.desk import Desk
from dsm_desktop.ui.theme import SPACE
from dsm_desktop.ui.views.meant_rows import chosen_or_shown, meant_rows
from dsm_desktop.ui.views.saved_views import ViewsButton
from dsm_desktop.ui.views.vcenter_tables import BLOCKERS
from dsm_desktop.ui.widgets.deeds import allow
from dsm_desktop.ui.widgets.labels import WrappedLabel
from dsm_desktop.ui.widgets.panel import GridPanel

Hosts = set[tuple[int, str]]
"""(vcenter id, moid); also of clusters"""
_NOT_READ = "not_read"


class BlockersPage(QWidget):
    """`panel` is the table; `clear` is called with the hosts whose harmless blockers are to go, `check` with the clusters in sight."""

    def __init__(
        self, desk: Desk, clear: Callable[[Hosts], object], check: Callable[[Hosts], object]
    ) -> None:
        super().__init__()
        self._desk, self._clear = desk, clear
        self.panel = GridPanel(desk.work, "blockers", BLOCKERS, icon_name="stop")
        self.panel.when_empty(
            "Nothing stands in the way", "Every host here could be emptied, as far as was read."
        )
        self.panel.chosen.connect(lambda _: self._follow())
        self.panel.model.counted.connect(lambda *_: self._follow())
        ViewsButton(desk, self.panel, "blockers")
        self.text = WrappedLabel()
        self.text.setAccessibleName("The chosen blocker in full")
        self.text.setContentsMargins(SPACE, SPACE // 2, SPACE, SPACE // 2)
        self.text.hide()
        self.said = WrappedLabel()
        self.said.setAccessibleName("What was read of devices")
        self.check, self.back = QPushButton("Check now"), QPushButton("Restore list")
        self.check.clicked.connect(
            lambda: check({(row.vcenter_id, row.cluster_id) for row in self.panel.model.shown_rows()})
        )
        self.back.setToolTip("What was taken out of VMs, to be put back")
        self.back.clicked.connect(lambda: desk.area_opened.emit("activity/restore-list"))
        self.button = QPushButton("Fix…")
        self.button.clicked.connect(self._clear_chosen)
        self._why_not = desk.why_not(Permission.OPERATE)
        tip = "Read every VM in depth, with its devices, and judge the clusters; changes nothing"
        allow(self.check, self._why_not, tip)
        bar = QHBoxLayout()
        bar.setContentsMargins(SPACE, SPACE // 2, SPACE, SPACE // 2)
        bar.addWidget(self.said, 1)
        for button in (self.check, self.back, self.button):
            bar.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.panel, 1)
        column.addWidget(self.text)
        column.addLayout(bar)
        self._follow()

    def _clear_chosen(self) -> None:
        rows = meant_rows(self._desk, self.panel)
        if rows is not None:
            self._clear({(row.vcenter_id, row.host_id) for row in rows if row.safe})

    def _follow(self) -> None:
        ids = self.panel.grid.selected_ids()
        row: BlockerRow | None = self.panel.model.row_of(ids[0]) if len(ids) == 1 else None
        self.text.setVisible(row is not None)
        if row is not None:
            self.text.setText(f"{row.reason}\nWay out: {row.way_out}")
        safe = sum(row.safe for row in chosen_or_shown(self.panel))
        self.button.setText(f"Fix {safe}…" if safe else "Fix…")
        self.button.setEnabled(bool(safe) and not self._why_not)
        self.button.setToolTip(
            self._why_not
            or (
                "Media out of VMs, Tools installer unmounted, on the hosts of these rows; each stands on the restore list"
                if safe
                else "None of these may be mended without a decision: see its way out, and decide it in Plan maintenance."
            )
        )
        rows: Sequence[BlockerRow] = self.panel.model.all_rows()
        # A host by itself is no cluster: a run asks it when it makes its plan.
        unread = len(
            {row.host_id for row in rows if row.cause == _NOT_READ and row.host_id != row.cluster_id}
        )
        self.said.setText(
            f"Of {words.plural(unread, 'host')} the devices of VMs were not read yet: check now, there may be more."
            if unread
            else ""
        )
