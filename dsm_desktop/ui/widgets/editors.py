"""One editor per kind of value: from a pydantic field to a control, and back to a plain value."""

from __future__ import annotations

import enum
import re
import types
import typing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined
from PySide6.QtCore import QDate, QDateTime, QSize, QTimeZone, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDateTimeEdit,
    QDoubleSpinBox,
    QFileDialog,
    QHBoxLayout,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from dsm_desktop.core.worded import Worded
from dsm_desktop.ui.theme import fixed_font

_INT_MAX = 2_147_483_647
_ZERO = re.compile(r"0 ?[=:] ([^.;]+)")
"""What a zero means, where a description says so first: "0 = no limit"."""


class Editor(QWidget):
    """A control with a plain value; `control` takes the focus and the names."""

    changed = Signal()
    inline = False  # the title stands in the control itself (a tick box)

    def __init__(self, control: QWidget) -> None:
        super().__init__()
        self.control = control
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(control)
        self.setFocusProxy(control)

    def value(self) -> Any:
        """What the model is given; None = nothing entered."""
        return None

    def set_value(self, value: Any) -> None:
        """Show a value of the model."""


class TickEditor(Editor):
    inline = True

    def __init__(self, title: str) -> None:
        self._box = QCheckBox(title)
        super().__init__(self._box)
        self._box.toggled.connect(lambda _: self.changed.emit())

    def value(self) -> bool:
        return self._box.isChecked()

    def set_value(self, value: Any) -> None:
        self._box.setChecked(bool(value))


class _Decimal(QDoubleSpinBox):
    """Without decimals that say nothing."""

    def textFromValue(self, value: float) -> str:
        text, point = super().textFromValue(value), self.locale().decimalPoint()
        return text.rstrip("0").removesuffix(point) if point in text else text

    def sizeHint(self) -> QSize:
        """Qt measures the bounds, which may be whole numbers where what is between is not."""
        hint = super().sizeHint()
        decimals = self.locale().decimalPoint() + "0" * self.decimals()
        return hint + QSize(self.fontMetrics().horizontalAdvance(decimals), 0)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()


class NumberEditor(Editor):
    def __init__(self, info: FieldInfo, unit: str, *, whole: bool) -> None:
        low, high = _bounds(info, whole=whole)
        self._spin: QSpinBox | QDoubleSpinBox
        if whole:
            spin = QSpinBox()
            spin.setRange(int(low), int(high))
            self._spin = spin
        else:
            double = _Decimal()
            double.setDecimals(2)
            double.setRange(low, high)
            self._spin = double
        if unit:
            self._spin.setSuffix(f" {unit}")
        none = _ZERO.match(info.description or "")
        if none is not None and self._spin.minimum() == 0:
            self._spin.setSpecialValueText(none[1])
        self._spin.setMaximumWidth(180)
        super().__init__(self._spin)
        typing.cast(QHBoxLayout, self.layout()).addStretch()
        self._spin.valueChanged.connect(lambda _: self.changed.emit())

    def value(self) -> float:
        return self._spin.value()

    def set_value(self, value: Any) -> None:
        self._spin.setValue(value)


class ChoiceEditor(Editor):
    def __init__(self, choices: list[tuple[str, Any]], *, optional: bool) -> None:
        self._box = QComboBox()
        if optional:
            self._box.addItem("—", None)
        for title, value in choices:
            self._box.addItem(title, value)
        super().__init__(self._box)
        self._box.currentIndexChanged.connect(lambda _: self.changed.emit())

    def value(self) -> Any:
        return self._box.currentData()

    def set_value(self, value: Any) -> None:
        plain = value.value if isinstance(value, enum.Enum) else value
        self._box.setCurrentIndex(max(0, self._box.findData(plain)))


