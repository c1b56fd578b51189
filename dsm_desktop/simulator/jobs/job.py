"""One job of an iDRAC: what it is, what it will do, and how far it is."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Callable
from typing import Any, Final

from dsm_desktop.simulator.jobs.accidents import Accident


class Runs(enum.Enum):
    """When a job's work is done."""

    AT_ONCE = "at once"
    AT_BOOT = "at boot"
    """Scheduled until the host boots; then between POST and the operating system."""
    WHEN_TOLD = "when told"
    """Waits for `JobQueue.go`."""


ENDED: Final = frozenset({"Completed", "CompletedWithErrors", "Failed", "RebootCompleted", "RebootFailed"})
WAITING: Final = frozenset({"New", "Scheduled", "Scheduling", "ReadyForExecution", "Downloaded", "Waiting"})
TASK_STATES: Final = {
    "New": "New",
    "Scheduled": "Starting",
    "Scheduling": "Starting",
    "ReadyForExecution": "Starting",
    "Waiting": "Pending",
    "Completed": "Completed",
    "CompletedWithErrors": "Completed",
    "RebootCompleted": "Completed",
    "Failed": "Exception",
    "RebootFailed": "Exception",
    "RebootPending": "UserIntervention",
}
"""TaskState of each JobState; whatever is not listed shows Running."""


@dataclasses.dataclass(frozen=True, slots=True)
class Stage:
    """A stretch of a job: how long it takes (simulated seconds) and what the job says of itself meanwhile.

    `percent` None lets PercentComplete grow with the job's whole time; a number holds it there.
    """

    seconds: float
    state: str = "Running"
    code: str = "PR20"
    args: tuple[str, ...] = ()
    percent: int | None = None
    begin: Callable[[Job, float], None] | None = None
    """Called when the stage begins."""


@dataclasses.dataclass(frozen=True, slots=True)
class Outcome:
    """How a job ended: Completed, CompletedWithErrors, Failed, RebootCompleted or RebootFailed, with its message.

    `text` replaces the wording of `code` where the device says more than its registry does.
    """

    state: str = "Completed"
    code: str = "PR19"
    args: tuple[str, ...] = ()
    text: str = ""


DONE: Final = Outcome()
FAILED: Final = Outcome("Failed", "PR21")

Work = Callable[["Job", float], "Outcome | None"]
"""Does the job's work at its end; gets the simulated moment. None means DONE."""

Moment = Callable[["Job", float], None]


@dataclasses.dataclass(slots=True, eq=False)
class Job:
    """One entry of the queue. Times are simulated seconds since 1970; only `JobQueue` changes it."""

    id: str
    kind: str
    """JobType, such as BIOSConfiguration or FirmwareUpdate."""
    name: str
    """DellJob.Name and Task.Name."""
    title: str
    """Name of the DMTF Job of the same id."""
    created: float
    runs: Runs
    stages: tuple[Stage, ...]
    component: str = ""
    """FQDD the job works on; `JobQueue.open_for` finds it by that."""
    target: str | None = None
    """TargetSettingsURI."""
    start: float | None = None
    """Not before this moment."""
    until: float | None = None
    """Not begun after this moment: the job fails with JCP004."""
    on_start: Moment | None = None
    on_done: Work | None = None
    on_end: Moment | None = None
    """Called when the job has ended in whatever state."""
    on_removed: Moment | None = None
    """Called when the job is deleted before it has ended."""
    state: str = "New"
    code: str = "JCP033"
    args: tuple[str, ...] = ()
    text: str = ""
    began: float | None = None
    ended: float | None = None
    step: int = -1
    """Index of the present stage; -1 before the first."""
    frozen: int | None = None
    """Stuck at this percentage."""
    accident: Accident | None = None
    output: tuple[bytes, str] | None = None
    """Body and content type that GET of the task answers once the job is done (a local export)."""
    messages: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    """Further entries of the task's Messages, such as one for each attribute of an imported profile."""
    location: str | None = None
    """Address of a file the job has made; the finished task names it in its Location."""
    task_gone: bool = False
    """The task answers 404 although the job is still listed (after the iDRAC updated itself)."""
    version: int = 0
    """Grows with every step, so that an event planned for an older one is void."""

    @property
    def is_over(self) -> bool:
        """Nothing more will happen."""
        return self.state in ENDED

    @property
    def is_running(self) -> bool:
        """Work is being done; such a job cannot be deleted."""
        return not self.is_over and self.state not in WAITING

    @property
    def seconds(self) -> float:
        """Length of all stages."""
        return sum(stage.seconds for stage in self.stages)

    @property
    def task_state(self) -> str:
        """TaskState."""
        return TASK_STATES.get(self.state, "Running")

    @property
    def task_status(self) -> str:
        """TaskStatus, and JobStatus of the DMTF Job."""
        return {"Failed": "Critical", "RebootFailed": "Critical", "CompletedWithErrors": "Warning"}.get(
            self.state, "OK"
        )

    @property
    def http_status(self) -> int:
        """Status a GET of the task answers: 202 while it goes on, 200 when done, 400 when failed."""
        if not self.is_over:
            return 202
        return 400 if self.task_state == "Exception" else 200

    def percent(self, now: float) -> int:
        """PercentComplete."""
        if self.is_over:
            return 100
        if self.frozen is not None:
            return self.frozen
        if self.step < 0 or self.began is None or not self.stages:
            return 0
        fixed = self.stages[self.step].percent
        if fixed is not None:
            return fixed
        whole = self.seconds
        return min(99, int(100 * max(0.0, now - self.began) / whole)) if whole > 0 else 0


@dataclasses.dataclass(slots=True, eq=False)
class Staged:
    """Settings that were written and wait for a job. `uri` is the settings resource, such as …/Bios/Settings."""

    uri: str
    component: str
    kind: str
    """JobType of the job that will apply them."""
    name: str
    apply: Callable[[dict[str, object], float], Outcome | None]
    """Makes the values real; gets them and the moment."""
    values: dict[str, object] = dataclasses.field(default_factory=dict)
    title: str = ""
    runs: Runs = Runs.AT_BOOT
    seconds: float = 90.0
    job: Job | None = None
    """The job that carries them; as long as it is open nothing more may be staged here."""
