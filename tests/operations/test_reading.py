"""The job types that read or hardly change a server, on every generation."""

from __future__ import annotations

import gzip
import json
from datetime import timedelta

import pytest
from sqlalchemy import update

from dsm_desktop.app.context import CredentialDraft
from dsm_desktop.store.models import TaskLog
from tests.operations.conftest import Program

pytestmark = pytest.mark.shared_program


def test_health_costs_one_or_two_requests_per_server(ready: Program) -> None:
    before = [i.counters["requests"] for i in ready.site.idracs]
    job = ready.run("health_check", {}, [s.id for s in ready.servers()])
    assert (job.state, job.failed) == ("completed", 0), ready.tasks(job.id)
    spent = [i.counters["requests"] - b for i, b in zip(ready.site.idracs, before, strict=True)]
    assert max(spent) <= 2, spent
    assert all(s.health != "unknown" for s in ready.servers())


def test_an_unchanged_inventory_is_no_new_snapshot(ready: Program) -> None:
    job = ready.run("inventory_refresh", {}, [s.id for s in ready.servers()])
    assert [t.result["changed"] for t in ready.tasks(job.id) if t.result] == [False] * 6


def test_logs_are_fetched_once(ready: Program) -> None:
    ids = [s.id for s in ready.servers()]
    first = ready.tasks(ready.run("fetch_event_logs", {}, ids).id)
    again = ready.tasks(ready.run("fetch_event_logs", {}, ids).id)
    assert all(t.result and t.result["new_entries"] > 0 for t in first), [t.outcome for t in first]
    # Reading wrote log-in entries at most.
    assert all(t.result and t.result["new_entries"] < 5 for t in again), [t.outcome for t in again]


@pytest.mark.parametrize("on", [True, False])
def test_the_light_is_set_and_read_back(ready: Program, on: bool) -> None:
    job = ready.run("identify_led", {"on": on}, [s.id for s in ready.servers()])
    tasks = ready.tasks(job.id)
    assert (job.state, job.failed) == ("completed", 0), [t.outcome for t in tasks]
    assert all(t.result and t.result["blinking"] is on for t in tasks)


def test_the_login_that_is_used_is_named(ready: Program) -> None:
    task = ready.tasks(ready.run("test_credentials", {}, [ready.servers()[0].id]).id)[0]
    assert task.result is not None
    assert task.result["username"] == ready.site.idracs[0].username
    assert "worked" in task.result["rule"]


def test_the_connection_test_passes_every_gate(ready: Program) -> None:
    good = ready.tasks(ready.run("network_test", {}, [ready.servers()[0].id]).id)[0]
    assert good.result is not None
    assert [c["name"] for c in good.result["checks"]] == ["port", "certificate", "redfish", "login and clock"]


def test_the_connection_test_names_where_the_way_ends(program: Program) -> None:
    program.scan(read=False)
    program.set_password("not the password")
    bad = program.tasks(program.run("network_test", {}, [program.servers()[0].id]).id)[0]
    assert bad.state == "failed"
    assert bad.error is not None
    assert "'login and clock'" in bad.error["message"]
    assert bad.error["hint"]


def test_a_restarted_idrac_is_waited_for(ready: Program) -> None:
    ids = [ready.server(i).id for i in ready.site.idracs[:2]]
    job = ready.run("idrac_reset", {}, ids)
    assert (job.state, job.failed) == ("completed", 0), [t.outcome for t in ready.tasks(job.id)]
    restarts = [sum("Manager.Reset" in e.uri for e in i.journal) for i in ready.site.idracs[:2]]
    assert restarts == [1, 1]


def test_old_records_go_to_an_archive_and_out_of_the_store(ready: Program) -> None:
    with ready.app.store.write() as uow:
        uow.session.execute(update(TaskLog).values(at=uow.now - timedelta(days=4000)))
        count = len(uow.session.query(TaskLog.id).all())
    job = ready.run("retention_cleanup")
    result = ready.tasks(job.id)[0].result
    assert job.state == "completed", ready.tasks(job.id)
    assert result is not None
    assert sum(result["removed"].values()) >= count
    files = list((ready.app.profile / "archive").rglob("*.gz"))
    if count:
        assert files
        lines = gzip.decompress(files[0].read_bytes()).splitlines()
        assert json.loads(lines[0])["table"]


def test_a_chosen_set_is_tried_as_it_is_and_the_login_in_use_stays(ready: Program) -> None:
    server = ready.servers()[1]
    wrong = ready.app.commands.save_credential(
        CredentialDraft(None, "Not yet right", "idrac", "root", "surely-not-the-password-1", (), 900)
    )
    task = ready.tasks(ready.run("test_credentials", {"credential_set": wrong}, [server.id]).id)[0]
    assert task.error is not None
    assert task.error["code"] == "LoginRefused"
    after = next(s for s in ready.servers() if s.id == server.id)
    assert after.access == server.access
    used = ready.app.reads.credentials()[0].id
    task = ready.tasks(ready.run("test_credentials", {"credential_set": used}, [ready.servers()[2].id]).id)[0]
    assert task.result is not None
    assert task.result["rule"] == "chosen for this job"
