"""What appears by itself is said to a screen reader: once, in the right tone, and never while the window is locked."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent
from PySide6.QtWidgets import QApplication, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from dsm_desktop.core.errors import DsmError
from dsm_desktop.ui import announce
from dsm_desktop.ui.desk import News
from dsm_desktop.ui.shell.news import NewsCorner
from dsm_desktop.ui.theme import Tone
from dsm_desktop.ui.widgets.states import Banner

_POLITE = QAccessible.AnnouncementPoliteness.Polite
_AT_ONCE = QAccessible.AnnouncementPoliteness.Assertive
Heard = list[tuple[str, QAccessible.AnnouncementPoliteness]]


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> Heard:
    """What is handed to the platform, which gets it all the same."""
    said: Heard = []
    through = announce.deliver

    def listen(event: QAccessibleAnnouncementEvent) -> None:
        said.append((event.message(), event.politeness()))
        through(event)

    monkeypatch.setattr(announce, "deliver", listen)
    return said


@pytest.fixture
def window(qtbot: QtBot) -> QWidget:
    made = QWidget()
    QVBoxLayout(made)
    qtbot.addWidget(made)
    made.show()
    return made


def _banner(window: QWidget) -> Banner:
    made = Banner()
    layout = window.layout()
    assert layout is not None
    layout.addWidget(made)
    return made


def test_a_card_of_news_is_announced(window: QWidget, heard: Heard) -> None:
    corner = NewsCorner(window)
    corner.tell(News("r750-01 is up", Tone.OK))
    corner.tell(News("r750-02 failed", Tone.CRITICAL))
    assert heard == [("r750-01 is up", _POLITE), ("r750-02 failed", _AT_ONCE)]


def test_no_card_of_several_is_squeezed(window: QWidget) -> None:
    window.resize(900, 700)
    corner = NewsCorner(window)
    for number in range(3):
        text = f"Update of esx-production-0{number}.example.test — Failed: 0 of 1 done, 1 failed"
        corner.tell(News(text, Tone.CRITICAL, actions=(("Show", print), ("Retry failed", print))))
    QApplication.processEvents()
    cards = corner._cards()
    assert len(cards) == 3
    for card in cards:
        assert card.height() >= card.heightForWidth(card.width()) > 40, card.accessibleName()


def test_news_of_a_locked_window_is_announced_when_it_is_opened(window: QWidget, heard: Heard) -> None:
    corner = NewsCorner(window)
    locked = True
    corner.locked = lambda: locked
    corner.tell(News("r750-01 failed", Tone.CRITICAL))
    assert heard == []
    locked = False
    corner.catch_up()
    assert heard == [("r750-01 failed", _AT_ONCE)]


def test_a_banner_is_announced_once_for_what_it_says(window: QWidget, heard: Heard) -> None:
    banner = _banner(window)
    banner.say("Saved.", Tone.OK)
    banner.say("Saved.", Tone.OK)
    banner.say("The list is old.", Tone.WARNING)
    error = DsmError("The store does not answer.", hint="Is it running?")
    banner.fail(error)
    banner.fail(error)
    assert heard == [("Saved.", _POLITE), ("The list is old.", _POLITE), (str(error), _AT_ONCE)]
    banner.hide()
    banner.fail(error)
    assert heard[3:] == [(str(error), _AT_ONCE)], "the same trouble after it was over is news"


def test_a_banner_out_of_sight_is_announced_when_it_comes_into_sight(window: QWidget, heard: Heard) -> None:
    banner = _banner(window)
    window.hide()
    banner.say("The list is old.")
    assert heard == []
    window.show()
    assert heard == [("The list is old.", _POLITE)]
    window.hide()
    window.show()
    assert len(heard) == 1


def test_a_banner_under_the_cover_of_a_locked_window_waits(window: QWidget, heard: Heard) -> None:
    banner = _banner(window)
    window.setEnabled(False)  # as the lock does with all that lies under its cover
    banner.say("r750-01 is not trusted.", Tone.CRITICAL)
    assert heard == []
    window.setEnabled(True)
    assert heard == [("r750-01 is not trusted.", _AT_ONCE)]


def test_the_platform_takes_an_announcement(window: QWidget) -> None:
    event = QAccessibleAnnouncementEvent(window, "r750-01 is up")
    assert (event.type(), event.object()) == (QAccessible.Event.Announcement, window)
    was = QAccessible.isActive()
    QAccessible.setActive(True)
    try:
        announce.deliver(event)
    finally:
        QAccessible.setActive(was)
