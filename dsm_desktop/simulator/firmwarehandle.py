"""The part of the handle on a simulated iDRAC that is about its jobs and its firmware."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from dsm_desktop.simulator.device import Device
from dsm_desktop.simulator.dup import Package, package_for
from dsm_desktop.simulator.jobs import Runs
from dsm_desktop.simulator.update import Received
from dsm_desktop.simulator.update.inventory import install

T = TypeVar("T")
Run = Callable[[Callable[[], Any]], Any]
"""Runs a function in the site's own thread and returns its result."""


class FirmwareHandle:
    """Job queue and firmware of one iDRAC; safe to use from any thread."""

    def __init__(self, device: Device, run: Run) -> None:
        self._device = device
        self._run = run

    def _settled(self, read: Callable[[Device], T]) -> T:
        def now() -> T:
            self._device.now()
            return read(self._device)

        result: T = self._run(now)
        return result

    # -- jobs ------------------------------------------------------------------------------------------------

    @property
    def jobs(self) -> dict[str, str]:
        """State of every job by its id, oldest first."""
        return self._settled(lambda d: {job.id: job.state for job in d.jobs.all()})

    def add_job(
        self, kind: str, name: str, seconds: float = 60.0, at_boot: bool = False, component: str = ""
    ) -> str:
        """Put a job into the queue as another tool would, without any effect; returns its id."""
        runs = Runs.AT_BOOT if at_boot else Runs.AT_ONCE

        def add() -> str:
            queue = self._device.jobs
            return queue.add(kind, name, runs=runs, seconds=seconds, component=component).id

        return str(self._run(add))

    def clear_jobs(self) -> None:
        """Empty the job queue without a trace, whatever runs."""

        def clear() -> None:
            for job in self._device.jobs.all():
                self._device.jobs.vanish(job)
            self._device.revision += 1

        self._run(clear)

    # -- firmware --------------------------------------------------------------------------------------------

    @property
    def system_id(self) -> int:
        """Number of the model, as packages name it in hexadecimal."""
        return int(self._run(lambda: self._device.hw.system_id))

    @property
    def installed(self) -> dict[str, str]:
        """Firmware version of every part by its FQDD."""
        return self._settled(lambda d: {r.fqdd: r.version for r in d.hw.software if r.state == "Installed"})

    @property
    def received(self) -> list[Received]:
        """Firmware files that came in, oldest first."""
        return self._settled(lambda d: list(d.updates.received))

    def package(self, fqdd: str, version: str, size: int = 0) -> Package:
        """The update package that brings a part (and its like) to a version; see `dup.build`."""

        def make() -> Package:
            hw = self._device.hw
            row = next(r for r in hw.software if r.state == "Installed" and r.fqdd == fqdd)
            return package_for(row, version, hw.system_id, hw.model, size)

        made: Package = self._run(make)
        return made

    def set_version(self, fqdd: str, version: str) -> None:
        """Bring a part to a version at once, as if somebody else had flashed it."""

        def flash() -> None:
            row = next(r for r in self._device.hw.software if r.state == "Installed" and r.fqdd == fqdd)
            install(self._device, {fqdd}, row.component, version, self._device.now())

        self._run(flash)
