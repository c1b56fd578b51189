"""Every action of the program once: in the menu, the tool bar, the context menu and the palette it is the same object."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu

from dsm_desktop.core.access import Permission
from dsm_desktop.core.states import PowerAction, PowerState
from dsm_desktop.jobs.declaration import JobType, Targets
from dsm_desktop.jobs.requirements import Crowd
from dsm_desktop.queries.servers import ServerRow
from dsm_desktop.ui import words
from dsm_desktop.ui.desk import Desk
from dsm_desktop.ui.icons import set_icon

_JOB_ICONS = {
    "discovery_scan": "scan",
    "inventory_refresh": "refresh",
    "health_check": "health",
    "fetch_event_logs": "log",
    "test_credentials": "key",
    "power_action": "power",
    "identify_led": "led",
    "idrac_reset": "reset",
    "network_test": "network",
    "retention_cleanup": "database",
    "library_scan": "library",
    "virtual_media_read": "disc",
    "virtual_media_mount": "disc",
    "virtual_media_unmount": "disc",
    "boot_to_iso": "disc",
    "media_test": "network",
}
_KEYS = {"inventory_refresh": "F5", "discovery_scan": "Ctrl+N"}


class Actions(QObject):
    """`jobs[kind]` the declared job types, `plain[name]` the rest; `follow` enables them by what is selected."""

    def __init__(self, desk: Desk, parent: QObject, *, jobs: bool = True) -> None:
        super().__init__(parent)
        self._desk = desk
        self.rows: list[ServerRow] = []
        self.fresh: Callable[[], Sequence[ServerRow]] = lambda: self.rows
        """What is selected at this moment: a key may be pressed before a selection has settled."""
        self.jobs: dict[str, QAction] = {}
        self.plain: dict[str, QAction] = {}
        self.power: dict[PowerAction, QAction] = {}
        if jobs:
            self.add_jobs()
        self.follow([])

    def add_jobs(self) -> None:
        """An action for every declared job type; the window may be shown before they are known."""
        for kind, job_type in self._desk.context.catalogue.items():
            self._add_job(kind, job_type)
        if "power_action" in self.jobs:
            for choice in PowerAction:
                self._add_power(choice)

    def add(
        self, name: str, text: str, do: Callable[[], object], *, icon: str = "", keys: str = "", tip: str = ""
    ) -> QAction:
        """A plain action."""
        action = QAction(text, self)
        if icon:
            set_icon(action, icon)
        if keys:
            action.setShortcut(QKeySequence(keys))
        words_ = tip or text.replace("&", "").rstrip("…")
        action.setToolTip(f"{words_} ({keys})" if keys else words_)
        action.triggered.connect(lambda _=False: do())
        self.plain[name] = action
        self._desk.keys.add(name, action)
        return action

    def _add_job(self, kind: str, job_type: JobType) -> None:
        action = QAction(job_type.label, self)
        set_icon(action, _JOB_ICONS.get(kind, "job"))
        if kind in _KEYS:
            action.setShortcut(QKeySequence(_KEYS[kind]))
        action.setStatusTip(job_type.help.split("\n")[0])
        action.triggered.connect(lambda _=False: self._start(kind, {}))
        self.jobs[kind] = action
        self._desk.keys.add(f"job:{kind}", action)

    def _add_power(self, choice: PowerAction) -> None:
        action = QAction(_POWER_WORDS[choice] + "…", self)
        set_icon(action, "power")
        action.triggered.connect(lambda _=False: self._start("power_action", {"action": choice.value}))
        self.power[choice] = action
        self._desk.keys.add(f"power:{choice.value}", action)

    def _start(self, kind: str, preset: dict[str, Any]) -> None:
        targets = self._desk.context.catalogue[kind].targets
        ids = [row.id for row in self.fresh()] if targets is Targets.SERVER else []
        self._desk.job_wanted.emit(kind, ids, preset)

    def follow(self, rows: Sequence[ServerRow]) -> None:
        """What is selected now; an action that cannot be taken says why in its tip."""
        self.rows = self._desk.selected = list(rows)
        crowd = Crowd(rows)
        for kind, action in self.jobs.items():
            self._judge(self._desk.context.catalogue[kind], action, crowd)
        reason = self._desk.why_not(Permission.OPERATE) or ("" if rows else "Select one or more servers.")
        states = {row.power_state for row in rows}
        for choice, action in self.power.items():
            _allow(action, reason or _power_reason(choice, states, len(rows)), "")
        for name, needed in _NEEDED:
            if name in self.plain:
                _allow(self.plain[name], self._desk.why_not(needed), self.plain[name].text().rstrip("…"))
        for name in ("edit", "remove"):
            if name in self.plain:
                why = self._desk.why_not(Permission.CONFIGURE) or (
                    "" if rows else "Select one or more servers."
                )
                _allow(self.plain[name], why, self.plain[name].text().rstrip("…"))

    def _judge(self, job_type: JobType, action: QAction, crowd: Crowd[ServerRow]) -> None:
        """Whether this can be started on these servers; the tip says what it does, and why not."""
        tip = job_type.help.split("\n")[0]
        if job_type.targets is Targets.SERVER and (found := job_type.judge(crowd)).some and found.sentence:
            tip = f"{tip}\n{found.sentence}"
        _allow(action, self._desk.why_not_on(job_type.kind, crowd), tip)

    def fill_server_menu(self, menu: QMenu) -> None:
        """The jobs on servers grouped by their menu, then edit and remove."""
        menu.setToolTipsVisible(True)
        if self.power:
            power = menu.addMenu("Power")
            power.setToolTipsVisible(True)
            self.fill_power_menu(power)
        self._fill_groups(menu, self.jobs)
        menu.addSeparator()
        menu.addActions([self.plain[n] for n in ("edit", "remove") if n in self.plain])

    def fill_jobs_for(self, menu: QMenu, rows: Sequence[ServerRow]) -> None:
        """The jobs on these servers, whatever is selected."""
        menu.setToolTipsVisible(True)
        ids, crowd = [row.id for row in rows], Crowd(rows)
        made: dict[str, QAction] = {}
        for kind, job_type in self._desk.context.catalogue.items():
            if job_type.targets is Targets.SERVER:
                action = QAction(job_type.label, menu)
                set_icon(action, _JOB_ICONS.get(kind, "job"))
                action.triggered.connect(lambda _=False, k=kind: self._desk.job_wanted.emit(k, ids, {}))
                self._judge(job_type, action, crowd)
                made[kind] = action
        if "power_action" in made:
            menu.addAction(made["power_action"])
        self._fill_groups(menu, made)

    def _fill_groups(self, menu: QMenu, actions: Mapping[str, QAction]) -> None:
        """What is used daily stands in the menu itself, the rest in submenus by name."""
        groups: dict[str, list[QAction]] = {}
        for kind, action in actions.items():
            job_type = self._desk.context.catalogue[kind]
            if job_type.targets is Targets.SERVER and kind != "power_action":
                groups.setdefault(job_type.menu, []).append(action)
        for name in (n for n in _DAILY if n in groups):
            menu.addSeparator()
            menu.addActions(groups.pop(name))
        menu.addSeparator()
        for name, rest in sorted(groups.items()):
            below = menu.addMenu(name)
            below.setToolTipsVisible(True)
            below.addActions(rest)

    def fill_power_menu(self, menu: QMenu) -> None:
        for number, action in enumerate(self.power.values()):
            if number in (1, 3, 6):
                menu.addSeparator()
            menu.addAction(action)

    def every(self) -> list[QAction]:
        """For the palette."""
        jobs = [action for kind, action in self.jobs.items() if kind != "power_action"]
        return [*jobs, *self.power.values(), *self.plain.values()]


_DAILY = ("Inventory", "Tools", "iDRAC")
_NEEDED = (
    ("add", Permission.CONFIGURE),
    ("import", Permission.CONFIGURE),
    ("stop", Permission.OPERATE),
)
_POWER_WORDS = {
    PowerAction.ON: "Power on",
    PowerAction.GRACEFUL_OFF: "Shut down",
    PowerAction.FORCE_OFF: "Force off",
    PowerAction.GRACEFUL_RESTART: "Restart",
    PowerAction.FORCE_RESTART: "Force restart",
    PowerAction.POWER_CYCLE: "Power cycle",
    PowerAction.NMI: "Send NMI",
}


def _power_reason(choice: PowerAction, states: set[str], count: int) -> str:
    """A power action that fits none of the servers is not offered."""
    if choice is PowerAction.ON and states == {PowerState.ON.value}:
        return "Already on." if count == 1 else "All are already on."
    if choice is not PowerAction.ON and states == {PowerState.OFF.value}:
        return "It is off." if count == 1 else f"All {words.plural(count, 'server')} are off."
    return ""


def _allow(action: QAction, reason: str, tip: str) -> None:
    action.setEnabled(not reason)
    keys = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
    base = tip or action.text().rstrip("…")
    action.setToolTip(f"{base}{f' ({keys})' if keys else ''}" + (f"\nNot now: {reason}" if reason else ""))
