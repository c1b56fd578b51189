"""ESXi in rolling updates: a cluster that an image owns is refused before anything moves, and a host that no vCenter knows is
prepared, updated, rolled and checked by speaking to it alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from dsm_desktop.app.demo import throw_away_profile
from dsm_desktop.commands.vcenters import add_esxi_host, approve_host_certificate
from dsm_desktop.simulator.esxi import Pace
from dsm_desktop.simulator.vsphere import VsphereSite, host_spec
from dsm_desktop.simulator.vsphere.blockers import Blocker
from dsm_desktop.simulator.vsphere.nodes.hosts import Host
from dsm_desktop.store.models import EsxiHost
from tests.operations.esxi_site import FAST, NEW, OLD, SMALL, EsxiSite, bundle_in, esxi_site, login
from tests.operations.vsphere_site import QUICK

pytestmark = pytest.mark.shared_program

ROLL: dict[str, Any] = FAST | {"firmware": "none", "gate_minutes": 0.02, "backup": False}


def test_a_cluster_that_an_image_owns_is_refused_with_the_reason(tmp_path: Path) -> None:
    with esxi_site(tmp_path) as site:
        cluster = site.site.cluster("Prod")
        site.site.run(lambda: setattr(cluster, "image_managed", True))
        given = ROLL | {"vcenter_id": site.vcenter_id, "cluster": cluster.moid}
        job = site.wait(site.submit("rolling_update", **given), 60)
        (task,) = site.tasks(job.id)
        assert task.result is not None, task.outcome
        assert [h["standing"] for h in task.result["hosts"]] == ["untouched"] * 3
        assert job.state == "failed", "nothing of what was asked for is done"
        assert task.outcome.count("cannot be done") == 1, "not three long sentences"
        assert all(h.name in task.outcome for h in cluster.hosts)
        assert "Run it again" in (task.error or {})["hint"]
        assert all("image" in h["why"] for h in task.result["hosts"]), task.result["hosts"]
        # One host by hand is refused for the same reason, before it is emptied.
        one = site.wait(site.submit("esxi_upgrade", [site.host_id(cluster.hosts[0].moid)], **FAST), 60)
        (task,) = site.tasks(one.id)
        assert one.state == "failed"
        assert "image" in task.outcome
        assert site.site.journal("EnterMaintenanceMode_Task") == []
        assert [h.esxi.image.build for h in cluster.hosts] == [OLD] * 3
        assert site.standing() == []


class Alone(EsxiSite):
    """A program that knows one ESXi host, which belongs to no vCenter."""

    @property
    def host(self) -> Host:
        return self.site.hosts[0]

    def __init__(self, app: Any, site: VsphereSite, bundle: Path) -> None:
        self.app, self.site, self.bundle = app, site, bundle
        self.host.stores[0].disk.put("depots/esxi.zip", bundle, site.clock.now())
        with app.store.write() as uow:
            self.id = add_esxi_host(uow, app.principal, site.address, site.port)
            approve_host_certificate(uow, app.principal, self.id, site.fingerprint)

    @property
    def depot(self) -> str:
        return f"[{self.host.stores[0].name}] depots/esxi.zip"

    def guests(self) -> list[str]:
        return sorted(v.name for v in self.host.running() if not v.by_vcenter)


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Alone]:
    folder = tmp_path_factory.mktemp("alone")
    spec = host_spec(
        "8.0.3",
        OLD,
        address="127.88.7.9",
        host_network="127.88.7.9/32",
        clock_speed=200.0,
        pace=Pace(stop=20, post=60, boot=60, update=60, dry_run=5),
    )
    with VsphereSite(spec) as site:
        app = throw_away_profile(folder / "profile", "root", "calvin-not")
        app.listen()
        login(app, site)
        runner = app.make_runner("test")
        runner.start()
        try:
            yield Alone(app, site, bundle_in(folder))
        finally:
            runner.stop()
            app.close()


def test_it_is_read_prepared_and_taken_back(alone: Alone) -> None:
    job, task = alone.run("host_refresh", [alone.id])
    assert job.state == "completed", task.outcome
    row = alone.app.store.fetch(
        lambda c: c.execute(select(EsxiHost.vcenter_id, EsxiHost.facts).where(EsxiHost.id == alone.id)).one()
    )
    assert row.vcenter_id is None
    assert row.facts["build"] == OLD
    guests = alone.guests()
    assert guests
    decisions = [f"{name} = shut_down" for name in guests]
    job, task = alone.run("prepare_host", [alone.id], **(QUICK | {"decisions": decisions}))
    assert job.state == "completed", f"{task.outcome}\n{alone.log(job.id)}"
    assert alone.host.maintenance
    assert alone.guests() == []
    job, task = alone.run("verify_host", [alone.id], **QUICK)
    assert job.state == "completed", f"{task.outcome}\n{alone.log(job.id)}"
    assert not alone.host.maintenance
    assert alone.guests() == guests
    assert alone.standing() == []


def test_a_rolling_update_brings_it_to_the_new_build(alone: Alone) -> None:
    guests = alone.guests()
    given = ROLL | {"depot": alone.depot, "hosts": [alone.id]}
    decisions = [f"{name} = shut_down" for name in guests]
    plan = alone.wait(alone.submit("rolling_plan", **given, decisions=decisions), 60)
    assert alone.tasks(plan.id)[0].result is not None
    job = alone.wait(alone.submit("rolling_update", **given, decisions=decisions), 120)
    (task,) = alone.tasks(job.id)
    assert task.result is not None, task.outcome
    assert [h["standing"] for h in task.result["hosts"]] == ["done"], alone.log(job.id)
    assert alone.host.esxi.image.build == NEW
    assert not alone.host.maintenance
    assert alone.guests() == guests
    assert alone.standing() == []
    again = alone.wait(alone.submit("esxi_upgrade", [alone.id], **(FAST | {"depot": alone.depot})), 60)
    assert "nothing" in alone.tasks(again.id)[0].outcome.lower()


def test_a_host_whose_clock_is_wrong_closes_the_gate(tmp_path: Path) -> None:
    """Here the simulated time runs as fast as ours: only then a second between two looks is a second."""
    spec = replace(SMALL, clock_speed=1.0, pace=Pace(update=1, dry_run=0.2))
    with esxi_site(tmp_path, spec) as site:
        cluster = site.site.cluster("Prod")
        first, second = cluster.hosts[:2]
        site.site.put(Blocker.CLOCK_SKEW, second)
        given = ROLL | {
            "vcenter_id": site.vcenter_id,
            "cluster": cluster.moid,
            "hosts": [site.host_id(first.moid)],
        }
        job_id = site.submit("rolling_update", **given)
        asked = site.answer("skip")
        assert asked.question.startswith(f"{first.name} is not taken")
        assert f"The clock of host '{second.name}' is off by 45" in asked.question
        assert f"The clock of host '{first.name}'" not in asked.question
        site.wait(job_id)
        assert site.site.journal("EnterMaintenanceMode_Task") == []
