"""Every job type for servers, on an old and on the newest iDRAC, on SQLite and on Postgres: done, refused by the device, cancelled within its request, killed there
and taken up by another runner, and done without an answer. Nothing is sent twice.

Each case has a server for itself, so that all of them are refused, cancelled or killed at once: one killed process does for all.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from dsm_desktop.app.application import Application, catalogue
from dsm_desktop.app.context import CredentialDraft
from dsm_desktop.app.demo import throw_away_profile
from dsm_desktop.commands.configuration import save_standard
from dsm_desktop.configuration.standard import SiteStandard
from dsm_desktop.core.access import Principal
from dsm_desktop.core.errors import BadInput
from dsm_desktop.core.states import CancelGrade, JobState
from dsm_desktop.jobs import Targets
from dsm_desktop.jobs.requirements import fit
from dsm_desktop.operations import boot_to_iso, password_rotate
from dsm_desktop.simulator import SimulatedIdrac, Site, SiteSpec
from dsm_desktop.workers.run import Run
from dsm_desktop.workers.threads import ThreadPool
from tests.kit.databases import PostgresServer
from tests.operations.killing import Killable, open_question, until
from tests.operations.outcomes import (
    BIOS_PASSWORDS,
    CASES,
    CIFS,
    ISO,
    NFS,
    NOTHING_SENT,
    OLD_CASES,
    SHARE_LOGIN,
    Case,
    Place,
)
from tests.operations.test_library import iso_image

pytestmark = pytest.mark.shared_program
SITES = {"sqlite": ("idrac9-4", CASES), "postgres": ("idrac10", CASES), "idrac8": ("idrac8", OLD_CASES)}
"""The oldest that offers every job type, the newest, and the one that offers least: what differs most."""
EACH = pytest.mark.parametrize(
    ("ends", "name"),
    [(site, name) for site, (_, cases) in SITES.items() for name in cases],
    indirect=["ends"],
)
PAUSE = 0.3
HELD = 4.0
"""Seconds an answer is held back while its job is cancelled: the news of it needs a few on a busy machine."""
TAKEN_BACK = (
    "ClearPending",
    "EjectMedia",
    "delete job",
    "DeleteJobQueue",
    "PATCH iDRAC ServerBoot",
    "ComputerSystem.Reset:On",
)
"""Effects of what a cancelled job puts back."""


@dataclass(frozen=True)
class End:
    """How a job ended: `done` is how often the device did what it is for, `more` what it was told after the cancel, `files` the
    sizes of what lies in the job's folder, `addresses` how many consoles a window was given."""

    case: Case
    state: str
    failed: bool
    error: dict[str, Any]
    outcome: str
    done: int
    more: list[str]
    files: list[int]
    addresses: int


Ends = dict[str, dict[str, End]]


def kind_of(name: str) -> str:
    return name.partition(",")[0]


def done(idrac: SimulatedIdrac, case: Case) -> int:
    return sum(n for effect, n in idrac.effects.items() if case.effect and effect.startswith(case.effect))


