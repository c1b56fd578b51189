"""What one operator does while the other one looks at, or types into, the same thing: two windows on one Postgres."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication, QLineEdit, QPlainTextEdit, QWidget
from pytestqt.qtbot import QtBot
from shiboken6 import isValid
from sqlalchemy import text

from dsm_desktop.app.context import CredentialDraft
from dsm_desktop.commands import vcenters
from dsm_desktop.queries.credentials import credential_rows
from dsm_desktop.queries.jobs import list_jobs, open_decisions
from dsm_desktop.queries.servers import ServerRow, list_servers
from dsm_desktop.queries.vsphere import vsphere_view
from dsm_desktop.store.models import Server
from dsm_desktop.store.unit_of_work import Store
from dsm_desktop.ui.dialogs.base import Dialog
from dsm_desktop.ui.dialogs.edit_servers import EditServersDialog
from dsm_desktop.ui.dialogs.job import JobDialog
from dsm_desktop.ui.dialogs.servers import AddServerDialog
from dsm_desktop.ui.dialogs.vcenter import VcenterDialog
from dsm_desktop.ui.main import Session
from dsm_desktop.ui.theme import Tone
from dsm_desktop.ui.views import questions
from dsm_desktop.ui.views.activity import AbandonDialog
from dsm_desktop.ui.views.questions import DecisionCard
from tests.kit.databases import PostgresServer
from tests.ui.kit import WAIT
from tests.ui.seed import seed_servers
from tests.ui.two_windows import Windows, ask_question, button, end_failed, said, two_windows


def _fill(store: Store) -> None:
    seed_servers(store, 4)


@pytest.fixture
def windows(
    qapp: QApplication, tmp_path: Path, postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Windows]:
    name = postgres_server.create_database()
    with two_windows(qapp, tmp_path, postgres_server.url(name), monkeypatch, _fill) as opened:
        yield opened
    postgres_server.drop_database(name)


def rows_of(session: Session, count: int) -> list[ServerRow]:
    """The first servers as the window shows them."""
    return list(session.window.servers.panel.model.all_rows())[:count]


def opened(windows: Windows, dialog: Dialog) -> Dialog:
    dialog.show()
    windows.settle()
    return dialog


def closes(qtbot: QtBot, dialog: Dialog) -> None:
    qtbot.waitUntil(lambda: not isValid(dialog) or not dialog.isVisible(), timeout=WAIT)


def refuses(qtbot: QtBot, dialog: Dialog) -> str:
    """It stays and says why."""
    qtbot.waitUntil(dialog.banner.isVisible, timeout=WAIT)
    assert dialog.isVisible()
    assert dialog.isEnabled()
    return said(dialog.banner)


def noting(windows: Windows, row: ServerRow, text: str) -> tuple[EditServersDialog, QPlainTextEdit]:
    """Anna edits a server and has typed notes."""
    dialog = EditServersDialog(windows.anna.desk, [row], windows.anna.window)
    opened(windows, dialog)
    notes = dialog._lines["notes"]
    assert isinstance(notes, QPlainTextEdit)
    notes.setPlainText(text)
    return dialog, notes


def throw_away(dialog: Dialog) -> None:
    dialog._throw_away()


def test_an_edit_of_a_removed_server_is_refused_and_nothing_typed_is_lost(
    windows: Windows, qtbot: QtBot
) -> None:
    anna, ben = windows.anna, windows.ben
    (row,) = rows_of(anna, 1)
    dialog, notes = noting(windows, row, "written for an hour")
    ben.context.commands.remove_servers([row.id])
    qtbot.waitUntil(lambda: anna.window.servers.panel.model.row_of(row.id) is None, timeout=WAIT)
    dialog.save()
    told = refuses(qtbot, dialog)
    assert row.label in told
    assert "removed" in told
    assert "audit log" in told
    assert notes.toPlainText() == "written for an hour"
    throw_away(dialog)


def test_an_edit_of_several_names_the_removed_one_and_is_saved_on_the_others(
    windows: Windows, qtbot: QtBot
) -> None:
    anna, ben = windows.anna, windows.ben
    rows = rows_of(anna, 3)
    dialog = EditServersDialog(anna.desk, rows, anna.window)
    opened(windows, dialog)
    dialog.add_tags.setText("blue")
    ben.context.commands.remove_servers([rows[1].id])
    dialog.save()
    assert rows[1].label in refuses(qtbot, dialog)
    tagged = [row.id for row in anna.context.store.fetch(list_servers) if "blue" in row.tags]
    assert tagged == [], "all or nothing"
    dialog.save()
    closes(qtbot, dialog)
    tagged = [row.id for row in anna.context.store.fetch(list_servers) if "blue" in row.tags]
    assert tagged == [rows[0].id, rows[2].id]


def test_what_the_other_wrote_meanwhile_is_told_before_it_is_written_over(
    windows: Windows, qtbot: QtBot
) -> None:
    anna, ben = windows.anna, windows.ben
    (row,) = rows_of(anna, 1)
    dialog, _ = noting(windows, row, "the disk in slot 3 was changed")
    ben.context.commands.edit_servers([row.id], {"notes": "ben is at work on it until 4 o'clock"})
    dialog.save()
    told = refuses(qtbot, dialog)
    assert "“ben is at work on it until 4 o'clock”" in told
    assert row.label in told
    stands = [r.notes for r in anna.context.store.fetch(list_servers) if r.id == row.id]
    assert stands == ["ben is at work on it until 4 o'clock"]
    dialog.save()
    closes(qtbot, dialog)
    stands = [r.notes for r in anna.context.store.fetch(list_servers) if r.id == row.id]
    assert stands == ["the disk in slot 3 was changed"]


def test_an_address_that_another_server_has_is_refused_in_words(windows: Windows, qtbot: QtBot) -> None:
    anna = windows.anna
    one, two = rows_of(anna, 2)
    dialog = EditServersDialog(anna.desk, [one], anna.window)
    opened(windows, dialog)
    address = dialog._lines["address"]
    assert isinstance(address, QLineEdit)
    address.setText(two.address)
    dialog.save()
    assert f"already on the list as {two.label}" in refuses(qtbot, dialog)
    throw_away(dialog)


def test_two_who_add_the_same_address_at_once_are_told_so(windows: Windows, qtbot: QtBot) -> None:
    """The second one's look at the list may come before the first one's commit."""
    dialogs = [AddServerDialog(s.desk, s.window) for s in (windows.anna, windows.ben)]
    for dialog in dialogs:
        opened(windows, dialog)
        dialog.address.setText("127.0.0.99")
    with windows.anna.context.store.write() as uow:
        uow.session.add(Server(address="127.0.0.99", port=443, added_at=uow.now))
        uow.session.flush()
        for dialog in dialogs:
            dialog.add()
        # Both wait behind this one, having looked at the list before it was committed.
        qtbot.waitUntil(lambda: waiting_writers(windows) == len(dialogs), timeout=WAIT)
    for dialog in dialogs:
        told = refuses(qtbot, dialog)
        assert "somebody else was a moment sooner" in told
        assert "in the program itself" not in told
        throw_away(dialog)


def waiting_writers(windows: Windows) -> int:
    """How many transactions wait for another one's end."""
    asked = text(
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )
    return int(windows.ben.context.store.fetch(lambda c: c.scalar(asked)) or 0)


