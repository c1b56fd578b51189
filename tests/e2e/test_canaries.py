"""S4: forty secrets through everything the program does; afterwards none is found anywhere, in any of the usual codings."""

from __future__ import annotations

import base64
import json
import logging
import os
import random
import string
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from pydantic import SecretStr
from sqlalchemy import select

from dsm_desktop.app.application import Application
from dsm_desktop.app.context import CredentialDraft, FirstRunChoices, RunnerState
from dsm_desktop.app.first_run import FirstRun
from dsm_desktop.app.profile import Profile, ProfileConfig
from dsm_desktop.commands.configuration import add_profile, save_standard
from dsm_desktop.commands.credentials import KINDS
from dsm_desktop.configuration.profiles import compose
from dsm_desktop.configuration.standard import SiteStandard
from dsm_desktop.core.crash import write_crash_report
from dsm_desktop.core.errors import BadInput, DsmError
from dsm_desktop.core.states import CancelGrade, JobState
from dsm_desktop.queries.export import Table
from dsm_desktop.queries.jobs import JobRow, list_jobs
from dsm_desktop.queries.report import write
from dsm_desktop.store.models import Base, BmcSession, Server
from dsm_desktop.vault.columns import SESSION_TOKEN
from tests.kit.commandline import CommandLine
from tests.kit.site import SiteProcess

pytestmark = pytest.mark.timeout(600)
COUNT = 40
LATER = (
    "discovery_scan",
    "idrac_reset",
    "fleet_watch",
    "password_rotate",
    "certificate_install",
    "console_launch",
)
"""What changes the logins or the certificates themselves, waits for a window, or runs on its own."""
USER = "root"
PARAMS: dict[str, list[dict[str, Any]]] = {
    "power_action": [{"action": "graceful_restart"}, {"action": "on"}],
    "identify_led": [{"on": True}],
    "idrac_reset": [{"wait": False}],
    "lc_rescue": [{"up_to": "wait", "wait_minutes": 0}],
    "attributes_write": [{"settings": ["SysLog.1.Port=1514"]}],
    "bios_config_write": [
        {"settings": ["SysProfile=Custom"], "when": "stage only"},
        {"action": "withdraw what waits"},
    ],
    "bios_password": [{"new": "Set 4", "reboot": "power cycle"}],
    "boot_configuration": [{"once": "PXE"}, {"once": "none"}],
    "scp_export": [{"components": ["IDRAC"], "password_hashes": True}],
    "scp_import": [{"profile_id": 1, "shutdown": "no restart", "components": ["IDRAC"]}],
    "scp_preview": [{"profile_id": 1}],
    "site_standard_apply": [{"standard": "HQ", "fix": True}],
}


@pytest.fixture
def canaries() -> list[str]:
    """Secrets that look different in every coding."""
    chance = random.Random(40)
    letters = string.ascii_letters + string.digits
    return [f"Kn4ry{n:02d}/{''.join(chance.choices(letters, k=12))}+&%" for n in range(COUNT)]


def forms(secret: str, username: str = USER) -> dict[str, bytes]:
    """A secret as it might lie somewhere."""
    plain = secret.encode()
    coded = {f"base64 at {n}": base64.b64encode(b"x" * n + plain)[4 * (n > 0) : -4] for n in range(3)}
    basic = base64.b64encode(f"{username}:{secret}".encode()).rstrip(b"=")
    return {
        "plain": plain,
        "url": quote(secret, safe="").encode(),
        "utf-16": secret.encode("utf-16-le"),
        "hex": plain.hex().encode(),
        "basic": basic,
        "json": json.dumps(secret)[1:-1].encode(),
        **coded,
    }


class Search:
    """Everything that was written or shown, looked through for every form of every secret."""

    def __init__(self, secrets: list[str]) -> None:
        self._forms = [(s[:7], name, form) for s in secrets for name, form in forms(s).items()]
        self.hits: list[str] = []
        self.bytes = 0

    def look(self, where: str, content: bytes) -> None:
        self.bytes += len(content)
        self.hits += [f"{who} as {name} in {where}" for who, name, form in self._forms if form in content]

    def folder(self, folder: Path) -> None:
        for file in folder.rglob("*"):
            if file.is_file():
                self.look(str(file.relative_to(folder)), file.read_bytes())


@pytest.fixture
def site(canaries: list[str]) -> Iterator[SiteProcess]:
    options = {"idracs": 2, "seed": 8, "network": "127.95.0.0/24", "clock_speed": 120.0, "healthy": True}
    with SiteProcess(
        **options, generations=("idrac9-6", "idrac10"), password=canaries[0], shared_key=True
    ) as site:
        yield site


