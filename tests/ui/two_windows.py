"""Two operators, each with a window of the own desktop, on one Postgres."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication, QLabel, QPushButton, QWidget

from dsm_desktop.app.application import Application
from dsm_desktop.app.demo import throw_away_profile
from dsm_desktop.app.profile import Profile
from dsm_desktop.store.models import Decision, Job, JobTask, RestoreItem
from dsm_desktop.store.unit_of_work import Store
from dsm_desktop.ui.main import Session
from dsm_desktop.ui.screenshots import settle


@dataclass
class Windows:
    """Both windows, shown and at rest."""

    anna: Session
    ben: Session

    def settle(self) -> None:
        for session in (self.anna, self.ben):
            settle(session.desk)


@contextmanager
def two_windows(
    qapp: QApplication, folder: Path, url: str, patch: pytest.MonkeyPatch, fill: Callable[[Store], None]
) -> Iterator[Windows]:
    """Anna's desktop makes the store, ben's has the same key in a profile of its own."""
    patch.setenv("LOGNAME", "anna")
    anna = throw_away_profile(folder / "anna", "root", "calvin", url)
    shutil.copytree(folder / "anna", folder / "ben")
    patch.setenv("LOGNAME", "ben")
    ben = Application(Profile(folder / "ben"))
    ben.key.open_quietly()
    fill(anna.store)
    sessions: list[Session] = []
    try:
        for app in (anna, ben):
            app.listen()
            sessions.append(Session(app, qapp))
            sessions[-1].open()
        windows = Windows(sessions[0], sessions[1])
        windows.settle()
        yield windows
    finally:
        for session in sessions:
            session.close()
        for app in (anna, ben):
            app.close()


def said(widget: QWidget) -> str:
    """All words that stand in it now."""
    return "\n".join(label.text() for label in widget.findChildren(QLabel) if not label.isHidden())


def button(widget: QWidget, text: str) -> QPushButton:
    """The one that begins so."""
    return next(b for b in widget.findChildren(QPushButton) if b.text().startswith(text) and not b.isHidden())


def ask_question(store: Store, server_id: int) -> tuple[int, int, int, int]:
    """A job that waits for an answer and has something to put back: the ids of job, task, question and promise."""
    with store.write() as uow:
        job = Job(
            kind="power_action", title="Restart", submitted_by="anna", submitted_at=uow.now, total=1, state="paused",
            params={"action": "force_restart"},
        )  # fmt: skip
        uow.session.add(job)
        uow.session.flush()
        task = JobTask(
            job_id=job.id, server_id=server_id, target="esx-1", state="paused", started_at=uow.now,
            due_at=uow.now + timedelta(days=1),
        )  # fmt: skip
        uow.session.add(task)
        uow.session.flush()
        options = [{"value": v, "title": t} for v, t in (("wait", "Wait for it"), ("go", "Restart now"))]
        asked = Decision(
            task_id=task.id, key="go", question="Restart it anyway?", options=options, default="wait", asked_at=uow.now,
            deadline=uow.now + timedelta(minutes=30),
        )  # fmt: skip
        promise = RestoreItem(
            task_id=task.id, server_id=server_id, name="lockdown", what=f"Lockdown of job {job.id}", original={},
            state="standing", created_at=uow.now,
        )  # fmt: skip
        uow.session.add_all([asked, promise])
        uow.session.flush()
        uow.changed("jobs", "added", job.id)
        uow.changed("decisions", "added", asked.id)
        uow.changed("restore_list", "added", promise.id)
        return job.id, task.id, asked.id, promise.id


def end_failed(store: Store, job_id: int) -> None:
    """The job ends with its one target failed."""
    with store.write() as uow:
        job = uow.session.get_one(Job, job_id)
        job.state, job.failed, job.finished_at = "failed", 1, uow.now
        for task in uow.session.query(JobTask).filter_by(job_id=job_id):
            task.state, task.finished_at = "failed", uow.now
            for asked in uow.session.query(Decision).filter_by(task_id=task.id):
                asked.answer, asked.answered_by, asked.answered_at = "wait", "deadline", uow.now
                uow.changed("decisions", "changed", asked.id)
        uow.changed("jobs", "changed", job_id)
