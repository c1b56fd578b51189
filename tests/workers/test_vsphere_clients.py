"""The sessions of a runner at vCenters: one each, kept alive, ended when nobody wants them; changes only while the task is ours."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from dsm_desktop.app.application import Application
from dsm_desktop.app.context import CredentialDraft
from dsm_desktop.app.demo import throw_away_profile
from dsm_desktop.commands import vcenters
from dsm_desktop.core.errors import NotFound
from dsm_desktop.net.logins import LoginBudget
from dsm_desktop.simulator.vsphere import VsphereSite
from dsm_desktop.store.api_calls import CallWriter
from dsm_desktop.store.models import ApiCall
from dsm_desktop.store.queue import LostLease
from dsm_desktop.vault.resolve import NoCredential
from dsm_desktop.workers.current import Work, working_for
from dsm_desktop.workers.errors import BlockingOnLoop
from dsm_desktop.workers.vsphere_clients import VsphereClients
from tests.vmware.kit import SMALL


class Bench:
    """An opened profile that knows one vCenter."""

    def __init__(self, app: Application, site: VsphereSite) -> None:
        self.app, self.site = app, site
        self.writer = CallWriter(app.store)
        self.id = app.commands.do(vcenters.add_vcenter, site.address, site.port)
        app.commands.do(vcenters.approve_vcenter_certificate, self.id, site.fingerprint)

    def log_in_as(self, username: str, password: str) -> None:
        draft = CredentialDraft(None, "vc", "vcenter", username, password, is_default=True)
        self.app.commands.save_credential(draft)

    def clients(self, **options: Any) -> VsphereClients:
        return VsphereClients(self.app.store, self.app.resolver, self.writer, LoginBudget(), **options)

    def signed_in(self) -> int:
        return len(self.site.run(self.site.sessions.signed_in))


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with VsphereSite(SMALL) as site:
        app = throw_away_profile(tmp_path / "profile", "root", "unused")
        bench = Bench(app, site)
        bench.log_in_as(site.spec.username, site.spec.password)
        yield bench
        bench.writer.close()
        app.close()


def test_one_session_is_kept_and_ended_at_the_end(bench: Bench) -> None:
    clients = bench.clients()
    client = clients.vcenter(bench.id)
    assert clients.vcenter(bench.id) is client
    assert bench.signed_in() == 0  # nothing is sent before the first call
    client.about()
    clients.vcenter(bench.id).about()
    assert bench.signed_in() == 1
    clients.close()
    assert bench.signed_in() == 0


def test_an_unwanted_session_is_ended_and_its_client_signs_in_again(bench: Bench) -> None:
    clients = bench.clients(idle_seconds=0.0)
    client = clients.vcenter(bench.id)
    client.about()
    clients.close_idle()
    assert bench.signed_in() == 0
    client.about()  # a body held on to it
    assert bench.signed_in() == 1
    clients.close()
    assert bench.signed_in() == 0


def test_a_quiet_session_is_kept_alive(bench: Bench) -> None:
    clients = bench.clients(keep_alive_seconds=0.0)
    clients.vcenter(bench.id).about()
    before = bench.site.counters["requests"]
    clients.close_idle()
    assert bench.site.counters["requests"] == before + 1
    assert bench.signed_in() == 1
    clients.close()


def test_a_change_does_not_leave_once_the_task_is_somebody_elses(bench: Bench) -> None:
    clients = bench.clients()
    client = clients.vcenter(bench.id)
    host = client.read_site().hosts[0]
    renewed: list[int] = []

    def renew() -> None:
        renewed.append(len(bench.site.journal("EnterMaintenanceMode_Task")))
        if len(renewed) > 1:
            raise LostLease(1)

    with working_for(Work(1, 1, None, renew)):
        client.enter_maintenance(host.moid, 600)
        with pytest.raises(LostLease):
            client.exit_maintenance(host.moid, 600)
    assert renewed == [0, 1]  # right before each request, and not for reads
    assert not bench.site.journal("ExitMaintenanceMode_Task")
    clients.close()
    bench.writer.close()
    calls = bench.app.store.fetch(
        lambda c: c.execute(select(ApiCall.method, ApiCall.error, ApiCall.changing)).all()
    )
    (unsent,) = [call for call in calls if call.method == "ExitMaintenanceMode_Task"]
    assert unsent.changing
    assert unsent.error.startswith("not sent")


def test_what_is_missing_is_said_at_the_first_call(bench: Bench) -> None:
    clients = bench.clients()
    with pytest.raises(NotFound):
        clients.vcenter(4711).about()
    other = bench.app.commands.do(vcenters.add_vcenter, "127.0.0.1", 9)
    bench.app.commands.remove_credential(
        next(view.id for view in bench.app.reads.credentials() if view.kind == "vcenter")
    )
    bench.app.resolver.invalidate()
    with pytest.raises(NoCredential, match="vcenter"):
        clients.vcenter(other).about()
    clients.close()


def test_a_body_on_the_loop_is_refused(bench: Bench) -> None:
    clients = bench.clients()

    async def body() -> None:
        client = clients.vcenter(bench.id)  # looked up late: this is allowed
        with pytest.raises(BlockingOnLoop):
            client.about()

    asyncio.run(body())
    clients.close()
