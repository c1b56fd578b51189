"""A believable site in a store: servers of several generations in all states, inventories, logs, jobs, calls, questions."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert

from dsm_desktop.store.models import (
    ApiCall,
    Decision,
    DeviceJob,
    DeviceQueue,
    InventoryFirmware,
    InventoryPart,
    InventorySnapshot,
    Job,
    JobTask,
    Lease,
    RestoreItem,
    Runner,
    Server,
    ServerCertificate,
    ServerEventLog,
    ServerGroup,
    ServerGroupMember,
    TaskLog,
    TaskStep,
)
from dsm_desktop.store.unit_of_work import Store, UnitOfWork

MODELS = (
    ("PowerEdge R750", "iDRAC9", "7.10.50.00", "1.14.1", "14G Monolithic", "2x Intel Xeon Gold 6338"),
    ("PowerEdge R740xd", "iDRAC9", "6.10.80.00", "2.19.1", "14G Monolithic", "2x Intel Xeon Gold 6230"),
    ("PowerEdge R650", "iDRAC9", "7.00.60.00", "1.13.2", "15G Monolithic", "2x Intel Xeon Silver 4316"),
    ("PowerEdge R7625", "iDRAC9", "7.10.70.10", "1.8.3", "16G Monolithic", "2x AMD EPYC 9354"),
    ("PowerEdge R670", "iDRAC10", "1.30.10.50", "1.3.2", "17G Monolithic", "1x Intel Xeon 6740E"),
    ("PowerEdge R730", "iDRAC8", "2.86.86.86", "2.19.0", "13G Monolithic", "2x Intel Xeon E5-2680 v4"),
)
LETTERS = "BCDFGHJKLMNPQRSTVWXYZ0123456789"


def server_values(count: int, now: datetime, seed: int = 7) -> list[dict[str, Any]]:
    """`count` servers as rows; the same for the same seed."""
    rng = random.Random(seed)
    rows = []
    for n in range(count):
        model, generation, idrac, bios, idrac_model, cpu = MODELS[rng.randrange(len(MODELS))]
        tag = "".join(rng.choice(LETTERS) for _ in range(7))
        roll = rng.random()
        access = (
            "managed"
            if roll < 0.93
            else ("unreachable" if roll < 0.96 else "no_login" if roll < 0.99 else "untrusted")
        )
        health = rng.choices(["ok", "warning", "critical", "unknown"], [88, 7, 3, 2])[0]
        problems = {
            "unreachable": "No connection within 10 s. Check the cable, the address and the firewall.",
            "no_login": "The iDRAC refused the login of credential set 'Site iDRAC'. Check user and password.",
            "untrusted": "The certificate is not the one trusted before. Compare the fingerprints.",
        }
        subsystems = dict.fromkeys(
            ("processor", "memory", "storage", "fans", "power supplies", "temperatures", "battery"), "ok"
        )
        if health in ("warning", "critical"):
            subsystems[rng.choice(list(subsystems))] = health
        rows.append(
            {
                "address": f"10.{20 + n // 62_500}.{n // 250 % 250}.{n % 250 + 1}",
                "port": 443,
                "service_tag": f"{tag}{n:04d}"[-7:] if n < 10_000 else tag,
                "host_name": f"esx-{n + 1:04d}.site.example",
                "name": "" if n % 4 else f"rack{n // 40 + 1:02d}-u{n % 40 + 1:02d}",
                "manufacturer": "Dell Inc.",
                "model": model,
                "generation": generation,
                "idrac_model": idrac_model,
                "idrac_version": idrac,
                "bios_version": bios,
                "licence": "iDRAC9 Enterprise" if generation == "iDRAC9" else "Enterprise",
                "processor_summary": cpu,
                "memory_gib": float(rng.choice([128, 256, 384, 512, 1024])),
                "power_state": rng.choices(["on", "off"], [92, 8])[0],
                "health": "unknown" if access != "managed" else health,
                "subsystem_health": subsystems if access == "managed" else {},
                "power_watts": float(rng.randrange(140, 620)),
                "inlet_celsius": float(rng.randrange(18, 29)),
                "led_blinking": n == 3,
                "lockdown": False,
                "clock_skew_seconds": rng.choice([0.0, 1.0, -2.0, 340.0]),
                "response_ms": float(rng.randrange(40, 900)),
                "access": access,
                "problem": problems.get(access, ""),
                "problem_code": "",
                "bmc_mac": f"d0:94:66:{n >> 16 & 255:02x}:{n >> 8 & 255:02x}:{n & 255:02x}",
                "fingerprint": f"{rng.getrandbits(256):064x}",
                "trust_mode": "pin",
                "added_at": now - timedelta(days=90),
                "seen_at": now - timedelta(minutes=rng.randrange(1, 50)),
                "facts_at": now - timedelta(minutes=rng.randrange(1, 50)),
                "inventory_at": now - timedelta(hours=rng.randrange(1, 60)),
            }
        )
    return rows


def seed_servers(store: Store, count: int) -> None:
    """Servers only, many."""
    with store.write() as uow:
        rows = server_values(count, uow.now)
        for start in range(0, count, 2_000):
            uow.session.execute(insert(Server), rows[start : start + 2_000])


def seed_site(store: Store, servers: int = 60) -> None:
    """Something of everything."""
    seed_servers(store, servers)
    with store.write() as uow:
        now = uow.now
        for server_id in range(1, min(servers, 12) + 1):
            _inventory(uow, server_id, now)
        _groups(uow)
        _jobs(uow, now)
        _calls(uow, now)
        _device_work(uow, now)
        uow.session.add(
            Runner(
                id=1, name="desk-07 window", kind="desktop", host="desk-07", pid=4711, version="0.1.0", slots=64,
                started_at=now - timedelta(hours=2), expires_at=now + timedelta(seconds=25),
            )
        )  # fmt: skip
        uow.session.add(
            Lease(key="server:4", purpose="power_action by anna", runner_id=1, task_id=None, token=3,
                  taken_at=now - timedelta(seconds=40), expires_at=now + timedelta(seconds=20))
        )  # fmt: skip


def _inventory(uow: UnitOfWork, server_id: int, now: datetime) -> None:
    for age, bios in ((40, "1.12.1"), (0, "1.14.1")):
        snapshot = InventorySnapshot(
            server_id=server_id,
            taken_at=now - timedelta(days=age),
            confirmed_at=now,
            digest=f"{server_id}-{age}",
            requests=11,
        )
        uow.session.add(snapshot)
        uow.session.flush()
        uow.session.add_all(_parts(snapshot.id, server_id))
        for name, version, fqdd in (
            ("BIOS", bios, "BIOS.Setup.1-1"),
            ("Integrated Dell Remote Access Controller", "7.10.50.00", "iDRAC.Embedded.1-1"),
            ("PERC H755 Front", "52.26.0-5179", "RAID.SL.3-1"),
            ("Broadcom Gigabit Ethernet BCM5720", "22.91.5", "NIC.Embedded.1-1-1"),
        ):
            uow.session.add(
                InventoryFirmware(
                    snapshot_id=snapshot.id, firmware_id=f"Installed-{fqdd}", fqdd=fqdd, name=name, version=version,
                    state="installed", component_type="Firmware", updateable=True, installed_at="2026-08-02T10:00:00Z",
                )
            )  # fmt: skip
    uow.session.add_all(
        ServerEventLog(
            server_id=server_id, log="sel" if n % 3 == 0 else "lifecycle", entry_id=str(n),
            created=now - timedelta(hours=n * 5), severity=("ok", "ok", "warning", "critical")[n % 4],
            message_id=("PSU0800", "USR0030", "TMP0118", "PDR1016")[n % 4],
            message=(
                "Power Supply 1: Status = 0x1, IOUT = 0x0, VOUT= 0x0, TEMP= 0x0, FAN = 0x0, INPUT= 0x0.",
                "Successfully logged in using root, from 10.0.0.5 and REDFISH.",
                "The system inlet temperature is greater than the upper warning threshold.",
                "Drive 3 is removed from disk drive bay 1.",
            )[n % 4],
            category="System", fetched_at=now,
        )
        for n in range(40)
    )  # fmt: skip


def _parts(snapshot_id: int, server_id: int) -> list[InventoryPart]:
    parts = [
        InventoryPart(snapshot_id=snapshot_id, kind="processor", part_id=f"CPU.Socket.{n}", name="Intel(R) Xeon(R) Gold 6338",
                      slot=f"CPU {n}", manufacturer="Intel", model="Intel Xeon Gold 6338", health="ok",
                      detail={"cores": 32, "speed_mhz": 2000})
        for n in (1, 2)
    ]  # fmt: skip
    parts += [
        InventoryPart(snapshot_id=snapshot_id, kind="memory", part_id=f"DIMM.Socket.A{n}", name=f"DIMM A{n}", slot=f"A{n}",
                      manufacturer="Hynix", model="DDR4 DIMM", part_number="HMA84GR7DJR4N", serial_number=f"34{n:06d}",
                      capacity_bytes=32 * 2**30, health="ok", detail={"speed_mhz": 3200})
        for n in range(1, 9)
    ]  # fmt: skip
    parts += [
        InventoryPart(snapshot_id=snapshot_id, kind="drive", part_id=f"Disk.Bay.{n}", name=f"Solid State Disk 0:1:{n}",
                      slot=f"Bay {n}", manufacturer="KIOXIA", model="KPM6XVUG960G", part_number="PHTV0WGX",
                      serial_number=f"S{server_id:03d}{n:04d}", firmware="B028", capacity_bytes=960 * 10**9,
                      health="warning" if n == 3 else "ok", detail={"media": "SSD", "wear_percent_left": 96})
        for n in range(4)
    ]  # fmt: skip
    parts += [
        InventoryPart(snapshot_id=snapshot_id, kind="fan", part_id=f"Fan.{n}", name=f"System Board Fan{n}", slot=f"Fan {n}",
                      reading=6840.0 + 120 * n, unit="rpm", health="ok")
        for n in range(1, 4)
    ]  # fmt: skip
    parts.append(
        InventoryPart(snapshot_id=snapshot_id, kind="psu", part_id="PSU.Slot.1", name="PWR SPLY,1400W,RDNT,LTON", slot="PSU 1",
                      model="PWR SPLY,1400W", part_number="0W1R7V", serial_number="CNLOD0015A1", firmware="00.1D.36",
                      reading=212.0, unit="W", health="ok")
    )  # fmt: skip
    return parts


def _groups(uow: UnitOfWork) -> None:
    for name, first, last in (("Berlin, hall 2", 1, 20), ("Cologne", 21, 44), ("vSAN cluster A", 5, 12)):
        group = ServerGroup(name=name)
        uow.session.add(group)
        uow.session.flush()
        uow.session.add_all(ServerGroupMember(group_id=group.id, server_id=i) for i in range(first, last + 1))


def _jobs(uow: UnitOfWork, now: datetime) -> None:
    jobs: list[tuple[str, str, str, int, int, int, int]] = [
        ("discovery_scan", "Find servers in 10.20.0.0/24", "completed", 1, 1, 0, 180),
        ("inventory_refresh", "Inventory of 60 servers", "completed", 12, 10, 2, 120),
        ("power_action", "Graceful restart: 6 servers", "running", 6, 2, 1, 4),
        ("health_check", "Health of 60 servers", "running", 60, 41, 0, 1),
        ("fetch_event_logs", "Logs of esx-0009.site.example", "failed", 1, 0, 1, 60),
        ("idrac_reset", "Restart the iDRAC of rack01-u05", "paused", 1, 0, 0, 6),
    ]
    for kind, title, state, total, done, failed, minutes in jobs:
        started = now - timedelta(minutes=minutes)
        job = Job(
            kind=kind, title=title, state=state, submitted_by="anna@desk-07", submitted_at=started, started_at=started,
            finished_at=now - timedelta(minutes=minutes - 1) if state in ("completed", "failed") else None,
            total=total, done=done, failed=failed,
        )  # fmt: skip
        uow.session.add(job)
        uow.session.flush()
        for n in range(min(total, 12)):
            _task(uow, job, n, done, failed, started)


def _task(uow: UnitOfWork, job: Job, n: int, done: int, failed: int, started: datetime) -> None:
    state = (
        "completed"
        if n < done
        else "failed"
        if n < done + failed
        else job.state
        if job.state != "completed"
        else "pending"
    )
    error = {
        "code": "Unreachable", "message": "No connection within 10 s.", "where": "10.20.0.9",
        "hint": "Check the cable, the address and the firewall.", "retryable": True,
    }  # fmt: skip
    task = JobTask(
        job_id=job.id, server_id=None if job.kind == "discovery_scan" else n + 1,
        target="" if job.kind == "discovery_scan" else f"esx-{n + 1:04d}.site.example", state=state, due_at=started,
        started_at=started, finished_at=started + timedelta(seconds=40) if state in ("completed", "failed") else None,
        progress_done=2 if state == "running" else 0, progress_total=3 if state == "running" else 0,
        message="Waiting until the host answers" if state == "running" else "",
        result={"summary": "Restarted in 212 s."} if state == "completed" else None,
        error=error if state == "failed" else None, attempt=1,
    )  # fmt: skip
    uow.session.add(task)
    uow.session.flush()
    for number, (name, step_state) in enumerate(
        (
            ("read power state", "done"),
            ("reset", "done"),
            ("wait for host", "begun" if state == "running" else "done"),
        )
    ):
        begun = started + timedelta(seconds=number * 12)
        uow.session.add(
            TaskStep(task_id=task.id, name=name, token=1, state=step_state, begun_at=begun, kind="wait" if number == 2 else "step",
                     ended_at=begun + timedelta(seconds=9) if step_state == "done" else None)
        )  # fmt: skip
    for second, level, text in (
        (0, "info", "Claimed by desk-07."),
        (3, "info", "Power state is on."),
        (14, "warning", "Answer took 8 s."),
    ):
        uow.session.add(
            TaskLog(task_id=task.id, at=started + timedelta(seconds=second), level=level, message=text)
        )
    if state == "paused":
        uow.session.add(
            Decision(task_id=task.id, key="go", question="The iDRAC runs a job of its own (JID_481). Restart it anyway?",
                     options=[{"value": "wait", "title": "Wait for it", "help": "Looks again in five minutes", "danger": False},
                              {"value": "go", "title": "Restart now", "help": "The job is lost", "danger": True}],
                     default="wait", asked_at=started, deadline=started + timedelta(minutes=30))
        )  # fmt: skip
        uow.session.add(
            RestoreItem(task_id=task.id, server_id=5, name="lockdown", what="Lockdown mode on", original={"lockdown": True},
                        state="standing", created_at=started)
        )  # fmt: skip


DEVICE_JOBS = (
    (
        "BIOSConfiguration",
        "Configure: BIOS.Setup.1-1",
        "Scheduled",
        0,
        "Task successfully scheduled.",
        "JCP001",
    ),
    ("FirmwareUpdate", "Firmware Update: BIOS", "Running", 42, "Job in progress.", "RED001"),
    (
        "ExportConfiguration",
        "Export: Server Configuration Profile",
        "Completed",
        100,
        "Successful.",
        "SYS043",
    ),
    ("RAIDConfiguration", "Configure: RAID.Slot.1-1", "Failed", 100, "Job failed.", "PR21"),
)


def _device_work(uow: UnitOfWork, now: datetime) -> None:
    """Queues of the first servers, and a certificate each: two of them soon or long over."""
    for server in range(1, 13):
        for n, (kind, name, state, percent, message, code) in enumerate(DEVICE_JOBS[: 1 + server % 4]):
            uow.session.add(
                DeviceJob(server_id=server, job_id=f"JID_{481000 + server:09d}{n:03d}", name=name, kind=kind, state=state,
                          percent=percent, message=message, message_id=code, start_time="TIME_NOW",
                          first_seen=now - timedelta(minutes=7 * server + n), seen_at=now - timedelta(minutes=2))
            )  # fmt: skip
        uow.session.add(DeviceQueue(server_id=server, lc_status="ready", seen_at=now - timedelta(minutes=2)))
        uow.session.add(
            ServerCertificate(server_id=server, fingerprint=f"{server:064x}", subject=f"CN=idrac-{server:04d},O=Dell Inc.",
                              issuer="CN=DSM Desktop site authority", names=[f"10.20.0.{server}"],
                              not_before=now - timedelta(days=400), not_after=now + timedelta(days=30 * server - 50),
                              installed=True, seen_at=now)
        )  # fmt: skip


def _calls(uow: UnitOfWork, now: datetime) -> None:
    rows = []
    for n in range(400):
        failed = n % 37 == 0
        change = n % 29 == 0
        rows.append(
            {
                "at": now - timedelta(seconds=(400 - n) * 3), "server_id": n % 12 + 1, "job_id": n % 6 + 1,
                "protocol": "redfish", "host": f"10.20.0.{n % 12 + 1}", "method": "POST" if change else "GET",
                "path": "/redfish/v1/Systems/System.Embedded.1/Actions/ComputerSystem.Reset" if change
                else "/redfish/v1/Systems/System.Embedded.1/Storage?$expand=*($levels=1)",
                "changing": change, "status": 503 if failed else 200, "latency_ms": 80.0 + n % 300,
                "received_bytes": 1_800 + n * 7, "error": "RAC0218: too many sessions" if failed else "",
                "request": {"ResetType": "GracefulRestart"} if change else None,
                "answer": {"error": {"code": "RAC0218"}} if failed else None,
            }
        )  # fmt: skip
    uow.session.execute(insert(ApiCall), rows)
