"""A row of buttons that goes on in a second one where the first is full."""

from __future__ import annotations

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtWidgets import QLayout, QLayoutItem, QWidget

from dsm_desktop.ui.theme import SPACE


class FlowLayout(QLayout):
    """From the left, as many side by side as have room at their own size."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._items: list[QLayoutItem] = []
        self.setContentsMargins(SPACE, SPACE // 2, SPACE, SPACE // 2)
        self.setSpacing(SPACE // 2)

    def addItem(self, item: QLayoutItem) -> None:
        self._items.append(item)

    def count(self) -> int:
        return len(self._items)

    def itemAt(self, index: int) -> QLayoutItem | None:
        return self._items[index] if 0 <= index < len(self._items) else None

    def takeAt(self, index: int) -> QLayoutItem | None:
        return self._items.pop(index) if 0 <= index < len(self._items) else None

    def expandingDirections(self) -> Qt.Orientation:
        return Qt.Orientation(0)

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        return self._lay(QRect(0, 0, width, 0), move=False)

    def setGeometry(self, rect: QRect) -> None:
        super().setGeometry(rect)
        self._lay(rect, move=True)

    def sizeHint(self) -> QSize:
        return self.minimumSize()

    def minimumSize(self) -> QSize:
        margins, size = self.contentsMargins(), QSize()
        for item in self._items:
            size = size.expandedTo(item.minimumSize())
        return size + QSize(margins.left() + margins.right(), margins.top() + margins.bottom())

    def _lay(self, rect: QRect, *, move: bool) -> int:
        """Height that is needed; with `move` the items go to their places."""
        margins, gap = self.contentsMargins(), self.spacing()
        left, right = rect.left() + margins.left(), rect.right() - margins.right()
        x, y, tall = left, rect.top() + margins.top(), 0
        for item in self._items:
            size = item.sizeHint()
            if x > left and x + size.width() - 1 > right:
                x, y, tall = left, y + tall + gap, 0
            if move:
                item.setGeometry(QRect(x, y, size.width(), size.height()))
            x, tall = x + size.width() + gap, max(tall, size.height())
        return y + tall + margins.bottom() - rect.top()
