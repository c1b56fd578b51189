"""Certificates of iDRACs: requested, signed, installed, pinned only when it is the one this program installed."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography import x509
from pydantic import SecretStr

from dsm_desktop.operations import certificate_install, certificate_request
from dsm_desktop.queries.certificates import CertificateRow, authorities, certificate_rows
from dsm_desktop.queries.servers import list_servers
from dsm_desktop.vault.authority import make_authority, sign_request
from tests.kit.replay import Doc, Reply
from tests.operations.killing import Killable, working
from tests.operations.recorded import RecordedIdrac, recorded_program

pytestmark = pytest.mark.shared_program
REPLACE = "/CertificateService.ReplaceCertificate"
Pair = tuple[Killable, RecordedIdrac]


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(certificate_install, "ITSELF", {"imported": 3.0, "replaced": 0.1})


@pytest.fixture
def idle(tmp_path: Path, captures: Path) -> Iterator[Pair]:
    """A program nobody runs yet, to be killed."""
    with recorded_program(tmp_path, captures) as pair:
        yield pair


@pytest.fixture
def pair(idle: Pair) -> Iterator[Pair]:
    with working(idle[0]):
        yield idle


def certificate(program: Killable) -> CertificateRow:
    return program.app.store.fetch(certificate_rows)[0]


def pinned(program: Killable) -> str:
    return program.app.store.fetch(list_servers)[0].fingerprint


def test_the_built_in_authority_signs_and_the_new_one_is_pinned(pair: Pair) -> None:
    program, bmc = pair
    before = bmc.fingerprint
    job = program.run("certificate_install", {"common_name": "idrac-{tag}", "organization": "Ours"})
    assert job.failed == 0, program.tasks(job.id)
    assert bmc.fingerprint != before
    assert pinned(program) == bmc.fingerprint
    row = certificate(program)
    assert (row.installed, row.request, row.fingerprint) == (True, "", bmc.fingerprint)
    assert "127.0.0.1" in row.names
    (authority,) = program.app.store.fetch(authorities)
    shown = x509.load_pem_x509_certificate(bmc.pem)
    shown.verify_directly_issued_by(x509.load_pem_x509_certificate(authority.certificate.encode()))
    assert program.app.store.fetch(list_servers)[0].certificate_expires == row.not_after
    assert (bmc.sent(REPLACE), bmc.resets) == (1, 1)
    assert b"PRIVATE KEY" not in (program.app.profile / "store.db").read_bytes()
    # The authority is made once.
    assert program.run("certificate_install", {}).failed == 0
    assert len(program.app.store.fetch(authorities)) == 1


def test_requests_go_into_a_folder_and_come_back_signed(pair: Pair, tmp_path: Path) -> None:
    program, bmc = pair
    folder = tmp_path / "ca"
    folder.mkdir()
    job = program.run("certificate_request", {"folder": str(folder)})
    assert job.failed == 0, program.tasks(job.id)
    (file,) = folder.glob("*.csr")
    assert certificate(program).request == file.read_text()
    # A file that is there and cannot be read, for root neither.
    (folder / "a locked one.pem").symlink_to("/proc/self/mem")
    early = program.run("certificate_install", {"source": "folder", "folder": str(folder)})
    assert program.error(early)["code"] == "NotSigned"
    assert "a locked one.pem cannot be read" in program.error(early)["message"]
    assert bmc.sent(REPLACE) == 0
    now = program.now()
    authority, key = make_authority("The site's own", now)
    signed = sign_request(authority, key, file.read_text(), names=["idrac.site"], days=90, now=now)
    (folder / "any name.crt").write_text(signed + authority)
    (folder / "notes.pem").write_text("not a certificate")
    job = program.run("certificate_install", {"source": "folder", "folder": str(folder)})
    assert job.failed == 0, program.tasks(job.id)
    assert pinned(program) == bmc.fingerprint
    assert "The site's own" in certificate(program).issuer


def test_a_certificate_of_another_request_is_not_sent(pair: Pair, tmp_path: Path) -> None:
    program, bmc = pair
    assert program.run("certificate_request", {"folder": str(tmp_path)}).failed == 0
    (file,) = tmp_path.glob("*.csr")
    older = file.read_text()
    assert program.run("certificate_request", {"folder": str(tmp_path)}).failed == 0
    now = program.now()
    authority, key = make_authority("x", now)
    (tmp_path / "old.crt").write_text(sign_request(authority, key, older, names=[], days=9, now=now))
    job = program.run("certificate_install", {"source": "folder", "folder": str(tmp_path)})
    assert program.error(job)["code"] == "NotSigned"
    assert bmc.sent(REPLACE) == 0


def test_a_refusal_leaves_certificate_and_pin(pair: Pair) -> None:
    program, bmc = pair
    before = bmc.fingerprint
    bmc.refuse(REPLACE, 403, "IDRAC.2.7.SYS406", "Lockdown mode is on.")
    job = program.run("certificate_install")
    assert program.error(job)["code"] == "LockedDown"
    assert (bmc.fingerprint, pinned(program), bmc.resets) == (before, before, 0)


def test_another_certificate_than_the_installed_one_is_not_pinned(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody in between, or a device that made one of its own: a person has to look."""
    monkeypatch.setattr(certificate_install, "BACK", 2.0)
    program, bmc = pair
    before = pinned(program)
    effect = bmc.effects[REPLACE]

    def other(body: Doc) -> Reply:
        answer = effect(body)
        now = program.now()
        authority, key = make_authority("stranger", now)
        pem = sign_request(authority, key, bmc.csr, names=[], days=9, now=now)
        bmc._next_pem = (pem.encode(), bmc._key)
        return answer

    bmc.effects[REPLACE] = other
    job = program.run("certificate_install")
    assert program.error(job)["code"] == "NotShown"
    assert pinned(program) == before != bmc.fingerprint


