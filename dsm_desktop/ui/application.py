"""The one QApplication of the process."""

from __future__ import annotations

import gc
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


def calm_collector() -> None:
    """With 10,000 rows in memory a full collection stops the window for 60 ms; Qt's objects are freed by Qt."""
    gc.set_threshold(50_000, 25, 100)
