"""A hand on the mouse that counts its clicks; what is typed needs no click where the program has put the keyboard there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QPoint, Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QApplication,
    QDialogButtonBox,
    QFileDialog,
    QLineEdit,
    QMenu,
    QWidget,
)

from dsm_desktop.ui.shell.navigation import AreaButton

LEFT, RIGHT = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton


class Mouse:
    """`clicks` so far."""

    def __init__(self) -> None:
        self.clicks = 0

    def click(
        self,
        widget: QWidget,
        spot: QPoint | None = None,
        modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier,
        button: Qt.MouseButton = LEFT,
    ) -> None:
        """On what is in sight and can be used."""
        assert widget.isVisible(), f"{widget.accessibleName() or type(widget).__name__} is not in sight"
        assert widget.isEnabled(), f"{widget.accessibleName() or type(widget).__name__} cannot be used"
        self.clicks += 1
        QTest.mouseClick(widget, button, modifier, spot or widget.rect().center())

    def press(self, owner: QWidget, title: str) -> None:
        """The button in sight that says so."""
        found = [b for b in owner.findChildren(QAbstractButton) if b.isVisible() and b.text() == title]
        assert found, f"no button {title}"
        self.click(found[0])

    def area(self, owner: QWidget, title: str) -> None:
        """An area in the navigation."""
        found = [b for b in owner.findChildren(AreaButton) if b.text() == title]
        self.click(found[0])

    def row(
        self,
        view: QAbstractItemView,
        place: int,
        modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier,
        button: Qt.MouseButton = LEFT,
    ) -> None:
        """A row of a grid."""
        model = view.model()
        assert model is not None
        self.click(view.viewport(), view.visualRect(model.index(place, 1)).center(), modifier, button)

    def entry(self, menu: QMenu, title: str) -> None:
        """An entry of an open menu."""
        found = [a for a in menu.actions() if a.text() == title]
        assert found, f"no entry {title} in {[a.text() for a in menu.actions()]}"
        assert found[0].isEnabled(), found[0].toolTip()
        self.click(menu, menu.actionGeometry(found[0]).center())

    def hover(self, menu: QMenu, begins: str) -> QMenu:
        """A submenu opens under the pointer."""
        found = next(a for a in menu.actions() if a.text().startswith(begins))
        below = found.menu()
        assert isinstance(below, QMenu)
        below.popup(menu.mapToGlobal(menu.actionGeometry(found).topRight()))
        return below

    def answer_file_dialog(self, file: Path, *, after_ms: int = 400) -> None:
        """Type a name into the file dialog that opens next, and click its button."""

        def answer() -> None:
            asked = QApplication.activeModalWidget()
            assert isinstance(asked, QFileDialog)
            line = asked.findChild(QLineEdit, "fileNameEdit")
            box = asked.findChild(QDialogButtonBox)
            assert line is not None
            assert box is not None
            line.setText(str(file))
            accept = next(
                b for b in box.buttons() if box.buttonRole(b) == QDialogButtonBox.ButtonRole.AcceptRole
            )
            self.click(accept)

        QTimer.singleShot(after_ms, answer)


def open_menu(do: Callable[[], object]) -> QMenu:
    """The menu that a click opens."""
    before = {w for w in QApplication.topLevelWidgets() if isinstance(w, QMenu) and w.isVisible()}
    do()
    QApplication.processEvents()
    found = [
        w
        for w in QApplication.topLevelWidgets()
        if isinstance(w, QMenu) and w.isVisible() and w not in before
    ]
    assert found, "no menu has opened"
    return found[-1]
