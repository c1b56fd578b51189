"""The row model against Qt's own model tester, and what it promises: order, filter, patches, selection."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

import pytest
from PySide6.QtCore import QModelIndex
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from dsm_desktop.queries.query_language import Language, Query
from dsm_desktop.ui.icons import pixmap
from dsm_desktop.ui.models.base import ACCESSIBLE, BACKGROUND, DECORATION, DISPLAY
from dsm_desktop.ui.models.colours import ColourRule
from dsm_desktop.ui.models.columns import Column
from dsm_desktop.ui.models.pages import PAGE, PagesModel
from dsm_desktop.ui.models.rows import RowsModel
from dsm_desktop.ui.theme import Tone
from dsm_desktop.ui.widgets.grid import GridView
from tests.ui.kit import WAIT


@dataclass(frozen=True)
class Thing:
    id: int
    name: str
    version: str = ""
    size: float | None = None
    address: str = ""
    at: datetime | None = None


COLUMNS = (
    Column("name", "Name", lambda r: r.name),
    Column("version", "Version", lambda r: r.version, kind="version"),
    Column("size", "Size", lambda r: r.size, kind="number"),
    Column("address", "Address", lambda r: r.address, kind="address"),
    Column("at", "At", lambda r: r.at, kind="time"),
)


@pytest.fixture
def model(qapp: QApplication) -> RowsModel:
    made = RowsModel(COLUMNS)
    QAbstractItemModelTester(made, QAbstractItemModelTester.FailureReportingMode.Fatal, made)
    return made


def fill(model: RowsModel, *things: Thing) -> None:
    model.set_rows(model.prepare(things))


def names(model: RowsModel) -> list[str]:
    return [row.name for row in model.shown_rows()]


def test_versions_addresses_numbers_and_empty_cells_sort_as_people_expect(model: RowsModel) -> None:
    fill(
        model,
        Thing(1, "a", "2.19.1", 10.0, "10.0.0.10"),
        Thing(2, "b", "2.9.0", 9.0, "10.0.0.9"),
        Thing(3, "c", "", None, "idrac.example"),
        Thing(4, "d", "10.0", 100.0, "10.0.0.100"),
    )
    for column in (1, 3):
        model.set_order([(column, False)])
        assert names(model) == {1: ["b", "a", "d", "c"], 3: ["b", "a", "d", "c"]}[column]
    model.set_order([(2, False)])
    assert names(model) == ["b", "a", "d", "c"]


def test_several_columns_sort_the_first_most(model: RowsModel) -> None:
    fill(model, Thing(1, "b", "1"), Thing(2, "a", "2"), Thing(3, "a", "1"))
    model.set_order([(0, False), (1, True)])
    assert [row.id for row in model.shown_rows()] == [2, 3, 1]


def test_a_patch_changes_only_its_cells_and_adds_and_removes(model: RowsModel, qtbot: QtBot) -> None:
    fill(model, *(Thing(n, f"n{n}") for n in range(1, 6)))
    changed: list[tuple[int, int]] = []
    model.dataChanged.connect(lambda top, bottom, roles: changed.append((top.row(), top.column())))
    with qtbot.waitSignal(model.dataChanged, timeout=WAIT):
        model.patch(model.prepare([Thing(2, "n2", "9.9"), Thing(9, "new")]), removed=[4])
    assert changed == [(1, 1)]
    assert names(model) == ["n1", "n2", "n3", "n5", "new"]


def test_a_row_that_no_longer_passes_the_filter_leaves_the_view_and_comes_back(model: RowsModel) -> None:
    fill(model, Thing(1, "keep"), Thing(2, "keep too"))
    model.set_filter(Query("keep", Language({})).test())
    model.patch(model.prepare([Thing(2, "other")]))
    assert names(model) == ["keep"]
    assert model.total == 2
    model.patch(model.prepare([Thing(2, "keep again")]))
    assert names(model) == ["keep", "keep again"]


def test_rows_that_come_while_many_leave_are_shown_once_and_patched_from_then_on(model: RowsModel) -> None:
    fill(model, *(Thing(n, "bad") for n in range(1, 61)), Thing(100, "ok"))
    model.set_filter(Query("bad", Language({})).test())
    model.patch(model.prepare([*(Thing(n, "ok") for n in range(1, 56)), Thing(100, "bad")]))
    assert [row.id for row in model.shown_rows()] == [56, 57, 58, 59, 60, 100]
    model.patch(model.prepare([Thing(100, "bad again")]))
    assert names(model) == [*["bad"] * 5, "bad again"]


def test_the_selection_follows_its_rows_through_sort_filter_and_reset(model: RowsModel, qtbot: QtBot) -> None:
    grid = GridView(model, "things")
    qtbot.addWidget(grid)
    fill(model, *(Thing(n, f"{n % 7}-{n}") for n in range(200)))
    grid.select_ids([3, 40, 41, 150], current=40)
    model.set_order([(0, True)])
    assert sorted(grid.selected_ids()) == [3, 40, 41, 150]
    assert model.id_at(grid.currentIndex().row()) == 40
    fill(model, *(Thing(n, f"{n % 5}-{n}") for n in range(100)))
    assert sorted(grid.selected_ids()) == [3, 40, 41]


def test_the_place_where_somebody_reads_stays_while_rows_are_read_anew_and_sorted_again(
    model: RowsModel, qtbot: QtBot
) -> None:
    grid = GridView(model, "things")
    qtbot.addWidget(grid)
    things = [Thing(n, f"n{n:03}", size=float(n)) for n in range(300)]
    fill(model, *things)
    model.set_order([(2, False)])
    grid.resize(300, 300)
    with qtbot.waitExposed(grid):
        grid.show()
    bar = grid.verticalScrollBar()
    grid.select_ids([1], current=1)
    bar.setValue(40)
    grid.horizontalScrollBar().setValue(50)
    fill(model, *things)
    assert bar.value() == 40
    with qtbot.waitSignal(model.reordered, timeout=WAIT):
        model.patch(model.prepare([Thing(0, "n000", size=250.5)]))
    assert bar.value() == 40
    assert grid.horizontalScrollBar().value() == 50
    assert grid._frozen is not None
    assert [grid.columnWidth(column) for column in range(4)] == [120] * 4
    assert grid._frozen.isVisible()
    assert grid._frozen.verticalScrollBar().value() == 40
    assert (grid.selected_ids(), model.id_at(grid.currentIndex().row())) == ([1], 1)


def test_the_current_row_stays_in_sight_where_it_was(model: RowsModel, qtbot: QtBot) -> None:
    grid = GridView(model, "things")
    qtbot.addWidget(grid)
    fill(model, *(Thing(n, f"n{n:03}") for n in range(300)))
    grid.resize(300, 300)
    with qtbot.waitExposed(grid):
        grid.show()
    grid.show_row(7)
    grid.horizontalScrollBar().setValue(50)
    model.set_order([(0, True)])
    place = model.place_of(7)
    assert place == 292
    assert grid.viewport().rect().contains(grid.visualRect(model.index(place, 1)).center())
    assert grid.horizontalScrollBar().value() == 50


def test_cells_speak_with_their_heading(model: RowsModel) -> None:
    fill(model, Thing(1, "rack01"))
    assert model.data(model.index(0, 0), ACCESSIBLE) == "Name: rack01"
    assert model.data(model.index(0, 1), ACCESSIBLE) == "Version: empty"


def cpu_seconds(do: Callable[[], object]) -> float:
    """Of this thread, so that other work on the machine does not count."""
    begun = time.thread_time()
    do()
    return time.thread_time() - begun


def test_ten_thousand_rows_sort_and_filter_in_a_tenth_of_a_second(qapp: QApplication) -> None:
    model = RowsModel(COLUMNS)  # without Qt's tester, which walks all rows at each change
    now = datetime.now(UTC)
    things = [
        Thing(
            n,
            f"srv-{n * 7919 % 10_000:05d}",
            f"2.{n % 30}.1",
            float(n % 97),
            f"10.0.{n // 250}.{n % 250}",
            now,
        )
        for n in range(10_000)
    ]
    model.set_rows(model.prepare(things))
    for column in range(len(COLUMNS)):
        took = min(cpu_seconds(partial(model.set_order, [(column, down)])) for down in (True, False, True))
        assert took < 0.1, COLUMNS[column].title
    test = Query("srv-00 size>50", Language({c.key: c.field for c in COLUMNS})).test()
    assert min(cpu_seconds(partial(model.set_filter, test)) for _ in range(3)) < 0.1
    assert 0 < model.rowCount() < 1_000


def test_pages_are_read_when_they_are_looked_at(qapp: QApplication) -> None:
    from array import array

    asked: list[tuple[int, list[int]]] = []
    model = PagesModel(COLUMNS, lambda number, ids: asked.append((number, list(ids))))
    QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal, model)
    asked.clear()
    model.set_ids(array("q", range(1_000, 0, -1)))
    asked.clear()
    assert model.data(model.index(PAGE * 3, 0), DISPLAY) is None
    model.data(model.index(PAGE * 3 + 1, 0), DISPLAY)
    assert [number for number, _ in asked] == [3]
    model.put(3, [Thing(i, f"t{i}") for i in asked[0][1]])
    assert model.data(model.index(PAGE * 3, 0), DISPLAY) == f"t{1_000 - PAGE * 3}"
    assert model.place_of(1_000) == 0
    assert model.place_of(5) == 995
    model.put_before(array("q", [1_002, 1_001]))
    assert model.rowCount(QModelIndex()) == 1_002
    assert model.place_of(1_000) == 2


def _shape(model: RowsModel) -> list[str]:
    """What stands in the view: headings with their counts, rows by name."""
    found = []
    for place in range(model.rowCount()):
        heading, row = model.heading_at(place), model.row_at(place)
        found.append(f"{heading.value} {heading.count}" if heading is not None else row.name)
    return found


def test_rows_stand_under_headings_that_close(model: RowsModel) -> None:
    fill(model, Thing(1, "b", "2.10"), Thing(2, "a", "2.9"), Thing(3, "c", "2.9"), Thing(4, "d"))
    model.set_order([(0, True)])
    model.set_group("version")
    assert _shape(model) == ["2.9 2", "c", "a", "2.10 1", "b", "(empty) 1", "d"]
    first = model.heading_at(0)
    assert first is not None
    assert model.data(model.index(0, 2), ACCESSIBLE) == "Version: 2.9 · 2 rows, open"
    model.toggle(first)
    assert _shape(model) == ["2.9 2", "2.10 1", "b", "(empty) 1", "d"]
    assert (names(model), model.shown, model.total) == (["b", "d"], 4, 4)
    assert model.place_of(3) is None
    model.set_filter(lambda row, _: row.id != 4)
    assert _shape(model) == ["2.9 2", "2.10 1", "b"]
    model.close_headings(False)
    assert _shape(model) == ["2.9 2", "c", "a", "2.10 1", "b"]
    model.set_group("")
    assert _shape(model) == ["c", "b", "a"]


def test_a_patch_moves_rows_between_headings(model: RowsModel, qtbot: QtBot) -> None:
    fill(model, Thing(1, "a", "1"), Thing(2, "b", "1"))
    model.set_group("version")
    model.patch(model.prepare([Thing(1, "A", "1"), Thing(3, "c", "2")]))
    assert names(model) == ["A", "b"]  # a cell changes at once, a place a moment later
    qtbot.waitUntil(lambda: _shape(model) == ["1 2", "A", "b", "2 1", "c"], timeout=WAIT)
    model.patch(model.prepare([Thing(2, "b", "2")]), removed=[1])
    qtbot.waitUntil(lambda: _shape(model) == ["2 2", "b", "c"], timeout=WAIT)


def test_ten_thousand_rows_are_gathered_at_once(model: RowsModel) -> None:
    fill(model, *(Thing(n, f"n{n}", str(n % 40)) for n in range(1, 10_001)))
    model.set_group("version")
    assert (model.rowCount(), model.shown) == (10_040, 10_000)


def test_colour_rules_mark_cells_by_colour_sign_and_words(model: RowsModel) -> None:
    fill(model, Thing(1, "a", size=900.0), Thing(2, "b", size=100.0))
    rules = [
        ColourRule("size", "size>800", Tone.CRITICAL),
        ColourRule("", "b", Tone.INFO),
        ColourRule("size", "nosuch:1", Tone.OK),
        ColourRule("size", "size>1", Tone.OK),
    ]
    model.set_rules(rules)
    size, name = 2, 0
    marked = {(p, c): model._mark(c, model.row_at(p)) for p in (0, 1) for c in (size, name)}
    assert marked == {
        (0, size): Tone.CRITICAL, (0, name): None, (1, size): Tone.OK, (1, name): Tone.INFO,
    }  # fmt: skip
    assert model.data(model.index(0, size), BACKGROUND) is not None
    assert model.data(model.index(0, name), BACKGROUND) is None
    assert not model.data(model.index(0, size), DECORATION).isNull()
    assert model.data(model.index(0, size), ACCESSIBLE).endswith(", marked Critical")
    model.set_rules([])
    assert model.data(model.index(0, size), BACKGROUND) is None


def test_the_sign_of_what_is_critical_keeps_its_cross_on_a_selected_row(qapp: QApplication) -> None:
    for colour in ("#ffffff", "#b3261e"):
        picture = pixmap("status-critical", 32, colour).toImage()
        assert picture.pixelColor(16, 16).alpha() < 40, "the cross is cut out, whatever the colour around it"
        assert picture.pixelColor(16, 5).name() == colour
