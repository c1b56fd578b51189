"""What a file of the library is, which servers it fits and why not on the others, and where it was used."""

from __future__ import annotations

from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from dsm_desktop.queries import Connection
from dsm_desktop.queries.library import FitRow, ItemRow, UseRow, fit_rows, item_uses, servers_of_models
from dsm_desktop.ui import words
from dsm_desktop.ui.desk import Desk
from dsm_desktop.ui.models.columns import Column
from dsm_desktop.ui.theme import SPACE, Tone, ui_font
from dsm_desktop.ui.widgets.panel import GridPanel

_MOST_SERVERS = 500
_ORDERS = {
    "upgrade": words.Status("Upgrade", "status-info", Tone.INFO),
    "downgrade": words.Status("Downgrade", "status-warning", Tone.WARNING),
    "same": words.Status("Same", "status-ok", Tone.OK),
    "unknown": words.Status("Order unknown", "status-unknown", Tone.MUTED),
}


class _Line:
    """A server in the grid: what installing would be, or why the package is not for it."""

    def __init__(self, row: FitRow) -> None:
        self.id, self.server, self.model = row.server_id, row.server, row.model
        orders = {match.order.value for match in row.fit.matches}
        self.order = next(iter(orders)) if len(orders) == 1 else "unknown" if orders else ""
        self.installed = ", ".join(sorted({match.component.version for match in row.fit.matches}))
        self.reason = row.fit.reason
        self.status = (
            _ORDERS[self.order]
            if orders
            else words.Status(words.sentence(row.fit.verdict.value), "status-off", Tone.MUTED)
        )


_COLUMNS = (
    Column("fit", "Would be", lambda r: r.order, status=lambda r: r.status, width=120),
    Column("server", "Server", lambda r: r.server, width=150),
    Column("installed", "Installed", lambda r: r.installed, kind="version", width=100),
    Column("why", "Why not", lambda r: r.reason, width=240),
    Column("model", "Model", lambda r: r.model, width=140, shown=False),
)


class LibraryItemView(QWidget):
    """Beside the files; empty while none or several are chosen."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self._item: ItemRow | None = None
        self.title, self.facts, self.uses = QLabel(), QLabel(), QLabel()
        self.title.setFont(ui_font(step=1, bold=True))
        self.title.setAccessibleName("Chosen file")
        self.facts.setAccessibleName("What it is")
        self.uses.setAccessibleName("Where it was used")
        column = QVBoxLayout(self)
        column.setContentsMargins(SPACE, SPACE, SPACE, SPACE)
        for label in (self.title, self.facts, self.uses):
            label.setWordWrap(True)
            column.addWidget(label)
        self.panel = GridPanel(desk.work, "servers it fits", _COLUMNS, icon_name="server", tools=False)
        self.panel.opened.connect(desk.server_opened.emit)
        column.addWidget(self.panel, 1)
        self.show_item(None)

    def show_item(self, item: ItemRow | None) -> None:
        """This file, or nothing."""
        self._item = item
        if item is None:
            self.title.setText("")
            self.facts.setText("Choose a file to see what it is and whom it fits.")
            self.uses.setText("")
            self.panel.clear("No file chosen", "")
            return
        self.title.setText(item.name)
        lines = [
            item.title,
            f"Version {item.version}" if item.version else "",
            f"For {item.models}" if item.models else "",
        ]
        lines += [
            item.signature,
            item.problem,
            f"SHA-256 {item.sha256}" if item.sha256 else "",
            f"{item.folder} on {item.host}",
        ]
        self.facts.setText("\n".join(line for line in lines if line))
        self.uses.setText("")
        self.panel.clear("Reading …", "")
        self._desk.work.query(self, self._ask, self._show, self._desk.fail, key="item")

    def _ask(self, connection: Connection) -> tuple[int, list[_Line], list[UseRow]]:
        item = self._item
        if item is None:
            return 0, [], []
        servers = servers_of_models(connection, item.id)[:_MOST_SERVERS]
        return (
            item.id,
            [_Line(row) for row in fit_rows(connection, item.id, servers)],
            item_uses(connection, item.id, 5),
        )

    def _show(self, found: tuple[int, list[_Line], list[UseRow]]) -> None:
        item_id, lines, uses = found
        if self._item is None or item_id != self._item.id:
            return
        text = {
            "package": "No server of these models is on the list.",
            "iso": "An ISO says nothing about models.",
        }.get(self._item.kind, "")
        self.panel.when_empty("No servers", text)
        self.panel.set_rows(self.panel.model.prepare(lines))
        told = [f"{words.stamp(u.at)}: {u.server}, job {u.job_id}" for u in uses]
        self.uses.setText("Used last:\n" + "\n".join(told) if told else "Not used yet.")
