"""A vCenter, a host's SSH or an iDRAC shows another certificate in the middle of work: one question with both fingerprints,
nothing is sent before it is approved, and the work goes on where it was."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from dsm_desktop.commands import decisions, jobs
from dsm_desktop.commands.vcenters import approve_vcenter_certificate
from dsm_desktop.core.access import Principal, Role
from dsm_desktop.core.errors import Denied
from dsm_desktop.core.states import CancelGrade, JobState
from dsm_desktop.queries.jobs import DecisionRow, list_jobs
from dsm_desktop.simulator.vsphere.nodes.hosts import Host
from tests.operations.vsphere_site import QUICK, QUICK_HOST, RollSite, roll_site

pytestmark = pytest.mark.shared_program


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RollSite]:
    with roll_site(tmp_path_factory.mktemp("roll"), 4, works=False) as site:
        yield site


@pytest.fixture
def site(shared: RollSite) -> Iterator[RollSite]:
    with shared.runner():
        yield shared
    shared.left_as_found()


def begun(site: RollSite, version: str, hosts: int = 1, **more: Any) -> int:
    """A run over the first hosts, in their own order."""
    ids = [site.host_id(h.moid) for h in site.cluster.hosts[:hosts]]
    given = {"firmware": "packages", "packages": site.package(version), "order": ids, "hosts": ids}
    return site.roll(**given | more)


def changes(site: RollSite) -> tuple[int, int]:
    """What has reached the vCenter so far: logins and changes."""
    return site.site.counters["logins_ok"], len(site.site.journal())


def asked_about(
    site: RollSite, job_id: int, when: Callable[[], bool]
) -> tuple[DecisionRow, str, tuple[int, int]]:
    """Change the certificate then; the one question about it, the new fingerprint, and what had been sent till then."""
    site.until(when, lambda: site.log(job_id), 180)
    old, new = site.site.fingerprint, site.site.new_certificate()
    site.site.listener.drop_connections()
    logins = site.site.counters["logins_ok"]
    asked = site.question(job_id)
    sent = changes(site)
    assert sent[0] == logins, "a password was sent to a peer that nobody has approved"
    assert (
        f"The certificate of the vCenter {site.site.address}:{site.site.port} has changed" in asked.question
    )
    assert f"Approved: SHA-256 {old}\nShown now: SHA-256 {new}\n" in asked.question
    assert "nothing is sent before it is approved" in asked.question
    assert "Compare what is shown now with" in asked.question
    assert [o["value"] for o in asked.options] == ["approve", "again", "stop"]
    return asked, new, sent


def children_of(site: RollSite, job_id: int) -> list[int]:
    return [
        j.id for j in site.app.store.fetch(list_jobs) if j.parent_id == job_id and j.kind == "host_update"
    ]


def standings(site: RollSite, job_id: int) -> list[str]:
    return [h["standing"] for h in site.result(job_id)["hosts"]]


def once(site: RollSite, version: str, hosts: list[Host]) -> None:
    """Each host was updated once."""
    assert [site.flashes(version)[h.service_tag] for h in hosts] == [1] * len(hosts)


def test_in_the_middle_of_a_run_it_is_asked_once_and_the_run_goes_on(site: RollSite) -> None:
    hosts = site.cluster.hosts[:2]
    before = len(site.site.journal("EnterMaintenanceMode_Task"))
    job_id = begun(site, "13.1.1", 2)
    asked, _, sent = asked_about(site, job_id, lambda: hosts[0].maintenance)
    assert f"{hosts[0].name} waits as it is." in asked.question
    assert f"Take {hosts[0].name} out of maintenance mode" in [r.what for r in site.standing()]
    site.answer("again")
    site.until(lambda: bool(site.questions()), lambda: site.log(job_id))
    assert site.question().id != asked.id, "it looked again, and asks again"
    assert changes(site) == sent, "nothing was sent before the certificate was approved"
    assert hosts[0].maintenance
    site.answer("approve")
    site.wait(job_id, 150)
    assert standings(site, job_id) == ["done"] * 2, site.log(job_id)
    once(site, "13.1.1", hosts)
    assert len(site.site.journal("EnterMaintenanceMode_Task")) == before + 2


def test_the_run_itself_asks_between_hosts_and_before_the_first(site: RollSite) -> None:
    packages = site.package("13.2.1")
    _, _, sent = asked_about(site, begun(site, "13.2.1", packages=packages), lambda: True)
    assert changes(site) == sent
    (job_id,) = {q.job_id for q in site.questions()}
    site.answer("approve")
    site.wait(job_id, 150)
    assert standings(site, job_id) == ["done"], site.log(job_id)


def test_two_hosts_at_work_ask_one_question(site: RollSite) -> None:
    hosts = site.cluster.hosts[:2]
    job_id = begun(site, "13.3.1", 2, parallel=2, first=0, on_amber="go_on")
    asked_about(
        site,
        job_id,
        lambda: any(h.maintenance for h in hosts) and all(h.maintenance or h.evacuation for h in hosts),
    )
    children = [j for j in children_of(site, job_id) if j != site.question().job_id]
    site.until(lambda: "is waited for" in site.log(children[0]), lambda: site.log(children[0]))
    assert len(site.questions()) == 1
    site.answer("approve")
    site.wait(job_id, 150)
    assert standings(site, job_id) == ["done"] * 2, site.log(job_id)
    once(site, "13.3.1", hosts)


def test_approved_at_the_vcenter_the_question_is_gone(site: RollSite) -> None:
    host = site.cluster.hosts[0]
    job_id = begun(site, "13.4.1")
    _, new, _ = asked_about(site, job_id, lambda: host.maintenance)
    site.app.commands.do(approve_vcenter_certificate, site.vcenter_id, new)
    site.until(lambda: not site.questions(), lambda: site.log(job_id))
    site.wait(job_id, 150)
    assert standings(site, job_id) == ["done"], site.log(job_id)


def test_who_may_not_approve_certificates_cannot_do_it_here(site: RollSite) -> None:
    host = site.cluster.hosts[0]
    job_id = site.submit("prepare_host", [site.host_id(host.moid)], **QUICK)
    asked, _, _ = asked_about(site, job_id, lambda: bool(host.evacuation) or host.maintenance)
    with site.app.store.write() as uow, pytest.raises(Denied):
        decisions.answer(uow, Principal("otto", Role.OPERATOR), asked.id, "approve")
    assert site.question().id == asked.id
    site.answer("approve")
    assert site.wait(job_id, 90).state == "completed"
    job_id = site.submit("verify_host", [site.host_id(host.moid)], **QUICK)
    asked_about(
        site,
        job_id,
        lambda: bool(site.tasks(job_id)) and JobState(site.job(job_id).state) is JobState.RUNNING,
    )
    assert host.maintenance
    site.answer("approve")
    assert site.wait(job_id, 90).state == "completed"
    assert not host.maintenance


def test_cancelled_meanwhile_it_is_put_back_once_it_is_approved(site: RollSite) -> None:
    host = site.cluster.hosts[0]
    job_id = begun(site, "13.5.1")
    asked, _, sent = asked_about(site, job_id, lambda: host.maintenance)
    site.app.commands.do(jobs.cancel, job_id, CancelGrade.NOW)
    site.until(lambda: bool(site.questions()) and site.question().id != asked.id, lambda: site.log(job_id))
    assert changes(site) == sent
    assert host.maintenance
    site.answer("approve")
    assert site.wait(job_id, 120).state == "cancelled"
    assert not host.maintenance


def test_ended_there_the_host_stays_on_the_list_until_it_is_approved(site: RollSite) -> None:
    host = site.cluster.hosts[0]
    job_id = begun(site, "13.6.1")
    asked, _, sent = asked_about(site, job_id, lambda: host.maintenance)
    site.answer("stop")
    assert site.wait(job_id, 120).state == "failed", "the run itself does not ask the same again"
    (task,) = site.tasks(job_id)
    assert task.error is not None
    assert task.error["code"] == "CertificateChanged"
    assert changes(site) == sent
    assert host.maintenance
    assert [r.what for r in site.standing()] == [f"Take {host.name} out of maintenance mode"]
    site.press_put_back(asked.job_id)
    again = site.question(job_id)
    assert again.job_id == asked.job_id
    site.answer("approve")
    site.until(lambda: not site.standing(), lambda: site.log(asked.job_id), 180)
    assert not host.maintenance


def test_a_question_outlives_its_runner(shared: RollSite) -> None:
    site, host = shared, shared.cluster.hosts[0]
    with site.runner():
        job_id = begun(site, "13.7.1")
        asked, _, sent = asked_about(site, job_id, lambda: host.maintenance)
    with site.runner():
        assert site.question().id == asked.id
        assert changes(site) == sent
        site.answer("approve")
        site.wait(job_id, 150)
    assert standings(site, job_id) == ["done"], site.log(job_id)
    once(site, "13.7.1", [host])
    assert site.standing() == []


def test_an_idrac_with_another_certificate_is_asked_about(site: RollSite) -> None:
    host = site.cluster.hosts[0]
    idrac = next(i for i in site.idracs.idracs if i.service_tag == host.service_tag)
    given = QUICK_HOST | {"firmware": "packages", "packages": site.package("13.8.1")}
    job_id = site.submit("host_update", [site.host_id(host.moid)], **given)
    site.until(lambda: host.maintenance, lambda: site.log(job_id))
    idrac.set_fault("changed_certificate")
    idrac.drop_connections()
    asked = site.question(job_id)
    assert "The certificate of the iDRAC of" in asked.question
    assert host.maintenance
    site.answer("approve")
    assert site.wait(job_id, 120).state == "completed", site.log(job_id)
    once(site, "13.8.1", [host])
    assert not host.maintenance
