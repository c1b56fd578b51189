"""Updates of one device: from a package to a job, from the job to another version."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from dsm_desktop.simulator.hardware.parts import Software
from dsm_desktop.simulator.jobs import Job, Outcome, Runs, Stage
from dsm_desktop.simulator.messages import Refused
from dsm_desktop.simulator.shares import FetchFailed, Source
from dsm_desktop.simulator.update.fetch import fetch
from dsm_desktop.simulator.update.inventory import Applied, applied, install, label, targets
from dsm_desktop.simulator.update.package import IDRAC, PackageInfo, Unusable, read_package
from dsm_desktop.simulator.update.upload import Spool

if TYPE_CHECKING:
    from dsm_desktop.simulator.device import Device

APPLY_TIMES: Final = ("Immediate", "OnReset", "OnStartUpdateRequest")
WRITING: Final = {Applied.DIRECT: 30.0, Applied.RESETS_IDRAC: 60.0, Applied.POWER_CYCLE: 90.0}
"""Simulated seconds of writing; what is applied at boot takes 60, BIOS three minutes."""
_FAILED_FETCH: Final = {"unreachable": "RED016", "denied": "RED062"}
REBOOT: Final = "GracefulRebootWithForcedShutdown"


@dataclasses.dataclass(frozen=True, slots=True)
class Order:
    """Who wants something flashed, when, and how the job is called: FirmwareUpdate or FirmwareRollback."""

    user: str
    apply: str = "Immediate"
    kind: str = "FirmwareUpdate"
    reboot: bool = True
    """Immediate restarts the host when the part needs it."""
    wanted: frozenset[str] = frozenset()
    """FQDDs asked for; empty: all the package is for."""


@dataclasses.dataclass(frozen=True, slots=True)
class Received:
    """A file that came in whole, by whichever way."""

    name: str
    size: int
    sha256: str


class Updates:
    """What is being flashed, what was pushed and waits, what has come in."""

    def __init__(self, device: Device) -> None:
        self._device = device
        self.received: list[Received] = []
        self.pushed: dict[str, PackageInfo] = {}
        """Packages put there by HttpPushUri, by component; each shows as an Available- row."""
        self.pushes = 0

    @property
    def etag(self) -> str:
        """ETag of the firmware inventory; another one after every push."""
        return f'W/"push-{self.pushes}"'

    # -- packages --------------------------------------------------------------------------------------------

    def identify(self, spool: Spool) -> tuple[PackageInfo, list[Software]]:
        """Read a file that has come in; raises Unusable."""
        old = not self._device.persona.oem_tree
        try:
            package = read_package(spool.finish(), spool.name)
            rows = targets(self._device.hw, package, old)
        finally:
            self.received.append(Received(spool.name, spool.size, spool.sha256))
            spool.close()
        return package, rows

    def push(self, package: PackageInfo, rows: list[Software]) -> Software:
        """Keep a package as an Available- row until something installs it."""
        available = dataclasses.replace(rows[0], state="Available", version=package.version)
        software = self._device.hw.software
        software[:] = [r for r in software if r.state != "Available" or r.fqdd != available.fqdd]
        software.append(available)
        self.pushed[available.fqdd] = package
        self.pushes += 1
        return available

    def _taken(self, fqdd: str) -> None:
        if self.pushed.pop(fqdd, None) is not None:
            software = self._device.hw.software
            software[:] = [r for r in software if r.state != "Available" or r.fqdd != fqdd]

    # -- jobs ------------------------------------------------------------------------------------------------

    def submit(self, rows: list[Software], version: str, order: Order, job: Job | None = None) -> Job:
        """Make the job (or let a downloading one go on) that brings rows to a version; raises Refused."""
        queue = self._device.jobs
        chosen = [row for row in rows if not order.wanted or row.fqdd in order.wanted]
        if not chosen:
            raise Refused(400, ("RED010",))
        row, fqdds = chosen[0], {r.fqdd for r in chosen}
        if any(other is not job and other.component in fqdds for other in queue.open_jobs()):
            raise Refused(400, ("RED014",))
        at_once = self._device.faults.take("update_needs_no_restart") is not None
        way = Applied.DIRECT if at_once else applied(row)
        self._not_beside_cpld(way, job)
        held = order.apply == "OnStartUpdateRequest"
        at_boot = way in (Applied.AT_BOOT, Applied.POWER_CYCLE)
        runs = Runs.WHEN_TOLD if held else Runs.AT_BOOT if at_boot else Runs.AT_ONCE
        if job is None:
            job = queue.add(
                order.kind, "", runs=Runs.WHEN_TOLD, waiting=("Downloaded", "RED002"), component=row.fqdd
            )
        job.component = row.fqdd
        job.name, job.title = f"Firmware Update: {_title(row)}", f"update:DCIM:INSTALLED#802__{row.fqdd}"
        if order.kind == "FirmwareRollback":
            job.name = f"Firmware Rollback: {_title(row)}"
        job.stages = self._stages(row, way, version)
        job.on_done = self._flash(fqdds, row, version, way, order)
        job.on_removed = lambda job, when: self._taken(row.fqdd)
        job.state, job.code = "Downloaded", "RED002"
        if not held:
            hasty = self._device.faults.take("update_reboots_at_once") is not None
            at_once = order.apply == "Immediate" and order.reboot
            self.release(job, runs, at_boot and (at_once or hasty))
        return job

    def release(self, job: Job, runs: Runs, reboot: bool) -> None:
        """Let a job run, and restart the host for it if that is wanted."""
        queue = self._device.jobs
        queue.go(job, runs)
        pending = any(other.id.startswith("RID") for other in queue.open_jobs())
        if reboot and not pending:
            queue.reboot(REBOOT)

    def start(self) -> list[Job]:
        """StartUpdate: whatever was asked to wait for it begins now."""
        waiting = [
            job
            for job in self._device.jobs.open_jobs()
            if job.runs is Runs.WHEN_TOLD and job.state == "Downloaded" and job.kind.startswith("Firmware")
        ]
        for job in waiting:
            row = next(r for r in self._device.hw.software if r.fqdd == job.component)
            at_boot = applied(row) in (Applied.AT_BOOT, Applied.POWER_CYCLE)
            self.release(job, Runs.AT_BOOT if at_boot else Runs.AT_ONCE, at_boot)
        return waiting

    def _not_beside_cpld(self, way: Applied, job: Job | None) -> None:
        """CPLD firmware is never stacked with anything else."""
        for other in self._device.jobs.open_jobs():
            if other is job or not other.kind.startswith("Firmware") or not other.component:
                continue
            if (way is Applied.POWER_CYCLE) != other.component.startswith("CPLD"):
                raise Refused(400, ("RED149",))

    def _stages(self, row: Software, way: Applied, version: str) -> tuple[Stage, ...]:
        device = self._device

        def announce(job: Job, when: float) -> None:
            device.write_lc(when, "SUP0516", row.name, version)

        seconds = WRITING.get(way, 180.0 if row.kind == "BIOS" else 60.0)
        writing = Stage(seconds, begin=announce)
        if way is not Applied.RESETS_IDRAC:
            return (writing,)

        def restart(job: Job, when: float) -> None:
            device.reset_idrac("firmware update")

        return (writing, Stage(device.timing.idrac_away + 2, begin=restart))

    def _flash(
        self, fqdds: set[str], row: Software, version: str, way: Applied, order: Order
    ) -> Callable[[Job, float], Outcome]:
        def flash(job: Job, when: float) -> Outcome:
            device = self._device
            before = row.version
            unchanged = device.faults.take("version_unchanged", job.kind) is not None
            if not unchanged:
                install(device, fqdds, row.component, version, when)
                device.write_lc(when, "PR36", row.name, before, version)
            self._taken(row.fqdd)
            uri = f"/redfish/v1/TaskService/Tasks/{job.id}"
            device.journal.add(when, "JOB", uri, {}, order.user, f"flash {label(row)} {version}")
            job.task_gone = row.component == IDRAC
            if row.component == IDRAC:
                device.write_lc(when, "RED063", before, version)
            device.write_lc(when, "SUP0518", row.name, version)
            if way is Applied.POWER_CYCLE:
                # After the job's end: power that goes while a task runs at boot makes the task fail.
                device.schedule(1.0, lambda later: device.power.apply("PowerCycle", later))
            return Outcome("Completed", "RED001")

        return flash

    # -- from the network ------------------------------------------------------------------------------------

    def download(
        self, source: Source, order: Order, on_site: bool = True, then: Callable[[], None] | None = None
    ) -> Job:
        """A job that fetches a package first; what is wrong with it shows at the job.

        Nothing outside the site is ever tried (`on_site`). `then` is called when the
        package is in and its job waits or runs, or when it has failed.
        """
        device = self._device
        job = device.jobs.add(
            order.kind,
            f"Firmware Update: {source.name}",
            runs=Runs.WHEN_TOLD,
            waiting=("Downloading", "RED003"),
        )

        def work() -> Spool | FetchFailed:
            try:
                return fetch(device.shares, source)
            except FetchFailed as error:
                return error

        def arrived(spool: Spool | FetchFailed) -> None:
            if isinstance(spool, FetchFailed):
                self._failed(job, _FAILED_FETCH.get(spool.why, "RED006"))
            else:
                self._arrived(job, spool, order)
            if then is not None:
                then()

        def unreachable(when: float) -> None:
            arrived(FetchFailed("unreachable"))

        if not on_site or device.faults.take("share_unreachable") is not None:
            device.schedule(5.0, unreachable)
        else:
            device.errands.run(work, arrived, lambda: arrived(FetchFailed("incomplete")))
        return job

    def _arrived(self, job: Job, spool: Spool, order: Order) -> None:
        if job.is_over or self._device.jobs.find(job.id) is None:
            spool.close()
            return
        try:
            package, rows = self.identify(spool)
            self.submit(rows, package.version, order, job)
        except Unusable as error:
            self._failed(job, error.key)
        except Refused as error:
            self._failed(job, error.reasons[0][0])

    def _failed(self, job: Job, key: str) -> None:
        if not job.is_over:
            self._device.jobs.end(job, self._device.now(), Outcome("Failed", key))


def _title(row: Software) -> str:
    return label(row) if label(row) != row.fqdd else row.name
