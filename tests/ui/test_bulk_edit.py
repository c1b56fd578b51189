"""Many servers edited at once, and the operators' own fields defined from the window."""

from __future__ import annotations

from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit, QPlainTextEdit
from pytestqt.qtbot import QtBot

from dsm_desktop.commands import custom_fields, tags
from dsm_desktop.queries.groups import group_tree
from dsm_desktop.queries.servers import list_servers
from dsm_desktop.ui.dialogs.custom_fields import CustomFieldsDialog, FieldDialog, RemoveFieldDialog
from dsm_desktop.ui.dialogs.edit_servers import SEVERAL, EditServersDialog, _Choice
from dsm_desktop.ui.main import Session
from dsm_desktop.ui.screenshots import settle
from tests.ui.test_servers import choose
from tests.ui.test_shell import dialog_of

WAIT = 5_000


def edit(session: Session, *ids: int) -> EditServersDialog:
    choose(session, *ids)
    session.window.edit_servers()
    dialog = dialog_of(session, EditServersDialog)
    assert isinstance(dialog, EditServersDialog)
    settle(session.desk)
    return dialog


def test_what_differs_says_so_and_only_what_is_changed_is_written(session: Session, qtbot: QtBot) -> None:
    who = session.context.principal
    with session.context.store.write() as uow:
        for title, kind, choices in (
            ("Owner", "text", ()),
            ("Level", "choice", ("gold", "silver")),
            ("Cost", "number", ()),
        ):
            custom_fields.add_field(
                uow, who, custom_fields.FieldDraft(title=title, kind=kind, choices=choices)
            )
        custom_fields.set_values(uow, who, [1], {"owner": "Team A", "level": "gold"})
        custom_fields.set_values(uow, who, [2], {"owner": "Team B", "level": "gold"})
        tags.add_tags(uow, who, [1, 2], ["production"])
        tags.add_tags(uow, who, [2], ["legacy"])
    settle(session.desk)
    dialog = edit(session, 1, 2)
    owner, level, cost = (dialog._custom[key] for key in ("owner", "level", "cost"))
    assert isinstance(owner, QLineEdit)
    assert isinstance(level, _Choice)
    assert isinstance(cost, QLineEdit)
    assert (owner.text(), owner.placeholderText()) == ("", SEVERAL)
    assert level.currentText() == "gold"
    cost.setText("lots")
    dialog.save()
    qtbot.waitUntil(lambda: "no number" in dialog.banner.accessibleName(), timeout=WAIT)
    cost.setText("1200")
    level.setCurrentIndex(level.findData("silver"))
    dialog.add_tags.setText("web production")
    dialog.remove_tags.setText("legacy")
    dialog.into.setCurrentIndex(dialog.into.findText("Cologne"))
    dialog.trust.setCurrentIndex(dialog.trust.findData("ca"))
    name = dialog._lines["name"]
    assert isinstance(name, QLineEdit)
    name.setText("{model}-{n}")
    dialog.save()
    model = session.window.servers.panel.model
    qtbot.waitUntil(lambda: model.row_of(2).trust_mode == "ca", timeout=WAIT)
    first, second = model.row_of(1), model.row_of(2)
    assert first.custom == {"owner": "Team A", "level": "silver", "cost": 1200.0}
    assert second.custom == {"owner": "Team B", "level": "silver", "cost": 1200.0}
    assert first.tags == second.tags == ("production", "web")
    assert first.name.endswith("-1")
    assert second.name.endswith("-2")
    with session.context.store.read() as connection:
        groups = {g.name: g.server_ids for g in group_tree(connection, list_servers(connection))}
    assert {1, 2} <= groups["Cologne"]
    assert model.row_of(3).name == "" or model.row_of(3).trust_mode == "pin"


def test_a_mistake_writes_nothing_at_all(session: Session, qtbot: QtBot) -> None:
    dialog = edit(session, 1, 2)
    notes = dialog._lines["notes"]
    assert isinstance(notes, QPlainTextEdit)
    notes.setPlainText("moved to hall 3")
    dialog.add_tags.setText('bad"tag')
    dialog.save()
    qtbot.waitUntil(lambda: "cannot be a tag" in dialog.banner.accessibleName(), timeout=WAIT)
    with session.context.store.read() as connection:
        assert [row.notes for row in list_servers(connection, [1, 2])] == ["", ""]
    assert notes.toPlainText() == "moved to hall 3"
    name = dialog._lines["name"]
    assert isinstance(name, QLineEdit)
    name.setText("{serial}")
    dialog.save()
    assert "no {serial}" in dialog.banner.accessibleName()


def test_own_fields_are_defined_changed_and_removed(session: Session, qtbot: QtBot) -> None:
    session.window.actions_.plain["own-fields"].trigger()
    fields = dialog_of(session, CustomFieldsDialog)
    assert isinstance(fields, CustomFieldsDialog)
    fields._buttons["Add…"].click()
    dialog = dialog_of(session, FieldDialog)
    assert isinstance(dialog, FieldDialog)
    QTest.keyClicks(dialog.title, "Service level")
    dialog.kind.setCurrentIndex(dialog.kind.findData("choice"))
    dialog.save()
    qtbot.waitUntil(lambda: "choose from" in dialog.banner.accessibleName(), timeout=WAIT)
    dialog.choices.setPlainText("gold\nsilver")
    dialog.save()
    qtbot.waitUntil(lambda: fields.panel.model.rowCount() == 1, timeout=WAIT)
    panel = session.window.servers.panel
    qtbot.waitUntil(lambda: panel.grid.column_of("field.service_level") is not None, timeout=WAIT)
    fields.panel.grid.selectRow(0)
    settle(session.desk)
    fields._buttons["Edit…"].click()
    again = dialog_of(session, FieldDialog)
    assert isinstance(again, FieldDialog)
    assert again.choices.toPlainText() == "gold\nsilver"
    again.title.setText("Level")
    again.save()
    qtbot.waitUntil(lambda: "Level" in [c.title for c in panel.model.columns], timeout=WAIT)
    fields._buttons["Remove…"].click()
    remove = dialog_of(session, RemoveFieldDialog)
    assert isinstance(remove, RemoveFieldDialog)
    remove.remove.click()
    qtbot.waitUntil(lambda: panel.grid.column_of("field.service_level") is None, timeout=WAIT)