def test_shown_only_after_a_later_restart_it_is_pinned_and_nobody_is_asked(
    idle: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(certificate_install, "BACK", 2.0)
    program, bmc = idle
    before, effect, kept = pinned(program), bmc.effects[REPLACE], []

    def keeps(body: Doc) -> Reply:
        answer = effect(body)
        kept.append(bmc._next_pem)
        bmc._next_pem = None
        return answer

    bmc.effects[REPLACE] = keeps
    with working(program):
        assert program.error(program.run("certificate_install"))["code"] == "NotShown"
        assert pinned(program) == before == bmc.fingerprint
        (bmc._next_pem,) = kept
        assert program.run("idrac_reset").failed == 0
    with working(program):
        job = program.run("health_check")
        assert (job.state, job.failed) == ("completed", 0), program.tasks(job.id)
    assert pinned(program) == bmc.fingerprint != before


def test_a_dry_run_changes_nothing(pair: Pair) -> None:
    program, bmc = pair
    job = program.run("certificate_install", dry_run=True)
    assert job.failed == 0, program.tasks(job.id)
    assert bmc.done == []
    assert program.app.store.fetch(authorities) == []


@pytest.mark.parametrize("end", [REPLACE, "/Manager.Reset"])
def test_killed_on_the_way_it_is_finished_and_pinned(idle: Pair, end: str) -> None:
    program, bmc = idle
    bmc.hold(end, late=True)
    job_id = program.submit("certificate_install")
    program.killed_when(job_id, lambda: bmc.struck > 0, "the request")
    bmc.release()
    job = program.finish(job_id)
    assert job.failed == 0, program.tasks(job_id)
    assert pinned(program) == bmc.fingerprint
    assert certificate(program).installed
    assert bmc.resets == 1
    assert len(program.app.store.fetch(authorities)) == 1


def test_an_authority_signs_for_names_and_addresses_within_its_own_time(
    tmp_path: Path, captures: Path
) -> None:
    with recorded_program(tmp_path, captures) as (program, bmc):
        bmc._request(
            {
                "CommonName": "a",
                "Organization": "b",
                "CertificateCollection": {
                    "@odata.id": "/redfish/v1/Managers/iDRAC.Embedded.1/NetworkProtocol/HTTPS/Certificates"
                },
            }
        )
        now = program.now()
        authority, key = make_authority("x", now)
        pem = sign_request(
            authority, key, bmc.csr, names=["h.example", "10.0.0.1", "fd00::1"], days=9999, now=now
        )
        made = x509.load_pem_x509_certificate(pem.encode())
        root = x509.load_pem_x509_certificate(authority.encode())
        made.verify_directly_issued_by(root)
        assert made.not_valid_after_utc == root.not_valid_after_utc
        names = made.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        assert [str(n.value) for n in names] == ["h.example", "10.0.0.1", "fd00::1"]
        assert isinstance(key, SecretStr)
        if openssl := shutil.which("openssl"):
            import subprocess

            (tmp_path / "ca.pem").write_text(authority)
            (tmp_path / "c.pem").write_text(pem)
            done = subprocess.run(
                [openssl, "verify", "-CAfile", str(tmp_path / "ca.pem"), str(tmp_path / "c.pem")],
                capture_output=True,
            )
            assert done.returncode == 0, done.stderr


def test_many_servers_try_one_folder_at_once(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(certificate_request._writable, [str(tmp_path)] * 2000)) == {str(tmp_path)}
    assert not list(tmp_path.iterdir())
