"""The grid as the product: sort by several columns, filters from head and cell, columns chosen and kept, frozen, copied."""

from __future__ import annotations

import json
from collections import Counter
from typing import TypeVar

from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu, QWidget
from pytestqt.qtbot import QtBot

from dsm_desktop.ui.dialogs.colour_rules import ColourRulesDialog
from dsm_desktop.ui.main import Session
from dsm_desktop.ui.models.base import BACKGROUND
from dsm_desktop.ui.models.colours import ColourRule
from dsm_desktop.ui.models.layout import GridLayout
from dsm_desktop.ui.screenshots import settle
from dsm_desktop.ui.theme import Tone
from dsm_desktop.ui.views.activity import ActivityView
from dsm_desktop.ui.widgets.column_chooser import ColumnChooser
from dsm_desktop.ui.widgets.panel import GridPanel
from dsm_desktop.ui.widgets.value_filter import ValueFilter
from tests.ui.conftest import OpenSession

Kind = TypeVar("Kind", bound=QWidget)
LEFT = Qt.MouseButton.LeftButton
CTRL = Qt.KeyboardModifier.ControlModifier


def servers(session: Session) -> GridPanel:
    return session.window.servers.panel


def click_head(
    panel: GridPanel, key: str, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier
) -> None:
    head, column = panel.grid.head, panel.grid.column_of(key)
    assert column is not None
    QTest.mouseClick(
        head.viewport(), LEFT, modifier, QPoint(head.sectionViewportPosition(column) + 12, head.height() // 2)
    )


def test_ctrl_click_adds_a_column_to_the_order_and_the_heads_say_so(session: Session) -> None:
    panel = servers(session)
    click_head(panel, "model")
    click_head(panel, "health", CTRL)
    click_head(panel, "health", CTRL)
    order = [(panel.model.columns[c].key, down) for c, down in panel.model.order]
    assert order == [("model", False), ("health", True)]
    rows = [(row.model, row.health) for row in panel.model.shown_rows()]
    assert rows == sorted(sorted(rows, key=lambda r: r[1], reverse=True), key=lambda r: r[0])
    head = panel.model.headerData(panel.grid.column_of("health") or 0, Qt.Orientation.Horizontal)
    assert head == "Health ↓2"
    click_head(panel, "model")
    assert panel.model.order == [(panel.grid.column_of("model"), True)]


def test_the_funnel_of_a_column_filters_by_its_values(session: Session) -> None:
    panel = servers(session)
    counts = Counter(row.model for row in panel.model.all_rows())
    column = panel.grid.column_of("model")
    assert column is not None
    QTest.mouseClick(panel.grid.head.viewport(), LEFT, pos=panel.grid.head.funnel_of(column).center())
    asked = popup(ValueFilter)
    assert {c.key: c.more for c in asked.model.checks} == {model: str(n) for model, n in counts.items()}
    QTest.keyClicks(asked.search, "r650")
    QTest.keyClick(asked.search, Qt.Key.Key_Down)
    QTest.keyClick(asked.list, Qt.Key.Key_Space)
    asked.choose(exclude=False)
    assert panel.filter.text() == 'model="PowerEdge R650"'
    assert panel.model.rowCount() == counts["PowerEdge R650"]
    assert panel.grid.head.filtered == frozenset({column})
    assert panel.model.order == []

    panel.ask_filter(column)
    again = popup(ValueFilter)
    assert again.model.chosen() == ["PowerEdge R650"]
    again.choose(exclude=True)
    assert panel.model.rowCount() == 60 - counts["PowerEdge R650"]
    panel.ask_filter(column)
    popup(ValueFilter)._decide("")
    assert panel.filter.text() == ""


def test_numbers_versions_and_ages_are_compared(session: Session) -> None:
    panel = servers(session)
    for key, typed, term in (
        ("watts", "400", "watts>400"),
        ("bios", "2", "bios<2"),
        ("read", "1h", "read>1h"),
    ):
        panel.filter.set_query("power=on")
        panel.ask_filter(panel.grid.column_of(key) or 0)
        asked = popup(ValueFilter)
        QTest.keyClicks(asked.value, typed)
        QTest.keyClick(asked.value, Qt.Key.Key_Return)
        assert panel.filter.text() == f"power=on {term}"
        assert not panel.filter.problem.isVisible()


def test_a_cell_is_applied_as_filter_and_left_out(session: Session) -> None:
    panel, model = servers(session), servers(session).model
    row = model.shown_rows()[3]
    panel.grid.select_ids([row.id])
    panel.grid.setCurrentIndex(model.index(3, panel.grid.column_of("model") or 0))
    assert act(panel, "Show only Model")
    assert {r.model for r in model.shown_rows()} == {row.model}
    panel.grid.selectAll()
    panel.grid.setCurrentIndex(model.index(0, panel.grid.column_of("health") or 0))
    healths = {r.health for r in model.shown_rows()}
    assert len(healths) > 1
    panel.grid.select_ids([next(r.id for r in model.shown_rows() if r.health == "ok")])
    panel.grid.setCurrentIndex(
        panel.grid.selectionModel().selectedRows(panel.grid.column_of("health") or 0)[0]
    )
    assert act(panel, "Leave out Health")
    assert {r.health for r in model.shown_rows()} == healths - {"ok"}
    assert act(panel, "Clear the filter")
    assert model.rowCount() == 60


def test_columns_are_searched_ticked_moved_frozen_and_survive_a_restart(
    open_session: OpenSession, qtbot: QtBot
) -> None:
    session = open_session()
    panel = servers(session)
    panel.columns_button.click()
    chooser = popup(ColumnChooser)
    QTest.keyClicks(chooser.search, "asset")
    QTest.keyClick(chooser.search, Qt.Key.Key_Down)
    QTest.keyClick(chooser.list, Qt.Key.Key_Space)
    assert "asset" in keys(panel)
    chooser.search.clear()
    chooser.list.setCurrentIndex(chooser.model.index(1))
    chooser.move_current(-1)
    assert keys(panel)[:2] == ["name", "health"]
    chooser.pinned.setValue(2)
    chooser.compact.setChecked(True)
    assert panel.grid.verticalHeader().defaultSectionSize() == 20
    chooser.close()
    click_head(panel, "model")
    click_head(panel, "tag", CTRL)
    panel.grid.setColumnWidth(panel.grid.column_of("model") or 0, 222)
    layout = panel.grid.grid_layout()
    session.window.save_layout()
    panel.grid.apply_layout(type(layout)())
    assert keys(panel)[:2] == ["health", "name"]
    assert panel.model.order == []
    session.window.servers.views.load()
    assert panel.grid.grid_layout() == layout
    assert (layout.pinned, layout.compact, layout.widths["model"]) == (2, True, 222)
    assert layout.sort == (("model", False), ("tag", False))


def test_the_reset_layout_is_that_of_the_first_day_at_once_and_after_closing(session: Session) -> None:
    window, panel = session.window, servers(session)
    split = window.servers._split
    first, panes = panel.grid.grid_layout(), split.sizes()
    wanted = GridLayout(columns=("tag", "name"), widths={"tag": 222}, sort=(("tag", True),), compact=True)
    panel.grid.apply_layout(wanted)
    window.show_area("activity")
    activity = window.areas.view("activity")
    assert isinstance(activity, ActivityView)
    jobs = activity.jobs.jobs
    jobs_first = jobs.grid.grid_layout()
    jobs.grid.apply_layout(GridLayout(columns=(jobs_first.columns[1],)))
    window.show_area("servers")
    split.setSizes([300, 450, 440])
    assert split.sizes() != panes
    window.save_layout()
    window.reset_layout()
    assert panel.grid.grid_layout() == first
    assert jobs.grid.grid_layout() == jobs_first
    assert split.sizes() == panes
    window.save_layout()  # as closing does
    panel.grid.apply_layout(wanted)
    split.setSizes([300, 450, 440])
    window.servers.views.load()
    window.servers.load_layout()
    assert panel.grid.grid_layout() == first
    assert split.sizes() == panes


def test_frozen_columns_stand_still_when_scrolled_sideways(session: Session) -> None:
    panel = servers(session)
    grid = panel.grid
    assert grid._frozen is None
    grid.set_pinned(2)
    grid.horizontalScrollBar().setValue(200)
    frozen = grid._frozen
    assert frozen is not None
    assert frozen.isVisible()
    assert frozen.width() == grid.columnWidth(0) + grid.columnWidth(1)
    assert [n for n in range(frozen.head.count()) if not frozen.head.isSectionHidden(n)] == [0, 1]
    QTest.mouseClick(frozen.viewport(), LEFT, pos=frozen.visualRect(frozen.model().index(4, 1)).center())
    assert grid.selected_places() == [4]
    grid.setCurrentIndex(panel.model.index(4, grid.column_of("tag") or 0))
    grid.scrollTo(grid.currentIndex())
    assert grid.visualRect(grid.currentIndex()).left() >= frozen.width()
    grid.horizontalScrollBar().setValue(0)
    assert not frozen.isVisible()


def test_totals_count_what_is_selected_and_what_is_bad_in_it(session: Session) -> None:
    panel = servers(session)
    rows = panel.model.shown_rows()
    critical = [row.id for row in rows if row.health == "critical"]
    fine = [row.id for row in rows if row.health == "ok"][:3]
    panel.grid.select_ids([*critical, *fine])
    settle(session.desk)
    assert panel.totals.text() == f"{len(critical) + 3} of 60 selected, {len(critical)} critical"


def test_keys_select_and_rows_are_copied_in_several_forms(session: Session) -> None:
    panel = servers(session)
    grid = panel.grid
    grid.setFocus()
    grid.setCurrentIndex(panel.model.index(0, 1))
    grid.clearSelection()
    QTest.keyClick(grid, Qt.Key.Key_Space)
    assert grid.selected_places() == [0]
    QTest.keyClick(grid, Qt.Key.Key_Space)
    assert grid.selected_places() == []
    QTest.keyClick(grid, Qt.Key.Key_A, CTRL)
    assert len(grid.selected_places()) == 60
    QTest.keyClick(grid, Qt.Key.Key_A, CTRL | Qt.KeyboardModifier.ShiftModifier)
    assert grid.selected_places() == []
    grid.select_ids([1, 2])
    QTest.keyClick(grid, Qt.Key.Key_I, CTRL)
    assert len(grid.selected_places()) == 58
    grid.select_ids([1, 2])
    grid.copy_as(".json")
    assert len(json.loads(QApplication.clipboard().text())) == 2
    grid.copy_as(".md")
    assert QApplication.clipboard().text().startswith("| Health | Name |")
    grid.copy_cell()
    assert QApplication.clipboard().text() == panel.model.texts[grid.currentIndex().column()](
        panel.model.row_of(1)
    )
    menu = QMenu()
    grid.fill_copy_menu(menu)
    assert [a.text() for a in menu.actions()] == [
        "The cell",
        "Rows for a spreadsheet",
        "CSV",
        "JSON",
        "Markdown table",
    ]


def keys(panel: GridPanel) -> list[str]:
    return [panel.model.columns[c].key for c in panel.grid.shown_columns()]


def act(panel: GridPanel, words: str) -> bool:
    """Trigger the entry of the cell's menu that begins so."""
    menu = QMenu()
    panel._fill_filter_menu(menu)
    found = [action for action in menu.actions() if action.text().startswith(words)]
    for action in found:
        action.trigger()
    return len(found) == 1


def popup(kind: type[Kind]) -> Kind:
    """The newest open one of its kind."""
    found = [w for w in QApplication.topLevelWidgets() if isinstance(w, kind) and w.isVisible()]
    assert found, f"no {kind.__name__} is open"
    return found[-1]


def test_servers_are_grouped_by_a_column_and_the_view_remembers(session: Session, qtbot: QtBot) -> None:
    panel, grid = servers(session), servers(session).grid
    menu = QMenu()
    column = grid.column_of("model")
    assert column is not None
    grid.fill_head_menu(menu, column)
    next(a for a in menu.actions() if a.text() == "Group by Model").trigger()
    say = panel.model.columns[column].display
    models = Counter(say(row) for row in panel.model.all_rows())
    heading = panel.model.heading_at(0)
    assert heading is not None
    assert heading.count == models[heading.value]
    before = panel.model.rowCount()
    total = len(models) + sum(models.values())
    assert before == total
    assert panel.totals.text().startswith(f"{sum(models.values())}")
    grid.setFocus()
    grid.setCurrentIndex(panel.model.index(0, column))
    QTest.keyClick(grid, Qt.Key.Key_Left)
    assert panel.model.rowCount() == before - heading.count
    QTest.keyClick(grid, Qt.Key.Key_Left)
    assert panel.model.rowCount() == before - heading.count
    grid.setCurrentIndex(panel.model.index(0, column))
    QTest.keyClick(grid, Qt.Key.Key_Return)
    assert panel.model.rowCount() == before
    row = grid.visualRect(panel.model.index(0, column))
    QTest.mouseClick(grid.viewport(), LEFT, pos=row.center())
    assert panel.model.rowCount() == before - heading.count
    grid.selectAll()
    assert len(grid.selected_ids()) == sum(models.values()) - heading.count
    assert all(i > 0 for i in grid.selected_ids())
    assert len(grid.table("Servers", selected=False).rows) == sum(models.values()) - heading.count
    layout = grid.grid_layout()
    assert layout.group_by == "model"
    grid.apply_layout(grid.first_day)
    assert panel.model.rowCount() == sum(models.values())
    grid.apply_layout(layout)
    assert panel.model.heading_at(0) is not None


def test_colour_rules_are_made_in_a_dialog_and_kept_in_views(session: Session, qtbot: QtBot) -> None:
    panel, grid = servers(session), servers(session).grid
    grid.ask_colours()
    (dialog,) = session.window.findChildren(ColourRulesDialog)
    line = dialog.lines[0]
    line.column.setCurrentIndex(line.column.findData("watts"))
    line.query.setText("watts>")
    dialog.use()
    assert dialog.isVisible(), "a mistake is said and nothing is lost"
    assert dialog.banner.isVisible()
    line.query.setText("part:HBA355i")
    dialog.use()
    assert "stands in the row" in dialog.banner.accessibleName()
    line.query.setText("watts>1")
    dialog.use()
    rules = (ColourRule("watts", "watts>1", Tone.WARNING),)
    assert panel.model.rules == rules
    column = grid.column_of("watts")
    assert column is not None
    drawn = next(p for p, row in enumerate(panel.model.shown_rows()) if row.power_watts)
    assert panel.model.data(panel.model.index(drawn, column), BACKGROUND) is not None
    view = session.window.servers.views
    kept = view.layout_now()
    assert kept.rules == (("watts", "watts>1", "warning"),)
    grid.apply_layout(grid.first_day)
    assert not panel.model.rules
    grid.apply_layout(GridLayout.of(kept.model_dump()))
    assert panel.model.rules == rules


def test_a_warning_about_the_rows_goes_with_its_cause_and_what_was_done_stays_said(session: Session) -> None:
    panel = servers(session)
    again = panel.model.prepare(panel.model.all_rows())
    panel.note("Not all could be read.")
    panel.set_rows(again)
    assert panel.banner.accessibleName() == "Not all could be read."
    assert panel.banner.isVisible()
    panel.note("")
    assert not panel.banner.isVisible()
    panel.note("Not all could be read.")
    panel.banner.say("60 rows written.", Tone.OK)
    panel.set_rows(again)
    panel.note("")
    assert panel.banner.accessibleName() == "60 rows written."
    assert panel.banner.isVisible()