class TextEditor(Editor):
    def __init__(self, *, optional: bool, secret: bool = False) -> None:
        self._line = QLineEdit()
        if secret:
            self._line.setEchoMode(QLineEdit.EchoMode.Password)
        self._optional = optional
        super().__init__(self._line)
        self._line.textChanged.connect(lambda _: self.changed.emit())

    def value(self) -> str | None:
        text = self._line.text().strip()
        return None if self._optional and not text else text

    def set_value(self, value: Any) -> None:
        self._line.setText("" if value is None else str(value))


class FolderEditor(TextEditor):
    """A folder of this machine, typed or chosen."""

    def __init__(self, title: str, *, optional: bool) -> None:
        super().__init__(optional=optional)
        self._title = title
        self.choose = QPushButton("Choose…")
        self.choose.setAutoDefault(False)
        self.choose.setAccessibleName(f"Choose: {title}")
        self.choose.clicked.connect(self._ask)
        typing.cast(QHBoxLayout, self.layout()).addWidget(self.choose)

    def _ask(self) -> None:
        if name := self._chosen():
            self.set_value(name)

    def _chosen(self) -> str:
        return QFileDialog.getExistingDirectory(self, self._title, self.value() or "")


class FileEditor(FolderEditor):
    """A file of this machine, typed or chosen; `kinds` as the file dialog wants them: "Offline bundles (*.zip)"."""

    def __init__(self, title: str, kinds: str, *, optional: bool) -> None:
        super().__init__(title, optional=optional)
        self._kinds = kinds

    def _chosen(self) -> str:
        asked = f"{self._kinds};;All files (*)"
        return QFileDialog.getOpenFileName(self, self._title, self.value() or "", asked)[0]


class LinesEditor(Editor):
    """Several lines; as one text, or as a list of lines."""

    def __init__(self, *, as_list: bool) -> None:
        self._text = QPlainTextEdit()
        self._text.setFont(fixed_font())
        self._text.setTabChangesFocus(True)
        self._text.setMinimumHeight(84)
        self._text.setMaximumHeight(140)
        self._as_list = as_list
        super().__init__(self._text)
        self._text.textChanged.connect(self.changed.emit)

    def value(self) -> Any:
        text = self._text.toPlainText().strip()
        return [line.strip() for line in text.splitlines() if line.strip()] if self._as_list else text

    def set_value(self, value: Any) -> None:
        shown = "\n".join(str(v) for v in value) if self._as_list else str(value or "")
        self._text.setPlainText(shown)


class TicksEditor(Editor):
    """Several of a few choices."""

    def __init__(self, choices: list[tuple[str, Any]]) -> None:
        whole = QWidget()
        column = QVBoxLayout(whole)
        column.setContentsMargins(0, 0, 0, 0)
        self._boxes: list[tuple[QCheckBox, Any]] = []
        for title, value in choices:
            box = QCheckBox(title)
            box.toggled.connect(lambda _: self.changed.emit())
            column.addWidget(box)
            self._boxes.append((box, value))
        super().__init__(whole)
        if self._boxes:
            self.setFocusProxy(self._boxes[0][0])

    def value(self) -> list[Any]:
        return [value for box, value in self._boxes if box.isChecked()]

    def set_value(self, value: Any) -> None:
        chosen = {v.value if isinstance(v, enum.Enum) else v for v in value or ()}
        for box, plain in self._boxes:
            box.setChecked(plain in chosen)


class TimeEditor(Editor):
    """A local date and time, given on as aware UTC."""

    def __init__(self) -> None:
        self._edit = QDateTimeEdit(QDateTime.currentDateTime().addSecs(3600))
        self._edit.setCalendarPopup(True)
        self._edit.setDisplayFormat("yyyy-MM-dd HH:mm")
        super().__init__(self._edit)
        self._edit.dateTimeChanged.connect(lambda _: self.changed.emit())

    def value(self) -> datetime:
        seconds = self._edit.dateTime().toSecsSinceEpoch()
        return datetime.fromtimestamp(seconds).astimezone()

    def set_value(self, value: Any) -> None:
        if isinstance(value, datetime):
            self._edit.setDateTime(
                QDateTime.fromSecsSinceEpoch(int(value.timestamp()), QTimeZone.systemTimeZone())
            )


