"""The query bar of the servers: the whole language, what may come next, and where a mistake is."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from dsm_desktop.commands import groups, tags
from dsm_desktop.queries.query_completion import Suggestion
from dsm_desktop.ui.main import Session
from dsm_desktop.ui.screenshots import settle
from dsm_desktop.ui.theme import Tone
from dsm_desktop.ui.widgets.panel import GridPanel
from tests.ui.kit import WAIT


def shown(panel: GridPanel) -> list[int]:
    return sorted(row.id for row in panel.model.shown_rows())


def ask(session: Session, text: str) -> list[int]:
    panel = session.window.servers.panel
    panel.filter.set_query(text)
    settle(session.desk)
    return shown(panel)


def test_brackets_groups_parts_and_tags_are_understood_in_the_window(session: Session, qtbot: QtBot) -> None:
    assert ask(session, 'group:"vSAN cluster A"') == list(range(5, 13))
    assert ask(session, '(group:"vSAN cluster A" OR group:Cologne) tag:*') == [*range(5, 13), *range(21, 45)]
    assert ask(session, "serial:S0030001") == [3]
    assert ask(session, "-fw.bios<2 fw.perc=52.26.0-5179 -model:R7") == ask(
        session, "fw.perc:52 -(model:R7 | bios<2)"
    )
    with session.context.store.write() as uow:
        tags.add_tags(uow, session.context.principal, [7, 9], ["production"])
    model = session.window.servers.panel.model
    qtbot.waitUntil(lambda: all("production" in model.row_of(i).tags for i in (7, 9)), timeout=WAIT)
    assert ask(session, "tags:production") == [7, 9]
    assert ask(session, "production -id=9") == [7]


def test_an_answer_of_the_store_follows_the_store(session: Session, qtbot: QtBot) -> None:
    panel = session.window.servers.panel
    ask(session, "group:Cologne")
    group = next(
        f.group.id
        for f in session.window.servers.tree.facets._root.walk()
        if f.group and f.title == "Cologne"
    )
    with session.context.store.write() as uow:
        groups.set_members(uow, session.context.principal, group, add=[1], remove=[21])
    qtbot.waitUntil(lambda: shown(panel) == [1, *range(22, 45)], timeout=WAIT)


def test_a_mistake_is_marked_named_and_keeps_the_rows(session: Session) -> None:
    panel = session.window.servers.panel
    before = ask(session, "health=ok")
    assert str(panel.filter._tone) == Tone.OK.value
    assert ask(session, "health=ok (modl:R750") == before
    assert str(panel.filter._tone) == Tone.CRITICAL.value
    assert "not closed" in panel.filter.problem.text()
    ask(session, "health=ok modl:R750")
    assert panel.filter.problem.isVisible()
    assert "There is no column 'modl'" in panel.filter.accessibleDescription()
    assert ask(session, "group:nowhere") == before
    assert "no such group" in panel.filter.problem.text()
    ask(session, "")
    assert not panel.filter.problem.isVisible()
    assert str(panel.filter._tone) == Tone.PLAIN.value


def test_typing_offers_fields_operators_and_values_of_this_site(session: Session, qtbot: QtBot) -> None:
    bar = session.window.servers.panel.filter
    bar.setFocus()
    settle(session.desk)
    QTest.keyClicks(bar, "mod")
    qtbot.waitUntil(bar.popup.isVisible, timeout=WAIT)
    assert [s.label for s in bar._suggestions][:1] == ["model"]
    QTest.keyClick(bar.popup, Qt.Key.Key_Down)
    QTest.keyClick(bar.popup, Qt.Key.Key_Return)
    assert bar.text() == "model:"
    assert "PowerEdge R670" in [s.label for s in bar._suggestions]
    QTest.keyClicks(bar, "r67")
    QTest.keyClick(bar.popup, Qt.Key.Key_Down)
    QTest.keyClick(bar.popup, Qt.Key.Key_Return)
    assert bar.text() == 'model:"PowerEdge R670"'
    settle(session.desk)
    assert {row.model for row in session.window.servers.panel.model.shown_rows()} == {"PowerEdge R670"}
    QTest.keyClicks(bar, " ")
    assert not bar.popup.isVisible()
    QTest.keyClick(bar, Qt.Key.Key_Space, Qt.KeyboardModifier.ControlModifier)
    assert bar.popup.isVisible()
    QTest.keyClick(bar.popup, Qt.Key.Key_Escape)
    assert not bar.popup.isVisible()


def test_other_grids_complete_from_their_own_rows(session: Session) -> None:
    session.window.show_area("activity")
    settle(session.desk)
    jobs = session.window.activity.jobs.jobs
    jobs.filter.setFocus()
    settle(session.desk)
    names = [s.label for s in _typed(jobs, "st")]
    assert "state" in names
    values = [s.label for s in _typed(jobs, "state:")]
    assert values


def _typed(panel: GridPanel, text: str) -> list[Suggestion]:
    panel.filter.setText(text)
    panel.filter.suggest(asked=True)
    panel.filter.popup.hide()
    return list(panel.filter._suggestions)
