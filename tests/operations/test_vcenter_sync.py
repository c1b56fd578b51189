"""A vCenter is read by a job: certificate first, then everything, linked to the servers; its copy outlives it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from dsm_desktop.commands.watch import submit_due
from dsm_desktop.core.settings import RetentionSettings, WatchSettings
from dsm_desktop.queries.jobs import list_jobs
from dsm_desktop.queries.servers import list_groups
from dsm_desktop.queries.vsphere import vsphere_view
from dsm_desktop.store.models import ApiCall, EsxiHost, Job, Vcenter
from tests.operations.vcenters import Desk, working_desk

pytestmark = pytest.mark.shared_program


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with working_desk(tmp_path_factory.mktemp("vcenter"), approved=False) as desk:
        assert desk.program.scan().state == "completed"
        yield desk


@pytest.fixture
def ready(desk: Desk) -> Desk:
    desk.vcenter.faults.clear()
    desk.approve()
    job = desk.run("vcenter_sync")
    assert job.state == "completed", desk.outcome(job)
    return desk


def vcenter_row(desk: Desk) -> Vcenter:
    query = select(Vcenter.__table__).where(Vcenter.id == desk.id)
    return desk.program.app.store.fetch(lambda c: c.execute(query).one())  # type: ignore[return-value]


def test_the_certificate_is_shown_before_any_login(desk: Desk) -> None:
    job = desk.run("vcenter_sync")
    assert job.state == "failed"
    assert "has not been approved" in desk.outcome(job)
    row = vcenter_row(desk)
    assert row.shown_fingerprint == desk.vcenter.fingerprint
    assert row.fingerprint == ""
    assert "Approve" in row.problem
    assert desk.vcenter.counters["logins_ok"] == desk.vcenter.counters["logins_failed"] == 0


def test_clusters_are_judged_once_they_are_known_and_not_at_every_reading(ready: Desk) -> None:
    """The cards and the dashboard say something at the first look."""
    app = ready.program.app

    def checks() -> list[str]:
        return [j.state for j in app.store.fetch(list_jobs) if j.kind == "cluster_safety_check"]

    assert ready.program.runner.wait_idle(60)
    assert checks() == ["completed"]
    (cluster,) = app.store.fetch(vsphere_view).clusters
    assert cluster.safety in ("green", "amber", "red")
    assert ready.run("vcenter_sync").state == "completed"
    assert ready.program.runner.wait_idle(60)
    assert len(checks()) == 1


def test_everything_is_read_and_hosts_are_linked_to_their_servers(ready: Desk) -> None:
    result = ready.result(ready.run("vcenter_sync"))
    assert (result["clusters"], result["hosts"], result["vms"]) == (1, 4, len(ready.vcenter.vms))
    assert result["unlinked"] == []
    assert result["hidden"] == []
    row = vcenter_row(ready)
    assert (row.problem, row.version) == ("", ready.vcenter.spec.version)
    tags = {s.service_tag: s.id for s in ready.program.servers()}
    store = ready.program.app.store
    hosts = store.fetch(lambda c: c.execute(select(EsxiHost.__table__)).all())
    assert {h.server_id for h in hosts} == {tags[h.service_tag] for h in hosts}
    assert {h.link for h in hosts} == {"tag"}
    # Their names are in no DNS: they are reached by the address of the management adapter.
    assert {h.moid: h.address for h in hosts} == {h.moid: h.esxi.spec.address for h in ready.vcenter.hosts}
    (group,) = [g for g in store.fetch(list_groups) if g.kind == "vcenter_cluster"]
    assert group.name == "Prod"
    assert set(group.members) == {h.server_id for h in hosts if h.cluster}


def test_the_copy_is_there_while_vcenter_is_down(ready: Desk) -> None:
    ready.vcenter.faults.set("unavailable", seconds=3600.0)
    job = ready.run("vcenter_sync")
    assert job.state == "failed"
    assert "503" in ready.outcome(job)
    copy = ready.copy()
    assert copy is not None
    assert len(copy.hosts) == 4
    assert vcenter_row(ready).problem == (
        "its services are not up yet (503). vCenter takes some minutes after a restart. What waits for it asks "
        "again by itself; else try again then."
    )
    ready.vcenter.faults.clear()
    assert ready.run("vcenter_sync").state == "completed"
    assert vcenter_row(ready).problem == ""


def test_a_test_that_succeeds_takes_the_trouble_of_before_away(ready: Desk) -> None:
    ready.vcenter.faults.set("unavailable", seconds=3600.0)
    assert ready.run("vcenter_connectivity_test").state == "failed"
    assert "503" in vcenter_row(ready).problem
    read = vcenter_row(ready).synced_at
    ready.vcenter.faults.clear()
    assert ready.run("vcenter_connectivity_test").state == "completed"
    assert (vcenter_row(ready).problem, vcenter_row(ready).synced_at) == ("", read)


def test_a_changed_certificate_stops_and_waits_for_a_person(ready: Desk) -> None:
    ready.clients().close()  # its next call connects anew
    before = ready.vcenter.fingerprint
    new = ready.vcenter.new_certificate()
    job = ready.run("vcenter_sync")
    assert job.state == "failed"
    assert "has changed" in ready.outcome(job)
    row = vcenter_row(ready)
    assert (row.fingerprint, row.shown_fingerprint) == (before, new)
    ready.approve()
    assert ready.run("vcenter_sync").state == "completed"


def test_calls_are_written_down_with_their_job_and_without_secrets(ready: Desk) -> None:
    job = ready.run("vcenter_sync")
    store = ready.program.app.store
    query = select(ApiCall.protocol, ApiCall.method).where(ApiCall.job_id == job.id)
    # Reads are written down in batches, some moments later.
    assert ready.vcenter.wait_for(lambda: len(store.fetch(lambda c: c.execute(query).all())) >= 3, 60)
    calls = store.fetch(lambda c: c.execute(query).all())
    assert {call.protocol for call in calls} == {"vsphere"}
    assert "RetrievePropertiesEx" in {call.method for call in calls}
    everything = store.fetch(lambda c: repr(c.execute(select(ApiCall.__table__)).all()))
    assert ready.vcenter.spec.password not in everything


def test_one_session_serves_many_jobs_and_is_logged_out_at_the_end(ready: Desk) -> None:
    before = ready.vcenter.counters["logins_ok"]
    for _ in range(3):
        assert ready.run("vcenter_sync").state == "completed"
    assert ready.vcenter.counters["logins_ok"] == before
    ready.clients().close()
    assert ready.vcenter.run(ready.vcenter.sessions.signed_in) == []


def due(desk: Desk, minutes: int) -> list[str]:
    """What the schedule submits now of vCenters; run to its end."""
    store, catalogue = desk.program.app.store, desk.program.app.catalogue
    watch = WatchSettings(health_minutes=0, logs_hours=0, inventory_hours=0, vcenter_minutes=minutes)
    with store.write() as uow:
        made = submit_due(uow, catalogue, watch, RetentionSettings())
    ended = [desk.program.wait(job_id) for job_id in made]
    return [job.state for job in ended if job.kind == "vcenter_sync"]


def age(desk: Desk) -> None:
    with desk.program.app.store.write() as uow:
        uow.session.execute(update(Job).values(submitted_at=uow.now - timedelta(hours=1)))


def test_it_is_read_by_itself_when_due(ready: Desk) -> None:
    assert due(ready, 10) == []
    age(ready)
    assert due(ready, 0) == []
    assert due(ready, 10) == ["completed"]
    assert due(ready, 10) == []
    ready.vcenter.faults.set("unavailable", seconds=3600.0)
    age(ready)
    assert due(ready, 10) == ["failed"]
    age(ready)
    assert due(ready, 10) == ["failed"]  # one that is down is asked again


def test_one_that_waits_for_a_person_is_left_alone(ready: Desk) -> None:
    ready.clients().close()
    ready.vcenter.new_certificate()
    age(ready)
    assert due(ready, 10) == ["failed"]
    age(ready)
    assert due(ready, 10) == []
    ready.approve()
    assert ready.run("vcenter_sync").state == "completed"
    age(ready)
    assert due(ready, 10) == ["completed"]
