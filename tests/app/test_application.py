"""Profile, first run, site key and the runner beside the window, with real files, processes and databases."""

from __future__ import annotations

import os
import stat
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import select

from dsm_desktop.app.application import Application
from dsm_desktop.app.context import CredentialDraft, FirstRunChoices, KeyState, RunnerState
from dsm_desktop.app.demo import throw_away_profile
from dsm_desktop.app.first_run import FirstRun
from dsm_desktop.app.profile import FILE, Profile, ProfileBroken, ProfileConfig, label_of
from dsm_desktop.app.runner_process import RunnerBeside
from dsm_desktop.core.errors import DsmError
from dsm_desktop.core.states import JobState
from dsm_desktop.queries.jobs import JobRow, list_jobs
from dsm_desktop.queries.servers import list_servers
from dsm_desktop.store import runners
from dsm_desktop.store.models import AuditEntry
from tests.kit.site import SiteProcess

PASSPHRASE = "a long enough passphrase for tests"


def until(true: Callable[[], object], what: str, seconds: float = 180) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


def audited(app: Application) -> list[str]:
    return list(app.store.fetch(lambda c: c.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()))


def login(password: str = "secret-of-the-rack") -> CredentialDraft:
    return CredentialDraft(None, "Rack", "idrac", "root", password, ("127.0.0.0/8",))


# --- profile ----------------------------------------------------------------------------------------------------------


def test_a_profile_is_for_its_owner_alone_and_survives_a_round_trip(tmp_path: Path) -> None:
    profile = Profile(tmp_path / "p")
    assert not profile.exists
    assert profile.load() == ProfileConfig()
    profile.save(ProfileConfig(key="file", key_file="/mnt/key"))
    assert profile.load() == ProfileConfig(key="file", key_file="/mnt/key")
    if sys.platform != "win32":
        assert stat.S_IMODE(profile.folder.stat().st_mode) == 0o700
        assert stat.S_IMODE(profile.reports.stat().st_mode) == 0o700


def test_a_broken_profile_says_where_and_changes_nothing(tmp_path: Path) -> None:
    profile = Profile(tmp_path)
    (tmp_path / FILE).write_text('{"key": "telepathy"}')
    with pytest.raises(ProfileBroken) as told:
        profile.load()
    assert str(tmp_path / FILE) in told.value.where
    assert (tmp_path / FILE).read_text() == '{"key": "telepathy"}'


def test_a_store_is_named_without_its_password() -> None:
    assert label_of("postgresql+psycopg://anna:pw@db.example/dsm") == "Postgres db.example/dsm"


# --- first run --------------------------------------------------------------------------------------------------------


def test_the_first_run_makes_store_key_and_first_login_and_is_audited(tmp_path: Path) -> None:
    profile = Profile(tmp_path / "p")
    first = FirstRun(profile)
    assert "file" in first.check_store("")
    assert not profile.folder.exists(), "looking writes nothing"
    made = first.create(FirstRunChoices(key="file", credential=login()))
    assert len(made.recovery_key) > 30
    app = Application(profile)
    try:
        app.key.open_quietly()
        assert app.key.state() is KeyState.OPEN
        assert [c.name for c in app.reads.credentials()] == ["Rack"]
        assert "vault.set_up" in audited(app)
    finally:
        app.close()


def test_a_first_run_that_fails_is_asked_again(tmp_path: Path) -> None:
    profile = Profile(tmp_path / "p")
    with pytest.raises(DsmError):
        FirstRun(profile).create(FirstRunChoices(key="passphrase", passphrase="short"))
    assert not profile.exists
    assert FirstRun(profile).create(FirstRunChoices(key="passphrase", passphrase=PASSPHRASE)).recovery_key
    assert profile.exists


def test_two_desktops_share_a_postgres_store(tmp_path: Path, postgres_url: str) -> None:
    """The second one finds the key set up, opens it with the passphrase and reads what the first wrote."""
    for name in ("first", "second"):
        profile = Profile(tmp_path / name)
        first = FirstRun(profile)
        assert "answers" in first.check_store(postgres_url)
        choices = FirstRunChoices(
            store_url=postgres_url,
            key="passphrase",
            passphrase=PASSPHRASE,
            credential=login() if name == "first" else None,
        )
        assert bool(first.create(choices).recovery_key) is (name == "first")
        app = Application(profile)
        try:
            assert app.key.state() is KeyState.LOCKED
            app.key.unlock(PASSPHRASE)
            assert app.key.state() is KeyState.OPEN
            assert [c.name for c in app.reads.credentials()] == ["Rack"]
        finally:
            app.close()


# --- site key ---------------------------------------------------------------------------------------------------------


def test_a_lost_key_file_is_missing_and_the_recovery_key_brings_it_back(tmp_path: Path) -> None:
    profile = Profile(tmp_path / "p")
    recovery = FirstRun(profile).create(FirstRunChoices(key="file", credential=login())).recovery_key
    (profile.folder / "site.key").unlink()
    app = Application(profile)
    try:
        app.key.open_quietly()
        assert app.key.state() is KeyState.MISSING
        assert app.key.problem
        assert [c.name for c in app.reads.credentials()] == ["Rack"], "what needs no secret works"
        with pytest.raises(DsmError):
            app.commands.save_credential(login("another"))
        with pytest.raises(DsmError):
            app.key.recover("AAAA-BBBB")
        app.key.recover(recovery)
        assert app.key.state() is KeyState.OPEN
        assert "vault.add_keeper" in audited(app)
    finally:
        app.close()
    app = Application(profile)
    try:
        app.key.open_quietly()
        assert app.key.state() is KeyState.OPEN
    finally:
        app.close()