class StartEditor(TimeEditor):
    """When work begins, never in the past: an hour that is over today is tomorrow's, as it is meant at night."""

    def __init__(self) -> None:
        super().__init__()
        self._edit.setMinimumDate(QDate.currentDate())
        self._edit.editingFinished.connect(lambda: self.set_value(self.value()))

    def value(self) -> datetime:
        # By the wall clock, also in the night when it is changed.
        chosen, now = self._edit.dateTime(), QDateTime.currentDateTime().addSecs(-60)
        if chosen < now:
            chosen = chosen.addDays(chosen.date().daysTo(now.date()))
            chosen = chosen if chosen >= now else chosen.addDays(1)
        return datetime.fromtimestamp(chosen.toSecsSinceEpoch()).astimezone()

    def focus_hour(self) -> None:
        """Ready to type hour and minute: the day is more often right than they are."""
        self._edit.setFocus()
        self._edit.setSelectedSection(QDateTimeEdit.Section.HourSection)


def editor_for(title: str, info: FieldInfo) -> Editor:
    """The control for a field by its type: tick, number with its bounds and unit, choice, text, lines, ticks, time."""
    kind, optional = _unwrapped(info.annotation)
    extra = info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if extra.get("widget") == "picks":
        from dsm_desktop.ui.widgets.picks import PicksEditor

        return PicksEditor(title)
    if extra.get("widget") == "record":
        from dsm_desktop.ui.widgets.records import RecordEditor

        return RecordEditor(str(extra.get("none", "")))
    if extra.get("widget") == "folder":
        return FolderEditor(title, optional=optional)
    if extra.get("widget") == "file":
        return FileEditor(title, str(extra.get("kinds", "Files (*)")), optional=optional)
    if kind is bool and not optional:
        return TickEditor(title)
    if choices := _choices(kind):
        return ChoiceEditor(choices, optional=optional)
    if kind in (int, float) and not optional:
        return NumberEditor(info, str(extra.get("unit", "")), whole=kind is int)
    if origin in (list, tuple, set, frozenset):
        inner = _choices(arguments[0]) if arguments else []
        return TicksEditor(inner) if inner else LinesEditor(as_list=True)
    if kind is datetime and not optional:
        return TimeEditor()
    if extra.get("multiline"):
        return LinesEditor(as_list=False)
    return TextEditor(optional=optional, secret=bool(extra.get("secret")))


def initial_of(info: FieldInfo) -> Any:
    """The field's default, PydanticUndefined where it has none."""
    value = info.get_default(call_default_factory=True, validated_data={})
    return value.total_seconds() if isinstance(value, timedelta) else value


def has_initial(value: Any) -> bool:
    return value is not PydanticUndefined and value is not None


def _unwrapped(kind: Any) -> tuple[Any, bool]:
    """`X | None` -> (X, True)."""
    if typing.get_origin(kind) in (typing.Union, types.UnionType):
        inner = [a for a in typing.get_args(kind) if a is not type(None)]
        if len(inner) == 1:
            return inner[0], True
    if kind is Path:
        return str, False
    return kind, False


def _choices(kind: Any) -> list[tuple[str, Any]]:
    if isinstance(kind, type) and issubclass(kind, Worded):
        return [(member.words, member.value) for member in kind]
    return []


def _bounds(info: FieldInfo, *, whole: bool) -> tuple[float, float]:
    """From Ge, Gt, Le and Lt; spin boxes cannot be open-ended."""
    low, high = (-_INT_MAX, _INT_MAX) if whole else (-1e12, 1e12)
    step = 1 if whole else 0.01
    for rule in info.metadata:
        if getattr(rule, "ge", None) is not None:
            low = rule.ge
        if getattr(rule, "gt", None) is not None:
            low = rule.gt + step
        if getattr(rule, "le", None) is not None:
            high = rule.le
        if getattr(rule, "lt", None) is not None:
            high = rule.lt - step
    return low, high
