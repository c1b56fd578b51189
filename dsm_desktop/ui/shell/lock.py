"""The lock of the window: by key or after some idle minutes the site key leaves this process and the window is covered.

The runner has a key of its own and goes on; what it does is seen again after unlocking.
"""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QApplication, QLabel, QPushButton, QVBoxLayout, QWidget
from shiboken6 import isValid

from dsm_desktop.app.context import KeyState
from dsm_desktop.core.settings import SecuritySettings
from dsm_desktop.ui.desk import Desk
from dsm_desktop.ui.dialogs.base import Dialog
from dsm_desktop.ui.dialogs.unlock import UnlockDialog
from dsm_desktop.ui.shell.tabs import Detached
from dsm_desktop.ui.theme import SPACE, Tone, ui_font
from dsm_desktop.ui.widgets.states import Picture

_MINUTE_MS = 60_000
_SIGNS = frozenset((QEvent.Type.KeyPress, QEvent.Type.MouseButtonPress, QEvent.Type.Wheel))


class Cover(QWidget):
    """Over the whole window while it is locked: nothing behind it can be seen or reached."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self.setAutoFillBackground(True)
        self.setAccessibleName("The window is locked")
        title = QLabel("Locked")
        title.setFont(ui_font(step=3, bold=True))
        text = QLabel("Jobs go on. Unlock to see and to act.")
        self.unlock = QPushButton("Unlock")
        self.unlock.setAccessibleName("Unlock the window")
        self.unlock.setAutoDefault(True)
        column = QVBoxLayout(self)
        column.setSpacing(SPACE * 2)
        column.addStretch()
        for widget in (Picture("lock", 48, Tone.MUTED), title, text, self.unlock):
            column.addWidget(widget, alignment=Qt.AlignmentFlag.AlignHCenter)
        column.addStretch()
        window.installEventFilter(self)
        self.hide()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() is QEvent.Type.Resize:
            self._fit()
        return False

    def _fit(self) -> None:
        above = self.parentWidget()
        if above is not None:
            self.setGeometry(above.rect())

    def showEvent(self, event: object) -> None:
        self._fit()
        self.raise_()
        self.unlock.setFocus()


class IdleLock(QObject):
    """Locks after the minutes of the security settings without key or mouse; 0 = never by itself. `opened` after unlocking."""

    opened = Signal()

    def __init__(self, desk: Desk, window: QWidget) -> None:
        super().__init__(window)
        self._desk, self._window = desk, window
        self._hidden: list[QWidget] = []
        self._actions = QActionGroup(self)
        self._actions.setExclusionPolicy(QActionGroup.ExclusionPolicy.None_)
        self.cover = Cover(window)
        self.cover.unlock.clicked.connect(self.unlock)
        self._idle = QTimer(self, singleShot=True)
        self._idle.timeout.connect(self.lock)
        app = QApplication.instance()
        assert app is not None
        app.installEventFilter(self)
        desk.bridge.changed.connect(lambda change: self.read() if change.topic == "settings" else None)
        self.read()

    @property
    def locked(self) -> bool:
        return not self.cover.isHidden()

    def read(self) -> None:
        """Take the site's minutes."""
        reads = self._desk.context.reads
        self._desk.work.read(self, lambda: reads.settings("security"), self._take, key="security")

    def _take(self, chosen: object) -> None:
        if isinstance(chosen, SecuritySettings):
            self.wait(chosen.lock_after_minutes * _MINUTE_MS)

    def wait(self, milliseconds: int) -> None:
        """Lock after so long without a sign of a person; 0 = never."""
        self._idle.stop()
        self._idle.setInterval(milliseconds)
        if milliseconds:
            self._idle.start()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in _SIGNS and self._idle.isActive():
            self._idle.start()
        return False

    def lock(self) -> None:
        """Cover the window, put its dialogs out of sight (what was typed into them stays), wipe the key."""
        if self.locked:
            return
        for widget in QApplication.topLevelWidgets():
            if widget is self._window or not widget.isVisible() or not widget.isWindow():
                continue
            if isinstance(widget, Detached | Dialog):
                self._hidden.append(widget)
            else:
                widget.close()
        self._hidden.sort(key=_depth)
        for widget in reversed(self._hidden):
            widget.hide()
        self.cover.show()
        self._work(False)
        QApplication.clipboard().clear()
        self._desk.work.command(self, self._desk.context.key.lock, None, self._desk.fail)

    def unlock(self) -> None:
        """Without a question where the key lies in the keyring or a file of this person; else ask."""
        key = self._desk.context.key

        def quietly() -> KeyState:
            key.open_quietly()
            return key.state()

        self._desk.work.command(self, quietly, self._tried, self._desk.fail)

    def _tried(self, state: KeyState) -> None:
        if state is KeyState.LOCKED:
            UnlockDialog(self._desk, self.cover, self._open).open()
        else:
            self._open()  # open, or there is no key that could be asked for: the strip above the areas says so

    def _open(self) -> None:
        self.cover.hide()
        for widget in self._hidden:
            if isValid(widget):
                widget.show()
        self._hidden.clear()
        self._work(True)
        self._idle.start() if self._idle.interval() else None
        self.opened.emit()

    def _work(self, on: bool) -> None:
        """Keys and menus of the window act only while it is open. What is judged meanwhile (a group that is off keeps its actions
        off) holds from then on."""
        for action in self._window.findChildren(QAction):
            if action.actionGroup() is None:
                self._actions.addAction(action)
        self._actions.setEnabled(on)
        for child in self._window.children():
            if isinstance(child, QWidget) and child is not self.cover and not child.isWindow():
                child.setEnabled(on)


def _depth(widget: QWidget) -> int:
    """How many windows it stands on: a dialog's own question comes up after the dialog."""
    above = widget.parentWidget()
    return 0 if above is None else 1 + _depth(above.window())
