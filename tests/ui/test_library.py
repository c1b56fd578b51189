"""The Library area, the Virtual media tab, and choosing an ISO in a form."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QLineEdit, QMenu
from pytestqt.qtbot import QtBot

from dsm_desktop.commands.library import add_folder, note_use
from dsm_desktop.firmware.dup import read_package
from dsm_desktop.queries.firmware_exclusions import list_exclusions
from dsm_desktop.queries.servers import list_servers
from dsm_desktop.store.library import save_item
from dsm_desktop.store.media import NewMount, SeenDrive, note_mount, save_drives
from dsm_desktop.ui.dialogs.firmware_exclusions import FirmwareExclusionsDialog
from dsm_desktop.ui.dialogs.job import JobDialog
from dsm_desktop.ui.main import Session
from dsm_desktop.ui.screenshots import settle
from dsm_desktop.ui.views.library import LibraryView
from dsm_desktop.ui.views.virtual_media import VirtualMediaTab
from tests.firmware.packages import exe, xml
from tests.ui.kit import WAIT


@pytest.fixture
def stocked(session: Session, tmp_path: Path) -> Session:
    """An ISO, a package for the first server's model, a broken file; one medium of ours and one of a console."""
    store, who = session.context.store, session.context.principal
    server = store.fetch(lambda c: list_servers(c, [1]))[0]
    model = server.model.removeprefix("PowerEdge ")
    package = read_package(exe(tmp_path / "BIOS.EXE", xml(version="9.9.9", systems=[("0000", model)])))
    with store.write() as uow:
        folder = add_folder(uow, who, "here", "/srv/isos")
        iso = {"name": "esxi.iso", "kind": "iso", "size": 10**9, "modified_ns": 10**18, "title": "ESXI"}
        iso_id = save_item(uow, folder, "esxi.iso", iso)
        dup = {
            "name": "BIOS.EXE",
            "kind": "package",
            "size": 10**7,
            "modified_ns": 10**18,
            "version": "9.9.9",
            "identity": package.model_dump(mode="json"),
        }
        save_item(uow, folder, "BIOS.EXE", dup)
        cut = {
            "name": "cut.iso",
            "kind": "iso",
            "size": 5,
            "modified_ns": 10**18,
            "state": "broken",
            "problem": "The image is cut.",
        }
        save_item(uow, folder, "cut.iso", cut)
        note_use(uow, iso_id, 1, 7, "virtual media")
        note_mount(uow, 1, NewMount("cd", "esxi.iso", 7, "anna", "/srv/isos/esxi.iso", "here", iso_id))
        save_drives(uow, 2, [SeenDrive("cd", "C:\\theirs.iso", "Applet"), SeenDrive("usb", "")])
    return session


def library(session: Session, page: str = "files") -> LibraryView:
    session.window.show_area(f"library/{page}")
    settle(session.desk)
    view = session.window.areas.view("library")
    assert isinstance(view, LibraryView)
    return view


def wanted(session: Session) -> list[tuple[str, list[int], dict[str, Any]]]:
    """Jobs asked for from now on, instead of their dialogs."""
    found: list[tuple[str, list[int], dict[str, Any]]] = []
    session.desk.job_wanted.disconnect()
    session.desk.job_wanted.connect(lambda *what: found.append(what))
    return found


def test_an_empty_library_offers_to_add_a_folder(session: Session) -> None:
    view = library(session)
    assert view.files.panel.model.all_rows() == []
    assert not view.files.scan.isEnabled()


def test_files_with_their_state_models_and_use_and_whom_a_package_fits(stocked: Session) -> None:
    files = library(stocked).files
    rows = {row.name: row for row in files.panel.model.all_rows()}
    assert rows["BIOS.EXE"].fits >= 1
    assert (rows["esxi.iso"].used, rows["cut.iso"].state) == (1, "broken")
    assert "/srv/isos" in files._said.text()
    files.panel.grid.select_ids([rows["BIOS.EXE"].id])
    settle(stocked.desk)
    lines = files.item.panel.model.all_rows()
    assert lines[0].server
    assert files.item.title.text() == "BIOS.EXE"
    assert "Not signed" in files.item.facts.text()
    files.panel.grid.select_ids([rows["esxi.iso"].id])
    settle(stocked.desk)
    assert "job 7" in files.item.uses.text()


def test_an_iso_goes_to_the_servers_selected_in_the_list(stocked: Session) -> None:
    stocked.window.servers.panel.grid.select_ids([2, 3])
    files = library(stocked).files
    row = next(r for r in files.panel.model.all_rows() if r.name == "esxi.iso")
    files.panel.grid.select_ids([row.id])
    menu = QMenu()
    files._menu(menu)
    menu.actions()[0].trigger()
    settle(stocked.desk)
    (dialog,) = stocked.window.findChildren(JobDialog)
    assert [r.id for r in dialog._rows] == [2, 3]
    assert dialog.form.values()["item"] == str(row.id)
    dialog.reject()


