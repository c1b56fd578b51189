"""The wording of a message, and how its arguments are put in."""

from __future__ import annotations

import dataclasses
from typing import Final


@dataclasses.dataclass(frozen=True, slots=True)
class Text:
    """Wording of one message; `%1` … stand for its arguments."""

    message: str
    severity: str = "Informational"
    resolution: str = "No response action is required."


RETRY: Final = "Correct the request and retry the operation."
WAIT: Final = "Wait a few minutes and retry the operation."


def fill(message: str, args: tuple[str, ...]) -> str:
    """Put arguments into a message text."""
    for number, argument in enumerate(args, 1):
        message = message.replace(f"%{number}", argument)
    return message
