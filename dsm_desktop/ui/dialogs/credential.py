"""A credential set: its fields, removing it, trying it out."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFormLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QSpinBox,
    QToolButton,
    QWidget,
)

from dsm_desktop.app.context import CredentialDraft, CredentialView
from dsm_desktop.core.errors import BadInput
from dsm_desktop.queries import Connection
from dsm_desktop.queries.servers import ServerRow, list_servers
from dsm_desktop.ui import words
from dsm_desktop.ui.desk import Desk
from dsm_desktop.ui.dialogs.base import Dialog
from dsm_desktop.ui.icons import icon
from dsm_desktop.ui.theme import Tone

KINDS = (
    ("idrac", "iDRAC"),
    ("esxi", "ESXi"),
    ("vcenter", "vCenter"),
    ("openmanage", "OpenManage"),
    ("share", "File share"),
    ("bios", "BIOS password"),
)


class PasswordLine(QLineEdit):
    """Hidden; shown only while the eye is held."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setEchoMode(QLineEdit.EchoMode.Password)
        self.setAccessibleName(name)
        self._eye = QToolButton(self)
        self._eye.setIcon(icon("eye", Tone.MUTED))
        self._eye.setAutoRaise(True)
        self._eye.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._eye.setToolTip("Hold to show")
        self._eye.setAccessibleName(f"Hold to show: {name}")
        self._eye.pressed.connect(lambda: self.setEchoMode(QLineEdit.EchoMode.Normal))
        self._eye.released.connect(lambda: self.setEchoMode(QLineEdit.EchoMode.Password))
        self.setTextMargins(0, 0, 26, 0)

    def resizeEvent(self, event: object) -> None:
        self._eye.setGeometry(self.width() - 26, 2, 24, self.height() - 4)


class CredentialForm(QWidget):
    """The fields, shared with the first-run wizard."""

    def __init__(self, view: CredentialView | None) -> None:
        super().__init__()
        self._id = view.id if view else None
        self.name, self.user, self.password = QLineEdit(), QLineEdit(), PasswordLine("Password")
        self.kind, self.priority = QComboBox(), QSpinBox()
        self.ranges, self.default = QPlainTextEdit(), QCheckBox("Use it where no range fits")
        for value, title in KINDS:
            self.kind.addItem(title, value)
        self.priority.setRange(0, 10_000)
        self.priority.setValue(100)
        self.ranges.setPlaceholderText("10.0.0.0/24\n10.0.1.5-10.0.1.40")
        self.ranges.setMaximumHeight(84)
        self.ranges.setTabChangesFocus(True)
        self.default.setAccessibleName("Use it where no range fits")
        form = QFormLayout(self)
        form.setContentsMargins(0, 0, 0, 0)
        for title, control in (
            ("Name", self.name),
            ("For", self.kind),
            ("User", self.user),
            ("Password", self.password),
            ("Addresses", self.ranges),
            ("Priority", self.priority),
        ):
            control.setAccessibleName(title)
            form.addRow(title, control)
        form.addRow("", self.default)
        if view is not None:
            self._fill(view)

    def _fill(self, view: CredentialView) -> None:
        self.name.setText(view.name)
        self.user.setText(view.username)
        self.kind.setCurrentIndex(max(0, self.kind.findData(view.kind)))
        self.priority.setValue(view.priority)
        self.ranges.setPlainText("\n".join(view.ranges))
        self.default.setChecked(view.is_default)
        if view.has_secret:
            self.password.setPlaceholderText("stored; leave empty to keep it")

    def draft(self) -> CredentialDraft:
        """What was typed; BadInput where a needed field is empty."""
        name, user = self.name.text().strip(), self.user.text().strip()
        if not name or not user:
            raise BadInput("Name and user are needed.", hint="Fill in both fields.")
        if self._id is None and not self.password.text():
            raise BadInput("The password is missing.")
        lines = self.ranges.toPlainText().replace(",", "\n").splitlines()
        return CredentialDraft(
            id=self._id,
            name=name,
            kind=str(self.kind.currentData()),
            username=user,
            password=self.password.text() or None,
            ranges=tuple(line.strip() for line in lines if line.strip()),
            priority=self.priority.value(),
            is_default=self.default.isChecked(),
        )


class CredentialDialog(Dialog):
    def __init__(
        self, desk: Desk, view: CredentialView | None, parent: QWidget | None, saved: Callable[[], object]
    ) -> None:
        super().__init__(parent, f"Edit {view.name}" if view else "Add a credential set")
        self._desk, self._saved = desk, saved
        self.form = CredentialForm(view)
        self.body.addWidget(self.form)
        self.add_cancel()
        self.add_action("Save").clicked.connect(self.save)

    def save(self) -> None:
        try:
            draft = self.form.draft()
        except BadInput as error:
            self.fail(error)
            return
        self.setEnabled(False)
        commands = self._desk.context.commands
        self._desk.work.command(
            self, lambda: commands.save_credential(draft), lambda _: self._done(), self.fail
        )

    def _done(self) -> None:
        self.form.password.clear()
        self._saved()
        self.accept()


class RemoveCredentialDialog(Dialog):
    def __init__(
        self, desk: Desk, view: CredentialView, parent: QWidget | None, removed: Callable[[], object]
    ) -> None:
        super().__init__(
            parent,
            f"Remove {view.name}?",
            "Its password is destroyed. Servers it was assigned to fall back to the other rules.",
        )
        self._desk, self._view, self._removed = desk, view, removed
        self.add_cancel(default=True)
        self.add_action(f"Remove {view.name}", default=False).clicked.connect(self.remove)

    def remove(self) -> None:
        self.setEnabled(False)
        commands, view = self._desk.context.commands, self._view
        self._desk.work.command(
            self, lambda: commands.remove_credential(view.id), lambda _: self._done(), self.fail
        )

    def _done(self) -> None:
        self._removed()
        self.accept()


class TestCredentialDialog(Dialog):
    """One login on one server: a wrong password must not lock accounts over the fleet."""

    __test__ = False  # not a test class, whatever its name says to a collector

    def __init__(self, desk: Desk, view: CredentialView, parent: QWidget | None) -> None:
        super().__init__(
            parent,
            f"Test {view.name}",
            "The program logs in once on the chosen server with exactly this set, and out again. The login in use stays as it is.",
        )
        self._desk, self._view = desk, view
        self.server = QComboBox()
        self.server.setAccessibleName("Server")
        self.body.addWidget(QLabel("Server"))
        self.body.addWidget(self.server)
        self.add_cancel()
        self.test = self.add_action("Test login")
        self.test.setEnabled(False)
        self.test.clicked.connect(self.start)
        desk.work.query(self, self._servers, self._show, self.fail)

    def _servers(self, connection: Connection) -> list[ServerRow]:
        return list_servers(connection)[:2_000]

    def _show(self, rows: list[ServerRow]) -> None:
        known = self._view.id
        rows.sort(key=lambda r: known not in (r.assigned_credential_id, r.discovered_credential_id))
        for row in rows:
            self.server.addItem(f"{row.label}  {row.endpoint}", row.id)
        self.test.setEnabled(bool(rows))
        if not rows:
            self.text.setText(f"There is no server to test on yet. {words.sentence('find servers first')}.")

    def start(self) -> None:
        chosen = {"credential_set": self._view.id}
        self._desk.submit("test_credentials", [int(self.server.currentData())], chosen)
        self.accept()
