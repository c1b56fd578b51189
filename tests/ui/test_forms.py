"""Forms from models: a control for each kind of field, bounds, defaults, messages at the field."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field, field_validator
from PySide6.QtWidgets import QSpinBox
from pytestqt.qtbot import QtBot

from dsm_desktop.ui.widgets.editors import (
    ChoiceEditor,
    LinesEditor,
    NumberEditor,
    TextEditor,
    TickEditor,
    TicksEditor,
    TimeEditor,
)
from dsm_desktop.ui.widgets.forms import Form


class Colour(enum.StrEnum):
    RED = "red"
    DARK_BLUE = "dark_blue"


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
    level: Literal["low", "high"] = "high"
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
        "ratio": NumberEditor, "on": TickEditor, "colour": ChoiceEditor, "colours": TicksEditor, "level": ChoiceEditor,
        "at": TimeEditor,
    }  # fmt: skip
    assert {name: type(form.editor(name)) for name in kinds} == kinds
    spin = form.editor("count").control
    assert isinstance(spin, QSpinBox)
    assert (spin.minimum(), spin.maximum(), spin.suffix()) == (1, 9, " servers")
    made = form.validated()
    assert isinstance(made, Model)
    assert (made.text, made.maybe, made.many, made.colour, made.colours, made.level) == (
        "x", None, [], Colour.DARK_BLUE, [Colour.RED], "high",
    )  # fmt: skip
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
