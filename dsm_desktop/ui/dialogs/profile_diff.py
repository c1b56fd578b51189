"""Two or three states of a configuration side by side: golden, before, now."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtWidgets import QCheckBox, QWidget

from dsm_desktop.configuration.differences import Difference, IgnoreRules, three_way
from dsm_desktop.queries import Connection
from dsm_desktop.queries.configuration import ignored_settings
from dsm_desktop.ui.desk import Desk
from dsm_desktop.ui.dialogs.base import Dialog
from dsm_desktop.ui.models.columns import Column
from dsm_desktop.ui.models.rows import Prepared
from dsm_desktop.ui.theme import Tone
from dsm_desktop.ui.widgets.panel import GridPanel
from dsm_desktop.ui.words import Status

_VERDICT = {
    "same": Status("Same", "status-ok", Tone.OK),
    "drifted": Status("Drifted", "status-warning", Tone.WARNING),
    "never set": Status("Never set", "status-critical", Tone.CRITICAL),
    "changed": Status("Changed", "edit", Tone.INFO),
    "mended": Status("Mended", "status-ok", Tone.OK),
    "added": Status("Added", "add", Tone.INFO),
    "gone": Status("Gone", "remove", Tone.WARNING),
}


@dataclass(frozen=True, slots=True)
class DifferenceRow:
    """A difference with a number of its own."""

    id: int
    line: Difference

    @property
    def component(self) -> str:
        return self.line.key.partition("#")[0]

    @property
    def name(self) -> str:
        return self.line.key.partition("#")[2]


def _text(value: object) -> str:
    return "—" if value is None else str(value) or "(empty)"


def columns(with_golden: bool, with_before: bool) -> tuple[Column, ...]:
    """Without the states that are not compared."""
    wanted = [
        Column("component", "Component", lambda r: r.component, width=150),
        Column("name", "Setting", lambda r: r.name, width=240),
        Column(
            "verdict",
            "State",
            lambda r: r.line.verdict.value,
            status=lambda r: _VERDICT[r.line.verdict.value],
            width=110,
        ),
    ]
    if with_golden:
        wanted.append(Column("golden", "Golden", lambda r: _text(r.line.golden), width=170))
    if with_before:
        wanted.append(Column("before", "Before", lambda r: _text(r.line.before), width=170))
    return (*wanted, Column("now", "Now", lambda r: _text(r.line.now), width=170))


@dataclass(frozen=True, slots=True)
class States:
    """What is compared; None = not compared."""

    golden: dict[str, str] | None
    before: dict[str, str] | None
    now: dict[str, str]


class ProfileDiffDialog(Dialog):
    """Settings that name the machine itself, and secrets, are left out."""

    def __init__(
        self,
        desk: Desk,
        parent: QWidget | None,
        title: str,
        text: str,
        load: Callable[[Connection], States],
        *,
        with_golden: bool,
        with_before: bool,
    ) -> None:
        super().__init__(parent, title, text)
        self._desk, self._load = desk, load
        self.resize(1040, 640)
        self.everything = QCheckBox("Also what is the same")
        self.identity = QCheckBox("Also what names the machine (addresses, tags, MACs)")
        for box in (self.everything, self.identity):
            box.toggled.connect(lambda _: self.read())
            self.body.addWidget(box)
        self.panel = GridPanel(
            desk.work, "differences", columns(with_golden, with_before), icon_name="history"
        )
        self.panel.when_empty("No difference", "What is compared is the same.")
        self.body.addWidget(self.panel, 1)
        self.add_cancel("Close", default=True)
        self.read()

    def read(self) -> None:
        """Compare again."""
        everything = self.everything.isChecked()
        identity = self.identity.isChecked()

        def ask(connection: Connection) -> Prepared:
            states = self._load(connection)
            rules = IgnoreRules.of_site(ignored_settings(connection), identity=identity)
            lines = three_way(states.golden, states.before, states.now, rules, everything=everything)
            return self.panel.model.prepare(DifferenceRow(n, line) for n, line in enumerate(lines))

        self._desk.work.query(
            self, ask, self.panel.set_rows, lambda e: self.panel.error(e, self.read), key="diff"
        )