def test_a_host_that_both_add_at_once_is_there_once(windows: Windows, qtbot: QtBot) -> None:
    dialogs = [VcenterDialog(s.window, s.desk, None) for s in (windows.anna, windows.ben)]
    for dialog in dialogs:
        opened(windows, dialog)
        dialog.alone.setChecked(True)
        dialog.address.setText("127.0.0.97")
    windows.settle()
    with windows.anna.context.store.write() as uow:
        vcenters.add_esxi_host(uow, windows.anna.context.principal, "127.0.0.97")
        for dialog in dialogs:
            dialog.save()
        qtbot.waitUntil(lambda: waiting_writers(windows) == len(dialogs), timeout=WAIT)
    for dialog in dialogs:
        assert "already on the list" in refuses(qtbot, dialog)
        throw_away(dialog)
    hosts = windows.anna.context.store.fetch(vsphere_view).hosts
    assert [host.name for host in hosts] == ["127.0.0.97"]


def test_a_job_on_a_removed_server_keeps_its_form(windows: Windows, qtbot: QtBot) -> None:
    anna, ben = windows.anna, windows.ben
    rows = rows_of(anna, 2)
    dialog = JobDialog(anna.desk, anna.context.catalogue["health_check"], rows, {}, anna.window)
    opened(windows, dialog)
    ben.context.commands.remove_servers([rows[0].id])
    dialog.start()
    told = refuses(qtbot, dialog)
    assert "1 of 2 servers are not on the list any more" in told
    assert "nothing was started" in told
    throw_away(dialog)


def test_a_vcenter_changed_by_both_keeps_what_each_has_changed(windows: Windows, qtbot: QtBot) -> None:
    anna, ben = windows.anna, windows.ben
    wrong, right = (
        ben.context.commands.save_credential(CredentialDraft(None, name, "vcenter", "admin", "pw"))
        for name in ("wrong", "right")
    )
    added = ben.context.commands.do(vcenters.add_vcenter, "127.0.0.96", name="old", credential_id=wrong)
    row = anna.context.store.fetch(vsphere_view).vcenters[0]
    dialog = VcenterDialog(anna.window, anna.desk, row)
    opened(windows, dialog)
    dialog.name.setText("named by anna")
    ben.context.commands.do(vcenters.edit_vcenter, added, assigned_credential_id=right)
    dialog.save()
    closes(qtbot, dialog)
    row = anna.context.store.fetch(vsphere_view).vcenters[0]
    assert (row.name, row.credential_id) == ("named by anna", right)


