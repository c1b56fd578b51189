"""News of the jobs one has handed in: how they ended, and what they ask."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QObject, QTimer

from dsm_desktop.core.states import JobState
from dsm_desktop.queries import Connection
from dsm_desktop.queries.answers import DEADLINE, Answer, answers_of
from dsm_desktop.queries.calls import failed_call
from dsm_desktop.queries.jobs import (
    OPEN,
    DecisionRow,
    JobRow,
    RestoreRow,
    left_standing,
    list_jobs,
    open_decisions,
)
from dsm_desktop.ui import words
from dsm_desktop.ui.bridge import Change
from dsm_desktop.ui.desk import Desk
from dsm_desktop.ui.shell.quiet import QuietHours
from dsm_desktop.ui.theme import Tone

_ONE_BY_ONE = 3
_LONGEST = 120
_LOOK_MS = 30_000
Actions = tuple[tuple[str, Callable[[], object]], ...]


class JobNews(QObject):
    """Tells once when a job of this person ends, and once for each new question and each answer given elsewhere; never of what
    ended before the start."""

    def __init__(self, desk: Desk, parent: QObject) -> None:
        super().__init__(parent)
        self._desk = desk
        self._open: set[int] = set()
        self._asked: set[int] | None = None
        self.quiet, self._missed = QuietHours(), 0
        self._looks = QTimer(self, interval=_LOOK_MS)
        self._looks.timeout.connect(self.tell_missed)
        desk.bridge.changed.connect(self._changed)
        desk.work.query(self, lambda c: list_jobs(c, open_only=True), self._first, lambda _: None)
        desk.work.query(self, open_decisions, self._questions, lambda _: None, key="questions")
        desk.work.query(self, left_standing, self._standing, lambda _: None, key="standing")

    def _standing(self, rows: list[RestoreRow]) -> None:
        """At the start: what work that has ended left changed."""
        if rows:
            first = f"{rows[0].server}: {rows[0].what}" if rows[0].server else rows[0].what
            more = f" and {len(rows) - 1} more" if len(rows) > 1 else ""
            show = partial(self._desk.area_opened.emit, "activity/restore-list")
            self._desk.tell(
                f"Still to be put back from work that has ended: {first}{more}.", Tone.CRITICAL, actions=(("Restore list", show),)
            )  # fmt: skip

    def _say(self, text: str, tone: Tone, actions: Actions) -> None:
        """At once; in quiet hours only a failure."""
        if tone is not Tone.CRITICAL and self.quiet.now():
            self._missed += 1
            self._looks.start()
            return
        self._desk.tell(text, tone, actions=actions)

    def tell_missed(self) -> None:
        """When the quiet hours are over: how much there was."""
        if self._missed and not self.quiet.now():
            text = f"{words.plural(self._missed, 'message')} came in the quiet hours."
            self._missed = 0
            self._looks.stop()
            show = partial(self._desk.filter_wanted.emit, "jobs", "")
            self._desk.tell(text, Tone.INFO, actions=(("Show the jobs", show),))

    def _first(self, rows: list[JobRow]) -> None:
        self._open |= {row.id for row in rows}

    def _changed(self, change: Change) -> None:
        work = self._desk.work
        if change.topic == "decisions":
            work.query(self, open_decisions, self._questions, lambda _: None, key="questions")
        elif change.topic == "jobs":
            self._open |= change.added
            ids = self._open if change.many else self._open & change.ids
            if ids:
                wanted = sorted(ids)

                def ask(connection: Connection) -> list[JobRow]:
                    return list_jobs(connection, wanted)

                work.query(self, ask, self._ended, lambda _: None)

    def _ended(self, rows: list[JobRow]) -> None:
        ended = [row for row in rows if row.state not in OPEN and row.id in self._open]
        self._open -= {row.id for row in ended}
        mine = [row for row in ended if row.submitted_by == self._desk.context.principal.name]
        if len(mine) > _ONE_BY_ONE:
            bad = sum(bool(row.failed) for row in mine)
            text = f"{words.plural(len(mine), 'job')} ended" + (f", {bad} with failures." if bad else ".")
            show = partial(self._desk.filter_wanted.emit, "jobs", "")
            self._say(text, Tone.WARNING if bad else Tone.OK, (("Show", show),))
            return
        for row in mine:
            self._tell(row)

    def _tell(self, row: JobRow) -> None:
        if not row.failed:
            self._tell_with(row, None)
            return
        tell = partial(self._tell_with, row)
        self._desk.work.query(
            self, lambda c: failed_call(c, job_id=row.id), tell, lambda _: tell(None), key=f"call {row.id}"
        )

    def _tell_with(self, row: JobRow, call_id: int | None) -> None:
        desk = self._desk
        actions: list[tuple[str, Callable[[], object]]] = [("Show", partial(desk.job_opened.emit, row.id))]
        tone = Tone.OK if row.state == JobState.COMPLETED else Tone.WARNING
        if row.failed:
            tone = Tone.CRITICAL if row.failed == row.total else Tone.WARNING
            if not desk.why_not_start(row.kind):
                actions.append(("Retry failed", partial(self._retry, row.id)))
            if call_id is not None:
                actions.append(("Open the call", partial(desk.call_opened.emit, call_id)))
        detail = f": {row.message}" if row.message else ""
        text = f"{row.title} — {words.work(row.outcome).word}{detail}"
        self._say(words.shortened(text, _LONGEST), tone, tuple(actions))

    def _retry(self, job_id: int) -> None:
        desk = self._desk
        desk.work.command(
            self, lambda: desk.context.commands.retry_failed(job_id), desk.job_opened.emit, desk.fail
        )

    def _questions(self, rows: list[DecisionRow]) -> None:
        known, self._asked = self._asked, {row.id for row in rows}
        if known is None:
            return
        if gone := known - self._asked:
            self._desk.work.query(self, lambda c: answers_of(c, gone), self._answered, lambda _: None)
        for row in rows:
            if row.id not in known:
                text = f"{row.target or row.title} asks: {row.question}"
                go = partial(self._desk.filter_wanted.emit, "decisions", "")
                self._say(words.shortened(text, _LONGEST), Tone.WARNING, (("Answer", go),))

    def _answered(self, answers: list[Answer]) -> None:
        """Who has answered elsewhere what was in sight here a moment ago; and what nobody has answered."""
        for one in answers:
            show = partial(self._desk.job_opened.emit, one.job_id)
            if one.by == DEADLINE:
                text = f"Nobody answered {one.about} in time: “{one.answer}” was taken."
                self._say(words.shortened(text, _LONGEST), Tone.WARNING, (("Show", show),))
            elif one.by != self._desk.context.principal.name:
                text = f"{one.by} answered {one.about}: “{one.answer}”."
                self._say(words.shortened(text, _LONGEST), Tone.INFO, (("Show", show),))
