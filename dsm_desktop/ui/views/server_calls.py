"""The calls to one server."""

from __future__ import annotations

from PySide6.QtWidgets import QVBoxLayout

from dsm_desktop.queries.calls import CallFilter
from dsm_desktop.ui.desk import Desk
from dsm_desktop.ui.views.calls import CallsView
from dsm_desktop.ui.views.server_tabs import ServerTab


class CallsTab(ServerTab):
    """They follow the store by themselves."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.calls = CallsView(desk, CallFilter(server_id=-1), compact=True)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.calls)

    def show_server(self, server_id: int) -> None:
        self.calls.show_filter(CallFilter(server_id=server_id))
