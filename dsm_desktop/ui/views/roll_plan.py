"""The written plan of a run: its hosts in their order, and what was decided about VMs that do not move."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import (
    QHBoxLayout,
    QPushButton,
    QScrollArea,
    QSplitter,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from dsm_desktop.queries.cluster_safety import order_objections
from dsm_desktop.ui import words
from dsm_desktop.ui.desk import Desk
from dsm_desktop.ui.models.columns import Column
from dsm_desktop.ui.theme import SPACE, Tone, ui_font
from dsm_desktop.ui.views.cluster_out import ClusterOutView
from dsm_desktop.ui.views.vm_decisions import VmDecisions
from dsm_desktop.ui.widgets.labels import WrappedLabel
from dsm_desktop.ui.widgets.panel import GridPanel
from dsm_desktop.ui.widgets.row_drag import RowDrag
from dsm_desktop.ui.widgets.states import Banner
from dsm_desktop.workflows.roll_plan import PlannedHost, RollPlan


@dataclass(frozen=True, slots=True)
class _Row:
    """A planned host with the place it has now, 0 = it is not done."""

    host: PlannedHost
    place: int
    room: str
    """What the others say about taking its VMs, with what was decided."""
    left_for: tuple[str, ...] = ()
    """VMs for whose sake it is left out, as was decided."""
    note: str = ""
    """What is said of its place in an order that an operator has made."""
    against: bool = False
    """That place breaks a rule."""

    @property
    def id(self) -> int:
        return self.host.host_id


def _state(row: _Row) -> words.Status:
    if row.host.place and not row.place:
        return words.Status("Left out by you", "status-off", Tone.MUTED)
    if row.host.problem:
        return words.Status("Cannot be done", "status-critical", Tone.CRITICAL)
    if not row.host.place:
        return words.Status("Left out", "status-off", Tone.MUTED)
    if row.left_for:
        return words.Status("Left out by you", "status-off", Tone.MUTED)
    if row.room:
        return words.Status("VMs find no place", "status-warning", Tone.WARNING)
    if row.against:
        return words.Status("Look at its place", "status-warning", Tone.WARNING)
    return words.Status("To be done", "status-pending", Tone.INFO)


def _why(row: _Row) -> str:
    """What keeps it from being done goes before what is said of its place."""
    left = f"Left out because of {', '.join(row.left_for)}." if row.left_for else ""
    return (
        row.host.problem or left or (row.note if row.against else "") or row.room or row.note or row.host.why
    )


HOSTS = (
    Column("place", "Place", lambda r: r.place or None, kind="number", width=54),
    Column("name", "Host", lambda r: r.host.name, width=214),
    Column("state", "State", lambda r: _state(r).word, status=_state, width=150),
    Column("changes", "Changes", lambda r: "; ".join(r.host.changes), width=190),
    Column("restarts", "Restarts", lambda r: r.host.restarts, kind="number", width=66),
    Column("minutes", "Minutes", lambda r: r.host.minutes, kind="number", width=66, help="Estimated"),
    Column(
        "vms",
        "VMs",
        lambda r: r.host.vms,
        kind="number",
        width=50,
        help="Running VMs that must leave it; vCLS and agents' VMs do not count",
    ),
    Column("why", "Why here", _why, width=356),
)


_QUESTIONS = 150
"""Pixels that the questions about VMs keep, however many hosts there are."""


class RollPlanView(QWidget):
    """`order()` and `decisions()` as they stand now, for the run."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self._plan: RollPlan | None = None
        self._by_hand = False
        # The parts have their own sizes only after the whole has its.
        self._soon = QTimer(self, interval=0, singleShot=True)
        self._soon.timeout.connect(self._share)
        self.said = WrappedLabel()
        self.said.setFont(ui_font(step=1, bold=True))
        self.more = WrappedLabel()
        self.stopped = Banner()
        """What would keep the run from every host."""
        self.hosts = GridPanel(desk.work, "planned hosts", HOSTS, tools=False)
        self.up, self.down = QPushButton("Earlier"), QPushButton("Later")
        self.leave = QPushButton("Leave out")
        self.leave.setToolTip("Do not work on the chosen host; once more takes it in again")
        self.leave.setAutoDefault(False)
        self.leave.clicked.connect(self.toggle_host)
        for button, step, keys in ((self.up, -1, "Alt+Up"), (self.down, 1, "Alt+Down")):
            button.setToolTip(f"Move the chosen host in the order ({keys})")
            button.setAutoDefault(False)
            button.clicked.connect(lambda _=False, step=step: self.move_host(step))
            shortcut = QShortcut(QKeySequence(keys), self.hosts)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(lambda step=step: self.move_host(step))
        RowDrag(self.hosts.grid).dropped.connect(self.drop_host)
        self.hosts.grid.setToolTip("Drag a host to another place, or use Alt+Up and Alt+Down")
        self.out = ClusterOutView(desk)
        self.questions = VmDecisions()
        self._lay_out()
        self.questions.changed.connect(self._count_open)

    def _lay_out(self) -> None:
        upper = QWidget()
        column = QVBoxLayout(upper)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.hosts, 1)
        buttons = QHBoxLayout()
        buttons.addWidget(self.up)
        buttons.addWidget(self.down)
        buttons.addWidget(self.leave)
        buttons.addStretch()
        column.addLayout(buttons)
        self._split = split = QSplitter(Qt.Orientation.Vertical)
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tabs.setAccessibleName("About the plan")
        self.tabs.addTab(self.questions, "Decisions")
        # Else the picture of the cluster would take the room of the hosts, also while nobody looks at it.
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        scroll.setWidget(self.out)
        scroll.setAccessibleName("What if a host is out")
        self.tabs.addTab(scroll, "What if a host is out")
        self.tabs.setMinimumHeight(_QUESTIONS)
        split.addWidget(upper)
        split.addWidget(self.tabs)
        split.setChildrenCollapsible(False)
        split.splitterMoved.connect(self._parted)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(self.said)
        whole.addWidget(self.stopped)
        whole.addWidget(self.more)
        whole.addWidget(split, 1)

    def _parted(self) -> None:
        """From now on the room is shared as somebody wanted it."""
        self._by_hand = True

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._soon.start()

    def _share(self) -> None:
        """Room for every host of the plan, as far as the questions keep theirs."""
        if self._by_hand:
            return
        grid, room = self.hosts.grid, sum(self._split.sizes())
        rows = self.hosts.model.total * grid.verticalHeader().defaultSectionSize()
        around = grid.horizontalHeader().sizeHint().height() + grid.horizontalScrollBar().sizeHint().height()
        wanted = rows + around + self.up.sizeHint().height() + 3 * SPACE
        upper = max(min(wanted, room - _QUESTIONS), room // 2)
        self._split.setSizes([upper, room - upper])

    @property
    def something_to_do(self) -> bool:
        """Whether any host is in the plan."""
        return self._plan is not None and bool(self._plan.to_do)

    def show_plan(self, plan: RollPlan) -> None:
        """A new plan. What was decided and the order that was made for the one before stay, as far as they fit it."""
        decided, order, left = self._chosen_by_hand()
        self._plan = plan
        out = (
            f"At once could be out: {', '.join(plan.largest_out)}."
            if len(plan.largest_out) > 1
            else "One host at a time."
            if plan.cluster
            else ""
        )
        stopped = plan.stopped_by
        if stopped and plan.to_do:
            self.stopped.say("\n".join(stopped), Tone.CRITICAL, stays=True)
        else:
            self.stopped.dismiss()
        told = [f"For the time: {s}" for s in plan.settings]
        told += [*(text for text in plan.remarks if text not in stopped or not plan.to_do), out]
        self.more.setText("\n".join(line for line in told if line))
        places = {h.host_id: n for n, h in enumerate(plan.to_do, 1)}
        rows = [_Row(h, places.get(h.host_id, 0), h.room) for h in plan.hosts]
        self.hosts.set_rows(self.hosts.model.prepare(rows))
        self.hosts.model.set_order([(0, False)])
        self._soon.start()
        self.questions.show_obstacles(plan.obstacles)
        for one in self.questions.all:
            if one.obstacle.key in decided:
                one.choose(decided[one.obstacle.key])
        self._take_order(order, left)
        self.tabs.setTabVisible(1, bool(plan.cluster))
        if plan.vcenter_id is not None and plan.cluster:
            self.out.show_cluster(plan.vcenter_id, plan.cluster)

    def _chosen_by_hand(self) -> tuple[dict[str, str], list[int], set[int]]:
        """Decisions that differ from the plan's own, by key; the order where it is another, [] = the plan's; hosts left out."""
        plan = self._plan
        if plan is None:
            return {}, [], set()
        decided = {o.key: d.value for d in self.questions.all if d.value != (o := d.obstacle).answer}
        own, order = [h.host_id for h in plan.to_do], self.order()
        left = set(own) - set(order)
        return decided, [] if order == [i for i in own if i not in left] else order, left

    def _take_order(self, order: Sequence[int], left: set[int]) -> None:
        """The order made for an earlier plan; hosts it did not know come last."""
        if not order and not left:
            return
        places = {host_id: place for place, host_id in enumerate(order)}
        rows = sorted(self._rows(), key=lambda r: places.get(r.id, len(places) + r.place))
        self._patch(replace(row, place=0) for row in rows if row.id in left)
        self._number([row for row in rows if row.id not in left])

    def _count_open(self) -> None:
        still = self.questions.open
        self.tabs.setTabText(0, f"Decisions ({still} to be asked)" if still else "Decisions")
        self._follow_decisions()
        self._tell()

    def _follow_decisions(self) -> None:
        """Each host's row says what the decisions about its VMs have made of it."""
        chosen = self.chosen_plan("you")
        rows: list[_Row] = self.hosts.model.all_rows()
        if chosen is None:
            return
        self._patch(
            replace(row, left_for=tuple(chosen.left_out_for(row.host)), room=chosen.no_room_on(row.host))
            for row in rows
        )

    def _patch(self, rows: Iterable[_Row]) -> None:
        self.hosts.patch(self.hosts.model.prepare(rows))
        self.hosts.model.set_order([(0, False)])

    # -- what is chosen -----------------------------------------------------------------------------------------

    def _rows(self) -> list[_Row]:
        rows: list[_Row] = [r for r in self.hosts.model.all_rows() if r.place]
        return sorted(rows, key=lambda r: r.place)

    def move_host(self, step: int) -> None:
        """The chosen host one place earlier (-1) or later (1)."""
        ids = self.hosts.grid.selected_ids()
        rows = self._rows()
        place = next((n for n, row in enumerate(rows) if [row.id] == ids), None)
        if place is None or not 0 <= place + step < len(rows):
            return
        rows.insert(place + step, rows.pop(place))
        self._number(rows)

    def drop_host(self, host_id: int, before: int) -> None:
        """The host to where the row `before` stands in the table; only hosts that are to be done have a place."""
        rows = self._rows()
        place = next((n for n, row in enumerate(rows) if row.id == host_id), None)
        if place is None:
            return
        moved = rows.pop(place)
        rows.insert(min(before - (before > place), len(rows)), moved)
        self._number(rows)
        self.hosts.grid.select_ids([host_id])

    def toggle_host(self) -> None:
        """Leave the chosen host out, or take it in again as the last one; only what the plan can do."""
        ids = self.hosts.grid.selected_ids()
        row: _Row | None = self.hosts.model.row_of(ids[0]) if len(ids) == 1 else None
        if row is None or not row.host.place:
            return
        rows = [other for other in self._rows() if other.id != row.id]
        if row.place:
            self._patch([replace(row, place=0)])
        else:
            rows.append(row)
        self._number(rows)

    def _number(self, rows: list[_Row]) -> None:
        self._patch(replace(row, place=number) for number, row in enumerate(rows, 1))
        self._note({})
        self._tell()
        plan = self._plan
        if plan is None or plan.vcenter_id is None or not plan.cluster:
            return
        vcenter_id, cluster, order = plan.vcenter_id, plan.cluster, [row.host.moid for row in rows]
        self._desk.work.query(
            self,
            lambda c: order_objections(c, vcenter_id, cluster, order),
            self._note,
            self._desk.fail,
            key="order",
        )

    def _note(self, against: dict[str, str]) -> None:
        """Say of every host why it stands where it stands, now that a person has chosen."""
        rows = self._rows()
        own = [row.id for row in rows] != [h.host_id for h in self._plan.to_do] if self._plan else False
        noted = []
        for row in rows:
            objection = against.get(row.host.moid, "") if own else ""
            note = f"As you chose. {objection}".strip() if own and row.place != row.host.place else objection
            if own and not note:
                note = row.host.why if not row.host.why.startswith("First:") else "Stays where it was."
            noted.append(replace(row, note=note, against=bool(objection)))
        self._patch(noted)

    def order(self) -> list[int]:
        """Row ids of the hosts to be done, the first first."""
        return [row.id for row in self._rows()]

    @property
    def subject(self) -> str:
        """The cluster's name, or how many hosts."""
        return self._plan.subject if self._plan is not None else ""

    def chosen_hosts(self) -> list[PlannedHost]:
        """The hosts to be done, the first first; without those that a decision leaves out."""
        return [row.host for row in self._rows() if not self.questions.leaves_out(row.host)]

    def _tell(self) -> None:
        """How much it is, with what was chosen by now."""
        plan = self._plan
        if plan is None:
            return
        doing = self.chosen_hosts()
        restarts, minutes = sum(h.restarts for h in doing), sum(h.minutes for h in doing)
        self.said.setText(
            f"{plan.subject}: {len(doing)} of {words.plural(len(plan.hosts), 'host')}, "
            f"{words.plural(restarts, 'restart')}, about {words.span(minutes * 60)} one after the other."
            if doing
            else f"{plan.subject}: nothing is to be done."
        )

    def chosen_plan(self, by: str) -> RollPlan | None:
        """The plan with the order and the decisions that stand here now, as `by` chose them; None = there is none."""
        answers = {one.obstacle.key: one.value for one in self.questions.all}
        return self._plan.as_chosen(self.order(), answers, by) if self._plan is not None else None

    def decided_words(self) -> list[str]:
        """What happens to each VM that does not simply move, a sentence each; only of hosts that are to be done."""
        return self.questions.sentences([row.host for row in self._rows()])

    def decisions(self) -> list[str]:
        """As the job types take them."""
        return self.questions.given()
