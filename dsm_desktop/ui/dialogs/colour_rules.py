"""Which cells of a grid are coloured, and when."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QGridLayout, QLineEdit, QPushButton, QToolButton, QWidget

from dsm_desktop.core.errors import DsmError
from dsm_desktop.queries.query_language import Language
from dsm_desktop.ui.dialogs.base import Dialog
from dsm_desktop.ui.icons import icon, set_icon
from dsm_desktop.ui.models.colours import SIGNS, TONES, ColourRule, read_rule
from dsm_desktop.ui.models.columns import Column
from dsm_desktop.ui.theme import SPACE, Tone

_WHOLE_ROW = "The whole row"


class _Line:
    """The editors of one rule."""

    def __init__(self, columns: Sequence[Column], rule: ColourRule, number: int) -> None:
        self.column, self.tone = QComboBox(), QComboBox()
        self.column.addItem(_WHOLE_ROW, "")
        for column in columns:
            self.column.addItem(column.title, column.key)
        self.column.setCurrentIndex(max(0, self.column.findData(rule.column)))
        for tone, word in TONES.items():
            self.tone.addItem(icon(SIGNS[tone], tone), word, tone.value)
        self.tone.setCurrentIndex(self.tone.findData(rule.tone.value))
        self.query = QLineEdit(rule.query)
        self.query.setPlaceholderText("As in the filter, e.g. watts>800")
        self.remove = QToolButton()
        self.remove.setAutoRaise(True)
        set_icon(self.remove, "close")
        for widget, name in (
            (self.column, f"What rule {number} colours"),
            (self.tone, f"Colour of rule {number}"),
            (self.query, f"Condition of rule {number}"),
            (self.remove, f"Remove rule {number}"),
        ):
            widget.setAccessibleName(name)
            widget.setToolTip(name)

    @property
    def widgets(self) -> tuple[QWidget, ...]:
        return self.column, self.tone, self.query, self.remove

    @property
    def rule(self) -> ColourRule:
        return ColourRule(
            str(self.column.currentData()), self.query.text().strip(), Tone(self.tone.currentData())
        )


class ColourRulesDialog(Dialog):
    """`done(rules)` with the rules in their order. They are kept with the layout, so also in named views and their files."""

    def __init__(
        self,
        parent: QWidget,
        columns: Sequence[Column],
        language: Language,
        rules: Sequence[ColourRule],
        done: Callable[[list[ColourRule]], object],
    ) -> None:
        super().__init__(
            parent,
            "Colour rules",
            "Colours what a condition finds, with a sign beside it. The first rule that fits counts.",
        )
        self.setMinimumWidth(680)
        self._columns, self._language, self._done = columns, language, done
        self.lines: list[_Line] = []
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(SPACE)
        self._grid.setColumnStretch(2, 1)
        self.body.addLayout(self._grid)
        self.more = QPushButton("Add a rule")
        set_icon(self.more, "add")
        self.more.setAutoDefault(False)
        self.more.clicked.connect(lambda: self.add(ColourRule("", "", Tone.WARNING)))
        self.body.addWidget(self.more, 0, Qt.AlignmentFlag.AlignLeft)
        self.body.addStretch()
        self.add_cancel()
        self.add_action("Use these rules").clicked.connect(self.use)
        for rule in rules or (ColourRule("", "", Tone.WARNING),):
            self.add(rule)

    def add(self, rule: ColourRule) -> None:
        """One more, at the end."""
        line = _Line(self._columns, rule, len(self.lines) + 1)
        line.remove.clicked.connect(lambda: self._take_out(line))
        self.lines.append(line)
        for place, widget in enumerate(line.widgets):
            self._grid.addWidget(widget, len(self.lines), place)
        line.query.setFocus()

    def _take_out(self, line: _Line) -> None:
        self.lines.remove(line)
        for widget in line.widgets:
            self._grid.removeWidget(widget)
            widget.hide()
            widget.deleteLater()

    def use(self) -> None:
        """Check each condition; what is wrong with one is said and nothing is lost. Lines left empty are no rules."""
        rules = [line.rule for line in self.lines if line.query.text().strip()]
        for line in self.lines:
            if not line.query.text().strip():
                continue
            try:
                read_rule(line.rule, self._language)
            except DsmError as error:
                self.fail(error)
                line.query.setFocus()
                return
        self._done(rules)
        self.accept()
