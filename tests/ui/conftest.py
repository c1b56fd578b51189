"""The window on a real store, without a display."""

from __future__ import annotations

import os

os.environ["QT_QPA_PLATFORM"] = "offscreen"

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from dsm_desktop.core.access import Role
from dsm_desktop.store.unit_of_work import Store
from dsm_desktop.ui.main import Session, application
from dsm_desktop.ui.screenshots import settle
from tests.ui.kit import make_app
from tests.ui.seed import seed_site

OpenSession = Callable[..., Session]


@pytest.fixture(scope="session")
def qapp() -> QApplication:
    return application([])


@pytest.fixture(autouse=True)
def _no_key_held(qapp: QApplication) -> Iterator[None]:
    """QTest leaves Ctrl down after a key click with it, and a row selected again would be let go, tests later."""
    yield
    if QGuiApplication.keyboardModifiers() != Qt.KeyboardModifier.NoModifier:
        idle = QWidget()
        QTest.keyRelease(idle, Qt.Key.Key_Control)
        idle.deleteLater()


@pytest.fixture
def open_session(qapp: QApplication, tmp_path: Path) -> Iterator[OpenSession]:
    """`open_session(fill=…, role=…, logins=…, unlock=…)`: a shown window on a new profile, closed at the end."""
    opened: list[tuple[Session, Callable[[], None]]] = []

    def start(
        fill: Callable[[Store], None] | None = seed_site,
        *,
        role: Role = Role.ADMIN,
        logins: bool = False,
        unlock: bool = True,
        passphrase: str = "",
    ) -> Session:
        folder = tmp_path / str(len(opened))
        app = make_app(folder, fill=fill, role=role, logins=logins, unlock=unlock, passphrase=passphrase)
        session = Session(app, qapp)
        opened.append((session, app.close))
        session.open()
        settle(session.desk)
        return session

    yield start
    for session, close in opened:
        session.close()
        close()


@pytest.fixture
def session(open_session: OpenSession) -> Session:
    """The window on a site with something of everything."""
    return open_session()
