"""Ctrl+Z and Ctrl+Shift+Z for edits that are not sent or saved yet."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QComboBox, QLineEdit, QPlainTextEdit, QWidget

T = TypeVar("T")
_UNDO, _REDO = QKeySequence.StandardKey.Undo, QKeySequence.StandardKey.Redo


class Undo(QObject, Generic[T]):
    """`now()` tells all edits of a widget, `put(edits)` brings earlier ones back. `note()` after every change: all changes
    of one turn (a pasted block, a filled column) are one step. `changed` when there is more or less to undo."""

    changed = Signal()

    def __init__(self, widget: QWidget, now: Callable[[], T], put: Callable[[T], object]) -> None:
        super().__init__(widget)
        self._now, self._put = now, put
        self._past: list[T] = []
        self._future: list[T] = []
        self._last = now()
        self._subject: object = None
        self._others: dict[object, tuple[list[T], list[T]]] = {}
        self._soon = QTimer(self, interval=0, singleShot=True)
        self._soon.timeout.connect(self.step)
        # Ctrl+Y beside the system's own keys: both are known everywhere.
        redo = {*QKeySequence.keyBindings(_REDO), QKeySequence("Ctrl+Y"), QKeySequence("Ctrl+Shift+Z")}
        for keys, do in (
            *((k, self.undo) for k in QKeySequence.keyBindings(_UNDO)),
            *((k, self.redo) for k in redo),
        ):
            shortcut = QShortcut(keys, widget)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(do)

    def note(self) -> None:
        """Something was changed."""
        self._soon.start()

    def step(self) -> None:
        """What has changed since the last step is one."""
        found = self._now()
        if found != self._last:
            self._past.append(self._last)
            self._last = found
            self._future.clear()
            self.changed.emit()

    @property
    def can_undo(self) -> bool:
        return bool(self._past) or self._now() != self._last

    @property
    def can_redo(self) -> bool:
        return bool(self._future)

    def undo(self) -> None:
        """As it was before the last step."""
        self.step()
        self._move(self._past, self._future)

    def redo(self) -> None:
        """The step that was taken back, again."""
        self.step()
        self._move(self._future, self._past)

    def _move(self, source: list[T], target: list[T]) -> None:
        if source:
            target.append(self._last)
            self._last = source.pop()
            self._put(self._last)
            self._soon.stop()
            self.changed.emit()

    def turn_to(self, subject: object) -> None:
        """Another thing is edited from here on; the steps of this one are there again when it comes back. Call `step` before
        the edits are the other's."""
        self._others[self._subject] = (self._past, self._future)
        self._subject = subject
        self._past, self._future = self._others.pop(subject, ([], []))
        self._last = self._now()
        self._soon.stop()
        self.changed.emit()

    def clear(self) -> None:
        """Another thing is edited from here on."""
        self._past.clear()
        self._future.clear()
        self._last = self._now()
        self._soon.stop()
        self.changed.emit()


Field = QLineEdit | QPlainTextEdit | QComboBox


class FieldsUndo(Undo[tuple[object, ...]]):
    """For a form: steps are whole fields; inside a field that has been typed into, its own undo goes first."""

    def __init__(self, widget: QWidget, fields: Callable[[], Iterable[Field]]) -> None:
        self._fields = fields
        super().__init__(widget, self._values, self._restore)

    def watch(self) -> None:
        """Fields were added; what they hold now is the beginning."""
        for field in self._fields():
            if field.property("dsmUndo"):
                continue
            field.setProperty("dsmUndo", True)
            field.installEventFilter(self)
            if isinstance(field, QComboBox):
                field.currentIndexChanged.connect(self.note)
        self.clear()

    def _values(self) -> tuple[object, ...]:
        return tuple(_value(field) for field in self._fields())

    def _restore(self, values: tuple[object, ...]) -> None:
        for field, value in zip(self._fields(), values, strict=False):
            if _value(field) == value:
                continue
            if isinstance(field, QComboBox):
                field.setCurrentIndex(int(str(value)))
            elif isinstance(field, QLineEdit):
                field.setText(str(value))
            else:
                field.setPlainText(str(value))
            field.setFocus()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.FocusOut:
            self.step()
        elif event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            undo, redo = event.matches(_UNDO), event.matches(_REDO)
            if (undo and not _has_own(watched, "isUndoAvailable")) or (
                redo and not _has_own(watched, "isRedoAvailable")
            ):
                event.ignore()
                return True
        return False


def _value(field: Field) -> object:
    if isinstance(field, QComboBox):
        return field.currentIndex()
    return field.text() if isinstance(field, QLineEdit) else field.toPlainText()


def _has_own(field: QObject, what: str) -> bool:
    """A text field's own undo of what was typed since it was set."""
    if isinstance(field, QPlainTextEdit):
        return bool(getattr(field.document(), what)())
    return isinstance(field, QLineEdit) and bool(getattr(field, what)())
