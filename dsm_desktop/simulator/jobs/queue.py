"""The engine: jobs come, wait for their moment, run stage by stage and end."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from dsm_desktop.simulator.exchange import Response
from dsm_desktop.simulator.jobs.accidents import draw
from dsm_desktop.simulator.jobs.job import FAILED, Job, Outcome, Runs, Stage, Staged
from dsm_desktop.simulator.jobs.reboots import plan_reboot
from dsm_desktop.simulator.messages import Refused
from dsm_desktop.simulator.texts import TEXTS, fill

if TYPE_CHECKING:
    from dsm_desktop.simulator.device import Device

MOST: Final = 256
AUTO_DELETE: Final = 128
"""Ended jobs go, oldest first, when the store passes this number (StartAutoDeleteAtThreshold)."""
TASKS: Final = "/redfish/v1/TaskService/Tasks"
HARMLESS: Final = frozenset(
    {"ExportConfiguration", "LCLogExport", "HardwareInventoryExport", "SACollectExportHealthData"}
)
"""Kinds of job that lockdown mode lets run."""
RESTART: Final = 120.0
"""Simulated seconds the Lifecycle Controller's services are away after JID_CLEARALL_FORCE."""


class JobQueue:
    """All jobs of one device, oldest first, and the settings that wait for one."""

    def __init__(self, device: Device) -> None:
        self._device = device
        self._jobs: dict[str, Job] = {}
        self._staged: dict[str, Staged] = {}
        self._last = 0
        self._boot = 0
        self._at_boot: list[Job] = []
        self._in_boot: Job | None = None
        self.services_back = 0.0
        """Until this moment the Lifecycle Controller restarts after a forced clear."""
        self.delete_after = 2880
        """DeleteOnCompletionTimeoutMinutes."""

    # -- looking ---------------------------------------------------------------------------------------------

    def all(self) -> list[Job]:
        """Every job, oldest first."""
        return list(self._jobs.values())

    def find(self, name: str) -> Job | None:
        """The job with this id."""
        return self._jobs.get(name)

    def open_jobs(self) -> list[Job]:
        """Jobs that have not ended."""
        return [job for job in self._jobs.values() if not job.is_over]

    def running(self) -> list[Job]:
        """Jobs that work now."""
        return [job for job in self._jobs.values() if job.is_running]

    def open_for(self, component: str) -> Job | None:
        """The unfinished job that works on this FQDD."""
        return next((job for job in self.open_jobs() if job.component == component), None)

    def restarting(self, now: float) -> bool:
        """Services of the Lifecycle Controller are away."""
        return now < self.services_back

    # -- coming and going ------------------------------------------------------------------------------------

    def add(
        self,
        kind: str,
        name: str,
        *,
        runs: Runs = Runs.AT_ONCE,
        seconds: float = 20.0,
        stages: Iterable[Stage] = (),
        prefix: str = "JID",
        waiting: tuple[str, str] | None = None,
        **fields: Any,
    ) -> Job:
        """A new job; see the package. `waiting` is the state and message id it shows until its work begins."""
        now = self._device.now()
        if self.restarting(now):
            raise Refused(503, ("ServiceTemporarilyUnavailable", "30"), ("LC060",))
        self._make_room()
        full = self._device.faults.take("queue_full") is not None or len(self._jobs) >= MOST
        if full:
            raise Refused(400, ("JCP017" if self._device.persona.oem_tree else "SUP022",))
        steps = tuple(stages) or (Stage(seconds),)
        fields.setdefault("title", name)
        job = Job(self._new_id(prefix, now), kind, name, created=now, runs=runs, stages=steps, **fields)
        self._jobs[job.id] = job
        self._device.write_lc(now, "JCP027", job.id)
        self._wait(job, waiting)
        return job

    def _new_id(self, prefix: str, now: float) -> str:
        """As on the device: twelve digits that grow with time."""
        self._last = max(self._last + 1, int(now * 100) % 10**12)
        return f"{prefix}_{self._last:012d}"

    def _make_room(self) -> None:
        """Ended jobs are forgotten above half of the store; failed ones too, but not on iDRAC7/8."""
        if len(self._jobs) < AUTO_DELETE:
            return
        keep_failed = not self._device.persona.oem_tree
        for job in list(self._jobs.values()):
            if len(self._jobs) < AUTO_DELETE:
                return
            if job.is_over and not (keep_failed and job.state == "Failed"):
                del self._jobs[job.id]

    def delete(self, job: Job) -> None:
        """Remove one; raises Refused for a running one."""
        if job.is_running:
            raise Refused(400, ("JCP015",))
        self._remove(job)

    def _remove(self, job: Job) -> None:
        now = self._device.now()
        self._jobs.pop(job.id, None)
        job.version += 1
        if not job.is_over:
            job.state, job.code, job.args, job.ended = "Failed", "JCP009", (), now
            if job.on_removed is not None:
                job.on_removed(job, now)
        self._device.write_lc(now, "JCP036", job.id)
        self._left(job, now)

    def clear(self, force: bool = False) -> None:
        """Remove all, and what is staged; with force also running ones, and the services restart."""
        if not force and self.running():
            raise Refused(400, ("JCP015",))
        for job in self.all():
            self._remove(job)
        self._staged.clear()
        if force:
            self.services_back = self._device.now() + RESTART
            self._device.schedule(RESTART, lambda when: self._device.write_lc(when, "LC061"))

    def vanish(self, job: Job) -> None:
        """The job is gone without a trace, as after some resets; its work is not done."""
        self._jobs.pop(job.id, None)
        job.version += 1
        self._left(job, self._device.now())

    # -- running ---------------------------------------------------------------------------------------------

    def go(self, job: Job, runs: Runs, stages: Iterable[Stage] = ()) -> None:
        """Let a job that waited WHEN_TOLD go on."""
        if job.is_over or job.id not in self._jobs:
            return
        job.version += 1
        job.runs = runs
        job.stages = tuple(stages) or job.stages
        self._wait(job, None)

    def retime(self, job: Job, start: float | None, until: float | None, runs: Runs) -> None:
        """Give a waiting job another window."""
        job.version += 1
        job.start, job.until, job.runs = start, until, runs
        self._wait(job, None)

    def _wait(self, job: Job, waiting: tuple[str, str] | None) -> None:
        now = self._device.now()
        if job.runs is Runs.AT_ONCE:
            delay = max(0.0, (job.start or now) - now)
            job.state, job.code = waiting or (("Scheduled", "JCP001") if delay else ("New", "JCP033"))
            self._at(job, delay, self._begin)
            return
        default = ("Scheduled", "JCP001") if job.runs is Runs.AT_BOOT else ("New", "JCP033")
        job.state, job.code = waiting or default
        if job.until is not None:
            self._at(job, max(0.0, job.until - now), self._too_late)

    def _at(self, job: Job, delay: float, then: Any) -> None:
        """Plan a step that any newer step makes void."""
        version = job.version

        def due(when: float) -> None:
            if job.version == version:
                then(job, when)

        self._device.schedule(delay, due)

    def _too_late(self, job: Job, when: float) -> None:
        self.end(job, when, Outcome("Failed", "JCP004"))

    def _begin(self, job: Job, when: float) -> None:
        job.version += 1
        if self._device.lockdown and job.kind not in HARMLESS:
            self.end(job, when, Outcome("Failed", "JCP041"))
            return
        job.began, job.step, job.accident = when, -1, draw(self._device.faults, job.kind)
        if job.on_start is not None:
            job.on_start(job, when)
        if not job.is_over:
            self._next(job, when)

    def _next(self, job: Job, when: float) -> None:
        job.version += 1
        job.step += 1
        if job.step >= len(job.stages):
            self._finish(job, when)
            return
        stage = job.stages[job.step]
        job.state, job.code, job.args = stage.state, stage.code, stage.args
        if stage.begin is not None:
            stage.begin(job, when)
        if job.accident is not None:
            moment = (job.began or when) + job.accident.share * job.seconds
            if moment <= when + stage.seconds:
                self._at(job, max(0.0, moment - when), self._strike)
                return
        self._at(job, stage.seconds, self._next)

    def _strike(self, job: Job, when: float) -> None:
        """What a fault has in store for this job happens now."""
        accident, job.accident = job.accident, None
        assert accident is not None
        self._device.revision += 1
        if accident.resets:
            self._device.reset_idrac("watchdog")
        if accident.then == "stuck":
            job.frozen = int(accident.share * 100)
        elif accident.then == "vanishes":
            self.vanish(job)
        elif accident.then == "fails":
            self.end(job, when, FAILED)
        else:
            rest = sum(stage.seconds for stage in job.stages[: job.step + 1]) - (when - (job.began or when))
            self._at(job, max(0.0, rest), self._next)

    def _finish(self, job: Job, when: float) -> None:
        failure = self._device.faults.take("job_fails", job.kind)
        if failure is not None:
            code = str(failure["code"])
            self.end(job, when, Outcome("Failed", code, text="" if code in TEXTS else "Job failed."))
            return
        outcome = job.on_done(job, when) if job.on_done is not None else None
        if not job.is_over:
            self.end(job, when, outcome or Outcome())

    def end(self, job: Job, when: float, outcome: Outcome) -> None:
        """Put a job into its last state."""
        job.version += 1
        job.state, job.code, job.args, job.text = outcome.state, outcome.code, outcome.args, outcome.text
        job.ended = when
        self._device.revision += 1
        if job.task_state == "Exception":
            self._device.write_lc(when, "JCP038", job.id, self.wording(job).rstrip(".").lower())
        else:
            self._device.write_lc(when, "JCP037", job.id)
        if job.on_end is not None:
            job.on_end(job, when)
        self._left(job, when)

    def wording(self, job: Job) -> str:
        """What the job's message says."""
        return job.text or fill(TEXTS[job.code].message, job.args)

    # -- the host --------------------------------------------------------------------------------------------

    def host_booted(self, when: float) -> bool:
        """The host has begun to boot: run what waits for that after POST, one job after the other; False: nothing."""
        self._at_boot = [
            job
            for job in self.open_jobs()
            if job.runs is Runs.AT_BOOT
            and job.state == "Scheduled"
            and (job.start or 0.0) <= when <= (job.until or when)
        ]
        self._boot += 1
        boot = self._boot
        if self._at_boot:
            post = self._device.timing.post
            self._device.schedule(post, lambda then: self._run_next(then) if boot == self._boot else None)
        return bool(self._at_boot)

    def _run_next(self, when: float) -> None:
        self._in_boot = None
        while self._at_boot:
            job = self._at_boot.pop(0)
            if job.id in self._jobs and not job.is_over:
                self._in_boot = job
                self._begin(job, when)
                return
        self._device.power.tasks_done(when)

    def host_went_down(self, when: float) -> None:
        """Power went or the host was reset in the middle of its tasks: what was being done has failed."""
        self._boot += 1
        self._at_boot = []
        job, self._in_boot = self._in_boot, None
        if job is not None and not job.is_over:
            self.end(job, when, FAILED)

    def _left(self, job: Job, when: float) -> None:
        """A job has ended or is gone: if it was holding up the boot, that goes on."""
        if job is self._in_boot:
            self._run_next(when)

    def reboot(self, kind: str, start: float | None = None, told: bool = False) -> Job:
        """A RID job that restarts the host: a RebootJobType; `told` waits for SetupJobQueue."""
        return plan_reboot(self._device, self, kind, start, told)

    # -- staged settings -------------------------------------------------------------------------------------

    def stage(self, settings: Staged) -> Staged:
        """Keep settings until a job applies them; values of an earlier call for the same resource are merged."""
        old = self.staged(settings.uri)
        if old is None:
            self._staged[settings.uri] = settings
            return settings
        if old.job is not None:
            raise Refused(400, ("SYS011",))
        old.values.update(settings.values)
        return old

    def staged(self, uri: str) -> Staged | None:
        """What waits at a settings resource, with or without a job."""
        settings = self._staged.get(uri)
        if settings is not None and settings.job is not None and settings.job.is_over:
            del self._staged[uri]
            return None
        return settings

    def waiting(self) -> bool:
        """Settings are staged somewhere, with or without a job."""
        return any(self.staged(uri) is not None for uri in list(self._staged))

    def discard(self, uri: str) -> bool:
        """Drop what is staged; False when there was nothing. Raises SYS011 once a job exists."""
        settings = self.staged(uri)
        if settings is None:
            return False
        if settings.job is not None:
            raise Refused(400, ("SYS011",))
        del self._staged[uri]
        return True

    def commit(
        self, uri: str, start: float | None = None, until: float | None = None, runs: Runs | None = None
    ) -> Job:
        """Make the job that applies what is staged; raises SYS023 or SYS011."""
        settings = self.staged(uri)
        if settings is None:
            raise Refused(400, ("SYS023",))
        if settings.job is not None:
            raise Refused(400, ("SYS011",))

        def apply(job: Job, when: float) -> Outcome | None:
            self._staged.pop(uri, None)
            return settings.apply(settings.values, when)

        def drop(job: Job, when: float) -> None:
            self._staged.pop(uri, None)

        settings.job = self.add(
            settings.kind,
            settings.name,
            runs=runs or settings.runs,
            seconds=settings.seconds,
            title=settings.title or settings.name,
            component=settings.component,
            target=uri,
            start=start,
            until=until,
            on_done=apply,
            on_removed=drop,
        )
        return settings.job

    # -- answers ---------------------------------------------------------------------------------------------

    def accepted(self, job: Job, status: int = 202, at: str = TASKS) -> Response:
        """The answer to a request that made a job: no body, and where to look."""
        return Response(status, headers=(("Location", f"{at}/{job.id}"),))
