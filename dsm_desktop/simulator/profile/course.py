"""Exports and imports of profiles as jobs of the device, from the first message to the last."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from dsm_desktop.simulator.jobs import Job, Outcome, Runs, Stage
from dsm_desktop.simulator.profile.model import Component, Head, as_json, as_xml
from dsm_desktop.simulator.profile.parts import Part, chosen, export, parts
from dsm_desktop.simulator.profile.plan import Plan, half, make_plan
from dsm_desktop.simulator.profile.reader import BadFile, read
from dsm_desktop.simulator.profile.storage import StoragePart

if TYPE_CHECKING:
    from dsm_desktop.simulator.device import Device

KINDS: Final = frozenset({"ExportConfiguration", "ImportConfiguration", "PreviewConfiguration"})
_SECONDS: Final = {"ExportConfiguration": 25.0, "PreviewConfiguration": 15.0, "ImportConfiguration": 20.0}
_FOREVER: Final = 30 * 86400.0
_CHILDREN: Final = {"BIOS": "BIOSConfiguration", "NIC": "NICConfiguration", "RAID": "RAIDConfiguration"}


# -- export --------------------------------------------------------------------------------------------------


def profile(device: Device, form: str, targets: list[str], options: set[str], use: str) -> bytes:
    """The profile of a device, XML or JSON."""
    found = [export(part, options, use) for part in parts(device) if chosen(part.fqdd, targets)]
    controller: Component | None = None
    for part in StoragePart.all(device):
        if not part.is_controller:
            if controller is not None:
                controller.components.append(export(part, options, use))
        elif chosen(part.fqdd, targets):
            controller = export(part, options, use)
            found.append(controller)
        else:
            controller = None
    words = ["Normal" if use == "Default" else use]
    words += ["RO"] if "IncludeReadOnly" in options else []
    words += [form]
    words += ["IncludeHash"] if "IncludePasswordHashValues" in options else []
    words += [] if "ALL" in targets else ["Selective"]
    moment = time.strftime("%a %b %e %H:%M:%S %Y", time.gmtime(device.now() + device.skew))
    head = Head(device.hw.model, device.hw.tag, moment, ",".join(words))
    return as_xml(head, found) if form == "XML" else as_json(head, found)


def start_export(
    device: Device, form: str, make: Callable[[], bytes], send: Callable[[bytes], bool] | None
) -> Job:
    """An export job. `send` takes the file to a share, in a thread; None keeps it behind the task's own address."""
    stages = (Stage(_SECONDS["ExportConfiguration"], "Running", "SYS057"),)
    name = "Export: Server Configuration Profile"
    if send is None:

        def keep(job: Job, when: float) -> Outcome:
            job.output = (make(), "application/xml" if form == "XML" else "application/json")
            return Outcome("Completed", "SYS043")

        return device.jobs.add("ExportConfiguration", name, stages=stages, on_done=keep)
    arrived: list[bool] = []
    job = device.jobs.add(
        "ExportConfiguration",
        name,
        runs=Runs.WHEN_TOLD,
        waiting=("Running", "SYS057"),
        on_done=lambda job, when: (
            Outcome("Completed", "SYS043") if arrived == [True] else Outcome("Failed", "SYS045")
        ),
    )
    content = make()

    def pushed(good: bool) -> None:
        arrived.append(good)
        device.jobs.go(job, Runs.AT_ONCE, stages)

    device.errands.run(lambda: send(content), pushed, lambda: pushed(False))
    return job


# -- preview -------------------------------------------------------------------------------------------------


def start_preview(device: Device, text: str, targets: list[str]) -> Job:
    """A job that only says what an import would do."""

    def look(job: Job, when: float) -> Outcome:
        try:
            plan = make_plan(device, read(text), targets)
        except BadFile:
            return Outcome("Failed", "SYS079")
        _tell(device, job, plan)
        if not plan.changes:
            return Outcome("Completed", "SYS080" if plan.refused else "SYS069")
        return Outcome("Completed", "SYS082" if plan.refused else "SYS081")

    stages = (Stage(_SECONDS["PreviewConfiguration"], "Running", "SYS052"),)
    name = "Preview: Server Configuration Profile"
    return device.jobs.add("PreviewConfiguration", name, stages=stages, on_done=look)


# -- import --------------------------------------------------------------------------------------------------


