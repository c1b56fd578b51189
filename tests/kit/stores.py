"""A store with something of everything in it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import insert

from dsm_desktop.core.calls import CallEnd, CallStart
from dsm_desktop.core.inventory import (
    Firmware,
    FirmwareState,
    Identity,
    Inventory,
    LogEvent,
    LogKind,
    Part,
    PartKind,
    SystemFacts,
)
from dsm_desktop.core.states import Generation, Health, PowerState
from dsm_desktop.store import audit
from dsm_desktop.store.api_calls import CallWriter
from dsm_desktop.store.inventory import save_inventory, save_log_events, upsert_server
from dsm_desktop.store.models import CredentialSet, Decision, Job, JobTask, TaskLog, TaskStep
from dsm_desktop.store.unit_of_work import Store, UnitOfWork


def identity(tag: str = "", **more: str) -> Identity:
    return Identity(is_dell=bool(tag), redfish_version="1.17.0", service_tag=tag, **more)


def inventory(tag: str = "ABC1234", *, drive: str = "S1", bios: str = "2.10.0") -> Inventory:
    """A small believable inventory."""
    facts = SystemFacts(
        manufacturer="Dell Inc.",
        model="PowerEdge R750",
        service_tag=tag,
        host_name="esx-01",
        generation=Generation.IDRAC9,
        idrac_version="7.10.30.00",
        bios_version=bios,
        memory_gib=512.0,
        power_state=PowerState.ON,
        health=Health.OK,
        subsystem_health={"fans": Health.OK},
        power_watts=312.0,
        inlet_celsius=21.5,
    )
    parts = (
        Part(PartKind.DRIVE, "Disk.Bay.0", "Physical Disk 0:1:0", slot="Bay 0", serial_number=drive, capacity_bytes=960 * 10**9,
             health=Health.OK, detail={"media": "SSD", "power_on_hours": 1_200}),
        Part(PartKind.FAN, "Fan.1", "Fan 1", reading=5_400.0, unit="rpm"),
        Part(PartKind.MEMORY, "DIMM.A1", "DIMM A1", slot="A1", capacity_bytes=64 * 2**30, detail={"speed_mhz": 3_200}),
    )  # fmt: skip
    firmware = (
        Firmware(
            "Installed-159", "BIOS.Setup.1-1", "BIOS", bios, FirmwareState.INSTALLED, "159", updateable=True
        ),
    )
    return Inventory(facts, parts, firmware, {"BIOS.ProcVirtualization": "Enabled", "iDRAC.NTP": 1}, (), 11)


def events(count: int, first: int = 1) -> list[LogEvent]:
    start = datetime(2026, 3, 1, tzinfo=UTC)
    return [
        LogEvent(LogKind.LIFECYCLE, str(n), start + timedelta(minutes=n), Health.OK, f"PSU00{n % 10:02d}", f"Power supply {n} is OK – größer")
        for n in range(first, first + count)
    ]  # fmt: skip


def finished_job(uow: UnitOfWork, server_id: int, *, days_ago: int = 0) -> int:
    """A finished job of one task with a step, a log line and a decision."""
    then = uow.now - timedelta(days=days_ago)
    job = Job(
        kind="power_action",
        title="Restart",
        state="completed",
        submitted_by="anna",
        submitted_at=then,
        finished_at=then,
    )
    uow.session.add(job)
    uow.session.flush()
    task = JobTask(
        job_id=job.id, server_id=server_id, state="completed", due_at=then, result={"ok": [1, None, "ü"]}
    )
    uow.session.add(task)
    uow.session.flush()
    uow.session.add_all(
        [
            TaskStep(task_id=task.id, name="reset", token=1, begun_at=then, result={"a": 1.5}),
            TaskLog(task_id=task.id, at=then, message="Restarted."),
            Decision(task_id=task.id, key="go", question="Go?", options=[{"value": "y"}], default="y", asked_at=then, deadline=then),
        ]
    )  # fmt: skip
    return job.id


def fill(store: Store, servers: int = 3) -> None:
    """Servers with inventory, logs, jobs, calls, audit, a sealed secret."""
    with store.write() as uow:
        uow.session.execute(
            insert(CredentialSet),
            [{"name": "root", "username": "root", "secret": bytes(range(256)), "changed_at": uow.now}],
        )
        for n in range(servers):
            server_id, _ = upsert_server(uow, f"10.0.0.{n + 1}", 443, identity(f"TAG000{n}"), "ab" * 32)
            save_inventory(uow, server_id, inventory(f"TAG000{n}"), response_ms=12.5)
            save_log_events(uow, server_id, LogKind.LIFECYCLE, events(20))
            finished_job(uow, server_id)
            audit.append(uow, "anna", "servers.add", f"10.0.0.{n + 1}", why="ünïcode", count=n)
    log = CallWriter(store)
    for n in range(10):
        recorder = log.bound(server_id=1, job_id=1)
        token = recorder.begin(
            CallStart("redfish", "10.0.0.1", "PATCH", f"/redfish/v1/x{n}", n % 2 == 0, {"a": n})
        )
        recorder.end(token, CallEnd(200, 1.25, 100))
    log.close()
