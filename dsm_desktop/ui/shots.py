"""What is photographed and walked through beside the first areas: fleet, racks, reports, their dialogs and the manual."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from PySide6.QtWidgets import QTabWidget, QWidget

from dsm_desktop.ui.desk import Desk
from dsm_desktop.ui.dialogs.custom_fields import CustomFieldsDialog, FieldDialog
from dsm_desktop.ui.dialogs.export import ExportDialog
from dsm_desktop.ui.dialogs.groups import GroupDialog, SmartGroupDialog
from dsm_desktop.ui.dialogs.import_servers import ImportDialog
from dsm_desktop.ui.dialogs.racks import RackDialog
from dsm_desktop.ui.dialogs.saved_views import SaveViewDialog
from dsm_desktop.ui.shell.window import MainWindow
from dsm_desktop.ui.views.manual import ManualWindow
from dsm_desktop.ui.widgets.column_chooser import ColumnChooser

Shot = tuple[str, QWidget]
_PAGES = (
    ("fleet", ("tiles", "racks", "idrac jobs", "screens")),
    ("reports", ("find", "changes", "firmware", "spares")),
)


def more_views(window: MainWindow, settle: Callable[[Desk], None]) -> Iterator[Shot]:
    """Every page of the Fleet and Reports areas."""
    for area, pages in _PAGES:
        for page in pages:
            window.show_area(f"{area}/{page}")
            view = window.areas.currentWidget()
            if isinstance(view, QTabWidget):
                view.setCurrentIndex(pages.index(page))
            settle(window.desk)
            yield f"{area}-{page}", window


def more_dialogs(desk: Desk, window: MainWindow) -> list[tuple[str, Callable[[], QWidget]]]:
    """Export, a rack, the manual."""
    return [
        ("export", lambda: ExportDialog(desk.work, window.servers.panel, "servers")),
        ("rack", lambda: RackDialog(desk, None, window)),
        ("manual", lambda: ManualWindow(window)),
        ("group", lambda: GroupDialog(desk, window, selected=[1, 2, 3])),
        ("smart-group", lambda: SmartGroupDialog(desk, window, "model:R750 health!=ok")),
        ("save-view", lambda: SaveViewDialog(desk, window, "servers", window.servers.views.layout_now())),
        ("own-fields", lambda: CustomFieldsDialog(desk, window)),
        ("own-field", lambda: FieldDialog(desk, window, None)),
        ("import", lambda: _import(desk, window)),
        ("columns", lambda: ColumnChooser(window.servers.panel.grid)),
    ]


def _import(desk: Desk, window: MainWindow) -> QWidget:
    dialog = ImportDialog(desk, window)
    dialog.text_.setPlainText(
        "BMC\tServer\tOwner\n10.0.9.1\tr750-01\tTeam A\n10.0.9.2\tr750-02\tTeam B\nno such\tr750-03\t\n"
    )
    return dialog
