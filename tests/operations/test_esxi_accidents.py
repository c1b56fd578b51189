"""What happens to an ESXi update on its way: power lost, restart ignored, sessions cut, bundles that come from this machine."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from dsm_desktop.core.states import CancelGrade
from tests.operations.esxi_site import FAST, NEW, OLD, EsxiSite, esxi_site
from tests.operations.test_esxi_upgrade import failed, host, untouched, upgrade

pytestmark = pytest.mark.shared_program
STORE = "prod-iso"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EsxiSite]:
    with esxi_site(tmp_path_factory.mktemp("accidents")) as site:
        yield site


@pytest.fixture
def site(shared: EsxiSite) -> Iterator[EsxiSite]:
    yield shared
    shared.rest()
    assert shared.questions() == []


def test_power_lost_in_the_update_is_told_and_nothing_is_started_again(site: EsxiSite) -> None:
    target = host(site, 0)
    target.esxi.faults.set("reboot_on_update", times=1, after=30.0)
    error = failed(site, upgrade(site, target))
    assert error["code"] == "UpdateLost"
    assert target.esxi.image.build == OLD
    assert site.effects(target)[f"update_started:{NEW}"] == 1
    untouched(site, target)


def test_a_cancel_says_that_the_new_image_starts_with_the_next_restart(site: EsxiSite) -> None:
    target = host(site, 0)
    started = f"update_started:{NEW}"
    before = site.effects(target).get(started, 0)
    job_id = upgrade(site, target)
    site.until(lambda: site.effects(target).get(started, 0) > before, lambda: site.log(job_id))
    site.app.commands.cancel(job_id, CancelGrade.NOW)
    assert site.wait(job_id).state == "cancelled"
    assert target.esxi.reboot_required, "an update that writes boot banks is seen out"
    (task,) = site.tasks(job_id)
    assert f"installed on {target.name} and starts with its next restart" in task.outcome
    assert "in maintenance mode" in (task.error or {})["hint"]
    untouched(site, target)


def test_an_update_goes_on_when_its_sessions_are_cut(site: EsxiSite) -> None:
    target = host(site, 1)
    target.esxi.faults.set("ssh_cut", times=2, skip=12, after=0.5)
    job = site.wait(upgrade(site, target))
    (task,) = site.tasks(job.id)
    assert (task.result or {}).get("after") == f"8.0.3 build {NEW}", f"{task.outcome}\n{site.log(job.id)}"
    assert site.effects(target)[f"update_started:{NEW}"] == 1
    untouched(site, target)


def test_a_bundle_of_this_machine_is_uploaded_once_and_compared(site: EsxiSite) -> None:
    target = host(site, 2)
    bundle = site.bundle.with_name("local.zip")
    bundle.write_bytes(site.bundle.read_bytes())
    given = {"profile": FAST["profile"], "depot_file": str(bundle), "depot_store": STORE}
    for _ in range(2):
        job, task = site.run("esxi_preflight", [site.host_id(target.moid)], **given)
        assert task.result is not None, f"{task.outcome}\n{site.log(job.id)}"
    assert site.site.counters["uploads"] == 1
    other = b"x" * bundle.stat().st_size
    site.site.store(STORE).disk.put("depots/local.zip", other, site.site.clock.now())
    error = failed(site, site.submit("esxi_preflight", [site.host_id(target.moid)], **given))
    assert error["code"] == "DepotDiffers"
    untouched(site, target)


def test_a_bundle_of_this_machine_is_served_while_the_job_runs(site: EsxiSite) -> None:
    target = host(site, 2)
    given = {"profile": FAST["profile"], "depot_file": str(site.bundle)}
    job, task = site.run("esxi_preflight", [site.host_id(target.moid)], **given)
    assert task.result is not None, f"{task.outcome}\n{site.log(job.id)}"
    assert task.result["target"] == f"8.0.3 build {NEW}"
    assert site.app.media.listening is None, "nothing is served any more"
