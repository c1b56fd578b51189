"""Questions of jobs that wait for a person."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget

from dsm_desktop.core.errors import DsmError
from dsm_desktop.queries.jobs import DecisionRow, open_decisions
from dsm_desktop.ui import words
from dsm_desktop.ui.bridge import Change
from dsm_desktop.ui.desk import Desk
from dsm_desktop.ui.theme import SPACE, ui_font
from dsm_desktop.ui.widgets.labels import WrappedLabel
from dsm_desktop.ui.widgets.states import StatePane


class DecisionCard(QFrame):
    """A question with its answers as buttons and what happens when nobody answers."""

    def __init__(self, row: DecisionRow, answer: Callable[[int, str], None]) -> None:
        super().__init__()
        self.row = row
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
        default = titles.get(row.default, row.default)
        fallback = WrappedLabel(f"Without an answer: “{default}” {words.ago(row.deadline)}.")
        fallback.setToolTip(words.stamp_tip(row.deadline))
        buttons = QHBoxLayout()
        for option in row.options:
            button = QPushButton(titles[str(option["value"])])
            button.setToolTip(str(option.get("help", "")))
            button.setAccessibleDescription(str(option.get("help", "")))
            button.clicked.connect(lambda _=False, v=str(option["value"]): answer(row.id, v))
            buttons.addWidget(button)
        buttons.addStretch()
        for widget in (head, question, fallback):
            column.addWidget(widget)
        column.addLayout(buttons)


def show_cards(column: QVBoxLayout, rows: list[DecisionRow], answer: Callable[[int, str], None]) -> None:
    """A card for each question; those that are there already stay, with the keyboard and a click that has begun."""
    items = [column.itemAt(n) for n in range(column.count())]
    cards = [card for item in items if item and isinstance(card := item.widget(), DecisionCard)]
    if [card.row for card in cards] == rows:
        return
    for card in cards:
        column.removeWidget(card)
        card.hide()
        card.deleteLater()
    for row in rows:
        column.addWidget(DecisionCard(row, answer))


class DecisionsView(QScrollArea):
    """Open questions, the nearest deadline first."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self._shown: list[DecisionRow] | None = None
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
        if rows == self._shown:
            return  # a card made anew would lose the keyboard, and a click that has begun
        self._shown = rows
        if not rows:
            pane = StatePane()
            pane.empty("question", "No open questions", "A job that needs a decision asks here and waits.")
            self.setWidget(pane)
            return
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setSpacing(SPACE)
        show_cards(column, rows, self._answer)
        column.addStretch()
        self.setWidget(inside)

    def _failed(self, error: DsmError) -> None:
        self._shown = None
        pane = StatePane()
        pane.error(error, self.refresh)
        self.setWidget(pane)

    def _answer(self, decision_id: int, option: str) -> None:
        commands = self._desk.context.commands
        self._desk.work.command(
            self, lambda: commands.answer(decision_id, option), lambda _: self.refresh(), self._desk.fail
        )