def test_the_login_line_follows_what_the_other_one_assigns(windows: Windows, qtbot: QtBot) -> None:
    anna, ben = windows.anna, windows.ben
    (row,) = rows_of(anna, 1)
    anna.window.servers.show_server(row.id)
    windows.settle()
    line = anna.window.servers.details.overview._login
    assert "Ben's" not in line.text()
    commands = ben.context.commands
    own = commands.save_credential(CredentialDraft(None, "Ben's", "idrac", "root", "pw"))
    commands.edit_servers([row.id], {"assigned_credential_id": own})
    qtbot.waitUntil(lambda: "Ben's" in line.text(), timeout=WAIT)
    commands.save_credential(CredentialDraft(own, "Ben's new name", "idrac", "root", None))
    qtbot.waitUntil(lambda: "Ben's new name" in line.text(), timeout=WAIT)
    names = [one.name for one in anna.context.store.fetch(lambda c: credential_rows(c, "idrac"))]
    assert "Ben's new name" in names


def test_what_failed_is_retried_once_though_both_press_the_button(windows: Windows, qtbot: QtBot) -> None:
    anna, ben = windows.anna, windows.ben
    (row,) = rows_of(anna, 1)
    job_id, *_ = ask_question(anna.context.store, row.id)
    end_failed(anna.context.store, job_id)
    for session in (anna, ben):
        session.window.show_area("activity")
        session.window.activity.show_job(job_id)
    windows.settle()
    details = [session.window.activity.jobs.details for session in (anna, ben)]
    for one in details:
        qtbot.waitUntil(button(one, "Retry failed").isEnabled, timeout=WAIT)
    for one in details:
        button(one, "Retry failed").click()
    windows.settle()
    retries = [job for job in anna.context.store.fetch(list_jobs) if job.retry_of_id == job_id]
    assert len(retries) == 1
    told = anna.window.news.texts() + ben.window.news.texts()
    assert any("has begun this again already" in text and f"job {retries[0].id}" in text for text in told)


def asks(session: Session) -> bool:
    """Whether exactly one question is in sight."""
    return len(cards_of(session)) == 1


def cards_of(session: Session) -> list[DecisionCard]:
    return [c for c in session.window.activity.decisions.findChildren(DecisionCard) if c.isVisible()]


def test_a_question_keeps_the_keyboard_while_the_other_one_starts_jobs(
    windows: Windows, qtbot: QtBot
) -> None:
    anna, ben = windows.anna, windows.ben
    (row,) = rows_of(anna, 1)
    ask_question(anna.context.store, row.id)
    anna.window.show_area("activity")
    anna.window.activity.setCurrentIndex(1)
    qtbot.waitUntil(lambda: len(cards_of(anna)) == 1, timeout=WAIT)
    windows.settle()
    answer = button(cards_of(anna)[0], "Restart now")
    answer.setFocus()
    job_id = ben.context.commands.submit("health_check", [row.id], {})
    qtbot.waitUntil(lambda: anna.window.activity.jobs.jobs.model.row_of(job_id) is not None, timeout=WAIT)
    windows.settle()
    assert isValid(answer)
    assert anna.window.focusWidget() is answer
    ask_question(anna.context.store, rows_of(anna, 2)[1].id)
    qtbot.waitUntil(lambda: len(cards_of(anna)) == 2, timeout=WAIT)
    assert isValid(answer)
    assert anna.window.focusWidget() is answer


def test_the_later_answer_says_whose_was_taken_and_what_can_be_done(windows: Windows, qtbot: QtBot) -> None:
    anna, ben = windows.anna, windows.ben
    (row,) = rows_of(anna, 1)
    ask_question(anna.context.store, row.id)
    for session in (anna, ben):
        session.window.show_area("activity")
        session.window.activity.setCurrentIndex(1)
        qtbot.waitUntil(partial(asks, session), timeout=WAIT)
    qtbot.waitUntil(lambda: all(cards_of(session)[0].steady for session in (anna, ben)), timeout=WAIT)
    buttons = [button(cards_of(s)[0], text) for s, text in ((anna, "Restart now"), (ben, "Wait for it"))]
    for one in buttons:
        one.click()
    qtbot.waitUntil(lambda: not cards_of(anna) and not cards_of(ben), timeout=WAIT)
    windows.settle()
    (told,) = (t for s in (anna, ben) for t in s.window.news.texts() if "already answered" in t)
    assert "your answer was not taken" in told
    assert "Restart it anyway?" in told
    assert "Cancel the job" in told


