"""News of the jobs one has handed in: how they ended, and what they ask."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QObject

from dsm_desktop.core.states import JobState
from dsm_desktop.queries import Connection
from dsm_desktop.queries.jobs import OPEN, DecisionRow, JobRow, list_jobs, open_decisions
from dsm_desktop.ui import words
from dsm_desktop.ui.bridge import Change
from dsm_desktop.ui.desk import Desk
from dsm_desktop.ui.theme import Tone

_ONE_BY_ONE = 3
_LONGEST = 120


class JobNews(QObject):
    """Tells once when a job of this person ends, and once for each new question; never of what ended before the start."""

    def __init__(self, desk: Desk, parent: QObject) -> None:
        super().__init__(parent)
        self._desk = desk
        self._open: set[int] = set()
        self._asked: set[int] | None = None
        desk.bridge.changed.connect(self._changed)
        desk.work.query(self, lambda c: list_jobs(c, open_only=True), self._first, lambda _: None)
        desk.work.query(self, open_decisions, self._questions, lambda _: None, key="questions")

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
            self._desk.tell(
                text,
                Tone.WARNING if bad else Tone.OK,
                "Show",
                partial(self._desk.filter_wanted.emit, "jobs", ""),
            )
            return
        for row in mine:
            self._tell(row)

    def _tell(self, row: JobRow) -> None:
        desk = self._desk
        actions: list[tuple[str, Callable[[], object]]] = [("Show", partial(desk.job_opened.emit, row.id))]
        tone = Tone.OK if row.state == JobState.COMPLETED else Tone.WARNING
        if row.failed:
            tone = Tone.CRITICAL if row.failed == row.total else Tone.WARNING
            if not desk.context.read_only:
                actions.append(("Retry failed", partial(self._retry, row.id)))
        detail = f": {row.message}" if row.message else ""
        text = f"{row.title} — {words.work(row.outcome).word}{detail}"
        desk.tell(words.shortened(text, _LONGEST), tone, actions=tuple(actions))

    def _retry(self, job_id: int) -> None:
        desk = self._desk
        desk.work.command(
            self, lambda: desk.context.commands.retry_failed(job_id), desk.job_opened.emit, desk.fail
        )

    def _questions(self, rows: list[DecisionRow]) -> None:
        known, self._asked = self._asked, {row.id for row in rows}
        if known is None:
            return
        for row in rows:
            if row.id not in known:
                text = f"{row.target or 'Whole site'} asks: {row.question}"
                go = partial(self._desk.filter_wanted.emit, "decisions", "")
                self._desk.tell(words.shortened(text, _LONGEST), Tone.WARNING, "Answer", go)
