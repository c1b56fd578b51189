"""Ctrl+P: what is in sight, on paper."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QApplication, QMenu, QWidget

from dsm_desktop.ui.theme import Tone
from dsm_desktop.ui.widgets.area import AreaView

if TYPE_CHECKING:
    from dsm_desktop.ui.shell.window import MainWindow


_NOTHING = "There is nothing to print here; every list and every rack can be printed."


@runtime_checkable
class Printable(Protocol):
    """A list or a picture that has a print preview."""

    def print_shown(self) -> None: ...


def print_in_sight(window: MainWindow) -> None:
    """The print preview of what is in sight in the window that is in front."""
    found = _in_sight(window)
    if found is None:
        window.desk.tell(_NOTHING, Tone.INFO)
    else:
        found.print_shown()


def grey_in_menu(window: MainWindow, menu: QMenu, action: QAction) -> None:
    """While the menu is open the action is grey where nothing can be printed. Closed again its key says so in words."""
    tip = action.toolTip()

    def show(why_not: str) -> None:
        action.setEnabled(not why_not)
        action.setToolTip(why_not or tip)

    menu.setToolTipsVisible(True)
    menu.aboutToShow.connect(lambda: show("" if _in_sight(window) is not None else _NOTHING))
    menu.aboutToHide.connect(lambda: show(""))


def _in_sight(window: MainWindow) -> Printable | None:
    page = window.view
    return _printable(page) if isinstance(page, QWidget) else None


def _printable(page: QWidget) -> Printable | None:
    """What has the focus or stands around it, else the page's main list, else the first that is in sight on the page; None where
    nothing is."""
    widget: QWidget | None = QApplication.focusWidget()
    while widget is not None:
        if isinstance(widget, Printable):
            return widget
        widget = widget.parentWidget()
    main = page.main_panel() if isinstance(page, AreaView) else None
    first: list[QWidget] = [main] if isinstance(main, QWidget) else []
    for part in (*first, *page.findChildren(QWidget)):
        if part.isVisibleTo(page) and isinstance(part, Printable):
            return part
    return None
