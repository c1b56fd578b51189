"""Panes and columns as the program itself arranges them: noted before a kept layout is taken, to go back to."""

from __future__ import annotations

from PySide6.QtWidgets import QSplitter, QWidget

from dsm_desktop.ui.widgets.listing import Listing

_PROPERTY = "first_day"


def note_panes(view: QWidget) -> None:
    """How the panes of a new view stand, before its kept layout is loaded."""
    for split in view.findChildren(QSplitter):
        split.setProperty(_PROPERTY, split.saveState())


def restore(window: QWidget) -> None:
    """Panes and columns of every view in a window, at once. Filters stay."""
    for split in window.findChildren(QSplitter):
        if (state := split.property(_PROPERTY)) is not None:
            split.restoreState(state)
    for widget in window.findChildren(QWidget):
        if isinstance(widget, Listing):
            widget.reset_layout()
