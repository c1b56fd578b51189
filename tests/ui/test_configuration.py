"""BIOS, boot and profile tabs, the matrix of settings and the site standard on a real store."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from sqlalchemy import delete, select

from dsm_desktop.configuration.profiles import compose
from dsm_desktop.configuration.registry import parse_registry
from dsm_desktop.configuration.standard import BIOS, IDRAC, SiteStandard
from dsm_desktop.store import configuration as stored
from dsm_desktop.store.models import ConfigurationProfile, ConfigurationSnapshot, Server, SiteStandardRow
from dsm_desktop.store.unit_of_work import Store
from dsm_desktop.ui.dialogs.base import UnsavedDialog
from dsm_desktop.ui.dialogs.profile_diff import ProfileDiffDialog
from dsm_desktop.ui.dialogs.setting import SettingDialog
from dsm_desktop.ui.main import Session
from dsm_desktop.ui.models.settings_matrix import FIXED
from dsm_desktop.ui.screenshots import settle
from dsm_desktop.ui.views.server_bios import BiosTab
from dsm_desktop.ui.views.server_boot import BootTab
from dsm_desktop.ui.views.server_profiles import ProfilesTab
from dsm_desktop.ui.views.settings_matrix import SettingsMatrixWindow
from dsm_desktop.ui.views.site_standard import SiteStandardWindow
from tests.ui.kit import WAIT
from tests.ui.test_shell import dialog_of

REGISTRY = {
    "Id": "BiosAttributeRegistry.v1_0_3",
    "RegistryEntries": {
        "Attributes": [
            {
                "AttributeName": "SysProfile", "DisplayName": "System Profile", "Type": "Enumeration", "MenuPath": "./Prof",
                "Value": [{"ValueName": v, "ValueDisplayName": t} for v, t in (("PerfOptimized", "Performance"), ("Custom", "Custom"))],
            },
            {
                "AttributeName": "ProcCStates", "DisplayName": "C States", "Type": "Enumeration", "MenuPath": "./Prof", "HelpText": "Idle.",
                "Value": [{"ValueName": v, "ValueDisplayName": v} for v in ("Enabled", "Disabled")],
            },
            {"AttributeName": "Delay", "DisplayName": "Delay", "Type": "Integer", "LowerBound": 10, "UpperBound": 90, "MenuPath": "./Prof"},
        ],
        "Dependencies": [
            {
                "Type": "Map",
                "Dependency": {
                    "MapFrom": [{"MapFromAttribute": "SysProfile", "MapFromCondition": "NEQ", "MapFromValue": "Custom"}],
                    "MapToAttribute": "ProcCStates", "MapToProperty": "ReadOnly", "MapToValue": True,
                },
            }
        ],
        "Menus": [{"MenuName": "Prof", "MenuPath": "./", "DisplayName": "System Profile Settings"}],
    },
}  # fmt: skip
VALUES = {"SysProfile": "PerfOptimized", "ProcCStates": "Disabled", "Delay": 20}


def fill(store: Store, ids: list[int]) -> None:
    """Settings of some servers, the third of them an odd one, a pending value and a boot order."""
    registry, name = parse_registry(REGISTRY), "BiosAttributeRegistry.v1_0_3"
    with store.write() as uow:
        stored.save_registry(uow, name, "R750 1.8.2", registry)
        for number, server_id in enumerate(ids):
            values = {**VALUES, "Delay": 30 if number == 2 else 20}
            where: dict[str, Any] = {"registry": name, "firmware": "R750 1.8.2"}
            stored.save_settings(uow, server_id, BIOS, stored.CURRENT, values, **where)
            stored.save_settings(uow, server_id, IDRAC, stored.CURRENT, {"WebServer.1.Timeout": 1800})
        stored.save_settings(uow, ids[0], BIOS, stored.PENDING, {"Delay": 40})
        options = [
            {"id": f"Boot000{n}", "name": f"Device {n}", "enabled": True, "path": ""} for n in range(3)
        ]
        stored.save_boot(uow, ids[0], "UEFI", options, {"target": "Pxe"})


@pytest.fixture
def ids(session: Session) -> list[int]:
    store = session.desk.context.store
    found = list(store.fetch(lambda c: c.scalars(select(Server.id).order_by(Server.id).limit(4)).all()))
    fill(store, found)
    return found


@pytest.fixture
def wanted(session: Session) -> list[tuple[str, list[int], dict[str, Any]]]:
    """What the window asks to be started."""
    asked: list[tuple[str, list[int], dict[str, Any]]] = []
    session.desk.job_wanted.disconnect()
    session.desk.job_wanted.connect(lambda *job: asked.append(job))
    return asked


def tab_of(session: Session, kind: type[Any], server_id: int) -> Any:
    details = session.window.servers.details
    session.window.show_area("servers")
    session.window.servers.panel.grid.select_ids([server_id], current=server_id)
    settle(session.desk)
    for number in range(details.tabs.count()):
        if details.tabs.tabText(number) == kind.title:
            details.tabs.setCurrentIndex(number)
    settle(session.desk)
    found = session.window.findChild(kind)
    assert found is not None
    return found


def test_the_bios_tab_shows_names_pending_values_and_why_not(
    session: Session, ids: list[int], wanted: list[Any]
) -> None:
    tab = tab_of(session, BiosTab, ids[0])
    rows = {row.setting.name: row for row in tab.panel.model.all_rows()}
    assert rows["SysProfile"].shown(rows["SysProfile"].setting.value) == "Performance"
    assert (rows["Delay"].standing, rows["Delay"].setting.pending) == ("pending", 40)
    assert (rows["ProcCStates"].standing, "System Profile" in rows["ProcCStates"].why) == ("locked", True)
    assert not tab.apply.isEnabled()
    tab.take("ProcCStates", "Enabled")
    refused = next(r for r in tab.panel.model.all_rows() if r.setting.name == "ProcCStates")
    assert refused.standing == "refused"
    tab.take("SysProfile", "Custom")
    settle(session.desk)
    assert {r.standing for r in tab.panel.model.all_rows()} == {"edited", "pending"}
    assert tab.apply.text().startswith("Apply 2 changes")
    tab.apply_edits()
    assert wanted[0] == (
        "bios_config_write",
        [ids[0]],
        {"settings": ["ProcCStates=Enabled", "SysProfile=Custom"]},
    )
    servers = session.window.servers.panel.grid
    for server_id, told in ((ids[1], "Apply…"), (ids[0], "Apply 2 changes…")):
        servers.select_ids([server_id], current=server_id)
        settle(session.desk)
        assert tab.apply.text() == told, "a look at another server loses nothing"
    tab.history.undo()
    assert tab.apply.text() == "Apply…", "both were one step, and it is still known"
    tab.discard()
    assert not tab.apply.isEnabled()


def test_a_setting_takes_only_what_is_allowed(session: Session, ids: list[int]) -> None:
    tab = tab_of(session, BiosTab, ids[0])
    row = next(r for r in tab.panel.model.all_rows() if r.setting.name == "Delay")
    tab.panel.opened.emit(row.id)
    dialog = next(w for w in QApplication.topLevelWidgets() if isinstance(w, SettingDialog))
    assert (dialog.editor.minimum(), dialog.editor.maximum()) == (10, 90)  # type: ignore[attr-defined]
    dialog.editor.setValue(50)  # type: ignore[attr-defined]
    dialog.take()
    settle(session.desk)
    row = next(r for r in tab.panel.model.all_rows() if r.setting.name == "Delay")
    assert (row.new, row.standing) == (50, "edited")


def test_the_baseline_is_taken_by_a_click(session: Session, ids: list[int]) -> None:
    tab = tab_of(session, BiosTab, ids[1])
    tab.normal.trigger()
    settle(session.desk)
    store = session.desk.context.store
    assert store.fetch(lambda c: stored.load_settings(c, ids[1], BIOS, stored.BASELINE)) == VALUES


def test_a_boot_order_is_moved_and_becomes_one_job(
    session: Session, ids: list[int], wanted: list[Any]
) -> None:
    tab = tab_of(session, BootTab, ids[0])
    assert "once from Pxe" in tab.now.text()
    last = next(row for row in tab.panel.model.all_rows() if row.option["id"] == "Boot0002")
    tab.panel.grid.select_ids([last.id])
    settle(session.desk)
    tab.move_option(-1)
    assert tab.apply.isEnabled()
    tab.set_order()
    assert wanted == [("boot_configuration", [ids[0]], {"order": ["Boot0000", "Boot0002", "Boot0001"]})]


def chosen(tab: Any) -> list[Any]:
    return [tab.panel.model.row_of(i) for i in tab.panel.grid.selected_ids()]


def test_what_is_read_anew_leaves_the_chosen_boot_option_and_setting_chosen(
    session: Session, ids: list[int]
) -> None:
    boot = tab_of(session, BootTab, ids[0])
    boot.panel.grid.select_ids([r.id for r in boot.panel.model.all_rows() if r.option["id"] == "Boot0001"])
    options = [{"id": f"Boot000{n}", "name": f"Device {n}", "enabled": True, "path": ""} for n in (1, 2)]
    with session.context.store.write() as uow:
        stored.save_boot(uow, ids[0], "UEFI", options, {})
    boot.read()
    settle(session.desk)
    assert [row.option["id"] for row in chosen(boot)] == ["Boot0001"]
    bios = tab_of(session, BiosTab, ids[1])
    bios.panel.grid.select_ids([r.id for r in bios.panel.model.all_rows() if r.setting.name == "ProcCStates"])
    less = {name: value for name, value in VALUES.items() if name != "SysProfile"}
    where: dict[str, Any] = {"registry": "BiosAttributeRegistry.v1_0_3", "firmware": "R750 1.8.2"}
    with session.context.store.write() as uow:
        stored.save_settings(uow, ids[1], BIOS, stored.CURRENT, less, **where)
    bios.read()
    settle(session.desk)
    assert {row.setting.name for row in bios.panel.model.all_rows()} == set(less)
    assert [row.setting.name for row in chosen(bios)] == ["ProcCStates"]


def test_profiles_are_kept_from_files_compared_and_written_out_privately(
    session: Session, ids: list[int], tmp_path: Path, wanted: list[Any]
) -> None:
    tab = tab_of(session, ProfilesTab, ids[0])
    for name, value in (("one", "Custom"), ("two", "PerfOptimized")):
        file = tmp_path / f"{name}.xml"
        file.write_text(compose([(BIOS, "SysProfile", value), (IDRAC, "Users.2#SHA256Password", "00ff00ff")]))
        tab.read_from(file)
        settle(session.desk)
    (tmp_path / "bomb.xml").write_text('<!DOCTYPE a [<!ENTITY b "c">]><SystemConfiguration/>')
    tab.read_from(tmp_path / "bomb.xml")
    settle(session.desk)
    assert sorted(r.name for r in tab.panel.model.all_rows()) == ["one", "two"]
    tab.panel.grid.select_ids([r.id for r in tab.panel.model.all_rows()])
    settle(session.desk)
    tab.show_difference()
    settle(session.desk)
    dialog = next(w for w in QApplication.topLevelWidgets() if isinstance(w, ProfileDiffDialog))
    lines = [(r.name, r.line.before, r.line.now) for r in dialog.panel.model.all_rows()]
    assert lines == [("SysProfile", "Custom", "PerfOptimized")]
    session.context.commands.save_settings("configuration", {"ignored": "*#SysProfile"})
    dialog.read()
    settle(session.desk)
    assert dialog.panel.model.all_rows() == [], "the site has said that this is never a difference"
    dialog.close()
    row = next(r for r in tab.panel.model.all_rows() if r.name == "one")
    tab.write_to(tmp_path / "out.xml", row)
    settle(session.desk)
    assert "00ff00ff" in (tmp_path / "out.xml").read_text()
    if sys.platform != "win32":
        assert (tmp_path / "out.xml").stat().st_mode & 0o077 == 0
    with session.desk.context.store.read() as connection:
        sealed = connection.scalars(select(ConfigurationProfile.content)).all()
    assert all(b"00ff00ff" not in (content or b"") for content in sealed)
    tab.panel.grid.select_ids([row.id])
    settle(session.desk)
    tab.bring.click()
    assert wanted == [("scp_import", [ids[0]], {"profile_id": row.id})]


def test_the_matrix_marks_odd_ones_and_makes_one_job_of_all_edits(
    session: Session, ids: list[int], wanted: list[Any]
) -> None:
    window = SettingsMatrixWindow(session.desk, ids, session.window)
    window.show()
    settle(session.desk)
    matrix = window.matrix
    assert matrix.columns == ["Delay"]
    third = next(row for row in matrix.rows if row.server_id == ids[2])
    assert matrix.standing(third, "Delay")[0] == "odd"
    window.search.setText("c states")
    assert matrix.columns == ["ProcCStates"]
    window.search.setText("profile")
    column = matrix.columns.index("SysProfile") + FIXED
    assert matrix.headerData(column, Qt.Orientation.Horizontal) == "System Profile"
    assert matrix.set_value(matrix.rows[0], "Delay", "500").startswith("Delay: takes a whole number")
    assert matrix.set_value(matrix.rows[0], "SysProfile", "custom") == ""
    QApplication.processEvents()  # each deed is a step
    top, bottom = matrix.index(0, column), matrix.index(len(ids) - 1, column)
    selection = window.table.selectionModel()
    from PySide6.QtCore import QItemSelection, QItemSelectionModel

    selection.select(QItemSelection(top, bottom), QItemSelectionModel.SelectionFlag.ClearAndSelect)
    window.fill_down()
    QApplication.processEvents()
    assert len(matrix.edits) == len(ids)
    window.apply_edits()
    kind, servers, params = wanted[0]
    assert (kind, servers) == ("bios_config_write", sorted(ids))
    assert len(params["settings"]) == len(ids)
    assert all(line.endswith("/SysProfile=Custom") for line in params["settings"])
    window.take_back()
    assert matrix.edits == {}
    QApplication.processEvents()
    table = window.table
    table.setFocus()
    QTest.keyClick(table, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert len(matrix.edits) == len(ids), "taking back is one step"
    QTest.keyClick(table, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert len(matrix.edits) == 1, "filling down is one step"
    QTest.keyClick(table, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClick(table, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert matrix.edits == {}
    QTest.keyClick(table, Qt.Key.Key_Y, Qt.KeyboardModifier.ControlModifier)
    assert len(matrix.edits) == 1
    QTest.keyClick(table, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert matrix.edits == {}
    window.search.clear()
    window.waiting.setChecked(True)
    assert matrix.columns == ["Delay"]
    window.withdraw_waiting()
    assert wanted[1] == ("bios_config_write", [ids[0]], {"action": "withdraw what waits"})
    assert matrix.set_value(matrix.rows[0], "Delay", "30") == ""
    window.close()
    dialog_of(session, UnsavedDialog).reject()
    assert window.isVisible()
    matrix.discard()
    window.close()
    assert not window.isVisible()


def test_a_server_read_meanwhile_leaves_the_chosen_deviation_chosen(
    session: Session, ids: list[int], tmp_path: Path, wanted: list[Any], qtbot: QtBot
) -> None:
    """The one line of a server before it becomes several."""
    first, second = ids[1], ids[2]  # in the order of their names, too
    window = SiteStandardWindow(session.desk, session.window)
    window.show()
    file = tmp_path / "hq.json"
    file.write_text(json.dumps({"name": "HQ", "web_timeout_seconds": 900, "bios": {"SysProfile": "Custom"}}))
    store = session.context.store
    with store.write() as uow:
        uow.session.execute(delete(ConfigurationSnapshot).where(ConfigurationSnapshot.server_id == first))
    window.read_from(file)
    settle(session.desk)
    row = next(
        r for r in window.panel.model.all_rows() if r.server.server_id == second and r.setting == "SysProfile"
    )
    window.panel.grid.select_ids([row.id])
    with store.write() as uow:
        stored.save_settings(uow, first, BIOS, stored.CURRENT, VALUES)
        stored.save_settings(uow, first, IDRAC, stored.CURRENT, {"WebServer.1.Timeout": 1800})

    def deviations() -> int:
        rows = window.panel.model.all_rows()
        return sum(r.server.server_id == first and r.state == "deviates" for r in rows)

    qtbot.waitUntil(lambda: deviations() == 2, timeout=WAIT)
    settle(session.desk)
    assert [(r.server.server_id, r.setting) for r in chosen(window)] == [(second, "SysProfile")]
    window.fix_selected()
    assert [servers for _, servers, _ in wanted] == [[second]]
    window.close()


def test_the_standard_is_read_from_a_file_and_fixes_what_is_selected(
    session: Session, ids: list[int], tmp_path: Path, wanted: list[Any]
) -> None:
    window = SiteStandardWindow(session.desk, session.window)
    window.show()
    settle(session.desk)
    file = tmp_path / "hq.json"
    file.write_text(
        json.dumps({"name": "HQ", "web_timeout_seconds": 900, "bios": {"SysProfile": "PerfOptimized"}})
    )
    window.read_from(file)
    settle(session.desk)
    assert window.standard == SiteStandard(
        name="HQ", web_timeout_seconds=900, bios={"SysProfile": "PerfOptimized"}
    )
    rows = window.panel.model.all_rows()
    bad = [row for row in rows if row.state == "deviates"]
    assert {(row.server.server_id, row.setting) for row in bad} == {(i, "WebServer.1.Timeout") for i in ids}
    assert any(row.state == "unread" for row in rows)
    window.panel.grid.select_ids([row.id for row in bad][:2])
    settle(session.desk)
    window.fix_selected()
    assert wanted == [
        (
            "site_standard_apply",
            sorted(row.server.server_id for row in bad[:2]),
            {"standard": "HQ", "fix": True, "only": [f"{IDRAC}#WebServer.1.Timeout"]},
        )
    ]
    (tmp_path / "bad.json").write_text('{"ntp": 1}')
    window.read_from(tmp_path / "bad.json")
    settle(session.desk)
    assert window.banner.isVisible()
    with session.desk.context.store.read() as connection:
        assert connection.scalars(select(SiteStandardRow.name)).all() == ["HQ"]
    window.close()
