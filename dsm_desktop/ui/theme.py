"""One look: palettes for light, dark and high contrast, the colours of states, the shipped font, spacing.

Contrast of text and of state colours on their background is at least 4.5 : 1 (WCAG AA); a test computes it. Palettes instead
of style sheets, because a style sheet slows every table by a third and breaks delegates.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontDatabase, QFontMetrics, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication, QProgressBar, QStyleFactory

from dsm_desktop.core.shipped import shipped

SPACE = 8  # the grid every margin is a multiple of (or half of)
ROW_HEIGHT = 26
FONT_POINT = 9.5
LEAST_ZOOM, MOST_ZOOM = -2.0, 8.0  # points


class ThemeName(enum.StrEnum):
    """SYSTEM follows the operating system's light, dark or increased-contrast choice."""

    SYSTEM = "system"
    LIGHT = "light"
    DARK = "dark"
    CONTRAST = "high contrast"


class Tone(enum.StrEnum):
    """What a colour means; never shown without an icon and a word."""

    PLAIN = "plain"
    MUTED = "muted"
    OK = "ok"
    WARNING = "warning"
    CRITICAL = "critical"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Look:
    """The colours of one theme as #rrggbb."""

    window: str
    base: str
    alternate: str
    text: str
    muted: str
    button: str
    border: str
    highlight: str
    highlighted: str
    link: str
    rail: str
    rail_text: str
    ok: str
    warning: str
    critical: str
    info: str
    disabled: str = ""


LIGHT = Look(
    window="#f3f5f8",
    base="#ffffff",
    alternate="#f7f9fb",
    text="#1a2027",
    muted="#59636e",
    button="#fbfcfd",
    border="#cfd6de",
    highlight="#1d5fbf",
    highlighted="#ffffff",
    link="#1557b0",
    rail="#e6ebf1",
    rail_text="#2b3440",
    ok="#18713c",
    warning="#8f5500",
    critical="#b3202c",
    info="#1557b0",
)
DARK = Look(
    window="#1d2126",
    base="#15181c",
    alternate="#1a1e23",
    text="#e4e8ec",
    muted="#9aa5b1",
    button="#2a3037",
    border="#3a424b",
    highlight="#2b63b8",
    highlighted="#ffffff",
    link="#7db3ff",
    rail="#14171b",
    rail_text="#c6ced7",
    ok="#5fd38d",
    warning="#f0b354",
    critical="#ff8087",
    info="#7db3ff",
)
CONTRAST = Look(
    window="#000000",
    base="#000000",
    alternate="#000000",
    text="#ffffff",
    muted="#e0e0e0",
    button="#000000",
    border="#ffffff",
    highlight="#ffe600",
    highlighted="#000000",
    link="#66d9ff",
    rail="#000000",
    rail_text="#ffffff",
    ok="#66ff99",
    warning="#ffd24d",
    critical="#ff9aa0",
    info="#66d9ff",
    disabled="#8f8f8f",
)


def resources() -> Path:
    """Folder of icons and fonts: beside the package, or in the bundle of the installed program."""
    return shipped("resources")


def palette_of(look: Look) -> QPalette:
    """A complete Fusion palette; the disabled group is muted text on the same ground."""
    palette = QPalette()
    roles = {
        QPalette.ColorRole.Window: look.window,
        QPalette.ColorRole.WindowText: look.text,
        QPalette.ColorRole.Base: look.base,
        QPalette.ColorRole.AlternateBase: look.alternate,
        QPalette.ColorRole.Text: look.text,
        QPalette.ColorRole.PlaceholderText: look.muted,
        QPalette.ColorRole.Button: look.button,
        QPalette.ColorRole.ButtonText: look.text,
        QPalette.ColorRole.BrightText: look.critical,
        QPalette.ColorRole.ToolTipBase: look.base,
        QPalette.ColorRole.ToolTipText: look.text,
        QPalette.ColorRole.Highlight: look.highlight,
        QPalette.ColorRole.HighlightedText: look.highlighted,
        QPalette.ColorRole.Accent: look.highlight,
        QPalette.ColorRole.Link: look.link,
        QPalette.ColorRole.LinkVisited: look.link,
        QPalette.ColorRole.Light: look.base,
        QPalette.ColorRole.Midlight: look.alternate,
        QPalette.ColorRole.Mid: look.border,
        QPalette.ColorRole.Dark: look.border,
        QPalette.ColorRole.Shadow: look.rail,
    }
    for role, colour in roles.items():
        palette.setColor(role, QColor(colour))
    for role in (QPalette.ColorRole.WindowText, QPalette.ColorRole.Text, QPalette.ColorRole.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, role, QColor(look.disabled or look.muted))
    return palette


