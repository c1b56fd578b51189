"""Icons of one family (24-unit grid, 1.8 stroke), tinted with the look in force."""

from __future__ import annotations

from functools import cache

from PySide6.QtCore import QByteArray, QObject, QRectF, Qt
from PySide6.QtGui import QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QApplication

from dsm_desktop.ui import theme
from dsm_desktop.ui.theme import Tone

_SIZES = (16, 32)  # others are scaled; each more costs every start some milliseconds
_PROPERTY = "dsmIcon"


def icon(name: str, tone: Tone = Tone.PLAIN) -> QIcon:
    """The icon in the colour of its meaning; on a selected row in the colour of selected text."""
    now = theme.look()
    return _icon(name, theme.tone_colour(tone), now.muted, now.highlighted)


def set_icon(target: QObject, name: str, tone: Tone = Tone.PLAIN) -> None:
    """Give an action or button an icon that is drawn again when the theme changes."""
    target.setProperty(_PROPERTY, f"{name}|{tone.value}")
    target.setIcon(icon(name, tone))  # type: ignore[attr-defined]


def redraw_icons(app: QApplication) -> None:
    """After a change of theme: every icon set by `set_icon` anew."""
    for window in app.topLevelWidgets():
        for child in [window, *window.findChildren(QObject)]:
            kept = child.property(_PROPERTY)
            if isinstance(kept, str):
                name, _, tone = kept.partition("|")
                child.setIcon(icon(name, Tone(tone)))  # type: ignore[attr-defined]


def pixmap(name: str, size: int, colour: str, ratio: float = 1.0) -> QPixmap:
    """One icon as a picture of `size` device-independent pixels."""
    picture = QPixmap(round(size * ratio), round(size * ratio))
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    _renderer(name, colour).render(painter, QRectF(0, 0, picture.width(), picture.height()))
    painter.end()
    picture.setDevicePixelRatio(ratio)
    return picture


@cache
def _icon(name: str, colour: str, disabled: str, selected: str) -> QIcon:
    result = QIcon()
    for mode, tint in (
        (QIcon.Mode.Normal, colour),
        (QIcon.Mode.Disabled, disabled),
        (QIcon.Mode.Selected, selected),
    ):
        for size in _SIZES:
            result.addPixmap(pixmap(name, size, tint), mode)
    return result


@cache
def _renderer(name: str, colour: str) -> QSvgRenderer:
    text = (theme.resources() / "icons" / f"{name}.svg").read_text(encoding="utf-8")
    return QSvgRenderer(QByteArray(text.replace("#000000", colour).encode()))