def test_a_key_of_another_store_is_wrong_and_nothing_is_overwritten(tmp_path: Path) -> None:
    for name in ("one", "two"):
        FirstRun(Profile(tmp_path / name)).create(FirstRunChoices(key="file", credential=login()))
    ours = tmp_path / "one" / "site.key"
    ours.write_bytes((tmp_path / "two" / "site.key").read_bytes())
    app = Application(Profile(tmp_path / "one"))
    try:
        app.key.open_quietly()
        assert app.key.state() in (KeyState.WRONG, KeyState.MISSING)
        assert ours.read_bytes() == (tmp_path / "two" / "site.key").read_bytes()
    finally:
        app.close()


def test_a_store_without_a_key_says_so(tmp_path: Path) -> None:
    profile = Profile(tmp_path / "p")
    profile.save(ProfileConfig(key="file"))
    app = Application(profile)
    try:
        app.key.open_quietly()
        assert app.key.state() is KeyState.NOT_SET_UP
    finally:
        app.close()


# --- the runner beside the window -------------------------------------------------------------------------------------


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Application]:
    app = throw_away_profile(tmp_path / "profile", "root", "calvin-sim-7Q")
    app.listen()
    yield app
    app.runner.end(30)
    app.close()


def running(app: Application) -> bool:
    return app.runner.state() is RunnerState.RUNNING


def alive(app: Application) -> list[int]:
    return [r.pid for r in app.store.fetch(runners.alive)]


def job(app: Application, job_id: int) -> JobRow:
    return app.store.fetch(lambda c: list_jobs(c, ids=[job_id]))[0]


def pid_of(app: Application) -> int:
    assert isinstance(app.runner, RunnerBeside)
    child = app.runner._process._process
    return child.pid if child is not None else 0


def another_runs(app: Application, former: int) -> bool:
    return running(app) and pid_of(app) != former


def test_a_killed_runner_is_started_again_by_itself(app: Application) -> None:
    """A host may be in maintenance mode just then, and nobody there."""
    assert app.runner.state() is RunnerState.STOPPED
    app.runner.start()
    until(lambda: running(app), "the runner did not start")
    for _ in range(2):
        first = pid_of(app)
        os.kill(first, 9)
        until(partial(another_runs, app, first), "no runner came after it")
    done = app.commands.submit("retention_cleanup", [], {})
    until(lambda: job(app, done).state == "completed", "the new runner does not work")
    assert app.runner.end(30)
    assert app.runner.state() is RunnerState.STOPPED


def test_a_killed_runner_that_nobody_wants_any_more_stays_away(app: Application) -> None:
    app.runner.start()
    until(lambda: running(app), "the runner did not start")
    assert isinstance(app.runner, RunnerBeside)
    runner, first = app.runner, pid_of(app)
    runner._unwanted()
    os.kill(first, 9)
    until(lambda: runner.state() is RunnerState.FAILED, "the death went unnoticed")
    assert "ended by itself" in runner.detail()
    assert "started again" not in runner.detail()
    assert runner._again is None
    assert pid_of(app) == first


@pytest.fixture(scope="module")
def site() -> Iterator[SiteProcess]:
    options = {"idracs": 2, "seed": 3, "network": "127.96.0.0/24", "latency": 0.05}
    with SiteProcess(**options, shared_key=True, generations=("idrac9-6",)) as site:
        yield site


def scan(app: Application, site: SiteProcess) -> int:
    ranges = " ".join(i["address"] for i in site.idracs)
    return app.commands.submit("discovery_scan", [], {"ranges": ranges, "port": site.port})


def test_the_runner_finishes_its_work_when_the_window_is_gone(app: Application, site: SiteProcess) -> None:
    app.runner.start()
    until(lambda: running(app), "the runner did not start")
    pid = alive(app)[0]
    submitted = scan(app, site)
    until(lambda: job(app, submitted).state == "running", "the scan did not begin")
    app.runner.leave()
    until(lambda: JobState(job(app, submitted).state).final, "the work was left")
    assert job(app, submitted).state == "completed"
    until(lambda: not alive(app), "the runner stays for ever")
    until(
        lambda: not Path(f"/proc/{pid}").exists() or app.runner.state() is not RunnerState.RUNNING, "it lives"
    )
    assert [site.counters(n)["sessions_open"] for n in range(site.count)] == [0, 0]


def test_a_key_that_is_opened_later_reaches_the_runner(tmp_path: Path, site: SiteProcess) -> None:
    profile = Profile(tmp_path / "p")
    draft = login("calvin-sim-7Q")
    FirstRun(profile).create(FirstRunChoices(key="passphrase", passphrase=PASSPHRASE, credential=draft))
    app = Application(profile)
    app.listen()
    try:
        app.runner.start()
        until(lambda: running(app), "the runner did not start")
        before = alive(app)
        app.key.unlock(PASSPHRASE)
        until(lambda: running(app) and alive(app) and alive(app) != before, "no runner with the key came")
        submitted = scan(app, site)
        until(lambda: JobState(job(app, submitted).state).final, "the scan did not end")
        assert job(app, submitted).failed == 0
        assert {s.access for s in app.store.fetch(list_servers)} == {"managed"}
    finally:
        app.runner.end(30)
        app.close()
