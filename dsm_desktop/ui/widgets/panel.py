"""A grid with its filter line, its column chooser and export, and the states it can be in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from PySide6.QtCore import QPoint, QSettings, Qt, QTimer, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QMenu,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from dsm_desktop.core.errors import DsmError
from dsm_desktop.queries import report
from dsm_desktop.queries.query_completion import QueryContext
from dsm_desktop.queries.query_edit import fields_of, term_of, with_term, without_field
from dsm_desktop.queries.query_language import Language
from dsm_desktop.queries.query_values import Predicate, plain
from dsm_desktop.ui import words
from dsm_desktop.ui.models.columns import Column
from dsm_desktop.ui.models.layout import GridLayout
from dsm_desktop.ui.models.rows import Prepared, RowsModel
from dsm_desktop.ui.theme import SPACE, Tone
from dsm_desktop.ui.widgets.end_in_sight import EndInSight
from dsm_desktop.ui.widgets.grid import GridView
from dsm_desktop.ui.widgets.listing import Listing
from dsm_desktop.ui.widgets.query_bar import QueryBar
from dsm_desktop.ui.widgets.states import Banner, StatePane
from dsm_desktop.ui.widgets.value_filter import ValueFilter
from dsm_desktop.ui.work import Work

AGES_MS = 30_000
_MOST_VALUES = 200
_NO_LIMIT = 16_777_215  # Qt's own: QWIDGETSIZE_MAX
_MOST_TERMS = 50  # rows whose values a click takes into the query
Action = tuple[str, Callable[[], object]]


class GridPanel(Listing, QWidget):
    """`name` is what is in it ("servers"), in the plural and small. States: loading, rows, empty, no match, error.

    `language` what its query bar understands (default: the columns); `words_of` what a bare word is looked for in (default: what
    the cells say); `counts_of` what the totals say more of the selected rows, or of all shown ("3 critical").
    """

    model: RowsModel
    filter: QueryBar
    chosen = Signal(object)
    opened = Signal(object)
    failed = Signal(object)
    cleared = Signal()

    def __init__(
        self,
        work: Work,
        name: str,
        columns: Sequence[Column],
        *,
        icon_name: str = "server",
        tools: bool = True,
        language: Language | None = None,
        words_of: Callable[[Any], str] | None = None,
        counts_of: Callable[[Sequence[Any]], str] | None = None,
    ) -> None:
        super().__init__()
        self._work, self._counts_of = work, counts_of
        self._name, self._icon = name, icon_name
        self._empty: tuple[str, str, list[Action], str] = (f"No {name}", "", [], "")
        self._narrow: Callable[[Any], bool] | None = None
        self._test: Predicate | None = None
        self._kept: GridLayout | None = None
        self._loaded, self._note = False, ""
        self._end: EndInSight | None = None
        self.read_at: datetime | None = None
        self.model = RowsModel(columns, self, words_of=words_of)
        self.grid = GridView(self.model, words.sentence(name))
        self.language = language or Language({c.key: c.field for c in columns})
        self.model.language = self.language
        self.grid.groups = tools
        self.banner = Banner()
        self._state = StatePane()
        self._build(tools)
        self.model.counted.connect(self._counted)
        self.grid.chosen.connect(self._chosen)
        self.grid.opened.connect(self.opened)
        self.grid.head.funnels = tools
        self.grid.head.filter_wanted.connect(self.ask_filter)
        self.grid.filter_menu_of = self._fill_filter_menu if tools else None
        ages = QTimer(self, interval=AGES_MS)
        ages.timeout.connect(self.grid.viewport().update)
        ages.start()
        self.loading()

    def _build(self, tools: bool) -> None:
        hint = f"Filter {self._name}{_example(self.model.columns)}"
        self.filter = QueryBar(self._work, self._name, self.language, hint)
        self.filter.ask_context = self._list_values
        self.filter.filtered.connect(self._filtered)
        self.filter.returnPressed.connect(self._to_rows)
        self.totals = QLabel()
        self.totals.setAccessibleName("Totals")
        self._add_ways_out()
        self.bar = QHBoxLayout()
        self.bar.setContentsMargins(SPACE, SPACE // 2, SPACE // 2, SPACE // 2)
        self.bar.setSpacing(SPACE // 2)
        self.bar.addWidget(self.filter, 1)
        self.bar.addWidget(self.totals)
        self.bar.addWidget(self.columns_button)
        self.bar.addWidget(self.export_button)
        # Shown before it has a parent, a widget would be a window for a moment and take the keyboard.
        for widget in () if tools else (self.filter, self.totals, self.columns_button, self.export_button):
            widget.hide()
        stack = QWidget()
        self._stack = QStackedLayout(stack)
        self._stack.addWidget(self._state)
        self._stack.addWidget(self.grid)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.banner)
        if tools:
            column.addLayout(self.bar)
        column.addWidget(self.filter.problem)
        column.addWidget(stack, 1)
        escape = QShortcut(QKeySequence(Qt.Key.Key_Escape), self.filter)
        escape.setContext(Qt.ShortcutContext.WidgetShortcut)
        escape.activated.connect(self._leave_filter)

    def set_columns(self, columns: Sequence[Column], language: Language) -> None:
        """Other columns, for instance with fields of the operators' own; the arrangement stays, new ones stand at the end."""
        known = {column.key for column in self.model.columns}
        new = tuple(column.key for column in columns if column.key not in known and column.shown)
        now = self.grid.grid_layout()
        layout, self._kept = self._kept or replace(now, columns=(*now.columns, *new)), None
        self.language = self.model.language = language
        self.filter.set_language(language)
        self.model.set_columns(columns)
        self.grid.apply_layout(layout)
        if self.filter.text():  # a query kept from the last time may ask for a field that is known only now
            self.filter.apply()

    # -- contents -----------------------------------------------------------------------------------------------

    def when_empty(
        self, title: str, text: str, actions: list[Action] | None = None, why_not: str = ""
    ) -> None:
        """What the view says, and offers, when there is nothing in it; `why_not`: what keeps a person from all of these actions."""
        self._empty = (title, text, actions or [], why_not)

    def loading(self) -> None:
        """Shown only until the first rows; a later read keeps the old rows in sight."""
        if not self._loaded:
            self._state.loading(self._name)
            self._stack.setCurrentWidget(self._state)

    def clear(self, title: str, text: str) -> None:
        """Nothing chosen that could be shown here."""
        self._loaded = False
        self.model.set_rows(Prepared((), ()))
        self.grid.lost = False
        self._state.empty(self._icon, title, text)
        self._stack.setCurrentWidget(self._state)

    def set_rows(self, prepared: Prepared) -> None:
        """Everything anew, as prepared by `model.prepare` in a worker. What was said of a deed stays, a failure is over."""
        self._loaded = True
        if self.banner.failed:
            self.banner.hide()
        self.model.set_rows(prepared)

    def note(self, text: str, *, stays: bool = False) -> None:
        """A warning about the rows shown; "" = there is none any more."""
        if text:
            self.banner.say(text, Tone.WARNING, stays=stays)
        elif self._note and self._note == self.banner.accessibleName():
            self.banner.hide()
        self._note = text

    def follow(self, prepared: Prepared, *, anew: bool) -> None:
        """As `set_rows`, with the last line in sight: until somebody scrolls up to read, or sorts. `anew` = of something else."""
        if self._end is None:
            self._end = EndInSight(self.grid)
        held = anew or self._end.held
        self.set_rows(prepared)
        self._end.hold(held and not self.model.order)

    def as_high_as(self, rows: int | None) -> None:
        """Room for just so many rows, the rest for what stands below; None = as high as there is room."""
        if rows is None:
            self.setMinimumHeight(0)
            self.setMaximumHeight(_NO_LIMIT)
            return
        grid = self.grid
        head, along = grid.horizontalHeader().sizeHint(), grid.horizontalScrollBar().sizeHint()
        high = head.height() + rows * grid.verticalHeader().defaultSectionSize() + along.height()
        self.setFixedHeight(self.bar.sizeHint().height() + high + SPACE)

    def patch(self, prepared: Prepared, removed: Iterable[int] = ()) -> None:
        """Rows changed, came or went."""
        self.model.patch(prepared, removed)

    def error(self, error: DsmError, retry: Callable[[], object]) -> None:
        """Without rows: the whole pane. With rows: they stay, and a strip says that they are old."""
        if self.model.total:
            self.banner.fail(error, ("Try again", retry))
        else:
            self._state.error(error, retry)
            self._stack.setCurrentWidget(self._state)

    # -- filter -------------------------------------------------------------------------------------------------

    def set_query(self, text: str) -> None:
        self.filter.set_query(text)

    def narrow(self, test: Callable[[Any], bool] | None, within: str = "") -> None:
        """A second filter, set by the tree beside the grid; `within` names it over a report."""
        self._narrow, self.within = test, within
        self.model.set_filter(self._test, test)

    def apply_filter(self) -> None:
        """Read the filter line; a mistake is shown under it and the rows stay as they were."""
        self.filter.apply()

    def _filtered(self, test: Predicate | None) -> None:
        self._test = test
        self.model.set_filter(test, self._narrow)
        asked = fields_of(self.filter.text())
        self.grid.head.set_filtered(frozenset(n for n, c in enumerate(self.model.columns) if c.key in asked))

    def ask_filter(self, column: int) -> None:
        """The values of a column, to tick; what is chosen becomes a term of the query."""
        key = self.model.columns[column].key
        field = self.language.fields.get(key)
        if field is None:
            return
        values = (field.get(row) for row in self.model.all_rows())
        asked = ValueFilter(
            self.grid, self.model.columns[column].title, key, field.kind, values, self.filter.text()
        )
        asked.decided.connect(lambda term: self._take_term(key, term))
        head = self.grid.head
        left = head.sectionViewportPosition(column)
        asked.open_at(head.mapToGlobal(QPoint(left, head.height())))

    def _take_term(self, key: str, term: str) -> None:
        rest = without_field(self.filter.text(), key)
        self.filter.set_query(with_term(rest, term) if term else rest)

    def _fill_filter_menu(self, menu: QMenu) -> None:
        column = self.grid.currentIndex().column()
        if column >= 0 and self.model.columns[column].key in self.language.fields:
            self._fill_cell_filters(menu, column)
        if self.filter.text():
            menu.addAction("Clear the filter", self.clear_filter)

    def _fill_cell_filters(self, menu: QMenu, column: int) -> None:
        """Keep, or leave out, what the selected rows say in this column."""
        key, title = self.model.columns[column].key, self.model.columns[column].title
        field = self.language.fields[key]
        places = self.grid.selected_places()[:_MOST_TERMS]
        values = [plain(one) for p in places for one in _each(field.get(self.model.row_at(p)))]
        if values and field.kind != "time":
            said = words.shortened(", ".join(dict.fromkeys(value or "empty" for value in values)), 40)
            keep, leave = term_of(key, values), term_of(key, values, exclude=True)
            menu.addAction(f"Show only {title} = {said}", lambda: self._take_term(key, keep))
            menu.addAction(f"Leave out {title} = {said}", lambda: self.add_term(leave))
        menu.addAction(f"Filter by {title}…", lambda: self.ask_filter(column))

    def add_term(self, term: str) -> None:
        """The query, and this too."""
        self.filter.set_query(with_term(self.filter.text(), term))

    def _list_values(self) -> None:
        """What the filter line may offer behind a column's name."""
        rows = self.model.all_rows()[:2_000]
        values = {
            name: tuple(sorted({plain(field.get(row)) for row in rows} - {""})[:_MOST_VALUES])
            for name, field in self.language.fields.items()
            if field.kind in ("text", "version")
        }
        helps = {c.key: c.help or c.title for c in self.model.columns}
        self.filter.context = QueryContext(self.language, helps, values)

    def _leave_filter(self) -> None:
        """Esc closes the list of suggestions first."""
        if self.filter.popup.isVisible():
            self.filter.popup.hide()
        else:
            self._to_rows()

    def _to_rows(self) -> None:
        self.apply_filter()
        self.grid.setFocus(Qt.FocusReason.OtherFocusReason)

    def _counted(self, shown: int, total: int) -> None:
        if not self._loaded:
            return
        if total == 0:
            self._state.empty(self._icon, *self._empty)
        elif shown == 0:
            self._state.empty(
                "filter",
                "Nothing matches",
                "No row passes the filter.",
                [("Clear the filter", self.clear_filter)],
            )
        self._stack.setCurrentWidget(self.grid if shown else self._state)
        self._say_totals()

    def clear_filter(self) -> None:
        """Every row; what narrows beside the grid hears `cleared` and lets go, too."""
        self._narrow, self.within = None, ""
        self.cleared.emit()
        self.filter.set_query("")

    def _chosen(self, ids: list[int]) -> None:
        self._say_totals(len(ids))
        self.chosen.emit(ids)

    def _say_totals(self, selected: int | None = None) -> None:
        shown, total = self.model.shown, self.model.total
        places = self.grid.selected_places() if selected is None or selected else []
        text = f"{shown:,} of {total:,}" if shown != total else f"{total:,}"
        if places:
            text = f"{len(places):,} of {shown:,} selected"
        if self._counts_of is not None:
            rows = [self.model.row_at(p) for p in places] if places else self.model.shown_rows()
            text = ", ".join(part for part in (text, self._counts_of(rows)) if part)
        self.totals.setText(text)

    # -- out ----------------------------------------------------------------------------------------------------

    def export_to(self, file: Path) -> None:
        """Write in a worker and say where."""
        selected = len(self.grid.selected_places()) > 1
        table = self.grid.table(words.sentence(self._name), selected=selected)
        count = words.plural(len(table.rows), "row")
        self._work.command(
            self,
            lambda: report.write(table, file),
            lambda _: self.banner.say(f"{count} written to {file}.", Tone.OK),
            self.banner.fail,
        )

    # -- layout -------------------------------------------------------------------------------------------------

    def load_layout(self, settings: QSettings, key: str) -> GridLayout | None:
        self._kept = super().load_layout(settings, key) or self._kept  # it may name columns that come later
        return self._kept

    def reset_layout(self) -> None:
        self._kept = None
        super().reset_layout()


def _each(value: object) -> tuple[object, ...]:
    return value or ("",) if isinstance(value, tuple) else (value,)


def _example(columns: Sequence[Column]) -> str:
    keys = {c.key for c in columns}
    return ", e.g. R750 health!=ok" if {"model", "health"} <= keys else ""