@pytest.fixture
def app(
    tmp_path: Path, canaries: list[str], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Iterator[Application]:
    """A profile opened by a passphrase, with a login of every kind; debug logging in the program and in its runner."""
    monkeypatch.setenv("DSM_LOG", "DEBUG")
    profile = Profile(tmp_path / "profile")
    profile.save(ProfileConfig(key="passphrase"))
    app = Application(profile)
    app.catch_crashes()
    app.key.set_up(canaries[1])
    save(app, "Rack", "idrac", canaries[0], ranges=("127.0.0.0/8",))
    for n, secret in enumerate(canaries[2:34]):
        save(app, f"Set {n}", KINDS[1 + n % (len(KINDS) - 1)], secret)
    app.listen()
    app.runner.start()
    yield app
    app.runner.end(30)
    app.close()


def save(
    app: Application,
    name: str,
    kind: str,
    secret: str,
    *,
    ranges: tuple[str, ...] = (),
    id: int | None = None,
) -> int:
    return app.commands.save_credential(CredentialDraft(id, name, kind, USER, secret, ranges))


def ended(app: Application, job_id: int, patience: float = 60) -> JobRow:
    """Wait for the end; what waits longer for a device that asked to be left alone is stopped."""
    deadline, stopped = time.monotonic() + patience, False
    while True:
        row = app.store.fetch(lambda c: list_jobs(c, ids=[job_id]))[0]
        if JobState(row.state).final:
            return row
        if time.monotonic() > deadline:
            assert not stopped, row
            app.commands.cancel(job_id, CancelGrade.NOW)
            stopped, deadline = True, time.monotonic() + 60
        time.sleep(0.02)


def run_everything(
    app: Application, kinds: list[str], ids: list[int], patience: float = 60
) -> dict[str, int]:
    """One job of each type on every server; how many targets succeeded."""
    done = {}
    for kind in kinds:
        for params in PARAMS.get(kind, [{}]):
            done[kind] = ended(app, app.commands.submit(kind, ids, params), patience).done
    return done


def until_let_in(app: Application, ids: list[int]) -> None:
    """After wrong passwords and broken answers the servers are left alone for a while."""
    give_up = time.monotonic() + 120
    while run_everything(app, ["test_credentials"], ids) != {"test_credentials": len(ids)}:
        assert time.monotonic() < give_up, "the servers let nobody in"


def needs_nothing(app: Application, kind: str) -> bool:
    """Whether a job can be started without choosing anything; files and drives have tests of their own."""
    try:
        app.catalogue[kind].validate({})
    except BadInput:
        return False
    return True


def keep_configuration(app: Application, secret: str) -> None:
    """A profile with a password in it, to be imported, and a standard."""
    profile = compose(
        [("iDRAC.Embedded.1", "Users.5#Password", secret), ("iDRAC.Embedded.1", "SysLog.1#Port", "1515")]
    )
    with app.store.write() as uow:
        assert add_profile(uow, app.principal, app.vault, profile, "With a password") == 1
        save_standard(uow, app.principal, SiteStandard(name="HQ", ntp_servers=["10.0.0.1"]))


def passwords_in_use(app: Application, ids: list[int]) -> list[str]:
    """The login on file for each server, as it would be used now."""
    app.resolver.invalidate()
    return [app.resolver.for_server(n).password.get_secret_value() for n in ids]


def exported(app: Application, folder: Path) -> None:
    """Every table of the store in every format there is."""
    folder.mkdir()
    for name, table in Base.metadata.tables.items():
        with app.store.read() as connection:
            rows = [[str(cell) for cell in row] for row in connection.execute(select(table))]
        for ending in ("csv", "json", "xlsx"):
            write(Table(name[:30], tuple(table.columns.keys()), rows), folder / f"{name}.{ending}")


def crash(app: Application, secret: str) -> None:
    """A bug with a secret in its message and in a variable."""
    try:
        password = secret
        raise RuntimeError(f"login failed for {USER} with {password}")
    except RuntimeError as error:
        write_crash_report(app.profile / "reports", error, app.redactor, {})
        logging.getLogger("urllib3.connectionpool").exception("POST /Sessions %s", {"Password": secret})


def address_with_password(tmp_path: Path, secret: str) -> str:
    """What the first run says about a database it cannot reach."""
    coded = quote(secret, safe="")
    first = FirstRun(Profile(tmp_path / "profile" / "second"))
    said = []
    for url in (
        f"postgresql+psycopg://dsm:{coded}@127.0.0.1:9/dsm?connect_timeout=2",
        f"postgresql+psycopg://dsm@127.0.0.1:9/dsm?connect_timeout=2&password={coded}",
    ):
        for attempt in (
            partial(first.check_store, url),
            partial(first.create, FirstRunChoices(store_url=url, key="file")),
        ):
            try:
                attempt()
            except DsmError as error:
                said.append(f"{error} {error.hint} {error.detail} {error!r}")
    assert len(said) == 4
    return "\n".join(said)


def of_the_runner(app: Application) -> dict[str, bytes]:
    """What others see of the runner's process."""
    if sys.platform != "linux":
        return {}
    children = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()
    found = {}
    for child in children:
        command = Path(f"/proc/{child}/cmdline").read_bytes()
        if b"--owned" in command:
            found[f"{child}/cmdline"] = command
            found[f"{child}/environ"] = Path(f"/proc/{child}/environ").read_bytes()
    assert found, "the runner was not found"
    return found


@pytest.mark.timeout(400)
def test_forty_secrets_leave_no_trace(
    app: Application,
    site: SiteProcess,
    canaries: list[str],
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    search = Search(canaries)
    deadline = time.monotonic() + 60
    while app.runner.state() is not RunnerState.RUNNING:
        assert time.monotonic() < deadline, app.runner.detail()
        time.sleep(0.02)
    if sys.platform == "linux":
        for where, content in of_the_runner(app).items():
            search.look(where, content)
    ranges = " ".join(i["address"] for i in site.idracs)
    scan = {"ranges": ranges, "port": site.port}
    assert ended(app, app.commands.submit("discovery_scan", [], scan)).failed == 0
    ids = list(app.store.fetch(lambda c: c.scalars(select(Server.id)).all()))
    keep_configuration(app, canaries[37])
    kinds = sorted(k for k in app.catalogue if k not in LATER and (k in PARAMS or needs_nothing(app, k)))
    on_servers = [k for k in kinds if app.catalogue[k].targets.value == "server"]
    done = run_everything(app, on_servers, ids, patience=30)
    # The profile with a password was really imported, the one with hashes really exported.
    really = ("inventory_refresh", "scp_export", "scp_import", "site_standard_apply")
    assert [done[kind] for kind in really] == [2] * 4
    tokens = app.store.fetch(lambda c: c.execute(select(BmcSession.id, BmcSession.token)).all())
    opened = [app.vault.open(SESSION_TOKEN.place(n), t).get_secret_value() for n, t in tokens if t]
    assert opened, "no session was open: its token cannot be looked for"
    search._forms += Search(opened)._forms

    app.commands.edit_servers(ids[:1], {"notes": f"community=public password={canaries[38]}"})
    app.commands.edit_servers(ids[:1], {"notes": ""})
    for fault in ("garbage", "unauthorized"):
        for n in range(site.count):
            site.set_fault(n, fault)
        run_everything(app, ["health_check", "inventory_refresh", "power_action"], ids, patience=2)
        for n in range(site.count):
            site.clear_faults(n)
    rack = next(c for c in app.reads.credentials() if c.name == "Rack")
    save(app, "Rack", "idrac", canaries[34], ranges=rack.ranges, id=rack.id)
    failed = run_everything(app, ["test_credentials", "inventory_refresh"], ids, patience=2)
    assert failed == {"test_credentials": 0, "inventory_refresh": 0}
    save(app, "Rack", "idrac", canaries[0], ranges=rack.ranges, id=rack.id)
    until_let_in(app, ids)
    assert run_everything(app, ["password_rotate"], ids, patience=120) == {"password_rotate": 2}
    made = passwords_in_use(app, ids)
    assert len(made) == 2
    assert canaries[0] not in made
    search._forms += Search(made)._forms
    ended(app, app.commands.submit("idrac_reset", ids, {"wait": False}), 2)
    ended(app, app.commands.submit("retention_cleanup", [], {}))

    app.secrets.add(canaries[35], USER)
    crash(app, canaries[35])
    search.look("the first run", address_with_password(tmp_path, canaries[36]).encode())
    search.look("repr", repr(SecretStr(canaries[37])).encode() + repr(app.reads.credentials()).encode())
    line = CommandLine(app.profile)
    options = ("--passphrase-stdin",)
    line.run(
        "credentials",
        "add",
        "By terminal",
        "--user",
        USER,
        typed=f"{canaries[1]}\n{canaries[39]}\n",
        options=options,
    )
    line.run("admin", "key", "status", typed=f"{canaries[39]}\n", options=options)
    line.run("admin", "backup")
    line.run("credentials", "list", "--json")
    line.run("jobs", "list", "--json")
    assert [r.code for r in line.said] == [0, 2, 0, 0, 0], line.said
    for ran in line.said:
        search.look("the command line", (ran.out + ran.err).encode())
    exported(app, tmp_path / "profile" / "exports")
    search.folder(tmp_path / "profile")
    assert app.runner.end(30)
    search.folder(tmp_path / "profile")
    shown = capfd.readouterr()
    for n, shown_line in enumerate((shown.out + shown.err).splitlines()):
        search.look(f"line {n} of the terminal", shown_line.encode())
    assert "login failed for root with" in shown.err, "the log is not what it should be"
    assert "DEBUG" in (tmp_path / "profile" / "reports" / "runner.log").read_text()
    assert not search.hits, sorted(set(search.hits))
    assert search.bytes > 1_000_000


def test_the_search_finds_what_is_there(canaries: list[str], tmp_path: Path) -> None:
    for name, form in forms(canaries[0]).items():
        (tmp_path / name.replace(" ", "-")).write_bytes(b"...." + form + b"....")
    search = Search(canaries)
    search.folder(tmp_path)
    assert len({hit.rpartition(" in ")[2] for hit in search.hits}) == len(forms(canaries[0]))
