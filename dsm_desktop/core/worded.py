"""Values that a person chooses, each with its own words, so that no form, title or report shows a name made for programs."""

from __future__ import annotations

import enum
from typing import Self


class Worded(enum.StrEnum):
    """`STOP = "stop", "Stop the run"`: the value is what the store, JSON and the command line hold, `words` what a person reads."""

    _value_: str
    words: str

    def __new__(cls, value: str, words: str = "") -> Self:
        member = str.__new__(cls, value)
        member._value_ = value
        member.words = words
        return member
