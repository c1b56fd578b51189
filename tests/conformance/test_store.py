"""What both databases must do alike: types, order, time, constraints, transactions."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import func, insert, select, update
from sqlalchemy.exc import IntegrityError, StatementError

from dsm_desktop.store.models import (
    CredentialSet,
    FeedEntry,
    InventorySetting,
    InventorySnapshot,
    Job,
    Reading,
    Server,
    ServerAddress,
    Setting,
    db_now,
)
from dsm_desktop.store.unit_of_work import Store, UnitOfWork


def add_server(uow: UnitOfWork, address: str = "10.0.0.1") -> int:
    server = Server(address=address, added_at=uow.now)
    uow.session.add(server)
    uow.session.flush()
    return server.id


@pytest.mark.parametrize(
    "value", [None, 1, 1.5, True, False, "", "text", "1", "ünï 🖥", [1, [2]], {"a": {"b": None}}, -0.25, 2**40]
)
def test_json_values_come_back_with_their_types(site: Store, value: object) -> None:
    with site.write() as uow:
        server_id = add_server(uow)
        snapshot = InventorySnapshot(server_id=server_id, taken_at=uow.now, confirmed_at=uow.now, digest="")
        uow.session.add(snapshot)
        uow.session.flush()
        uow.session.execute(
            insert(InventorySetting), [{"snapshot_id": snapshot.id, "name": "x", "value": value}]
        )
    with site.read() as connection:
        found = connection.scalar(select(InventorySetting.value))
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    "when",
    [
        datetime(1999, 12, 31, 23, 59, 59, 999_999, UTC),
        datetime(2026, 7, 1, 12, 0, tzinfo=timezone(timedelta(hours=5, minutes=30))),
        datetime(2038, 1, 19, 3, 14, 8, 1, UTC),
    ],
)
def test_times_are_the_same_moment_in_utc(site: Store, when: datetime) -> None:
    with site.write() as uow:
        uow.session.add(Setting(key="x", changed_at=when))
    with site.read() as connection:
        found = connection.scalar(select(Setting.changed_at).where(Setting.key == "x"))
        assert (
            connection.scalar(select(func.count()).where(Setting.key == "x", Setting.changed_at == when)) == 1
        )
        assert (
            connection.scalar(select(func.count()).where(Setting.key == "x", Setting.changed_at < when)) == 0
        )
    assert found == when
    assert found is not None
    assert found.tzinfo is UTC


def test_a_time_without_zone_is_refused(site: Store) -> None:
    with pytest.raises(StatementError, match="without zone"), site.write() as uow:
        uow.session.add(Setting(key="x", changed_at=datetime(2026, 1, 1)))


def test_the_database_clock_moves_and_orders_with_stored_times(site: Store) -> None:
    with site.write() as uow:
        uow.session.add(Setting(key="x", changed_at=uow.now))
        assert abs((datetime.now(UTC) - uow.now).total_seconds()) < 5
    with site.read() as connection:
        assert (
            connection.scalar(select(func.count()).where(Setting.key == "x", Setting.changed_at <= db_now()))
            == 1
        )


def test_bytes_and_floats_are_exact(site: Store) -> None:
    with site.write() as uow:
        server_id = add_server(uow)
        uow.session.add(CredentialSet(name="a", username="u", secret=bytes(range(256)), changed_at=uow.now))
        uow.session.add(Reading(server_id=server_id, sensor="power", at=uow.now, value=0.1 + 0.2))
    with site.read() as connection:
        assert connection.scalar(select(CredentialSet.secret)) == bytes(range(256))
        assert connection.scalar(select(Reading.value)) == 0.1 + 0.2


def test_constraints_come_through_as_they_are_and_keep_nothing(site: Store) -> None:
    with site.write() as uow:
        add_server(uow)

    def twice() -> None:
        with site.write() as uow:
            uow.session.add(Setting(key="before", changed_at=uow.now))
            add_server(uow)

    with pytest.raises(IntegrityError):
        twice()
    with pytest.raises(IntegrityError), site.write() as uow:
        uow.session.add(Reading(server_id=999, sensor="x", at=uow.now, value=1.0))
    with site.read() as connection:
        assert connection.scalar(select(func.count()).where(Setting.key == "before")) == 0


def test_removing_a_server_takes_its_children_and_frees_its_jobs(site: Store) -> None:
    with site.write() as uow:
        server_id = add_server(uow)
        uow.session.add(
            ServerAddress(server_id=server_id, address="a", port=1, first_seen=uow.now, last_seen=uow.now)
        )
    with site.write() as uow:
        uow.session.delete(uow.session.get_one(Server, server_id))
    with site.read() as connection:
        assert connection.scalar(select(func.count()).select_from(ServerAddress)) == 0


def test_events_are_in_the_outbox_with_their_transaction(site: Store) -> None:
    with site.write() as uow:
        uow.changed("servers", "added", 1, 2, why={"a": 1})

    def fail() -> None:
        with site.write() as uow:
            uow.changed("servers", "removed", 1)
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    with site.read() as connection:
        found = connection.execute(select(FeedEntry.topic, FeedEntry.ids, FeedEntry.data)).all()
    assert [tuple(r) for r in found] == [("servers", [1, 2], {"why": {"a": 1}})]


def test_what_is_held_back_runs_once_and_last(site: Store) -> None:
    seen: list[list[int]] = []

    def flush(uow: UnitOfWork, items: list[int]) -> None:
        seen.append(items)
        uow.session.add(Setting(key="held", value={"n": len(items)}, changed_at=uow.now))

    with site.write() as uow:
        uow.hold(flush, 1)
        uow.hold(flush, 2)
        assert seen == []
    assert seen == [[1, 2]]
    with site.read() as connection:
        assert connection.scalar(select(Setting.value).where(Setting.key == "held")) == {"n": 2}


def test_readers_are_not_held_up_by_a_writer(site: Store) -> None:
    with site.write() as uow:
        uow.session.add(Setting(key="x", value={"n": 1}, changed_at=uow.now))
    writing, go_on = threading.Event(), threading.Event()

    def write() -> None:
        with site.write() as uow:
            uow.session.execute(update(Setting).where(Setting.key == "x").values(value={"n": 2}))
            writing.set()
            assert go_on.wait(60)

    thread = threading.Thread(target=write)
    thread.start()
    assert writing.wait(60)
    with site.read() as connection:
        assert connection.scalar(select(Setting.value).where(Setting.key == "x")) == {"n": 1}
    go_on.set()
    thread.join(60)
    with site.read() as connection:
        assert connection.scalar(select(Setting.value).where(Setting.key == "x")) == {"n": 2}


def test_null_and_order_of_unset_values_are_alike(site: Store) -> None:
    with site.write() as uow:
        for n, when in enumerate((None, uow.now)):
            uow.session.add(
                Job(kind="k", title=str(n), submitted_by="a", submitted_at=uow.now, schedule_at=when)
            )
    with site.read() as connection:
        ordered = connection.scalars(select(Job.title).order_by(Job.schedule_at.desc().nulls_last())).all()
        assert ordered == ["1", "0"]
        assert connection.scalar(select(func.count()).where(Job.schedule_at.is_(None))) == 1
