"""The two boot banks: one runs, the other holds what ran before or what comes next."""

from __future__ import annotations

from typing import Final

from dsm_desktop.simulator.esxi.image import Image

CAPACITY: Final = 500 << 20


class Banks:
    """Boot banks of a host. `pending` is an image written to the other bank that the next boot takes."""

    def __init__(self, image: Image) -> None:
        self.capacity = CAPACITY
        """Bytes of one bank; tests make it smaller to have no room."""
        self.running = image
        self.other: Image | None = None
        self.pending: Image | None = None
        self.number = 1
        """The bank that runs: 1 or 2."""
        self.fell_back = False
        """The last boot of a new image failed."""

    def stage(self, image: Image) -> None:
        """Write an image to the other bank."""
        self.pending = image
        self.other = image

    def boot(self, fails: bool) -> None:
        """Start: the pending image, or, when that fails, what ran before."""
        self.fell_back = False
        if self.pending is None:
            return
        image, self.pending = self.pending, None
        if fails:
            self.fell_back = True
            return
        self.other, self.running = self.running, image
        self.number = 3 - self.number
