"""What a rolling update is judged by beside the cluster's own figures: yesterday's load, iDRACs, racks, machines the work
depends on, networks that lead nowhere, and how long it took before."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest

from dsm_desktop.commands import racks, servers
from dsm_desktop.queries.cluster_safety import cluster_out, gate_rows
from dsm_desktop.queries.racks import list_racks
from dsm_desktop.queries.roll_report import report_document
from dsm_desktop.simulator.vsphere.blockers import Blocker
from dsm_desktop.simulator.vsphere.nodes.hosts import Host
from dsm_desktop.simulator.vsphere.nodes.vms import Vm
from tests.operations.vsphere_site import QUICK, RollSite, roll_site

pytestmark = pytest.mark.shared_program


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RollSite]:
    with roll_site(tmp_path_factory.mktemp("roll"), 4) as site:
        yield site


@pytest.fixture
def site(shared: RollSite) -> Iterator[RollSite]:
    yield shared
    shared.left_as_found()


def mover(site: RollSite, host: int) -> Vm:
    return next(v for v in site.cluster.hosts[host].running() if not v.by_vcenter)


def checked(site: RollSite) -> dict[str, Any]:
    params: dict[str, Any] = {"vcenter_id": site.vcenter_id, "cluster": site.cluster.moid}
    _, task = site.run("cluster_safety_check", **params)
    assert task.result is not None, task.outcome
    (judged,) = task.result["clusters"]
    found: dict[str, Any] = judged["judgement"]
    return found


def planned(site: RollSite, version: str, **more: Any) -> dict[str, Any]:
    # The site's clock runs fast: on a busy machine a host's is seconds off by the time it is compared.
    asked = {"firmware": "packages", "packages": site.package(version), "check_clocks": False} | more
    job = site.wait(site.roll("rolling_plan", **asked))
    (task,) = site.tasks(job.id)
    assert task.result is not None, task.outcome
    found: dict[str, Any] = task.result["plan"]
    return found


def numbers(judgement: dict[str, Any], gate: str) -> dict[str, float]:
    (row,) = [g for g in judgement["gates"] if g["name"] == gate]
    return {label: value for label, value, _ in row["numbers"]}


def test_the_load_of_the_last_day_counts_and_is_shown(site: RollSite) -> None:
    found = numbers(checked(site), "load")
    used = site.site.run(lambda: sum(h.used_memory_mb() for h in site.cluster.hosts))
    # The simulated day has a busy afternoon, 15 % above what is used now.
    assert used < found["memory peak of 24 hours"] <= 1.2 * used
    assert found["memory in use, now or peak"] == found["memory peak of 24 hours"]
    assert found["CPU peak of 24 hours"] > 0
    (load,) = [g for g in checked(site)["gates"] if g["name"] == "load"]
    assert "not read" not in load["text"]


def test_of_a_rack_one_host_at_a_time(site: RollSite) -> None:
    tags = {s.service_tag: s.id for s in site.servers()}
    hosts = site.cluster.hosts
    with site.app.store.write() as uow:
        first = racks.add_rack(uow, site.app.principal, "R1", room="Hall")
        second = racks.add_rack(uow, site.app.principal, "R2", room="Hall")
        for number, host in enumerate(hosts):
            rack = first if number < 3 else second
            racks.place(uow, site.app.principal, tags[host.service_tag], rack, 1 + 4 * number)
    plan = planned(site, "3.1.1", parallel=3)
    together = set(plan["largest_out"])
    assert hosts[3].name in together
    assert len(together & {h.name for h in hosts[:3]}) == 1
    assert any("both stand in 'Hall / R1'" in remark for remark in plan["remarks"])
    assert numbers(checked(site), "domains")["racks known"] == 2

    # Three of R1: never two of them together, although three may be out at once.
    ids = [site.host_id(h.moid) for h in hosts[:3]]
    packages = site.package("3.1.2")
    job_id = site.roll(firmware="packages", packages=packages, hosts=ids, order=ids, first=0, parallel=3)
    most = 0

    def over() -> bool:
        nonlocal most
        most = max(most, sum(h.maintenance or bool(h.evacuation) for h in hosts))
        return site.job(job_id).state in ("completed", "failed", "cancelled")

    site.until(over, lambda: site.log(job_id), 180)
    assert [h["standing"] for h in site.result(job_id)["hosts"]] == ["done"] * 3
    assert most == 1
    with site.app.store.write() as uow:
        for host in hosts:
            racks.unplace(uow, site.app.principal, tags[host.service_tag])


def test_a_job_that_waits_in_the_idrac_closes_the_gate(site: RollSite) -> None:
    first, second = site.cluster.hosts[:2]
    ids = [site.host_id(h.moid) for h in (first, second)]
    idrac = next(i for i in site.idracs.idracs if i.service_tag == second.service_tag)
    packages = site.package("3.2.1")
    job_id = site.roll(firmware="packages", packages=packages, hosts=ids, order=ids, gate_minutes=5)
    site.until(lambda: first.maintenance, lambda: site.log(job_id))
    idrac.add_job("BIOSConfiguration", "Configure: BIOS.Setup.1-1", at_boot=True)
    site.until(lambda: f"{second.name} waits:" in site.log(job_id), lambda: site.log(job_id))
    assert f"The iDRAC of {second.name} holds JID_" in site.log(job_id)
    idrac.forget_jobs()
    site.wait(job_id, 120)
    assert [h["standing"] for h in site.result(job_id)["hosts"]] == ["done", "done"], site.log(job_id)


def test_what_the_hosts_ask_for_names_is_never_shut_down_and_done_last(site: RollSite) -> None:
    vm = mover(site, 0)
    devices, address = list(vm.devices), vm.ip
    site.site.run(lambda: setattr(vm, "ip", "10.20.0.53"))
    plan = planned(site, "3.3.1")
    assert any("is a DNS server of the hosts: its host is done last" in r for r in plan["remarks"])
    last = max(plan["hosts"], key=lambda h: h["place"])
    assert last["name"] == vm.host.name
    assert "a DNS server of the hosts" in last["why"]

    site.site.put(Blocker.PCI_PASSTHROUGH, vm)
    (obstacle,) = [o for o in planned(site, "3.3.1")["obstacles"] if o["name"] == vm.name]
    assert "shut_down" not in obstacle["ways"]
    assert "must not be powered off" in obstacle["way_out"]
    site.site.run(lambda: setattr(vm, "ip", address))

    # What the site's settings name is kept running as well.
    site.app.commands.save_settings("safety", {"keep": [vm.name]})
    (obstacle,) = [o for o in planned(site, "3.3.1")["obstacles"] if o["name"] == vm.name]
    assert "shut_down" not in obstacle["ways"]
    site.app.commands.save_settings("safety", {"keep": []})
    (obstacle,) = [o for o in planned(site, "3.3.1")["obstacles"] if o["name"] == vm.name]
    assert "shut_down" in obstacle["ways"]
    site.site.run(lambda: vm.devices.__setitem__(slice(None), devices))


def test_a_network_that_leads_nowhere_holds_its_vms(site: RollSite) -> None:
    vm = mover(site, 1)
    network = vm.networks[0]
    assert planned(site, "3.4.1")["obstacles"] == []
    site.site.run(lambda: setattr(network, "uplink", False))
    found = {o["name"]: o["reason"] for o in planned(site, "3.4.1")["obstacles"]}
    assert f"network '{network.name}', which has no uplink" in found[vm.name]
    site.site.run(lambda: setattr(network, "uplink", True))


def test_what_it_took_before_is_the_estimate_for_the_same_model(site: RollSite) -> None:
    before = planned(site, "3.5.1")["hosts"]
    doing = [h for h in before if h["place"]]
    assert {h["minutes_from"].split(":")[0] for h in doing} == {"measured"}
    assert all(h["minutes"] == 1 for h in doing), "here a minute is a part of a second"
    assert all("(estimated: " in h["minutes_from"] for h in doing)


def test_a_required_spare_host_closes_the_gate(site: RollSite) -> None:
    hosts = site.cluster.hosts
    ids = [site.host_id(h.moid) for h in hosts[:1]]
    packages = site.package("3.6.1")
    for host in hosts[2:]:
        site.site.put(Blocker.IN_MAINTENANCE, host)
    given: dict[str, Any] = {"firmware": "packages", "packages": packages, "hosts": ids, "allow_out": 2}
    job_id = site.roll(**given, spare_host=True)
    asked = site.answer("skip")
    assert "there is no spare host if it fails (required)" in asked.question
    site.wait(job_id)
    for host in hosts[2:]:
        site.site.run(host.esxi.exit_maintenance)


@pytest.mark.parametrize("alarm", [True, False])
def test_an_answer_counts_for_what_was_seen_when_it_was_given(site: RollSite, alarm: bool) -> None:
    """The question stands for hours, and the host's own job looks at no gate any more."""
    hosts = site.cluster.hosts
    packages = site.package(f"3.6.{2 + alarm}")
    for host in hosts[2:]:
        site.site.put(Blocker.IN_MAINTENANCE, host)
    given: dict[str, Any] = {
        "firmware": "packages",
        "packages": packages,
        "hosts": [site.host_id(hosts[0].moid)],
    }
    job_id = site.roll(**given, allow_out=2, on_amber="ask")
    assert "the cluster is amber" in site.question(job_id).question
    if alarm:
        site.site.put(Blocker.ALARM, hosts[1])
    site.answer("go_on")
    if alarm:
        asked = site.answer("skip")
        assert "the cluster is red: Red alarms" in asked.question
        assert "go_on" not in [o["value"] for o in asked.options]
        assert "by now" in site.log(job_id)
    site.wait(job_id)
    standing = "skipped" if alarm else "done"
    assert [h["standing"] for h in site.result(job_id)["hosts"]] == [standing], site.log(job_id)
    site.site.run(hosts[1].alarms.clear)
    for host in hosts[2:]:
        site.site.run(host.esxi.exit_maintenance)


