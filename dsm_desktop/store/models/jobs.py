"""Jobs, tasks, steps and what surrounds them: request, execution, resumption."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from dsm_desktop.store.models.base import Base, Id


class Job(Base):
    """A request: one kind of work on some targets. `state` is rolled up from its tasks (core.states.JobState).

    `params` is the validated JSON of the job type's parameter model and holds no secret. `cancel_grade` is a CancelGrade.
    `failed` of `total` tasks > 0 with state completed reads "completed with failures".
    """

    __tablename__ = "jobs"
    __table_args__ = (Index("ix_jobs_state_submitted", "state", "submitted_at"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    kind: Mapped[str] = mapped_column(String(60), index=True)
    title: Mapped[str] = mapped_column(String(300))
    state: Mapped[str] = mapped_column(String(16), default="pending")
    params: Mapped[dict[str, Any]] = mapped_column(default=dict)
    priority: Mapped[int] = mapped_column(default=100)
    dry_run: Mapped[bool] = mapped_column(default=False)
    submitted_by: Mapped[str] = mapped_column(String(200))
    submitted_at: Mapped[datetime]
    schedule_at: Mapped[datetime | None]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("jobs.id", ondelete="SET NULL"), index=True)
    retry_of_id: Mapped[int | None] = mapped_column(ForeignKey("jobs.id", ondelete="SET NULL"))
    max_parallel: Mapped[int] = mapped_column(default=0)
    stagger_seconds: Mapped[float] = mapped_column(default=0.0)
    stop_on_failure: Mapped[bool] = mapped_column(default=False)
    cancel_grade: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    done: Mapped[int] = mapped_column(default=0)
    failed: Mapped[int] = mapped_column(default=0)
    cancelled: Mapped[int] = mapped_column(default=0)
    message: Mapped[str] = mapped_column(Text, default="")


class JobTask(Base):
    """The job on one target: the unit that is claimed. `token` is the fencing token: it goes up with every claim and
    every write of a runner must carry it. A parked task (state running, `wake_at` set, no lease) waits without a runner."""

    __tablename__ = "job_tasks"
    __table_args__ = (
        Index(
            "ix_job_tasks_due",
            "priority",
            "due_at",
            "id",
            sqlite_where=text("state = 'pending'"),
            postgresql_where=text("state = 'pending'"),
        ),
        Index("ix_job_tasks_job_state", "job_id", "state"),
        Index("ix_job_tasks_lease", "lease_until"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    job_id: Mapped[int] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"))
    server_id: Mapped[int | None] = mapped_column(ForeignKey("servers.id", ondelete="SET NULL"), index=True)
    host_id: Mapped[int | None] = mapped_column(Id)
    """An ESXi host's row, for work on hosts; no foreign key, as an ended task may name one that is gone."""
    target: Mapped[str] = mapped_column(String(300), default="")
    lock_key: Mapped[str] = mapped_column(String(120), default="")
    state: Mapped[str] = mapped_column(String(16), default="pending")
    priority: Mapped[int] = mapped_column(default=100)
    due_at: Mapped[datetime]
    attempt: Mapped[int] = mapped_column(default=0)
    runner_id: Mapped[int | None] = mapped_column(index=True)
    token: Mapped[int] = mapped_column(default=0)
    lease_until: Mapped[datetime | None]
    progress_done: Mapped[int] = mapped_column(default=0)
    progress_total: Mapped[int] = mapped_column(default=0)
    message: Mapped[str] = mapped_column(Text, default="")
    result: Mapped[dict[str, Any] | None]
    error: Mapped[dict[str, Any] | None]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


class TaskStep(Base):
    """A step written down when it begins and when it ends, so that a replay returns its result instead of doing it twice.

    (`name`, `key`) is unique in a task. `kind` step | always | wait | decide.
    """

    __tablename__ = "task_steps"
    __table_args__ = (UniqueConstraint("task_id", "name", "key"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    task_id: Mapped[int] = mapped_column(ForeignKey("job_tasks.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str] = mapped_column(String(12), default="step")
    name: Mapped[str] = mapped_column(String(120))
    key: Mapped[str] = mapped_column(String(120), default="")
    state: Mapped[str] = mapped_column(String(12), default="begun")
    attempt: Mapped[int] = mapped_column(default=1)
    token: Mapped[int]
    result: Mapped[dict[str, Any] | None]
    error: Mapped[dict[str, Any] | None]
    message: Mapped[str] = mapped_column(Text, default="")
    begun_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class TaskLog(Base):
    """A line an operator reads while the task runs. `level` info | warning | error."""

    __tablename__ = "task_log"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    task_id: Mapped[int] = mapped_column(ForeignKey("job_tasks.id", ondelete="CASCADE"), index=True)
    at: Mapped[datetime]
    level: Mapped[str] = mapped_column(String(8), default="info")
    message: Mapped[str] = mapped_column(Text)


class Decision(Base):
    """An open question of a paused task: `options` [{value, title, help, danger}], `default` taken at `deadline`."""

    __tablename__ = "decisions"
    __table_args__ = (UniqueConstraint("task_id", "key"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    task_id: Mapped[int] = mapped_column(ForeignKey("job_tasks.id", ondelete="CASCADE"))
    key: Mapped[str] = mapped_column(String(120))
    question: Mapped[str] = mapped_column(Text)
    options: Mapped[list[Any]] = mapped_column(default=list)
    default: Mapped[str] = mapped_column(String(60))
    asked_at: Mapped[datetime]
    deadline: Mapped[datetime]
    answer: Mapped[str | None] = mapped_column(String(60))
    answered_by: Mapped[str] = mapped_column(String(200), default="")
    answered_at: Mapped[datetime | None]


class Lease(Base):
    """An exclusive lock on a thing ("server:12", "leader", "scan:…") with its purpose in words ("power_action by anna")."""

    __tablename__ = "leases"

    key: Mapped[str] = mapped_column(String(120), primary_key=True)
    purpose: Mapped[str] = mapped_column(String(300))
    runner_id: Mapped[int] = mapped_column(index=True)
    task_id: Mapped[int | None] = mapped_column(index=True)
    token: Mapped[int]
    taken_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class Runner(Base):
    """A process that runs tasks. `kind` desktop | agent; alive while `expires_at` is ahead of the database's clock."""

    __tablename__ = "runners"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    kind: Mapped[str] = mapped_column(String(12), default="desktop")
    host: Mapped[str] = mapped_column(String(200))
    pid: Mapped[int]
    version: Mapped[str] = mapped_column(String(40))
    slots: Mapped[int]
    state: Mapped[str] = mapped_column(String(12), default="running")
    started_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class RestoreItem(Base):
    """A promise to put something back, written before the change. `state` standing | restored | failed | abandoned."""

    __tablename__ = "restore_list"
    __table_args__ = (UniqueConstraint("task_id", "name", "key"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    task_id: Mapped[int | None] = mapped_column(ForeignKey("job_tasks.id", ondelete="SET NULL"))
    server_id: Mapped[int | None] = mapped_column(ForeignKey("servers.id", ondelete="SET NULL"))
    name: Mapped[str] = mapped_column(String(120))
    key: Mapped[str] = mapped_column(String(120), default="")
    what: Mapped[str] = mapped_column(Text)
    original: Mapped[dict[str, Any]] = mapped_column(default=dict)
    state: Mapped[str] = mapped_column(String(12), default="standing", index=True)
    message: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
