"""What a job has left changed, and what it asks, seen and settled from a terminal without a window."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from dsm_desktop.simulator.vsphere.blockers import Blocker
from tests.kit.commandline import CommandLine
from tests.operations.vsphere_site import QUICK, Datacentre, datacentre

pytestmark = pytest.mark.shared_program
_QUICK = [word for name, value in QUICK.items() for word in (f"--{name.replace('_', '-')}", value)]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Datacentre, CommandLine]]:
    folder = tmp_path_factory.mktemp("terminal")
    with datacentre(folder) as site:
        yield site, CommandLine(folder / "profile")


@pytest.fixture
def site(shared: tuple[Datacentre, CommandLine]) -> Iterator[Datacentre]:
    yield shared[0]
    shared[0].left_as_found()


@pytest.fixture
def line(shared: tuple[Datacentre, CommandLine]) -> CommandLine:
    return shared[1]


def test_what_was_changed_is_listed_put_back_and_then_no_more(site: Datacentre, line: CommandLine) -> None:
    host = site.site.cluster("Prod").hosts[0]
    site.run("prepare_host", [site.host_id(host.moid)], **QUICK)
    (entry,) = line.ok("restore", "list", "--json").json
    assert f"Take {host.name} out of maintenance mode" in line.ok("restore", "list").out
    assert "All of it is put back." in line.ok("restore", "put-back", entry["id"]).out
    assert not host.maintenance
    assert "Nothing is to be put back." in line.ok("restore", "list").out
    assert [row["state"] for row in line.ok("restore", "list", "--all", "--json").json] == ["restored"]
    again = line.run("restore", "put-back", entry["id"])
    assert again.code == 2
    assert "does not stand on the restore list" in again.err


def test_who_waits_for_a_server_is_told_which_job_has_it_and_what_that_one_asks(
    site: Datacentre, line: CommandLine
) -> None:
    vm = next(v for h in site.site.cluster("Lab").hosts for v in h.running() if not v.by_vcenter)
    host, devices = vm.host, list(vm.devices)
    site.site.put(Blocker.PCI_PASSTHROUGH, vm)
    number = site.host_id(host.moid)
    first = site.submit("prepare_host", [number], **QUICK)
    question = site.question(first).id
    with line.start("job", "verify_host", "--host", number, "--confirm", 1, *_QUICK) as waiting:
        second = first + 1
        holds = f"job {first}, '{site.job(first).title}', holds this host and waits for an answer to question {question}"
        site.until(
            lambda: f"waits: job {first}," in line.run("jobs", "show", second).out,
            lambda: line.run("jobs", "show", second).out,
            60,
        )
        line.ok("jobs", "answer", question, "skip")
        _, err = waiting.communicate(timeout=120)
    assert f"waits for its turn: {holds}" in err
    assert err.count(f"dsm-desktop jobs answer {question} skip") == 1
    assert site.job(second).state == "completed"
    site.site.run(lambda: vm.devices.__setitem__(slice(None), devices))


def test_the_list_of_hosts_follows_without_a_synchronisation(site: Datacentre, line: CommandLine) -> None:
    host = site.site.cluster("Prod").hosts[2]
    number = site.host_id(host.moid)

    def shown() -> object:
        rows = line.ok("vcenters", "hosts", "--json").json
        return next(row["maintenance"] for row in rows if row["id"] == number)

    site.run("vcenter_sync", vcenter_id=site.vcenter_id)
    assert shown() is False
    site.run("prepare_host", [number], **QUICK)
    assert shown() is True
    site.run("verify_host", [number], **QUICK)
    assert shown() is False
    again, _ = site.run("prepare_host", [number], **QUICK)
    assert shown() is True
    site.put_back(again.id)
    assert shown() is False


def test_what_cannot_be_put_back_says_why_and_can_be_given_up(site: Datacentre, line: CommandLine) -> None:
    host = site.site.cluster("Prod").hosts[1]
    site.run("prepare_host", [site.host_id(host.moid)], **QUICK)
    (entry,) = line.ok("restore", "list", "--json").json
    assert line.run("restore", "give-up", entry["id"]).code == 2, "without a reason"
    assert "Given up" in line.ok("restore", "give-up", entry["id"], "--reason", "a disk is being changed").out
    assert host.maintenance, "nothing was sent to it"
    assert line.ok("restore", "list", "--json").json == []
    (row,) = [r for r in line.ok("restore", "list", "--all", "--json").json if r["id"] == entry["id"]]
    assert "a disk is being changed" in row["message"]
    site.run("verify_host", [site.host_id(host.moid)], **QUICK, anyway=True)


def test_who_waits_for_a_job_is_told_what_it_asks_and_how_to_answer(
    site: Datacentre, line: CommandLine
) -> None:
    vm = next(v for h in site.site.cluster("Lab").hosts for v in h.running() if not v.by_vcenter)
    host, devices = vm.host, list(vm.devices)
    site.site.put(Blocker.PCI_PASSTHROUGH, vm)
    number = site.host_id(host.moid)
    with line.start("job", "prepare_host", "--host", number, "--confirm", 1, *_QUICK) as waiting:
        question = site.question()
        line.ok("jobs", "answer", question.id, "skip")
        out, err = waiting.communicate(timeout=120)
    assert waiting.returncode == 1
    assert f"Question {question.id} ({host.name})" in err
    assert err.count(f"dsm-desktop jobs answer {question.id} skip") == 1
    assert vm.name in err
    assert f"Question {question.id}" not in out
    site.site.run(lambda: vm.devices.__setitem__(slice(None), devices))
