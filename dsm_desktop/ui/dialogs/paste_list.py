"""Select servers by a pasted list: a column of a spreadsheet, a mail, a ticket."""

from __future__ import annotations

from PySide6.QtWidgets import QPlainTextEdit

from dsm_desktop.core.errors import BadInput
from dsm_desktop.queries.groups import pasted_tags
from dsm_desktop.ui import words
from dsm_desktop.ui.desk import Desk
from dsm_desktop.ui.dialogs.base import Dialog
from dsm_desktop.ui.theme import Tone
from dsm_desktop.ui.views.servers import ServersView

_NAMED = 5


class PasteListDialog(Dialog):
    """What is not found is named and left in the field; what is found is selected."""

    def __init__(self, desk: Desk, servers: ServersView) -> None:
        super().__init__(
            servers.window(),
            "Select from a list",
            "Service tags, names, host names or addresses, separated by spaces, commas or lines.",
        )
        self._desk, self._servers = desk, servers
        self.list = QPlainTextEdit()
        self.list.setAccessibleName("List of servers")
        self.list.setTabChangesFocus(True)
        self.body.addWidget(self.list)
        self.add_cancel()
        self.add_action("Select").clicked.connect(self.select)
        self.list.setFocus()

    def select(self) -> None:
        """Select them in the grid, whatever was filtered before."""
        ids, missing = pasted_tags(self.list.toPlainText(), self._servers.panel.model.all_rows())
        if not ids:
            self.fail(BadInput("None of these is in the list of servers."))
            return
        self._servers.select_servers(ids)
        if missing:
            names = ", ".join(missing[:_NAMED]) + (" …" if len(missing) > _NAMED else "")
            self._desk.tell(f"{words.plural(len(ids), 'server')} selected; not found: {names}", Tone.WARNING)
        else:
            self._desk.tell(f"{words.plural(len(ids), 'server')} selected.")
        self.accept()
