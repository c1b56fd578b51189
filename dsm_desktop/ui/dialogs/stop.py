"""The emergency stop, taking it back, and what happens to running work when the window is closed."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QLabel, QLineEdit, QPushButton, QWidget

from dsm_desktop.queries.status import WorkNumbers
from dsm_desktop.ui import words
from dsm_desktop.ui.desk import Desk
from dsm_desktop.ui.dialogs.base import Dialog
from dsm_desktop.ui.theme import Tone
from dsm_desktop.workers.inhibit import awake_words

WORD = "STOP"


class EmergencyStopDialog(Dialog):
    """Typed, because it halts everybody's work; it says what still runs to its end."""

    passing = True

    def __init__(self, desk: Desk, now: WorkNumbers | None, parent: QWidget | None) -> None:
        super().__init__(
            parent,
            "Emergency stop",
            "No new step starts on any server, on any runner of this store, until somebody resumes. "
            "A step that has begun runs to its end; nothing is undone.",
        )
        self._desk = desk
        if now is not None and now.open_jobs:
            line = QLabel(
                f"Now: {words.plural(now.open_jobs, 'job')}, {now.running_tasks} running, {now.waiting_tasks} waiting."
            )
            line.setAccessibleName("Work under way")
            self.body.addWidget(line)
        self.reason = QLineEdit()
        self.reason.setPlaceholderText("Why (everybody sees it)")
        self.reason.setAccessibleName("Reason")
        self.typed = QLineEdit()
        self.typed.setPlaceholderText(f"Type {WORD} to confirm")
        self.typed.setAccessibleName(f"Type {WORD} to confirm")
        self.typed.textChanged.connect(self._follow)
        self.body.addWidget(self.reason)
        self.body.addWidget(self.typed)
        self.add_cancel(default=True)
        self.stop = self.add_action("Stop everything", default=False)
        self.stop.setEnabled(False)
        self.stop.clicked.connect(self.do_stop)
        self.typed.setFocus()

    def _follow(self, text: str) -> None:
        self.stop.setEnabled(text.strip().upper() == WORD)

    def do_stop(self) -> None:
        reason = self.reason.text().strip() or "no reason given"
        commands = self._desk.context.commands
        self.setEnabled(False)
        self._desk.work.command(
            self, lambda: commands.emergency_stop(reason), lambda _: self._done(), self.fail
        )

    def _done(self) -> None:
        self._desk.tell("Stopped. No new step starts until somebody resumes.", Tone.WARNING)
        self.accept()


class ResumeDialog(Dialog):
    """Who stopped and why; resuming is explicit."""

    def __init__(self, desk: Desk, stopped: str, parent: QWidget | None) -> None:
        super().__init__(parent, "Resume work?", f"The emergency stop stands: {stopped}")
        self._desk = desk
        self.add_cancel("Stay stopped", default=True)
        self.add_action("Resume", default=False).clicked.connect(self.resume)

    def resume(self) -> None:
        commands = self._desk.context.commands
        self.setEnabled(False)
        self._desk.work.command(self, commands.resume_after_stop, lambda _: self._done(), self.fail)

    def _done(self) -> None:
        self._desk.tell("Work goes on.", Tone.OK)
        self.accept()


def _left(now: WorkNumbers, agent: bool) -> str:
    """ "3 under way, 2 wait, next at 2026-11-02 22:00:00; no agent is running." """
    waits = "wait" if now.waiting_tasks > 1 else "waits"
    at = f", next at {words.stamp(now.next_start)}" if now.next_start else ""
    asks = "an answer" if now.paused_tasks == 1 else "answers"
    parts = [
        f"{words.plural(now.running_tasks, 'target')} under way" if now.running_tasks else "",
        f"{words.plural(now.waiting_tasks, 'target')} {waits}{at}" if now.waiting_tasks else "",
        f"{words.plural(now.paused_tasks, 'target')} paused for {asks}" if now.paused_tasks else "",
    ]
    return f"{', '.join(filter(None, parts))}; {'an agent is' if agent else 'no agent is'} running."


class ClosingDialog(Dialog):
    """Work is left to the runner that this window owns, under way or due later: what shall happen to it?"""

    def __init__(
        self,
        desk: Desk,
        now: WorkNumbers,
        parent: QWidget,
        *,
        tray: Callable[[], None] | None,
        hand_over: Callable[[], None],
        finish: Callable[[], None],
    ) -> None:
        agent = desk.context.runner.agent_available()
        super().__init__(
            parent,
            "Work is running" if now.running_tasks else "Work is waiting",
            f"{_left(now, agent)} What was begun is written down and goes on from there in any case."
            f" {awake_words(desk.context.runner.awake())}".rstrip(),
        )
        choices: list[tuple[str, str, Callable[[], None], str]] = [
            (
                "Keep running in the tray",
                "The window closes; its runner works on until everything is done, also what starts later.",
                tray or (lambda: None),
                "" if tray else "This desktop has no tray.",
            ),
            (
                "Hand the rest to the agent",
                "Steps that run are finished; the agent takes the rest.",
                hand_over,
                "" if agent else "No agent is running on this store.",
            ),
            (
                "Stop after this step",
                "Steps that run are finished; the rest waits for the next start.",
                finish,
                "",
            ),
        ]
        for title, text, do, why_not in choices:
            button = QPushButton(title)
            button.setEnabled(not why_not)
            button.setAccessibleDescription(why_not or text)
            button.clicked.connect(lambda _=False, do=do: self._choose(do))
            tip = QLabel(f"{text} {why_not}".strip())
            tip.setWordWrap(True)
            tip.setForegroundRole(self.palette().ColorRole.PlaceholderText)
            self.body.addWidget(button)
            self.body.addWidget(tip)
        self.add_cancel("Do not close", default=True)

    def _choose(self, do: Callable[[], None]) -> None:
        self.accept()
        do()
