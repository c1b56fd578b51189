"""Credential sets: logins, the addresses they are for, their order; a test on chosen servers."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QHBoxLayout, QLabel, QMenu, QPushButton, QVBoxLayout, QWidget

from dsm_desktop.app.context import CredentialView, KeyState
from dsm_desktop.core.access import Permission
from dsm_desktop.queries.password_rotations import RotationRow, rotation_rows
from dsm_desktop.ui import words
from dsm_desktop.ui.bridge import Change
from dsm_desktop.ui.desk import Desk
from dsm_desktop.ui.dialogs.credential import CredentialDialog, RemoveCredentialDialog, TestCredentialDialog
from dsm_desktop.ui.icons import set_icon
from dsm_desktop.ui.models.columns import Column
from dsm_desktop.ui.theme import SPACE, Tone, ui_font
from dsm_desktop.ui.views.saved_views import ViewsButton
from dsm_desktop.ui.widgets.deeds import allow, entry, reason
from dsm_desktop.ui.widgets.panel import GridPanel
from dsm_desktop.ui.words import Status

_KINDS = {
    "idrac": "iDRAC",
    "esxi": "ESXi",
    "vcenter": "vCenter",
    "openmanage": "OpenManage",
    "share": "File share",
    "bios": "BIOS password",
}


def kind_word(kind: str) -> str:
    return _KINDS.get(kind, words.sentence(kind))


def _secret(row: CredentialView) -> Status:
    if row.has_secret:
        return Status("Stored", "lock", Tone.OK)
    return Status("Missing", "status-warning", Tone.WARNING)


CREDENTIALS = (
    Column("name", "Name", lambda r: r.name, width=170),
    Column("kind", "For", lambda r: kind_word(r.kind), width=90),
    Column("user", "User", lambda r: r.username, width=130),
    Column("secret", "Password", lambda r: "stored" if r.has_secret else "", status=_secret, width=100),
    Column(
        "priority", "Priority", lambda r: r.priority, kind="number", width=80, help="Lower is tried first"
    ),
    Column("default", "Default", lambda r: words.yes_no(r.is_default or None), width=76),
    Column("ranges", "Addresses", lambda r: ", ".join(r.ranges), width=280),
    Column("notes", "Notes", lambda r: r.notes, width=200),
)


def unfinished(rows: list[RotationRow]) -> str:
    """Changes of passwords that wait for something, in a sentence; "" when none does."""
    parts = []
    for state, told in (
        ("sealed", "kept the old password; a new one is sealed"),
        ("sending", "may hold either password"),
        ("changed", "changed; the old set stays for those that did not follow yet"),
    ):
        if names := sorted(row.server for row in rows if row.state == state):
            more = f" and {len(names) - 5} more" if len(names) > 5 else ""
            parts.append(f"{', '.join(names[:5])}{more} {told}")
    return f"Change of passwords: {'; '.join(parts)}. Start it again for the rest." if parts else ""


class CredentialsPage(QWidget):
    """Order of the rules: assigned to the server, discovered, range by priority, default, environment."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        heading = QLabel("Credential sets")
        heading.setFont(ui_font(step=3, bold=True))
        about = QLabel(
            "Which login is used for a server: the one assigned to it, else the one that worked when it was found, else the "
            "range it lies in (lower priority first), else the default, else IDRAC_USER and IDRAC_PASSWORD."
        )
        about.setWordWrap(True)
        self.panel = GridPanel(desk.work, "credential sets", CREDENTIALS, icon_name="key")
        self.panel.when_empty(
            "No credential sets",
            "Without a login only the service root of an iDRAC can be read.",
            [("Add…", self.add)],
            desk.why_not(Permission.CONFIGURE),
        )
        self.panel.opened.connect(self._edit)
        self.panel.grid.menu_of = self._menu
        ViewsButton(desk, self.panel, "credential sets")
        self.panel.chosen.connect(lambda _: self._follow())
        self._buttons = {
            "add": self._button("Add…", "add", self.add),
            "edit": self._button("Edit…", "edit", self.edit),
            "remove": self._button("Remove…", "remove", self.remove),
            "test": self._button("Test…", "key", self.test),
        }
        bar = QHBoxLayout()
        for button in self._buttons.values():
            bar.addWidget(button)
        bar.addStretch()
        column = QVBoxLayout(self)
        column.setContentsMargins(SPACE * 2, SPACE * 2, SPACE * 2, SPACE)
        column.addWidget(heading)
        column.addWidget(about)
        column.addLayout(bar)
        column.addWidget(self.panel, 1)
        desk.bridge.changed.connect(self._changed)
        self._follow()
        self.refresh()

    def _button(self, text: str, icon_name: str, do: Callable[[], object]) -> QPushButton:
        button = QPushButton(text)
        set_icon(button, icon_name)
        button.clicked.connect(lambda: do())  # noqa: PLW0108 - the signal's own argument is not for it
        return button

    def _changed(self, change: Change) -> None:
        if change.topic in ("credentials", "credential_sets", "password_rotations"):
            self.refresh()

    def refresh(self) -> None:
        model, reads = self.panel.model, self._desk.context.reads
        self._desk.work.read(
            self,
            lambda: model.prepare(reads.credentials()),
            self.panel.set_rows,
            lambda error: self.panel.error(error, self.refresh),
            key="sets",
        )
        self._desk.work.query(
            self, lambda connection: rotation_rows(connection, open_only=True), self._tell, key="rotations"
        )

    def _tell(self, rows: list[RotationRow]) -> None:
        """What changes of passwords are not through yet."""
        self.panel.note(unfinished(rows))

    def _follow(self) -> None:
        self._desk.work.read(self, self._desk.context.key.state, self._allow, key="key")

    def _allow(self, state: KeyState) -> None:
        closed = (
            ""
            if state is KeyState.OPEN
            else "The site key is not open: secrets can neither be read nor written."
        )
        none = "" if self.chosen() is not None else "Choose a credential set."
        for name, button in self._buttons.items():
            why = self._desk.why_not(Permission.OPERATE if name == "test" else Permission.CONFIGURE)
            allow(button, why or closed or ("" if name == "add" else none))

    def chosen(self) -> CredentialView | None:
        ids = self.panel.grid.selected_ids()
        return self.panel.model.row_of(ids[0]) if len(ids) == 1 else None

    def add(self) -> None:
        CredentialDialog(self._desk, None, self.window(), self.refresh).open()

    def edit(self) -> None:
        if (view := self.chosen()) is not None:
            CredentialDialog(self._desk, view, self.window(), self.refresh).open()

    def _edit(self, credential_id: int) -> None:
        self._buttons["edit"].click()

    def remove(self) -> None:
        if (view := self.chosen()) is not None:
            RemoveCredentialDialog(self._desk, view, self.window(), self.refresh).open()

    def test(self) -> None:
        if (view := self.chosen()) is not None:
            TestCredentialDialog(self._desk, view, self.window()).open()

    def _menu(self, menu: QMenu) -> None:
        for name in ("edit", "test", "remove"):
            button = self._buttons[name]
            entry(menu, button.text(), button.click, reason(button))
