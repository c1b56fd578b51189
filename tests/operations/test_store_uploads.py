"""Files sent to datastores that have no room, fill on the way, lose the connection, or have no real root."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from dsm_desktop.core.states import CancelGrade, JobState
from dsm_desktop.queries.jobs import RestoreRow, restore_list
from dsm_desktop.simulator.vsphere.nodes.stores import Datastore
from tests.kit.agents import end, start_agent
from tests.operations.killing import until
from tests.operations.test_datastore_files import image
from tests.operations.vcenters import Desk, working_desk

pytestmark = pytest.mark.shared_program
MB = 1 << 20
SIZE = 8 * MB
NAME = "big ‘one’ & é #1.iso"


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    folder = tmp_path_factory.mktemp("images")
    image(folder / NAME, SIZE)
    with working_desk(tmp_path_factory.mktemp("uploads")) as desk:
        assert desk.run("vcenter_sync").state == "completed"
        desk.program.app.commands.add_library_folder(str(folder))
        assert desk.program.run("library_scan").state == "completed"
        yield desk


@pytest.fixture(params=["prod-vsan", "prod-iso"])
def store(desk: Desk, request: pytest.FixtureRequest) -> Iterator[Datastore]:
    """Empty, on vSAN and on NFS."""
    found = desk.vcenter.store(request.param)
    yield found
    desk.vcenter.faults.clear()
    found.disk.used = found.disk.capacity * 2 // 5
    found.disk.empty()


def send(desk: Desk, store: Datastore, **more: object) -> tuple[str, str]:
    """(state, outcome)."""
    job = desk.run("iso_upload", {"datastore": store.moid, "item": NAME, **more})
    return job.state, desk.outcome(job)


def lying(store: Datastore) -> dict[str, int]:
    return {f.path: f.size for f in store.disk.files()}


def standing(desk: Desk) -> list[RestoreRow]:
    return desk.program.app.store.fetch(lambda c: restore_list(c, standing_only=True))


def test_folders_are_made_as_the_store_wants_it(desk: Desk, store: Datastore) -> None:
    before = len(desk.vcenter.journal("CreateDirectory"))
    for _ in range(2):
        assert send(desk, store, folder="iso/deep er")[0] == "completed"
    assert lying(store) == {f"iso/deep er/{NAME}": SIZE}
    assert len(desk.vcenter.journal("CreateDirectory")) - before == int(store.namespaces)
    assert send(desk, store, folder="iso")[0] == "completed", "a top folder that is there is used"
    assert len(desk.vcenter.journal("CreateDirectory")) - before == int(store.namespaces)
    listed = desk.result(desk.run("browse_datastore", {"datastore": store.moid, "path": ""}))["files"]
    assert [f["path"] for f in listed] == ["iso"], "by the name it was given"


def test_the_root_of_a_vsan_store_is_refused_before_anything_is_sent(desk: Desk, store: Datastore) -> None:
    before = len(desk.vcenter.journal("PUT"))
    state, outcome = send(desk, store, folder="")
    if store.namespaces:
        assert state == "failed"
        assert "takes no file outside a folder" in outcome
        assert len(desk.vcenter.journal("PUT")) == before
    else:
        assert lying(store) == {NAME: SIZE}


def test_a_store_without_room_is_told_before_anything_is_sent(desk: Desk, store: Datastore) -> None:
    before = len(desk.vcenter.journal("PUT"))
    store.disk.used = store.disk.capacity - SIZE - MB
    state, outcome = send(desk, store)
    assert state == "failed"
    assert f"The datastore {store.name} has no room for {NAME}" in outcome
    assert len(desk.vcenter.journal("PUT")) == before
    assert standing(desk) == []


def test_a_store_that_fills_on_the_way_keeps_no_half_file(desk: Desk, store: Datastore) -> None:
    store.disk.make_folder("iso")
    store.disk.put(f"iso/{NAME}", b"the older one, whole", 0.0)
    desk.vcenter.faults.set("store_fills", after=3 * MB)
    state, outcome = send(desk, store, replace=True)
    assert state == "failed"
    assert "was full before all of" in outcome, "the free space that vCenter shows says otherwise"
    assert "no room" not in outcome
    assert lying(store) == {f"iso/{NAME}": 20}, "the older file is as it was"
    assert standing(desk) == []
    desk.vcenter.faults.clear()
    assert send(desk, store, replace=True)[0] == "completed"
    assert lying(store) == {f"iso/{NAME}": SIZE}


def test_a_connection_cut_in_the_middle_leaves_nothing_half(desk: Desk, store: Datastore) -> None:
    desk.vcenter.faults.set("upload_cut", after=3 * MB, times=1)
    assert send(desk, store)[0] == "completed"
    assert lying(store) == {f"iso/{NAME}": SIZE}
    assert len(desk.vcenter.journal("PUT", store.name)) >= 2


@pytest.mark.parametrize("store", ["prod-iso"], indirect=True)
def test_an_answer_that_is_lost_is_no_second_upload(desk: Desk, store: Datastore) -> None:
    before = len(desk.vcenter.journal("PUT"))
    desk.vcenter.faults.set("drop_after", method="MoveDatastoreFile_Task", times=1)
    assert send(desk, store)[0] == "completed"
    assert lying(store) == {f"iso/{NAME}": SIZE}
    assert len(desk.vcenter.journal("PUT")) == before + 1


def test_cancelled_in_the_middle_it_takes_the_half_away(desk: Desk, store: Datastore) -> None:
    desk.vcenter.faults.set("upload_slow", pause=0.2)
    app = desk.program.app
    given = {"vcenter_id": desk.id, "datastore": store.moid, "item": NAME}
    job_id = app.commands.submit("iso_upload", [], given)
    until(lambda: bool(lying(store)), "the upload")
    app.commands.cancel(job_id, CancelGrade.NOW)
    assert desk.program.wait(job_id).state == JobState.CANCELLED
    assert lying(store) == {}
    assert standing(desk) == []


def test_killed_in_the_middle_the_next_runner_takes_no_half_for_a_whole(desk: Desk, store: Datastore) -> None:
    app = desk.program.app
    desk.program.runner.stop()
    desk.vcenter.faults.set("upload_slow", pause=0.2, times=1)
    store.disk.make_folder("iso")
    store.disk.put(f"iso/{NAME}", b"the older one, whole", 0.0)
    given = {"vcenter_id": desk.id, "datastore": store.moid, "item": NAME, "replace": True}
    job_id = app.commands.submit("iso_upload", [], given)
    agent = start_agent(app.profile)
    try:
        until(lambda: len(lying(store)) == 2, "the upload")
    finally:
        end(agent, kill=True)
    assert lying(store)[f"iso/{NAME}"] == 20
    desk.program.runner = app.make_runner("next")
    desk.program.runner.start()
    assert desk.program.wait(job_id, 120).state == "completed", desk.program.tasks(job_id)
    assert lying(store) == {f"iso/{NAME}": SIZE}
    assert standing(desk) == []
