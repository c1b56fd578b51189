"""Many servers edited at once, and the operators' own fields defined from the window."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QPlainTextEdit
from pytestqt.qtbot import QtBot

from dsm_desktop.commands import custom_fields, tags
from dsm_desktop.queries.groups import group_tree
from dsm_desktop.queries.servers import list_servers
from dsm_desktop.ui.dialogs.custom_fields import CustomFieldsDialog, FieldDialog, RemoveFieldDialog
from dsm_desktop.ui.dialogs.edit_servers import SEVERAL, EditServersDialog, _Choice
from dsm_desktop.ui.main import Session
from dsm_desktop.ui.screenshots import settle
from tests.ui.kit import WAIT
from tests.ui.test_servers import choose
from tests.ui.test_shell import dialog_of


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


def test_pdus_are_written_on_many_and_shown(session: Session, qtbot: QtBot) -> None:
    dialog = edit(session, 1, 2)
    line = dialog._lines["pdus"]
    assert isinstance(line, QLineEdit)
    line.setText("A12;B12, a12")
    dialog.save()
    panel = session.window.servers.panel
    qtbot.waitUntil(lambda: panel.model.row_of(2).pdus == "A12, B12", timeout=WAIT)
    panel.filter.set_query("pdu=b12")
    qtbot.waitUntil(lambda: {row.id for row in panel.model.shown_rows()} == {1, 2}, timeout=WAIT)
    panel.filter.set_query("")
    panel.grid.show_column(panel.grid.column_of("pdu") or 0, True)
    assert "PDUs" in panel.grid.table("servers", selected=False).headings
    choose(session, 1)
    settle(session.desk)
    facts = {label.text(): value.text() for label, value, _ in session.window.servers.details.overview._facts}
    assert facts["PDUs"] == "A12, B12"
    again = edit(session, 1, 3)
    shown = again._lines["pdus"]
    assert isinstance(shown, QLineEdit)
    assert (shown.text(), shown.placeholderText()) == ("", SEVERAL)
    again.reject()


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


def test_ctrl_z_takes_edits_back_field_by_field(session: Session, qtbot: QtBot) -> None:
    dialog = edit(session, 1, 2)
    notes, asset = dialog._lines["notes"], dialog._lines["asset_tag"]
    before = (
        notes.toPlainText() if isinstance(notes, QPlainTextEdit) else "",
        asset.text() if isinstance(asset, QLineEdit) else "",
    )
    assert isinstance(notes, QPlainTextEdit)
    assert isinstance(asset, QLineEdit)

    def shown() -> tuple[str, str, int]:
        return notes.toPlainText(), asset.text(), dialog.old_tls.currentIndex()

    def press(key: Qt.Key) -> None:
        focus = dialog.focusWidget()
        assert focus is not None
        QTest.keyClick(focus, key, Qt.KeyboardModifier.ControlModifier)

    notes.setFocus()
    QTest.keyClicks(notes, "Ask Anna")
    asset.setFocus()
    QTest.keyClicks(asset, "A-17")
    dialog.old_tls.setFocus()
    QApplication.processEvents()
    other = (dialog.old_tls.currentIndex() + 1) % dialog.old_tls.count()
    first = dialog.old_tls.currentIndex()
    dialog.old_tls.setCurrentIndex(other)
    QApplication.processEvents()
    assert shown() == ("Ask Anna", f"{before[1]}A-17", other)
    press(Qt.Key.Key_Z)
    assert shown() == ("Ask Anna", f"{before[1]}A-17", first)
    press(Qt.Key.Key_Z)
    assert shown() == ("Ask Anna", before[1], first)
    press(Qt.Key.Key_Z)
    assert shown() == (before[0], before[1], first)
    press(Qt.Key.Key_Z)
    assert shown() == (before[0], before[1], first)
    press(Qt.Key.Key_Y)
    assert shown() == ("Ask Anna", before[1], first)
    asset.setFocus()
    QTest.keyClicks(asset, "B")
    press(Qt.Key.Key_Z)
    assert shown()[1] == before[1], "what is being typed is undone in its field"
    dialog.reject()
