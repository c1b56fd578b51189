"""Safety checks of clusters and groups: judged on a fresh picture, kept as history, and due by the clock."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from dsm_desktop import operations
from dsm_desktop.commands.safety_schedule import _next, due_check, submit_due_checks
from dsm_desktop.core.cron import Cron
from dsm_desktop.core.settings import SafetySettings
from dsm_desktop.jobs import Catalogue
from dsm_desktop.queries.safety_history import Schedule, safety_history, schedule_words
from dsm_desktop.simulator.vsphere.spec import READ_ONLY, Account
from dsm_desktop.store.models import EsxiHost, Job, SafetyCheck
from dsm_desktop.store.safety_checks import keep_check
from tests.operations.vsphere_site import QUICK, Datacentre, datacentre

pytestmark = pytest.mark.shared_program


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Datacentre]:
    with datacentre(tmp_path_factory.mktemp("vsphere")) as site:
        yield site


def rows(site: Datacentre) -> list[tuple[str, str, bool]]:
    with site.app.store.read() as connection:
        query = select(SafetyCheck.name, SafetyCheck.colour, SafetyCheck.changed).order_by(SafetyCheck.id)
        return [(name, colour, changed) for name, colour, changed in connection.execute(query)]


def test_a_cluster_is_judged_with_every_number_and_a_change_is_told(site: Datacentre) -> None:
    cluster = site.site.cluster("Prod")
    params: dict[str, Any] = {"vcenter_id": site.vcenter_id, "cluster": cluster.moid}
    job, task = site.run("cluster_safety_check", **params)
    assert job.state == "completed", task.outcome
    assert task.result is not None
    (judged,) = task.result["clusters"]
    gates = {g["name"]: g for g in judged["judgement"]["gates"]}
    assert {"hosts", "placement", "load", "spare", "ha_policy"} <= gates.keys()
    assert gates["hosts"]["numbers"], "every number is shown, not only the colour"
    assert len(judged["judgement"]["hosts"]) == 4
    assert judged["change"] == ""

    site.run("prepare_host", [site.host_id(cluster.hosts[0].moid)], **QUICK)
    _, task = site.run("cluster_safety_check", **params)
    assert task.result is not None
    (now,) = task.result["clusters"]
    assert now["judgement"]["colour"] == "red"
    assert "out already" in now["judgement"]["summary"]
    site.run("verify_host", [site.host_id(cluster.hosts[0].moid)], **QUICK)
    history = rows(site)
    assert [name for name, _, _ in history] == ["Prod", "Prod"]
    assert history[1][2] is (history[0][1] != "red")
    assert now["change"].startswith("Was ") is history[1][2]


def test_all_clusters_are_judged_and_one_that_cannot_be_read_is_named(site: Datacentre) -> None:
    job, task = site.run("cluster_safety_check")
    assert job.state == "completed", task.outcome
    assert task.result is not None
    assert {c["judgement"]["name"] for c in task.result["clusters"]} == {"Prod", "Lab"}
    clustered = [h for name in ("Prod", "Lab") for h in site.site.cluster(name).hosts]
    lone = next(h for h in site.site.hosts if h not in clustered)
    with site.app.store.write() as uow:
        moved = update(EsxiHost).where(EsxiHost.moid == lone.moid)
        uow.session.execute(moved.values(cluster="domain: c998"))
    job, task = site.run("cluster_safety_check")
    assert job.state == "failed", "not all clusters are known to be safe"
    assert task.result is not None
    assert {c["judgement"]["name"] for c in task.result["clusters"]} == {"Prod", "Lab"}, (
        "what was read is kept"
    )
    assert "1 could not be read: domain: c998: " in task.outcome
    assert (task.error or {})["where"] == "domain: c998", "a name with a colon is whole"
    assert [row["name"] for row in task.result["unread"]] == ["domain: c998"]
    with site.app.store.write() as uow:
        uow.session.execute(moved.values(cluster=""))
    job, task = site.run("cluster_safety_check", cluster="domain-c999")
    assert job.state == "failed"


def test_checks_are_due_by_the_clock_and_once(site: Datacentre) -> None:
    catalogue = Catalogue.of(operations)
    with site.app.store.write() as uow:
        assert submit_due_checks(uow, catalogue, SafetySettings(at="")) == []
        assert submit_due_checks(uow, catalogue, SafetySettings(at="0 0 1 1 *")) == []
        # What a person has checked, perhaps one cluster of many, is no check by the schedule.
        uow.session.execute(update(Job).values(submitted_at=uow.now - timedelta(hours=2)))
        hourly = (uow.session.connection(), "cluster_safety_check", "0 * * * *", uow.now)
        due = due_check(*hourly)
        assert due is not None
        assert (due.last, due.missed) == (None, 1 if uow.now.minute < 5 else 0)
        made = submit_due_checks(uow, catalogue, SafetySettings(at="* * * * *"))
        assert len(made) == 1
        assert submit_due_checks(uow, catalogue, SafetySettings(at="* * * * *")) == []
        (mine,) = made
        uow.session.execute(
            update(Job).where(Job.id == mine).values(submitted_at=uow.now - timedelta(hours=3))
        )
        due = due_check(*hourly)
        assert due is not None
        assert (due.last is not None, due.missed) == (True, 3)
        assert due.at > uow.now - timedelta(hours=3)
        assert "3 times missed: made up for once" in schedule_words(Schedule("0 * * * *", due, True))
        uow.session.execute(update(Job).where(Job.id == mine).values(submitted_at=uow.now))
    assert site.wait(made[0]).state == "completed"
    history = site.app.store.fetch(safety_history)
    assert {row.by for row in history if row.job_id == mine} == {"schedule"}


def test_the_history_names_what_the_colour_was_before(site: Datacentre) -> None:
    with site.app.store.write() as uow:
        job = uow.session.scalars(select(Job.id).limit(1)).one()
        for colour in ("green", "amber", "amber", "red"):
            keep_check(uow, subject="group:77", name="Web", colour=colour, summary="", verdict={}, job_id=job)
    mine = [row for row in site.app.store.fetch(safety_history) if row.name == "Web"]
    assert [(row.kind, row.colour, row.before) for row in mine] == [
        ("group", "red", "amber"), ("group", "amber", ""), ("group", "amber", "green"), ("group", "green", ""),
    ]  # fmt: skip


def test_the_clock_on_the_wall_counts_also_where_it_is_put_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Europe/Berlin, 29 March 2026: at 02:00 it is 03:00. A check at 04:15 is due at 04:15 by the new time."""
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    try:
        due = _next(Cron.of("15 4 * * *"), datetime(2026, 3, 28, 22, 0, tzinfo=UTC))
    finally:
        monkeypatch.undo()
        time.tzset()
    assert due == datetime(2026, 3, 29, 2, 15, tzinfo=UTC)


def test_a_read_only_account_may_judge_and_plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """vCenter's own dry run needs more; it is left out then."""
    monkeypatch.setattr(Account, "may", lambda self, privilege, kind="": privilege in READ_ONLY)
    with datacentre(tmp_path) as site:
        check = site.submit("cluster_safety_check", [])
        assert site.wait(check).state == "completed"
        assert "Host.Config.Maintenance" in site.log(check)
        cluster = site.site.cluster("Prod").moid
        given = {"vcenter_id": site.vcenter_id, "cluster": cluster, "firmware": "library"}
        plan = site.submit("rolling_plan", [], **given)
        assert site.wait(plan).state == "completed", site.log(plan)
