"""Virtual media on every generation: proven by the drive, listed, served only while it stands, ejected on every way out."""

from __future__ import annotations

import os
import socket
import time
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import select

from dsm_desktop.app.context import CredentialDraft
from dsm_desktop.core.states import CancelGrade
from dsm_desktop.queries.calls import CallFilter, call_ids, call_rows
from dsm_desktop.queries.jobs import RestoreRow, restore_list, task_steps
from dsm_desktop.queries.library import list_items
from dsm_desktop.queries.virtual_media import MountRow, list_mounts
from dsm_desktop.simulator import SimulatedIdrac
from dsm_desktop.store.models import ApiCall, Base
from tests.operations.conftest import Program
from tests.operations.test_library import iso_image

pytestmark = pytest.mark.shared_program

ISO = "esxi 8.0.iso"


@pytest.fixture(scope="module")
def shelved(scanned: Program, tmp_path_factory: pytest.TempPathFactory) -> Program:
    """A program with an ISO in its library and the media server on a port nobody else has."""
    folder = tmp_path_factory.mktemp("isos")
    iso_image(folder / ISO, 300)
    scanned.app.commands.save_settings("media", {"port": 0})
    scanned.app.commands.add_library_folder(str(folder))
    assert scanned.run("library_scan").failed == 0
    return scanned


@pytest.fixture
def clean(shelved: Program) -> Program:
    """Every drive empty before and nothing served after."""
    for idrac in shelved.site.idracs:
        idrac.clear_faults()
    ids = [s.id for s in shelved.servers()]
    assert shelved.run("virtual_media_unmount", {}, ids).failed == 0
    shelved.app.media.tidy()
    assert shelved.app.media.listening is None
    return shelved


def mounts(program: Program) -> list[MountRow]:
    return program.app.store.fetch(list_mounts)


def images(idrac: SimulatedIdrac) -> list[str]:
    return [image.rpartition("/")[2] for image in idrac.media.values() if image]


def changes(idrac: SimulatedIdrac, what: str) -> int:
    return sum(what in change.uri for change in idrac.journal)


def outcomes(program: Program, job_id: int) -> list[str]:
    return [task.outcome for task in program.tasks(job_id)]


def test_mounts_once_on_every_generation_lists_and_ejects(clean: Program) -> None:
    ids = [s.id for s in clean.servers()]
    job = clean.run("virtual_media_mount", {"item": ISO}, ids)
    assert job.failed == 0, outcomes(clean, job.id)
    assert all(images(i) == [ISO.replace(" ", "%20")] for i in clean.site.idracs)
    standing = mounts(clean)
    assert {m.server_id for m in standing} == set(ids)
    assert {(m.drive, m.image, m.job_id) for m in standing} == {("cd", ISO, job.id)}
    assert clean.app.media.listening is not None

    sent = [changes(i, "InsertMedia") for i in clean.site.idracs]
    again = clean.run("virtual_media_mount", {"item": ISO}, ids)
    # The path of a URL belongs to a job: the same file by another job is another medium.
    assert again.failed == len(ids)
    assert "holds" in outcomes(clean, again.id)[0]
    assert [changes(i, "InsertMedia") for i in clean.site.idracs] == sent

    out = clean.run("virtual_media_unmount", {}, ids)
    assert out.failed == 0, outcomes(clean, out.id)
    assert mounts(clean) == []
    assert all(images(i) == [] for i in clean.site.idracs)
    clean.app.media.tidy()
    assert clean.app.media.listening is None


def test_replace_ejects_first_and_waits_until_the_drive_is_empty(clean: Program) -> None:
    ids = [s.id for s in clean.servers()]
    assert clean.run("virtual_media_mount", {"item": ISO}, ids).failed == 0
    job = clean.run("virtual_media_mount", {"item": ISO, "replace": True}, ids)
    assert job.failed == 0, outcomes(clean, job.id)
    assert {m.job_id for m in mounts(clean)} == {job.id}


def test_what_the_bmc_reads_stands_in_the_list_of_calls_without_the_secret_path(clean: Program) -> None:
    server = clean.servers()[1]
    job = clean.run("virtual_media_mount", {"item": ISO}, [server.id])
    clean.run("virtual_media_unmount", {}, [server.id])
    clean.app.media.tidy()
    calls = clean.app.store.fetch(lambda c: call_rows(c, call_ids(c, CallFilter(job_id=job.id))))
    served = [c for c in calls if c.protocol == "media"]
    assert {c.method for c in served} == {"HEAD", "GET"}
    assert {(c.path, c.server_id) for c in served} == {(f"/job {job.id}/{ISO}", server.id)}


