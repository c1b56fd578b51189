"""vCenters by the command line: added, approved, read, their hosts linked."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from dsm_desktop.simulator.vsphere import VsphereSite
from dsm_desktop.simulator.vsphere.nodes.stores import Datastore
from tests.kit.commandline import CommandLine
from tests.vmware.kit import SMALL


@pytest.fixture(scope="module")
def vcenter() -> Iterator[VsphereSite]:
    with VsphereSite(SMALL) as running:
        yield running


@pytest.fixture(scope="module")
def line(vcenter: VsphereSite, tmp_path_factory: pytest.TempPathFactory) -> CommandLine:
    line = CommandLine(tmp_path_factory.mktemp("cli") / "profile")
    line.ok("admin", "init", "--key", "file")
    line.ok(
        "credentials", "add", "vCenter", "--user", vcenter.spec.username, "--kind", "vcenter", "--default",
        typed=vcenter.spec.password + "\n",
    )  # fmt: skip
    line.ok("vcenters", "add", vcenter.address, "--port", vcenter.port, "--name", "Main")
    return line


@pytest.mark.shared_program
def test_from_the_first_look_to_linked_hosts(line: CommandLine, vcenter: VsphereSite) -> None:
    early = line.run("vcenters", "read", 1)
    assert early.code == 1
    assert "has not been approved" in early.out + early.err
    refused = line.run("vcenters", "approve", 1, typed="n\n")
    assert refused.code == 6
    assert vcenter.fingerprint in refused.out + refused.err
    assert "Trusted" in line.ok("vcenters", "approve", 1, typed="y\n").out
    done = line.ok("vcenters", "read", 1, "--json").json
    assert done["job"]["state"] == "completed"
    (row,) = line.ok("vcenters", "list", "--json").json
    assert (row["name"], row["hosts"], row["problem"]) == ("Main", len(vcenter.hosts), "")
    clusters = line.ok("vcenters", "clusters", "--json").json
    assert {c["name"] for c in clusters} == {"Prod", "Lab"}
    assert "Prod" in line.ok("vcenters", "clusters").out
    line.ok("servers", "add", "10.99.0.1")
    host = line.ok("vcenters", "hosts", "--unlinked", "--json").json[0]
    line.ok("vcenters", "link", host["id"], 1)
    linked = {h["id"]: h for h in line.ok("vcenters", "hosts", "--json").json}
    assert (linked[host["id"]]["server_id"], linked[host["id"]]["link"]) == (1, "hand")
    assert "10.99.0.1" not in line.ok("vcenters", "hosts", "--unlinked").out
    assert "has no server now" in line.ok("vcenters", "link", host["id"]).out
    both = line.ok("vcenters", "hosts", "--unlinked").out
    assert host["name"] in both
    assert "10.99.0.1" in both, "a server without a host stands there too"
    assert vcenter.spec.password not in "".join(ran.out + ran.err for ran in line.said)


@pytest.mark.shared_program
def test_the_copy_says_how_old_it_is_and_what_is_in_it(line: CommandLine, vcenter: VsphereSite) -> None:
    line.ok("vcenters", "read", 1)
    stores = line.ok("vcenters", "datastores", "--json").json
    assert {s["moid"] for s in stores} == {s["moid"] for s in stores if s["moid"].startswith("datastore-")}
    assert len(line.ok("vcenters", "vms", "--json").json) == len(vcenter.vms)
    vcenter.faults.set("unavailable", seconds=3600.0)
    failed = line.run("vcenters", "read", 1)
    assert failed.code == 1
    assert "next:  vCenter takes some minutes after a restart" in failed.out
    vcenter.faults.clear()
    for part in ("clusters", "hosts", "vms", "datastores", "rules", "alarms"):
        shown = line.ok("vcenters", part).out
        assert "Main: read 2" in shown, part
        assert "its services are not up yet (503)." in shown, part


@pytest.mark.shared_program
def test_a_job_of_one_target_shows_its_whole_result(line: CommandLine, vcenter: VsphereSite) -> None:
    """Which privileges are missing, which files there are: not only how many."""
    line.ok("vcenters", "read", 1)
    store = next(s for s in vcenter.world.of(Datastore) if s.shared)
    vcenter.run(lambda: store.disk.make_folder("depots"))
    shown = line.ok("job", "browse_datastore", "--vcenter-id", 1, "--datastore", store.moid).out
    assert "depots" in shown
    listed = next(j for j in line.ok("jobs", "list", "--json").json if j["kind"] == "browse_datastore")
    assert "depots" in line.ok("jobs", "show", listed["id"]).out


@pytest.mark.shared_program
def test_safety_checks_are_listed_with_what_is_due_next(line: CommandLine) -> None:
    assert line.run("job", "cluster_safety_check").code == 0
    rows = line.ok("vcenters", "checks", "--json").json
    assert {row["name"] for row in rows} == {"Prod", "Lab"}
    shown = line.ok("vcenters", "checks").out
    assert "Next by schedule (15 */4 * * *)" in shown
    assert "No desktop or agent runs now." in shown
    numbers = line.ok("jobs", "show", rows[0]["job_id"]).out
    assert "memory of the hosts that stay" in numbers


@pytest.mark.shared_program
def test_work_on_hosts_wants_a_host(line: CommandLine) -> None:
    missing = line.run("job", "verify_host")
    assert missing.code == 2
    assert "--host" in missing.err
    assert line.run("vcenters", "approve", 99, "--fingerprint", "00" * 32).code != 0
    assert "There is no vCenter 99" in line.run("vcenters", "approve", 99).err


@pytest.mark.shared_program
def test_a_fingerprint_that_is_none_is_refused(line: CommandLine) -> None:
    refused = line.run("vcenters", "approve", 1, "--fingerprint", "12:34")
    assert refused.code == 2


@pytest.mark.shared_program
def test_a_host_without_a_vcenter_is_added_with_the_next_step(line: CommandLine) -> None:
    said = line.ok("vcenters", "add-host", "10.99.0.9").out
    (row,) = [h for h in line.ok("vcenters", "hosts", "--json").json if h["name"] == "10.99.0.9"]
    assert f"Next: dsm-desktop vcenters approve-host {row['id']}" in said
