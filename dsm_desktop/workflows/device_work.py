"""Following a job of the iDRAC to its end: through restarts of the host and of the iDRAC itself, and when the iDRAC loses it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from pydantic import BaseModel, ConfigDict

from dsm_desktop.core.errors import Blame, DsmError
from dsm_desktop.jobs import JobContext
from dsm_desktop.net.limits import RetryLater
from dsm_desktop.net.tls import CertificateChanged, CertificateNotApproved, CertificateUntrusted
from dsm_desktop.redfish.device_jobs import DeviceJob, device_job
from dsm_desktop.redfish.errors import Forbidden, Missing, PasswordChangeRequired, RedfishDisabled
from dsm_desktop.redfish.lifecycle import lifecycle_status

T = TypeVar("T")

HOPELESS = (
    CertificateChanged,
    CertificateNotApproved,
    CertificateUntrusted,
    PasswordChangeRequired,
    RedfishDisabled,
    Forbidden,
)
"""Errors that waiting does not cure. Everything else is normal for minutes while an iDRAC restarts."""
_LOOKS_UNTIL_LOST = 8
"""So often in a row an iDRAC that is ready must not know the job before it counts as lost."""


class DeviceJobFailed(DsmError):
    """The iDRAC says that its job failed, in its own words."""

    blame = Blame.PEER


class JobEnd(BaseModel):
    """How a job of the iDRAC stood when it was looked at last. `state` "Lost" when the iDRAC does not know it any more."""

    model_config = ConfigDict(frozen=True)
    job_id: str
    state: str
    message: str = ""
    message_id: str = ""

    @property
    def failed(self) -> bool:
        return DeviceJob(self.job_id, state=self.state).failed

    @property
    def lost(self) -> bool:
        return self.state == "Lost"

    @property
    def staged(self) -> bool:
        """Waits for a restart of the host."""
        return DeviceJob(self.job_id, state=self.state).scheduled


@dataclass(frozen=True, slots=True)
class Patience:
    """How often a job is looked at (seconds) and when it is given up (minutes)."""

    every: float = 20.0
    minutes: float = 120.0


async def follow_job(
    ctx: JobContext, job_id: str, what: str, patience: Patience, *, until_staged: bool = False
) -> JobEnd:
    """Wait until the job has ended, or (`until_staged`) waits for a restart of the host. Costs no thread.

    Raises TimedOut when it does not move in time; how it ended is the caller's to judge.
    """
    look = _Looking(ctx, job_id, what, until_staged)
    return await ctx.wait_for(
        f"{what} ({job_id})",
        patient(look),
        every=patience.every,
        timeout=patience.minutes * 60,
        returns=JobEnd,
    )


class _Looking:
    """One look at a time; remembers how often in a row the job was not found."""

    def __init__(self, ctx: JobContext, job_id: str, what: str, until_staged: bool) -> None:
        self._ctx, self._job_id, self._what, self._until_staged = ctx, job_id, what, until_staged
        self._missed = 0
        self._told: tuple[str, int | None] | None = None

    def __call__(self) -> JobEnd | None:
        try:
            job = device_job(self._ctx.redfish(), self._job_id)
        except Missing:
            status = lifecycle_status(self._ctx.redfish())
            self._missed += 1 if status is None or status.ready else 0
            if self._missed < _LOOKS_UNTIL_LOST:
                return None
            return JobEnd(job_id=self._job_id, state="Lost", message="the iDRAC no longer knows the job")
        self._missed = 0
        self._tell(job)
        if job.ended or (self._until_staged and job.scheduled):
            return JobEnd(job_id=job.id, state=job.state, message=job.message, message_id=job.message_id)
        return None

    def _tell(self, job: DeviceJob) -> None:
        """A line in the log when the state changes."""
        if self._told is None or self._told[0] != job.state:
            self._ctx.log(f"{self._what}: {job.state or 'unknown'}. {job.message}".strip())
        self._told = (job.state, job.percent)


def patient(probe: Callable[[], T | None], final: tuple[type[DsmError], ...] = ()) -> Callable[[], T | None]:
    """The probe, with what is normal for minutes while an iDRAC restarts (silence, 401, 404, 500) counted as "not yet".

    `final`: errors of the probe's own that no waiting cures.
    """

    def look() -> T | None:
        try:
            return probe()
        except (RetryLater, *HOPELESS):
            raise
        except DsmError as error:
            if error.blame is not Blame.PEER or isinstance(error, final):
                raise
            return None

    return look
