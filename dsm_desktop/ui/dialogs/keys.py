"""The site key: a new recovery sheet, another passphrase, a new key for everything."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLabel, QWidget

from dsm_desktop.core.errors import BadInput, DsmError
from dsm_desktop.ui import words
from dsm_desktop.ui.desk import Desk
from dsm_desktop.ui.dialogs.base import Dialog
from dsm_desktop.ui.dialogs.credential import PasswordLine
from dsm_desktop.ui.dialogs.secret_sheet import MIN_PASSPHRASE, RecoverySheet
from dsm_desktop.ui.theme import Tone
from dsm_desktop.ui.widgets.busy import BusyBar
from dsm_desktop.vault.rotation import RotationReport


class RecoveryKeyDialog(Dialog):
    """The code is made when asked for, and the dialog closes only when it lies on paper."""

    def __init__(self, desk: Desk, parent: QWidget | None) -> None:
        super().__init__(
            parent,
            "Print a new recovery key",
            "The sheet printed before opens nothing any more from then on.",
        )
        self._desk = desk
        self.sheet = RecoverySheet(desk)
        self.body.addWidget(self.sheet)
        self._cancel = self.add_cancel()
        self.make = self.add_action("Make it")
        self.make.clicked.connect(self.start)
        self.sheet.kept.connect(self.make.setEnabled)

    def start(self) -> None:
        if self.sheet.code.text():
            self.sheet.forget()
            self.accept()
            return
        self.make.setEnabled(False)
        self._desk.work.command(self, self._desk.context.key.new_recovery_key, self._show, self._refused)

    def _show(self, code: str) -> None:
        self.sheet.show_code(code)
        self._cancel.hide()
        self.make.setText("Done")

    def _refused(self, error: DsmError) -> None:
        self.make.setEnabled(True)
        self.fail(error)

    def reject(self) -> None:
        if not self.sheet.code.text() or self.sheet.tick.isChecked():
            super().reject()


class PassphraseDialog(Dialog):
    """The same key behind other words."""

    def __init__(self, desk: Desk, parent: QWidget | None) -> None:
        super().__init__(parent, "Change the passphrase", "The passphrase before opens nothing any more.")
        self._desk = desk
        self.first, self.again = PasswordLine("New passphrase"), PasswordLine("New passphrase once more")
        for line, title in ((self.first, "New passphrase"), (self.again, "Once more")):
            label = QLabel(title)
            label.setBuddy(line)
            self.body.addWidget(label)
            self.body.addWidget(line)
        self.add_cancel()
        self.add_action("Change").clicked.connect(self.start)

    def start(self) -> None:
        words_ = self.first.text()
        if problem := passphrase_problem(words_, self.again.text()):
            self.fail(problem)
            return
        key = self._desk.context.key
        self.setEnabled(False)
        self._desk.work.command(
            self, lambda: key.change_passphrase(words_), lambda _: self._done(), self.fail
        )

    def _done(self) -> None:
        self.first.clear()
        self.again.clear()
        self._desk.tell("The passphrase is changed.", Tone.OK)
        self.accept()


class RotateKeyDialog(Dialog):
    """A new site key: first the new recovery key on paper, then every secret sealed anew, with a count. `goes_on`: a rotation was begun
    and is not finished."""

    _counted = Signal(int)

    def __init__(self, desk: Desk, parent: QWidget | None, *, goes_on: bool = False) -> None:
        text = (
            "The rotation that was begun goes on: what is left is sealed with the new key."
            if goes_on
            else "Every secret is sealed with a new key. Other desktops and agents must then be given the new key, and old "
            "backups open only with the old one, which is kept for them."
        )
        super().__init__(parent, "Go on rotating the site key" if goes_on else "Rotate the site key", text)
        self._desk = desk
        self.first, self.again = PasswordLine("Passphrase of the new key"), PasswordLine("Once more")
        self._asks = desk.context.key.kind == "passphrase" and not goes_on
        for line, title in ((self.first, "Passphrase of the new key"), (self.again, "Once more")):
            label = QLabel(title)
            label.setBuddy(line)
            label.setVisible(self._asks)
            line.setVisible(self._asks)
            self.body.addWidget(label)
            self.body.addWidget(line)
        self.sheet = RecoverySheet(desk)
        self.progress = BusyBar(desk.settings, "Sealing", "rotate-key")
        self.count = QLabel()
        self.count.setAccessibleName("Secrets sealed anew")
        self.count.hide()
        for widget in (self.sheet, self.progress, self.count):
            self.body.addWidget(widget)
        self._cancel = self.add_cancel(default=True)
        self.go = self.add_action("Go on" if goes_on else "Make a new key", default=False)
        self.go.clicked.connect(self.start)
        self.sheet.kept.connect(self.go.setEnabled)
        self._counted.connect(self._count)
        self._step = 1 if goes_on else 0

    def start(self) -> None:
        """Step 0 makes the key, step 1 seals, step 2 closes."""
        key, typed = self._desk.context.key, self.first.text()
        if self._step == 0:
            if self._asks and (problem := passphrase_problem(typed, self.again.text())):
                self.fail(problem)
                return
            self.go.setEnabled(False)
            self._desk.work.command(self, lambda: key.begin_rotation(typed), self._begun, self._refused)
        elif self._step == 1:
            self.go.setEnabled(False)
            self.progress.begin("rotate-key")
            self._count(0)
            self._desk.work.command(
                self, lambda: key.go_on_rotating(self._counted.emit), self._sealed, self._refused
            )
        else:
            self.sheet.forget()
            self.accept()

    def _begun(self, code: str) -> None:
        self._step = 1
        self.first.clear()
        self.again.clear()
        self.sheet.show_code(code)
        self._cancel.hide()
        self.go.setText("Seal everything anew")

    def _count(self, number: int) -> None:
        self.count.setText(f"{words.plural(number, 'secret')} sealed anew …")
        self.count.show()

    def _sealed(self, report: RotationReport) -> None:
        self.progress.finish(report.finished)
        self._step = 2
        self.go.setText("Done")
        self.go.setEnabled(True)
        self.count.setText(f"{report.resealed:,} sealed anew, {report.verified:,} opened with the new key.")
        if report.finished:
            self.banner.say("The new key is in use; the old one is kept for old backups only.", Tone.OK)
            return
        self.banner.say(
            f"The old key stays: no key opens {', '.join(report.broken[:5])}. Enter these again, then go on rotating.",
            Tone.WARNING,
        )

    def _refused(self, error: DsmError) -> None:
        self.progress.finish(False)
        self.go.setEnabled(True)
        self.fail(error)

    def reject(self) -> None:
        """Not while the only sight of the recovery key would be lost."""
        if not self.sheet.code.text() or self.sheet.tick.isChecked():
            super().reject()


def passphrase_problem(first: str, again: str) -> BadInput | None:
    """Why a new passphrase is not taken."""
    if len(first) < MIN_PASSPHRASE:
        return BadInput(
            f"The passphrase has fewer than {MIN_PASSPHRASE} characters.", hint="Four or five words do."
        )
    return None if first == again else BadInput("The two passphrases differ.")
