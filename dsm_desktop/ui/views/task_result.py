"""What one target of a job ended with, the next step of its error, and the way to the call it came from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtWidgets import QHBoxLayout, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from dsm_desktop.core.redact import masked
from dsm_desktop.core.result_text import error_text, result_text
from dsm_desktop.ui.icons import set_icon
from dsm_desktop.ui.next_step import Step
from dsm_desktop.ui.theme import fixed_font


class TaskResult(QWidget):
    """`call` is offered where an error came from a call."""

    def __init__(self) -> None:
        super().__init__()
        self.text = QPlainTextEdit()
        self.text.setReadOnly(True)
        self.text.setFont(fixed_font())
        self.text.setTabChangesFocus(True)
        self.text.setAccessibleName("Result of the target")
        self.call = QPushButton("Open the call")
        self.call.setToolTip(
            "The call to the device that this error came from, with what was sent and answered"
        )
        set_icon(self.call, "calls")
        self.call.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.text, 1)
        self.step = QPushButton()
        self.step.setToolTip("Where this error is mended")
        self.step.clicked.connect(lambda: self._do and self._do())
        self.step.hide()
        self._do: Callable[[], object] | None = None
        buttons = QHBoxLayout()
        buttons.addWidget(self.step)
        buttons.addWidget(self.call)
        buttons.addStretch()
        column.addLayout(buttons)

    def show_task(self, row: Any, call: int | None) -> None:
        """The target's result or error (a task row; None leaves what is shown); below an error what was done all the same."""
        if row is not None:
            said = [error_text(masked(row.error))] if row.error else []
            done = {k: v for k, v in (row.result or {}).items() if not row.error or k != "summary"}
            said += [result_text(masked(done))]
            self.text.setPlainText("\n\n".join(filter(None, said)))
        self.call.setVisible(bool(row is not None and row.error and call))

    def offer(self, step: Step | None) -> None:
        """The next step of the error shown, as a button."""
        self.step.setVisible(step is not None)
        if step is not None:
            self.step.setText(step[0])
            self._do = step[1]

    def clear(self) -> None:
        self.text.clear()
        self.call.hide()
        self.step.hide()
