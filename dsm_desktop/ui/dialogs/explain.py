"""What a message of a device means: its own words, from the registry it gave, and what the manual adds."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QFormLayout, QLabel, QWidget

from dsm_desktop.queries.manual import CONTENTS, manual
from dsm_desktop.queries.messages import Explanation, explain
from dsm_desktop.ui import words
from dsm_desktop.ui.desk import Desk
from dsm_desktop.ui.dialogs.base import Dialog
from dsm_desktop.ui.theme import Tone
from dsm_desktop.ui.views.manual import ManualWindow

_UNKNOWN = (
    "No message registry of a device is stored that knows this message. 'Fetch logs' reads the iDRAC's own registry when it meets "
    "a message it does not know; until then only the message itself is known."
)


class ExplainDialog(Dialog):
    """Id, text, meaning, what to do, where it is from; offline."""

    def __init__(self, desk: Desk, message_id: str, text: str, parent: QWidget | None) -> None:
        super().__init__(parent, f"Message {message_id}" if message_id else "Message", text)
        self.message_id, self._said = message_id, text
        self._rows: dict[str, str] = {}
        self.setMinimumWidth(620)
        self.form = QFormLayout()
        self.form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        self.body.addLayout(self.form)
        self.copy_button = self.add_action("Copy", default=False)
        self.copy_button.clicked.connect(self._copy)
        context = f"message/{message_id.rpartition('.')[2]}"
        if manual().for_context(context).topic != CONTENTS:
            more = self.add_action("Manual", default=False)
            more.clicked.connect(lambda: ManualWindow.open_at(context, self))
        self.add_cancel("Close", default=True)
        desk.work.query(
            self, lambda connection: explain(connection, message_id), self._show, self.fail, key="explain"
        )

    def _show(self, found: Explanation | None) -> None:
        if found is None:
            self.banner.say(_UNKNOWN, Tone.INFO)
            return
        status = words.severity(found.severity)
        for title, text in (
            ("Severity", status.word),
            ("Message", found.message),
            ("What it means", found.description),
            ("What to do", found.resolution),
            ("Source", found.source),
        ):
            if text:
                self._row(title, text)

    def _row(self, title: str, text: str) -> None:
        label = QLabel(text)
        label.setWordWrap(True)
        label.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        label.setAccessibleName(f"{title}: {text}")
        self.form.addRow(title, label)
        self._rows[title] = text

    def rows(self) -> dict[str, str]:
        """What is shown, by title."""
        return dict(self._rows)

    def _copy(self) -> None:
        lines = [self.message_id, self._said, *(f"{k}: {v}" for k, v in self.rows().items())]
        QApplication.clipboard().setText("\n".join(line for line in lines if line))
