"""Buttons for narrow panes: as wide as their words, reached by Tab like any other."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QToolButton


def deed(text: str) -> QToolButton:
    """A button named by what it does."""
    button = QToolButton()
    button.setText(text)
    button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    button.setAccessibleName(text.rstrip("…"))
    return button
