"""kill -9 in the update and in the restart: the next runner looks at the host and does nothing twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from dsm_desktop.core.states import JobState
from dsm_desktop.simulator.vsphere.nodes.hosts import Host
from tests.kit.agents import end, start_agent
from tests.operations.esxi_site import FAST, NEW, EsxiSite, esxi_site

pytestmark = pytest.mark.shared_program


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EsxiSite]:
    with esxi_site(tmp_path_factory.mktemp("esxi-kills"), works=False) as site:
        yield site


@contextmanager
def agent(site: EsxiSite) -> Iterator[None]:
    """An agent of the real program; killed at the end."""
    process = start_agent(site.app.profile)
    try:
        yield
    finally:
        end(process, kill=True)


WHEN: dict[str, Callable[[Host, EsxiSite], bool]] = {
    "the update has begun": lambda h, site: bool(h.esxi.transaction),
    "the update has ended": lambda h, site: h.esxi.reboot_required,
    "the restart was asked for": lambda h, site: site.effects(h).get("reboot", 0) > 0,
}


@pytest.mark.parametrize(("number", "when"), list(enumerate(WHEN)))
def test_killed_when(site: EsxiSite, number: int, when: str) -> None:
    target = site.site.cluster("Prod").hosts[number]
    job_id = site.submit("esxi_upgrade", [site.host_id(target.moid)], **FAST)
    with agent(site):
        site.until(lambda: WHEN[when](target, site), lambda: f"{when}: {site.log(job_id)}", 180)
    with agent(site):
        site.until(
            lambda: JobState(site.job(job_id).state).final,
            lambda: f"{site.tasks(job_id)}\n{site.log(job_id)}",
            180,
        )
    (task,) = site.tasks(job_id)
    assert task.result is not None, f"{task.outcome}\n{site.log(job_id)}"
    assert task.result["after"] == f"8.0.3 build {NEW}"
    effects = site.effects(target)
    assert (effects[f"update_started:{NEW}"], effects["reboot"]) == (1, 1)
    started = next(c for c in target.esxi.journal.changes() if c.effect == f"update_started:{NEW}")
    assert started.body["maintenance"], "never outside maintenance mode"
    assert len(site.site.journal("RebootHost_Task", target.name)) == 1
    assert site.ssh(target) == (False, "off")
    assert site.standing() == []
    assert not target.maintenance
