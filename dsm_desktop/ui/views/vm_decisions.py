"""What is to happen to each VM that keeps a host from getting empty: every way out in sight, one click each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QFrame,
    QLabel,
    QPushButton,
    QRadioButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from dsm_desktop.ui import words
from dsm_desktop.ui.theme import SPACE
from dsm_desktop.ui.widgets.flow import FlowLayout
from dsm_desktop.ui.widgets.labels import WrappedLabel
from dsm_desktop.workflows.obstacles import Obstacle, question_about
from dsm_desktop.workflows.roll_plan import SUSPEND, PlannedHost

ASK = "Ask before the first host"
_BY_THE_RUN = {"migrate": "Move it", SUSPEND: "Suspend its fault tolerance for the run"}
_SKIP = "skip_host"


class VmDecision(QWidget):
    """One VM: what keeps it, and its ways out as radio buttons. `value` "" = the run asks before the first host."""

    changed = Signal()

    def __init__(self, obstacle: Obstacle) -> None:
        super().__init__()
        self.obstacle = obstacle
        by = f" (decided by {obstacle.by})" if obstacle.by else ""
        named = obstacle.name in obstacle.reason
        what = obstacle.reason if named else f"{obstacle.name} on {obstacle.host_name}: {obstacle.reason}"
        reason = WrappedLabel(f"{what}{by}")
        reason.setToolTip(obstacle.way_out)
        self._group = QButtonGroup(self)
        self._buttons: dict[str, QRadioButton] = {}
        self.alike = QPushButton()
        self.alike.setAutoDefault(False)
        self.alike.hide()
        ways = QWidget()
        flow = FlowLayout(ways)
        flow.setContentsMargins(SPACE, 0, 0, 0)
        flow.setSpacing(SPACE * 2)
        for value, title, tip in self._ways():
            button = QRadioButton(title)
            button.setToolTip(tip)
            button.setAccessibleName(f"{obstacle.name}: {title}")
            button.setChecked(value == obstacle.answer)
            button.toggled.connect(lambda on: self.changed.emit() if on else None)
            self._group.addButton(button)
            self._buttons[value] = button
            flow.addWidget(button)
        flow.addWidget(self.alike)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE // 2)
        column.addWidget(reason)
        column.addWidget(ways)

    def _ways(self) -> Iterator[tuple[str, str, str]]:
        """(value, title, help) of each way out; the last is always to be asked."""
        answer = self.obstacle.answer
        options = [o for o in question_about(self.obstacle, 1).options if o.value != "stop"]
        if answer and answer not in {o.value for o in options}:
            yield answer, _BY_THE_RUN.get(answer) or words.sentence(answer), ""
        for option in options:
            yield str(option.value), option.title, words.sentence(option.help)
        yield "", ASK, "The run waits with this question and touches no host until it is answered"

    @property
    def value(self) -> str:
        return next(value for value, button in self._buttons.items() if button.isChecked())

    @property
    def words(self) -> str:
        """The chosen way out as its button says it."""
        return self._buttons[self.value].text()

    def choose(self, value: str) -> bool:
        """Take this way out; False where this VM has no such one."""
        if value in self._buttons:
            self._buttons[value].setChecked(True)
        return value in self._buttons

    def offers(self, value: str) -> bool:
        return value in self._buttons

    def offer_alike(self, count: int) -> None:
        """Say that so many other VMs with the same cause could be decided as this one."""
        self.alike.setVisible(count > 0)
        self.alike.setText(f"Same for {words.plural(count, 'VM')} like it")
        self.alike.setToolTip("The other VMs that are kept by the same cause")
        self.alike.setAccessibleName(f"Decide {words.plural(count, 'VM')} like {self.obstacle.name}")


def _is_on(one: VmDecision, host: PlannedHost) -> bool:
    return one.obstacle.is_on(host.host_id, host.moid)


class VmDecisions(QScrollArea):
    """All of them; `changed` when one is decided."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setAccessibleName("Decisions about VMs")
        self.all: list[VmDecision] = []

    def show_obstacles(self, obstacles: Sequence[Obstacle]) -> None:
        """New ones, each with the answer that is known already."""
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setSpacing(SPACE)
        if not obstacles:
            column.addWidget(QLabel("No VM stands in the way."))
        self.all = [VmDecision(obstacle) for obstacle in obstacles]
        for one in self.all:
            one.changed.connect(self._decided)
            one.alike.clicked.connect(lambda _=False, one=one: self._same(one))
            column.addWidget(one)
        column.addStretch()
        self.setWidget(inside)
        self._decided()

    def of(self, vm: str) -> VmDecision:
        """The decision about a VM by its name."""
        return next(one for one in self.all if one.obstacle.name == vm)

    @property
    def open(self) -> int:
        """How many the run would ask about."""
        return sum(not one.value for one in self.all)

    def leaves_out(self, host: PlannedHost) -> bool:
        """Whether a decision leaves this host out."""
        return any(one.value == _SKIP and _is_on(one, host) for one in self.all)

    def sentences(self, hosts: Sequence[PlannedHost]) -> list[str]:
        """What happens to each VM on these hosts that does not simply move."""
        return [
            f"{one.obstacle.name} on {one.obstacle.host_name}: {one.words[:1].lower()}{one.words[1:]}."
            for one in self.all
            if any(_is_on(one, host) for host in hosts)
        ]

    def given(self) -> list[str]:
        """As the job types take them: "vm-12 = shut_down"; what is to be asked is left out, and fault tolerance, which the run
        suspends by itself."""
        return [f"{one.obstacle.key} = {one.value}" for one in self.all if one.value not in ("", SUSPEND)]

    def _like(self, one: VmDecision) -> list[VmDecision]:
        """Others with the same cause that nobody has decided and that have the same way out."""
        return [
            other
            for other in self.all
            if other is not one
            and other.obstacle.cause == one.obstacle.cause
            and not other.value
            and other.offers(one.value)
        ]

    def _same(self, one: VmDecision) -> None:
        for other in self._like(one):
            other.choose(one.value)

    def _decided(self) -> None:
        for one in self.all:
            one.offer_alike(len(self._like(one)) if one.value else 0)
        self.changed.emit()
