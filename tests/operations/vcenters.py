"""A program beside a simulated site and a vCenter whose hosts run on that site's servers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dsm_desktop.app.context import CredentialDraft
from dsm_desktop.commands import vcenters
from dsm_desktop.core.vsphere_site import Site
from dsm_desktop.queries.jobs import JobRow
from dsm_desktop.simulator.vsphere import ClusterSpec, VsphereSite, VsphereSpec
from dsm_desktop.store.vsphere import load_site
from dsm_desktop.workers.vsphere_clients import VsphereClients
from tests.operations.conftest import Program, working_program

SPEC = VsphereSpec(clusters=(ClusterSpec("Prod", 3, vms_per_host=4, vsan=True),), stand_alone=1)


@dataclass
class Desk:
    """The program, its vCenter, and the vCenter's row in the store."""

    program: Program
    vcenter: VsphereSite
    id: int

    def run(self, kind: str, params: dict[str, Any] | None = None, **more: Any) -> JobRow:
        return self.program.run(kind, {"vcenter_id": self.id, **(params or {})}, **more)

    def result(self, job: JobRow) -> dict[str, Any]:
        """The result of a job's only task; an assertion where it failed."""
        (task,) = self.program.tasks(job.id)
        assert task.result is not None, task.outcome
        return task.result

    def outcome(self, job: JobRow) -> str:
        return self.program.tasks(job.id)[0].outcome

    def copy(self) -> Site | None:
        return self.program.app.store.fetch(lambda c: load_site(c, self.id))

    def clients(self) -> VsphereClients:
        """The runner's own."""
        return self.program.runner._services.vsphere_clients()

    def approve(self, fingerprint: str = "") -> None:
        self.program.app.commands.do(
            vcenters.approve_vcenter_certificate, self.id, fingerprint or self.vcenter.fingerprint
        )


@contextmanager
def working_desk(folder: Path, spec: VsphereSpec = SPEC, *, approved: bool = True) -> Iterator[Desk]:
    """Known and, unless said otherwise, approved; nothing is read yet."""
    with working_program(folder) as program, VsphereSite(spec, program.site) as vcenter:
        commands = program.app.commands
        commands.save_credential(
            CredentialDraft(None, "vCenter", "vcenter", spec.username, spec.password, is_default=True)
        )
        vcenter_id = commands.do(vcenters.add_vcenter, vcenter.address, vcenter.port, name="Main")
        desk = Desk(program, vcenter, vcenter_id)
        if approved:
            desk.approve()
        try:
            yield desk
        finally:
            desk.clients().close()  # while the vCenter still answers
