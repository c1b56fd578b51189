"""Several ESXi hosts that no vCenter knows, in one run: their VMs have the same moids, and are still told apart."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from dsm_desktop.app.demo import throw_away_profile
from dsm_desktop.commands.vcenters import add_esxi_host, approve_host_certificate
from dsm_desktop.queries.vm_decisions import list_vm_decisions
from dsm_desktop.simulator.esxi import Pace
from dsm_desktop.simulator.vsphere import VsphereSite, host_spec
from dsm_desktop.simulator.vsphere.nodes.vms import Vm
from tests.operations.esxi_site import FAST, NEW, OLD, bundle_in, login
from tests.operations.vsphere_site import Datacentre

pytestmark = pytest.mark.shared_program

SSH = 39022


def _spec(number: int) -> Any:
    return host_spec(
        "8.0.3",
        OLD,
        address=f"127.88.{number}.9",
        host_network=f"127.88.{number}.9/32",
        clock_speed=200.0,
        pace=Pace(stop=20, post=60, boot=60, update=60, dry_run=5),
        ssh_port=SSH,
    )


class Two(Datacentre):
    """Hosts A and B; the names of B's VMs begin with "B-"."""

    def __init__(self, app: Any, sites: list[VsphereSite], bundle: Path) -> None:
        self.app, self.site, self.sites = app, sites[0], sites
        self.ids: list[int] = []
        for site in sites:
            site.hosts[0].stores[0].disk.put("depots/esxi.zip", bundle, site.clock.now())
            with app.store.write() as uow:
                number = add_esxi_host(uow, app.principal, site.address, site.port)
                approve_host_certificate(uow, app.principal, number, site.fingerprint)
            self.ids.append(number)
        for vm in self.guests(1):
            sites[1].run(partial(setattr, vm, "name", f"B-{vm.name}"))

    def guests(self, which: int) -> list[Vm]:
        return [v for v in self.sites[which].hosts[0].running() if not v.by_vcenter]

    def stopped(self, which: int) -> set[str]:
        """Names of the VMs whose guests were asked to stop."""
        return {call.target for call in self.sites[which].journal("ShutdownGuest")}

    def roll_both(self, *decisions: str, kind: str = "rolling_update", **more: Any) -> int:
        store = self.site.hosts[0].stores[0].name
        given: dict[str, Any] = FAST | {
            "firmware": "none",
            "backup": False,
            "depot": f"[{store}] depots/esxi.zip",
            "hosts": self.ids,
            "decisions": list(decisions),
        }
        return self.submit(kind, **given, **more)

    def standings(self, job_id: int) -> list[str]:
        (task,) = self.tasks(job_id)
        assert task.result is not None, f"{task.outcome}\n{self.log(job_id)}"
        ends = {h["host_id"]: h for h in task.result["hosts"]}
        return [ends[number]["standing"] for number in self.ids]

    def builds(self) -> list[str]:
        return [site.hosts[0].esxi.image.build for site in self.sites]


@pytest.fixture
def two(tmp_path: Path) -> Iterator[Two]:
    with VsphereSite(_spec(17)) as first, VsphereSite(_spec(18)) as second:
        app = throw_away_profile(tmp_path / "profile", "root", "calvin-not")
        app.listen()
        login(app, first)
        runner = app.make_runner("test")
        runner.start()
        try:
            both = Two(app, [first, second], bundle_in(tmp_path))
            both.wait(both.submit("host_refresh", both.ids))
            assert {v.moid for v in both.guests(0)} == {v.moid for v in both.guests(1)}
            yield both
        finally:
            runner.stop()
            app.close()


def test_what_was_decided_about_one_hosts_vms_is_done_to_no_others(two: Two) -> None:
    first, second = two.ids
    a, b = two.guests(0), two.guests(1)
    said = [f"{first}:{v.moid} = skip_host" for v in a] + [f"{second}:{v.moid} = shut_down" for v in b]
    job_id = two.roll_both(*said)
    two.wait(job_id, 120)
    assert two.standings(job_id) == ["skipped", "done"], two.log(job_id)
    assert two.stopped(0) == set()
    assert two.stopped(1) == {v.name for v in b}
    assert two.builds() == [OLD, NEW]


