"""What if a host of the cluster is out: for each of them whether its VMs fit, and every gate with every number it stands on."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QSplitter, QVBoxLayout, QWidget

from dsm_desktop.queries.cluster_safety import (
    AS_IT_STANDS,
    ClusterOut,
    GateRow,
    OutRow,
    cluster_out,
    gate_rows,
)
from dsm_desktop.safety.judge import Number
from dsm_desktop.ui import words
from dsm_desktop.ui.desk import Desk
from dsm_desktop.ui.models.columns import Column
from dsm_desktop.ui.theme import SPACE, Tone
from dsm_desktop.ui.widgets.labels import WrappedLabel
from dsm_desktop.ui.widgets.panel import GridPanel
from dsm_desktop.ui.words import Status

_STATES = {
    "fits": Status("They fit", "status-ok", Tone.OK),
    "tight": Status("Only under pressure", "status-warning", Tone.WARNING),
    "full": Status("They do not fit", "status-critical", Tone.CRITICAL),
    "off": Status("Are shut down", "status-warning", Tone.WARNING),
    "empty": Status("Nothing to move", "status-ok", Tone.OK),
    "": words.NONE,
}
_LIGHTS = {
    "green": Status("Go", "status-ok", Tone.OK),
    "amber": Status("A person decides", "status-warning", Tone.WARNING),
    "red": Status("Do not start", "status-critical", Tone.CRITICAL),
}
_GATES = {
    "largest_vm": "Biggest VM",
    "ha_policy": "HA admission control",
    "domains": "Racks and PDUs",
    "stores": "Datastores",
    "vsan": "vSAN",
    "image": "Image (vLCM)",
    "vcenter": "vCenter version",
    "spare": "Spare host",
    "others": "Others at work",
    "placement": "Room for the VMs",
}


def number_words(number: Number) -> str:
    """ "memory in use 1.2 TiB", "CPU in use 38.0 GHz", "VMs to move 24"."""
    label, value, unit = number
    if unit == "MB":
        return f"{label} {words.binary_size(int(value) << 20)}"
    if unit == "MHz":
        return f"{label} {value / 1000:.1f} GHz"
    plain = f"{value:.1f}".rstrip("0").rstrip(".")
    return f"{label} {plain} {unit}" if unit in ("%", "s") else f"{label} {plain}"


def _why(row: OutRow) -> str:
    more = f" {words.plural(row.others, 'more VM')} find no place." if row.others else ""
    return f"{row.reason}{more}"


OUT = (
    Column("host", "Host that is out", lambda r: r.host, width=206),
    Column("state", "Its VMs", lambda r: r.state, status=lambda r: _STATES[r.state], width=160),
    Column("light", "Gates", lambda r: r.light, status=lambda r: _LIGHTS[r.light], width=140, help="All gates with this host out: the worst counts"),
    Column("vms", "To move", lambda r: r.vms or None, kind="number", width=64),
    Column("memory", "Memory", lambda r: r.memory_mb or None, text=lambda r: words.binary_size(r.memory_mb << 20) if r.memory_mb else "", kind="number", width=80),
    Column("vm", "Finds no place", lambda r: r.vm, width=150),
    Column("nearest", "Nearest host", lambda r: r.nearest, width=150),
    Column("carries", "Carries", lambda r: r.carries, width=190, help="VMs the work depends on: never shut down, and their host is done last"),
    Column("why", "Why", _why, width=420),
)  # fmt: skip
GATES = (
    Column("colour", "Gate", lambda r: r.colour, status=lambda r: _LIGHTS[r.colour], width=140),
    Column("gate", "Asks for", lambda r: _GATES.get(r.gate, words.sentence(r.gate)), width=140),
    Column("text", "Answer", lambda r: r.text, width=420),
    Column("numbers", "Numbers", lambda r: "; ".join(number_words(n) for n in r.numbers), width=420),
)


class ClusterOutView(QWidget):
    """`show_cluster` reads; the gates below are those of the chosen host."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self._place: tuple[int, str] | None = None
        self.said = WrappedLabel("")
        self.said.setAccessibleName("Largest set of hosts that may be out")
        self.out = GridPanel(desk.work, "hosts out", OUT, icon_name="cluster", tools=False)
        self.out.chosen.connect(self._chosen)
        self.gates = GridPanel(desk.work, "gates", GATES, icon_name="status-info", tools=False)
        self.gates.clear("Choose a host above", "Every gate is shown with that host out.")
        self.gates.chosen.connect(self._gate_chosen)
        self.full = WrappedLabel("")
        self.full.setAccessibleName("The chosen gate in full")
        self.full.hide()
        self._rows: dict[int, GateRow] = {}
        split = QSplitter(Qt.Orientation.Vertical)
        split.setChildrenCollapsible(False)
        split.addWidget(self.out)
        split.addWidget(self.gates)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE // 2)
        column.addWidget(self.said)
        column.addWidget(split, 1)
        column.addWidget(self.full)

    def show_cluster(self, vcenter_id: int, cluster: str) -> None:
        """Judge it over the copy in the store."""
        self._place = (vcenter_id, cluster)
        self.out.loading()
        self._desk.work.query(
            self,
            lambda c: cluster_out(c, vcenter_id, cluster),
            self._show,
            lambda error: self.out.error(error, lambda: self.show_cluster(vcenter_id, cluster)),
            key="out",
        )

    def _show(self, found: ClusterOut | None) -> None:
        """The largest set first: it is what a planner asks for."""
        if found is None:
            self.out.clear("It is not in the copy", "Read the vCenter or the host, then look again.")
            return
        many = len(found.largest_out) > 1
        names = ", ".join(found.largest_out)
        largest = (
            f"At once could be out: {names} ({len(found.largest_out)} of {len(found.hosts) - 1} hosts)."
            if many
            else "One host at a time."
            if names
            else "No host can be out just now."
        )
        if found.alone:
            largest = "It stands alone: its running VMs are off while it is out, each shut down where you decide so."
        if all(row.light == "red" for row in found.hosts):
            largest = "Just now no host may be taken out: see the red gates below."
        self.said.setText(
            f"{largest} Judged over what was read {words.ago(found.read_at)}; decisions about VMs are not in it yet, and a run judges anew before each host."
        )
        self.out.set_rows(self.out.model.prepare(found.hosts))
        self.out.grid.show_row(AS_IT_STANDS)

    def choose(self, moid: str) -> None:
        """The gates with this host out."""
        row = next((r for r in self.out.model.all_rows() if r.moid == moid), None)
        if row is not None:
            self.out.grid.show_row(row.id)

    def _chosen(self, ids: list[int]) -> None:
        row: OutRow | None = self.out.model.row_of(ids[0]) if len(ids) == 1 else None
        if row is None or self._place is None:
            return
        (vcenter_id, cluster), model = self._place, self.gates.model
        self._desk.work.query(
            self,
            lambda c: model.prepare(gate_rows(c, vcenter_id, cluster, row.moid)),
            self.gates.set_rows,
            self._desk.fail,
            key="gates",
        )

    def _gate_chosen(self, ids: list[int]) -> None:
        row: GateRow | None = self.gates.model.row_of(ids[0]) if len(ids) == 1 else None
        self.full.setVisible(row is not None)
        if row is not None:
            self.full.setText("\n".join([row.text, "; ".join(number_words(n) for n in row.numbers)]).strip())
