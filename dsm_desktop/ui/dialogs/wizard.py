"""The first start: where the store lives, how its key is kept, the first login, and the demo site to try things on."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QRadioButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from dsm_desktop.app.context import CredentialDraft, FirstRun, FirstRunChoices, FirstRunResult
from dsm_desktop.core.errors import BadInput, DsmError
from dsm_desktop.ui.dialogs.base import Dialog
from dsm_desktop.ui.dialogs.credential import CredentialForm, PasswordLine
from dsm_desktop.ui.dialogs.secret_sheet import MIN_PASSPHRASE, copy_secret
from dsm_desktop.ui.theme import SPACE, fixed_font, ui_font
from dsm_desktop.ui.work import explained

_STEPS = ("Store", "Site key", "First login", "Summary", "Recovery key")

CLIPBOARD_SECONDS = 30


class _Page(QWidget):
    """One question: a heading, a sentence, its controls."""

    def __init__(self, title: str, text: str) -> None:
        super().__init__()
        heading = QLabel(title)
        heading.setFont(ui_font(step=1, bold=True))
        about = QLabel(text)
        about.setWordWrap(True)
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(0, 0, 0, 0)
        self.column.setSpacing(SPACE)
        self.column.addWidget(heading)
        self.column.addWidget(about)

    def choices(self, options: list[tuple[str, str, str]]) -> QButtonGroup:
        """Radio buttons with a tip each; the first is chosen. The group's ids are their places."""
        group = QButtonGroup(self)
        for number, (_, title, tip) in enumerate(options):
            button = QRadioButton(title)
            button.setAccessibleDescription(tip)
            group.addButton(button, number)
            label = QLabel(tip)
            label.setWordWrap(True)
            label.setContentsMargins(24, 0, 0, 0)
            label.setForegroundRole(self.palette().ColorRole.PlaceholderText)
            self.column.addWidget(button)
            self.column.addWidget(label)
        group.button(0).setChecked(True)
        return group


