"""The wall of screens, and consoles opened by the window that asked for them."""

from __future__ import annotations

from typing import Any

from pydantic import SecretStr
from PySide6.QtCore import QBuffer, QIODevice, QUrl
from PySide6.QtGui import QColor, QImage, QImageWriter
from pytestqt.qtbot import QtBot

from dsm_desktop.app.application import Application
from dsm_desktop.commands.consoles import leave_ticket, save_screenshot
from dsm_desktop.ui.consoles import ConsoleOpener
from dsm_desktop.ui.main import Session
from dsm_desktop.ui.screenshots import settle
from dsm_desktop.ui.views.fleet import FleetView
from dsm_desktop.ui.views.screen_wall import ScreenWall
from tests.ui.kit import WAIT


def picture(colour: str = "navy") -> bytes:
    image = QImage(640, 480, QImage.Format.Format_RGB32)
    image.fill(QColor(colour))
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    QImageWriter(buffer, b"png").write(image)
    return bytes(buffer.data().data())


def wall(session: Session) -> ScreenWall:
    session.window.show_area("fleet/screens")
    settle(session.desk)
    view = session.window.areas.view("fleet")
    assert isinstance(view, FleetView)
    return view.screens


def test_pictures_appear_and_are_narrowed_to_a_selection(session: Session, qtbot: QtBot) -> None:
    screens = wall(session)
    assert screens.model.rowCount() == 0
    assert screens._nothing.isVisible()
    with session.context.store.write() as uow:
        for server_id in (1, 2, 3):
            save_screenshot(uow, server_id, picture())
    qtbot.waitUntil(lambda: screens.model.rowCount() == 3, timeout=WAIT)
    image = screens.model.screen(0).image
    assert image is not None
    assert image.width() <= 288
    session.window.servers.panel.grid.select_ids([3, 9])
    session.window.actions_.plain["screens"].trigger()
    settle(session.desk)
    shown = [screens.model.screen(n) for n in range(screens.model.rowCount())]
    assert [(s.server_id, s.image is not None) for s in shown] == [(3, True), (9, False)]


def test_a_picture_that_is_none_is_an_empty_tile(session: Session, qtbot: QtBot) -> None:
    screens = wall(session)
    with session.context.store.write() as uow:
        save_screenshot(uow, 1, b"no picture")
    qtbot.waitUntil(lambda: screens.model.rowCount() == 1, timeout=WAIT)
    assert screens.model.screen(0).image is None
    screens.grab()


def test_taken_anew_by_itself_only_while_it_is_seen(session: Session) -> None:
    screens = wall(session)
    with session.context.store.write() as uow:
        save_screenshot(uow, 1, picture())
    screens.refresh()
    settle(session.desk)
    handed: list[Any] = []
    session.desk.submit = lambda *what, **more: handed.append(what)  # type: ignore[method-assign]
    screens._by_itself()
    session.window.show_area("servers")
    settle(session.desk)
    screens._by_itself()
    assert handed == [("console_screenshot", [1], {"max_parallel": 32})]
    screens._every.setCurrentIndex(1)
    assert screens._again.isActive()
    screens._every.setCurrentIndex(0)
    assert not screens._again.isActive()


def test_only_the_window_that_asked_opens_the_console(session: Session, qtbot: QtBot) -> None:
    app = session.context
    assert isinstance(app, Application)
    opened: list[str] = []

    def browser(url: QUrl) -> bool:
        opened.append(bytes(url.toEncoded().data()).decode())
        return True

    opener = ConsoleOpener(session.desk, browser)
    secret = "https://10.20.0.1/console?username=root&tempUsername=a%20b&tempPassword=c%26d"
    with app.store.write() as uow:
        leave_ticket(uow, app.vault, 901, 1, SecretStr(secret))
        leave_ticket(uow, app.vault, 902, 2, SecretStr("https://10.20.0.2/console"))
    opener._handed_in("console_launch", 901)
    qtbot.waitUntil(lambda: bool(opened), timeout=WAIT)
    settle(session.desk)
    assert opened == [secret]
    assert app.commands.take_consoles(902) == ["https://10.20.0.2/console"]
