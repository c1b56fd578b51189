"""Jobs that restart the host: gracefully, gracefully with a deadline, or by cutting the power."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dsm_desktop.simulator.jobs.job import Job, Outcome, Runs, Stage

if TYPE_CHECKING:
    from dsm_desktop.simulator.device import Device
    from dsm_desktop.simulator.jobs.queue import JobQueue

KINDS: Final = {
    "GracefulRebootWithForcedShutdown": "RebootForce",
    "GracefulRebootWithoutForcedShutdown": "RebootNoForce",
    "PowerCycle": "RebootPowerCycle",
}
"""RebootJobType -> JobType."""

PATIENCE: Final = 300.0
"""Simulated seconds a graceful reboot waits for the operating system."""


def plan_reboot(device: Device, queue: JobQueue, kind: str, start: float | None, told: bool) -> Job:
    """Queue a reboot job; a host that is off is switched on."""

    def begin(job: Job, when: float) -> None:
        if not device.power.is_on:
            device.power.apply("On", when)
        elif kind == "PowerCycle":
            device.power.apply("PowerCycle", when)
        elif device.power.os_obeys:
            device.power.apply("GracefulRestart", when)
        else:
            job.stages = (Stage(PATIENCE, "RebootPending", "RED029"),)

    def finish(job: Job, when: float) -> Outcome:
        if not device.power.is_on or kind == "PowerCycle" or device.power.os_obeys:
            return Outcome("RebootCompleted", "RED030")
        if kind == "GracefulRebootWithoutForcedShutdown":
            return Outcome("RebootFailed", "PR21")
        device.power.apply("ForceRestart", when)
        return Outcome("RebootCompleted", "RED030")

    name = (
        f"Reboot{'3' if kind == 'GracefulRebootWithForcedShutdown' else '1' if kind == 'PowerCycle' else '2'}"
    )
    return queue.add(
        KINDS[kind],
        name,
        runs=Runs.WHEN_TOLD if told else Runs.AT_ONCE,
        stages=(Stage(device.timing.shutdown + 10, "RebootPending", "RED029"),),
        prefix="RID",
        component="",
        start=start,
        on_start=begin,
        on_done=finish,
    )