def test_a_console_is_named_and_never_thrown_out(clean: Program) -> None:
    idrac = clean.site.idracs[2]
    server = clean.server(idrac)
    idrac.hold_media("CD", "C:\\isos\\theirs.iso", "anna")
    try:
        job = clean.run("virtual_media_mount", {"item": ISO, "replace": True}, [server.id])
        assert "console holds" in outcomes(clean, job.id)[0]
        job = clean.run("virtual_media_unmount", {}, [server.id])
        assert "console holds" in outcomes(clean, job.id)[0]
        read = clean.run("virtual_media_read", {}, [server.id])
        result = clean.tasks(read.id)[0].result
        assert result is not None
        assert result["mounted"] == {"cd": "theirs.iso (a console holds it)"}
        (row,) = mounts(clean)
        assert (row.via, row.by, row.image) == ("Applet", "", "C:\\isos\\theirs.iso")
        assert images(idrac)
    finally:
        idrac.release_media("CD")
    clean.run("virtual_media_read", {}, [server.id])
    assert mounts(clean) == []


def test_an_address_the_bmc_cannot_open_says_so_and_leaves_nothing(clean: Program) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    ids = [s.id for s in clean.servers()]
    job = clean.run("virtual_media_mount", {"image": f"http://127.0.0.1:{port}/x.iso"}, ids)
    assert job.failed == len(ids)
    assert all("could not open" in outcome for outcome in outcomes(clean, job.id)), outcomes(clean, job.id)
    assert mounts(clean) == []


def test_a_refused_job_withdraws_its_files_and_a_dry_run_serves_none(clean: Program) -> None:
    idrac = clean.site.idracs[3]
    idrac.set_fault("fail_next", uri="InsertMedia", verbs=("POST",))
    job = clean.run("virtual_media_mount", {"item": ISO}, [clean.server(idrac).id])
    assert job.failed == 1
    assert clean.app.media.listening is None
    idrac.clear_faults()
    before = [len(i.journal) for i in clean.site.idracs]
    for kind in ("virtual_media_mount", "boot_to_iso"):
        dry = clean.run(kind, {"item": ISO}, [s.id for s in clean.servers()], dry_run=True)
        assert dry.failed == 0, outcomes(clean, dry.id)
    assert [len(i.journal) for i in clean.site.idracs] == before
    assert clean.app.media.listening is None


def test_the_reach_test_proves_the_way_and_says_when_nothing_came(clean: Program) -> None:
    ids = [s.id for s in clean.servers()]
    job = clean.run("media_test", {}, ids)
    assert job.failed == 0, outcomes(clean, job.id)
    assert all("reaches this machine at http://127.0.0.1:" in said for said in outcomes(clean, job.id))
    assert all(images(i) == [] for i in clean.site.idracs)
    # An address nobody has: packets to it leave and nothing comes back.
    clean.app.commands.save_settings("media", {"address": "127.0.0.1.invalid"})
    job = clean.run("media_test", {}, ids[:1])
    clean.app.commands.save_settings("media", {"address": ""})
    assert "nothing came from" in outcomes(clean, job.id)[0]
    clean.app.media.tidy()
    assert clean.app.media.listening is None


def test_the_login_of_a_share_reaches_the_bmc_and_nothing_else(clean: Program) -> None:
    secret = "geheim-4-share"
    draft = CredentialDraft(None, "ISO share", "share", "SITE\\reader", secret)
    login = clean.app.commands.save_credential(draft)
    server = clean.servers()[3]
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    image = {"image": f"http://127.0.0.1:{port}/x.iso", "share_credential": login}
    job = clean.run("virtual_media_mount", image, [server.id])
    assert job.failed == 1
    with clean.app.store.read() as connection:
        sent = [
            r.request
            for r in connection.execute(select(ApiCall.request).where(ApiCall.job_id == job.id))
            if r.request
        ]
        told = str([list(connection.execute(select(t))) for t in Base.metadata.sorted_tables])
    assert any("Password" in body for body in sent)
    assert secret not in told
    clean.app.commands.remove_credential(login)


def test_parameters_name_one_medium_and_no_login() -> None:
    from dsm_desktop.app.application import catalogue
    from dsm_desktop.core.errors import BadInput

    mount = catalogue()["virtual_media_mount"]
    for wrong in ({}, {"item": "a", "image": "b"}, {"image": "http://user:secret@host/x.iso"}):
        with pytest.raises(BadInput):
            mount.validate(wrong)


def boot_settings(program: Program, **wanted: str) -> list[dict[str, str]]:
    """What the devices with attributes start from, after `wanted` has been set on them."""
    found = []
    for idrac in program.site.idracs[1:]:
        attributes = idrac._device.attributes
        for name, value in wanted.items():
            program.site.call(partial(attributes.put, f"ServerBoot.1.{name}", value))
        found.append({n: str(attributes.get(f"ServerBoot.1.{n}")) for n in ("FirstBootDevice", "BootOnce")})
    return found


