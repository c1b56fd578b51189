"""Opens consoles in the operator's browser: takes the sealed address a job of this window has left, once, and forgets it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QUrl
from PySide6.QtGui import QDesktopServices

from dsm_desktop.ui.bridge import Change
from dsm_desktop.ui.desk import Desk
from dsm_desktop.ui.theme import Tone

OpenUrl = Callable[[QUrl], bool]


class ConsoleOpener(QObject):
    """Only jobs handed in by this very window are answered: a colleague's console opens at the colleague's."""

    def __init__(self, desk: Desk, open_url: OpenUrl = QDesktopServices.openUrl) -> None:
        super().__init__(desk)
        self._desk = desk
        self._open_url = open_url
        self._ours: set[int] = set()
        desk.submitted.connect(self._handed_in)
        desk.bridge.changed.connect(self._changed)

    def _handed_in(self, kind: str, job_id: int) -> None:
        if kind == "console_launch":
            self._ours.add(job_id)
            self._take()

    def _changed(self, change: Change) -> None:
        if change.topic == "console_tickets" and (change.added or change.many) and self._ours:
            self._take()

    def _take(self) -> None:
        commands, jobs = self._desk.context.commands, sorted(self._ours)
        self._desk.work.command(
            self,
            lambda: [url for job in jobs for url in commands.take_consoles(job)],
            self._open,
            self._desk.fail,
        )

    def _open(self, urls: list[str]) -> None:
        for url in urls:
            if not self._open_url(QUrl.fromEncoded(url.encode())):
                self._desk.tell("No browser could be started for the console.", Tone.CRITICAL)
