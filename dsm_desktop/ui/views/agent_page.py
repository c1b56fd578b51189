"""Settings › Agents: who runs jobs on this store, and the command that starts one more."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QApplication, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from dsm_desktop.core.errors import DsmError
from dsm_desktop.queries import Connection
from dsm_desktop.queries.status import diagnostics
from dsm_desktop.ui.desk import Desk
from dsm_desktop.ui.icons import set_icon
from dsm_desktop.ui.models.rows import Prepared
from dsm_desktop.ui.theme import SPACE, Tone, fixed_font, ui_font
from dsm_desktop.ui.views.diagnostics import RUNNERS
from dsm_desktop.ui.views.saved_views import ViewsButton
from dsm_desktop.ui.widgets.labels import WrappedLabel
from dsm_desktop.ui.widgets.panel import GridPanel

LOOK_MS = 5_000


class AgentPage(QWidget):
    """Read every few seconds while in sight."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        heading = QLabel("Agents")
        heading.setFont(ui_font(step=3, bold=True))
        about = WrappedLabel(
            "Jobs run in a runner beside this window. An agent is the same without a window: as a service it looks at the fleet "
            "day and night, fires schedules and takes work over when a desktop is closed. On another machine it needs the store "
            "on a server (Settings › Store › Move to Postgres…) and a key file."
        )
        self.command = QLabel(agent_command(desk))
        self.command.setFont(fixed_font())
        self.command.setWordWrap(True)
        self.command.setAccessibleName("Command that starts an agent for this profile")
        self.command.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        copy = QPushButton("Copy the command")
        set_icon(copy, "copy")
        copy.clicked.connect(self.copy)
        line = QHBoxLayout()
        line.addWidget(self.command, 1)
        line.addWidget(copy)
        self.runners = GridPanel(desk.work, "runners", RUNNERS, icon_name="agent")
        self.runners.when_empty("No runner has signed on", "Jobs wait until a desktop or an agent runs them.")
        ViewsButton(desk, self.runners, "runners")
        column = QVBoxLayout(self)
        column.setContentsMargins(SPACE * 2, SPACE * 2, SPACE * 2, SPACE)
        column.setSpacing(SPACE)
        for widget in (heading, about):
            column.addWidget(widget)
        column.addLayout(line)
        column.addWidget(self.runners, 1)
        self._timer = QTimer(self, interval=LOOK_MS)
        self._timer.timeout.connect(self.read)

    def showEvent(self, event: object) -> None:
        self._timer.start()
        self.read()

    def hideEvent(self, event: object) -> None:
        self._timer.stop()

    def read(self) -> None:
        model = self.runners.model

        def ask(connection: Connection) -> Prepared:
            return model.prepare(diagnostics(connection).runners)

        self._desk.work.query(self, ask, self.runners.set_rows, self._failed, key="runners")

    def _failed(self, error: DsmError) -> None:
        self.runners.error(error, self.read)

    def copy(self) -> None:
        QApplication.clipboard().setText(self.command.text())
        self._desk.tell("Copied; run it as the account that owns the key file.", Tone.OK)


def agent_command(desk: Desk) -> str:
    """For a terminal or a service; holds no secret."""
    profile = str(desk.context.profile)
    quoted = f'"{profile}"' if " " in profile else profile
    return f"dsm-desktop --profile {quoted} --key-file FILE agent"
