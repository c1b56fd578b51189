"""What a person has entered and not saved is asked about before its tab, its window or the program closes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtWidgets import QWidget

from dsm_desktop.ui.dialogs.base import Dialog, UnsavedDialog
from dsm_desktop.ui.widgets.area import AreaView


def may_go(windows: Sequence[QWidget], views: Sequence[AreaView], go: Callable[[], object]) -> bool:
    """Whether dialogs of these windows and these views hold nothing back. A dialog asks itself; for the views it is asked once
    in the first window, and `go` follows where it may be thrown away."""
    for dialog in (d for window in windows for d in window.findChildren(Dialog)):
        if dialog.holds_back():
            dialog.reject()
            return False
    names = [name for view in views for name in view.unsaved()]
    if names:
        ask = UnsavedDialog(windows[0], names)
        ask.accepted.connect(go)
        ask.open()
    return not names
