"""Old records leave the store only through an archive file; what is still needed stays."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, func, insert, select, update

from dsm_desktop.core.errors import NotFound
from dsm_desktop.core.inventory import LogKind
from dsm_desktop.core.settings import RetentionSettings
from dsm_desktop.store import audit, settings
from dsm_desktop.store.engine import sqlite_url
from dsm_desktop.store.inventory import save_inventory, save_log_events, upsert_server
from dsm_desktop.store.models import (
    ApiCall,
    AuditEntry,
    Base,
    ConfigurationProfile,
    FeedEntry,
    InventoryPart,
    InventorySnapshot,
    Job,
    JobTask,
    Reading,
    SafetyCheck,
    ServerEventLog,
    Setting,
    TaskLog,
    TaskStep,
)
from dsm_desktop.store.opening import open_store
from dsm_desktop.store.retention import KINDS, ArchiveFailed, Retention, size_meter
from dsm_desktop.store.unit_of_work import Store, UnitOfWork
from tests.kit.stores import events, fill, finished_job, identity, inventory


def rows(store: Store, model: Any) -> int:
    with store.read() as connection:
        return connection.scalar(select(func.count()).select_from(model)) or 0


def archived(folder: Path) -> Counter[str]:
    """Rows by table in all archive files, each checked against its manifest."""
    found: Counter[str] = Counter()
    for file in folder.glob("*.jsonl.gz"):
        said = json.loads(file.with_name(file.name + ".json").read_text())
        content = file.read_bytes()
        assert said["sha256"] == hashlib.sha256(content).hexdigest()
        lines = gzip.decompress(content).splitlines()
        assert said["rows"] == len(lines)
        found.update(json.loads(line)["table"] for line in lines)
    assert not list(folder.glob("*.part"))
    return found


def limit(store: Store, **days: int) -> None:
    with store.write() as uow:
        settings.save(uow, RetentionSettings(**days), "anna")


def old_calls(uow: UnitOfWork, count: int, days: int) -> None:
    row = {
        "protocol": "redfish",
        "host": "h",
        "method": "GET",
        "path": "/",
        "at": uow.now - timedelta(days=days),
    }
    uow.session.execute(insert(ApiCall), [row] * count)


def test_old_calls_go_to_a_file_and_new_ones_stay(site: Store, tmp_path: Path) -> None:
    with site.write() as uow:
        old_calls(uow, 2_500, 31)
        old_calls(uow, 10, 29)
    retention = Retention(site, tmp_path / "archive")
    assert retention.count_old("api_calls") == 2_500
    assert retention.sweep("api_calls") == {"removed": 2_500, "archive": str(tmp_path / "archive")}
    assert rows(site, ApiCall) == 10
    assert archived(tmp_path / "archive") == {"api_calls": 2_500}
    assert retention.sweep("api_calls") == {"removed": 0, "archive": ""}


def test_space_goes_back_to_the_disk(tmp_path: Path) -> None:
    url = sqlite_url(tmp_path / "store.db")
    open_store(url).close()
    empty = (tmp_path / "store.db").stat().st_size
    site = open_store(url)
    with site.write() as uow:
        old_calls(uow, 20_000, 31)
    Retention(site, tmp_path / "archive").sweep("api_calls")
    site.close()
    assert (tmp_path / "store.db").stat().st_size < empty + 200_000


def test_finished_jobs_go_whole_and_running_families_stay(site: Store, tmp_path: Path) -> None:
    with site.write() as uow:
        server_id, _ = upsert_server(uow, "10.0.0.1", 443, identity())
        gone = finished_job(uow, server_id, days_ago=400)
        parent = finished_job(uow, server_id, days_ago=400)
        fresh = finished_job(uow, server_id, days_ago=10)
        long_ago = uow.now - timedelta(days=400)
        running = Job(
            kind="x", title="x", state="running", submitted_by="a", submitted_at=long_ago, parent_id=parent
        )
        uow.session.add(running)
        uow.session.flush()
    Retention(site, tmp_path).sweep("jobs")
    with site.read() as connection:
        assert set(connection.scalars(select(Job.id))) == {parent, fresh, running.id}
        assert gone not in connection.scalars(select(JobTask.job_id)).all()
    assert (rows(site, TaskStep), rows(site, TaskLog)) == (2, 2)
    assert archived(tmp_path) == {"jobs": 1, "job_tasks": 1, "task_steps": 1, "task_log": 1, "decisions": 1}


def test_the_newest_snapshot_of_a_server_stays_however_old(site: Store, tmp_path: Path) -> None:
    with site.write() as uow:
        for n in (1, 2):
            server_id, _ = upsert_server(uow, f"10.0.0.{n}", 443, identity())
            for serial in ("S1", "S2") if n == 1 else ("S1",):
                save_inventory(
                    uow,
                    server_id,
                    replace(inventory(drive=serial), facts=replace(inventory().facts, service_tag="")),
                )
        uow.session.execute(update(InventorySnapshot).values(confirmed_at=uow.now - timedelta(days=800)))
    assert Retention(site, tmp_path).sweep("snapshots")["removed"] == 1
    assert (rows(site, InventorySnapshot), rows(site, InventoryPart)) == (2, 6)
    assert archived(tmp_path)["inventory_parts"] == 3


def test_profiles_somebody_chose_and_the_newest_of_each_kind_stay(site: Store, tmp_path: Path) -> None:
    """They hold secrets: what goes is not written to an archive file."""
    with site.write() as uow:
        server_id, _ = upsert_server(uow, "10.0.0.1", 443, identity())

        def add(name: str, days: int, origin: str = "backup", **more: Any) -> None:
            taken = uow.now - timedelta(days=days)
            uow.session.add(
                ConfigurationProfile(
                    name=name, server_id=server_id, origin=origin, format="XML", sha256="0" * 64, content=b"sealed", taken_at=taken, **more
                )
            )  # fmt: skip
            uow.session.flush()

        add("file of mine", 900, origin="file")
        add("golden", 900, golden=True)
        add("old export", 900, origin="export")
        add("old backup", 900)
        add("backup of spring", 200)
        add("newest backup", 190)
    assert Retention(site, tmp_path).sweep("profiles") == {"removed": 2, "archive": ""}
    with site.read() as connection:
        left = set(connection.scalars(select(ConfigurationProfile.name)))
    assert left == {"file of mine", "golden", "old export", "newest backup"}
    assert list(tmp_path.iterdir()) == [] or not archived(tmp_path)


def test_other_kinds_by_their_own_days(site: Store, tmp_path: Path) -> None:
    with site.write() as uow:
        server_id, _ = upsert_server(uow, "10.0.0.1", 443, identity())
        finished_job(uow, server_id, days_ago=100)
        save_log_events(uow, server_id, LogKind.SEL, events(5))
        uow.session.execute(update(ServerEventLog).values(fetched_at=uow.now - timedelta(days=731)))
        past = uow.now - timedelta(days=91)
        uow.session.execute(
            insert(Reading), [{"server_id": server_id, "sensor": "power", "at": past, "value": 1.0}] * 3
        )
        uow.session.execute(update(FeedEntry).values(at=uow.now - timedelta(days=2)))
        for subject, name in (("cluster:1:c1", "Old"), ("cluster:1:c1", "Prod"), ("cluster:1:c2", "Lab")):
            values = {
                "subject": subject,
                "name": name,
                "colour": "green",
                "at": uow.now - timedelta(days=400),
                "verdict": {},
            }
            uow.session.execute(insert(SafetyCheck), [values])
    retention = Retention(site, tmp_path)
    assert retention.kinds() == [
        "api_calls",
        "task_log",
        "jobs",
        "event_logs",
        "readings",
        "snapshots",
        "profiles",
        "safety_checks",
        "feed",
    ]
    removed = {kind: retention.sweep(kind)["removed"] for kind in retention.kinds() if kind != "feed"}
    assert removed == {
        "api_calls": 0,
        "task_log": 1,
        "jobs": 0,
        "event_logs": 5,
        "readings": 3,
        "snapshots": 0,
        "profiles": 0,
        "safety_checks": 1,
    }
    assert archived(tmp_path) == {"task_log": 1, "server_event_logs": 5, "readings": 3, "safety_checks": 1}
    assert site.fetch(lambda c: sorted(c.scalars(select(SafetyCheck.name)))) == ["Lab", "Prod"], (
        "the newest stay"
    )
    retention.sweep("feed")
    limit(site, readings=0)
    assert "readings" not in retention.kinds()
    with pytest.raises(NotFound):
        retention.sweep("cookies")


def test_the_audit_chain_stays_verifiable_after_archiving(site: Store, tmp_path: Path) -> None:
    for n in range(30):
        with site.write() as uow:
            audit.append(uow, "anna", "x", str(n))
    limit(site, audit=365)
    retention = Retention(site, tmp_path)
    assert retention.sweep("audit", archive=False)["removed"] == 0
    # As if the first twenty were written two years ago: the chain is made anew with their times.
    with site.write() as uow:
        table, last = Base.metadata.tables["audit_log"], audit.Link().hash
        for row in uow.session.execute(select(table).order_by(table.c.id)).mappings().all():
            new = {**row, "previous": last, "at": row["at"] - timedelta(days=730 if row["id"] <= 20 else 0)}
            last = audit.entry_hash(new)
            uow.session.execute(update(table).where(table.c.id == row["id"]).values({**new, "hash": last}))
        uow.session.execute(
            update(Setting).where(Setting.key == audit.HEAD).values(value={"id": 31, "hash": last})
        )
    assert audit.verify(site).entries == 31
    assert retention.sweep("audit", archive=False)["removed"] == 20, "archived even when not asked to be"
    report = audit.verify(site)
    assert (report.whole, report.entries) == (True, 12)
    assert archived(tmp_path) == {"audit_log": 20}
    with site.write() as uow:
        uow.session.execute(delete(AuditEntry).where(AuditEntry.id == 21))
    assert audit.verify(site).broken == 21


def test_when_the_archive_cannot_be_written_nothing_is_removed(site: Store, tmp_path: Path) -> None:
    with site.write() as uow:
        old_calls(uow, 10, 31)
    (tmp_path / "archive").write_text("a file stands here")
    with pytest.raises(ArchiveFailed, match="nothing was removed"):
        Retention(site, tmp_path / "archive").sweep("api_calls")
    assert rows(site, ApiCall) == 10


def test_the_meter_counts_rows_and_bytes_of_every_kind(site: Store) -> None:
    fill(site)
    with site.write() as uow:
        old_calls(uow, 5_000, 1)
    sizes = {size.kind: size for size in size_meter(site)}
    assert set(sizes) == {kind.name for kind in KINDS} | {"other"}
    assert sizes["api_calls"].rows == 5_010
    assert sizes["api_calls"].bytes > 5_000 * 30
    assert sizes["event_logs"].rows == 60
    assert all(size.bytes > 0 for size in sizes.values())
