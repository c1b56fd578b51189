"""Device jobs, certificates and rotations of passwords: the same answers on SQLite and Postgres."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import select

from dsm_desktop.commands.device_jobs import save_device_jobs
from dsm_desktop.queries.certificates import certificate_expiry, certificate_rows
from dsm_desktop.queries.device_jobs import device_job_rows, queue_row
from dsm_desktop.queries.password_rotations import rotation_rows
from dsm_desktop.queries.servers import list_servers
from dsm_desktop.redfish.device_jobs import DeviceJob
from dsm_desktop.store.models import CredentialSet, PasswordRotation, Server, ServerCertificate
from dsm_desktop.store.unit_of_work import Store, UnitOfWork


def add_server(uow: UnitOfWork, address: str = "10.0.0.1") -> int:
    server = Server(address=address, added_at=uow.now)
    uow.session.add(server)
    uow.session.flush()
    return server.id


def test_a_queue_is_replaced_and_a_job_that_stands_keeps_its_time(site: Store) -> None:
    waits = DeviceJob("JID_000000000001", "Configure: BIOS", "BIOSConfiguration", "Scheduled", 0)
    runs = DeviceJob("JID_000000000002", "x" * 900, "RAIDConfiguration", "Running", 10, message="a\x00b")
    with site.write() as uow:
        server_id = add_server(uow)
        save_device_jobs(uow, server_id, [waits, runs], "ready")
    first = {row.job_id: row.since for row in site.fetch(device_job_rows)}
    with site.write() as uow:
        further = DeviceJob(runs.id, runs.name, runs.kind, "Running", 20)
        save_device_jobs(uow, server_id, [waits, further, DeviceJob("RID_000000000003", state="Completed")])
    rows = site.fetch(lambda c: device_job_rows(c, [server_id]))
    assert [row.job_id for row in rows] == [runs.id, waits.id, "RID_000000000003"]
    assert rows[1].since == first[waits.id]
    assert rows[0].since > first[runs.id]
    assert (len(rows[0].name), rows[0].blocks[:4], rows[2].blocks) == (200, "runs", "")
    queue = site.fetch(lambda c: queue_row(c, server_id))
    assert queue is not None
    assert queue.lc_status == ""
    with site.write() as uow:
        save_device_jobs(uow, server_id, [])
    assert site.fetch(device_job_rows) == []


def test_the_end_of_a_certificate_stands_in_the_list_of_servers(site: Store) -> None:
    ends = datetime(2027, 3, 1, 12, tzinfo=UTC)
    with site.write() as uow:
        first, second = add_server(uow), add_server(uow, "10.0.0.2")
        uow.session.add(ServerCertificate(server_id=first, names=["a", "b"], not_after=ends))
    assert site.fetch(certificate_expiry) == {first: ends}
    assert {s.id: s.certificate_expires for s in site.fetch(list_servers)} == {first: ends, second: None}
    assert [row.names for row in site.fetch(certificate_rows)] == [("a", "b")]


def test_a_rotation_outlives_its_credential_sets(site: Store) -> None:
    with site.write() as uow:
        server_id = add_server(uow)
        row = CredentialSet(name="new", username="root", changed_at=uow.now - timedelta(days=1))
        uow.session.add(row)
        uow.session.flush()
        uow.session.add(
            PasswordRotation(
                server_id=server_id,
                job_id=7,
                username="root",
                new_credential_id=row.id,
                begun_at=uow.now,
                changed_at=uow.now,
            )
        )
    with site.write() as uow:
        uow.session.delete(uow.session.scalars(select(CredentialSet)).one())
    (found,) = site.fetch(lambda c: rotation_rows(c, open_only=True))
    assert (found.credential, found.state, found.server) == ("", "sealed", "10.0.0.1")
