"""The clients of a runner against the simulated site: logged out when idle, at the end, and after a killed runner."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, insert, select, update

from dsm_desktop.app.application import Application
from dsm_desktop.app.demo import throw_away_profile
from dsm_desktop.core.errors import DsmError
from dsm_desktop.jobs import Target
from dsm_desktop.net.limits import Throttle
from dsm_desktop.net.tls import Endpoint, fetch_certificate
from dsm_desktop.simulator import Site, SiteSpec
from dsm_desktop.store import runners
from dsm_desktop.store.api_calls import CallWriter
from dsm_desktop.store.models import ApiCall, BmcSession, Server
from dsm_desktop.store.queue import LostLease
from dsm_desktop.store.runners import RunnerFacts
from dsm_desktop.workers.clients import DeviceClients
from dsm_desktop.workers.current import Work, working_for
from dsm_desktop.workers.errors import BlockingOnLoop


class Bench:
    """An opened profile that knows the site's only iDRAC."""

    def __init__(self, app: Application, site: Site) -> None:
        self.app, self.idrac = app, site.idracs[0]
        shown = fetch_certificate(Endpoint(self.idrac.address, site.port))
        values = {"address": self.idrac.address, "port": site.port, "fingerprint": shown.fingerprint}
        with app.store.write() as uow:
            statement = insert(Server).returning(Server.id)
            self.server_id = int(uow.session.execute(statement, {**values, "added_at": uow.now}).scalar_one())
        self.target = Target(self.server_id, "r1", self.idrac.address, site.port, "", "", "")

    def clients(self, runner_id: int | None, **options: Any) -> DeviceClients:
        app = self.app
        made = DeviceClients(app.store, app.vault, app.resolver, Throttle(), CallWriter(app.store), **options)
        made.owner = lambda: runner_id
        return made

    def runner(self) -> int:
        facts = RunnerFacts("r", "desktop", "nowhere", 1, "0", 1)
        with self.app.store.write() as uow:
            return runners.register(uow, facts, lease=30)

    def on_paper(self) -> int:
        with self.app.store.read() as connection:
            return int(connection.scalar(select(func.count()).select_from(BmcSession)) or 0)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with Site(SiteSpec(idracs=1, seed=5, network="127.93.0.0/24", port=0, generations=("idrac9-6",))) as site:
        app = throw_away_profile(tmp_path / "profile", site.idracs[0].username, site.idracs[0].password)
        yield Bench(app, site)
        app.close()


def test_a_session_is_kept_and_ended_when_idle_and_at_the_end(bench: Bench) -> None:
    clients = bench.clients(bench.runner(), idle_seconds=0.0)
    client = clients.server(bench.target)
    client.facts()
    assert clients.server(bench.target) is client
    assert (bench.idrac.open_sessions, bench.on_paper()) == (1, 1)
    clients.close_idle()
    assert (bench.idrac.open_sessions, bench.on_paper()) == (0, 0)
    clients.server(bench.target).facts()
    assert bench.idrac.open_sessions == 1
    clients.close()
    assert (bench.idrac.open_sessions, bench.on_paper()) == (0, 0)


def test_what_a_killed_runner_left_open_is_ended_at_the_next_start(bench: Bench) -> None:
    dead, alive = bench.runner(), bench.runner()
    left, own = bench.clients(dead), bench.clients(alive)
    left.server(bench.target).facts()
    own.close_left_behind()  # its owner still lives: not ours to end
    assert bench.idrac.open_sessions == 1
    with bench.app.store.read() as connection:
        seen = next(s for s in runners.alive(connection) if s.id == dead)
    with bench.app.store.write() as uow:
        assert runners.declare_dead(uow, seen, grace=30) == []
    own.close_left_behind()
    assert (bench.idrac.open_sessions, bench.on_paper()) == (0, 0)
    left.close()
    own.close()


def test_a_login_that_was_cut_before_its_answer_leaves_no_session(bench: Bench) -> None:
    dead, alive = bench.runner(), bench.runner()
    left, own, other = bench.clients(dead), bench.clients(alive), bench.clients(bench.runner())
    other.server(bench.target).facts()
    left.server(bench.target).facts()
    with bench.app.store.write() as uow:
        cut = update(BmcSession).where(BmcSession.runner_id == dead)
        uow.session.execute(cut.values(uri="", token=None))
        runners.sign_off(uow, dead, grace=0)
    assert bench.idrac.open_sessions == 2
    own.close_left_behind()
    assert (bench.idrac.open_sessions, bench.on_paper()) == (1, 1)  # the living runner's stays
    for clients in (left, own, other):
        clients.close()


def test_a_changing_request_of_a_lost_task_is_not_sent(bench: Bench) -> None:
    clients = bench.clients(bench.runner())
    client = clients.server(bench.target)
    client.facts()
    before = bench.idrac.power_state

    def taken_over() -> None:
        raise LostLease(7)

    with working_for(Work(1, 7, bench.server_id, taken_over)), pytest.raises(LostLease):
        client.set_led(True)
    assert bench.idrac.power_state == before
    clients.close()
    with bench.app.store.read() as connection:
        [row] = connection.execute(
            select(ApiCall.task_id, ApiCall.status, ApiCall.error).where(ApiCall.changing)
        )
    assert (row.task_id, row.status) == (7, 0)
    assert row.error.startswith("not sent")


def test_nothing_is_asked_on_the_loop_and_problems_are_told_in_time(bench: Bench) -> None:
    clients = bench.clients(bench.runner())
    clients.prepare(bench.target)

    async def on_loop() -> None:
        clients.server(bench.target).facts()

    with pytest.raises(BlockingOnLoop):
        asyncio.run(on_loop())
    nobody = Target(99, "gone", "127.0.0.1", 1, "", "", "")
    clients.prepare(nobody)

    async def lost() -> None:
        clients.server(nobody)

    with pytest.raises(DsmError, match="list"):
        asyncio.run(lost())
    clients.close()
