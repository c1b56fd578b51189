"""Buttons and menu entries for what a person does: narrow ones for panes, and the reason of those that cannot be taken."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QAbstractButton, QMenu, QToolButton


def deed(text: str) -> QToolButton:
    """A button named by what it does: as wide as its words, reached by Tab like any other."""
    button = QToolButton()
    button.setText(text)
    button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    button.setAccessibleName(text.rstrip("…"))
    return button


def allow(deed: QAbstractButton | QAction, why_not: str, tip: str = "") -> None:
    """Grey with the reason, or to be taken (why_not "") with what it does; both as its tool tip and in the status bar."""
    deed.setEnabled(not why_not)
    deed.setToolTip(why_not or tip)
    deed.setStatusTip(why_not or tip)


def reason(button: QAbstractButton) -> str:
    """Why it cannot be pressed, for a line of a menu that does the same; "" = it can."""
    return "" if button.isEnabled() else button.toolTip()


def entry(menu: QMenu, text: str, do: Callable[[], object], why_not: str = "", tip: str = "") -> QAction:
    """A line at the end of a menu, allowed or grey with the reason."""
    menu.setToolTipsVisible(True)
    action = menu.addAction(text, do)
    allow(action, why_not, tip)
    return action
