"""Forms and confirmations of the jobs for hosts: what is done stands first, and what is wrong is said where it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from PySide6.QtWidgets import QLabel, QLineEdit, QWidget

from dsm_desktop.jobs import Targets
from dsm_desktop.operations.esxi_preflight import EsxiPreflightParams
from dsm_desktop.ui.dialogs.job import ConfirmDialog, JobDialog
from dsm_desktop.ui.main import Session
from dsm_desktop.ui.screenshots import settle
from dsm_desktop.ui.widgets.forms import Form
from dsm_desktop.ui.widgets.panel import GridPanel
from tests.ui.seed_vsphere import seed_linked
from tests.ui.test_shell import dialog_of
from tests.ui.test_vcenter_work import view_of

OpenSession = Callable[..., Session]


@pytest.fixture
def session(open_session: OpenSession) -> Session:
    return open_session(seed_linked)


Opened = Callable[[str], JobDialog]


@pytest.fixture
def opened(session: Session) -> Iterator[Opened]:
    """The form of a job for the first host."""
    dialogs: list[JobDialog] = []
    rows = view_of(session).hosts.model.shown_rows()[:1]

    def make(kind: str) -> JobDialog:
        dialog = JobDialog(session.desk, session.context.catalogue[kind], rows, {}, session.window)
        dialogs.append(dialog)
        dialog.open()
        settle(session.desk)
        return dialog

    yield make
    for dialog in dialogs:
        dialog.reject()


def told(form: QWidget) -> dict[str, str]:
    """Messages in sight, by the title of their field."""
    labels = [q for q in form.findChildren(QLabel) if q.accessibleName().startswith("Problem with")]
    return {q.accessibleName().removeprefix("Problem with "): q.text() for q in labels if not q.isHidden()}


@pytest.mark.parametrize("kind", ["firmware_then_esxi", "esxi_then_firmware", "host_update", "host_plan"])
def test_what_is_done_stands_above_how_it_is_done(opened: Opened, kind: str) -> None:
    form = opened(kind).form
    shown = [name for name in form.values() if not form.editor(name).isHidden()]
    assert shown[:3] == ["firmware", "packages", "depot"]
    assert not form.editor("packages").isVisible()
    assert not form.editor("depot_store").isVisible()
    form.editor("firmware").set_value("packages")
    form.editor("depot_file").set_value("bundle.zip")
    assert form.editor("packages").isVisible()
    assert form.editor("depot_store").isVisible()


def test_the_depot_stands_first_where_only_esxi_is_looked_at() -> None:
    form = Form(EsxiPreflightParams, None, EsxiPreflightParams.foremost)
    assert next(iter(form.values())) == "depot"
    form.deleteLater()


def test_packages_out_of_sight_do_not_count(opened: Opened) -> None:
    form = opened("firmware_then_esxi").form
    form.editor("depot").set_value("[iso] esxi.zip")
    form.editor("firmware").set_value("packages")
    form.editor("packages").set_value(["BIOS.EXE"])
    form.editor("firmware").set_value("library")
    params = form.validated()
    assert params is not None, told(form)
    assert params.model_dump()["packages"] == []


def test_what_is_missing_is_said_at_its_field(opened: Opened) -> None:
    dialog = opened("firmware_then_esxi")
    dialog.form.editor("firmware").set_value("packages")
    dialog.start()
    assert told(dialog.form) == {
        "Packages": "✕ Choose at least one package, or other firmware.",
        "… or a file of this machine": "✕ Where is the new ESXi? Name a depot, or choose its offline bundle here.",
    }
    dialog.form.editor("depot").set_value("esxi.zip")
    dialog.start()
    assert "is no place a host finds a depot at" in told(dialog.form)["ESXi depot"]
    check = opened("datastore_hash")
    check.start()
    assert told(check.form) == dict.fromkeys(("Datastore", "File"), "✕ This must be filled in.")


def test_a_datastore_is_picked_by_its_name(session: Session, opened: Opened) -> None:
    line = opened("datastore_hash").form.editor("datastore").control
    assert isinstance(line, QLineEdit)
    names = line.completer().model()
    shown = {str(names.index(n, 0).data()) for n in range(names.rowCount())}
    view = view_of(session)
    assert shown == {row.name for row in view.datastores.model.all_rows() if row.accessible}
    assert shown


def test_the_confirmation_is_about_hosts_and_says_what_becomes_of_their_vms(
    session: Session, opened: Opened
) -> None:
    for kind in ("firmware_then_esxi", "esxi_then_firmware", "host_update", "esxi_upgrade"):
        assert session.context.catalogue[kind].targets is Targets.HOST
        dialog = opened(kind)
        dialog.form.editor("depot").set_value("[iso] esxi.zip")
        dialog.start()
        settle(session.desk)
        asked = dialog_of(session, ConfirmDialog)
        said = " ".join(q.text() for q in asked.findChildren(QLabel))
        assert "running VMs of each host are moved to other hosts" in said
        panel = asked.findChild(GridPanel)
        assert panel is not None
        headings = [c.title for c in panel.model.columns]
        assert headings == ["Host", "Cluster", "Running VMs", "State", "Server"]
        asked.reject()
        settle(session.desk)
