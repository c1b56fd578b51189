"""The planning dialog starts the very plan that it shows, whatever is chosen or happens while it is open."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pytestqt.qtbot import QtBot
from sqlalchemy import select, update

from dsm_desktop.store.models import Job, JobTask
from dsm_desktop.ui.dialogs.plan_maintenance import PlanMaintenanceDialog
from dsm_desktop.ui.dialogs.start_run import StartRunDialog
from dsm_desktop.ui.main import Session
from dsm_desktop.ui.screenshots import settle
from tests.kit.maintenance_run import PLAN, RUN
from tests.ui.kit import WAIT
from tests.ui.seed_maintenance import seed_maintenance

OpenSession = Callable[..., Session]


@pytest.fixture
def session(open_session: OpenSession) -> Session:
    return open_session(seed_maintenance)


@pytest.fixture
def dialog(session: Session) -> PlanMaintenanceDialog:
    dialog = PlanMaintenanceDialog(session.desk, {"vcenter_id": 1, "cluster": "domain-c8"}, session.window)
    dialog.open()
    settle(session.desk)
    return dialog


def params_of(session: Session, kind: str) -> dict[str, Any]:
    """Of the newest job of a kind."""
    newest = select(Job.params).where(Job.kind == kind).order_by(Job.id.desc()).limit(1)
    return dict(session.context.store.fetch(lambda c: c.execute(newest).scalar_one()))


def end_plan(session: Session, result: dict[str, Any] | None) -> None:
    """The newest plan's job is through; its other desktops and this one hear it."""
    with session.context.store.write() as uow:
        number = (
            uow.session.execute(select(Job.id).where(Job.kind == "rolling_plan").order_by(Job.id.desc()))
            .scalars()
            .first()
        )
        ended = {
            "state": "completed" if result else "failed",
            "started_at": uow.now,
            "finished_at": uow.now,
            "result": result,
        }
        uow.session.execute(update(JobTask).where(JobTask.job_id == number).values(**ended))
        uow.changed("job_tasks", "changed")


def something_else_happens(session: Session) -> None:
    """Another job's progress."""
    with session.context.store.write() as uow:
        uow.changed("jobs", "changed", RUN)
        uow.changed("job_tasks", "changed")
    settle(session.desk)


def show(session: Session, dialog: PlanMaintenanceDialog, qtbot: QtBot) -> None:
    dialog.next.click()
    settle(session.desk)
    end_plan(session, {"plan": PLAN.model_dump(mode="json")})
    qtbot.waitUntil(lambda: dialog.pages.currentIndex() == 1, timeout=WAIT)


def test_the_run_starts_with_what_its_plan_was_made_from(
    session: Session, dialog: PlanMaintenanceDialog, qtbot: QtBot
) -> None:
    dialog.next.click()
    settle(session.desk)
    planned = params_of(session, "rolling_plan")
    assert (planned["cluster"], planned["pass_hardware_warnings"]) == ("domain-c8", False)
    for chooser in (dialog.form.editor("pass_hardware_warnings").control, dialog.cluster, dialog.later):
        assert not chooser.isEnabled(), "what is chosen now would not be in the plan"
    dialog.form.editor("pass_hardware_warnings").set_value(True)
    dialog.cluster.setCurrentIndex(dialog.cluster.count() - 1 - dialog.cluster.currentIndex())
    end_plan(session, {"plan": PLAN.model_dump(mode="json")})
    qtbot.waitUntil(lambda: dialog.pages.currentIndex() == 1, timeout=WAIT)
    assert dialog.plan.questions.of("web09").choose("shut_down")
    dialog.next.click()
    settle(session.desk)
    (confirm,) = dialog.findChildren(StartRunDialog)
    confirm.confirm.click()
    settle(session.desk)
    chosen = {"order": [2, 1], "hosts": [2, 1], "decisions": ["vm-9 = shut_down", "vm-5 = disconnect"]}
    assert params_of(session, "rolling_update") == planned | chosen


def test_after_back_the_plan_is_made_anew_before_anything_starts(
    session: Session, dialog: PlanMaintenanceDialog, qtbot: QtBot
) -> None:
    show(session, dialog, qtbot)
    dialog.back.click()
    assert dialog.form.isEnabled()
    dialog.form.editor("pass_hardware_warnings").set_value(True)
    something_else_happens(session)
    assert (dialog.pages.currentIndex(), dialog.next.text()) == (0, "Make the plan")
    show(session, dialog, qtbot)
    planned = params_of(session, "rolling_plan")
    assert (planned["pass_hardware_warnings"], planned["order"], planned["hosts"]) == (True, [], [])
    values = dialog.values()
    assert values is not None
    assert values["pass_hardware_warnings"] is True


def test_a_plan_that_could_not_be_made_leaves_the_choices_open_and_says_so_once(
    session: Session, dialog: PlanMaintenanceDialog, qtbot: QtBot
) -> None:
    dialog.next.click()
    settle(session.desk)
    end_plan(session, None)
    qtbot.waitUntil(dialog.next.isEnabled, timeout=WAIT)
    assert dialog.form.isEnabled()
    assert dialog.banner.isVisible()
    dialog.banner.dismiss()
    something_else_happens(session)
    assert not dialog.banner.isVisible(), "what other jobs do is no news of this plan"
