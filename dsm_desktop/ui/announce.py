"""What appears without being asked for, said to a screen reader: the one place that speaks to it."""

from __future__ import annotations

from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent
from PySide6.QtWidgets import QWidget

from dsm_desktop.ui.theme import Tone


def announce(about: QWidget, text: str, tone: Tone) -> None:
    """Have `text` read aloud: an error at once, the rest when the reader has ended its sentence. Where no screen reader is at
    work nothing happens. The caller sees to it that nothing is said while the window is locked."""
    event = QAccessibleAnnouncementEvent(about, text)
    assertive = tone is Tone.CRITICAL
    kinds = QAccessible.AnnouncementPoliteness
    event.setPoliteness(kinds.Assertive if assertive else kinds.Polite)
    deliver(event)


def deliver(event: QAccessibleAnnouncementEvent) -> None:
    """Hand an announcement to the platform's accessibility."""
    QAccessible.updateAccessibility(event)
