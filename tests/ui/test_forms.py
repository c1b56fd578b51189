"""Forms from models: a control for each kind of field, bounds, defaults, messages at the field."""

from __future__ import annotations

import typing
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from pydantic import BaseModel, Field, field_validator
from PySide6.QtCore import Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QApplication,
    QComboBox,
    QDateTimeEdit,
    QDialogButtonBox,
    QDoubleSpinBox,
    QFileDialog,
    QLineEdit,
    QSpinBox,
)
from pytestqt.qtbot import QtBot

from dsm_desktop.app.application import catalogue
from dsm_desktop.core.worded import Worded
from dsm_desktop.ui.widgets.editors import (
    ChoiceEditor,
    FileEditor,
    FolderEditor,
    LinesEditor,
    NumberEditor,
    StartEditor,
    TextEditor,
    TickEditor,
    TicksEditor,
    TimeEditor,
)
from dsm_desktop.ui.widgets.forms import Form


class Colour(Worded):
    RED = "red", "Red"
    DARK_BLUE = "dark_blue", "Blue, nearly black"


class Model(BaseModel):
    text: str = Field("x", title="Some text", description="A tip")
    maybe: str | None = None
    many: list[str] = Field(default_factory=list)
    long: str = Field("", json_schema_extra={"multiline": True})
    count: int = Field(3, ge=1, le=9, json_schema_extra={"unit": "servers"})
    ratio: float = Field(0.5, gt=0, lt=1)
    on: bool = True
    colour: Colour = Colour.DARK_BLUE
    colours: list[Colour] = Field(default_factory=lambda: [Colour.RED])
    at: datetime = Field(default_factory=lambda: datetime.now().astimezone())

    @field_validator("text")
    @classmethod
    def _not_bad(cls, value: str) -> str:
        if value == "bad":
            raise ValueError("'bad' is not good enough.")
        return value


def test_each_kind_of_field_has_its_control_and_comes_back_as_it_was(qtbot: QtBot) -> None:
    form = Form(Model)
    qtbot.addWidget(form)
    kinds = {
        "text": TextEditor, "maybe": TextEditor, "many": LinesEditor, "long": LinesEditor, "count": NumberEditor,
        "ratio": NumberEditor, "on": TickEditor, "colour": ChoiceEditor, "colours": TicksEditor,
        "at": TimeEditor,
    }  # fmt: skip
    assert {name: type(form.editor(name)) for name in kinds} == kinds
    spin = form.editor("count").control
    assert isinstance(spin, QSpinBox)
    assert (spin.minimum(), spin.maximum(), spin.suffix()) == (1, 9, " servers")
    made = form.validated()
    assert isinstance(made, Model)
    assert (made.text, made.maybe, made.many, made.colour, made.colours) == (
        "x", None, [], Colour.DARK_BLUE, [Colour.RED],
    )  # fmt: skip
    box = form.editor("colour").control
    assert isinstance(box, QComboBox)
    assert [box.itemText(n) for n in range(box.count())] == ["Red", "Blue, nearly black"]
    form.editor("many").set_value(["a", "b"])
    form.editor("colour").set_value(Colour.RED)
    again = form.validated()
    assert isinstance(again, Model)
    assert (again.many, again.colour) == (["a", "b"], Colour.RED)


def test_a_wrong_value_is_told_at_its_field_until_it_is_edited(qtbot: QtBot) -> None:
    form = Form(Model, {"text": "bad"})
    qtbot.addWidget(form)
    form.show()
    assert form.validated() is None
    message = form._messages["text"]
    assert message.text() == "✕ 'bad' is not good enough."
    assert message.isVisible()
    form.editor("text").set_value("good")
    assert not message.isVisible()
    assert form.validated() is not None


class Amounts(BaseModel):
    limit: int = Field(0, ge=0, le=99, description="0 = no limit")
    pause: float = Field(0, ge=0, le=99, json_schema_extra={"unit": "seconds"})
    folder: str = Field("", title="Folder", json_schema_extra={"widget": "folder"})


def test_a_zero_says_what_it_means_and_decimals_only_what_they_hold(qtbot: QtBot) -> None:
    form = Form(Amounts)
    qtbot.addWidget(form)
    limit, pause = form.editor("limit").control, form.editor("pause").control
    assert isinstance(limit, QSpinBox)
    assert isinstance(pause, QDoubleSpinBox)
    assert (limit.text(), pause.text()) == ("no limit", "0 seconds")
    limit.setValue(3)
    pause.setValue(2.5)
    assert (limit.text(), pause.text()) == ("3", f"2{pause.locale().decimalPoint()}5 seconds")
    pause.setValue(20)
    assert pause.text() == "20 seconds"


def test_a_folder_is_typed_or_chosen(qtbot: QtBot, tmp_path: Path) -> None:
    form = Form(Amounts)
    qtbot.addWidget(form)
    form.show()
    editor = form.editor("folder")
    assert isinstance(editor, FolderEditor)

    def choose() -> None:
        asked = QApplication.activeModalWidget()
        assert isinstance(asked, QFileDialog)
        line = asked.findChild(QLineEdit, "fileNameEdit")
        assert line is not None
        line.setText(str(tmp_path))
        box = asked.findChild(QDialogButtonBox)
        assert box is not None
        QTest.mouseClick(box.buttons()[0], Qt.MouseButton.LeftButton)

    QTimer.singleShot(300, choose)
    editor.choose.click()
    assert editor.value() == str(tmp_path)


@pytest.mark.parametrize("kind", ["esxi_upgrade", "rolling_update"])
def test_a_depot_file_is_asked_for_once_and_can_be_chosen(kind: str, qtbot: QtBot) -> None:
    form = Form(catalogue()[kind].params)
    qtbot.addWidget(form)
    assert isinstance(form.editor("depot_file"), FileEditor)


@pytest.mark.parametrize("kind", sorted(catalogue()))
def test_every_folder_of_this_machine_can_be_chosen(kind: str, qtbot: QtBot) -> None:
    params = catalogue()[kind].params
    if "folder" in params.model_fields and kind != "iso_upload":  # whose folder lies on a datastore
        form = Form(params)
        qtbot.addWidget(form)
        assert isinstance(form.editor("folder"), FolderEditor)


def test_an_hour_that_is_over_today_is_tomorrows(qtbot: QtBot) -> None:
    editor = StartEditor()
    qtbot.addWidget(editor)
    editor.show()
    now = datetime.now().astimezone().replace(second=0, microsecond=0)
    over = max(now - timedelta(hours=1), now.replace(hour=0, minute=0))  # of today, also right after midnight
    meant = over + timedelta(days=1) if now - over > timedelta(minutes=1) else over
    editor.set_value(over)
    assert editor.value() == meant
    editor.control.setFocus()
    QTest.keyClick(editor.control, Qt.Key.Key_Return)
    shown = typing.cast(QDateTimeEdit, editor.control).dateTime().toSecsSinceEpoch()
    assert shown == int(meant.timestamp()), "what is shown is what is meant"
    later = now + timedelta(days=3)
    editor.set_value(later)
    assert editor.value() == later


def test_what_a_job_declares_itself_stands_first_and_in_its_order(qtbot: QtBot) -> None:
    """Also where it gives a field of its base another default."""
    form = Form(catalogue()["site_standard_apply"].params)
    qtbot.addWidget(form)
    assert list(form._blocks)[:4] == ["standard", "fix", "only", "when"]
