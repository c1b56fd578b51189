"""Lists become selections: the failed targets of a job, a pasted list, the servers of a node of the tree."""

from __future__ import annotations

from PySide6.QtWidgets import QMenu
from pytestqt.qtbot import QtBot

from dsm_desktop.queries.jobs import list_jobs
from dsm_desktop.ui.dialogs.paste_list import PasteListDialog
from dsm_desktop.ui.main import Session
from dsm_desktop.ui.screenshots import settle
from tests.ui.kit import WAIT
from tests.ui.test_server_tree import act, entries
from tests.ui.test_shell import dialog_of


def test_failed_targets_become_the_selection_with_one_click(session: Session, qtbot: QtBot) -> None:
    job = next(j for j in session.context.store.fetch(list_jobs) if j.kind == "inventory_refresh")
    session.window.servers.panel.filter.set_query("health=critical")
    session.window.show_job(job.id)
    settle(session.desk)
    details = session.window.activity.jobs.details
    qtbot.waitUntil(lambda: details.tasks.model.total == 12, timeout=WAIT)
    details.failed.click()
    settle(session.desk)
    assert session.window.area == "servers"
    assert sorted(session.window.servers.panel.grid.selected_ids()) == [11, 12]
    assert session.window.actions_.jobs["inventory_refresh"].isEnabled()

    session.window.show_job(job.id)
    details.tasks.grid.select_ids([details.tasks.model.id_at(0), details.tasks.model.id_at(1)])
    menu = QMenu()
    assert details.tasks.grid.menu_of is not None
    details.tasks.grid.menu_of(menu)
    next(a for a in menu.actions() if a.text() == "Select these servers").trigger()
    assert len(session.window.servers.panel.grid.selected_ids()) == 2


def test_a_pasted_list_selects_what_is_found_and_names_the_rest(session: Session) -> None:
    rows = session.window.servers.panel.model.all_rows()
    session.window.select_from_list()
    dialog = dialog_of(session, PasteListDialog)
    assert isinstance(dialog, PasteListDialog)
    dialog.list.setPlainText("NOSUCH1")
    dialog.select()
    assert "None of these" in dialog.banner.accessibleName()
    dialog.list.setPlainText(f"{rows[4].service_tag}\n{rows[7].address}, {rows[9].host_name} NOSUCH1")
    dialog.select()
    assert sorted(session.window.servers.panel.grid.selected_ids()) == [5, 8, 10]


def test_a_node_selects_its_servers_and_starts_jobs_on_them(session: Session) -> None:
    bad = [r.id for r in session.window.servers.panel.model.all_rows() if r.health == "warning"]
    found = entries(session, "Warning")
    assert f"Select its {len(bad)} servers" in found
    act(session, "Warning", "Select its")
    assert sorted(session.window.servers.panel.grid.selected_ids()) == bad
    wanted: list[tuple[str, list[int]]] = []
    session.desk.job_wanted.disconnect()
    session.desk.job_wanted.connect(lambda kind, ids, _: wanted.append((kind, ids)))
    menu = QMenu()
    tree = session.window.servers.tree
    tree.fill_menu(menu, tree.facets.facet(tree.facets.index_of("health:warning")))
    below = next(a.menu() for a in menu.actions() if a.text().startswith("Do with its"))
    assert isinstance(below, QMenu)
    next(a for a in below.actions() if a.text() == "Check health").trigger()
    assert wanted == [("health_check", bad)]
