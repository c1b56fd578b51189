"""The first area: how the fleet is, what runs, what waits for a person. Every number leads to the rows it counts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from dsm_desktop.core.errors import DsmError
from dsm_desktop.queries.dashboard import Dashboard, Number, dashboard
from dsm_desktop.ui import words
from dsm_desktop.ui.bridge import Change
from dsm_desktop.ui.desk import Desk
from dsm_desktop.ui.icons import set_icon
from dsm_desktop.ui.soon import Soon
from dsm_desktop.ui.theme import SPACE, Tone, ui_font
from dsm_desktop.ui.widgets.area import AreaView
from dsm_desktop.ui.widgets.elided import ElidedButton
from dsm_desktop.ui.widgets.states import StatePane

SOON_MS = 1_000
_TOPICS = frozenset(("servers", "jobs", "job_tasks", "decisions", "restore_list"))
_TONES = {"ok": Tone.OK, "warning": Tone.WARNING, "critical": Tone.CRITICAL}
_ICONS = {"ok": "status-ok", "warning": "status-warning", "critical": "status-critical"}
_LINES = 6
_MODELS = 8


class NumberButton(QPushButton):
    """A number with its words; pressing it shows what it counts."""

    def __init__(self, number: Number, go: Callable[[Number], None], widest: str) -> None:
        super().__init__(f"{_aligned(f'{number.value:,}', widest)}   {number.title}")
        self.number = number
        tone = _TONES.get(number.tone, Tone.MUTED) if number.value else Tone.MUTED
        set_icon(self, _ICONS.get(number.tone, "server") if number.value else "status-none", tone)
        self.setFlat(True)
        self.setToolTip(f"Show them: {number.filter}" if number.filter else "Show them")
        self.setAccessibleName(f"{number.title}: {number.value:,}")
        self.clicked.connect(lambda: go(number))


def _aligned(text: str, widest: str) -> str:
    """The number moved right by blanks as wide as the digits and commas it lacks."""
    return widest[: len(widest) - len(text)].translate(_BLANKS) + text


_BLANKS = {ord(digit): "\u2007" for digit in "0123456789"} | {ord(","): "\u2008"}


class Card(QFrame):
    """A heading over its lines."""

    def __init__(self, title: str) -> None:
        super().__init__()
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.setAutoFillBackground(True)
        self.setBackgroundRole(self.palette().ColorRole.Base)
        self.setAccessibleName(title)
        heading = QLabel(title)
        heading.setFont(ui_font(step=1, bold=True))
        self._column = QVBoxLayout(self)
        self._column.setSpacing(2)
        self._column.addWidget(heading)
        self._column.addStretch()

    def line(self, widget: QWidget, stretch: int = 0) -> None:
        row = QHBoxLayout()
        row.addWidget(widget, stretch)
        row.addStretch()
        self._column.insertLayout(self._column.count() - 1, row)

    def link(self, text: str, tip: str, icon_name: str, tone: Tone, go: Callable[[], object]) -> None:
        button = ElidedButton(text)
        button.setFlat(True)
        set_icon(button, icon_name, tone)
        button.setToolTip(tip)
        button.clicked.connect(lambda: go())  # noqa: PLW0108 - the signal's own argument is not for it
        self.line(button, 1)


class DashboardView(AreaView, QScrollArea):
    """Read when it comes into sight and, while it is, a second after something changed."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setAccessibleName("Dashboard")
        pane = StatePane()
        pane.loading("the dashboard")
        self.setWidget(pane)
        self._soon = Soon(desk.work, self, SOON_MS, self.refresh)
        desk.bridge.changed.connect(self._changed)
        self.refresh()

    def panes(self) -> list[QWidget]:
        return [self]

    def refresh(self) -> None:
        self._desk.work.query(self, dashboard, self._show, self._failed, key="dashboard")

    def showEvent(self, event: object) -> None:
        self.refresh()

    def _changed(self, change: Change) -> None:
        if change.topic in _TOPICS and self.isVisible():
            self._soon.tell()

    def _failed(self, error: DsmError) -> None:
        pane = StatePane()
        pane.error(error, self.refresh)
        self.setWidget(pane)

    def _go(self, number: Number) -> None:
        self._desk.filter_wanted.emit(number.view, number.filter)

    def _show(self, found: Dashboard) -> None:
        where = self.verticalScrollBar().value()
        focused = self.focusWidget()
        name = focused.accessibleName().partition(":")[0] if focused is not None else ""
        inside = QWidget()
        grid = QGridLayout(inside)
        grid.setContentsMargins(SPACE * 2, SPACE * 2, SPACE * 2, SPACE * 2)
        grid.setSpacing(SPACE * 2)
        for place, card in enumerate(self._cards(found)):
            grid.addWidget(card, place // 3, place % 3)
        for column in range(3):
            grid.setColumnStretch(column, 1)
        grid.setRowStretch(4, 1)
        self.setWidget(inside)
        self.verticalScrollBar().setValue(where)
        for button in inside.findChildren(QPushButton):
            if name and button.accessibleName().partition(":")[0] == name:
                button.setFocus()
                break

    def _cards(self, found: Dashboard) -> list[Card]:
        whole = Number("all", "Servers", found.fleet.total, "servers", "", "neutral")
        power = [
            Number(f"power.{state}", words.power(state).word, count, "servers", f"power={state}", "neutral")
            for state, count in sorted(found.fleet.power.items())
        ]
        cards = [
            self._numbers("Health", (whole, *found.health)),
            self._numbers("Access", found.access),
            self._numbers("Work", found.jobs),
            self._numbers("Power", power),
            self._numbers("Age of what is shown", found.ages),
            self._numbers("Models", found.models[:_MODELS]),
        ]
        return [*cards, self._questions(found), self._promises(found), self._failures(found)]

    def _numbers(self, title: str, numbers: Sequence[Number]) -> Card:
        card = Card(title)
        widest = max((f"{number.value:,}" for number in numbers), key=len, default="")
        for number in numbers:
            card.line(NumberButton(number, self._go, widest))
        return card

    def _questions(self, found: Dashboard) -> Card:
        card = Card("Questions that wait")
        for row in found.decisions[:_LINES]:
            text = f"{row.target or row.title}: {row.question}"
            card.link(text, text, "question", Tone.WARNING, lambda: self._open("decisions"))
        if not found.decisions:
            card.line(QLabel("None"))
        return card

    def _promises(self, found: Dashboard) -> Card:
        card = Card("To be put back")
        for row in found.restore[:_LINES]:
            text = f"{row.server}: {row.what}"
            card.link(text, row.message or text, "restore", Tone.WARNING, lambda: self._open("restore_list"))
        if not found.restore:
            card.line(QLabel("Nothing"))
        return card

    def _failures(self, found: Dashboard) -> Card:
        card = Card("Failures to look at")
        for row in found.failures[:_LINES]:
            text = f"{row.target}: {row.message}"
            card.link(text, f"{row.title}\n{row.message} {row.hint}", "status-critical", Tone.CRITICAL,
                      partial(self._desk.job_opened.emit, row.job_id))  # fmt: skip
        if not found.failures:
            card.line(QLabel("None in the last 24 hours"))
        return card

    def _open(self, view: str) -> None:
        self._desk.filter_wanted.emit(view, "")
