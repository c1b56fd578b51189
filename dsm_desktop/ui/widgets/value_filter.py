"""The filter of a column: its values with how often they occur, to tick; numbers, versions and ages to compare."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from operator import itemgetter

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLineEdit, QWidget

from dsm_desktop.queries.query_edit import term_of, values_of
from dsm_desktop.queries.query_values import plain, quoted
from dsm_desktop.ui.models.checks import Check
from dsm_desktop.ui.widgets.check_list import CheckList

_COMPARED = {
    "number": ((">", "more than"), ("<", "less than"), (">=", "at least"), ("<=", "at most")),
    "version": (("<", "older than"), (">=", "at least"), (">", "newer than"), ("<=", "at most")),
    "time": ((">", "longer ago than"), ("<", "less long ago than")),
}
_EXAMPLES = {"number": "400", "version": "2.19.1", "time": "30min, 2h, 7d, 4w"}


class ValueFilter(CheckList):
    """`decided(term)`: the term of the query for this field, "" = no filter."""

    decided = Signal(str)

    def __init__(
        self, parent: QWidget, title: str, field: str, kind: str, values: Iterable[object], query: str
    ) -> None:
        each = (one for value in values for one in (value if isinstance(value, tuple) else (value,)))
        counts = Counter(map(plain, each))
        chosen = {value.lower() for value in values_of(query, field)}
        checks = [
            Check(value, value or "(empty)", on=value.lower() in chosen, more=f"{count:,}")
            for value, count in sorted(sorted(counts.items()), key=itemgetter(1), reverse=True)
        ]
        super().__init__(parent, f"Filter by {title}", checks if kind != "time" else [])
        self._field = field
        if kind == "time":
            self.list.hide()
            self.search.hide()
            self.resize(self.width(), 120)
        if kind in _COMPARED:
            self._add_comparison(kind)
        self._add_buttons()

    def _add_comparison(self, kind: str) -> None:
        self.how, self.value = QComboBox(), QLineEdit()
        self.how.setAccessibleName("Comparison")
        for op, word in _COMPARED[kind]:
            self.how.addItem(word, op)
        self.value.setAccessibleName("Compared with")
        self.value.setPlaceholderText(_EXAMPLES[kind])
        self.value.returnPressed.connect(self.compare)
        row = QHBoxLayout()
        row.addWidget(self.how)
        row.addWidget(self.value, 1)
        self.column.addLayout(row)

    def _add_buttons(self) -> None:
        row = QHBoxLayout()
        clear = self.button("No filter")
        clear.clicked.connect(lambda: self._decide(""))
        leave, keep = self.button("Exclude"), self.button("Show only these")
        leave.clicked.connect(lambda: self.choose(exclude=True))
        keep.clicked.connect(lambda: self.choose(exclude=False))
        for made in (clear, leave, keep):
            row.addWidget(made)
        self.column.addLayout(row)

    def choose(self, *, exclude: bool) -> None:
        """Take what is ticked; what is typed to compare goes first."""
        if hasattr(self, "value") and self.value.text().strip():
            self.compare()
            return
        chosen = self.model.chosen()
        self._decide(term_of(self._field, chosen, exclude=exclude) if chosen else "")

    def compare(self) -> None:
        """Take the comparison."""
        text = self.value.text().strip()
        self._decide(f"{self._field}{self.how.currentData()}{quoted(text)}" if text else "")

    def _decide(self, term: str) -> None:
        self.decided.emit(term)
        self.close()
