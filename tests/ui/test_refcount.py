"""Qt's binding must not lose references: 6.12.0's Linux wheel does and aborts CPython below 3.12 after some thousand calls."""

from __future__ import annotations

import sys

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QApplication, QLabel


class _Bell(QObject):
    rung = Signal()


def test_void_calls_and_emits_keep_none_and_true_alive(qapp: QApplication) -> None:
    label, bell = QLabel(), _Bell()
    before = sys.getrefcount(None), sys.getrefcount(True)
    for number in range(10_000):
        label.setText(str(number))
        bell.rung.emit()
    after = sys.getrefcount(None), sys.getrefcount(True)
    if sys.version_info < (3, 12):  # above, both are immortal and the count says nothing
        assert all(now > then - 1_000 for then, now in zip(before, after, strict=True))
    assert label.text() == "9999"
