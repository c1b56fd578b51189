"""F1: which place of the manual speaks of what has the focus."""

from __future__ import annotations

import re

from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QApplication, QDialog, QTabWidget, QToolButton, QWidget

HELP = "dsmHelp"
"""A widget's property: the context under which the manual speaks of it ("server", "job/power_action")."""
FIELD = "dsmField"
"""The property of an editor: the name of its field in the declared model."""
_DIALOGS = {
    "Trust": "certificate",
    "EmergencyStop": "stop",
    "TestCredential": "credential-test",
    "CallsPlan": "job",
}


def dialog_context(dialog: QWidget) -> str:
    """ "dialog/add-server" for AddServerDialog; what the dialog itself says goes before."""
    own = dialog.property(HELP)
    if isinstance(own, str) and own:
        return own
    name = type(dialog).__name__.removesuffix("Dialog")
    return "dialog/" + _DIALOGS.get(name, re.sub(r"(?<!^)(?=[A-Z])", "-", name).lower())


def help_context(widget: QWidget | None, area: str) -> str:
    """From the focused widget upwards: its field, its tab, its dialog; the area where nothing is nearer."""
    field = ""
    while widget is not None:
        field = field or str(widget.property(FIELD) or "")
        own = widget.property(HELP)
        if isinstance(widget, QTabWidget):
            base = str(own or area)
            return f"{base}/{_slug(widget.tabText(widget.currentIndex()))}"
        if isinstance(own, str) and own:
            return f"{own}.{field}" if field and own.startswith("setting/") else own
        if isinstance(widget, QDialog):
            return dialog_context(widget)
        widget = widget.parentWidget()
    return area


def open_help(parent: QWidget, area: str = "") -> None:
    """The manual at the place of what has the focus."""
    from dsm_desktop.ui.views.manual import (
        ManualWindow,  # the manual is read at the first F1, not at every start
    )

    ManualWindow.open_at(help_context(QApplication.focusWidget() or parent, area), parent)


def give_help(dialog: QDialog) -> QToolButton:
    """F1 and a "?" for a dialog; the caller places the button."""
    button = QToolButton()
    button.setText("?")
    button.setAutoRaise(True)
    button.setToolTip("What the manual says about this (F1)")
    button.setAccessibleName("Help")

    def show() -> None:
        from dsm_desktop.ui.views.manual import ManualWindow

        ManualWindow.open_at(dialog_context(dialog), dialog)

    button.clicked.connect(lambda _=False: show())
    shortcut = QShortcut(QKeySequence("F1"), dialog)
    shortcut.activated.connect(show)
    return button


def _slug(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", re.sub(r"\(.*?\)", "", title).lower()).strip("-")
