"""The one QApplication of the process."""

from __future__ import annotations

import sys

from PySide6.QtWidgets import QApplication


def application(arguments: list[str] | None = None) -> QApplication:
    """The one QApplication of the process, with the program's names."""
    existing = QApplication.instance()
    if isinstance(existing, QApplication):
        return existing
    app = QApplication(arguments if arguments is not None else sys.argv[:1])
    app.setApplicationName("DSM Desktop")
    app.setOrganizationName("dsm-desktop")
    app.setDesktopFileName("dsm-desktop")
    return app
