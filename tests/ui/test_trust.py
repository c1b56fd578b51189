"""Certificates and SSH keys in the window: both fingerprints, a typed word on a change, and the way from the failed job."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QMenu, QPushButton
from sqlalchemy import func, insert, select, update

from dsm_desktop.net.ssh import HostKeyChanged
from dsm_desktop.net.tls import Certificate, CertificateChanged
from dsm_desktop.store.models import AuditEntry, EsxiHost, Job, JobTask, Vcenter
from dsm_desktop.store.unit_of_work import Store
from dsm_desktop.ui.dialogs.trust import TrustDialog, openssh
from dsm_desktop.ui.main import Session
from dsm_desktop.ui.screenshots import settle
from dsm_desktop.ui.views.vcenter import VcenterView
from tests.ui.seed import seed_site
from tests.ui.seed_vsphere import seed_vsphere
from tests.ui.test_shell import dialog_of

OpenSession = Callable[..., Session]
OLD, NEW = "ab" * 32, "cd" * 32
SSH_JOB, SYNC_JOB = 9001, 9002


def fill(store: Store) -> None:
    """Host 1 shows another SSH key than before, host 2 its first; the vCenter another certificate. Two jobs failed of it."""
    seed_site(store)
    seed_vsphere(store)
    with store.write() as uow:
        for host_id, known in ((1, OLD), (2, "")):
            values = {"ssh_key": known, "shown_ssh_key": NEW}
            uow.session.execute(update(EsxiHost).where(EsxiHost.id == host_id).values(values))
        uow.session.execute(update(Vcenter).values(shown_fingerprint=NEW))
        common = {
            "state": "completed",
            "submitted_by": "anna",
            "submitted_at": uow.now,
            "total": 1,
            "failed": 1,
        }
        uow.session.execute(
            insert(Job),
            [
                {"id": SSH_JOB, "kind": "host_update", "title": "Update of esx01.site", "params": {}, **common},
                {"id": SYNC_JOB, "kind": "vcenter_sync", "title": "Read vcenter.site", "params": {"vcenter_id": 1}, **common},
            ],
        )  # fmt: skip
        ssh, tls = (
            HostKeyChanged("esx01.site:22", OLD, NEW),
            CertificateChanged("vcenter.site:443", OLD, Certificate(NEW)),
        )
        uow.session.execute(
            insert(JobTask),
            [
                {"job_id": SSH_JOB, "target": "esx01.site", "state": "failed", "due_at": uow.now, "host_id": 1, "error": ssh.as_dict()},
                {"job_id": SYNC_JOB, "target": "", "state": "failed", "due_at": uow.now, "host_id": None, "error": tls.as_dict()},
            ],
        )  # fmt: skip


@pytest.fixture
def session(open_session: OpenSession) -> Session:
    return open_session(fill)


def view_of(session: Session) -> VcenterView:
    session.window.show_area("vcenter")
    settle(session.desk)
    view = session.window.areas.view("vcenter")
    assert isinstance(view, VcenterView)
    return view


def trust_dialog(session: Session) -> TrustDialog:
    settle(session.desk)
    dialog = dialog_of(session, TrustDialog)
    assert isinstance(dialog, TrustDialog)
    return dialog


def said(dialog: TrustDialog) -> dict[str, str]:
    labels = dialog.findChildren(QLabel)
    return {name: label.text() for label in labels if (name := label.accessibleName())}


def step_of(session: Session, job_id: int) -> QPushButton:
    session.window.show_job(job_id)
    settle(session.desk)
    result = session.window.activity.jobs.details.result
    result.window().show()
    return result.step


def ssh_key(session: Session, host_id: int) -> str:
    query = select(EsxiHost.ssh_key).where(EsxiHost.id == host_id)
    return session.context.store.fetch(lambda c: str(c.execute(query).scalar_one()))


def test_the_failed_job_leads_to_the_changed_key_and_is_tried_again(session: Session) -> None:
    step = step_of(session, SSH_JOB)
    assert step.text() == "Look at the SSH key…"
    assert step.isVisible(), "the result of what failed is in sight at once"
    step.click()
    dialog = trust_dialog(session)
    shown = said(dialog)
    assert "ABAB ABAB" in shown["Trusted until now"]
    assert "CDCD CDCD" in shown["Shown now"]
    assert openssh(NEW) in shown["Shown now"]
    assert not dialog.trust_button.isEnabled(), "another key wants the name typed"
    dialog.trust()
    assert ssh_key(session, 1) == OLD
    QTest.keyClicks(dialog.typed, "esx01.site")
    assert dialog.trust_button.isEnabled()
    QTest.keyClick(dialog.trust_button, Qt.Key.Key_Space)
    settle(session.desk)
    assert ssh_key(session, 1) == NEW
    store = session.context.store
    again = select(Job.retry_of_id).order_by(Job.id.desc()).limit(1)
    assert store.fetch(lambda c: c.execute(again).scalar_one()) == SSH_JOB
    noted = select(func.count()).select_from(AuditEntry).where(AuditEntry.action == "hosts.ssh_key")
    assert store.fetch(lambda c: c.execute(noted).scalar_one()) == 1


def test_escape_believes_nothing(session: Session) -> None:
    step_of(session, SSH_JOB).click()
    dialog = trust_dialog(session)
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    settle(session.desk)
    assert ssh_key(session, 1) == OLD


def test_the_failed_reading_leads_to_the_changed_certificate(session: Session) -> None:
    step = step_of(session, SYNC_JOB)
    assert step.text() == "Look at the certificate…"
    step.click()
    dialog = trust_dialog(session)
    assert dialog.windowTitle() == "The certificate of vcenter.site has changed"
    dialog.typed.setText("vcenter.site")
    dialog.trust_button.click()
    settle(session.desk)
    assert session.context.store.fetch(lambda c: c.execute(select(Vcenter.fingerprint)).scalar_one()) == NEW
    step.click()
    settle(session.desk)
    assert not [d for d in session.window.findChildren(TrustDialog) if d.isVisible()], (
        "nothing waits there any more"
    )


def test_the_row_of_a_host_leads_to_its_first_key(session: Session) -> None:
    view = view_of(session)
    view.show_page("hosts")
    view.hosts.grid.select_ids([2])
    menu = QMenu()
    view.host_menu(menu)
    next(a for a in menu.actions() if a.text() == "Look at its SSH key…").trigger()
    dialog = trust_dialog(session)
    assert "Trusted until now" not in said(dialog)
    assert dialog.trust_button.isEnabled(), "at first contact nothing is typed"
    dialog.trust_button.click()
    settle(session.desk)
    assert ssh_key(session, 2) == NEW


def test_the_vcenter_area_says_that_hosts_wait(session: Session) -> None:
    with session.context.store.write() as uow:
        uow.session.execute(update(Vcenter).values(shown_fingerprint=OLD, problem=""))
    view = view_of(session)
    assert view.banner.isVisibleTo(view)
    assert "esx01.site shows another SSH key" in view.banner.accessibleName()
    view.banner._action.click()
    assert trust_dialog(session).windowTitle() == "The SSH key of esx01.site has changed"