def test_a_red_alarm_is_in_the_plan_and_acknowledged_it_lets_the_run_go_on(site: RollSite) -> None:
    first, second = site.cluster.hosts[:2]
    site.site.put(Blocker.ALARM, second)
    remarks = planned(site, "3.7.1")["remarks"]
    assert any("no host would be taken: Red alarms" in r and second.name in r for r in remarks), remarks
    for alarm in second.alarms:
        site.site.run(partial(setattr, alarm, "acknowledged", ("anna", site.site.clock.now())))
    assert [r for r in planned(site, "3.7.1")["remarks"] if "no host would be taken" in r] == []
    packages = site.package("3.7.2")
    job_id = site.roll(firmware="packages", packages=packages, hosts=[site.host_id(first.moid)])
    site.wait(job_id, 120)
    assert [h["standing"] for h in site.result(job_id)["hosts"]] == ["done"], site.log(job_id)
    site.site.run(second.alarms.clear)


def test_alarms_accepted_by_name_do_not_stop_the_run_and_a_new_one_does(site: RollSite) -> None:
    first, second, third = site.cluster.hosts[:3]
    site.site.put(Blocker.ALARM, third)
    name = third.alarms[0].definition.name
    accepted = {"accept_alarms": [f"{name} on {third.name}", "No such alarm"]}
    plan = planned(site, "3.8.1", **accepted)
    assert [(a["name"], a["on"], a["by"]) for a in plan["accepted"]] == [
        (name, third.name, site.app.principal.name)
    ]
    assert [r for r in plan["remarks"] if "no host would be taken" in r] == []
    assert any("No red alarm called 'No such alarm'" in r for r in plan["remarks"])

    ids = [site.host_id(h.moid) for h in (first, second)]
    packages = site.package("3.8.2")
    # By its name alone, so that the alarm of the same name that comes later must be told from it.
    job_id = site.roll(
        firmware="packages", packages=packages, hosts=ids, order=ids, accept_alarms=[name], gate_minutes=0.02
    )
    site.until(lambda: first.maintenance, lambda: site.log(job_id))
    site.site.put(Blocker.ALARM, site.cluster.hosts[3])
    asked = site.answer("skip")
    assert site.cluster.hosts[3].name in asked.question
    assert third.name not in asked.question
    site.wait(job_id, 120)
    assert [h["standing"] for h in site.result(job_id)["hosts"]] == ["done", "skipped"], site.log(job_id)
    with site.app.store.read() as connection:
        told = report_document(connection, job_id).intro
    assert any(f"'{name}' on {third.name} was accepted for this run by" in said for said in told), told
    for host in (third, site.cluster.hosts[3]):
        site.site.run(host.alarms.clear)