class Theme(QObject):
    """The look in force. `changed` is emitted after the palette was set, so that icons can be drawn again."""

    changed = Signal()

    def __init__(self, app: QApplication, name: ThemeName = ThemeName.SYSTEM) -> None:
        super().__init__(app)
        self._app = app
        self.name = name
        self.look = LIGHT
        self._edged: bool | None = None
        app.setFont(ui_font())
        hints = QGuiApplication.styleHints()
        hints.colorSchemeChanged.connect(self._follow)
        hints.accessibility().contrastPreferenceChanged.connect(self._follow)
        self.set(name)

    def set(self, name: ThemeName) -> None:
        """Take a look at once; nothing restarts."""
        self.name = name
        self.look = self._resolve()
        _current[0] = self.look
        self._take_style(edged=self.look is not LIGHT)
        self._app.setPalette(palette_of(self.look))
        self.changed.emit()

    @property
    def zoomed(self) -> float:
        """Points by which all words are larger than on the first day."""
        return _zoom[0]

    def zoom(self, points: float) -> None:
        """Make all words larger or smaller at once."""
        wanted = min(max(points, LEAST_ZOOM), MOST_ZOOM)
        by = wanted - _zoom[0]
        if not by:
            return
        _zoom[0] = wanted
        self._app.setFont(ui_font())
        for widget in self._app.allWidgets():
            # Those with a font of their own do not follow the program's.
            if widget.testAttribute(Qt.WidgetAttribute.WA_SetFont):
                font = widget.font()
                font.setPointSizeF(font.pointSizeF() + by)
                widget.setFont(font)
        self.changed.emit()

    def _take_style(self, *, edged: bool) -> None:
        if edged is self._edged:
            return
        self._edged = edged
        if not edged:
            self._app.setStyle(QStyleFactory.create("Fusion"))
            return
        from dsm_desktop.ui.contrast import ContrastStyle

        self._app.setStyle(ContrastStyle())

    def _follow(self) -> None:
        if self.name is ThemeName.SYSTEM:
            self.set(ThemeName.SYSTEM)

    def _resolve(self) -> Look:
        if self.name is ThemeName.LIGHT:
            return LIGHT
        if self.name is ThemeName.DARK:
            return DARK
        if self.name is ThemeName.CONTRAST:
            return CONTRAST
        hints = QGuiApplication.styleHints()
        if hints.accessibility().contrastPreference() == Qt.ContrastPreference.HighContrast:
            return CONTRAST
        return DARK if hints.colorScheme() == Qt.ColorScheme.Dark else LIGHT


_current: list[Look] = [LIGHT]


def look() -> Look:
    """The look in force."""
    return _current[0]


def tone_colour(tone: Tone) -> str:
    """The colour of a meaning in the look in force, #rrggbb."""
    now = look()
    return {
        Tone.PLAIN: now.text,
        Tone.MUTED: now.muted,
        Tone.OK: now.ok,
        Tone.WARNING: now.warning,
        Tone.CRITICAL: now.critical,
        Tone.INFO: now.info,
    }[tone]


_zoom = [0.0]
_still = [False]
_EFFECTS = (
    Qt.UIEffect.UI_AnimateMenu,
    Qt.UIEffect.UI_FadeMenu,
    Qt.UIEffect.UI_AnimateCombo,
    Qt.UIEffect.UI_AnimateTooltip,
    Qt.UIEffect.UI_FadeTooltip,
    Qt.UIEffect.UI_AnimateToolBox,
)


def reduce_motion(on: bool) -> None:
    """Nothing runs to and fro, blinks or fades in (a setting of the site). Bars that are busy already take it at once."""
    _still[0] = on
    app = QApplication.instance()
    if not isinstance(app, QApplication):
        return
    app.setCursorFlashTime(0 if on else _CURSOR_MS)
    for effect in _EFFECTS:
        app.setEffectEnabled(effect, not on)
    for widget in app.allWidgets():
        if isinstance(widget, QProgressBar) and widget.property(_BUSY):
            show_busy(widget)


def show_busy(bar: QProgressBar) -> None:
    """Work is going on and cannot be counted: the bar runs to and fro, or stands still and half full."""
    bar.setProperty(_BUSY, True)
    if _still[0]:
        bar.setRange(0, 2)
        bar.setValue(1)
    else:
        bar.setRange(0, 0)


def show_counted(bar: QProgressBar, done: int, total: int) -> None:
    """So much of so much is done."""
    bar.setProperty(_BUSY, False)
    bar.setRange(0, total)
    bar.setValue(done)


_BUSY = "dsmBusy"
_CURSOR_MS = 1_000
_row_height = [ROW_HEIGHT]


def row_height() -> int:
    """Pixels of a row in every grid; never less than its words need."""
    return max(_row_height[0], QFontMetrics(ui_font()).height() + SPACE // 2)


def set_row_height(pixels: int) -> None:
    """A setting of the site; grids made before are told by the window."""
    _row_height[0] = pixels


@cache
def _families() -> tuple[str, str]:
    """Names of the shipped proportional and fixed fonts; the system's where the files are missing."""
    names: list[str] = []
    for file in ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf", "DejaVuSansMono.ttf"):
        number = QFontDatabase.addApplicationFont(str(resources() / "fonts" / file))
        names += QFontDatabase.applicationFontFamilies(number) if number >= 0 else []
    plain = next((n for n in names if "Mono" not in n), QFont().family())
    system_fixed = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont).family()
    return plain, next((n for n in names if "Mono" in n), system_fixed)


def ui_font(*, step: float = 0, bold: bool = False) -> QFont:
    """The shipped font; `step` points larger or smaller than the text size."""
    font = QFont(_families()[0])
    font.setPointSizeF(FONT_POINT + _zoom[0] + step)
    font.setBold(bold)
    return font


def fixed_font() -> QFont:
    """For bodies, logs and fingerprints."""
    font = QFont(_families()[1])
    font.setPointSizeF(FONT_POINT + _zoom[0])
    return font
