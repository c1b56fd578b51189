"""The recovery key of a host whose TPM seals its configuration: in the vault before anything restarts it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import pytest
from sqlalchemy import func, select, update

from dsm_desktop.simulator.vsphere.nodes.hosts import Host
from dsm_desktop.store.models import EsxiHost, EsxiRecoveryKey
from tests.operations.esxi_site import DEPOT, OLD, PROFILE, bundle_in, login
from tests.operations.vsphere_site import QUICK, QUICK_HOST, RollSite, roll_site

pytestmark = pytest.mark.shared_program


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RollSite]:
    folder: Path = tmp_path_factory.mktemp("keys")
    with roll_site(folder, 3, prepare=login, version="8.0.3", build=OLD) as site:
        site.site.store("prod-iso").disk.put("depots/esxi.zip", bundle_in(folder), site.site.clock.now())
        with site.app.store.write() as uow:
            for host in site.site.hosts:
                row = update(EsxiHost).where(EsxiHost.moid == host.moid)
                uow.session.execute(row.values(address=host.esxi.spec.address))
        yield site


@pytest.fixture
def site(shared: RollSite) -> Iterator[RollSite]:
    yield shared
    shared.rest()
    for host in shared.site.hosts:
        host.esxi.faults.clear()
    assert shared.questions() == []
    assert shared.standing() == []
    assert [h.name for h in shared.site.hosts if h.maintenance or h.evacuation] == []
    assert [h.name for h in shared.site.hosts if h.esxi.service("TSM-SSH").running] == []


def test_a_seal_that_could_not_be_read_is_not_taken_for_none(site: RollSite) -> None:
    host = site.cluster.hosts[2]
    host.esxi.faults.set("encryption_unread")
    job, task = site.run(
        "esxi_preflight", [site.host_id(host.moid)], depot=DEPOT, profile=PROFILE, rehearse=False
    )
    assert job.state == "completed", task.outcome
    assert task.result is not None
    assert "the mode was not read" in " ".join(task.result["warnings"])
    assert "the mode was not read" in task.result["summary"]
    assert "stands in the way" not in task.result["summary"]
    assert task.result["keys_saved"] is False


def keys(site: RollSite, host: Host) -> int:
    """How many recovery keys of a host are in the vault."""
    count = select(func.count()).select_from(EsxiRecoveryKey).join(EsxiHost)
    return site.app.store.fetch(lambda c: c.execute(count.where(EsxiHost.moid == host.moid)).scalar_one())


def firmware(site: RollSite, host: Host, version: str) -> int:
    given = QUICK_HOST | {"firmware": "packages", "packages": site.package(version), "recovery_key": "ask"}
    return site.submit("host_update", [site.host_id(host.moid)], **given)


def test_firmware_alone_saves_the_key_before_the_host_is_touched(site: RollSite) -> None:
    host = site.cluster.hosts[0]
    assert keys(site, host) == 0
    job_id = firmware(site, host, "16.1.1")
    site.until(lambda: keys(site, host) == 1, lambda: site.log(job_id))
    assert not host.maintenance
    assert site.flashes("16.1.1")[host.service_tag] == 0
    assert site.wait(job_id, 120).state == "completed", site.log(job_id)
    assert site.flashes("16.1.1")[host.service_tag] == 1


@pytest.mark.parametrize(("fault", "words"), [("encryption_unread", "does not tell"), ("ssh_refused", "SSH")])
def test_where_the_key_cannot_be_read_a_person_is_asked(site: RollSite, fault: str, words: str) -> None:
    host, version = site.cluster.hosts[1], f"16.2.{len(fault)}"
    host.esxi.faults.set(fault)
    with patch("dsm_desktop.workflows.ssh_access.PORT_SECONDS", 0.5):
        job_id = firmware(site, host, version)
        asked = site.question(job_id, 60)
    assert words in asked.question
    assert not host.maintenance
    assert host.esxi.service("TSM-SSH").running is False
    site.answer("skip")
    assert site.wait(job_id).state == "failed"
    assert site.flashes(version)[host.service_tag] == 0


@pytest.mark.parametrize("kind", ["esxi_upgrade", "host_update"])
def test_an_update_of_esxi_alone_asks_where_the_seal_cannot_be_read(site: RollSite, kind: str) -> None:
    host = site.cluster.hosts[2]
    host.esxi.faults.set("encryption_unread")
    given = QUICK_HOST | {"firmware": "none"} if kind == "host_update" else dict(QUICK)
    more = given | {"recovery_key": "ask", "depot": DEPOT, "profile": PROFILE}
    job_id = site.submit(kind, [site.host_id(host.moid)], **more)
    asked = site.question(job_id, 60)
    assert "does not tell how its configuration is sealed" in asked.question
    assert not host.maintenance
    assert host.esxi.service("TSM-SSH").running is False
    site.answer("skip")
    assert site.wait(job_id).state == "failed"
    assert not host.esxi.journal.effects().get("reboot")


def test_without_a_login_nothing_is_switched_on_and_a_person_may_go_on(site: RollSite) -> None:
    host = site.cluster.hosts[2]
    view = next(c for c in site.app.reads.credentials() if c.kind == "esxi")
    site.app.commands.remove_credential(view.id)
    begun = len(site.site.journal("StartService", host.name))
    job_id = firmware(site, host, "16.3.1")
    asked = site.question(job_id, 60)
    assert "its recovery key could not be saved" in asked.question
    assert len(site.site.journal("StartService", host.name)) == begun
    site.answer("go_on")
    assert site.wait(job_id, 120).state == "completed", site.log(job_id)
    assert site.flashes("16.3.1")[host.service_tag] == 1
