"""Jobs of the program against govmomi's simulator, from the list of vCenters to the judgement. What it lacks: `test_what_vcsim_lacks`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from dsm_desktop.app.context import CredentialDraft
from dsm_desktop.commands import vcenters
from dsm_desktop.queries.jobs import JobRow
from dsm_desktop.queries.vsphere import VsphereView, vsphere_view
from tests.kit.vcsim import PASSWORD, USER, running
from tests.operations.conftest import Program, working_program

pytestmark = pytest.mark.shared_program


@dataclass
class Desk:
    """The program and the row of vcsim in its list."""

    program: Program
    id: int

    def run(self, kind: str, targets: list[int] | None = None, **params: Any) -> JobRow:
        return self.program.run(kind, params, targets or [])

    def outcome(self, job: JobRow) -> str:
        return self.program.tasks(job.id)[0].outcome

    def result(self, job: JobRow) -> dict[str, Any]:
        assert job.state == "completed", self.outcome(job)
        return self.program.tasks(job.id)[0].result or {}

    def view(self) -> VsphereView:
        return self.program.app.store.fetch(vsphere_view)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with running(clusters=2) as vcsim, working_program(tmp_path_factory.mktemp("vcsim")) as program:
        commands, place = program.app.commands, vcsim.endpoint
        commands.save_credential(CredentialDraft(None, "vcsim", "vcenter", USER, PASSWORD, is_default=True))
        vcenter = commands.do(vcenters.add_vcenter, place.host, place.port, name="vcsim")
        commands.do(vcenters.approve_vcenter_certificate, vcenter, vcsim.fingerprint)
        made = Desk(program, vcenter)
        made.result(made.run("vcenter_sync", vcenter_id=vcenter))
        try:
            yield made
        finally:
            program.runner._services.vsphere_clients().close()  # while it still answers


def test_it_is_read_and_shown(desk: Desk) -> None:
    view = desk.view()
    assert len(view.clusters) == 2
    assert len(view.hosts) == 7
    assert {row.power for row in view.vms} == {"poweredOn"}
    assert view.datastores
    assert view.vcenters[0].problem == ""


def test_the_account_is_asked_about(desk: Desk) -> None:
    told = desk.result(desk.run("vcenter_connectivity_test", vcenter_id=desk.id))
    assert told["lacking"] == []
    assert told["version"] == "6.5.0"


def test_a_datastore_is_browsed(desk: Desk) -> None:
    store = desk.view().datastores[0]
    told = desk.result(desk.run("browse_datastore", vcenter_id=desk.id, datastore=store.moid))
    assert any(entry["folder"] for entry in told["files"])


def test_clusters_are_judged(desk: Desk) -> None:
    told = desk.result(desk.run("cluster_safety_check"))
    assert len(told["clusters"]) == 2
    for judged in told["clusters"]:
        gates = {gate["name"]: gate for gate in judged["judgement"]["gates"]}
        assert gates["hosts"]["numbers"][0][1] == 3
        assert judged["judgement"]["summary"]


def test_a_host_is_read_by_itself(desk: Desk) -> None:
    host = next(row for row in desk.view().hosts if row.cluster_id)
    job = desk.run("host_refresh", [host.id])
    assert job.state == "completed", desk.outcome(job)
