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
    _leave_sources_unread()
    app = QApplication(arguments if arguments is not None else sys.argv[:1])
    app.setApplicationName("DSM Desktop")
    app.setOrganizationName("dsm-desktop")
    app.setDesktopFileName("dsm-desktop")
    return app


def _leave_sources_unread() -> None:
    """PySide (6.11) reads the source of every module that is imported after it, to see whether it may choose PySide's optional
    features, and the texts stay in memory: 0.13 s of the start and 36 MB. No module here chooses any, and an installed program
    has no sources, so that the answer is the same there."""
    features = sys.modules.get("shibokensupport.feature")
    if features is not None and hasattr(features, "_mod_uses_pyside"):
        vars(features)["_mod_uses_pyside"] = lambda module: False


def calm_collector() -> None:
    """With 10,000 rows in memory a full collection stops the window for 60 ms; Qt's objects are freed by Qt."""
    gc.set_threshold(50_000, 25, 100)
