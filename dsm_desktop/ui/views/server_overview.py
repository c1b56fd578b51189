"""A server at a glance: what it is, how it is, how old that is, which login is used and why."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from PySide6.QtCore import Qt
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QGroupBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from dsm_desktop.app.context import CredentialChoice
from dsm_desktop.core.access import Permission
from dsm_desktop.core.part_place import place
from dsm_desktop.core.part_words import part_kind
from dsm_desktop.core.states import Access
from dsm_desktop.queries.calls import failed_call
from dsm_desktop.queries.inventory import PartRow, unhealthy_parts
from dsm_desktop.queries.query_values import plain
from dsm_desktop.queries.servers import ServerRow, shown_fingerprint
from dsm_desktop.ui import theme, words
from dsm_desktop.ui.bridge import Change
from dsm_desktop.ui.desk import Desk
from dsm_desktop.ui.dialogs.servers import TrustDialog
from dsm_desktop.ui.theme import SPACE, Tone
from dsm_desktop.ui.views.part_words import part_name
from dsm_desktop.ui.widgets.deeds import allow
from dsm_desktop.ui.widgets.labels import WrappedLabel
from dsm_desktop.ui.widgets.states import Banner, Picture
from dsm_desktop.ui.words import Status


def _skew(row: ServerRow) -> str:
    skew = row.clock_skew_seconds
    if skew is None:
        return ""
    return "right" if abs(skew) < 5 else f"{words.span(abs(skew))} {'ahead' if skew > 0 else 'behind'}"


def _certificate(row: ServerRow) -> str:
    if row.trust_mode == "off":
        return "not checked"
    if row.trust_mode == "ca":
        return "checked against the site's CA"
    return f"pinned, SHA-256 {row.fingerprint[:16]}…" if row.fingerprint else "pinned at the first connection"


_FACTS: tuple[tuple[str, Callable[[ServerRow], str]], ...] = (
    ("Service tag", lambda r: r.service_tag or ""),
    (
        "Model",
        lambda r: r.model if r.manufacturer.startswith("Dell") else f"{r.manufacturer} {r.model}".strip(),
    ),
    ("Host name", lambda r: r.host_name),
    ("BMC address", lambda r: r.endpoint),
    ("iDRAC", lambda r: " ".join(t for t in (r.generation, r.idrac_version) if t)),
    ("Licence", lambda r: r.licence),
    ("BIOS", lambda r: r.bios_version),
    ("Processors", lambda r: r.processor_summary),
    ("Memory", lambda r: words.number(r.memory_gib, "GiB")),
    ("Power draw", lambda r: words.number(r.power_watts, "W")),
    ("Inlet", lambda r: words.number(r.inlet_celsius, "°C")),
    ("Identification LED", lambda r: {True: "blinking", False: "off", None: ""}[r.led_blinking]),
    ("Lockdown mode", lambda r: words.yes_no(r.lockdown)),
    ("Clock of the iDRAC", _skew),
    ("Answer time", lambda r: words.number(r.response_ms, "ms")),
    ("BMC MAC", lambda r: r.bmc_mac),
    ("Asset tag", lambda r: r.asset_tag),
    ("PDUs", lambda r: r.pdus),
    ("Certificate", _certificate),
    ("Tags", lambda r: ", ".join(r.tags)),
    (
        "Own fields",
        lambda r: "\n".join(f"{words.sentence(k)}: {plain(v)}" for k, v in sorted(r.custom.items())),
    ),
    ("Notes", lambda r: r.notes),
)


_UNHEALTHY_SHOWN = 8


def _by_which_login(row: ServerRow) -> tuple[object, ...]:
    """What of a server decides which login is used; anybody may change it while it is in sight."""
    return row.assigned_credential_id, row.discovered_credential_id, row.address


class Chip(QWidget):
    """A state: icon and word in the tone's colour."""

    def __init__(self) -> None:
        super().__init__()
        self._picture = Picture("status-unknown", 16)
        self._word = QLabel()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, SPACE, 0)
        row.setSpacing(4)
        row.addWidget(self._picture)
        row.addWidget(self._word)

    def show_status(self, status: Status, before: str = "") -> None:
        self._picture.show_icon(status.icon, status.tone)
        self._word.setText(f"{before}{status.word}")
        self.setAccessibleName(f"{before}{status.word}")


