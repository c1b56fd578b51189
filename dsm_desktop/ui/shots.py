"""What is photographed and walked through beside the first areas: fleet, racks, reports, their dialogs and the manual."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from PySide6.QtWidgets import QTabWidget, QWidget

from dsm_desktop.app.store_desk import Backup
from dsm_desktop.ui.desk import Desk
from dsm_desktop.ui.dialogs.colour_rules import ColourRulesDialog
from dsm_desktop.ui.dialogs.custom_fields import CustomFieldsDialog, FieldDialog
from dsm_desktop.ui.dialogs.export import ExportDialog
from dsm_desktop.ui.dialogs.groups import GroupDialog, SmartGroupDialog
from dsm_desktop.ui.dialogs.import_servers import ImportDialog
from dsm_desktop.ui.dialogs.keys import PassphraseDialog, RecoveryKeyDialog, RotateKeyDialog
from dsm_desktop.ui.dialogs.plan_maintenance import PlanMaintenanceDialog
from dsm_desktop.ui.dialogs.racks import RackDialog
from dsm_desktop.ui.dialogs.saved_views import SaveViewDialog
from dsm_desktop.ui.dialogs.store import MoveStoreDialog, PutBackDialog
from dsm_desktop.ui.dialogs.support_pack import SupportPackDialog
from dsm_desktop.ui.dialogs.vcenter import VcenterDialog
from dsm_desktop.ui.models.colours import ColourRule
from dsm_desktop.ui.shell.areas import AREAS
from dsm_desktop.ui.shell.window import MainWindow
from dsm_desktop.ui.theme import Tone
from dsm_desktop.ui.views.manual import ManualWindow
from dsm_desktop.ui.views.vcenter import VcenterView
from dsm_desktop.ui.widgets.column_chooser import ColumnChooser

Shot = tuple[str, QWidget]
_BY_THEMSELVES = frozenset(("dashboard", "servers", "activity", "settings", "vcenter", "maintenance"))
"""Areas with a walk of their own; any other is walked tab by tab, so that a new one is not forgotten."""
_COPY = Backup(1, Path("store-20261120T220000Z.db"), datetime(2026, 11, 20, 22, tzinfo=UTC), 48_000_000)


def more_views(window: MainWindow, settle: Callable[[Desk], None]) -> Iterator[Shot]:
    """Every page of the Fleet, Reports, Library and vCenter areas, and Maintenance."""
    for area in (area.key for area in AREAS if area.key not in _BY_THEMSELVES):
        window.show_area(area)
        view = window.areas.currentWidget()
        assert isinstance(view, QTabWidget)
        for number in range(view.count()):
            view.setCurrentIndex(number)
            settle(window.desk)
            yield f"{area}-{view.tabText(number).lower().replace(' ', '-')}", window
    for page in VcenterView.PAGES:
        window.show_area(f"vcenter/{page}")
        settle(window.desk)
        yield f"vcenter-{page}", window
    window.show_area("maintenance")
    settle(window.desk)
    yield "maintenance", window
    yield from _tabs(window, settle)


def _tabs(window: MainWindow, settle: Callable[[Desk], None]) -> Iterator[Shot]:
    """A server and a job in tabs of their own."""
    rows = window.servers.panel.model.shown_rows()
    jobs = window.activity.jobs.jobs.model.shown_rows()
    wanted = [f"server:{row.id}" for row in rows[:1]] + [f"job:{row.id}" for row in jobs[:1]]
    for spec in wanted:
        window.deck.open(spec)
        settle(window.desk)
        yield f"tab-{spec.partition(':')[0]}", window
    for _ in wanted:
        window.deck.close_current()


def more_dialogs(desk: Desk, window: MainWindow) -> list[tuple[str, Callable[[], QWidget]]]:
    """Export, a rack, the manual."""
    return [
        ("export", lambda: ExportDialog(desk.work, window.servers.panel, "servers")),
        ("rack", lambda: RackDialog(desk, None, window)),
        ("add-vcenter", lambda: VcenterDialog(window, desk, None)),
        ("plan-maintenance", lambda: PlanMaintenanceDialog(desk, {}, window)),
        ("manual", lambda: ManualWindow(window)),
        ("group", lambda: GroupDialog(desk, window, selected=[1, 2, 3])),
        ("smart-group", lambda: SmartGroupDialog(desk, window, "model:R750 health!=ok")),
        ("save-view", lambda: SaveViewDialog(desk, window, "servers", window.servers.views.layout_now())),
        ("own-fields", lambda: CustomFieldsDialog(desk, window)),
        ("own-field", lambda: FieldDialog(desk, window, None)),
        ("import", lambda: _import(desk, window)),
        ("recovery-key", lambda: RecoveryKeyDialog(desk, window)),
        ("rotate-key", lambda: RotateKeyDialog(desk, window)),
        ("passphrase", lambda: PassphraseDialog(desk, window)),
        ("put-back", lambda: PutBackDialog(desk, _COPY, window)),
        ("move-store", lambda: MoveStoreDialog(desk, window)),
        ("support-pack", lambda: SupportPackDialog(desk, window)),
        ("colour-rules", lambda: _colours(window)),
        ("columns", lambda: ColumnChooser(window.servers.panel.grid)),
    ]


def _colours(window: MainWindow) -> QWidget:
    model = window.servers.panel.model
    rules = [ColourRule("watts", "watts>500", Tone.CRITICAL), ColourRule("", "tags:lab", Tone.INFO)]
    return ColourRulesDialog(window, model.columns, model.language, rules, model.set_rules)


def _import(desk: Desk, window: MainWindow) -> QWidget:
    dialog = ImportDialog(desk, window)
    dialog.text_.setPlainText(
        "BMC\tServer\tOwner\n10.0.9.1\tr750-01\tTeam A\n10.0.9.2\tr750-02\tTeam B\nno such\tr750-03\t\n"
    )
    return dialog
