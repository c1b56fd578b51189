"""Lists on the screen while the store changes: never older than what was shown before, and no flood stops the window."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection
from functools import partial
from typing import Any

import pytest
from pytestqt.qtbot import QtBot
from sqlalchemy import update

from dsm_desktop.queries import Connection
from dsm_desktop.queries.jobs import list_jobs
from dsm_desktop.queries.servers import list_servers
from dsm_desktop.store.models import Job, Server
from dsm_desktop.ui.bridge import Change
from dsm_desktop.ui.list_reader import AT_ONCE, ListReader
from dsm_desktop.ui.main import Session
from dsm_desktop.ui.screenshots import settle
from dsm_desktop.ui.views import jobs as jobs_view
from dsm_desktop.ui.views import servers as servers_view
from tests.ui.conftest import OpenSession
from tests.ui.kit import WAIT
from tests.ui.seed import seed_servers, seed_site

Read = Callable[..., list[Any]]


class Slow:
    """The first read of single rows (of all, `whole`) is over in its worker, but its answer comes only when the test lets it."""

    def __init__(self, read: Read, *, whole: bool = False) -> None:
        self._read, self._whole = read, whole
        self.begun, self.let = threading.Event(), threading.Event()

    def __call__(self, connection: Connection, ids: Collection[int] | None = None) -> list[Any]:
        found = self._read(connection, ids)
        if (ids is None) is self._whole and not self.begun.is_set():
            self.begun.set()
            assert self.let.wait(WAIT / 1000)
        return found


def overtaken(session: Session, qtbot: QtBot, slow: Slow, topic: str, write: Callable[[str], int]) -> None:
    """A row changes twice; the answer to the first news comes after the second news."""
    work, bridge = session.desk.work, session.desk.bridge
    settle(session.desk)
    bridge.changed.emit(Change(topic, ids={write("before")}))
    qtbot.waitUntil(slow.begun.is_set, timeout=WAIT)
    bridge.changed.emit(Change(topic, ids={write("after")}))
    # Whoever reads beside the first read has shown its answer now.
    qtbot.waitUntil(lambda: work.busy <= 1, timeout=WAIT)
    slow.let.set()
    settle(session.desk)


def test_an_older_answer_about_a_server_never_comes_after_a_newer_one(
    open_session: OpenSession, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = Slow(list_servers)
    monkeypatch.setattr(servers_view, "list_servers", slow)
    session = open_session(partial(seed_servers, count=3))
    model = session.window.servers.panel.model

    def write(name: str) -> int:
        with session.context.store.write() as uow:
            uow.session.execute(update(Server).where(Server.id == 1).values(host_name=name))
        return 1

    overtaken(session, qtbot, slow, "servers", write)
    assert model.row_of(1).host_name == "after"


def test_a_finished_job_is_not_shown_at_work_again(
    open_session: OpenSession, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = Slow(list_jobs)
    monkeypatch.setattr(jobs_view, "list_jobs", slow)
    session = open_session(seed_site)
    session.window.show_area("activity")
    settle(session.desk)
    model = session.window.activity.jobs.jobs.model
    job_id = model.shown_rows()[0].id

    def write(title: str) -> int:
        with session.context.store.write() as uow:
            uow.session.execute(update(Job).where(Job.id == job_id).values(title=title))
        return int(job_id)

    overtaken(session, qtbot, slow, "jobs", write)
    assert model.row_of(job_id).title == "after"


def test_a_job_handed_in_while_the_list_is_read_comes_into_sight(
    open_session: OpenSession, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = open_session(seed_site)
    session.window.show_area("activity")
    view = session.window.activity.jobs
    settle(session.desk)
    slow = Slow(list_jobs, whole=True)
    monkeypatch.setattr(jobs_view, "list_jobs", slow)
    view.refresh()
    qtbot.waitUntil(slow.begun.is_set, timeout=WAIT)
    job_id = session.context.commands.submit("retention_cleanup", [], {})
    session.window.show_job(job_id)
    slow.let.set()
    settle(session.desk)
    assert view.jobs.grid.selected_ids() == [job_id]


def test_a_flood_is_read_in_pieces_in_its_order(open_session: OpenSession, qtbot: QtBot) -> None:
    session = open_session(partial(seed_servers, count=1))
    pieces: list[frozenset[int]] = []
    gone: list[int] = []

    def show(piece: frozenset[int], removed: frozenset[int]) -> None:
        pieces.append(piece)
        gone.extend(removed)

    reader: ListReader[str, frozenset[int]] = ListReader(
        session.desk.work,
        session.window,
        read_all=lambda _: "",
        show_all=lambda _: None,
        read_some=lambda _, ids: ids,
        show_some=show,
        failed=lambda error: pytest.fail(str(error)),
    )
    reader.changed([7], [])
    reader.changed(range(1_000, 1_000 + 2 * AT_ONCE), [8, 1_001])
    reader.changed([1, 8], [1_000])
    qtbot.waitUntil(lambda: sum(map(len, pieces)) >= 2 * AT_ONCE + 2, timeout=WAIT)
    assert [len(piece) for piece in pieces[:2]] == [1, AT_ONCE]
    assert pieces[0] == {7}
    assert pieces[1] < set(range(1_000, 1_000 + 2 * AT_ONCE)), "what changed first is read first"
    read = [i for piece in pieces for i in piece]
    assert sorted(read) == [1, 7, 8, *range(1_001, 1_000 + 2 * AT_ONCE)], "each once; what went is not read"
    assert sorted(gone) == [1_000], "what came again is there"
