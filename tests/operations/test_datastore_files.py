"""Files on datastores: looked at, and an ISO of the library put there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from dsm_desktop.app.context import CredentialDraft
from dsm_desktop.net.streams import PlainUpload
from dsm_desktop.queries.jobs import JobRow
from dsm_desktop.store.models import EsxiHost
from tests.operations.vcenters import Desk, working_desk

pytestmark = pytest.mark.shared_program
SIZE = 3 * 2**20 + 17


def image(file: Path, size: int = SIZE) -> None:
    """An ISO as far as the library looks: the descriptor of ISO 9660."""
    content = bytearray(b"\0" * size)
    content[16 * 2048 : 16 * 2048 + 6] = b"\x01CD001"
    file.write_bytes(bytes(content))


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    folder = tmp_path_factory.mktemp("images")
    image(folder / "esxi.iso")
    image(folder / "tools.iso", 2**20)
    with working_desk(tmp_path_factory.mktemp("datastores")) as desk:
        assert desk.run("vcenter_sync").state == "completed"
        desk.program.app.commands.add_library_folder(str(folder))
        assert desk.program.run("library_scan").state == "completed"
        yield desk


@pytest.fixture
def store(desk: Desk) -> str:
    """The moid of the shared datastore."""
    desk.vcenter.faults.clear()
    copy = desk.copy()
    assert copy is not None
    return next(store.moid for store in copy.datastores if store.shared)


def listed(desk: Desk, store: str, path: str = "") -> dict[str, int]:
    job = desk.run("browse_datastore", {"datastore": store, "path": path})
    assert job.state == "completed", desk.outcome(job)
    return {entry["path"]: entry["size"] for entry in desk.result(job)["files"]}


def test_an_iso_is_sent_and_its_size_compared(desk: Desk, store: str) -> None:
    job = desk.run("iso_upload", {"datastore": store, "item": "esxi.iso", "folder": "iso/esxi"})
    assert job.state == "completed", desk.outcome(job)
    result = desk.result(job)
    assert (result["path"], result["size"], result["proof"]) == ("iso/esxi/esxi.iso", SIZE, "size")
    assert listed(desk, store, "iso/esxi") == {"iso/esxi/esxi.iso": SIZE}
    assert "iso" in listed(desk, store)
    assert desk.vcenter.counters["uploads"] == 1
    again = desk.run("iso_upload", {"datastore": store, "item": "esxi.iso", "folder": "iso/esxi"})
    assert "was there already" in desk.result(again)["summary"]
    assert desk.vcenter.counters["uploads"] == 1


def test_another_file_of_that_name_stops_the_upload(desk: Desk, store: str, tmp_path: Path) -> None:
    client = desk.clients().vcenter(desk.id)
    other = tmp_path / "tools.iso"
    other.write_bytes(b"something else")
    client.make_directory(store, "other")
    client.upload(store, "other/tools.iso", PlainUpload(other))
    job = desk.run("iso_upload", {"datastore": store, "item": "tools.iso", "folder": "other"})
    assert job.state == "failed"
    assert "file of that name with 14 bytes" in desk.outcome(job)
    job = desk.run(
        "iso_upload", {"datastore": store, "item": "tools.iso", "folder": "other", "replace": True}
    )
    assert job.state == "completed", desk.outcome(job)
    assert listed(desk, store, "other") == {"other/tools.iso": 2**20}


def test_a_connection_cut_under_way_sends_the_file_again(desk: Desk, store: str) -> None:
    desk.vcenter.faults.set("drop_before", method="PUT", times=1)
    job = desk.run("iso_upload", {"datastore": store, "item": "tools.iso", "folder": "cut"})
    assert job.state == "completed", desk.outcome(job)
    assert listed(desk, store, "cut") == {"cut/tools.iso": 2**20}


def test_a_folder_that_is_not_there_is_said_to_be_missing(desk: Desk, store: str) -> None:
    job = desk.run("browse_datastore", {"datastore": store, "path": "nowhere"})
    assert job.state == "failed"
    assert "no such folder" in desk.outcome(job)
    job = desk.run("browse_datastore", {"datastore": store, "path": "../etc"})
    assert "no path on a datastore" in desk.outcome(job)


def test_a_name_in_place_of_an_id_is_told_where_the_ids_are(desk: Desk) -> None:
    job = desk.run("browse_datastore", {"datastore": "prod-vsan"})
    (task,) = desk.program.tasks(job.id)
    assert task.error is not None
    assert "no datastore with the id prod-vsan" in task.error["message"]
    assert "vcenters datastores" in task.error["hint"]


def test_a_dry_run_sends_nothing(desk: Desk, store: str) -> None:
    before = desk.vcenter.counters["uploads"]
    job = desk.run("iso_upload", {"datastore": store, "item": "tools.iso", "folder": "dry"}, dry_run=True)
    assert job.state == "completed", desk.outcome(job)
    assert desk.vcenter.counters["uploads"] == before


def test_the_account_is_told_what_it_may_not_do(desk: Desk) -> None:
    everything = desk.result(desk.run("vcenter_connectivity_test"))
    assert everything["lacking"] == []
    assert "every privilege" in everything["summary"]
    spec, app = desk.vcenter.spec, desk.program.app
    mine = next(view for view in app.reads.credentials() if view.kind == "vcenter")

    def login(username: str, password: str) -> None:
        draft = CredentialDraft(mine.id, mine.name, mine.kind, username, password, is_default=True)
        app.commands.save_credential(draft)

    login(spec.reader, spec.reader_password)
    try:
        # The session of a moment ago is open still; what is submitted after the edit goes with the edited login.
        poor = desk.result(desk.run("vcenter_connectivity_test"))
        lacking = {item["capability"]: item["privileges"] for item in poor["lacking"]}
        assert "read" not in lacking
        assert lacking["maintenance mode"] == ["Host.Config.Maintenance"]
        assert lacking["reboot hosts"] == ["Host.Config.Maintenance"]
        where = {item["capability"]: item["where"] for item in poor["lacking"]}
        assert where["maintenance mode"] == ["all 4 hosts"]
        assert where["cancel tasks"] == ["the root folder"]
        assert where["cluster settings"] == ["Prod"]
        assert "cannot: " in poor["summary"]
    finally:
        login(spec.username, spec.password)
    assert desk.result(desk.run("vcenter_connectivity_test"))["lacking"] == []


def test_a_host_says_whether_the_content_is_the_same(desk: Desk, store: str) -> None:
    copy = desk.copy()
    assert copy is not None
    name = next(item.name for item in copy.datastores if item.moid == store)
    job = desk.run("iso_upload", {"datastore": store, "item": "esxi.iso", "folder": "hashed"})
    assert job.state == "completed", desk.outcome(job)
    host = desk.vcenter.hosts[0]
    app = desk.program.app
    app.commands.save_credential(
        CredentialDraft(None, "ESXi", "esxi", "root", desk.vcenter.spec.host_password, is_default=True)
    )
    host_id = app.store.fetch(
        lambda c: c.execute(select(EsxiHost.id).where(EsxiHost.moid == host.moid)).scalar_one()
    )
    app.commands.save_settings("network", {"ssh_port": desk.vcenter.ssh.port})

    def hashed(item: str) -> JobRow:
        values = {"datastore": name, "path": "hashed/esxi.iso", "item": item}
        return desk.program.run("datastore_hash", values, [host_id])

    shut = hashed("esxi.iso")
    assert shut.state == "failed"
    (task,) = desk.program.tasks(shut.id)
    assert f"{host.name} does not answer by SSH" in task.outcome
    assert "Start SSH on the host in vCenter" in (task.error or {})["hint"]
    desk.clients().vcenter(desk.id).start_service(host.moid, "TSM-SSH")
    same = hashed("esxi.iso")
    assert same.state == "completed", desk.outcome(same)
    assert desk.result(same)["same"]
    other = hashed("tools.iso")
    assert other.state == "failed"
    assert "SHA-256" in desk.outcome(other)


def test_a_host_s_login_edited_a_moment_ago_is_the_one_that_is_used(desk: Desk, store: str) -> None:
    """Follows the test above. On another host: one that has refused a login is left alone for a minute."""
    host, app = desk.vcenter.hosts[2], desk.program.app
    desk.clients().vcenter(desk.id).start_service(host.moid, "TSM-SSH")
    host_id = app.store.fetch(
        lambda c: c.execute(select(EsxiHost.id).where(EsxiHost.moid == host.moid)).scalar_one()
    )
    copy = desk.copy()
    assert copy is not None
    name = next(item.name for item in copy.datastores if item.moid == store)
    values = {"datastore": name, "path": "hashed/esxi.iso", "item": "esxi.iso"}
    mine = next(view for view in app.reads.credentials() if view.kind == "esxi")

    def save(password: str) -> None:
        draft = CredentialDraft(mine.id, mine.name, mine.kind, "root", password, is_default=True)
        app.commands.save_credential(draft)

    good = desk.program.run("datastore_hash", values, [host_id])
    assert good.state == "completed", desk.outcome(good)
    save("not the one of before")
    try:
        job = desk.program.run("datastore_hash", values, [host_id])
        assert job.state == "failed", desk.outcome(job)
        assert "refuses the login" in desk.outcome(job)
    finally:
        save(desk.vcenter.spec.host_password)


def test_an_upload_is_hashed_by_the_host_that_was_named(desk: Desk, store: str, tmp_path: Path) -> None:
    """Follows the test above: the host's login is known and its SSH runs."""
    host = desk.vcenter.hosts[0]
    client = desk.clients().vcenter(desk.id)
    client.start_service(host.moid, "TSM-SSH")
    host_id = desk.program.app.store.fetch(
        lambda c: c.execute(select(EsxiHost.id).where(EsxiHost.moid == host.moid)).scalar_one()
    )
    given = {"datastore": store, "item": "esxi.iso", "folder": "proven", "hash_on": host_id}
    job = desk.run("iso_upload", given)
    assert job.state == "completed", desk.outcome(job)
    assert desk.result(job)["proof"] == "sha256"
    assert "its size and SHA-256 are as here" in desk.result(job)["summary"]

    other = tmp_path / "esxi.iso"
    image(other)
    other.write_bytes(other.read_bytes()[:-1] + b"!")
    client.upload(store, "proven/esxi.iso", PlainUpload(other))
    job = desk.run("iso_upload", given)
    assert job.state == "failed"
    assert "A file of that name with other content lies there" in desk.outcome(job)
    job = desk.run("iso_upload", given | {"replace": True})
    assert job.state == "completed", desk.outcome(job)
    assert desk.result(job)["proof"] == "sha256"

    # SSH does not run on the other host, and is not started for this.
    elsewhere = desk.program.app.store.fetch(
        lambda c: c.execute(
            select(EsxiHost.id).where(EsxiHost.moid == desk.vcenter.hosts[1].moid)
        ).scalar_one()
    )
    job = desk.run("iso_upload", given | {"hash_on": elsewhere})
    assert job.state == "completed", desk.outcome(job)
    assert desk.result(job)["proof"] == "size"
    assert "its content was not compared: " in desk.result(job)["summary"]