class Rounds:
    """All cases at once on one profile; each round is a fault that every heart meets."""

    def __init__(self, program: Killable, folder: Path, cases: dict[str, Case]) -> None:
        self.program, self.folder, self.number = program, folder, 0
        self.cases, self.names = cases, tuple(cases)
        self.jobs: dict[str, int] = {}
        self.before: dict[str, int] = {}
        self.told: dict[str, int] = {}
        self.addresses: Counter[str] = Counter()

    def place(self, name: str) -> Place:
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        return Place(self.program, self.names.index(name), folder, self.number)

    def idrac(self, name: str) -> SimulatedIdrac:
        return self.program.site.idracs[self.names.index(name)]

    def begin(self, fault: str, **values: Any) -> None:
        """One job of every case, whose heart meets the fault."""
        for idrac in self.program.site.idracs:
            idrac.clear_faults()
            idrac.forget_jobs()
            self.program.site.call(partial(idrac._device.jobs.clear, force=False))  # what is staged, too
            idrac.set_power("On")
        self.number += 1
        self.program.app.media.close()  # its port is the next process's
        given = {name: dict(case.given(self.place(name))) for name, case in self.cases.items()}
        with self.runner():
            scan = self.program.app.commands.submit("library_scan", [], {})
            until(lambda: JobState(self.program.job(scan).state).final, "the library")
        self.told.clear()
        self.addresses.clear()
        for name, case in self.cases.items():
            idrac = self.idrac(name)
            self.before[name] = done(idrac, case)
            idrac._device.faults.struck = 0
            idrac.set_fault(fault, uri=case.uri, verbs=case.verbs, skip=case.skip, **values)
            server = self.program.server(idrac)
            self.jobs[name] = self.program.app.commands.submit(kind_of(name), [server.id], given[name])

    @contextmanager
    def runner(self) -> Iterator[None]:
        runner = self.program.app.make_runner("test", pool=ThreadPool(64))
        runner.config = replace(runner.config.scaled(0.02), poll=0.2, max_deaths=1000)
        runner.start()
        try:
            yield
        finally:
            runner.stop()

    def over(self, name: str) -> bool:
        """Whether the job has ended; its questions are answered and its consoles taken on the way."""
        app, job_id = self.program.app, self.jobs[name]
        answer = self.cases[name].answer
        question = open_question(app, job_id) if answer else None
        if question is not None:
            app.commands.answer(question, answer)
        if kind_of(name) == "console_launch":
            self.addresses[name] += len(app.commands.take_consoles(job_id))
        return JobState(self.program.job(job_id).state).final

    def struck(self, name: str) -> bool:
        return self.idrac(name).struck > 0 or (self.over(name) and False)

    def cancelled(self, name: str) -> bool:
        """Cancel it once its request is held; whether it has ended."""
        if name not in self.told and self.struck(name):
            with suppress(BadInput):  # it has ended in this very moment
                self.program.app.commands.cancel(self.jobs[name], CancelGrade.NOW)
            self.told[name] = len(self.idrac(name).journal)
        return name in self.told and self.over(name)

    def all(self, seen: Callable[[str], bool], what: str, seconds: float = 90) -> None:
        """Wait until it is seen of every case."""
        left, deadline = set(self.names), time.monotonic() + seconds
        while left := {name for name in left if not seen(name)}:
            assert time.monotonic() < deadline, (what, {n: self.program.tasks(self.jobs[n]) for n in left})
            time.sleep(0.05)

    def ends(self) -> dict[str, End]:
        return {name: self._end(name) for name in self.names}

    def _end(self, name: str) -> End:
        idrac, job = self.idrac(name), self.program.job(self.jobs[name])
        (task,) = self.program.tasks(job.id)
        did = done(idrac, self.cases[name]) - self.before[name]
        told = self.told.get(name)
        more = [] if told is None else [change.effect for change in idrac.journal[told:]]
        files = [f.stat().st_size for f in (self.folder / name).iterdir() if f.is_file()]
        return End(
            self.cases[name],
            job.state,
            job.failed > 0,
            task.error or {},
            task.outcome,
            did,
            more,
            files,
            self.addresses[name],
        )


def run_rounds(rounds: Rounds) -> Ends:
    """Each round in turn. What a slow answer holds back has been done already."""
    program, found = rounds.program, {}
    rounds.begin("fail_next", status=400)
    with rounds.runner():
        rounds.all(rounds.over, "the end after a refusal")
    found["refused"] = rounds.ends()
    rounds.begin("slow", seconds=HELD, times=1)
    with rounds.runner():
        rounds.all(rounds.cancelled, "the end after a cancel")
    found["cancelled"] = rounds.ends()
    rounds.begin("reset_midway", times=1)
    with rounds.runner():
        rounds.all(rounds.over, "the end after a lost answer")
    found["lost"] = rounds.ends()
    rounds.begin("slow", seconds=1000, times=1)
    with program.agent():
        rounds.all(rounds.struck, "the request before the kill")
    for idrac in program.site.idracs:
        idrac.clear_fault("slow")
        idrac.drop_connections()
    with rounds.runner():
        rounds.all(rounds.over, "the end after a kill")
    found["killed"] = rounds.ends()
    return found


@contextmanager
def quick() -> Iterator[None]:
    """The site's clock runs fast, so the device is looked at often."""
    park = Run.park

    async def shorter(self: Run, seconds: float, until: Callable[[], bool] = lambda: False) -> None:
        await park(self, min(seconds, PAUSE), until)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Run, "park", shorter)
        patch.setattr(password_rotate, "BETWEEN_LOGINS", 0.5)
        patch.setattr(boot_to_iso, "_LEAST_REST_SECONDS", 1)
        patch.setattr("dsm_desktop.redfish.errors.wait_of", lambda *_, **__: PAUSE)
        yield


