"""Alarms: acknowledged by name, and kept from sending mail while a host is worked on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from dsm_desktop.app.context import CredentialDraft
from dsm_desktop.core.states import CancelGrade
from dsm_desktop.queries.vsphere import vsphere_view
from dsm_desktop.queries.vsphere_rows import AlarmRow
from dsm_desktop.simulator.vsphere.blockers import Blocker
from dsm_desktop.simulator.vsphere.nodes.hosts import Host
from dsm_desktop.simulator.vsphere.spec import Account
from dsm_desktop.store.models import AuditEntry, Vcenter
from dsm_desktop.vmware.privileges import CAPABILITIES
from tests.operations.vsphere_site import QUICK, SMALL, Datacentre, datacentre

pytestmark = pytest.mark.shared_program
MUTED = QUICK | {"mute_alarms": True}


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Datacentre]:
    with datacentre(tmp_path_factory.mktemp("alarms")) as site:
        site.run("vcenter_sync", vcenter_id=site.vcenter_id)
        yield site


@pytest.fixture
def site(shared: Datacentre) -> Iterator[Datacentre]:
    yield shared
    shared.rest()
    assert shared.questions() == []
    assert shared.standing() == []
    assert all(host.alarm_actions for host in shared.site.hosts)


def alarms(site: Datacentre) -> list[AlarmRow]:
    site.run("vcenter_sync", vcenter_id=site.vcenter_id)
    return list(site.app.store.fetch(vsphere_view).alarms)


def acknowledge(site: Datacentre, *keys: str) -> int:
    return site.submit("acknowledge_alarms", vcenter_id=site.vcenter_id, alarms=list(keys))


def prod(site: Datacentre, number: int) -> Host:
    return site.site.cluster("Prod").hosts[number]


# -- acknowledging -------------------------------------------------------------------------------------------------------


def test_an_alarm_is_acknowledged_read_back_and_noted(site: Datacentre) -> None:
    host = prod(site, 0)
    site.site.put(Blocker.ALARM, host)
    (row,) = alarms(site)
    assert (row.on, row.acknowledged) == (host.name, False)
    job = site.wait(acknowledge(site, row.key, "alarm-99.host-99"))
    (task,) = site.tasks(job.id)
    assert task.result is not None, task.outcome
    assert task.result["acknowledged"] == [f"{row.name} on {host.name}"]
    assert "alarm-99.host-99" in site.log(job.id)
    assert host.alarms[0].acknowledged is not None
    # Without another look at the whole vCenter the window shows it.
    (now,) = site.app.store.fetch(vsphere_view).alarms
    assert (now.key, now.acknowledged) == (row.key, True)
    noted = site.app.store.fetch(
        lambda c: c.execute(
            select(AuditEntry.actor, AuditEntry.detail).where(AuditEntry.action == "jobs.acknowledge_alarms")
        ).one()
    )
    assert (noted.actor, noted.detail["params"]["alarms"][0]) == (site.app.principal.name, row.key)
    again = site.wait(acknowledge(site, row.key))
    (task,) = site.tasks(again.id)
    assert (task.result or {})["before"] == [f"{row.name} on {host.name}"]
    assert len(site.site.journal("AcknowledgeAlarm")) == 1
    site.site.run(host.alarms.clear)


def test_an_answer_that_is_lost_is_looked_for(site: Datacentre) -> None:
    host = prod(site, 1)
    site.site.put(Blocker.ALARM, host)
    (row,) = alarms(site)
    before = len(site.site.journal("AcknowledgeAlarm"))
    site.site.faults.set("drop_after", method="AcknowledgeAlarm", times=1)
    job = site.wait(acknowledge(site, row.key))
    (task,) = site.tasks(job.id)
    assert (task.result or {})["acknowledged"] == [f"{row.name} on {host.name}"], site.log(job.id)
    assert len(site.site.journal("AcknowledgeAlarm")) == before + 1
    site.site.run(host.alarms.clear)


def test_one_that_has_gone_is_said_so_and_unknown_ones_are_refused(site: Datacentre) -> None:
    host = prod(site, 2)
    site.site.put(Blocker.ALARM, host)
    (row,) = alarms(site)
    site.site.run(host.alarms.clear)
    job = site.wait(acknowledge(site, row.key))
    (task,) = site.tasks(job.id)
    assert (task.result or {})["gone"] == [f"{row.name} on {host.name}"]
    assert site.app.store.fetch(vsphere_view).alarms == ()
    job = site.wait(acknowledge(site, "alarm-99.host-99"))
    assert job.state == "failed"
    assert "None of these alarms is known" in site.tasks(job.id)[0].outcome


# -- muting --------------------------------------------------------------------------------------------------------------


def test_off_by_default(site: Datacentre) -> None:
    host = prod(site, 0)
    site.run("prepare_host", [site.host_id(host.moid)], **QUICK)
    assert host.alarm_actions
    site.run("verify_host", [site.host_id(host.moid)], **QUICK)
    assert site.site.journal("EnableAlarmActions") == []


def test_a_host_that_is_prepared_stays_mute_until_it_is_back(site: Datacentre) -> None:
    host = prod(site, 0)
    job, task = site.run("prepare_host", [site.host_id(host.moid)], **MUTED)
    assert job.state == "completed", task.outcome
    assert (host.maintenance, host.alarm_actions) == (True, False)
    first, last = site.site.journal("EnableAlarmActions"), site.site.journal("EnterMaintenanceMode_Task")
    assert first[-1].when <= last[-1].when
    assert f"Let the alarms of {host.name} act again (mail, SNMP)" in [e.what for e in site.standing()]
    job, task = site.run("verify_host", [site.host_id(host.moid)], **QUICK)
    assert job.state == "completed", task.outcome
    assert (host.maintenance, host.alarm_actions) == (False, True)


def test_put_back_lets_it_act_again(site: Datacentre) -> None:
    host = prod(site, 1)
    job, _ = site.run("prepare_host", [site.host_id(host.moid)], **MUTED)
    assert not host.alarm_actions
    site.put_back(job.id)
    assert (host.maintenance, host.alarm_actions) == (False, True)


def test_a_cancel_and_a_lost_answer_leave_nothing_mute(site: Datacentre) -> None:
    host = site.site.cluster("Lab").hosts[0]
    site.site.faults.set("drop_after", method="EnableAlarmActions", times=1)
    job_id = site.submit("prepare_host", [site.host_id(host.moid)], **MUTED, move_vms=False)
    site.until(lambda: host.evacuation is not None, lambda: site.log(job_id))
    assert not host.alarm_actions
    site.app.commands.cancel(job_id, CancelGrade.NOW)
    assert site.wait(job_id).state == "cancelled"
    assert host.alarm_actions


def test_what_was_off_before_stays_off(site: Datacentre) -> None:
    host = prod(site, 2)
    site.site.run(lambda: setattr(host, "alarm_actions", False))
    before = len(site.site.journal("EnableAlarmActions"))
    job, _ = site.run("prepare_host", [site.host_id(host.moid)], **MUTED)
    assert "are off already" in site.log(job.id)
    site.run("verify_host", [site.host_id(host.moid)], **QUICK)
    assert not host.alarm_actions
    assert len(site.site.journal("EnableAlarmActions")) == before
    site.site.run(lambda: setattr(host, "alarm_actions", True))


def test_an_account_that_may_not_mute_works_on_and_says_so(tmp_path: Path) -> None:
    held = tuple(p for names in CAPABILITIES.values() for p in names if not p.startswith("Alarm."))
    account = Account("worker@vsphere.local", "vc-work-7Q!", held)
    spec = replace(SMALL, clusters=SMALL.clusters[:1], others=(account,))
    with datacentre(tmp_path, spec) as site:
        login = site.app.store.fetch(lambda c: c.scalar(select(Vcenter.assigned_credential_id)))
        site.app.commands.save_credential(
            CredentialDraft(login, "worker", "vcenter", account.name, account.password)
        )
        host = prod(site, 0)
        job, task = site.run("prepare_host", [site.host_id(host.moid)], **MUTED)
        assert job.state == "completed", task.outcome
        assert "Alarm.DisableActions" in site.log(job.id)
        assert host.alarm_actions
        assert site.run("verify_host", [site.host_id(host.moid)], **QUICK)[0].state == "completed"
        assert site.standing() == []
