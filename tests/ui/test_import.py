"""The import dialog: pasted cells and files, columns mapped and remembered, bad rows with their reason, the result."""

from __future__ import annotations

from pathlib import Path

from pytestqt.qtbot import QtBot

from dsm_desktop.commands import custom_fields
from dsm_desktop.core.access import Role
from dsm_desktop.queries.jobs import list_jobs
from dsm_desktop.queries.servers import list_servers
from dsm_desktop.ui.dialogs.import_servers import ImportDialog
from dsm_desktop.ui.main import Session
from dsm_desktop.ui.screenshots import settle
from tests.ui.conftest import OpenSession
from tests.ui.kit import WAIT
from tests.ui.test_shell import dialog_of

PASTED = (
    "Mgmt\tServer\tOwner\tLabels\n"
    "10.99.0.1\tnew-1\tTeam A\tweb,prod\n"
    "10.99.0.2:8443\tnew-2\tTeam B\t\n"
    "10.20.0.1\tknown\tTeam A\t\n"
    "not an address\tbroken\t\t\n"
)


def opened(session: Session) -> ImportDialog:
    session.window.actions_.plain["import"].trigger()
    dialog = dialog_of(session, ImportDialog)
    assert isinstance(dialog, ImportDialog)
    settle(session.desk)
    return dialog


def choose(dialog: ImportDialog, column: int, field: str) -> None:
    combo = dialog._combos[column]
    combo.setCurrentIndex(combo.findData(field))
    combo.activated.emit(combo.currentIndex())


def test_cells_of_a_spreadsheet_are_mapped_previewed_and_imported(
    session: Session, qtbot: QtBot, tmp_path: Path
) -> None:
    with session.context.store.write() as uow:
        custom_fields.add_field(uow, session.context.principal, custom_fields.FieldDraft(title="Owner"))
    settle(session.desk)
    dialog = opened(session)
    dialog.text_.setPlainText(PASTED)
    settle(session.desk)
    assert dialog.mapping[2] == "field.owner"
    choose(dialog, 0, "address")
    choose(dialog, 1, "name")
    choose(dialog, 3, "tags")
    settle(session.desk)
    assert [(r.id, r.state) for r in dialog.panel.model.shown_rows()] == [
        (2, "new"),
        (3, "new"),
        (4, "known"),
        (5, "bad"),
    ]
    assert dialog.panel.model.row_of(5).reason
    assert dialog.counts.text() == "2 new, 0 change, 1 listed already, 1 not taken"
    assert not dialog.import_button.isEnabled()
    assert "mend them" in dialog.import_button.toolTip()
    dialog.save_bad(tmp_path / "bad.csv")
    settle(session.desk)
    assert "not an address" in (tmp_path / "bad.csv").read_text(encoding="utf-8-sig")
    dialog.update_known.setChecked(True)
    settle(session.desk)
    assert dialog.panel.model.row_of(4).state == "changes"
    dialog.skip_bad.setChecked(True)
    assert dialog.import_button.text() == "Import 3 servers"
    dialog.import_button.click()
    qtbot.waitUntil(lambda: dialog.imported is not None, timeout=WAIT)
    assert "2 servers added, 1 changed" in dialog.banner.accessibleName()
    with session.context.store.read() as connection:
        rows = {row.address: row for row in list_servers(connection)}
    assert (rows["10.99.0.1"].name, rows["10.99.0.1"].tags) == ("new-1", ("prod", "web"))
    assert (rows["10.99.0.2"].port, rows["10.99.0.2"].custom) == (8443, {"owner": "Team B"})
    assert rows["10.20.0.1"].name == "known"
    dialog.banner._action.click()
    settle(session.desk)
    with session.context.store.read() as connection:
        newest = list_jobs(connection)[0]
    assert (newest.kind, newest.total) == ("inventory_refresh", 2)
    panel = session.window.servers.panel
    qtbot.waitUntil(lambda: panel.model.total == 62, timeout=WAIT)

    again = opened(session)
    again.text_.setPlainText("Mgmt\tServer\tOwner\tLabels\n10.99.0.3\tnew-3\t\t\n")
    settle(session.desk)
    assert again.mapping == ["address", "name", "field.owner", "tags"], "what was chosen is remembered"


def test_a_file_is_taken_and_what_cannot_be_read_is_explained(
    session: Session, qtbot: QtBot, tmp_path: Path
) -> None:
    dialog = opened(session)
    file = tmp_path / "list.csv"
    file.write_text("address;name\n10.99.1.1;a\n10.99.1.1;twice\n", encoding="utf-8")
    dialog.take_file(file)
    qtbot.waitUntil(lambda: dialog.panel.model.rowCount() == 2, timeout=WAIT)
    assert dialog.counts.text().startswith("1 new")
    workbook = tmp_path / "list.xlsx"
    workbook.write_bytes(b"PK\x03\x04")
    dialog.take_file(workbook)
    qtbot.waitUntil(lambda: "workbook" in dialog.banner.accessibleName(), timeout=WAIT)
    dialog.text_.clear()
    dialog.text_.setPlainText("name\n")
    settle(session.desk)
    assert not dialog.import_button.isEnabled()


def test_a_viewer_may_look_at_a_list_and_is_told_why_it_stays(open_session: OpenSession) -> None:
    session = open_session(role=Role.VIEWER)
    assert not session.window.actions_.plain["import"].isEnabled()
    dialog = ImportDialog(
        session.desk, session.window
    )  # one that was open when the store turned out to be read-only
    dialog.open()
    dialog.text_.setPlainText("address\n10.99.2.1\n")
    settle(session.desk)
    assert dialog.panel.model.rowCount() == 1
    assert not dialog.import_button.isEnabled()
    assert "look only" in dialog.import_button.toolTip()
