"""A secret shown once: to be printed or written down, never kept by the program."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QApplication, QCheckBox, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from dsm_desktop.core.settings import SecuritySettings
from dsm_desktop.ui.desk import Desk
from dsm_desktop.ui.printing import preview_picture
from dsm_desktop.ui.theme import fixed_font, ui_font
from dsm_desktop.ui.widgets.labels import WrappedLabel

_SECONDS = 30
MIN_PASSPHRASE = 15  # what the vault takes; said before it is asked


def copy_secret(text: str, seconds: int) -> None:
    """Into the clipboard, and out of it again unless something else was copied since."""
    clipboard = QApplication.clipboard()
    clipboard.setText(text)

    def clear() -> None:
        if clipboard.text() == text:
            clipboard.clear()

    QTimer.singleShot(seconds * 1_000, clipboard, clear)


class RecoverySheet(QWidget):
    """The recovery key with Copy, Print… and the tick that it lies on paper."""

    kept = Signal(bool)

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._seconds = _SECONDS
        about = WrappedLabel(
            "Recovery key, shown only now. It opens the site key when everything else is lost; the sheet before opens "
            "nothing any more. Put it on paper, into a safe, away from the backups."
        )
        self.code = QLabel()
        font = fixed_font()
        font.setPointSizeF(font.pointSizeF() + 3)
        self.code.setFont(font)
        self.code.setAccessibleName("Recovery key")
        self.code.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.copy = QPushButton("Copy")
        self.copy.clicked.connect(lambda: copy_secret(self.code.text(), self._seconds))
        self.print = QPushButton("Print…")
        self.print.clicked.connect(self._print)
        buttons = QHBoxLayout()
        for button in (self.copy, self.print):
            button.setAutoDefault(False)
            buttons.addWidget(button)
        buttons.addStretch()
        self.tick = QCheckBox("I have printed or written it down")
        self.tick.toggled.connect(self.kept)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        for widget in (about, self.code):
            column.addWidget(widget)
        column.addLayout(buttons)
        column.addWidget(self.tick)
        reads = desk.context.reads
        desk.work.read(self, lambda: reads.settings("security"), self._take)
        self.hide()

    def _take(self, chosen: object) -> None:
        if isinstance(chosen, SecuritySettings):
            self._seconds = chosen.clipboard_seconds
        self.copy.setToolTip(f"The clipboard is cleared after {self._seconds} s")

    def show_code(self, code: str) -> None:
        self.code.setText(code)
        self.show()

    def forget(self) -> None:
        """The dialog goes."""
        self.code.clear()

    def _print(self) -> None:
        preview_picture("recovery key", self._paint, self.window())

    def _paint(self, painter: QPainter, page: QRectF) -> None:
        painter.setFont(ui_font(step=6, bold=True))
        painter.drawText(page.adjusted(40, 60, -40, 0), "DSM Desktop: recovery key of the site key")
        painter.setFont(fixed_font())
        painter.drawText(page.adjusted(40, 110, -40, 0), self.code.text())
        painter.setFont(ui_font())
        painter.drawText(
            page.adjusted(40, 150, -40, 0), "Keep it in a safe, away from the backups of the store."
        )
