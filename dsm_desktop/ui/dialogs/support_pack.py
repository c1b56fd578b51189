"""The file for whoever helps: what is in it, with or without names, and where it goes."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from PySide6.QtWidgets import QCheckBox, QFileDialog, QWidget

from dsm_desktop.core.errors import DsmError
from dsm_desktop.ui import words
from dsm_desktop.ui.desk import Desk
from dsm_desktop.ui.dialogs.base import Dialog
from dsm_desktop.ui.theme import Tone
from dsm_desktop.ui.widgets.busy import BusyBar
from dsm_desktop.ui.widgets.labels import WrappedLabel


class SupportPackDialog(Dialog):
    def __init__(self, desk: Desk, parent: QWidget | None) -> None:
        super().__init__(
            parent,
            "Support pack",
            "One zip: versions, settings, runners and locks, models and firmware of the servers, failed jobs and failed calls, "
            "logs of this program. No password, no body of a call and no device log is in it; all text is masked once more.",
        )
        self._desk = desk
        self.names = QCheckBox("With names, service tags and addresses")
        self.names.setToolTip(
            "Off: every server is called server-<number>, so that the file may leave the site"
        )
        self.body.addWidget(self.names)
        self.body.addWidget(WrappedLabel("Look into it before you give it away: it is plain text."))
        self.progress = BusyBar(desk.settings, "Writing the support pack", "support-pack")
        self.body.addWidget(self.progress)
        self.add_cancel("Close")
        self.save = self.add_action("Save…")
        self.save.clicked.connect(self._ask)

    def _ask(self) -> None:
        name = f"dsm-support-{datetime.now(UTC):%Y%m%d-%H%M}.zip"
        chosen, _ = QFileDialog.getSaveFileName(self, "Support pack", name, "Zip (*.zip)")
        if chosen:
            self.write(Path(chosen))

    def write(self, file: Path) -> None:
        """Write it in a worker and say what is in it."""
        pack, names = self._desk.context.support, self.names.isChecked()
        self.save.setEnabled(False)
        self.progress.begin("support-pack")

        def ended(written: bool) -> None:
            self.progress.finish(written)
            self.save.setEnabled(True)

        def done(inside: list[str]) -> None:
            ended(True)
            self.banner.say(f"{words.plural(len(inside), 'part')} written to {file}.", Tone.OK)

        def failed(error: DsmError) -> None:
            ended(False)
            self.fail(error)

        self._desk.work.read(self, lambda: pack.write(file, names=names), done, failed)
