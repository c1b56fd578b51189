"""Making a view opens no window for a moment: it would flash, and take the keyboard away."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QApplication, QWidget

from dsm_desktop.ui.screenshots import settle
from dsm_desktop.ui.shell.areas import AREAS
from tests.ui.conftest import OpenSession
from tests.ui.test_fleet import with_racks


class Watch(QObject):
    """Notes every window that is shown."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Show and isinstance(watched, QWidget) and watched.isWindow():
            self.seen.append(f"{type(watched).__name__} {watched.accessibleName()}")
        return False


def test_areas_and_tabs_are_made_without_a_stray_window(
    open_session: OpenSession, qapp: QApplication
) -> None:
    session = open_session(with_racks)
    window, watch = session.window, Watch()
    qapp.installEventFilter(watch)
    try:
        for area in AREAS:
            window.show_area(area.key)
            settle(session.desk)
        window.show_server(1)
        tabs = window.servers.details.tabs
        for number in range(tabs.count()):
            tabs.setCurrentIndex(number)
            settle(session.desk)
    finally:
        qapp.removeEventFilter(watch)
    assert watch.seen == []
