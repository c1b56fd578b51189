"""Follow a job on the terminal: here when nobody else runs it, otherwise by watching the store."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from dsm_desktop.app.application import TERMINAL_KIND, Application
from dsm_desktop.cli import output
from dsm_desktop.cli.session import Session
from dsm_desktop.core.states import CancelGrade, JobState
from dsm_desktop.queries.jobs import JobRow, TaskRow, job_tasks, list_jobs
from dsm_desktop.store import runners
from dsm_desktop.workers.runner import Runner


def follow(session: Session, job_id: int, *, as_json: bool) -> int:
    """Wait for a job and show how it ended; the exit code says whether all of it succeeded. Ctrl+C cancels it."""
    app = session.unlocked()
    app.listen()
    runner: Runner | None = None
    if not _somebody_works(app):
        runner = app.make_runner(TERMINAL_KIND)
        runner.start()
    try:
        row = _wait(app, job_id, quiet=as_json or not sys.stderr.isatty())
    except KeyboardInterrupt:
        app.commands.cancel(job_id, CancelGrade.AFTER_STEP)
        output.say(f"Job {job_id} stops after the step that runs.")
        row = _wait(app, job_id, quiet=True)
    finally:
        if runner is not None:
            runner.stop()
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
        output.say(f"Job {row.id} {row.state}: {row.done} of {row.total} succeeded, {row.failed} failed.")
    if row.state == JobState.CANCELLED.value:
        return output.EXIT_CANCELLED
    return output.EXIT_OK if row.state == JobState.COMPLETED.value and not row.failed else output.EXIT_FAILED


def _wait(app: Application, job_id: int, *, quiet: bool) -> JobRow:
    news = threading.Event()
    unsubscribe = app.bus.subscribe(lambda event: news.set())
    try:
        with _progress(quiet) as show:
            while True:
                news.clear()
                row = _job(app, job_id)
                show(row)
                if JobState(row.state).final:
                    return row
                news.wait(5)
    finally:
        unsubscribe()


class _progress:
    """A bar on standard error; nothing where it would only fill a file."""

    def __init__(self, quiet: bool) -> None:
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[said]}"),
            TimeElapsedColumn(),
        )
        self._bar = None if quiet else Progress(*columns, console=Console(stderr=True))

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


def _somebody_works(app: Application) -> bool:
    return bool(app.store.fetch(runners.alive))
