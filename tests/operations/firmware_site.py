"""A program at work on a site whose firmware is updated, and the packages for it; shared by the tests of firmware jobs."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from dsm_desktop.app.demo import throw_away_profile
from dsm_desktop.commands.library import add_folder
from dsm_desktop.simulator import SimulatedIdrac, Site, SiteSpec, dup
from tests.operations.conftest import Program

BIOS = "BIOS.Setup.1-1"
IDRAC = "iDRAC.Embedded.1-1"
GENERATIONS = ("idrac8", "idrac9-4", "idrac9-7", "idrac10")
QUICK = {"poll_seconds": 0.2, "backup": False, "even_if_critical": True, "minutes": 20, "proof_minutes": 0.05}
"""Simulated minutes pass in parts of a second, so the iDRAC is looked at often."""


class Firmware:
    """The program, its site, and a library folder that is filled test by test."""

    def __init__(self, program: Program, folder: Path) -> None:
        self.program = program
        self.folder = folder
        app = program.app
        with app.store.write() as uow:
            add_folder(uow, app.principal, program.app.media.host, str(folder))

    @property
    def idracs(self) -> list[SimulatedIdrac]:
        return self.program.site.idracs

    def package(self, idrac: SimulatedIdrac, fqdd: str, version: str, size: int = 0, **changed: Any) -> str:
        """Put the package for a part of a server into the library; its file name."""
        package = idrac.package(fqdd, version, size)
        if changed:
            package = dataclasses.replace(package, **changed)
        name = f"{idrac.plot.model}-{package.file_name}"
        dup.build(self.folder / name, package)
        self.scan()
        return name

    def scan(self) -> None:
        job = self.program.run("library_scan")
        assert job.state == "completed", [t.outcome for t in self.program.tasks(job.id)]

    def run(self, kind: str, ids: list[int] | None = None, **params: Any) -> tuple[Any, list[Any]]:
        """The job and its tasks, by server."""
        given = {"dry_run": params.pop("dry_run")} if "dry_run" in params else {}
        job = self.program.run(kind, QUICK | params, ids or self.ids(), **given)
        return job, self.program.tasks(job.id)

    def ids(self) -> list[int]:
        return [self.program.server(idrac).id for idrac in self.idracs]

    def flashes(self) -> list[dict[str, int]]:
        """Per iDRAC, how often what was flashed, by its own journal."""
        return [
            {e.removeprefix("flash "): n for e, n in i.effects.items() if e.startswith("flash ")}
            for i in self.idracs
        ]

    def rest(self) -> None:
        """Every fault off, every host on, every clock on."""
        for idrac in self.idracs:
            idrac.clear_faults()
            idrac.set_os_obeys()
            idrac.set_lockdown(False)
            idrac.forget_jobs()
            idrac.set_power("On")


@contextmanager
def firmware_program(
    folder: Path, generations: tuple[str, ...] = GENERATIONS, **site: Any
) -> Iterator[Firmware]:
    """Scanned and read once."""
    spec = SiteSpec(
        **{
            "idracs": len(generations),
            "seed": 23,
            "network": "127.97.0.0/24",
            "port": 0,
            "clock_speed": 300,
            "healthy": True,
            "generations": generations,
            **site,
        }
    )
    packages = folder / "packages"
    packages.mkdir()
    # "Retry in 30 seconds" is said in the simulated device's time.
    with Site(spec) as running, patch("dsm_desktop.redfish.errors.wait_of", lambda *_, **__: 0.3):
        first = running.idracs[0]
        app = throw_away_profile(folder / "profile", first.username, first.password)
        app.listen()
        runner = app.make_runner("test")
        runner.start()
        program = Program(app, running, runner)
        try:
            assert program.scan().state == "completed"
            yield Firmware(program, packages)
        finally:
            program.runner.stop()
            app.close()
