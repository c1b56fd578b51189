"""The job queue of a simulated iDRAC.

Every module that lets the device work goes through `device.jobs`; nobody else keeps time or states::

    job = device.jobs.add(
        "BIOSConfiguration",                  # JobType
        "Configure: BIOS.Setup.1-1",          # name; `title` is the name of the DMTF Job ("ConfigBIOS:BIOS.Setup.1-1")
        runs=Runs.AT_BOOT,                    # AT_ONCE, AT_BOOT (Scheduled till the host boots), WHEN_TOLD (till `go`)
        seconds=90,                           # one stage of so many simulated seconds, or stages=(Stage(...), ...)
        component="BIOS.Setup.1-1",
        on_done=lambda job, when: None,       # the work; may return an Outcome, None is success with PR19
    )
    return device.jobs.accepted(job)          # 202 with the Location of the task

`add` raises `Refused` (answered by the service) when the queue is full or services restart. `on_removed` hears of a job
that was deleted unfinished. `job.output = (body, content_type)` lets GET of the task answer a document when it is done.

Settings that are staged first and applied by a job: `stage(Staged(uri, component, kind, name, apply, values))` (raises
SYS011 while a job for them is open), `staged(uri)` shows what waits, `discard(uri)` drops it, and `commit(uri, …)` or a
POST to the Jobs collection with TargetSettingsURI makes the job (SYS023 when nothing is staged).

`reboot(kind)` makes a RID job that restarts the host. `open_for(component)`, `running()` and `open_jobs()` answer who
blocks. Jobs and staged settings outlive a reset of the iDRAC.
"""

from __future__ import annotations

from dsm_desktop.simulator.jobs.job import DONE, FAILED, Job, Outcome, Runs, Stage, Staged
from dsm_desktop.simulator.jobs.queue import JobQueue

__all__ = ["DONE", "FAILED", "Job", "JobQueue", "Outcome", "Runs", "Stage", "Staged"]
