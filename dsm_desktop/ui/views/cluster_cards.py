"""Clusters as cards: capacity, safety and settings at a glance, each with its number."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget

from dsm_desktop.queries.vsphere_rows import ClusterRow
from dsm_desktop.ui import words
from dsm_desktop.ui.theme import SPACE, ui_font
from dsm_desktop.ui.views.vcenter_tables import COLOURS, SAFETY, percent
from dsm_desktop.ui.widgets.flow import FlowLayout
from dsm_desktop.ui.widgets.labels import WrappedLabel
from dsm_desktop.ui.widgets.states import Picture, StatePane
from dsm_desktop.ui.words import Status

_WIDTH = 380
_MOST = 170  # letters
_DRS = {
    "fullyAutomated": "DRS moves VMs by itself",
    "partiallyAutomated": "DRS only suggests moves (partially automated)",
    "manual": "DRS only suggests moves (manual)",
    "": "DRS is off: nobody moves VMs",
}
Start = Callable[[str, ClusterRow], object]


class ClusterCard(QFrame):
    """One cluster; its buttons judge it and plan its maintenance."""

    def __init__(self, row: ClusterRow, start: Start, why_not: str) -> None:
        super().__init__()
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.setAutoFillBackground(True)
        self.setBackgroundRole(self.palette().ColorRole.Base)
        self.setAccessibleName(f"Cluster {row.name}")
        self.setFixedWidth(_WIDTH)
        self._column = QVBoxLayout(self)
        self._column.setSpacing(3)
        title = QLabel(row.name)
        title.setFont(ui_font(step=1, bold=True))
        self._column.addWidget(title)
        self._state(SAFETY.get(row.safety, SAFETY[""]), _safety_words(row))
        if row.status in ("yellow", "red"):
            self._state(COLOURS[row.status], f"vSphere says: {words.plural(row.alarms, 'open alarm')}")
        for line in _lines(row):
            self._column.addWidget(WrappedLabel(line))
        self._column.addStretch()
        buttons = QHBoxLayout()
        numbers = QPushButton("Numbers…")
        numbers.setToolTip("What if a host is out: room for its VMs, and every gate with its numbers")
        numbers.setAccessibleName(f"Numbers of {row.name}")
        numbers.clicked.connect(partial(start, "numbers", row))
        buttons.addWidget(numbers)
        for text, kind, tip in (
            ("Judge now", "cluster_safety_check", "Read the cluster and say whether a host may be taken out"),
            ("Plan maintenance…", "rolling_update", "Host after host: empty, update, prove, put back"),
        ):
            button = QPushButton(text)
            button.setToolTip(why_not or tip)
            button.setAccessibleName(f"{text} {row.name}")
            button.setEnabled(not why_not)
            button.clicked.connect(partial(start, kind, row))
            buttons.addWidget(button)
        buttons.addStretch()
        self._column.addLayout(buttons)

    def _state(self, status: Status, text: str) -> None:
        line = QHBoxLayout()
        line.addWidget(Picture(status.icon, 16, status.tone), alignment=Qt.AlignmentFlag.AlignTop)
        whole = f"{status.word}: {text}" if text else status.word
        # A card is for a glance; every reason stands under "Numbers…", and here when pointed at.
        label = WrappedLabel(words.shortened(whole, _MOST))
        label.setToolTip(whole if len(whole) > _MOST else "")
        line.addWidget(label, 1)
        self._column.addLayout(line)


def _safety_words(row: ClusterRow) -> str:
    if not row.safety:
        return "not looked at so far"
    return f"{words.ago(row.safety_at)}, {row.safety_text}"


def _lines(row: ClusterRow) -> list[str]:
    out = f", {row.in_maintenance} in maintenance" if row.in_maintenance else ""
    load = [
        f"CPU {percent(row.cpu_percent)}" if row.cpu_percent is not None else "",
        f"memory {percent(row.memory_percent)} of {words.binary_size(row.memory_mb << 20)}"
        if row.memory_percent is not None
        else "",
    ]
    ha = "HA is off" if not row.ha else "HA on" + ("" if row.admission_control else ", admission control off")
    evc = f"EVC {row.evc}" if row.evc else "no EVC"
    found = [
        f"{row.usable} of {words.plural(row.hosts, 'host')} carry {words.plural(row.vms, 'running VM')}{out}",
        "In use: " + ", ".join(text for text in load if text),
        f"{_DRS.get(row.drs, row.drs)} · {ha} · {evc}",
        f"ESXi {row.versions}",
    ]
    if row.image_managed:
        found.append("Managed by an image (vLCM): ESXi is updated there, not here")
    return found


class ClusterCards(QScrollArea):
    """All clusters that the tree has in view."""

    def __init__(self, start: Start, why_not: str) -> None:
        super().__init__()
        self._start, self._why_not = start, why_not
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setAccessibleName("Clusters")
        self._shown: list[ClusterRow] = []
        self._unread = ""
        self.show_rows([])

    def show_rows(self, rows: Sequence[ClusterRow], unread: str = "") -> None:
        """The cards anew, where something has changed. `unread` names vCenters of which nothing has been read so far."""
        if (self._shown, self._unread) == (list(rows), unread) and self.widget() is not None:
            return
        self._shown, self._unread = list(rows), unread
        if not rows:
            pane = StatePane()
            if unread:
                pane.empty(
                    "cluster", f"{unread} has not been read yet", "Its clusters show here as soon as it was."
                )
            else:
                pane.empty("cluster", "No cluster here", "Hosts without a cluster stand under Hosts.")
            self.setWidget(pane)
            return
        inside = QWidget()
        flow = FlowLayout(inside)
        flow.setSpacing(SPACE)
        for row in sorted(rows, key=lambda r: (r.vcenter.casefold(), r.name.casefold())):
            flow.addWidget(ClusterCard(row, self._start, self._why_not))
        self.setWidget(inside)
