"""Jobs on several hosts of one cluster outside of a rolling update: one after the other, and none the cluster cannot spare."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, select, update

from dsm_desktop.app.demo import throw_away_profile
from dsm_desktop.commands.decisions import answer
from dsm_desktop.commands.jobs import submit
from dsm_desktop.core.states import CancelGrade
from dsm_desktop.simulator.esxi import Pace
from dsm_desktop.simulator.vsphere import ClusterSpec, VsphereSite, VsphereSpec
from dsm_desktop.simulator.vsphere.blockers import Blocker
from dsm_desktop.simulator.vsphere.nodes.hosts import Host
from dsm_desktop.store.models import Job, JobTask, Lease, TaskStep
from dsm_desktop.store.turns import works_for
from tests.operations.vsphere_site import QUICK, QUICK_HOST, Datacentre, roll_site

pytestmark = pytest.mark.shared_program

SPEC = VsphereSpec(
    clusters=(ClusterSpec("Prod", 4, vms_per_host=2), ClusterSpec("Store", 3, vms_per_host=1, vsan=True)),
    clock_speed=200.0,
    pace=Pace(stop=20, post=60, boot=60),
)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Datacentre]:
    folder = tmp_path_factory.mktemp("turns")
    with VsphereSite(SPEC) as site:
        app = throw_away_profile(folder / "profile", "root", "calvin-not")
        app.listen()
        runner = app.make_runner("test")
        runner.start()
        try:
            yield Datacentre(app, site)
        finally:
            runner.stop()
            app.close()


@pytest.fixture
def site(shared: Datacentre) -> Iterator[Datacentre]:
    yield shared
    assert shared.questions() == []
    assert shared.standing() == []
    assert [h.name for h in shared.site.hosts if h.maintenance or h.evacuation] == []


def ids(site: Datacentre, cluster: str) -> list[int]:
    return [site.host_id(h.moid) for h in site.site.cluster(cluster).hosts]


def take_back(site: Datacentre) -> None:
    out = [site.host_id(h.moid) for h in site.site.hosts if h.maintenance]
    job = site.wait(site.submit("verify_host", out, **QUICK))
    assert job.state == "completed", site.tasks(job.id)


def ended(site: Datacentre, job_id: int) -> bool:
    return site.job(job_id).state in ("completed", "failed", "cancelled")


@contextmanager
def stuck(site: Datacentre, number: int) -> Iterator[Host]:
    """A host that does not get empty."""
    host = site.site.cluster("Prod").hosts[number]
    vm = next(v for v in host.running() if not v.by_vcenter)
    devices = list(vm.devices)
    site.site.put(Blocker.PCI_PASSTHROUGH, vm)
    try:
        yield host
    finally:
        site.site.run(lambda: vm.devices.__setitem__(slice(None), devices))


@pytest.mark.parametrize("grade", [CancelGrade.AFTER_STEP, CancelGrade.AFTER_TARGET])
def test_who_waits_for_its_turn_can_be_cancelled(site: Datacentre, grade: CancelGrade) -> None:
    with stuck(site, 0) as first:
        second = site.site.cluster("Prod").hosts[1]
        holds = site.submit("prepare_host", [site.host_id(first.moid)], **QUICK)
        site.question(holds)
        waits = site.submit("prepare_host", [site.host_id(second.moid)], **QUICK)
        site.until(lambda: "Waits for its turn" in site.tasks(waits)[0].outcome, lambda: site.log(waits))
        site.app.commands.cancel(waits, grade)
        site.until(lambda: ended(site, waits), lambda: site.log(waits))
        assert site.job(waits).state == "cancelled", site.log(waits)
        assert not second.maintenance
        assert not second.evacuation
        assert not ended(site, holds)
        site.app.commands.cancel(holds, CancelGrade.NOW)
        site.until(lambda: ended(site, holds), lambda: site.log(holds))


@pytest.mark.parametrize(
    "unknown",
    [
        ("look whether a run gave the turn", "wait for the other hosts of the cluster to be through"),
        ("look for VMs in the host's memory",),
    ],
)
def test_a_host_begun_by_a_version_that_did_not_ask_is_put_back(
    site: Datacentre, unknown: tuple[str, ...]
) -> None:
    host = site.site.cluster("Prod").hosts[2]
    job, task = site.run("prepare_host", [site.host_id(host.moid)], **QUICK)
    assert (job.state, host.maintenance) == ("completed", True)
    with site.app.store.write() as uow:
        for name in unknown:
            mine = delete(TaskStep).where(TaskStep.task_id == task.id, TaskStep.name == name)
            assert uow.session.execute(mine).rowcount  # type: ignore[attr-defined]
    site.press_put_back(job.id)
    site.until(lambda: not host.maintenance and site.standing() == [], lambda: site.log(job.id))


def test_a_host_somebody_else_empties_counts_as_out(site: Datacentre) -> None:
    """HA needs two that stay: with two out and a third on its way the fourth waits."""
    hosts = site.site.cluster("Prod").hosts
    site.run("prepare_host", [site.host_id(hosts[1].moid)], **QUICK)
    with stuck(site, 0) as first:
        one = site.submit("prepare_host", [site.host_id(first.moid)], **(QUICK | {"stuck_minutes": 5}))
        site.until(lambda: bool(first.evacuation), lambda: site.log(one))
        with site.app.store.write() as uow:  # as one of a rolling update, or a colleague's
            uow.session.execute(delete(Lease).where(Lease.key.startswith("turn:")))
        two = site.submit("prepare_host", [site.host_id(hosts[2].moid)], **QUICK)
        site.until(lambda: any(q.job_id == two for q in site.questions()), lambda: site.log(two))
        asked = next(q for q in site.questions() if q.job_id == two)
        assert f"{first.name} (being emptied)" in asked.question
        assert not hosts[2].maintenance
        assert not hosts[2].evacuation
        with site.app.store.write() as uow:
            answer(uow, site.app.principal, asked.id, "skip")
        site.until(lambda: ended(site, two), lambda: site.log(two))
        site.app.commands.cancel(one, CancelGrade.NOW)
        site.until(lambda: ended(site, one), lambda: site.log(one))
    take_back(site)


def test_a_retry_of_a_runs_host_is_judged_by_nobody_and_waits(site: Datacentre) -> None:
    app, host = site.app, site.host_id(site.site.cluster("Prod").hosts[0].moid)
    with app.store.write() as uow:
        run, child, again = (
            submit(
                uow,
                app.principal,
                app.catalogue,
                "prepare_host",
                [host],
                QUICK,
                schedule_at=uow.now + timedelta(days=1),
            )
            for _ in range(3)
        )
        for job_id, values in (
            (run, {"kind": "rolling_update"}),
            (child, {"parent_id": run}),
            (again, {"parent_id": run, "retry_of_id": child}),
        ):
            uow.session.execute(update(Job).where(Job.id == job_id).values(**values))
        connection = uow.session.connection()
        tasks = dict(
            connection.execute(select(JobTask.job_id, JobTask.id).where(JobTask.job_id >= run)).all()
        )
        found = [works_for(connection, tasks[job_id], "rolling_update") for job_id in (child, again)]
    assert found == [True, False]


def test_an_update_of_all_hosts_empties_one_after_the_other(tmp_path: Path) -> None:
    with roll_site(tmp_path, 3, drs="manual") as site:
        hosts = site.cluster.hosts
        params = QUICK_HOST | {"firmware": "packages", "packages": site.package("7.1.1")}
        job_id = site.submit("host_update", [site.host_id(h.moid) for h in hosts], **params)
        most = 0

        def over() -> bool:
            nonlocal most
            most = max(most, sum(h.maintenance or bool(h.evacuation) for h in hosts))
            assert [q.question for q in site.questions()] == []
            return site.job(job_id).state in ("completed", "failed", "cancelled")

        site.until(over, lambda: site.log(job_id), 150)
        assert [t.state for t in site.tasks(job_id)] == ["completed"] * 3, site.log(job_id)
        assert most == 1
        assert site.flashes("7.1.1") == {
            i.service_tag: int(i.service_tag in {h.service_tag for h in hosts}) for i in site.idracs.idracs
        }


def test_as_many_hosts_get_empty_as_the_cluster_can_spare(site: Datacentre) -> None:
    """HA needs two that stay. Whoever comes third is asked about; nothing of its host has been changed."""
    cluster = site.site.cluster("Prod")
    job_id = site.submit("prepare_host", ids(site, "Prod")[:3], **QUICK)
    asked = site.answer("retry")
    assert "the cluster cannot spare it now. Out already: " in asked.question
    assert "HA needs two hosts that stay" in asked.question
    again = site.question(job_id)
    assert again.id != asked.id
    assert sum(h.maintenance or bool(h.evacuation) for h in cluster.hosts) == 2
    site.answer("skip")
    site.wait(job_id)
    assert sorted(t.state for t in site.tasks(job_id)) == ["completed", "completed", "failed"]
    take_back(site)


def test_of_a_vsan_cluster_one(site: Datacentre) -> None:
    cluster = site.site.cluster("Store")
    job_id = site.submit("prepare_host", ids(site, "Store")[:2], **QUICK)
    assert "vSAN: one host out at a time" in site.answer("stop").question
    site.wait(job_id)
    assert sum(h.maintenance or bool(h.evacuation) for h in cluster.hosts) == 1
    take_back(site)


def test_another_job_waits_for_its_turn_and_says_for_whom(site: Datacentre) -> None:
    """A host of another cluster does not wait; who is cancelled gives his turn to the next."""
    first, second = site.site.cluster("Prod").hosts[:2]
    vm = next(v for v in first.running() if not v.by_vcenter)
    devices = list(vm.devices)
    site.site.put(Blocker.PCI_PASSTHROUGH, vm)
    holds = site.submit("prepare_host", [site.host_id(first.moid)], **QUICK)
    site.question(holds)
    waits = site.submit("prepare_host", [site.host_id(second.moid)], **QUICK)
    site.until(
        lambda: f"now {first.name} (job {holds})" in site.tasks(waits)[0].outcome,
        lambda: str(site.tasks(waits)),
    )
    other = site.submit("prepare_host", ids(site, "Store")[:1], **QUICK)
    site.until(lambda: site.job(other).state == "completed", lambda: site.log(other))
    assert not second.maintenance
    assert not second.evacuation
    site.app.commands.cancel(holds, CancelGrade.NOW)
    site.until(lambda: site.job(waits).state == "completed", lambda: site.log(waits))
    site.site.run(lambda: vm.devices.__setitem__(slice(None), devices))
    take_back(site)