class Import:
    """One import: values for the iDRAC at once, those that take a boot by jobs of their own, then the verdict."""

    def __init__(self, device: Device, text: str, targets: list[str], body: Any) -> None:
        self._device = device
        self._text = text
        self._targets = targets
        self._shutdown = str(body.get("ShutdownType", "Graceful"))
        self._end_on = body.get("HostPowerState", "On") == "On"
        self._patience = float(body.get("TimeToWait", 300))
        self._plan = Plan()
        self._open: list[Job] = []
        self._failed = False

    def start(self) -> Job:
        """Make the job."""
        return self._device.jobs.add(
            "ImportConfiguration",
            "Import: Server Configuration Profile",
            stages=(Stage(_SECONDS["ImportConfiguration"], "Running", "SYS058"),),
            on_start=self._begin,
            on_done=self._done,
            on_removed=lambda job, when: self._drop(),
        )

    def _begin(self, job: Job, when: float) -> None:
        """Read the file; a bad one ends the job here."""
        try:
            self._plan = make_plan(self._device, read(self._text), self._targets)
        except BadFile as bad:
            self._device.jobs.end(job, when, Outcome("Failed", bad.code, bad.arguments))
            return
        first = Stage(_SECONDS["ImportConfiguration"], "Running", "SYS058")
        if self._plan.needs_boot:
            job.stages = (first, Stage(_FOREVER, "Running", "SYS058", percent=99))
            self._device.schedule(first.seconds, lambda moment: self._stage(job, moment))
        else:
            job.stages = (first,)

    def _done(self, job: Job, when: float) -> Outcome:
        """A profile that needs no boot is through."""
        fault = self._device.faults.take("scp_fails", "ImportConfiguration")
        for part, values in half(self._plan) if fault is not None else self._plan.values:
            part.put(values)
        _tell(self._device, job, self._plan)
        if fault is not None:
            return Outcome("Failed", "SYS067")
        return self._verdict()

    def _verdict(self) -> Outcome:
        if self._failed:
            return Outcome("CompletedWithErrors", "SYS055")
        if self._plan.refused:
            return Outcome("CompletedWithErrors", "SYS055")
        return Outcome("Completed", "SYS053" if self._plan.changes else "SYS069")

    # -- with a boot -----------------------------------------------------------------------------------------

    def _stage(self, job: Job, when: float) -> None:
        """What needs no boot is set; a job for each other component waits for one."""
        if job.is_over:
            return
        fault = self._device.faults.take("scp_fails", "ImportConfiguration")
        for part, values in self._plan.values:
            if not part.needs_boot:
                part.put(values)
            elif fault is None:
                self._open.append(self._child(job, part, values))
        if fault is not None:
            _tell(self._device, job, self._plan)
            self._device.jobs.end(job, when, Outcome("Failed", "SYS067"))
            return
        if self._shutdown != "NoReboot":
            self._restart(job, when)

    def _child(self, parent: Job, part: Part, values: dict[str, Any]) -> Job:
        kind = _CHILDREN.get(part.fqdd.split(".")[0], "RAIDConfiguration")

        def apply(job: Job, when: float) -> None:
            part.put(values)

        return self._device.jobs.add(
            kind,
            f"Configure: {part.fqdd}",
            runs=Runs.AT_BOOT,
            seconds=60,
            title=f"Config{part.fqdd.split('.')[0]}:{part.fqdd}",
            component=part.fqdd,
            on_done=apply,
            on_end=lambda job, when: self._child_over(parent, job, when),
            on_removed=lambda job, when: self._child_over(parent, job, when),
        )

    def _child_over(self, parent: Job, child: Job, when: float) -> None:
        self._failed = self._failed or child.state != "Completed"
        self._open = [job for job in self._open if job is not child]
        if self._open or parent.is_over:
            return
        _tell(self._device, parent, self._plan)
        self._device.jobs.end(parent, when, self._verdict())
        if not self._end_on and self._device.power.is_on:
            self._device.power.apply("GracefulShutdown", when)

    def _restart(self, job: Job, when: float) -> None:
        power = self._device.power
        if not power.is_on:
            power.apply("On", when)
        elif self._shutdown == "Forced":
            power.apply("ForceRestart", when)
        elif power.os_obeys:
            power.apply("GracefulRestart", when)
        else:
            self._device.schedule(self._patience, lambda moment: self._no_shutdown(job, moment))

    def _no_shutdown(self, job: Job, when: float) -> None:
        """The operating system did not shut down in time: nothing that needs a boot is done."""
        if not job.is_over:
            self._device.jobs.end(job, when, Outcome("Failed", "SYS051"))
            self._drop()

    def _drop(self) -> None:
        for child in list(self._open):
            if not child.is_running:
                self._device.jobs.delete(child)


def _tell(device: Device, job: Job, plan: Plan) -> None:
    """One message per attribute in the task, and the refused ones in the lifecycle log."""
    for result in (*plan.changes, *plan.refused):
        code = result.code or "SYS059"
        arguments = [result.fqdd, result.name, result.old, result.new]
        job.messages.append(
            {
                "Message": result.text,
                "MessageArgs": arguments,
                "MessageArgs@odata.count": len(arguments),
                "MessageId": device.speaker.identity(code),
                "RelatedProperties": [f"{result.fqdd}#{result.name}"],
                "Severity": "Warning" if result.code else "OK",
            }
        )
    if plan.refused:
        device.write_lc(device.event_time(), "SYS060")
