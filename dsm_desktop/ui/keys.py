"""Which keys do what: the program's own, and those a person has chosen in their place."""

from __future__ import annotations

import re
from dataclasses import dataclass

from PySide6.QtCore import QSettings
from PySide6.QtGui import QAction, QKeySequence

_NATIVE = QKeySequence.SequenceFormat.NativeText
_KEPT = QKeySequence.SequenceFormat.PortableText
_EDITING = tuple(
    QKeySequence(text)
    for text in ("Ctrl+C", "Ctrl+V", "Ctrl+X", "Ctrl+Z", "Ctrl+Y", "Ctrl+Shift+Z", "Ctrl+A")
)
_MOVING = frozenset(
    ("Tab Backtab Return Enter Esc Space Left Right Up Down Home End PgUp PgDown Backspace").split()
)
_FUNCTION = re.compile(r"F\d+$")


@dataclass(frozen=True, slots=True)
class KeyRow:
    """An action and its keys as text; `usual` is what the program gives it."""

    id: int
    name: str
    title: str
    keys: str
    usual: str

    @property
    def changed(self) -> bool:
        return self.keys != self.usual


class KeyMap:
    """Every action is added once when it is made; a choice is kept in the window's settings under its name."""

    def __init__(self, settings: QSettings) -> None:
        self._settings = settings
        self._actions: dict[str, QAction] = {}
        self._usual: dict[str, list[QKeySequence]] = {}

    def add(self, name: str, action: QAction) -> None:
        """Remember the action's own keys, and give it the chosen ones."""
        self._actions[name], self._usual[name] = action, action.shortcuts()
        kept = self._settings.value(f"keys/{name}")
        if kept is not None:
            self._give(name, [QKeySequence(str(kept))] if kept else [])

    def rows(self) -> list[KeyRow]:
        """Every action, by title."""
        found = sorted(self._actions, key=lambda name: title_of(self._actions[name]).casefold())
        return [
            KeyRow(
                number,
                name,
                title_of(self._actions[name]),
                _text(self._actions[name].shortcuts()),
                _text(self._usual[name]),
            )
            for number, name in enumerate(found, start=1)
        ]

    def holder(self, keys: QKeySequence, besides: str) -> str | None:
        """The name of another action that these keys belong to."""
        return next(
            (
                name
                for name, action in self._actions.items()
                if name != besides and keys in action.shortcuts()
            ),
            None,
        )

    def title(self, name: str) -> str:
        return title_of(self._actions[name])

    def choose(self, name: str, keys: QKeySequence) -> None:
        """Give an action other keys; empty ones take its keys away. Who held them has none afterwards."""
        holder = self.holder(keys, name) if not keys.isEmpty() else None
        if holder is not None:
            self._keep(holder, [k for k in self._actions[holder].shortcuts() if k != keys])
        self._keep(name, [] if keys.isEmpty() else [keys])

    def reset(self, name: str) -> None:
        """The program's own keys again; whoever has been given them loses them."""
        for keys in self._usual[name]:
            holder = self.holder(keys, name)
            if holder is not None:
                self._keep(holder, [k for k in self._actions[holder].shortcuts() if k != keys])
        self._keep(name, self._usual[name])

    def reset_all(self) -> None:
        for name, usual in self._usual.items():
            self._keep(name, usual)

    def _keep(self, name: str, keys: list[QKeySequence]) -> None:
        self._give(name, keys)
        if keys == self._usual[name]:
            self._settings.remove(f"keys/{name}")
        else:
            self._settings.setValue(f"keys/{name}", keys[0].toString(_KEPT) if keys else "")

    def _give(self, name: str, keys: list[QKeySequence]) -> None:
        action = self._actions[name]
        before, tip = action.shortcut().toString(_NATIVE), action.toolTip()
        action.setShortcuts(keys)
        after = action.shortcut().toString(_NATIVE)
        bare = tip.replace(f" ({before})", "") if before else tip
        action.setToolTip(f"{bare} ({after})" if after and "\n" not in bare else bare)


def title_of(action: QAction) -> str:
    """What it does."""
    return action.text().replace("&", "").rstrip("…")


def why_not(keys: QKeySequence) -> str:
    """Why these cannot be the keys of an action; "" = they can."""
    if keys.isEmpty():
        return ""
    if keys.count() > 1:
        return "One key with Ctrl, Alt or Shift, not several in a row."
    said = keys.toString(_NATIVE)
    *held, key = keys.toString(_KEPT).split("+")
    strong = bool({"Ctrl", "Alt", "Meta"} & set(held))
    if keys in _EDITING:
        return f"{said} edits text everywhere."
    if key in _MOVING and not strong:
        return f"{said} moves and answers in lists and dialogs."
    if not strong and key != "Del" and not _FUNCTION.match(key):
        return f"{said} is typed into fields. Hold Ctrl or Alt, or take a function key."
    return ""


def _text(keys: list[QKeySequence]) -> str:
    return keys[0].toString(_NATIVE) if keys else ""