def test_a_question_that_moves_up_takes_no_press_that_was_aimed_at_the_one_before(
    windows: Windows, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna, ben = windows.anna, windows.ben
    (row,) = rows_of(anna, 1)
    (_, _, first, _), (_, _, second, _) = (ask_question(anna.context.store, row.id) for _ in range(2))
    anna.window.show_area("activity")
    anna.window.activity.setCurrentIndex(1)
    qtbot.waitUntil(lambda: [c.row.id for c in cards_of(anna)] == [first, second], timeout=WAIT)
    qtbot.waitUntil(lambda: all(card.steady for card in cards_of(anna)), timeout=WAIT)
    monkeypatch.setattr(questions, "STEADY_SECONDS", 3600)
    ben.context.commands.answer(first, "wait")
    qtbot.waitUntil(partial(asks, anna), timeout=WAIT)
    (card,) = cards_of(anna)
    button(card, "Restart now").click()
    windows.settle()
    assert "has just come here" in said(card)
    assert [d.id for d in anna.context.store.fetch(open_decisions)] == [second]
    monkeypatch.setattr(questions, "STEADY_SECONDS", 0)
    button(card, "Restart now").click()
    qtbot.waitUntil(lambda: not anna.context.store.fetch(open_decisions), timeout=WAIT)


def test_giving_up_several_promises_goes_past_the_one_the_other_has_closed(
    windows: Windows, qtbot: QtBot
) -> None:
    anna, ben = windows.anna, windows.ben
    (row,) = rows_of(anna, 1)
    jobs = [ask_question(anna.context.store, row.id) for _ in range(2)]
    for job_id, *_ in jobs:
        end_failed(anna.context.store, job_id)
    promises = [promise for *_, promise in jobs]
    dialog = AbandonDialog(anna.desk, promises, anna.window)
    opened(windows, dialog)
    dialog.reason.setText("put back at the rack")
    ben.context.commands.abandon_restore(promises[0], "ben was there")
    dialog.abandon()
    closes(qtbot, dialog)
    restore = anna.window.activity.restore.model
    qtbot.waitUntil(lambda: {r.state for r in restore.all_rows()} == {"abandoned"}, timeout=WAIT)
    qtbot.waitUntil(lambda: any("ben was there" in t for t in anna.window.news.texts()), timeout=WAIT)


def complains_no_more(place: QWidget) -> bool:
    """Whether nothing in it says that the store is away."""
    return "does not answer" not in said(place)


def test_what_could_not_be_read_without_the_store_is_read_when_it_is_back(
    qapp: QApplication,
    qtbot: QtBot,
    tmp_path: Path,
    own_postgres: PostgresServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    url = own_postgres.url(own_postgres.create_database())
    with two_windows(qapp, tmp_path, url, monkeypatch, _fill) as windows:
        anna, ben = windows.anna.window, windows.ben.window
        anna.show_area("servers")
        anna.servers.show_server(rows_of(windows.anna, 1)[0].id)
        windows.settle()
        shown = anna.servers.details
        own_postgres.stop()
        ben.show_area("maintenance")
        runs = ben.areas.currentWidget()
        assert runs is not None
        anna.servers.show_server(rows_of(windows.anna, 2)[1].id)
        qtbot.waitUntil(lambda: "does not answer" in said(runs), timeout=WAIT)
        qtbot.waitUntil(lambda: "does not answer" in said(shown.overview), timeout=WAIT)
        shown.tabs.setCurrentIndex(1)
        qtbot.waitUntil(lambda: "does not answer" in said(shown.tabs.currentWidget()), timeout=WAIT)
        assert "psycopg" not in said(runs), "an operator knows the store by its server"
        for _ in range(3):
            windows.ben.desk.change(windows.ben.desk, lambda c: c.remove_servers([]))
        qtbot.waitUntil(lambda: not windows.ben.desk.work.busy, timeout=WAIT)
        assert sum("does not answer" in told for told in ben.news.texts()) == 1
        own_postgres.start()
        for place in (
            runs,
            shown.overview,
            shown.tabs.currentWidget(),
            ben.status,
            ben.news,
        ):
            qtbot.waitUntil(partial(complains_no_more, place), timeout=WAIT)


def test_news_that_stays_never_fills_more_than_its_corner(windows: Windows) -> None:
    """A passing word between two failures took their place in the count, so that the corner grew over the whole window."""
    desk, news = windows.anna.desk, windows.anna.window.news
    for number in range(8):
        desk.tell(f"Handed in {number}", Tone.INFO)
        desk.tell(f"Failed {number}", Tone.CRITICAL)
    assert len([one for one in news.texts() if one.startswith("Failed")]) == 4
