"""Run in a process of its own with QT_SCALE_FACTOR or a larger font: prints, as JSON, every text that does not fit its control.

`python -m tests.ui.scaling FOLDER POINTS PLATFORM`: POINTS is the size of the text, which QT_SCALE_FACTOR does not
change; PLATFORM names a screen that is large enough.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractSpinBox,
    QApplication,
    QCheckBox,
    QComboBox,
    QLabel,
    QPushButton,
    QRadioButton,
    QStyle,
    QStyleOptionComboBox,
    QTabBar,
    QWidget,
)

from dsm_desktop.ui import theme
from dsm_desktop.ui.application import application
from dsm_desktop.ui.main import Session
from dsm_desktop.ui.screenshots import _dialogs, _views
from tests.ui.kit import make_app
from tests.ui.test_fleet import with_racks

_PATIENCE = 30.0


def cut_off(root: QWidget) -> list[str]:
    """Visible labels, buttons, tabs, choices, numbers and dates whose words need more room than they have (2 px are rounding)."""
    found = []
    for widget in root.findChildren(QWidget):
        if not widget.isVisible():
            continue
        if isinstance(widget, QTabBar):
            found += [
                f"tab '{widget.tabText(n)}'"
                for n in range(widget.count())
                if widget.fontMetrics().horizontalAdvance(widget.tabText(n).replace("&", ""))
                > widget.tabRect(n).width()
            ]
        elif isinstance(widget, QPushButton | QCheckBox | QRadioButton) and widget.text():
            if widget.sizeHint().width() > widget.width() + 2:
                found.append(
                    f"{type(widget).__name__} '{widget.text()}' has {widget.width()} of {widget.sizeHint().width()}"
                )
        elif isinstance(widget, QAbstractSpinBox):
            found += _cut(widget, widget.lineEdit().text(), widget.lineEdit().width())
        elif isinstance(widget, QComboBox) and not widget.isEditable():
            found += _cut(widget, widget.currentText(), _room_of(widget))
        elif isinstance(widget, QLabel) and widget.text() and not isinstance(widget, QAbstractButton):
            found += _cut_label(widget)
    return found


def cut_off_at_rest(root: QWidget) -> list[str]:
    """What stays cut off: words that came this moment get their room with the next pass of the layout."""
    end = time.monotonic() + _PATIENCE
    while True:
        QApplication.processEvents()
        if not (found := cut_off(root)) or time.monotonic() > end:
            return found


def _cut(widget: QWidget, text: str, room: int) -> list[str]:
    needed = widget.fontMetrics().horizontalAdvance(text)
    return [f"{type(widget).__name__} '{text[:60]}' has {room} of {needed}"] if needed > room else []


def _room_of(box: QComboBox) -> int:
    """Of the field that shows the choice, without its arrow."""
    option = QStyleOptionComboBox()
    box.initStyleOption(option)
    field = QStyle.SubControl.SC_ComboBoxEditField
    return box.style().subControlRect(QStyle.ComplexControl.CC_ComboBox, option, field, box).width()


def _cut_label(label: QLabel) -> list[str]:
    if label.wordWrap():
        needed = label.heightForWidth(label.width())
        return (
            [f"label '{label.text()[:60]}' has {label.height()} of {needed} high"]
            if needed > label.height() + 2
            else []
        )
    needed = label.sizeHint().width()
    return (
        [f"label '{label.text()[:60]}' has {label.width()} of {needed}"] if needed > label.width() + 2 else []
    )


def main() -> None:
    folder, points = Path(sys.argv[1]), float(sys.argv[2])
    theme.FONT_POINT = points
    os.environ["QT_QPA_PLATFORM"] = sys.argv[3]  # the tests' own choice has no large screen
    qt = application([])
    app = make_app(folder, fill=with_racks, logins=True)
    session = Session(app, qt)
    found: dict[str, list[str]] = {}
    seen = 0
    try:
        session.open()
        for shots in (_views(session.window), _dialogs(session.desk, session.window)):
            for name, widget in shots:
                seen += 1
                if bad := cut_off_at_rest(widget):
                    found[name] = bad
    finally:
        session.close()
        app.close()
    sys.stdout.write(json.dumps({"seen": seen, "cut": found}) + "\n")


if __name__ == "__main__":
    main()
