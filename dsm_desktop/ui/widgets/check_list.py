"""A small window that hangs below what was clicked: a search, a list to tick, and what can be done with it. Esc closes it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication, QKeyEvent
from PySide6.QtWidgets import QFrame, QLabel, QLineEdit, QListView, QPushButton, QVBoxLayout, QWidget

from dsm_desktop.ui.models.checks import Check, CheckModel
from dsm_desktop.ui.theme import SPACE, ui_font

_WIDTH, _HEIGHT = 300, 420


class CheckList(QFrame):
    """Space ticks, typing in the search narrows, Down goes into the list."""

    def __init__(self, parent: QWidget, title: str, checks: Sequence[Check]) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.setAccessibleName(title)
        self.setWindowTitle(title)
        heading = QLabel(title)
        heading.setFont(ui_font(bold=True))
        self.model = CheckModel(checks, self)
        self.search = QLineEdit()
        self.search.setPlaceholderText("Search")
        self.search.setAccessibleName(f"Search in {title}")
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(self.model.search)
        self.list = QListView()
        self.list.setModel(self.model)
        self.list.setUniformItemSizes(True)
        self.list.setLayoutMode(
            QListView.LayoutMode.Batched
        )  # thousands of values are laid out as they come into sight
        self.list.setAccessibleName(title)
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(SPACE, SPACE, SPACE, SPACE)
        self.column.setSpacing(SPACE // 2)
        for widget in (heading, self.search, self.list):
            self.column.addWidget(widget)
        self.resize(_WIDTH, _HEIGHT)

    def button(self, text: str) -> QPushButton:
        """A button for the rows below the list."""
        made = QPushButton(text)
        made.setAutoDefault(False)
        return made

    def open_at(self, point: QPoint) -> None:
        """Show it there, inside the screen, ready to type."""
        screen = QGuiApplication.screenAt(point) or self.screen()
        free = screen.availableGeometry()
        left = max(free.left(), min(point.x(), free.right() - self.width()))
        top = max(free.top(), min(point.y(), free.bottom() - self.height()))
        self.move(left, top)
        self.show()
        self.search.setFocus()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.close()
        elif event.key() == Qt.Key.Key_Down and self.search.hasFocus():
            self.list.setFocus()
            self.list.setCurrentIndex(self.model.index(0))
        else:
            super().keyPressEvent(event)
            return
        event.accept()