def test_without_a_selected_server_the_menu_of_an_iso_says_so(stocked: Session) -> None:
    stocked.window.servers.panel.grid.select_ids([])
    settle(stocked.desk)
    files = library(stocked).files
    row = next(r for r in files.panel.model.all_rows() if r.name == "esxi.iso")
    files.panel.grid.select_ids([row.id])
    menu = QMenu()
    files._menu(menu)
    told = {(action.isEnabled(), action.toolTip()) for action in menu.actions()}
    assert told == {(False, "Select one or more servers.")}


def test_typing_a_part_of_the_name_offers_whole_isos_only(stocked: Session, qtbot: QtBot) -> None:
    stocked.window.show_area("servers")
    stocked.window.servers.panel.grid.select_ids([1])
    settle(stocked.desk)
    stocked.window.actions_.jobs["virtual_media_mount"].trigger()
    (dialog,) = stocked.window.findChildren(JobDialog)
    line = dialog.form.editor("item").control
    assert isinstance(line, QLineEdit)
    qtbot.waitUntil(lambda: line.completer() is not None, timeout=WAIT)
    model = line.completer().model()
    assert [model.index(n, 0).data() for n in range(model.rowCount())] == ["esxi.iso"]
    dialog.reject()


def test_who_has_what_mounted_and_ejecting_it(stocked: Session, qtbot: QtBot) -> None:
    mounts = library(stocked, "mounted").mounts
    rows = {row.server_id: row for row in mounts.panel.model.all_rows()}
    assert (rows[1].by, rows[1].image) == ("anna", "esxi.iso")
    assert (rows[2].by, rows[2].via) == ("", "Applet")
    asked = wanted(stocked)
    mounts.panel.grid.select_ids([rows[1].id])
    mounts._start("virtual_media_unmount")
    mounts.panel.grid.clearSelection()
    mounts._start("virtual_media_unmount")
    mounts.panel.set_query("image=esxi.iso")
    settle(stocked.desk)
    mounts._start("virtual_media_unmount")
    assert [ids for _, ids, _ in asked] == [[1], [1, 2], [1]]
    mounts.panel.set_query("")
    mounts.panel.grid.select_ids([rows[1].id])
    with stocked.context.store.write() as uow:
        save_drives(uow, 1, [SeenDrive("cd", "")])
    qtbot.waitUntil(lambda: {r.server_id for r in mounts.panel.model.all_rows()} == {2}, timeout=WAIT)
    mounts._start("virtual_media_unmount")
    assert len(asked) == 3, "the chosen one has gone: the other was not meant"


def test_a_servers_own_drives_with_their_history(stocked: Session) -> None:
    stocked.window.show_area("servers")
    stocked.window.servers.panel.grid.select_ids([1])
    settle(stocked.desk)
    tab = stocked.window.servers.details.tab("Virtual media")
    assert isinstance(tab, VirtualMediaTab)
    tab.show_server(1)
    settle(stocked.desk)
    assert [row.image for row in tab.panel.model.all_rows()] == ["esxi.iso"]
    asked = wanted(stocked)
    tab._start("virtual_media_mount")
    assert asked == [("virtual_media_mount", [1], {})]


def test_firmware_is_left_out_and_taken_back_in_the_window(stocked: Session, qtbot: QtBot) -> None:
    """A rule needs its two parts before it can be added; the command's own words stand in the dialog when it refuses."""
    view = library(stocked)
    view.files.left_out.click()
    (dialog,) = stocked.window.findChildren(FirmwareExclusionsDialog)
    assert (dialog.add.isEnabled(), dialog.remove.isEnabled()) == (False, False)
    dialog.fields["component"].setText("*")
    dialog.fields["reason"].setText("hangs at POST")
    dialog.add.click()
    qtbot.waitUntil(lambda: "needs a component" in dialog.banner.accessibleName(), timeout=WAIT)
    dialog.fields["component"].setText("*PERC*")
    dialog.fields["version"].setText("51.16.*")
    dialog.add.click()
    qtbot.waitUntil(lambda: dialog.panel.model.rowCount() == 1, timeout=WAIT)
    rows = stocked.context.store.fetch(list_exclusions)
    assert [(r.component, r.model, r.version, r.reason) for r in rows] == [
        ("*PERC*", "", "51.16.*", "hangs at POST")
    ]
    qtbot.waitUntil(lambda: dialog.fields["reason"].text() == "", timeout=WAIT)
    dialog.panel.grid.selectRow(0)
    qtbot.waitUntil(dialog.remove.isEnabled, timeout=WAIT)
    dialog.remove.click()
    qtbot.waitUntil(lambda: dialog.panel.model.rowCount() == 0, timeout=WAIT)
    assert stocked.context.store.fetch(list_exclusions) == []
    dialog.reject()
