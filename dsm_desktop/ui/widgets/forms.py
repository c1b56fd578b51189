"""A form built from a pydantic model: titles, help, bounds and choices from the declaration, messages at the field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QFormLayout, QLabel, QLineEdit, QSizePolicy, QVBoxLayout, QWidget

from dsm_desktop.core.wording import field_problem
from dsm_desktop.ui import theme, words
from dsm_desktop.ui.help import FIELD
from dsm_desktop.ui.theme import SPACE, Tone, ui_font
from dsm_desktop.ui.widgets.editors import Editor, editor_for, has_initial, initial_of
from dsm_desktop.ui.widgets.labels import WrappedLabel
from dsm_desktop.ui.widgets.picks import PicksEditor
from dsm_desktop.ui.widgets.records import RecordEditor


class Form(QWidget):
    """`model` decides everything; `initial` overrides its defaults. The model's own fields come before
    inherited ones, those named in `first` before all. Fields marked `hidden` in the model are left out; one marked `when`
    ({"firmware": "packages"}; True = anything) is in sight, and counts, only while the other field says so."""

    changed = Signal()

    def __init__(
        self, model: type[BaseModel], initial: Mapping[str, Any] | None = None, first: Sequence[str] = ()
    ) -> None:
        super().__init__()
        self._model = model
        self._given = dict(initial or {})
        self._editors: dict[str, Editor] = {}
        self._blocks: dict[str, QWidget] = {}
        self._messages: dict[str, QLabel] = {}
        self._pointless: frozenset[str] = frozenset()
        self._form = QFormLayout(self)
        self._form.setContentsMargins(0, 0, 0, 0)
        self._form.setHorizontalSpacing(SPACE * 2)
        self._form.setVerticalSpacing(SPACE)
        self._form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft)
        self._form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
        own = [name for name in model.__annotations__ if name in model.model_fields]
        for name in dict.fromkeys(
            [*(n for n in first if n in model.model_fields), *own, *model.model_fields]
        ):
            self._add(name)
        self._follow()

    def _add(self, name: str) -> None:
        info = self._model.model_fields[name]
        if _hidden(info):
            return
        title = info.title or words.sentence(name)
        editor = editor_for(title, info)
        start = self._given.get(name, initial_of(info))
        if has_initial(start):
            editor.set_value(start)
        editor.control.setAccessibleName(title)
        editor.control.setProperty(FIELD, name)
        tip = info.description or ""
        editor.control.setAccessibleDescription(tip)
        editor.control.setToolTip(tip)
        if info.is_required() and isinstance(editor.control, QLineEdit):
            editor.control.setPlaceholderText("Must be filled in")
        editor.changed.connect(lambda: self._edited(name))
        message = QLabel()
        message.setWordWrap(True)
        message.setAccessibleName(f"Problem with {title}")
        message.hide()
        block = QWidget()
        # A combo box does not ask for the line's width, and the words below it must not be folded into its own.
        block.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        column = QVBoxLayout(block)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(editor)
        # A list says it itself; its tip is about what is typed on the command line.
        if tip and not isinstance(editor, RecordEditor | PicksEditor):
            column.addWidget(_tip(tip))
        column.addWidget(message)
        label = QLabel("" if editor.inline else title)
        label.setBuddy(editor.control)
        label.setSizePolicy(QSizePolicy.Policy.Minimum, QSizePolicy.Policy.Preferred)
        label.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        label.setContentsMargins(0, 4, 0, 0)
        if editor.inline:
            self._form.addRow(block)
        else:
            self._form.addRow(label, block)
        self._blocks[name] = block
        self._editors[name] = editor
        self._messages[name] = message

    @staticmethod
    def asks(model: type[BaseModel]) -> bool:
        """Whether there is anything to choose."""
        return not all(_hidden(info) for info in model.model_fields.values())

    @property
    def empty(self) -> bool:
        """Nothing to choose."""
        return not self._editors

    def sources(self) -> dict[str, str]:
        """Field → where its suggestions come from ("library:iso"), for the fields that say so."""
        found = {}
        for name in self._editors:
            extra = self._model.model_fields[name].json_schema_extra
            if isinstance(extra, dict) and extra.get("suggest"):
                found[name] = str(extra["suggest"])
        return found

    def editor(self, name: str) -> Editor:
        """The editor of a field, to set a value or the focus from outside."""
        return self._editors[name]

    def show_field(self, name: str, visible: bool) -> None:
        """Leave out of sight what other choices make pointless; its value stays."""
        if name in self._blocks:
            self._form.setRowVisible(self._blocks[name], visible)

    def focus_first(self) -> None:
        """Ready to type in the first field."""
        for editor in self._editors.values():
            editor.control.setFocus()
            return

    def values(self) -> dict[str, Any]:
        """What stands in the form; None = nothing entered, the model's default holds. Hidden fields as given."""
        hidden = {k: v for k, v in self._given.items() if k not in self._editors}
        return hidden | {
            name: None if name in self._pointless else editor.value()
            for name, editor in self._editors.items()
        }

    def validated(self) -> BaseModel | None:
        """The model, or None with messages at the fields and the focus in the first wrong one."""
        for message in self._messages.values():
            message.hide()
        given = {name: value for name, value in self.values().items() if value is not None}
        try:
            return self._model.model_validate(given)
        except ValidationError as error:
            first = ""
            for problem in error.errors():
                name = str(problem["loc"][0]) if problem["loc"] else next(iter(self._editors), "")
                first = first or name
                self._complain(name, field_problem(problem["type"], problem["msg"], problem.get("ctx", {})))
            if first in self._editors:
                self._editors[first].setFocus()
            return None

    def _complain(self, name: str, text: str) -> None:
        message = self._messages.get(name)
        if message is None:
            return
        palette = QPalette(message.palette())
        palette.setColor(QPalette.ColorRole.WindowText, theme.tone_colour(Tone.CRITICAL))
        message.setPalette(palette)
        message.setText(f"✕ {text}")
        message.show()

    def _edited(self, name: str) -> None:
        self._messages[name].hide()
        self._follow()
        self.changed.emit()

    def _follow(self) -> None:
        """What other choices make pointless is neither shown nor counted."""
        for name in self._editors:
            wanted = _when(self._model.model_fields[name])
            if not wanted:
                continue
            values = {other: self._editors[other].value() for other in wanted if other in self._editors}
            said = all(bool(v) if wanted[o] is True else v == wanted[o] for o, v in values.items())
            self._pointless = self._pointless - {name} if said else self._pointless | {name}
            self.show_field(name, said)


def _hidden(info: FieldInfo) -> bool:
    return isinstance(info.json_schema_extra, dict) and bool(info.json_schema_extra.get("hidden"))


def _when(info: FieldInfo) -> Mapping[str, Any]:
    extra = info.json_schema_extra
    rule = extra.get("when") if isinstance(extra, dict) else None
    return rule if isinstance(rule, dict) else {}


def _tip(text: str) -> QLabel:
    label = WrappedLabel(text)
    label.setFont(ui_font(step=-1))
    label.setForegroundRole(QPalette.ColorRole.PlaceholderText)
    return label
