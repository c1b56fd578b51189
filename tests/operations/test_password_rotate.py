"""password_rotate: whatever happens on the way, the login on file is one the iDRAC accepts, and nobody is locked out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from dsm_desktop.core.errors import BadInput
from dsm_desktop.core.states import CancelGrade
from dsm_desktop.operations import password_rotate
from dsm_desktop.queries.password_rotations import rotation_rows
from dsm_desktop.simulator import SimulatedIdrac
from dsm_desktop.vault.passwords import make_password
from tests.kit.power_agent import throttle_of
from tests.operations.conftest import Program, working_program
from tests.operations.killing import killable_program, until

ACCOUNTS = "/Accounts/"

pytestmark = pytest.mark.shared_program


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """A program of this module's own: its servers' passwords change."""
    with working_program(tmp_path_factory.mktemp("rotate")) as program:
        assert program.scan().state == "completed"
        yield program


def password_of(program: Program, idrac: SimulatedIdrac) -> str:
    """What the program would sign in with."""
    program.app.resolver.invalidate()
    return program.app.resolver.for_server(program.server(idrac).id).password.get_secret_value()


def accepted(program: Program, idrac: SimulatedIdrac) -> bool:
    return idrac.accepts(idrac.username, password_of(program, idrac))


def open_rotations(program: Program) -> list[str]:
    return [r.state for r in program.app.store.fetch(lambda c: rotation_rows(c, open_only=True))]


def quick_budget(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    """The minute between two wrong logins, shortened: the rule is tested elsewhere."""
    monkeypatch.setattr(password_rotate, "BETWEEN_LOGINS", 0.5)
    monkeypatch.setattr(throttle_of(program.runner).logins, "_penalty", 0.2)


def test_passwords_are_long_random_and_of_every_kind() -> None:
    made = {make_password(20).get_secret_value() for _ in range(50)}
    assert len(made) == 50
    for password in made:
        assert len(password) == 20
        assert password[0].isalpha()
        assert any(c.isupper() for c in password)
        assert any(c.islower() for c in password)
        assert any(c.isdigit() for c in password)
        assert any(not c.isalnum() for c in password)


def test_a_dry_run_seals_and_sends_nothing(own: Program) -> None:
    sets = own.app.reads.credentials()
    before = [len(i.journal) for i in own.site.idracs]
    job = own.run("password_rotate", {}, [s.id for s in own.servers()], dry_run=True)
    assert job.failed == 0, [t.outcome for t in own.tasks(job.id)]
    assert own.app.reads.credentials() == sets
    assert [len(i.journal) for i in own.site.idracs] == before


def test_each_server_gets_its_own_and_the_old_one_stays_for_nobody(own: Program) -> None:
    before = {i.address: i.password for i in own.site.idracs}
    job = own.run("password_rotate", {}, [s.id for s in own.servers()])
    tasks = own.tasks(job.id)
    assert (job.state, job.failed) == ("completed", 0), [t.outcome for t in tasks]
    passwords = {i.address: password_of(own, i) for i in own.site.idracs}
    assert len(set(passwords.values())) == len(own.site.idracs)
    assert not set(passwords.values()) & set(before.values())
    assert all(accepted(own, i) for i in own.site.idracs)
    assert not any(i.accepts(i.username, before[i.address]) for i in own.site.idracs)
    assert open_rotations(own) == []
    assert {sum(ACCOUNTS in e.uri for e in i.journal) for i in own.site.idracs} == {1}
    files = [f for f in own.app.profile.rglob("*") if f.is_file()]
    assert files
    everything = b"".join(f.read_bytes() for f in files)
    assert not [p for p in passwords.values() if p.encode() in everything]


def test_the_next_change_replaces_the_set_by_name(own: Program) -> None:
    idrac = own.site.idracs[1]
    names = {c.name for c in own.app.reads.credentials()}
    job = own.run("password_rotate", {"length": 16}, [own.server(idrac).id])
    assert job.failed == 0, own.tasks(job.id)
    assert {c.name for c in own.app.reads.credentials()} == names
    assert len(password_of(own, idrac)) == 16
    assert accepted(own, idrac)


def test_a_refusal_of_the_device_changes_nothing_and_costs_no_login(own: Program) -> None:
    idrac = own.site.idracs[2]
    before, logins = password_of(own, idrac), idrac.counters["logins_failed"]
    idrac.set_fault("fail_next", status=400, uri=ACCOUNTS, verbs=["PATCH"], times=1)
    job = own.run("password_rotate", {}, [own.server(idrac).id])
    assert job.failed == 1
    assert password_of(own, idrac) == before
    assert accepted(own, idrac)
    assert idrac.counters["logins_failed"] == logins
    # The sealed one is used at the next try.
    assert own.run("password_rotate", {}, [own.server(idrac).id]).failed == 0
    assert password_of(own, idrac) != before
    assert accepted(own, idrac)


def test_an_answer_that_never_came_is_settled_by_a_login(own: Program) -> None:
    idrac = own.site.idracs[3]
    before = password_of(own, idrac)
    idrac.set_fault("reset_midway", uri=ACCOUNTS, verbs=["PATCH"], times=1)
    job = own.run("password_rotate", {}, [own.server(idrac).id])
    assert job.failed == 0, own.tasks(job.id)
    assert password_of(own, idrac) != before
    assert accepted(own, idrac)


def test_cancelled_while_the_change_is_sent_the_login_on_file_still_fits(own: Program) -> None:
    idrac = own.site.idracs[0]
    before, struck = password_of(own, idrac), idrac.struck
    idrac.set_fault("slow", seconds=2, uri=ACCOUNTS, verbs=["PATCH"], times=1)
    job_id = own.app.commands.submit("password_rotate", [own.server(idrac).id], {})
    until(lambda: idrac.struck > struck, "the request")
    own.app.commands.cancel(job_id, CancelGrade.AFTER_STEP)
    assert own.wait(job_id).cancelled == 1
    assert accepted(own, idrac)
    assert password_of(own, idrac) != before


def test_a_change_that_got_lost_keeps_the_old_login(own: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    quick_budget(own, monkeypatch)
    idrac = own.site.idracs[4]
    before, failed = password_of(own, idrac), idrac.counters["logins_failed"]
    idrac.set_fault("reset_before", uri=ACCOUNTS, verbs=["PATCH"], times=1)
    job = own.run("password_rotate", {}, [own.server(idrac).id])
    (task,) = own.tasks(job.id)
    assert task.error is not None
    assert task.error["code"] == "NotTaken", task.outcome
    assert password_of(own, idrac) == before
    assert accepted(own, idrac)
    assert idrac.counters["logins_failed"] - failed == 1
    assert open_rotations(own) == ["sealed"]
    assert own.run("password_rotate", {}, [own.server(idrac).id]).failed == 0
    assert accepted(own, idrac)


def test_the_factory_password_is_changed_through_its_refusal(own: Program) -> None:
    idrac = own.site.idracs[5]
    idrac.require_password_change()
    job = own.run("password_rotate", {}, [own.server(idrac).id])
    assert job.failed == 0, own.tasks(job.id)
    assert accepted(own, idrac)


def test_a_shared_password_is_everybodys_before_the_old_one_goes(program: Program) -> None:
    assert program.scan().state == "completed"
    (old,) = program.app.reads.credentials()
    away = program.site.idracs[0]
    away.set_fault("unauthorized", uri=ACCOUNTS)
    job = program.run("password_rotate", {"scope": "shared"}, [s.id for s in program.servers()])
    assert job.failed == 1
    reached = program.site.idracs[1:]
    assert len({password_of(program, i) for i in reached}) == 1
    assert all(accepted(program, i) for i in reached)
    assert password_of(program, away) == away.password
    assert old.name in {c.name for c in program.app.reads.credentials()}
    kept = [task.result["old_kept_for"] for task in program.tasks(job.id) if task.result]
    assert min(kept, key=len) == [program.server(away).label], "who was the last to look found one left"
    sets = {c.name: c.id for c in program.app.reads.credentials()}
    assert len(sets) == 2
    with pytest.raises(BadInput, match="under way"):
        program.app.commands.remove_credential(next(i for name, i in sets.items() if name != old.name))
    away.clear_faults()
    again = program.run("password_rotate", {"scope": "shared"}, [program.server(away).id])
    assert again.failed == 0, program.tasks(again.id)
    assert {password_of(program, i) for i in program.site.idracs} == {password_of(program, reached[0])}
    (left,) = program.app.reads.credentials()
    assert (left.name, left.ranges, left.is_default) == (old.name, old.ranges, old.is_default)
    assert left.id != old.id
    assert open_rotations(program) == []


@pytest.mark.parametrize("moment", ["before", "after"])
def test_killed_around_the_change_no_way_in_is_lost(tmp_path: Path, moment: str) -> None:
    """The runner is killed when the request has left: before or after the device has taken it."""
    with killable_program(tmp_path, f"127.94.{1 if moment == 'before' else 2}.0/24") as program:
        idrac, old = program.idrac, program.idrac.password
        fault = {"uri": ACCOUNTS, "verbs": ["PATCH"], "times": 1}
        if moment == "before":
            idrac.set_fault("hang", **fault)
        else:
            idrac.set_fault("slow", seconds=30, **fault)
        job_id = program.submit("password_rotate")
        program.killed_when(job_id, lambda: idrac.struck > 0, "the request")
        idrac.clear_faults()
        idrac.drop_connections()
        job = program.finish(job_id)
        program.app.resolver.invalidate()
        login = program.app.resolver.for_server(program.server().id)
        now = login.password.get_secret_value()
        assert idrac.accepts(idrac.username, now)
        assert sum(ACCOUNTS in e.uri for e in idrac.journal) == (1 if moment == "after" else 0)
        assert (now == old) == (moment == "before")
        assert (job.failed == 0) == (moment == "after"), program.tasks(job_id)
