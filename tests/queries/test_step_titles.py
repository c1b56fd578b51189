"""Steps in the words of people: no kinds, no managed object ids, no numbers of devices."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import delete, insert, select, update

from dsm_desktop.queries.jobs import task_steps
from dsm_desktop.queries.step_titles import titled_steps
from dsm_desktop.store.models import Job, JobTask, TaskStep, Vcenter, VsphereObject
from tests.ui.kit import make_app
from tests.ui.seed import seed_site
from tests.ui.seed_vsphere import seed_vsphere

RECORDED = {
    ("spawn host_update", "#1"): ("start the job “host update”", ""),
    ("spawn host_update", "#2"): ("start the job “host update”", "time 2"),
    ("gate closed since", "1 host-1"): ("gate closed since", "esx02.site"),
    ("look at the gates", "2 host-1 late"): ("look at the gates", "esx02.site late, time 2"),
    ("disconnect medium", "vm-5 3000"): ("disconnect medium", "web05"),
    ("medium", "vm-5:3000"): ("medium", "web05"),
    ("move", "vm-999"): ("move", "vm-999"),
    ("install", "wave 1"): ("install", "wave 1"),
}


def test_steps_are_told_in_words_and_stay_recorded_as_they_were(tmp_path: Path) -> None:
    app = make_app(tmp_path)
    try:
        seed_site(app.store)
        seed_vsphere(app.store)
        with app.store.write() as uow:
            task = uow.session.scalars(select(JobTask.id).join(Job).order_by(Job.id)).first()
            assert task is not None
            uow.session.execute(delete(TaskStep).where(TaskStep.task_id == task))
            uow.session.execute(
                insert(TaskStep),
                [
                    {"task_id": task, "kind": "step", "name": name, "key": key, "state": "done", "token": 1, "begun_at": uow.now}
                    for name, key in RECORDED
                ],
            )  # fmt: skip
        told = app.store.fetch(lambda c: [(r.name, r.key) for r in titled_steps(c, task)])
        assert told == list(RECORDED.values())
        assert app.store.fetch(lambda c: [(r.name, r.key) for r in task_steps(c, task)]) == list(RECORDED)
    finally:
        app.close()


def test_an_id_that_two_vcenters_give_to_different_hosts_is_not_guessed(tmp_path: Path) -> None:
    app = make_app(tmp_path)
    try:
        seed_site(app.store)
        seed_vsphere(app.store)
        with app.store.write() as uow:
            uow.session.execute(
                insert(Vcenter),
                {"id": 2, "address": "other.site", "name": "other.site", "fingerprint": "cd" * 32, "added_at": uow.now},
            )  # fmt: skip
            uow.session.execute(
                insert(VsphereObject),
                {"vcenter_id": 2, "moid": "vm-5", "kind": "vm", "name": "other", "seen_at": uow.now},
            )
            step = uow.session.scalars(select(TaskStep).order_by(TaskStep.id)).first()
            assert step is not None
            uow.session.execute(update(TaskStep).where(TaskStep.id == step.id).values(key="vm-5"))
            task, number = step.task_id, step.id
        keys = app.store.fetch(lambda c: {r.id: r.key for r in titled_steps(c, task)})
        assert keys[number] == "vm-5"
    finally:
        app.close()
