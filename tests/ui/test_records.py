"""Fields that mean a record of the store offer its names; numbers are for the command line."""

from __future__ import annotations

from PySide6.QtWidgets import QComboBox

from dsm_desktop.store.models import ServerGroup, Vcenter
from dsm_desktop.ui.dialogs.job import JobDialog
from dsm_desktop.ui.main import Session
from dsm_desktop.ui.screenshots import settle
from dsm_desktop.ui.widgets.records import RecordEditor
from tests.ui.conftest import OpenSession
from tests.ui.seed_vsphere import seed_linked


def dialog_for(session: Session, kind: str) -> JobDialog:
    rows = session.window.servers.panel.model.shown_rows()[:2]
    job_type = session.context.catalogue[kind]
    dialog = JobDialog(
        session.desk, job_type, rows if job_type.targets.value == "server" else [], {}, session.window
    )
    dialog.show()
    settle(session.desk)
    return dialog


def editor_of(dialog: JobDialog, field: str) -> RecordEditor:
    editor = dialog.form.editor(field)
    assert isinstance(editor, RecordEditor)
    return editor


def names(editor: RecordEditor) -> list[str]:
    box = editor.control
    assert isinstance(box, QComboBox)
    return [box.itemText(n) for n in range(box.count())]


def test_a_cluster_is_chosen_by_name_of_the_chosen_vcenter(open_session: OpenSession) -> None:
    session = open_session(seed_linked)
    with session.context.store.write() as uow:
        uow.session.add(Vcenter(name="second", address="vc2", instance_uuid="u-2", added_at=uow.now))
    dialog = dialog_for(session, "cluster_safety_check")
    cluster, vcenter = editor_of(dialog, "cluster"), editor_of(dialog, "vcenter_id")
    assert names(cluster) == ["All", "Production", "Test"]
    assert names(vcenter)[0] == "All"
    vcenter.set_value(2)
    assert names(cluster) == ["All"], "the second vCenter has none"
    vcenter.set_value(1)
    cluster.set_value("domain-c9")
    params = dialog.form.validated()
    assert params is not None
    assert params.model_dump() == {"vcenter_id": 1, "cluster": "domain-c9"}
    dialog.close()


def test_what_has_to_be_chosen_is_asked_for_and_the_only_one_is_taken(open_session: OpenSession) -> None:
    session = open_session(seed_linked)
    dialog = dialog_for(session, "vcenter_sync")
    assert names(editor_of(dialog, "vcenter_id")) == ["vcenter.site"]
    params = dialog.form.validated()
    assert params is not None
    assert params.model_dump() == {"vcenter_id": 1}
    dialog.close()
    dialog = dialog_for(session, "scp_preview")
    assert names(editor_of(dialog, "profile_id")) == ["There is none"]
    assert dialog.form.validated() is None
    dialog.close()


def test_groups_are_offered_by_name_and_an_unknown_number_stays(open_session: OpenSession) -> None:
    session = open_session(seed_linked)
    with session.context.store.write() as uow:
        uow.session.add(ServerGroup(name="Rack 7"))
    dialog = dialog_for(session, "server_group_safety_check")
    group = editor_of(dialog, "group_id")
    assert "Rack 7" in names(group)
    assert group.value() is None
    group.set_value(4711)
    assert group.value() == 4711
    dialog.close()
