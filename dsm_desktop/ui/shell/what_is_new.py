"""The release notes: behind Help, and once, quietly, at the first start after an update."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from dsm_desktop import __version__
from dsm_desktop.ui.desk import Desk, News
from dsm_desktop.ui.theme import Tone

_KEPT = "told/version"
"""The version whose news were told; beside the layout, so that resetting that tells nothing again."""


def show_notes(parent: QWidget) -> None:
    """In the manual's window."""
    # The manual is read when it is asked for, not at every start.
    from dsm_desktop.queries.manual import NOTES
    from dsm_desktop.ui.views.manual import ManualWindow

    ManualWindow.open_topic(NOTES, parent)


def tell_update(desk: Desk, parent: QWidget) -> None:
    """News in the corner where another version was at work on this profile the last time; none at the very first start. Told
    once, it stays until it is closed: nobody may be there when the program starts."""
    before = str(desk.settings.value(_KEPT) or "")
    used = bool(before) or desk.settings.contains("window/geometry")
    desk.settings.setValue(_KEPT, __version__)
    if used and before != __version__:
        was = f" from {before}" if before else ""
        ways = (("What is new", lambda: show_notes(parent)),)
        desk.told.emit(News(f"Updated{was} to {__version__}.", Tone.INFO, ways, until_closed=True))
