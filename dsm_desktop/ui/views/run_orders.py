"""What a person can tell the chosen run: pause, go on, leave a host out, stop. What cannot be told now is grey and says why."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from dsm_desktop.commands import roll_orders
from dsm_desktop.core.access import Permission, Principal
from dsm_desktop.queries.jobs import OPEN, JobRow
from dsm_desktop.queries.maintenance import RUN_KINDS, Run, RunHostRow
from dsm_desktop.queries.run_orders import Order, left_as, why_not
from dsm_desktop.store.unit_of_work import UnitOfWork
from dsm_desktop.ui.desk import Desk
from dsm_desktop.ui.theme import SPACE, Tone
from dsm_desktop.ui.widgets.deeds import allow

_LABELS = {
    Order.PAUSE: "Pause",
    Order.GO_ON: "Go on",
    Order.SKIP: "Leave host out…",
    Order.NOW: "Stop…",
}
_TIPS = {
    Order.PAUSE: "The host at work is finished and taken back into service; the others wait until you go on",
    Order.GO_ON: "Take the pause back and begin the next host",
    Order.SKIP: "The chosen host: not begun, or stopped after its step and put back; what is installed by then stays",
    Order.NOW: "After this host, after this step, or now; says first in what state every host is left",
}


class RunOrders(QWidget):
    """A row of buttons. Stopping goes by the soonest of its three grades: while that can be ordered, there is something to stop."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self._row: JobRow | None = None
        self._run = Run()
        self._host: RunHostRow | None = None
        self.buttons = {order: QPushButton(label) for order, label in _LABELS.items()}
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(SPACE)
        for button in self.buttons.values():
            line.addWidget(button)
        deeds: dict[Order, Callable[[], None]] = {
            Order.PAUSE: self._pause,
            Order.GO_ON: lambda: self._order(roll_orders.go_on, "The run goes on."),
            Order.SKIP: self._skip,
            Order.NOW: lambda: self._ask(None),
        }
        for order, do in deeds.items():
            self.buttons[order].clicked.connect(lambda _=False, do=do: do())
        self._allow()

    def show_run(self, row: JobRow | None, run: Run) -> None:
        """The run that the buttons are about, as it stands."""
        self._row, self._run = row, run
        self._host = next((h for h in run.hosts if self._host is not None and h.id == self._host.id), None)
        self._allow()

    def choose(self, host: RunHostRow | None) -> None:
        """The host to be left out."""
        self._host = host
        self._allow()

    def _allow(self) -> None:
        for order, button in self.buttons.items():
            allow(button, self._why_not(order), _TIPS[order])

    def _why_not(self, order: Order) -> str:
        if why := self._desk.why_not(Permission.OPERATE):
            return why
        if self._row is None:
            return "Choose a run first."
        if self._row.kind not in RUN_KINDS:
            return "This is a job on one host, not a run over several: cancel it under Activity."
        return why_not(order, self._run, self._host)

    def _order(self, command: Callable[[UnitOfWork, Principal, int], None], told: str) -> None:
        if self._row is not None:
            run = self._row.id
            self._desk.change(self, lambda c: c.do(command, run), lambda _: self._desk.tell(told, Tone.INFO))

    def _pause(self) -> None:
        on = [host for host in self._run.hosts if host.state in OPEN]
        said = "; ".join(f"{h.host} {left_as(Order.PAUSE, h)}" for h in on) or "No host is at work"
        self._order(roll_orders.pause, f"Paused: {said}; the others wait until you go on.")

    def _skip(self) -> None:
        if self._host is None or self._host.host_id is None:
            self._desk.tell("Choose a host of the run first.", Tone.WARNING)
            return
        self._ask(self._host)

    def _ask(self, host: RunHostRow | None) -> None:
        from dsm_desktop.ui.dialogs.run_orders import RunOrderDialog

        if self._row is not None:
            RunOrderDialog(self._desk, self._row.id, self._row.title, self._run, host, self.window()).open()
