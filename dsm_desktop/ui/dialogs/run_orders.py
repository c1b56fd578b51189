"""Telling a run to leave a host out or to stop: each choice says, host by host, in what state it leaves them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtWidgets import QButtonGroup, QLabel, QLineEdit, QRadioButton, QWidget

from dsm_desktop.commands import roll_orders
from dsm_desktop.core.states import CancelGrade
from dsm_desktop.queries.maintenance import Run, RunHostRow, run_of
from dsm_desktop.queries.run_orders import Order, left_as, why_not
from dsm_desktop.ui import words
from dsm_desktop.ui.bridge import Change
from dsm_desktop.ui.desk import Desk
from dsm_desktop.ui.dialogs.base import Dialog
from dsm_desktop.ui.models.columns import Column
from dsm_desktop.ui.soon import Soon
from dsm_desktop.ui.theme import Tone
from dsm_desktop.ui.widgets.deeds import allow
from dsm_desktop.ui.widgets.labels import WrappedLabel
from dsm_desktop.ui.widgets.panel import GridPanel

_STOPS = (
    (Order.AFTER_HOST, "Stop after the host at work"),
    (Order.AFTER_STEP, "Stop after the step at work"),
    (Order.NOW, "Stop now"),
)
_PUT_BACK = "Settings that are held changed for the run are put back in any case."


class RunOrderDialog(Dialog):
    """`host` given: leave it out; else stop, with three grades. Not doing it is the default. It follows the run while it is open:
    what cannot be ordered any more is grey and says why."""

    def __init__(
        self, desk: Desk, run_id: int, title: str, run: Run, host: RunHostRow | None, parent: QWidget | None
    ) -> None:
        super().__init__(
            parent,
            f"Leave {host.host} out?" if host is not None else f"Stop “{title}”?",
            "The other hosts of the run are done." if host is not None else _PUT_BACK,
        )
        self._desk, self._run_id, self._run, self._host = desk, run_id, run, host
        self.order = Order.SKIP if host is not None else Order.AFTER_HOST
        self.setMinimumSize(820, 460)
        self.choices: dict[Order, QRadioButton] = {}
        group = QButtonGroup(self)
        for order, words_ in _STOPS if host is None else ():
            choice = QRadioButton(words_)
            choice.clicked.connect(lambda _=False, order=order: self._choose(order))
            group.addButton(choice)
            self.choices[order] = choice
            self.body.addWidget(choice)
        columns = (
            Column("host", "Host", lambda r: r.host, width=214),
            Column("state", "Now", lambda r: r.state, status=lambda r: words.work(r.state), width=126),
            Column("left", "Will be left so", self._left, width=430),
        )
        self.hosts = GridPanel(desk.work, "hosts", columns, icon_name="server", tools=False)
        self.body.addWidget(self.hosts, 1)
        self.told = WrappedLabel()
        """What becomes of the hosts at work, in full: that is what is decided about here."""
        self.body.addWidget(self.told)
        self.ask = QLabel()
        self.typed = QLineEdit()
        self.typed.textChanged.connect(lambda _: self._allow())
        for widget in (self.ask, self.typed):
            self.body.addWidget(widget)
        self.add_cancel("Let it run", default=True)
        self.do = self.add_action("Leave it out" if host is not None else "Stop", default=False)
        self.do.clicked.connect(self.give)
        self._soon = Soon(desk.work, self, 200, self._look)
        desk.bridge.changed.connect(self._changed)
        self._show()

    def _left(self, row: RunHostRow) -> str:
        chosen = self._host.id if self._host is not None else None
        return left_as(self.order, row, chosen, paused=bool(self._run.paused))

    def _choose(self, order: Order) -> None:
        self.order = order
        self._show()

    def _changed(self, change: Change) -> None:
        if change.topic in ("jobs", "job_tasks", "decisions"):
            self._soon.tell()

    def _look(self) -> None:
        run_id = self._run_id
        self._desk.work.query(self, lambda c: run_of(c, run_id), self._follow, self.banner.fail, key="run")

    def _follow(self, run: Run) -> None:
        self._run = run
        if self._host is not None:
            self._host = next((row for row in run.hosts if row.id == self._host.id), self._host)
        self._show()

    def _show(self) -> None:
        """What can still be ordered, and how that leaves each host."""
        for order, choice in self.choices.items():
            allow(choice, why_not(order, self._run))
        can = [order for order in self.choices if not why_not(order, self._run)]
        if can and self.order not in can:
            self.order = can[0]
        if self.choices:
            self.choices[self.order].setChecked(True)
        why = why_not(self.order, self._run, self._host)
        if why:
            self.banner.say(why, Tone.INFO, stays=True)
        else:
            self.banner.dismiss()
        self.hosts.set_rows(self.hosts.model.prepare(self._run.hosts))
        self.told.setText(self._of_those_at_work())
        forced = self.order is Order.NOW and not why
        words_ = f"Type the number of hosts at work ({self._at_work}) to confirm"
        self.ask.setText(f"{words_}: stopping now interrupts them.")
        self.typed.setAccessibleName(words_)
        self.ask.setVisible(forced)
        self.typed.setVisible(forced)
        self._allow()

    def _of_those_at_work(self) -> str:
        by_words: dict[str, list[str]] = {}
        for host in self._run.hosts:
            if host.at_work:
                by_words.setdefault(self._left(host), []).append(host.host)
        return "\n".join(f"{', '.join(names)} {left}." for left, names in by_words.items())

    @property
    def _at_work(self) -> int:
        return sum(host.at_work for host in self._run.hosts)

    def _allow(self) -> None:
        """A stop that interrupts is typed, as in the terminal; the number is that of now, not of when the question came up."""
        why = why_not(self.order, self._run, self._host)
        if not why and self.order is Order.NOW and self.typed.text().strip() != str(self._at_work):
            why = f"Type the number of hosts at work ({self._at_work}) first."
        allow(self.do, why)

    def give(self) -> None:
        """Hand the order in; the run sees it at its next look."""
        run_id, host = self._run_id, self._host
        if host is not None and host.host_id is not None:
            host_id = host.host_id
            name, skip = host.host, roll_orders.skip_host
            self._do(
                lambda: f"{name} is left out; it {self._desk.context.commands.do(skip, run_id, host_id)}."
            )
        elif host is None:
            self._do(partial(self._stop, self.order.grade))

    def _stop(self, grade: CancelGrade) -> str:
        self._desk.context.commands.cancel(self._run_id, grade)
        return "The run stops. What it has changed is put back first."

    def _do(self, command: Callable[[], str]) -> None:
        """`command` returns what to tell."""

        def done(said: str) -> None:
            self._desk.tell(said, Tone.INFO)
            self.accept()

        self.setEnabled(False)
        self._desk.work.command(self, command, done, self.fail)
