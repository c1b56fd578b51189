"""The Settings area: one page per declared section, credential sets, diagnostics."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pydantic import BaseModel
from PySide6.QtCore import QStringListModel
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QListView,
    QPushButton,
    QScrollArea,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from dsm_desktop.core.access import Permission
from dsm_desktop.core.errors import DsmError
from dsm_desktop.ui import words
from dsm_desktop.ui.desk import Desk
from dsm_desktop.ui.theme import SPACE, Tone, ui_font
from dsm_desktop.ui.views.agent_page import AgentPage
from dsm_desktop.ui.views.credentials import CredentialsPage
from dsm_desktop.ui.views.diagnostics import DiagnosticsPage
from dsm_desktop.ui.views.keyboard_page import KeyboardPage
from dsm_desktop.ui.views.keys_page import KeysPage
from dsm_desktop.ui.views.store_page import StorePage
from dsm_desktop.ui.widgets.area import AreaView
from dsm_desktop.ui.widgets.forms import Form
from dsm_desktop.ui.widgets.states import Banner, StatePane


class SectionPage(QWidget):
    """A declared section as a form; read when it comes into sight, saved as a whole."""

    def __init__(self, desk: Desk, section: str, model: type[BaseModel]) -> None:
        super().__init__()
        self._desk, self._section, self._model = desk, section, model
        self.form: Form | None = None
        self.banner = Banner()
        self._scroll = QScrollArea()
        self._scroll.setWidgetResizable(True)
        self._scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        self._scroll.setAccessibleName(title_of(section))
        self.save = QPushButton("Save")
        self.save.setEnabled(False)
        self.save.clicked.connect(self.store)
        self.save.setShortcut(QKeySequence.StandardKey.Save)
        self.save.setToolTip("Save this page (Ctrl+S)")
        self.undo = QPushButton("Discard changes")
        self.undo.setEnabled(False)
        self.undo.clicked.connect(self.read)
        buttons = QHBoxLayout()
        buttons.setContentsMargins(SPACE * 2, SPACE, SPACE * 2, SPACE)
        buttons.addStretch()
        buttons.addWidget(self.undo)
        buttons.addWidget(self.save)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.banner)
        column.addWidget(self._scroll, 1)
        column.addLayout(buttons)

    def showEvent(self, event: object) -> None:
        if self.form is None:
            self.read()

    def read(self) -> None:
        reads, section = self._desk.context.reads, self._section
        self._desk.work.read(self, lambda: reads.settings(section), self._show, self._failed, key="section")

    def _show(self, value: BaseModel) -> None:
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(SPACE * 2, SPACE * 2, SPACE * 2, SPACE)
        column.setSpacing(SPACE)
        heading = QLabel(title_of(self._section, self._model))
        heading.setFont(ui_font(step=3, bold=True))
        column.addWidget(heading)
        if text := (self._model.__doc__ or "").strip().split("\n\n")[0].replace("\n", " "):
            about = QLabel(" ".join(text.split()))
            about.setWordWrap(True)
            column.addWidget(about)
        self.form = Form(self._model, value.model_dump(mode="python"))
        self.form.setMaximumWidth(720)
        self.form.changed.connect(self._edited)
        column.addWidget(self.form)
        column.addStretch()
        self._scroll.setWidget(inside)
        self.save.setEnabled(False)
        self.undo.setEnabled(False)
        why = self._desk.why_not(Permission.ADMIN)
        self.form.setEnabled(not why)
        if why:
            self.banner.say(why, Tone.WARNING)

    def _failed(self, error: DsmError) -> None:
        pane = StatePane()
        pane.error(error, self.read)
        self._scroll.setWidget(pane)

    def _edited(self) -> None:
        self.save.setEnabled(True)
        self.undo.setEnabled(True)

    def dirty(self) -> bool:
        """Whether there is something to save."""
        return self.save.isEnabled()

    def store(self) -> None:
        """Validate at the fields, then save."""
        valid = self.form.validated() if self.form is not None else None
        if valid is None:
            return
        commands, section = self._desk.context.commands, self._section
        values = valid.model_dump(mode="json")
        self._desk.work.command(
            self, lambda: commands.save_settings(section, values), lambda _: self._saved(), self.banner.fail
        )

    def _saved(self) -> None:
        self.save.setEnabled(False)
        self.undo.setEnabled(False)
        self.banner.say("Saved.", Tone.OK)


_OWN: dict[str, tuple[str, Callable[[Desk], QWidget]]] = {
    "store": ("Store", StorePage),
    "keys": ("Site key", KeysPage),
    "credentials": ("Credential sets", CredentialsPage),
    "agent": ("Agents", AgentPage),
    "keyboard": ("Keyboard", KeyboardPage),
    "diagnostics": ("Diagnostics", DiagnosticsPage),
}
"""Pages that are not a declared section."""


class SettingsView(AreaView, QWidget):
    """Pages at the left, the chosen one at the right; pages are made when first looked at."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        sections = desk.context.settings_sections
        self._keys = _keys_of(sections)
        self._pages: dict[str, QWidget] = {}
        self.list = QListView()
        self.list.setModel(QStringListModel([title_of(k, sections.get(k)) for k in self._keys], self.list))
        self.list.setFixedWidth(190)
        self.list.setSpacing(3)
        self.list.setFrameShape(QListView.Shape.NoFrame)
        self.list.setEditTriggers(QListView.EditTrigger.NoEditTriggers)
        self.list.setAccessibleName("Settings pages")
        self.list.selectionModel().currentChanged.connect(lambda index, _: self._show(index.row()))
        self._stack = QStackedWidget()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self.list)
        row.addWidget(self._stack, 1)

    def showEvent(self, event: object) -> None:
        if not self.list.currentIndex().isValid():
            self.list.setCurrentIndex(self.list.model().index(0, 0))

    def panes(self) -> list[QWidget]:
        return [self.list]

    def place(self) -> tuple[str, tuple[str, ...]]:
        number = self.list.currentIndex().row()
        if number < 0:
            return "", ()
        key = self._keys[number]
        return key, (title_of(key, self._desk.context.settings_sections.get(key)),)

    def unsaved(self) -> list[str]:
        sections = self._desk.context.settings_sections
        pages = [(key, page) for key, page in self._pages.items() if isinstance(page, SectionPage)]
        return [title_of(key, sections[key]) for key, page in pages if page.dirty()]

    def show_page(self, key: str) -> None:
        """ "credentials", "diagnostics" or a section's name."""
        self.list.setCurrentIndex(self.list.model().index(self._keys.index(key), 0))

    def page(self, key: str) -> QWidget:
        """The page, made on the first look."""
        if key not in self._pages:
            page: QWidget
            if key in _OWN:
                page = _OWN[key][1](self._desk)
            else:
                page = SectionPage(self._desk, key, self._desk.context.settings_sections[key])
            self._pages[key] = page
            self._stack.addWidget(page)
        return self._pages[key]

    def _show(self, number: int) -> None:
        if 0 <= number < len(self._keys):
            self._stack.setCurrentWidget(self.page(self._keys[number]))
            self._desk.moved.emit()


def _keys_of(sections: Mapping[str, type[BaseModel]]) -> list[str]:
    return ["store", "keys", "credentials", *sections, "keyboard", "agent", "diagnostics"]


def pages_of(sections: Mapping[str, type[BaseModel]]) -> list[tuple[str, str]]:
    """(key, heading) of every page."""
    return [(key, title_of(key, sections.get(key))) for key in _keys_of(sections)]


def title_of(key: str, model: type[BaseModel] | None = None) -> str:
    """The heading of a page: declared with the section."""
    if key in _OWN:
        return _OWN[key][0]
    return str(getattr(model, "title", "") or words.sentence(key))