class FirstRunWizard(Dialog):
    """Back, Next and Cancel always in sight; what was typed is kept; accepted when all was made."""

    _answered = Signal(object, object, object)

    def __init__(self, first_run: FirstRun, parent: QWidget | None = None) -> None:
        super().__init__(
            parent, "Welcome to DSM Desktop", "Four short questions; everything can be changed later."
        )
        self._first_run = first_run
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="first-run")
        self.result_: FirstRunResult | None = None
        self.setMinimumSize(680, 560)
        self._trail = QLabel()
        self._trail.setAccessibleName("Steps")
        self.pages = QStackedWidget()
        for page in (
            self._store_page(),
            self._key_page(),
            self._login_page(),
            self._summary_page(),
            self._recovery_page(),
        ):
            self.pages.addWidget(page)
        self.body.addWidget(self._trail)
        self.body.addWidget(self.pages, 1)
        self._cancel = self.add_cancel()
        self.back = self.add_action("Back", default=False)
        self.next = self.add_action("Next")
        self.back.clicked.connect(lambda: self.show_page(self.pages.currentIndex() - 1))
        self.next.clicked.connect(self.forward)
        self._answered.connect(self._deliver, Qt.ConnectionType.QueuedConnection)
        self.show_page(0)

    # -- pages --------------------------------------------------------------------------------------------------

    def _store_page(self) -> QWidget:
        page = _Page(
            "Where shall servers, jobs and history be kept?",
            "A shared store lets several desktops and agents work together.",
        )
        self.place = page.choices(
            [
                ("", "On this machine", "One file in your profile. Right for one desktop."),
                (
                    "postgres",
                    "In a shared PostgreSQL database",
                    "For a team; any number of desktops and agents.",
                ),
            ]
        )
        self.address = QLineEdit()
        self.address.setPlaceholderText("postgresql+psycopg://dsm@db.example/dsm?sslmode=verify-full")
        self.address.setAccessibleName("Address of the database")
        self.address.setEnabled(False)
        self.place.idToggled.connect(lambda number, on: self.address.setEnabled(number == 1 and on))
        page.column.addWidget(self.address)
        page.column.addStretch()
        return page

    def _key_page(self) -> QWidget:
        page = _Page(
            "How shall the site key be kept?",
            "It seals every password in the store; without it nobody can read them.",
        )
        self.keeper = page.choices(
            [
                ("keyring", "In the key ring of this system", "Opened when you log in to this computer."),
                (
                    "passphrase",
                    "Behind a passphrase",
                    f"Asked for at every start; at least {MIN_PASSPHRASE} characters, four or five words do.",
                ),
                (
                    "file",
                    "In a key file",
                    "For machines without a key ring; keep it readable for this account only.",
                ),
            ]
        )
        self.passphrase, self.again = PasswordLine("Passphrase"), PasswordLine("Passphrase again")
        self.file = QLineEdit()
        self.file.setAccessibleName("Key file")
        self.file.setPlaceholderText("In the folder of the profile")
        browse = QPushButton("Choose…")
        browse.setAutoDefault(False)
        browse.clicked.connect(self._choose_file)
        row = QHBoxLayout()
        row.addWidget(self.file, 1)
        row.addWidget(browse)
        form = QFormLayout()
        form.addRow("Passphrase", self.passphrase)
        form.addRow("Again", self.again)
        form.addRow("Key file", row)
        page.column.addLayout(form)
        page.column.addStretch()

        def follow() -> None:
            chosen = self.keeper.checkedId()
            for control in (self.passphrase, self.again):
                control.setEnabled(chosen == 1)
            for widget in (self.file, browse):
                widget.setEnabled(chosen == 2)

        self.keeper.idToggled.connect(lambda *_: follow())
        follow()
        return page

    def _login_page(self) -> QWidget:
        page = _Page(
            "Which login do your iDRACs have?", "More sets and address ranges are added under Settings."
        )
        self.has_login = QCheckBox("Store a first credential set")
        self.has_login.setChecked(True)
        self.login = CredentialForm(None)
        self.login.name.setText("Site iDRAC")
        self.login.user.setText("root")
        self.login.default.setChecked(True)
        self.has_login.toggled.connect(self.login.setEnabled)
        self.demo = QCheckBox("Start with the demo site: simulated servers")
        for widget in (self.has_login, self.login, self.demo):
            page.column.addWidget(widget)
        page.column.addStretch()
        return page

    def _summary_page(self) -> QWidget:
        page = _Page("This will be made", "Nothing was written yet.")
        self.summary = QLabel()
        self.summary.setWordWrap(True)
        self.summary.setAccessibleName("Summary")
        page.column.addWidget(self.summary)
        page.column.addStretch()
        return page

    def _recovery_page(self) -> QWidget:
        page = _Page(
            "Print this recovery key",
            "It opens the passwords when the key ring, passphrase or file is lost. It is shown this once and kept nowhere.",
        )
        self.recovery = QLineEdit()
        self.recovery.setReadOnly(True)
        self.recovery.setFont(fixed_font())
        self.recovery.setAccessibleName("Recovery key")
        copy = QPushButton("Copy")
        copy.setAutoDefault(False)
        copy.setToolTip(f"The clipboard is cleared after {CLIPBOARD_SECONDS} s")
        copy.clicked.connect(lambda: copy_secret(self.recovery.text(), CLIPBOARD_SECONDS))
        self.kept = QCheckBox("I have printed or written it down")
        self.kept.toggled.connect(lambda on: self.next.setEnabled(on))  # noqa: PLW0108 - `next` is made later
        page.column.addWidget(self.recovery)
        page.column.addWidget(copy, alignment=Qt.AlignmentFlag.AlignLeft)
        page.column.addWidget(self.kept)
        page.column.addStretch()
        return page

    def _choose_file(self) -> None:
        name, _ = QFileDialog.getSaveFileName(self, "Key file", "site.key")
        if name:
            self.file.setText(name)

    # -- going --------------------------------------------------------------------------------------------------

    def show_page(self, number: int) -> None:
        """The page of a step."""
        self.banner.hide()
        self.pages.setCurrentIndex(number)
        self._trail.setText("   ›   ".join(f"[{s}]" if n == number else s for n, s in enumerate(_STEPS)))
        made = number == len(_STEPS) - 1
        self.back.setEnabled(0 < number < len(_STEPS) - 1)
        self._cancel.setEnabled(not made)
        self.next.setText({3: "Create", 4: "Start"}.get(number, "Next"))
        self.next.setEnabled(not made or self.kept.isChecked())
        self._first_empty(self.pages.widget(number))

    def _first_empty(self, page: QWidget | None) -> None:
        """What must be typed has the keyboard at once."""
        lines = page.findChildren(QLineEdit) if page is not None else []
        empty = (w for w in lines if w.isEnabled() and not w.isReadOnly() and not w.text())
        (next(empty, None) or self.next).setFocus()

    def forward(self) -> None:
        """Check this page; create on the summary; start after the recovery key."""
        number = self.pages.currentIndex()
        try:
            if number == 0:
                self._check_store()
            elif number == 1:
                self._check_key()
                self.show_page(2)
            elif number == 2:
                self._credential()
                self._summarise()
                self.show_page(3)
            elif number == 3:
                choices = self.choices()
                self._ask(lambda: self._first_run.create(choices), self._created)
            else:
                self.accept()
        except DsmError as error:
            self.fail(error)

    def _check_store(self) -> None:
        url = self._url()
        if self.place.checkedId() == 1 and not url:
            raise BadInput("The database's address is missing.")
        self._ask(lambda: self._first_run.check_store(url), lambda _: self.show_page(1))

    def _check_key(self) -> None:
        chosen = self.keeper.checkedId()
        if chosen == 1 and len(self.passphrase.text()) < MIN_PASSPHRASE:
            raise BadInput(
                f"The passphrase has fewer than {MIN_PASSPHRASE} characters.", hint="Four or five words do."
            )
        if chosen == 1 and self.passphrase.text() != self.again.text():
            raise BadInput("The two passphrases differ.")

    def _credential(self) -> CredentialDraft | None:
        return self.login.draft() if self.has_login.isChecked() else None

    def _url(self) -> str:
        return self.address.text().strip() if self.place.checkedId() == 1 else ""

    def choices(self) -> FirstRunChoices:
        """Everything that was chosen."""
        keeper = ("keyring", "passphrase", "file")[self.keeper.checkedId()]
        return FirstRunChoices(
            store_url=self._url(),
            key=keeper,
            passphrase=self.passphrase.text() if keeper == "passphrase" else "",
            key_file=Path(self.file.text().strip())
            if keeper == "file" and self.file.text().strip()
            else None,
            credential=self._credential(),
            demo_site=self.demo.isChecked(),
        )

    def _summarise(self) -> None:
        keys = (
            "in the key ring of this system",
            "behind your passphrase",
            f"in the file {self.file.text().strip() or 'site.key of the profile'}",
        )
        login = self._credential()
        lines = [
            f"Store: {self._url() or 'one file on this machine'}",
            f"Site key: {keys[self.keeper.checkedId()]}",
            f"First login: {f'{login.name} (user {login.username})' if login else 'none yet'}",
            f"Demo site: {'started with the program' if self.demo.isChecked() else 'not started'}",
        ]
        self.summary.setText("\n".join(lines))

    # -- asking -------------------------------------------------------------------------------------------------

    def _ask(self, do: Callable[[], Any], done: Callable[[Any], None]) -> None:
        """Off the UI thread: a database far away may take its time."""
        self.setEnabled(False)
        self.banner.hide()

        def work() -> None:
            try:
                self._answered.emit(done, do(), None)
            except Exception as error:  # noqa: BLE001 - shown on the page
                self._answered.emit(done, None, explained(error))

        self._pool.submit(work)

    def _deliver(self, done: Callable[[Any], None], answer: Any, error: DsmError | None) -> None:
        self.setEnabled(True)
        if error is not None:
            self.fail(error)
        else:
            done(answer)

    def _created(self, result: FirstRunResult) -> None:
        self.result_ = result
        if not result.recovery_key:  # a shared store that had its key already
            self.accept()
            return
        self.recovery.setText(result.recovery_key)
        self.show_page(4)

    def done(self, result: int) -> None:
        self._pool.shutdown(wait=True)
        super().done(result)
