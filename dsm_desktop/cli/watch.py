"""Follow a job on the terminal: here when nobody else runs it, otherwise by watching the store."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Sequence

from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from dsm_desktop.app.application import TERMINAL_KIND, Application
from dsm_desktop.cli import output
from dsm_desktop.cli.questions import lines_of
from dsm_desktop.cli.session import Session
from dsm_desktop.core.result_text import result_text
from dsm_desktop.core.states import CancelGrade, JobState
from dsm_desktop.queries.jobs import JobRow, TaskRow, job_tasks, list_jobs, open_decisions
from dsm_desktop.queries.maintenance import questions_of
from dsm_desktop.queries.waiting import Holder, holders
from dsm_desktop.store import runners
from dsm_desktop.workers.runner import Runner


def follow(session: Session, job_id: int, *, as_json: bool) -> int:
    """Wait for a job and show how it ended; the exit code says whether all of it succeeded. Ctrl+C cancels it."""
    app = session.unlocked()
    app.listen()
    help_out = _Help(app)
    try:
        row = _wait(app, job_id, help_out, quiet=as_json or not sys.stderr.isatty())
    except KeyboardInterrupt:
        app.commands.cancel(job_id, CancelGrade.AFTER_STEP)
        output.say(f"Job {job_id} stops after the step that runs.")
        row = _wait(app, job_id, help_out, quiet=True)
    finally:
        if help_out.runner is not None:
            help_out.runner.stop()
    return report(app, row, as_json=as_json)


def report(app: Application, row: JobRow, *, as_json: bool) -> int:
    """Print a finished job with its targets; returns the exit code."""
    tasks = _tasks(app, row.id)
    if as_json:
        output.show_json({"job": row, "tasks": tasks})
    else:
        shown = tasks if len(tasks) <= 20 else [t for t in tasks if t.state != JobState.COMPLETED.value]
        if shown:
            cells = [(t.target or row.title, t.state, t.outcome) for t in shown]
            output.show_table(f"Job {row.id}: {row.title}", ("target", "state", "outcome"), cells)
        tell_more(tasks)
        output.say(f"Job {row.id} {row.state}: {row.done} of {row.total} succeeded, {row.failed} failed.")
    if row.state == JobState.CANCELLED.value:
        return output.EXIT_CANCELLED
    return output.EXIT_OK if row.state == JobState.COMPLETED.value and not row.failed else output.EXIT_FAILED


def tell_more(tasks: Sequence[TaskRow]) -> None:
    """What the table has no room for: of a single target all of its result, of failed ones the next step, each once."""
    only = (tasks[0].result or {}) if len(tasks) == 1 else {}
    if more := result_text({name: value for name, value in only.items() if name != "summary"}):
        output.say(more)
    for hint in dict.fromkeys(str(t.error.get("hint") or "") for t in tasks if t.error):
        if hint:
            output.say(f"next:  {hint}")


def _wait(app: Application, job_id: int, help_out: Callable[[], None], *, quiet: bool) -> JobRow:
    news = threading.Event()
    unsubscribe = app.bus.subscribe(lambda event: news.set())
    try:
        with _progress(quiet) as show:
            asked: set[int] = set()
            held: set[tuple[int, Holder]] = set()
            while True:
                news.clear()
                help_out()
                row = _job(app, job_id)
                show(row)
                _tell_questions(app, job_id, asked)
                _tell_holders(app, job_id, held)
                if JobState(row.state).final:
                    return row
                news.wait(5)
    finally:
        unsubscribe()


def _tell_questions(app: Application, job_id: int, asked: set[int]) -> None:
    """Whoever waits here is told what the job waits for, each question once, on standard error."""
    for question in app.store.fetch(lambda c: questions_of(c, job_id)):
        if question.id not in asked:
            asked.add(question.id)
            for line in lines_of(question):
                output.note(line)


def _tell_holders(app: Application, job_id: int, told: set[tuple[int, Holder]]) -> None:
    """Also why a target does not begin, with the question that keeps it from that."""
    waiting = app.store.fetch(lambda c: holders(c, [job_id]))
    if told.issuperset(waiting.items()):
        return
    tasks, questions = {t.id: t for t in _tasks(app, job_id)}, app.store.fetch(open_decisions)
    for task_id, holder in waiting.items():
        if (task_id, holder) not in told:
            told.add((task_id, holder))
            output.note(f"{tasks[task_id].target or f'Job {job_id}'} waits for its turn: {holder.words}.")
            for line in (line for q in questions if q.id == holder.question for line in lines_of(q)):
                output.note(line)


class _progress:
    """A bar on standard error; nothing where it would only fill a file."""

    def __init__(self, quiet: bool) -> None:
        columns = (
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.fields[said]}", markup=False),
            TimeElapsedColumn(),
        )
        self._bar = None if quiet else Progress(*columns, console=output.as_written(stderr=True))

    def __enter__(self) -> Callable[[JobRow], None]:
        if self._bar is None:
            return lambda row: None
        self._bar.start()
        bar, task = self._bar, self._bar.add_task("", said="")

        def show(row: JobRow) -> None:
            ended = row.done + row.failed + row.cancelled
            bar.update(task, description=row.title, total=row.total, completed=ended, said=row.message)

        return show

    def __exit__(self, *exc: object) -> None:
        if self._bar is not None:
            self._bar.stop()


def _job(app: Application, job_id: int) -> JobRow:
    return app.store.fetch(lambda c: list_jobs(c, ids=[job_id]))[0]


def _tasks(app: Application, job_id: int) -> list[TaskRow]:
    return app.store.fetch(lambda c: job_tasks(c, job_id))


class _Help:
    """A runner of this process as soon as nobody else is at work. One that was killed stands in the store as if it lived until another
    one has watched it in vain for a whole lease; where there is no other, this terminal does."""

    def __init__(self, app: Application) -> None:
        self._app = app
        self.runner: Runner | None = None
        self._seen: list[runners.Sighting] | None = None
        self._since = 0.0

    def __call__(self) -> None:
        if self.runner is not None:
            return
        seen, now = self._app.store.fetch(runners.alive), time.monotonic()
        if seen != self._seen:
            self._seen, self._since = seen, now
        if not seen or now - self._since >= runners.LEASE_SECONDS:
            self.runner = self._app.make_runner(TERMINAL_KIND)
            self.runner.start()
