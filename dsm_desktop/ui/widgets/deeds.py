"""Buttons for what a person does: narrow ones for panes, and the reason of those that cannot be pressed."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QToolButton


def deed(text: str) -> QToolButton:
    """A button named by what it does: as wide as its words, reached by Tab like any other."""
    button = QToolButton()
    button.setText(text)
    button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    button.setAccessibleName(text.rstrip("…"))
    return button


def allow(button: QAbstractButton, why_not: str, tip: str = "") -> None:
    """Grey with the reason, or to be pressed (why_not "") with what it does; both as its tool tip and in the status bar."""
    button.setEnabled(not why_not)
    button.setToolTip(why_not or tip)
    button.setStatusTip(why_not or tip)
