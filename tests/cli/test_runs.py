"""A rolling update that is at work, looked at and told what to do from a terminal."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import delete, insert, select, update

from dsm_desktop.app.application import Application
from dsm_desktop.app.profile import Profile
from dsm_desktop.commands.roll_orders import skip_host
from dsm_desktop.core.access import Principal, Role
from dsm_desktop.core.errors import NotFound
from dsm_desktop.core.states import CancelGrade
from dsm_desktop.store.models import Decision, Job, JobTask, TaskStep
from dsm_desktop.store.orders import RollOrders, roll_orders, runs_going_on
from dsm_desktop.store.unit_of_work import Store
from tests.kit.commandline import CommandLine, Ran
from tests.kit.maintenance_run import fill_run

pytestmark = pytest.mark.shared_program
_NUMBERS = itertools.count(9001, 100)


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> CommandLine:
    line = CommandLine(tmp_path_factory.mktemp("runs") / "profile")
    line.ok("admin", "init", "--key", "file")
    return line


@pytest.fixture(scope="module")
def store(line: CommandLine) -> Iterator[Store]:
    app = Application(Profile(line.folder))
    yield app.store
    app.close()


@pytest.fixture
def run(store: Store) -> int:
    """esx02 at work, esx01 waiting, esx03 left out."""
    number = next(_NUMBERS)
    fill_run(store, number)
    return number


def told(store: Store, run: int) -> RollOrders:
    return store.fetch(lambda c: roll_orders(c, run))


def grade(store: Store, job: int) -> int:
    return store.fetch(lambda c: c.execute(select(Job.cancel_grade).where(Job.id == job)).scalar_one())


def end(store: Store, run: int) -> None:
    with store.write() as uow:
        uow.session.execute(update(Job).where(Job.id == run).values(state="completed"))


def left(ran: Ran) -> dict[str, str]:
    """What the table says of each host: its last cell."""
    lines = [row.split("│") for row in ran.out.splitlines() if row.startswith("│")]
    return {cells[1].strip(): cells[-2].strip() for cells in lines}


def test_runs_are_listed_and_shown_with_every_host(line: CommandLine, run: int) -> None:
    assert run in [row["id"] for row in line.ok("runs", "list", "--json").json]
    assert "Rolling update of Production" in line.ok("runs", "list").out
    shown = line.ok("runs", "show", run, "--json").json
    assert shown["run"]["state"] == "running"
    assert (shown["planned"], shown["paused"], shown["questions"]) == (True, "", [])
    assert [(h["place"], h["host"], h["state"], h["outcome"]) for h in shown["hosts"]] == [
        (1, "esx02", "running", "3 VMs left"),
        (2, "esx01", "waiting", ""),
        (0, "esx03", "left out", "in maintenance already"),
    ]
    assert "0 of 2 hosts done" in line.ok("runs", "show", run).out


def test_an_open_question_is_shown_with_the_commands_that_answer_it(
    line: CommandLine, run: int, store: Store
) -> None:
    with store.write() as uow:
        task = uow.session.scalars(select(JobTask.id).where(JobTask.job_id == run + 2)).one()
        options = [{"value": "again", "title": "Look again"}, {"value": "skip", "title": "Leave it out"}]
        asked = {"asked_at": uow.now, "deadline": uow.now + timedelta(hours=1)}
        question = {
            "task_id": task,
            "key": "vms",
            "question": "3 VMs stay.",
            "options": options,
            "default": "skip",
        }
        uow.session.execute(insert(Decision), {**question, **asked})
    said = line.ok("runs", "show", run).out
    number = line.ok("runs", "show", run, "--json").json["questions"][0]["id"]
    assert f"Question {number} (esx02): 3 VMs stay." in said
    assert f"jobs answer {number} again  Look again" in said
    assert "Leave it out (taken " in said
    assert "Choose one of: again, skip" in line.run("jobs", "answer", number, "never").err
    line.ok("jobs", "answer", number, "again")
    assert line.ok("runs", "show", run, "--json").json["questions"] == []
    late = line.run("jobs", "answer", number, "skip")
    assert late.code == 2
    assert "already answered with 'Look again'" in late.err


def test_a_run_is_paused_and_goes_on(line: CommandLine, run: int, store: Store) -> None:
    looked = line.ok("runs", "pause", run, "--dry-run")
    assert left(looked)["esx02"] == "is finished and taken back into service"
    assert not told(store, run).paused
    paused = line.ok("runs", "pause", run)
    assert left(paused) == left(looked)
    assert left(paused)["esx01"] == "waits until the run goes on"
    assert told(store, run).paused
    assert f"runs go-on {run}" in line.ok("runs", "show", run).out
    assert "already" in line.ok("runs", "pause", run).out
    assert left(line.ok("runs", "skip", run, "esx02", "--dry-run"))["esx01"] == "waits until the run goes on"
    line.ok("runs", "go-on", run)
    assert not told(store, run).paused
    assert "was not paused" in line.ok("runs", "go-on", run).out


def test_a_host_is_left_out_by_name_or_id(line: CommandLine, run: int, store: Store) -> None:
    ran = line.ok("runs", "skip", run, "ESX02")
    assert "leaves maintenance mode and serves again" in ran.out
    assert left(ran)["esx01"] == "is done in its turn"
    assert grade(store, run + 2) == CancelGrade.AFTER_STEP, "its own job stops"
    assert grade(store, run) == CancelGrade.NONE, "the run goes on"
    assert left(line.ok("runs", "skip", run, 1))["esx01"] == "is not touched"
    assert told(store, run).skip == (1, 2)


def test_a_host_that_cannot_be_left_out_is_refused(line: CommandLine, run: int, store: Store) -> None:
    unknown = line.run("runs", "skip", run, "esx99")
    assert unknown.code == 2
    assert "Its hosts: esx02, esx01, esx03" in unknown.err
    out = line.run("runs", "skip", run, "esx03")
    assert out.code == 2
    assert f"runs show {run}" in out.err
    assert "esx03 cannot be left out" in out.err
    assert line.run("runs", "skip", run, "esx03", "--dry-run").code == 2, (
        "what would be refused is not shown as done"
    )
    with store.write() as uow:
        uow.session.execute(update(Job).where(Job.id == run + 2).values(state="completed"))
        uow.session.execute(update(JobTask).where(JobTask.job_id == run + 2).values(state="completed"))
    done = line.run("runs", "skip", run, "esx02")
    assert done.code == 2
    assert "it is done and stays in service" in done.err
    assert told(store, run).skip == ()


@pytest.mark.parametrize("order", [("pause",), ("go-on",), ("skip", "esx01")])
def test_a_run_that_was_told_to_stop_takes_no_other_order(
    line: CommandLine, run: int, store: Store, order: tuple[str, ...]
) -> None:
    line.ok("runs", "stop", run, "--after", "host")
    refused = line.run("runs", order[0], run, *order[1:])
    assert refused.code == 2
    assert "was told to stop" in refused.err
    assert told(store, run).skip == ()
    assert run not in store.fetch(runs_going_on)


def test_an_order_about_a_host_that_the_run_does_not_have_is_refused(run: int, store: Store) -> None:
    """Whoever gives it: what the window shows may be older than the run."""
    who = Principal("anna", Role.OPERATOR)
    with store.write() as uow, pytest.raises(NotFound, match="no host with the id 99"):
        skip_host(uow, who, run, 99)
    assert told(store, run).skip == ()


@pytest.mark.parametrize(
    ("after", "wanted", "host"),
    [
        ("host", CancelGrade.AFTER_TARGET, "is finished and taken back into service"),
        ("step", CancelGrade.AFTER_STEP, "finishes its step"),
    ],
)
def test_a_run_is_stopped(
    line: CommandLine, run: int, store: Store, after: str, wanted: CancelGrade, host: str
) -> None:
    line.ok("runs", "stop", run, "--after", after, "--dry-run")
    assert grade(store, run) == CancelGrade.NONE
    ran = line.ok("runs", "stop", run, "--after", after)
    assert host in ran.out
    assert left(ran)["esx01"] == "is not begun and stays as it is"
    assert left(ran)["esx03"] == "is not touched"
    assert (grade(store, run), grade(store, run + 2)) == (wanted, wanted)


def test_stopping_now_wants_the_number_of_hosts_at_work(line: CommandLine, run: int, store: Store) -> None:
    for typed in ((), ("--confirm", 3)):
        refused = line.run("runs", "stop", run, "--after", "now", *typed)
        assert refused.code == 2
        assert "--confirm 1" in refused.err
        assert "esx02" in refused.err
        assert "stops waiting at once" in refused.out, "it says first what it would do"
        assert grade(store, run) == CancelGrade.NONE
    line.ok("runs", "stop", run, "--after", "now", "--confirm", 1)
    assert grade(store, run) == CancelGrade.NOW
    later = line.ok("runs", "stop", run, "--after", "host")
    assert "told to stop before; that stands" in later.out
    assert "stops waiting at once" in later.out
    assert grade(store, run) == CancelGrade.NOW


ORDERS = (
    ("pause",),
    ("go-on",),
    ("skip", "esx01"),
    ("stop", "--after", "host"),
    ("stop", "--after", "now", "--confirm", "1"),
)


@pytest.mark.parametrize("order", ORDERS, ids=" ".join)
def test_an_ended_run_and_a_viewer_are_refused_with_the_next_step(
    line: CommandLine, run: int, store: Store, order: tuple[str, ...]
) -> None:
    words = ("runs", order[0], run, *order[1:])
    denied = line.run(*words, options=("--read-only",))
    assert denied.code == 3
    assert "may not" in denied.err
    assert "next:" in denied.err
    end(store, run)
    ended = line.run(*words)
    assert ended.code == 2
    assert f"Job {run} has already ended (completed)" in ended.err
    assert "next:" in ended.err
    assert told(store, run) == RollOrders()


def test_what_is_no_run_is_refused(line: CommandLine, run: int) -> None:
    for number in (run + 1, run + 2, 7):
        refused = line.run("runs", "stop", number, "--after", "host")
        assert refused.code == 2
        assert f"There is no maintenance run {number}." in refused.err
        assert "`jobs list`" in refused.err


def test_a_run_that_ended_before_its_plan_says_so(line: CommandLine, run: int, store: Store) -> None:
    with store.write() as uow:
        task = uow.session.scalars(select(JobTask.id).where(JobTask.job_id == run)).one()
        uow.session.execute(delete(TaskStep).where(TaskStep.task_id == task))
        uow.session.execute(delete(JobTask).where(JobTask.job_id == run + 2))
        uow.session.execute(update(Job).where(Job.id == run).values(state="cancelled"))
    assert "It ended before its plan was made; no host was begun." in line.ok("runs", "show", run).out
