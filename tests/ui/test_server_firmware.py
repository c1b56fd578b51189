"""The Firmware tab: what is newer in the library, what can go back; and choosing packages in the job's form."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from dsm_desktop.commands.library import add_folder
from dsm_desktop.firmware.dup import read_package
from dsm_desktop.queries.servers import list_servers
from dsm_desktop.store.library import save_item
from dsm_desktop.store.models import InventoryFirmware
from dsm_desktop.ui.dialogs.job import JobDialog
from dsm_desktop.ui.main import Session
from dsm_desktop.ui.screenshots import settle
from dsm_desktop.ui.views.server_firmware import FirmwareTab
from dsm_desktop.ui.widgets.picks import PicksEditor
from tests.firmware.packages import exe, xml


@pytest.fixture
def stocked(session: Session, tmp_path: Path) -> Session:
    """Two BIOS packages for the first server's model, one for another."""
    store, who = session.context.store, session.context.principal
    server = store.fetch(lambda c: list_servers(c, [1]))[0]
    model = server.model.removeprefix("PowerEdge ")
    with store.write() as uow:
        bios = update(InventoryFirmware).where(InventoryFirmware.fqdd.startswith("BIOS."))
        uow.session.execute(bios.values(component_id="159"))
        folder = add_folder(uow, who, "here", "/srv/packages")
        for name, version, made_for in (
            ("BIOS-new.EXE", "99.9.9", model),
            ("BIOS-newer.EXE", "99.10.0", model),
            ("BIOS-other.EXE", "99.11.0", "R999"),
        ):
            package = read_package(exe(tmp_path / name, xml(version=version, systems=[("0000", made_for)])))
            values = {
                "name": name,
                "kind": "package",
                "size": 10**7,
                "modified_ns": 10**18,
                "title": "BIOS",
                "version": version,
                "identity": package.model_dump(mode="json"),
            }
            save_item(uow, folder, name, values)
    return session


def tab_of(session: Session) -> FirmwareTab:
    session.window.show_area("servers")
    servers = session.window.servers
    servers.panel.grid.select_ids([1])
    settle(session.desk)
    tab = servers.details.tab("Firmware")
    assert isinstance(tab, FirmwareTab)
    servers.details.tabs.setCurrentWidget(tab)
    settle(session.desk)
    return tab


def test_the_newest_that_fits_stands_beside_what_runs(stocked: Session) -> None:
    tab = tab_of(stocked)
    rows = {row.component_id: row for row in tab.panel.model.all_rows()}
    assert (rows["159"].newer, rows["159"].package) == ("99.10.0", "BIOS-newer.EXE")
    assert all(not row.newer for ident, row in rows.items() if ident != "159")
    assert "1 part with something newer" in tab._said.text()


def test_buttons_bring_what_is_chosen_into_the_form(stocked: Session) -> None:
    tab = tab_of(stocked)
    wanted: list[tuple[str, list[int], dict[str, Any]]] = []
    stocked.desk.job_wanted.disconnect()
    stocked.desk.job_wanted.connect(lambda *what: wanted.append(what))
    tab.update_chosen()
    assert wanted == [("firmware_update", [1], {"packages": ["BIOS-newer.EXE"]})]
    tab.panel.set_query("version=none-of-them")
    tab.update_chosen()
    assert wanted.pop() == ("firmware_update", [1], {"packages": []}), "what is filtered out is not meant"
    tab.panel.set_query("")
    without = next(row for row in tab.panel.model.all_rows() if not row.kept)
    tab.panel.grid.select_ids([without.id])
    tab.roll_back_chosen()
    assert len(wanted) == 1, "what keeps nothing cannot go back"


def test_packages_are_ticked_not_typed(stocked: Session) -> None:
    rows = stocked.context.store.fetch(lambda c: list_servers(c, [1]))
    job_type = stocked.desk.context.catalogue["firmware_update"]
    dialog = JobDialog(
        stocked.desk, job_type, rows, {"packages": ["BIOS-new.EXE", "gone.EXE"]}, stocked.window
    )
    editor = dialog.form.editor("packages")
    assert isinstance(editor, PicksEditor)
    settle(stocked.desk)
    assert [check.key for check in editor.model.checks if check.on] == ["BIOS-new.EXE"]
    assert editor.value() == ["gone.EXE", "BIOS-new.EXE"], "what was given and is not listed stays"
    editor.search.setText("99.11")
    assert editor.model.rowCount() == 1
    editor.model.set_shown(True)
    assert "BIOS-other.EXE" in editor.value()
    assert "3 chosen" in editor.said.text()
    editor.set_value([])
    assert dialog.form.validated() is None, "a job without packages is refused at the field"
    dialog.close()
