"""For people who read with their ears, work without a pointer, or need large text."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from dsm_desktop.ui.screenshots import _dialogs, settle
from dsm_desktop.ui.theme import ThemeName
from tests.ui.conftest import OpenSession
from tests.ui.test_fleet import with_racks

ROOT = Path(__file__).resolve().parents[2]
_ROLES = {
    QAccessible.Role.PushButton,
    QAccessible.Role.CheckBox,
    QAccessible.Role.RadioButton,
    QAccessible.Role.EditableText,
    QAccessible.Role.ComboBox,
    QAccessible.Role.SpinBox,
    QAccessible.Role.Slider,
    QAccessible.Role.Table,
    QAccessible.Role.List,
    QAccessible.Role.Tree,
    QAccessible.Role.PageTabList,
}


def unnamed(root: QWidget) -> list[str]:
    """Controls of the accessibility tree itself (not of the widgets) without a name; rows and cells are not entered."""
    found: list[str] = []
    waiting = [QAccessible.queryAccessibleInterface(root)]
    while waiting:
        here = waiting.pop()
        if here is None or not here.isValid() or here.state().invisible:
            continue
        role = here.role()
        if role in _ROLES and not here.text(QAccessible.Text.Name).strip():
            item = here.object()
            if not _made_by_qt(item):
                found.append(f"{role.name} {type(item).__name__}")
        if role not in (QAccessible.Role.Table, QAccessible.Role.List, QAccessible.Role.Tree):
            waiting += [here.child(n) for n in range(here.childCount())]
    return found


def _made_by_qt(item: object) -> bool:
    name = item.objectName() if isinstance(item, QWidget) else ""
    parent = item.parentWidget() if isinstance(item, QWidget) else None
    inner = type(parent).__name__ in (
        "QComboBox",
        "QSpinBox",
        "QDateEdit",
        "QDateTimeEdit",
        "QLineEdit",
        "QTabBar",
    )
    return name.startswith("qt_") or inner


@pytest.mark.parametrize("place", ["servers", "fleet/tiles", "fleet/racks", "reports/find", "reports/changes",
                                   "reports/firmware", "activity", "settings/credentials"])  # fmt: skip
def test_tab_goes_through_a_view_and_is_nowhere_trapped(open_session: OpenSession, place: str) -> None:
    session = open_session(with_racks)
    window = session.window
    window.show_area(place)
    settle(session.desk)
    assert not unnamed(window), unnamed(window)
    first = window.rail.findChildren(QWidget)[0]
    first.setFocus(Qt.FocusReason.TabFocusReason)
    visited: list[QWidget] = []
    for _ in range(80):
        here = window.focusWidget()
        assert here is not None
        if visited and here is visited[0]:
            break
        visited.append(here)
        QTest.keyClick(here, Qt.Key.Key_Tab)
    else:
        pytest.fail(
            f"Tab does not come round; last at {type(visited[-1]).__name__} {visited[-1].accessibleName()}"
        )
    assert len(set(visited)) > 5
    assert window.status.stop in visited or any(window.status.isAncestorOf(w) for w in visited)


def test_every_dialog_is_left_by_escape_and_walked_by_tab(open_session: OpenSession) -> None:
    session = open_session(with_racks, logins=True)
    seen = 0
    for name, dialog in _dialogs(session.desk, session.window):
        assert not unnamed(dialog), f"{name}: {unnamed(dialog)}"
        QTest.keyClick(dialog, Qt.Key.Key_Escape)
        if not name.startswith("first-run"):
            assert not dialog.isVisible(), f"{name} stays after Esc"
        seen += 1
    assert seen > 20


@pytest.mark.timeout(960)
@pytest.mark.parametrize(("scale", "points"), [("1", 9.5), ("1.5", 9.5), ("2", 9.5), ("1", 14.25)])
def test_no_text_is_cut_off(tmp_path: Path, scale: str, points: float) -> None:
    """Scaled by the system (every pixel), and by half as large letters alone in the same pixels."""
    screen = tmp_path / "screen.json"
    sizes = {"name": "large", "x": 0, "y": 0, "width": 3840, "height": 2160, "logicalDpi": 96, "dpr": 1}
    screen.write_text(json.dumps({"screens": [sizes]}), encoding="utf-8")
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "tests.ui.scaling",
            str(tmp_path / "store"),
            str(points),
            f"offscreen:configfile={screen}",
        ],
        cwd=ROOT,
        env={**os.environ, "QT_SCALE_FACTOR": scale},
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2_000:]
    found = json.loads(done.stdout.strip().splitlines()[-1])
    assert found["seen"] > 40
    assert not found["cut"], json.dumps(found["cut"], indent=1)


def test_focus_is_seen_in_what_is_painted_here(open_session: OpenSession) -> None:
    """In every look the current tile differs with and without the focus."""
    session = open_session(with_racks)
    window = session.window
    window.show_area("fleet/tiles")
    settle(session.desk)
    field = window.areas.currentWidget().tiles.field  # type: ignore[union-attr]
    try:
        for look in (ThemeName.LIGHT, ThemeName.DARK, ThemeName.CONTRAST):
            session.theme.set(look)
            field.setFocus()
            field.go(3)
            QApplication.processEvents()
            with_focus = field.viewport().grab().toImage()
            window.rail.findChildren(QWidget)[0].setFocus()
            QApplication.processEvents()
            assert field.viewport().grab().toImage() != with_focus, look
    finally:
        session.theme.set(ThemeName.LIGHT)
