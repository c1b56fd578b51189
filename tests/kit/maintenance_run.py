"""A rolling update at its first host, as the store holds it: one host at work, one waiting, one left out."""

from __future__ import annotations

from sqlalchemy import insert, select

from dsm_desktop.store.models import Job, JobTask, TaskStep
from dsm_desktop.store.unit_of_work import Store
from dsm_desktop.workflows.obstacles import Obstacle
from dsm_desktop.workflows.roll_plan import PlannedHost, RollPlan

RUN, ASKED, CHILD = 9001, 9002, 9003

PLAN = RollPlan(
    subject="Production",
    vcenter_id=1,
    cluster="domain-c8",
    hosts=[
        PlannedHost(host_id=1, moid="host-0", name="esx01", place=2, restarts=1, minutes=40, changes=["BIOS 1.2"]),
        PlannedHost(host_id=2, moid="host-1", name="esx02", place=1, restarts=1, minutes=35, changes=["BIOS 1.2"]),
        PlannedHost(host_id=3, moid="host-2", name="esx03", why="in maintenance already"),
    ],
    obstacles=[
        Obstacle(
            host="host-1", host_name="esx02", vm="vm-9", name="web09", cause="passthrough",
            reason="It has a PCI device of the host.", way_out="Shut it down.", ways=["shut_down"],
        ),
        Obstacle(
            host="host-0", host_name="esx01", vm="vm-5", name="web05", cause="iso", reason="An ISO on a local store.",
            way_out="Disconnect it.", ways=["disconnect_media", "shut_down"], answer="disconnect", by="the run",
        ),
    ],
    largest_out=["esx01", "esx02"],
    settings=["DPM off: it would put emptied hosts to sleep"],
)  # fmt: skip


def fill_run(store: Store, run: int = RUN) -> None:
    """A run at its first host; the jobs below it have the next two numbers."""
    asked, child = run + 1, run + 2
    with store.write() as uow:
        common = {"state": "running", "params": {}, "submitted_by": "anna", "submitted_at": uow.now}
        uow.session.execute(
            insert(Job),
            [
                {"id": run, "kind": "rolling_update", "title": "Rolling update of Production", "total": 1, **common},
                {"id": asked, "kind": "host_plan", "title": "Plan for 3 hosts", "parent_id": run, "total": 3, **common},
                {"id": child, "kind": "host_update", "title": "Update of esx02", "parent_id": run, "total": 1, **common},
            ],
        )  # fmt: skip
        uow.session.execute(
            insert(JobTask),
            [
                {"job_id": run, "target": "", "state": "running", "due_at": uow.now, "host_id": None},
                {"job_id": child, "target": "esx02", "state": "running", "due_at": uow.now, "host_id": 2,
                 "message": "3 VMs left"},
                {"job_id": asked, "target": "esx01", "state": "completed", "due_at": uow.now, "host_id": 1, "message": ""},
            ],
        )  # fmt: skip
        task = uow.session.execute(select(JobTask.id).where(JobTask.job_id == run)).scalar_one()
        plan = {"value": PLAN.model_dump(mode="json")}
        step = {
            "task_id": task,
            "kind": "step",
            "name": "plan",
            "key": "",
            "state": "done",
            "attempt": 1,
            "token": 1,
            "result": plan,
        }
        uow.session.execute(insert(TaskStep), {**step, "begun_at": uow.now, "ended_at": uow.now})
