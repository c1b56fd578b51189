"""The window on a real store, without a display."""

from __future__ import annotations

import os

os.environ["QT_QPA_PLATFORM"] = "offscreen"

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication

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
    ) -> Session:
        app = make_app(tmp_path / str(len(opened)), fill=fill, role=role, logins=logins, unlock=unlock)
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
