"""Hosts without a server beside servers without a host; one of each is linked by hand."""

from __future__ import annotations

from PySide6.QtWidgets import QHBoxLayout, QWidget

from dsm_desktop.commands import vcenters
from dsm_desktop.core.access import Permission
from dsm_desktop.queries import Connection
from dsm_desktop.queries.unlinked import loose_hosts, loose_servers
from dsm_desktop.ui.desk import Desk
from dsm_desktop.ui.dialogs.base import Dialog
from dsm_desktop.ui.models.columns import Column
from dsm_desktop.ui.models.rows import Prepared
from dsm_desktop.ui.theme import Tone
from dsm_desktop.ui.widgets.panel import GridPanel

HOSTS = (
    Column("name", "Host", lambda r: r.name, width=210),
    Column("tag", "Service tag", lambda r: r.service_tag, width=92, help="As vCenter knows it"),
    Column("address", "Address", lambda r: r.address, kind="address", width=120),
)
SERVERS = (
    Column("label", "Server", lambda r: r.label, width=170),
    Column("tag", "Service tag", lambda r: r.service_tag, width=92),
    Column("host_name", "Its host name", lambda r: r.host_name, width=170, help="As the iDRAC knows it"),
    Column("model", "Model", lambda r: r.model, width=120),
)


class LinksDialog(Dialog):
    """Stays open, so that several are linked one after the other."""

    def __init__(self, desk: Desk, parent: QWidget | None) -> None:
        super().__init__(
            parent,
            "Hosts and servers that are not linked",
            "A linked host and its server share health, locks and maintenance. Service tag, hardware id and iDRAC address link them "
            "by themselves; where none says it, choose one on each side. A server that runs no ESXi stays unlinked.",
        )
        self._desk = desk
        self.setMinimumSize(980, 520)
        self.hosts = GridPanel(desk.work, "hosts without a server", HOSTS, icon_name="vm")
        self.hosts.when_empty("Every host has its server", "")
        self.servers = GridPanel(desk.work, "servers without a host", SERVERS, icon_name="server")
        self.servers.when_empty("Every server carries a host", "")
        sides = QHBoxLayout()
        sides.addWidget(self.hosts, 1)
        sides.addWidget(self.servers, 1)
        self.body.addLayout(sides, 1)
        self.add_cancel("Close")
        self.link = self.add_action("Link the two")
        self.link.clicked.connect(self.do_link)
        self._why_not = desk.why_not(Permission.CONFIGURE)
        for panel in (self.hosts, self.servers):
            panel.chosen.connect(lambda _: self._follow())
        self._follow()
        self.read()

    def read(self) -> None:
        """Both sides anew."""
        hosts, servers = self.hosts.model, self.servers.model

        def look(connection: Connection) -> tuple[Prepared, Prepared]:
            return hosts.prepare(loose_hosts(connection)), servers.prepare(loose_servers(connection))

        self._desk.work.query(self, look, self._show, self.fail, key="links")

    def _show(self, found: tuple[Prepared, Prepared]) -> None:
        self.hosts.set_rows(found[0])
        self.servers.set_rows(found[1])
        self._follow()

    def _follow(self) -> None:
        one_each = len(self.hosts.grid.selected_ids()) == 1 == len(self.servers.grid.selected_ids())
        self.link.setEnabled(one_each and not self._why_not)
        self.link.setToolTip(self._why_not or ("" if one_each else "Choose one host and one server."))

    def do_link(self) -> None:
        """The chosen host runs on the chosen server."""
        (host,), (server,) = self.hosts.grid.selected_ids(), self.servers.grid.selected_ids()
        name, label = self.hosts.model.row_of(host).name, self.servers.model.row_of(server).label

        def done(_: object) -> None:
            self.banner.say(f"{name} runs on {label}.", Tone.OK)
            self.read()

        self._desk.change(self, lambda c: c.do(vcenters.link_host, host, server), done, self.fail)
