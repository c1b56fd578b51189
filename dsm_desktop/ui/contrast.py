"""Edges for the dark looks: Fusion makes its outlines darker than the window, which on dark is not seen."""

from __future__ import annotations

from PySide6.QtCore import QRect
from PySide6.QtGui import QColor, QPainter, QPen
from PySide6.QtWidgets import QProxyStyle, QStyle, QStyleOption, QStyleOptionComplex, QWidget

from dsm_desktop.ui import theme

_EDGED = {
    QStyle.PrimitiveElement.PE_PanelLineEdit,
    QStyle.PrimitiveElement.PE_PanelButtonCommand,
    QStyle.PrimitiveElement.PE_FrameGroupBox,
    QStyle.PrimitiveElement.PE_FrameTabWidget,
    QStyle.PrimitiveElement.PE_FrameMenu,
    QStyle.PrimitiveElement.PE_Frame,
}
_TICKED = {
    QStyle.PrimitiveElement.PE_IndicatorCheckBox,
    QStyle.PrimitiveElement.PE_IndicatorItemViewItemCheck,
}
_COMPLEX = {QStyle.ComplexControl.CC_ComboBox, QStyle.ComplexControl.CC_SpinBox}


class ContrastStyle(QProxyStyle):
    """Fusion with a visible edge around every control, and a stronger one around what is ticked."""

    def __init__(self) -> None:
        super().__init__("Fusion")

    def drawPrimitive(
        self,
        element: QStyle.PrimitiveElement,
        option: QStyleOption,
        painter: QPainter,
        widget: QWidget | None = None,
    ) -> None:
        super().drawPrimitive(element, option, painter, widget)
        if element in _EDGED:
            _edge(painter, option.rect, _border(option))
        elif element in _TICKED:
            _edge(painter, option.rect, theme.look().muted)
        elif element == QStyle.PrimitiveElement.PE_IndicatorRadioButton:
            _edge(painter, option.rect, theme.look().muted, round_=True)

    def drawComplexControl(
        self,
        control: QStyle.ComplexControl,
        option: QStyleOptionComplex,
        painter: QPainter,
        widget: QWidget | None = None,
    ) -> None:
        super().drawComplexControl(control, option, painter, widget)
        if control in _COMPLEX:
            _edge(painter, option.rect, _border(option))


def _border(option: QStyleOption) -> str:
    """What cannot be used now is told by its edge too: in high contrast, words alone are hard to tell apart."""
    look = theme.look()
    enabled = bool(option.state & QStyle.StateFlag.State_Enabled)
    return look.border if enabled else look.disabled or look.border


def _edge(painter: QPainter, area: QRect, colour: str, *, round_: bool = False) -> None:
    painter.save()
    painter.setPen(QPen(QColor(colour)))
    painter.setBrush(QColor(0, 0, 0, 0))
    if round_:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.drawEllipse(area.adjusted(0, 0, -1, -1))
    else:
        painter.drawRect(area.adjusted(0, 0, -1, -1))
    painter.restore()
