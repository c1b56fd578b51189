"""Settings of many servers side by side: rows servers, columns settings, cells that can be given new values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QObject, Qt, Signal
from PySide6.QtGui import QBrush, QColor, QFont

from dsm_desktop.configuration.checking import Rules, Verdicts, converted
from dsm_desktop.configuration.registry import Entry, Registry
from dsm_desktop.queries.configuration import MatrixRow, common_value
from dsm_desktop.ui import theme, words
from dsm_desktop.ui.icons import icon
from dsm_desktop.ui.models.base import ACCESSIBLE, DECORATION, DISPLAY, FOREGROUND, NO_PARENT, TOOLTIP, Index
from dsm_desktop.ui.theme import Tone

EDIT = int(Qt.ItemDataRole.EditRole)
FONT = int(Qt.ItemDataRole.FontRole)
FIXED = 2
"""Columns before the settings: server and model."""


class SettingsMatrix(QAbstractTableModel):
    """`edits` is (server id, setting) → new value; `edited` after each change of them."""

    edited = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.rows: list[MatrixRow] = []
        self.columns: list[str] = []
        self._headings: list[str] = []
        self.edits: dict[tuple[int, str], Any] = {}
        self._rules: dict[tuple[str, str], Rules] = {}
        self._common: dict[str, Any] = {}
        self._verdicts: dict[int, Verdicts] = {}
        self._bold = QFont()

    def take(self, rows: Sequence[MatrixRow], registries: dict[tuple[str, str], Registry]) -> None:
        """Other servers; edits of servers that stay are kept."""
        self.beginResetModel()
        self.rows = list(rows)
        self._rules = {key: Rules(registry) for key, registry in registries.items()}
        kept = {row.server_id for row in rows}
        self.edits = {key: value for key, value in self.edits.items() if key[0] in kept}
        self._common = {name: common_value(rows, name) for name in self.names()}
        self.endResetModel()
        self._judge()

    def set_columns(self, names: Sequence[str]) -> None:
        """Which settings are shown."""
        self.beginResetModel()
        self.columns = list(names)
        self._headings = [self.heading(name) for name in names]
        self.endResetModel()

    def names(self) -> list[str]:
        """Every setting any of the servers has, by its title."""
        found = {name for row in self.rows for name in row.values}
        return sorted(found, key=lambda name: (self.title(name).lower(), name))

    def differing(self) -> list[str]:
        """Settings that can be set and are not, or will not be, the same on all servers that have them; and edited ones."""
        edited = {name for _, name in self.edits}
        return [
            name
            for name in self.names()
            if name in edited
            or (
                len({str(self.present(row, name)) for row in self.rows if name in row.values}) > 1
                and not any((e := self.entry(row, name)) and e.immutable for row in self.rows)
            )
        ]

    def waiting(self) -> list[str]:
        """Settings that wait for a restart on any server, and edited ones."""
        found = {name for row in self.rows for name in row.pending} | {name for _, name in self.edits}
        return [name for name in self.names() if name in found]

    def heading(self, name: str) -> str:
        """The title, with the name where another shown setting is called the same."""
        title = self.title(name)
        twins = sum(self.title(other) == title for other in self.columns)
        return f"{title} ({name})" if twins > 1 else title

    def entry(self, row: MatrixRow, name: str) -> Entry | None:
        """What the server's registry says of a setting."""
        rules = self._rules.get((row.registry_name, row.firmware))
        return rules.registry.entries.get(name) if rules else None

    def title(self, name: str) -> str:
        """The setting's display name, by the first server that describes it."""
        entry = next((e for row in self.rows if (e := self.entry(row, name))), None)
        return entry.title if entry else name

    def present(self, row: MatrixRow, name: str) -> Any:
        """The value a cell shows: the new one, else what waits, else what is."""
        return self.edits.get((row.server_id, name), row.pending.get(name, row.values.get(name)))

    # -- edits ----------------------------------------------------------------------------------------------------

    def set_value(self, row: MatrixRow, name: str, value: Any) -> str:
        """Give a cell a new value, as typed; returns why not, "" where it was taken. The present value takes an edit back."""
        if name not in row.values:
            return "This server does not have it."
        entry = self.entry(row, name)
        if entry is not None:
            try:
                value = converted(entry, value)
            except ValueError as error:
                return f"{entry.title}: {error}."
        if value == row.values[name]:
            self.edits.pop((row.server_id, name), None)
        else:
            self.edits[(row.server_id, name)] = value
        self._judge()
        return ""

    def discard(self) -> None:
        """Forget all edits."""
        self.edits.clear()
        self._judge()

    def restore(self, edits: Mapping[tuple[int, str], Any]) -> None:
        """These edits in place of the present ones, as far as their servers are still here."""
        here = {row.server_id for row in self.rows}
        self.edits = {key: value for key, value in edits.items() if key[0] in here}
        self._judge()

    def changes(self) -> dict[int, dict[str, Any]]:
        """Server id → name → new value."""
        found: dict[int, dict[str, Any]] = {}
        for (server_id, name), value in self.edits.items():
            found.setdefault(server_id, {})[name] = value
        return found

    def refused(self) -> int:
        """Edits that a server's own registry says it would refuse."""
        return sum(len(v.refused) for v in self._verdicts.values())

    def _judge(self) -> None:
        """Each server's edits as one change, with its own registry."""
        self._verdicts = {}
        by_id = {row.server_id: row for row in self.rows}
        for server_id, wanted in self.changes().items():
            row = by_id[server_id]
            rules = self._rules.get((row.registry_name, row.firmware))
            if rules is not None and rules.registry.entries:
                self._verdicts[server_id] = rules.check(row.values, wanted)
        if self.rows and self.columns:
            last = self.index(len(self.rows) - 1, self.columnCount() - 1)
            self.dataChanged.emit(self.index(0, 0), last)
        self.edited.emit()

    # -- what Qt asks ---------------------------------------------------------------------------------------------

    def rowCount(self, parent: Index = NO_PARENT) -> int:
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index = NO_PARENT) -> int:
        return 0 if parent.isValid() else FIXED + len(self.columns)

    def flags(self, index: Index) -> Qt.ItemFlag:
        usual = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        if (
            index.column() < FIXED
            or self.columns[index.column() - FIXED] not in self.rows[index.row()].values
        ):
            return usual
        return usual | Qt.ItemFlag.ItemIsEditable

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = DISPLAY) -> Any:
        if orientation != Qt.Orientation.Horizontal:
            return None
        if section < FIXED:
            return ("Server", "Model")[section] if role == DISPLAY else None
        name = self.columns[section - FIXED]
        if role == DISPLAY:
            return self._headings[section - FIXED]
        if role == TOOLTIP:
            entry = next((e for row in self.rows if (e := self.entry(row, name))), None)
            return f"{name}\n{entry.help}" if entry and entry.help else name
        return None

    def data(self, index: Index, role: int = DISPLAY) -> Any:
        row = self.rows[index.row()]
        if index.column() < FIXED:
            return (row.label, row.model)[index.column()] if role in (DISPLAY, ACCESSIBLE) else None
        name = self.columns[index.column() - FIXED]
        value = self.present(row, name)
        if role == EDIT:
            return value
        if role == DISPLAY:
            return self._shown(row, name, value)
        standing, why = self.standing(row, name)
        if role == FOREGROUND:
            return QBrush(QColor(theme.tone_colour(_TONES[standing])))
        if role == DECORATION:
            return icon(_ICONS[standing], _TONES[standing]) if _ICONS[standing] else None
        if role == FONT and standing in ("edited", "refused", "odd"):
            self._bold.setBold(True)
            return self._bold
        if role == TOOLTIP:
            return self._tip(row, name, standing, why)
        if role == ACCESSIBLE:
            return f"{self.title(name)}: {self._shown(row, name, value) or 'empty'}, {_WORDS[standing]}"
        return None

    def standing(self, row: MatrixRow, name: str) -> tuple[str, str]:
        """("missing" | "refused" | "edited" | "follows" | "pending" | "odd" | "", why)."""
        if name not in row.values:
            return "missing", ""
        verdicts = self._verdicts.get(row.server_id)
        if (row.server_id, name) in self.edits:
            why = verdicts.refused.get(name, "") if verdicts else ""
            return ("refused", why) if why else ("edited", "")
        if verdicts and name in verdicts.follows:
            return "follows", verdicts.follows[name][1]
        if name in row.pending:
            return "pending", ""
        common = self._common.get(name)
        return ("odd", "") if common is not None and str(row.values[name]) != common else ("", "")

    def _shown(self, row: MatrixRow, name: str, value: Any) -> str:
        if name not in row.values:
            return "—"
        entry = self.entry(row, name)
        return entry.shown(value) if entry else "" if value is None else str(value)

    def _tip(self, row: MatrixRow, name: str, standing: str, why: str) -> str:
        if standing == "missing":
            return "This server does not have it" if row.values else "Not read yet"
        lines = [f"{self.title(name)} of {row.label}: {_WORDS[standing]}"]
        lines += [why] if why else []
        if standing in ("edited", "refused", "pending"):
            lines.append(f"Now: {self._shown(row, name, row.values[name]) or '(empty)'}")
        if standing == "odd":
            lines.append(f"Most have: {self._common.get(name)}")
        lines.append(f"Read {words.ago(row.taken_at)}")
        return "\n".join(lines)


_TONES = {
    "": Tone.PLAIN, "missing": Tone.MUTED, "refused": Tone.CRITICAL, "edited": Tone.INFO, "follows": Tone.INFO, "pending": Tone.WARNING,
    "odd": Tone.WARNING,
}  # fmt: skip
_ICONS = {
    "": "", "missing": "", "refused": "status-critical", "edited": "edit", "follows": "status-info", "pending": "status-pending",
    "odd": "status-warning",
}  # fmt: skip
_WORDS = {
    "": "like most", "missing": "not there", "refused": "would be refused", "edited": "new value", "follows": "changes along",
    "pending": "waits for a restart", "odd": "differs from most",
}  # fmt: skip
