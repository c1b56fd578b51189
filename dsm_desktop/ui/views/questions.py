"""Questions of jobs that wait for a person."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget

from dsm_desktop.core.access import Permission
from dsm_desktop.core.errors import DsmError
from dsm_desktop.queries.jobs import DecisionRow, open_decisions
from dsm_desktop.ui import words
from dsm_desktop.ui.bridge import Change
from dsm_desktop.ui.desk import Desk
from dsm_desktop.ui.theme import SPACE, ui_font
from dsm_desktop.ui.widgets.deeds import allow
from dsm_desktop.ui.widgets.labels import WrappedLabel
from dsm_desktop.ui.widgets.states import StatePane

STEADY_SECONDS = 0.8
"""So long after a card has come to its place its buttons do not count: whoever presses one then has aimed at what was there
before."""


class DecisionCard(QFrame):
    """A question with its answers as buttons and what happens when nobody answers. `why_not` as the desk has it."""

    def __init__(
        self, row: DecisionRow, answer: Callable[[int, str], None], why_not: Callable[[Permission], str]
    ) -> None:
        super().__init__()
        self.row = row
        self._answer = answer
        self._came = time.monotonic()
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.setAutoFillBackground(True)
        self.setBackgroundRole(self.palette().ColorRole.Base)
        self.setAccessibleName(row.question)
        column = QVBoxLayout(self)
        head = QLabel(f"{row.target} · {row.title}" if row.target else row.title)
        head.setForegroundRole(self.palette().ColorRole.PlaceholderText)
        question = WrappedLabel(row.question)
        question.setFont(ui_font(step=1, bold=True))
        titles = {str(o["value"]): str(o.get("title") or o["value"]) for o in row.options}
        self._default = titles.get(row.default, row.default)
        self._fallback = WrappedLabel("")
        self._fallback.setToolTip(words.stamp_tip(row.deadline))
        self.tell_time()
        buttons = QHBoxLayout()
        for option in row.options:
            button = QPushButton(titles[str(option["value"])])
            needs = Permission(option.get("needs", Permission.OPERATE))
            allow(button, why_not(needs), str(option.get("help", "")))
            button.setAccessibleDescription(str(option.get("help", "")))
            button.clicked.connect(lambda _=False, v=str(option["value"]): self._give(v))
            buttons.addWidget(button)
        buttons.addStretch()
        for widget in (head, question, self._fallback):
            column.addWidget(widget)
        column.addLayout(buttons)

    def moved(self) -> None:
        """Another card above it has come or gone."""
        self._came = time.monotonic()

    @property
    def steady(self) -> bool:
        """Whether it has been in its place long enough to be answered."""
        return time.monotonic() - self._came >= STEADY_SECONDS

    def _give(self, option: str) -> None:
        if self.steady:
            self._answer(self.row.id, option)
        else:
            self._fallback.setText("This question has just come here. Read it, then answer.")

    def tell_time(self) -> None:
        """How long it waits for an answer, from now."""
        self._fallback.setText(f"Without an answer: “{self._default}” {words.ago(self.row.deadline)}.")


def show_cards(
    column: QVBoxLayout,
    rows: list[DecisionRow],
    answer: Callable[[int, str], None],
    why_not: Callable[[Permission], str],
) -> None:
    """A card for each question; one that is there already stays, with the keyboard and a click that has begun."""
    items = [column.itemAt(place) for place in range(column.count())]
    cards = [card for item in items if item and isinstance(card := item.widget(), DecisionCard)]
    kept = [card for card in cards if card.row in rows]
    for card in cards:
        card.tell_time()
        if card not in kept:
            column.removeWidget(card)
            card.hide()
            card.deleteLater()
    shown = [card.row for card in kept]
    for place, row in enumerate(rows):
        if row not in shown:
            column.insertWidget(place, DecisionCard(row, answer, why_not))
    for card in kept:
        if cards.index(card) != rows.index(card.row):
            card.moved()


class DecisionsView(QScrollArea):
    """Open questions, the nearest deadline first."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self._cards: QVBoxLayout | None = None
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setAccessibleName("Questions")
        desk.bridge.changed.connect(self._changed)
        self.refresh()

    def _changed(self, change: Change) -> None:
        if change.topic in ("decisions", "jobs"):
            self.refresh()

    def refresh(self) -> None:
        self._desk.work.query(self, open_decisions, self._show, self._failed, key="decisions")

    def _show(self, rows: list[DecisionRow]) -> None:
        if not rows:
            self._cards = None
            pane = StatePane()
            pane.empty("question", "No open questions", "A job that needs a decision asks here and waits.")
            self.setWidget(pane)
            return
        if self._cards is None:
            inside = QWidget()
            self._cards = QVBoxLayout(inside)
            self._cards.setSpacing(SPACE)
            self._cards.addStretch()
            self.setWidget(inside)
        show_cards(self._cards, rows, self._answer, self._desk.why_not)

    def _failed(self, error: DsmError) -> None:
        self._cards = None
        pane = StatePane()
        pane.error(error, self.refresh)
        self.setWidget(pane)

    def _answer(self, decision_id: int, option: str) -> None:
        commands = self._desk.context.commands
        self._desk.work.command(
            self, lambda: commands.answer(decision_id, option), lambda _: self.refresh(), self._desk.fail
        )
