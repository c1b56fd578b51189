"""The line above a grid: a query in the making, what may come next, and whether it can be read."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QStringListModel, Qt, QTimer, Signal
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QInputMethodEvent,
    QKeyEvent,
    QPainter,
    QPaintEvent,
    QTextCharFormat,
)
from PySide6.QtWidgets import QApplication, QCompleter, QLabel, QLineEdit, QToolButton

from dsm_desktop.core.errors import DsmError
from dsm_desktop.queries.query_completion import QueryContext, Suggestion, complete
from dsm_desktop.queries.query_language import Language, Query
from dsm_desktop.queries.query_values import FilterError, Predicate
from dsm_desktop.ui import theme
from dsm_desktop.ui.icons import icon
from dsm_desktop.ui.theme import SPACE, Tone
from dsm_desktop.ui.work import Work

TYPING_MS = 120
_WORD = re.compile(r'"[^"]*"?|[^\s()|]+|.')


class QueryBar(QLineEdit):
    """`filtered(Predicate | None)` when a query was read, and answered by the store where it asks for that. A query that cannot be
    read is marked where it is wrong and explained in `problem`; nothing is filtered anew."""

    filtered = Signal(object)

    def __init__(self, work: Work, name: str, language: Language, words: str = "") -> None:
        super().__init__()
        self._work, self._language = work, language
        self.context = QueryContext(language)
        self.ask_context: Callable[[], None] | None = None
        self._tone = Tone.PLAIN
        self._suggestions: list[Suggestion] = []
        self.setPlaceholderText(words or f"Filter {name}")
        self.setAccessibleName(f"Filter {name}")
        self.setClearButtonEnabled(True)
        self._state = self.addAction(icon("filter", Tone.MUTED), QLineEdit.ActionPosition.LeadingPosition)
        self._state.setText("What can be asked for")
        self._state.setToolTip("What can be asked for (Ctrl+Space)")
        self._state.triggered.connect(lambda: self.suggest(asked=True))
        for button in self.findChildren(QToolButton):
            if button.defaultAction() is not self._state:
                button.setAccessibleName("Clear the filter")
        self.problem = QLabel()
        self.problem.setAccessibleName("Filter problem")
        self.problem.setContentsMargins(SPACE, 0, SPACE, SPACE // 2)
        self.problem.setWordWrap(True)
        self.problem.hide()
        self._listed = QStringListModel(self)
        self.completer_ = QCompleter(self._listed, self)
        self.completer_.setCompletionMode(QCompleter.CompletionMode.UnfilteredPopupCompletion)
        self.completer_.setWidget(self)
        self.completer_.setMaxVisibleItems(12)
        popup = self.completer_.popup()
        assert popup is not None  # only an inline completer has none
        self.popup = popup
        self.popup.setAccessibleName("What may come next")
        self.completer_.activated.connect(self._insert)
        self._typing = QTimer(self, interval=TYPING_MS, singleShot=True)
        self._typing.timeout.connect(self.apply)
        self.textChanged.connect(lambda _: self._typing.start())
        self.textEdited.connect(lambda _: self.suggest())

    def set_language(self, language: Language) -> None:
        """Other fields may be asked for."""
        self._language = language
        self.context = replace(self.context, language=language)

    # -- reading ------------------------------------------------------------------------------------------------

    def apply(self) -> None:
        """Read the line now."""
        self._typing.stop()
        try:
            query = Query(self.text(), self._language)
            if not query.needs_database:
                self._done(query.test())
                return
        except FilterError as error:
            self._fail(error)
            return
        self._show(Tone.INFO, "refresh")
        self._work.query(self, query.test, self._done, self._fail, key="query")

    def ask_again(self) -> None:
        """What the store answers may have changed: read the line again where it asks for that."""
        try:
            if Query(self.text(), self._language).needs_database:
                self.apply()
        except FilterError:
            return

    def query(self) -> Query | None:
        """The line as a query, None where it cannot be read."""
        try:
            return Query(self.text(), self._language)
        except FilterError:
            return None

    def set_query(self, text: str) -> None:
        """Another query, at once."""
        self.setText(text)
        self.apply()

    def _done(self, test: Predicate | None) -> None:
        self.problem.hide()
        self.setAccessibleDescription("")
        self._underline(0, 0)
        self._show(*((Tone.OK, "status-ok") if self.text().strip() else (Tone.PLAIN, "filter")))
        self.filtered.emit(test)

    def _fail(self, error: DsmError) -> None:
        words = f"{error.message} {error.hint}".strip()
        self.problem.setText(words)
        self.problem.show()
        self.setAccessibleDescription(words)
        self._show(Tone.CRITICAL, "status-critical")
        if isinstance(error, FilterError):
            found = _WORD.match(self.text(), min(error.position, len(self.text())))
            self._underline(error.position, len(found[0]) if found else 1)

    def _show(self, tone: Tone, icon_name: str) -> None:
        self._tone = tone
        self._state.setIcon(icon(icon_name, tone if tone is not Tone.PLAIN else Tone.MUTED))
        self.update()

    def _underline(self, start: int, length: int) -> None:
        """A line edit takes formats only from an input method; nothing is typed by this event."""
        marks = []
        if length:
            wave = QTextCharFormat()
            wave.setUnderlineStyle(QTextCharFormat.UnderlineStyle.WaveUnderline)
            wave.setUnderlineColor(QColor(theme.tone_colour(Tone.CRITICAL)))
            wave.setForeground(QColor(theme.tone_colour(Tone.CRITICAL)))
            kind = QInputMethodEvent.AttributeType.TextFormat
            marks.append(QInputMethodEvent.Attribute(kind, start - self.cursorPosition(), length, wave))
        QApplication.sendEvent(self, QInputMethodEvent("", marks))

    # -- what may come next -------------------------------------------------------------------------------------

    def suggest(self, *, asked: bool = False) -> None:
        """List what can stand where the cursor is; while typing only where something was begun."""
        before = self.text()[: self.cursorPosition()]
        found = complete(self.text(), self.cursorPosition(), self.context)
        begun = bool(before) and not before[-1].isspace()
        finished = len(found) == 1 and before.endswith(found[0].insert)
        if not found or finished or not (begun or asked):
            self.popup.hide()
            return
        self._suggestions = found
        self._listed.setStringList([f"{s.label}    {s.help}".rstrip() for s in found])
        self.popup.setCurrentIndex(self._listed.index(-1, 0))
        self.completer_.complete()

    def _insert(self, listed: str) -> None:
        number = self._listed.stringList().index(listed)
        self.take(self._suggestions[number])

    def take(self, chosen: Suggestion) -> None:
        """Write a suggestion into the line, and go on where more must follow."""
        text = self.text()
        self.setText(text[: chosen.start] + chosen.insert + text[chosen.end :])
        self.setCursorPosition(chosen.start + len(chosen.insert))
        if chosen.kind in ("field", "operator"):
            self.suggest(asked=True)

    # -- keys ---------------------------------------------------------------------------------------------------

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        if self.ask_context is not None:
            self.ask_context()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if (
            self.popup.isVisible()
            and self.popup.currentIndex().isValid()
            and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Tab)
        ):
            event.ignore()  # the list takes it
        elif event.key() == Qt.Key.Key_Space and event.modifiers() == Qt.KeyboardModifier.ControlModifier:
            self.suggest(asked=True)
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self._tone is not Tone.PLAIN:
            painter = QPainter(self)
            painter.fillRect(1, self.height() - 3, self.width() - 2, 2, QColor(theme.tone_colour(self._tone)))
