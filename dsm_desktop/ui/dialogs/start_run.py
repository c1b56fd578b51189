"""The last question before a run: which hosts in which order, what restarts, which VMs stop, how long; Cancel is the default."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from PySide6.QtWidgets import QWidget

from dsm_desktop.ui import words
from dsm_desktop.ui.desk import Desk
from dsm_desktop.ui.dialogs.base import Dialog
from dsm_desktop.ui.models.columns import Column
from dsm_desktop.ui.widgets.labels import WrappedLabel
from dsm_desktop.ui.widgets.panel import GridPanel
from dsm_desktop.workflows.roll_plan import PlannedHost

HOSTS = (
    Column("host", "Host, in this order", lambda r: r.host.name, width=230),
    Column("vms", "VMs", lambda r: r.host.vms, kind="number", width=60),
    Column("restarts", "Restarts", lambda r: r.host.restarts, kind="number", width=70),
    Column("minutes", "Minutes", lambda r: r.host.minutes, kind="number", width=70, help="Estimated"),
    Column("changes", "Changes", lambda r: "; ".join(r.host.changes), width=330),
)


class _Row:
    def __init__(self, number: int, host: PlannedHost) -> None:
        self.id, self.host = number, host


class StartRunDialog(Dialog):
    """`decided` are sentences about VMs, `warning` what the job type itself warns of; `when` None = now."""

    def __init__(
        self,
        desk: Desk,
        subject: str,
        hosts: Sequence[PlannedHost],
        decided: Sequence[str],
        warning: str,
        when: datetime | None,
        parent: QWidget,
        do: Callable[[], None],
    ) -> None:
        super().__init__(parent, f"Start maintenance of {subject}?", warning)
        self._do = do
        self.setMinimumSize(800, 460)
        minutes, restarts = sum(h.minutes for h in hosts), sum(h.restarts for h in hosts)
        begins = when or datetime.now(UTC)
        ends = (begins + timedelta(minutes=minutes)).astimezone()
        self.said = WrappedLabel(
            f"{words.plural(len(hosts), 'host')}, {words.plural(restarts, 'restart')}, about {words.span(minutes * 60)}: "
            f"from {f'{begins.astimezone():%a %d %b %H:%M}' if when else 'now'} to about {ends:%a %H:%M}, one after the other."
        )
        self.said.setAccessibleName("The whole run")
        self.vms = WrappedLabel("\n".join(decided) or "No VM is shut down.")
        self.vms.setAccessibleName("What happens to VMs")
        self.hosts = GridPanel(desk.work, "hosts", HOSTS, icon_name="server", tools=False)
        self.hosts.set_rows(self.hosts.model.prepare([_Row(n, h) for n, h in enumerate(hosts, 1)]))
        self.body.addWidget(self.said)
        self.body.addWidget(self.hosts, 1)
        self.body.addWidget(self.vms)
        self.add_cancel(default=True)
        self.confirm = self.add_action(
            f"Start at {when.astimezone():%H:%M}" if when else "Start now", default=False
        )
        self.confirm.clicked.connect(self._confirmed)

    def _confirmed(self) -> None:
        self.accept()
        self._do()