def test_boots_every_generation_from_the_iso_and_leaves_nothing_mounted(clean: Program) -> None:
    ids = [s.id for s in clean.servers()]
    before = boot_settings(clean, FirstBootDevice="PXE", BootOnce="Disabled")
    assert len(before) == 5  # an iDRAC8 has no attributes
    params = {"item": ISO, "quiet_minutes": 0, "restart": "power_cycle"}
    job_id = clean.app.commands.submit("boot_to_iso", ids, params)
    job = clean.wait(job_id, 120)
    assert job.failed == 0, outcomes(clean, job.id)
    results = [t.result for t in clean.tasks(job.id)]
    assert all(r and r["read"] for r in results), results
    assert all(i.booted_from.endswith(ISO.replace(" ", "%20")) for i in clean.site.idracs)
    assert all(images(i) == [] for i in clean.site.idracs)
    assert all(changes(i, "InsertMedia") for i in clean.site.idracs)
    assert boot_settings(clean) == before
    boot_settings(clean, FirstBootDevice="Normal", BootOnce="Enabled")
    assert mounts(clean) == []
    clean.app.media.tidy()
    assert clean.app.media.listening is None


def test_a_server_that_starts_from_elsewhere_is_a_failure_and_the_iso_is_ejected(clean: Program) -> None:
    idrac = clean.site.idracs[4]
    server = clean.server(idrac)
    item = next(i for i in clean.app.store.fetch(list_items) if i.name == ISO)
    job_id = clean.app.commands.submit(
        "boot_to_iso", [server.id], {"item": ISO, "quiet_minutes": 0, "restart": "power_cycle"}
    )
    deadline = time.monotonic() + 60
    while not images(idrac) and time.monotonic() < deadline:
        time.sleep(0.01)
    # A file that is changed is not served any more: the host finds nothing to start from, and goes on to its disk.
    os.utime(Path(item.folder, item.path), ns=(1, 1))
    job = clean.wait(job_id, 120)
    os.utime(Path(item.folder, item.path), ns=(int(item.modified_at.timestamp() * 1e9),) * 2)
    clean.run("library_scan", {"again": True})
    assert job.failed == 1
    assert "did not read" in outcomes(clean, job.id)[0]
    deadline = time.monotonic() + 60
    while images(idrac):  # an iDRAC ejects some time after it has said so
        assert time.monotonic() < deadline, images(idrac)
        time.sleep(0.02)


def test_a_boot_refused_for_a_full_drive_leaves_what_is_in_it_and_restarts_nothing(clean: Program) -> None:
    ids = [s.id for s in clean.servers()]
    first = clean.run("virtual_media_mount", {"item": ISO}, ids)
    resets = [changes(i, "ComputerSystem.Reset") for i in clean.site.idracs]
    job = clean.run("boot_to_iso", {"item": ISO, "restart": "power_cycle"}, ids)
    assert job.failed == len(ids)
    assert all("holds" in said for said in outcomes(clean, job.id))
    assert all(images(i) for i in clean.site.idracs)
    assert {m.job_id for m in mounts(clean)} == {first.id}
    assert [changes(i, "ComputerSystem.Reset") for i in clean.site.idracs] == resets


def test_a_cancelled_boot_ejects_what_it_mounted(clean: Program) -> None:
    idrac = clean.site.idracs[1]
    server = clean.server(idrac)
    read = idrac.boot_bytes
    job_id = clean.app.commands.submit(
        "boot_to_iso", [server.id], {"item": ISO, "quiet_minutes": 60, "restart": "power_cycle"}
    )
    deadline = time.monotonic() + 60
    while idrac.boot_bytes == read and time.monotonic() < deadline:
        time.sleep(0.02)
    assert images(idrac)
    clean.app.commands.cancel(job_id, CancelGrade.NOW)
    job = clean.wait(job_id)
    assert job.state == "cancelled"
    deadline = time.monotonic() + 60
    while images(idrac) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert images(idrac) == []
    assert mounts(clean) == []


def test_what_was_mounted_is_put_back_by_another_runner_although_the_file_is_gone(
    clean: Program, tmp_path: Path
) -> None:
    idrac = clean.site.idracs[5]
    server = clean.server(idrac)
    iso = iso_image(tmp_path / "gone.iso", 100)
    clean.app.commands.add_library_folder(str(tmp_path))
    clean.run("library_scan")
    params = {"item": "gone.iso", "quiet_minutes": 60, "restart": "power_cycle"}
    job_id = clean.app.commands.submit("boot_to_iso", [server.id], params)
    deadline = time.monotonic() + 60
    (task,) = clean.tasks(job_id)

    def steps() -> list[str]:
        return [s.name for s in clean.app.store.fetch(lambda c: task_steps(c, task.id))]

    while "note when it is restarted" not in steps() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert images(idrac)
    clean.runner.stop()
    iso.unlink()
    clean.runner = clean.app.make_runner("test")
    clean.runner.start()
    clean.app.commands.cancel(job_id, CancelGrade.NOW)
    clean.wait(job_id)
    deadline = time.monotonic() + 60
    while images(idrac) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert images(idrac) == []
    assert mounts(clean) == []

    def standing() -> list[RestoreRow]:
        return clean.app.store.fetch(lambda c: restore_list(c, standing_only=True))

    while standing() and time.monotonic() < deadline:  # the promises are put back one after the other
        time.sleep(0.02)
    assert standing() == []