@contextmanager
def rounds_of(folder: Path, store_url: str, generation: str, cases: dict[str, Case]) -> Iterator[Rounds]:
    """A profile that has found its site: a server for every case."""
    spec = SiteSpec(
        idracs=len(cases),
        seed=11,
        network="127.110.0.0/24",
        port=0,
        clock_speed=120,
        healthy=True,
        generations=(generation,),
    )
    with Site(spec) as site, ExitStack() as stack:
        app = throw_away_profile(folder / "profile", spec.username, spec.password, store_url)
        stack.callback(app.close)
        furnish(app, site, folder)
        rounds = Rounds(program := Killable(app, site), folder, cases)
        with rounds.runner():
            ranges = " ".join(i.address for i in site.idracs)
            scan = app.commands.submit("discovery_scan", [], {"ranges": ranges, "port": site.port})
            until(lambda: JobState(program.job(scan).state).final, "the scan")
        yield rounds


def furnish(app: Application, site: Site, folder: Path) -> None:
    """A library with an ISO, shares with a login, and a standard of the site for each round."""
    (folder / "library").mkdir()
    iso_image(folder / "library" / ISO, 100)
    app.commands.add_library_folder(str(folder / "library"))
    app.listen()
    user, secret = SHARE_LOGIN
    app.commands.save_credential(CredentialDraft(None, "shares", "share", user, secret, ("10.9.8.8/32",)))
    for name, password in BIOS_PASSWORDS.items():
        app.commands.save_credential(CredentialDraft(None, name, "bios", "setup", password))
    for share, login in ((NFS, ("", "")), (CIFS, SHARE_LOGIN)):
        (folder / share.partition(":")[0]).mkdir()
        site.share(share, folder / share.partition(":")[0], *login)
    with app.store.write() as uow:
        for number in range(1, 5):
            standard = SiteStandard(name=f"HQ {number}", syslog_port=1500 + number)
            save_standard(uow, Principal("anna"), standard)


@pytest.fixture(scope="module")
def known() -> dict[str, Ends | Exception]:
    """What the rounds of each site have shown so far."""
    return {}


@pytest.fixture
def ends(
    request: pytest.FixtureRequest,
    known: dict[str, Ends | Exception],
    tmp_path_factory: pytest.TempPathFactory,
) -> Ends:
    """How every case of a site ended in every round; they are run once."""
    if request.param not in known:
        try:
            known[request.param] = _run(request, tmp_path_factory.mktemp("outcomes"))
        except Exception as error:
            known[request.param] = error
    found = known[request.param]
    if isinstance(found, Exception):
        raise found
    return found


def _run(request: pytest.FixtureRequest, folder: Path) -> Ends:
    with ExitStack() as stack:
        url = ""
        if request.param == "postgres":
            server: PostgresServer = request.getfixturevalue("postgres_server")
            name = server.create_database()
            stack.callback(server.drop_database, name)
            url = server.url(name)
        stack.enter_context(quick())
        return run_rounds(stack.enter_context(rounds_of(folder, url, *SITES[request.param])))


def test_every_job_type_for_servers_is_here() -> None:
    types = catalogue()
    kinds = {kind for kind in types if types[kind].targets is Targets.SERVER}
    assert {kind_of(name) for name in CASES} == kinds
    old = SimpleNamespace(
        generation="iDRAC8",
        idrac_version="2.82.82.82",
        model="PowerEdge R730",
        licence="",
        power_state="on",
        facts_at=datetime.now(UTC),
    )
    able = {kind for kind in kinds if fit(types[kind].requires, [old]).fitting}
    assert {kind_of(name) for name in OLD_CASES} == able - NOTHING_SENT


@EACH
def test_refused_by_the_device_it_fails_and_nothing_is_done(ends: Ends, name: str) -> None:
    end = ends["refused"][name]
    assert end.failed, end
    assert end.error["message"], end
    assert end.done == 0, end


@EACH
def test_cancelled_within_its_request_nothing_more_is_sent(ends: Ends, name: str) -> None:
    end = ends["cancelled"][name]
    # A job whose last request it was is done. One whose device went down meanwhile knows nothing, and says so.
    lost = end.case.goes_down and end.error.get("blame") == "peer"
    told = end.case.stays and "Not put back" in end.error["hint"]
    assert lost or told or (end.state in ("cancelled", "completed") and not end.failed), end
    assert end.done <= 1, end
    # What the request itself does may be written down a moment after the cancel.
    own = (end.case.effect,) if end.case.effect else ()
    assert [effect for effect in end.more if not effect.startswith(TAKEN_BACK + own)] == [], end


@EACH
@pytest.mark.parametrize("how", ["killed", "lost"])
def test_when_the_answer_never_comes_it_is_done_and_sent_once(ends: Ends, name: str, how: str) -> None:
    end, case = ends[how][name], ends[how][name].case
    if end.failed:
        assert end.error["code"] in case.doubt, end
    else:
        assert end.state == "completed", end
    assert bool(case.effect) <= end.done <= case.times, end
    assert all(end.files), end
    assert end.addresses == (name == "console_launch"), end