def test_each_host_gets_its_own_vms_decisions_and_no_others(two: Two) -> None:
    """Waiting means that a person is asked when the host does not get empty; nothing of it is shut down before."""
    a, b = two.guests(0), two.guests(1)
    said = [f"{v.name} = wait" for v in a] + [f"{v.name} = shut_down" for v in b]
    job_id = two.roll_both(*said, order=two.ids)
    asked = two.answer("skip")
    assert two.sites[0].hosts[0].name in asked.question or "127.88.17.9" in asked.question
    two.wait(job_id, 120)
    assert two.stopped(0) == set()
    assert two.standings(job_id) == ["failed", "not_begun"], two.log(job_id)


def test_every_vm_is_asked_about_once(two: Two) -> None:
    """A bare moid could be a VM of either host, so it decides about none, and the plan says so."""
    a, b = two.guests(0), two.guests(1)
    said = f"{a[0].moid} = skip_host"
    plan = two.wait(two.roll_both(said, kind="rolling_plan"))
    (task,) = two.tasks(plan.id)
    assert task.result is not None, task.outcome
    remark = task.result["plan"]["remarks"][0]
    assert all(f"{number}:{a[0].moid}" in remark for number in two.ids), remark

    job_id = two.roll_both(said, order=two.ids)
    asked: list[str] = []
    for answer in ["shut_down"] * (len(a) + len(b) - 1) + ["stop"]:
        two.until(
            lambda: any(q.question not in asked for q in two.questions()),
            lambda: f"{asked}\n{two.tasks(job_id)}",
        )
        asked.append(two.answer(answer).question)
    two.wait(job_id)
    assert sorted(q.split(" on ")[0] for q in asked) == sorted(v.name for v in [*a, *b])
    assert two.tasks(job_id)[0].state == "cancelled"
    assert two.stopped(0) | two.stopped(1) == set()
    # The VMs of both have the same uuids here, as copies have: nothing is kept that could be taken for the other's.
    assert two.app.store.fetch(list_vm_decisions) == []


def test_each_host_is_called_as_on_the_list_and_a_guest_without_tools_is_told_before(two: Two) -> None:
    """Both call themselves alike, as hosts without DNS do; and a guest that cannot be asked to stop is no surprise at night."""
    a, b = two.guests(0), two.guests(1)
    mute = a[-1]
    two.sites[0].run(partial(setattr, mute, "tools", False))
    plan = two.wait(two.roll_both(kind="rolling_plan"))
    (task,) = two.tasks(plan.id)
    assert task.result is not None, task.outcome
    obstacles = task.result["plan"]["obstacles"]
    assert {o["host_name"] for o in obstacles} == {"127.88.17.9", "127.88.18.9"}
    assert all(f"on host '{o['host_name']}'" in o["reason"] for o in obstacles)
    told = [o for o in obstacles if "VMware Tools do not run in it" in o["reason"]]
    assert [(o["name"], o["host_name"]) for o in told] == [(mute.name, "127.88.17.9")]
    assert "shut it down from inside" in told[0]["way_out"]

    decided = [f"{v.name} = shut_down" for v in a] + [f"{v.name} = skip_host" for v in b]
    job_id = two.roll_both(*decided, order=two.ids)
    asked = two.answer("skip").question
    for words in ("127.88.17.9", mute.name, "VMware Tools", "shut it down from inside"):
        assert words in asked
    two.wait(job_id, 120)
    assert two.standings(job_id) == ["failed", "skipped"], two.log(job_id)
    assert "then go on. Free it" in two.log(job_id)
    assert {v.name for v in two.guests(0)} == {v.name for v in a}, "what was stopped before runs again"