def one_at_a_time(site: RollSite, first: Host, second: Host, third: Host, why: str) -> None:
    """With the first out a person is asked about the second, for that reason; the third is emptied beside it."""
    quick = {**QUICK, "stuck_minutes": 0.02}
    assert site.wait(site.submit("prepare_host", [site.host_id(first.moid)], **quick)).state == "completed"
    job_id = site.submit("prepare_host", [site.host_id(second.moid)], **quick)
    asked = site.answer("skip")
    assert f"Out already: {first.name}" in asked.question
    assert why in asked.question
    site.wait(job_id)
    assert not second.maintenance
    other = site.wait(site.submit("prepare_host", [site.host_id(third.moid)], **quick))
    assert other.state == "completed", site.tasks(other.id)
    out = [site.host_id(h.moid) for h in (first, third)]
    assert site.wait(site.submit("verify_host", out, **QUICK)).state == "completed"


def test_jobs_on_single_hosts_take_one_of_a_rack_at_a_time_too(site: RollSite) -> None:
    tags = {s.service_tag: s.id for s in site.servers()}
    first, second, third, last = site.cluster.hosts
    with site.app.store.write() as uow:
        racks_made = [racks.add_rack(uow, site.app.principal, name, room="Cellar") for name in ("C1", "C2")]
        for number, host in enumerate((first, second, third, last)):
            rack = racks_made[number // 2]
            racks.place(uow, site.app.principal, tags[host.service_tag], rack, 1 + 4 * number)
    # Of the other rack the cluster spares one; so it is the rack that keeps the second of this one in service.
    one_at_a_time(site, first, second, third, "'Cellar / C1'")
    with site.app.store.write() as uow:
        for host in (first, second, third, last):
            racks.unplace(uow, site.app.principal, tags[host.service_tag])


@contextmanager
def hanging_on(site: RollSite, *pdus: str) -> Iterator[None]:
    """Each host in a rack of its own and on these PDUs, in the order of the hosts; afterwards nothing is known again."""
    tags = {s.service_tag: s.id for s in site.servers()}
    ids = [tags[host.service_tag] for host in site.cluster.hosts]
    with site.app.store.write() as uow:
        for server, names in zip(ids, pdus, strict=True):
            own = racks.add_rack(uow, site.app.principal, f"Own {server}", room="Attic")
            racks.place(uow, site.app.principal, server, own, 1)
            servers.edit_servers(uow, site.app.principal, [server], pdus=names)
    try:
        yield
    finally:
        with site.app.store.write() as uow:
            servers.edit_servers(uow, site.app.principal, ids, pdus="")
            for rack in list_racks(uow.session.connection()):
                if rack.room == "Attic":
                    racks.remove_rack(uow, site.app.principal, rack.id)


def test_of_a_pdu_one_host_at_a_time_whatever_the_racks(site: RollSite) -> None:
    hosts = site.cluster.hosts
    ids = [site.host_id(h.moid) for h in hosts[:2]]
    most = 0

    def over() -> bool:
        nonlocal most
        most = max(most, sum(h.maintenance or bool(h.evacuation) for h in hosts))
        return site.job(job_id).state in ("completed", "failed", "cancelled")

    with hanging_on(site, "A12, C1", "a12, B1", "A12, B1", "B1, C1"):  # any two share one, all four none
        plan = planned(site, "3.9.1", parallel=3)
        assert len(plan["largest_out"]) == 1
        # Which pairs are named goes by the host that carries least.
        assert sum("both hang on" in remark for remark in plan["remarks"]) == 3, plan["remarks"]
        found = numbers(checked(site), "domains")
        assert (found["racks known"], found["PDUs known"]) == (4, 3)
        # As the window shows it, over the copy in the store.
        assert site.run("vcenter_sync", vcenter_id=site.vcenter_id)[0].state == "completed"
        with site.app.store.read() as connection:
            seen = cluster_out(connection, site.vcenter_id, site.cluster.moid)
            gates = {g.gate: g for g in gate_rows(connection, site.vcenter_id, site.cluster.moid, "")}
        assert seen is not None
        assert len(seen.largest_out) == 1
        assert {n.label: n.value for n in gates["domains"].numbers} == found
        # Both could be out by their racks and their room.
        packages = site.package("3.9.2")
        job_id = site.roll(firmware="packages", packages=packages, hosts=ids, order=ids, first=0, parallel=3)
        site.until(over, lambda: site.log(job_id), 180)
    assert [h["standing"] for h in site.result(job_id)["hosts"]] == ["done"] * 2
    assert most == 1


def test_jobs_on_single_hosts_ask_before_a_second_of_a_pdu_is_emptied(site: RollSite) -> None:
    first, second, third, _ = site.cluster.hosts
    with hanging_on(site, "A12, B1", "A12, B2", "A13, B2", "A14, B4"):
        one_at_a_time(site, first, second, third, "both hang on 'A12'; one of a PDU at a time")
