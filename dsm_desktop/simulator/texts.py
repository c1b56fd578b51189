"""What a message of an iDRAC is made of."""

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