class ServerOverview(QScrollArea):
    """Filled by `show_row`; the login line is asked for separately because it reads the vault's rules."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self._row: ServerRow | None = None
        self._inventory_at: datetime | None = None
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName("Overview")
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setSpacing(SPACE)
        self._problem = Banner()
        self._health, self._power, self._access = Chip(), Chip(), Chip()
        chips = QHBoxLayout()
        for chip in (self._health, self._power, self._access):
            chips.addWidget(chip)
        chips.addStretch()
        self._age = QLabel()
        self._age.setAccessibleName("Age of the readings")
        column.addWidget(self._problem)
        column.addLayout(chips)
        column.addWidget(self._age)
        column.addWidget(self._subsystem_box())
        self._unhealthy = WrappedLabel("")
        self._unhealthy.setAccessibleName("Parts that are not healthy")
        self._unhealthy.hide()
        column.addWidget(self._unhealthy)
        column.addWidget(self._login_box())
        column.addWidget(self._facts_box())
        column.addStretch()
        self.setWidget(inside)
        desk.bridge.changed.connect(self._changed)
        desk.store_back.connect(self._ask_login)

    def _subsystem_box(self) -> QWidget:
        self._subsystems = QGroupBox("Health by subsystem")
        self._subsystem_grid = QGridLayout(self._subsystems)
        self._subsystem_grid.setVerticalSpacing(4)
        self._subsystem_keys: tuple[str, ...] = ()
        self._subsystem_chips: dict[str, Chip] = {}
        return self._subsystems

    def _login_box(self) -> QWidget:
        box = QGroupBox("Login")
        row = QVBoxLayout(box)
        self._login = WrappedLabel("…")
        self._login.setAccessibleName("Login used for this server")
        test = QPushButton("Test login")
        allow(test, self._desk.why_not(Permission.OPERATE))
        test.clicked.connect(lambda: self._start("test_credentials"))
        row.addWidget(self._login)
        row.addWidget(test, alignment=Qt.AlignmentFlag.AlignLeft)
        return box

    def _facts_box(self) -> QWidget:
        box = QGroupBox("Facts")
        grid = QGridLayout(box)
        grid.setVerticalSpacing(4)
        grid.setHorizontalSpacing(SPACE * 2)
        grid.setColumnStretch(1, 1)
        self._facts: list[tuple[QLabel, QLabel, Callable[[ServerRow], str]]] = []
        for number, (title, read) in enumerate(_FACTS):
            label, value = QLabel(title), WrappedLabel()
            label.setForegroundRole(self.palette().ColorRole.PlaceholderText)
            value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            value.setAccessibleName(title)
            label.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
            grid.addWidget(label, number, 0)
            grid.addWidget(value, number, 1)
            self._facts.append((label, value, read))
        return box

    def _start(self, kind: str) -> None:
        if self._row is not None:
            self._desk.job_wanted.emit(kind, [self._row.id], {})

    # -- showing ------------------------------------------------------------------------------------------------

    def show_row(self, row: ServerRow) -> None:
        """Everything that stands in the row; a changed row only changes words."""
        before = self._row
        other = before is None or before.id != row.id
        self._row = row
        self._health.show_status(words.health(row.health))
        self._power.show_status(words.power(row.power_state), "Power: ")
        self._access.show_status(words.access(row.access))
        read = f"Read {words.ago(row.facts_at)}" if row.facts_at else "Never read"
        inventory = f", inventory {words.ago(row.inventory_at)}" if row.inventory_at else ", no inventory yet"
        self._age.setText(read + inventory)
        palette = QPalette(self.palette())
        palette.setColor(QPalette.ColorRole.WindowText, theme.tone_colour(words.age(row.facts_at).tone))
        self._age.setPalette(palette)
        self._age.setToolTip(words.stamp_tip(row.facts_at))
        self._show_problem(row)
        self._show_subsystems(row)
        for label, value, fact in self._facts:
            text = fact(row)
            value.setText(text)
            label.setVisible(bool(text))
            value.setVisible(bool(text))
        if other:
            self._login.setText("…")
        if before is None or other or _by_which_login(before) != _by_which_login(row):
            self._ask_login()
        if other or row.inventory_at != self._inventory_at:
            self._inventory_at = row.inventory_at
            self._desk.work.query(
                self, lambda c: unhealthy_parts(c, row.id), self._show_unhealthy, key="unhealthy"
            )

    def _show_unhealthy(self, parts: list[PartRow]) -> None:
        """What is behind a health that is not OK; old firmware names no subsystem but those of processors and memory."""
        told = [
            f"{words.health(p.health).word}: {part_kind(p.kind)} {place(p.slot, p.part_id)} {part_name(p)}".replace(
                "  ", " "
            )
            for p in parts[:_UNHEALTHY_SHOWN]
        ]
        if len(parts) > _UNHEALTHY_SHOWN:
            told.append(f"and {len(parts) - _UNHEALTHY_SHOWN} more under Hardware")
        self._unhealthy.setText("\n".join(told))
        self._unhealthy.setVisible(bool(told))

    def _changed(self, change: Change) -> None:
        if change.topic == "credentials":
            self._ask_login()

    def _ask_login(self) -> None:
        row, reads = self._row, self._desk.context.reads
        if row is None:
            return
        self._desk.work.read(
            self,
            lambda: reads.credential_choice(row.id),
            self._show_login,
            lambda error: self._login.setText(str(error)),
            key="login",
        )

    def _show_login(self, choice: CredentialChoice) -> None:
        if choice.name:
            self._login.setText(f"“{choice.name}” (user {choice.username})\n{choice.why}")
        else:
            self._login.setText(f"No credential set fits.\n{choice.why}".strip())
        self._login.setToolTip("\n".join(choice.tried))

    def _show_problem(self, row: ServerRow) -> None:
        if not row.problem:
            self._problem.hide()
            return
        action: tuple[str, Callable[[], object]] = ("Test connection", lambda: self._start("network_test"))
        why_not = self._desk.why_not(Permission.OPERATE)
        if row.access == Access.NO_LOGIN:
            action = ("Credential sets", lambda: self._desk.area_opened.emit("settings/credentials"))
            why_not = ""
        if row.access == Access.UNTRUSTED:
            action = ("Compare certificates…", lambda: self._compare(row))
            why_not = ""
        self._problem.say(row.problem, Tone.CRITICAL, action, why_not=why_not)

        def show(call_id: int | None) -> None:
            if call_id is not None and self._row is not None and self._row.id == row.id:
                self._problem.offer("Open the call", lambda: self._desk.call_opened.emit(call_id))

        self._desk.work.query(self, lambda c: failed_call(c, server_id=row.id), show, key="call")

    def _compare(self, row: ServerRow) -> None:
        def show(seen: str) -> None:
            if seen:
                TrustDialog(self._desk, row, seen, self.window()).open()
            else:
                self._start("network_test")

        self._desk.work.query(self, lambda connection: shown_fingerprint(connection, row.id), show)

    def _show_subsystems(self, row: ServerRow) -> None:
        keys = tuple(sorted(row.subsystem_health))
        if keys != self._subsystem_keys:
            self._subsystem_keys = keys
            while (item := self._subsystem_grid.takeAt(0)) is not None:
                if (widget := item.widget()) is not None:
                    widget.deleteLater()
            self._subsystem_chips = {}
            for number, key in enumerate(keys):
                chip = Chip()
                self._subsystem_chips[key] = chip
                self._subsystem_grid.addWidget(chip, number // 2, number % 2)
        self._subsystems.setVisible(bool(keys))
        for key, chip in self._subsystem_chips.items():
            chip.show_status(words.health(str(row.subsystem_health.get(key))), f"{words.subsystem(key)}: ")
