"""Alarms of vCenters in the window: the chosen ones are acknowledged from their menu."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QMenu

from dsm_desktop.queries.jobs import list_jobs
from dsm_desktop.ui.main import Session
from dsm_desktop.ui.screenshots import settle
from tests.ui.seed_vsphere import seed_linked
from tests.ui.test_vcenter import view_of

OpenSession = Callable[..., Session]


def test_the_chosen_alarms_are_acknowledged_from_their_menu(open_session: OpenSession) -> None:
    session = open_session(seed_linked)
    view = view_of(session)
    view.show_page("alarms")
    rows = view.alarms.model.shown_rows()
    view.alarms.grid.selectAll()
    settle(session.desk)
    menu = QMenu(view)
    view.alarm_menu(menu)
    (action,) = menu.actions()
    fresh = [row.key for row in rows if not row.acknowledged]
    assert fresh
    assert action.text() == f"Acknowledge {len(fresh)} alarm{'s' * (len(fresh) != 1)}"
    action.trigger()
    settle(session.desk)
    job = session.desk.context.store.fetch(list_jobs)[0]
    assert (job.kind, job.title) == ("acknowledge_alarms", "Acknowledge alarms of vcenter.site")
    assert job.params["vcenter_id"] == 1
    assert sorted(job.params["alarms"]) == sorted(fresh)


def test_where_nothing_is_left_to_acknowledge_the_menu_says_so(open_session: OpenSession) -> None:
    session = open_session(seed_linked)
    view = view_of(session)
    menu = QMenu(view)
    view.menus.alarms(menu, [row for row in view.alarms.model.all_rows() if row.acknowledged])
    (action,) = menu.actions()
    assert not action.isEnabled()
