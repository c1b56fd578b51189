"""Certificates, exports, licences, consoles and pictures on the simulated iDRACs of every generation that offers them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import update

from dsm_desktop.core.errors import BadInput
from dsm_desktop.operations import console_launch, exporting, support_collection
from dsm_desktop.queries.certificates import certificate_rows
from dsm_desktop.queries.consoles import screenshot_times
from dsm_desktop.queries.servers import ServerRow
from dsm_desktop.store.models import Server
from tests.operations.conftest import Program, working_program

pytestmark = pytest.mark.shared_program


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """A program of this module's own: its servers' certificates change."""
    with working_program(tmp_path_factory.mktemp("work")) as program:
        assert program.scan().state == "completed"
        yield program


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The site's clock runs thirty times faster; what is waited for besides it is shortened alike."""
    monkeypatch.setattr(exporting, "EVERY", 0.5)
    monkeypatch.setattr(support_collection, "EVERY", 0.5)
    monkeypatch.setattr(console_launch, "LOADED", 0.2)


def newer(program: Program) -> list[ServerRow]:
    """Those with an iDRAC9 or 10."""
    return [s for s in program.servers() if s.generation in ("iDRAC9", "iDRAC10")]


def done(program: Program, kind: str, **params: object) -> None:
    job = program.run(kind, dict(params), [s.id for s in newer(program)])
    assert (job.state, job.failed) == ("completed", 0), [
        (t.target, t.outcome, t.error) for t in program.tasks(job.id)
    ]


def test_certificates_are_installed_and_pinned_on_each(own: Program) -> None:
    done(own, "certificate_install", common_name="{tag}")
    shown = {i.address: i.fingerprint for i in own.site.idracs}
    rows = {r.server_id: r for r in own.app.store.fetch(certificate_rows)}
    for server in newer(own):
        assert server.fingerprint == shown[server.address], server.generation
        assert rows[server.id].installed
        assert server.service_tag
        assert server.service_tag in rows[server.id].subject
    done(own, "health_check")


@pytest.mark.parametrize("kind", ["certificate_request", "certificate_install"])
def test_an_idrac8_is_told_how_certificates_get_there(own: Program, kind: str, tmp_path: Path) -> None:
    old = next(s for s in own.servers() if s.generation == "iDRAC8")
    given = {"folder": str(tmp_path)} if kind == "certificate_request" else {}
    assert own.run("health_check", {}, [old.id]).failed == 0
    with pytest.raises(BadInput, match="sslcertupload"):
        own.app.commands.submit(kind, [old.id], given)
    # One that was never read is found out by the job: the Redfish root has no CertificateService.
    with own.app.store.write() as uow:
        uow.session.execute(update(Server).where(Server.id == old.id).values(facts_at=None))
    job = own.run(kind, given, [old.id])
    (task,) = own.tasks(job.id)
    assert task.error is not None
    assert (task.error["code"], "sslcertupload" in task.error["hint"]) == ("Unsupported", True)


def test_files_come_out_of_each(own: Program, tmp_path: Path) -> None:
    for kind in ("lifecycle_log_export", "hardware_inventory_export", "license_export"):
        done(own, kind, folder=str(tmp_path))
    done(own, "support_collection", folder=str(tmp_path), accept_terms=True)
    names = sorted(f.name.partition(" ")[2] for f in tmp_path.iterdir())
    for server in newer(own):
        mine = [f for f in tmp_path.iterdir() if f.name.startswith(str(server.service_tag))]
        assert len(mine) >= 4, names
        assert all(f.stat().st_size > 0 for f in mine)


def test_licences_and_pictures_of_each(own: Program) -> None:
    done(own, "license_read")
    done(own, "console_screenshot")
    assert set(own.app.store.fetch(screenshot_times)) == {s.id for s in newer(own)}


def test_consoles_of_every_generation(own: Program) -> None:
    servers = own.servers()
    job_id = own.app.commands.submit("console_launch", [s.id for s in servers], {})
    found: list[str] = []
    deadline = time.monotonic() + 60
    while len(found) < len(servers) and time.monotonic() < deadline:
        found += own.app.commands.take_consoles(job_id)
        time.sleep(0.02)
    job = own.wait(job_id)
    assert job.failed == 0, [(t.target, t.error) for t in own.tasks(job_id)]
    signed = sum("tempPassword=" in url for url in found)
    assert len(found) == len(servers)
    assert signed == len(newer(own))
