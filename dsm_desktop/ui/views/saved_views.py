"""The button above a grid that keeps its arrangement and its query, and the named views: switch, save, rename, share, give
away as a file."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Protocol

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QActionGroup, QHideEvent, QShowEvent
from PySide6.QtWidgets import QFileDialog, QMenu, QToolButton

from dsm_desktop.commands import saved_views
from dsm_desktop.commands.saved_views import ViewLayout
from dsm_desktop.core.access import Permission
from dsm_desktop.core.errors import BadInput
from dsm_desktop.queries.saved_views import SavedViewRow, list_saved_views
from dsm_desktop.ui import words
from dsm_desktop.ui.bridge import Change
from dsm_desktop.ui.desk import Desk
from dsm_desktop.ui.dialogs.saved_views import RemoveViewDialog, RenameViewDialog, SaveViewDialog
from dsm_desktop.ui.icons import set_icon
from dsm_desktop.ui.models.layout import GridLayout
from dsm_desktop.ui.theme import Tone
from dsm_desktop.ui.widgets.deeds import entry
from dsm_desktop.ui.widgets.listing import Listing

_ENDING = ".dsmview.json"
_FILES = f"Views (*{_ENDING});;All files (*)"


_WIDE = 480
"""Pixels of a grid beside whose filter line there is room for a name."""


class Tree(Protocol):
    """What narrows a grid from beside it."""

    chosen_key: str

    def choose_kept(self, key: str) -> None: ...


class ViewsButton(QToolButton):
    """First on the bar of every grid that has a filter line. `view` names the grid in the store and in the window's settings
    ("servers"); `tree` stands beside it, and its chosen node is part of a view.

    Arrangement and query come back at the next start. A view that is to open the list wins over what was kept, and the way
    from elsewhere (a number of the dashboard) over both.
    """

    def __init__(self, desk: Desk, panel: Listing, view: str, tree: Tree | None = None) -> None:
        super().__init__()
        self._desk, self._panel, self.view, self._tree = desk, panel, view, tree
        self.rows: list[SavedViewRow] = []
        self.current: SavedViewRow | None = None
        self._asked = self._opened = False
        self._query = ""
        self.setAutoRaise(True)
        self.setText("Views")
        self.setToolTip("Named views: filter, columns, order and widths")
        self.setAccessibleName("Named views")
        set_icon(self, "eye")
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(self)
        menu.setToolTipsVisible(True)
        menu.aboutToShow.connect(lambda: self.fill(menu))
        self.setMenu(menu)
        panel.bar.insertWidget(0, self)
        self.load()
        desk.bridge.changed.connect(self._changed)
        desk.saving.connect(self.keep)
        panel.grid.installEventFilter(self)

    # -- over a restart -----------------------------------------------------------------------------------------

    def load(self) -> None:
        """As the grid was at the end of the last time."""
        self._panel.load_layout(self._desk.settings, self.view)
        self._query = self._panel.filter.text()

    def keep(self) -> None:
        """For the next time."""
        self._panel.save_layout(self._desk.settings, self.view)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if not self._asked:
            self.refresh()

    def hideEvent(self, event: QHideEvent) -> None:
        """A dialog, a tab or an area goes out of sight; it may not come back."""
        super().hideEvent(event)
        self.keep()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize:
            self._fit()
        return super().eventFilter(watched, event)

    def _fit(self) -> None:
        style = Qt.ToolButtonStyle
        wide = self._panel.grid.width() >= _WIDE
        self.setToolButtonStyle(style.ToolButtonTextBesideIcon if wide else style.ToolButtonIconOnly)

    # -- reading ------------------------------------------------------------------------------------------------

    def _changed(self, change: Change) -> None:
        if change.topic == "saved_views" and self._asked:
            self.refresh()

    def refresh(self) -> None:
        """Read the views again."""
        self._asked = True
        who, view = self._desk.context.principal.name, self.view
        self._desk.work.query(
            self, lambda c: list_saved_views(c, view, who), self._show, lambda _: None, key="views"
        )

    def _show(self, rows: list[SavedViewRow]) -> None:
        self.rows = rows
        before = self.current
        if before is not None:
            self.current = next((row for row in rows if row.id == before.id), None)
            self._name()
        if not self._opened:
            self._opened = True
            defaults = [row for row in rows if row.layout.default]
            first = next((row for row in defaults if row.owner), next(iter(defaults), None))
            if first is not None and self._panel.filter.text() in ("", self._query):
                self.switch(first)

    def _name(self) -> None:
        self.setText(words.shortened(self.current.name, 18) if self.current else "Views")
        self.setAccessibleName(f"Named views, now {self.current.name}" if self.current else "Named views")

    # -- the menu -----------------------------------------------------------------------------------------------

    def fill(self, menu: QMenu) -> None:
        """All views, then what can be done with them."""
        menu.clear()
        group = QActionGroup(menu)
        for row in self.rows:
            action = menu.addAction(
                f"{row.name} (shared)" if row.shared else row.name, partial(self.switch, row)
            )
            action.setCheckable(True)
            action.setChecked(self.current is not None and row.id == self.current.id)
            action.setToolTip(row.layout.filter or "without a filter")
            group.addAction(action)
        if self.rows:
            menu.addSeparator()
        menu.addAction("As on the first day", self.reset)
        menu.addAction("Save the view as…", self.save)
        if (now := self.current) is not None:
            desk, share = self._desk, self._desk.why_not(Permission.CONFIGURE)
            change = share if now.shared else ""
            entry(menu, f"Save over “{now.name}”", self.save_over, change)
            entry(menu, "Rename…", lambda: RenameViewDialog(desk, self.window(), now).open(), change)
            entry(menu, "Open the list with it", lambda: self._do(saved_views.make_default, now.id), change)
            shared = "Keep it to yourself" if now.shared else "Show it to everybody"
            entry(menu, shared, lambda: self._do(saved_views.set_shared, now.id, not now.shared), share)
            menu.addAction("Save as a file…", self._ask_export)
            entry(menu, "Remove…", lambda: RemoveViewDialog(desk, self.window(), now).open(), change)
        menu.addAction("Take from a file…", self._ask_import)

    def _do(self, command: object, *values: object) -> None:
        self._desk.change(self, lambda c: c.do(command, *values))  # type: ignore[arg-type]

    def switch(self, row: SavedViewRow) -> None:
        """Arrange the grid so."""
        self.current = row
        self._panel.grid.apply_layout(GridLayout.of(row.layout.model_dump()))
        if self._tree is not None and row.layout.node:
            self._tree.choose_kept(row.layout.node)
        self._panel.set_query(row.layout.filter)
        self._name()

    def reset(self) -> None:
        """The program's own arrangement, without a filter."""
        self.current = None
        self._panel.grid.apply_layout(self._panel.grid.first_day)
        self._panel.clear_filter()
        self._name()

    def layout_now(self) -> ViewLayout:
        """How the grid is arranged now."""
        arranged = asdict(self._panel.grid.grid_layout())
        node = self._tree.chosen_key if self._tree is not None else ""
        return ViewLayout(filter=self._panel.filter.text().strip(), node=node, **arranged)

    def save(self) -> None:
        SaveViewDialog(self._desk, self.window(), self.view, self.layout_now()).open()

    def save_over(self) -> None:
        """The current view takes the present arrangement."""
        row, view = self.current, self.view
        if row is not None:
            layout = self.layout_now().model_copy(update={"default": row.layout.default})
            self._desk.change(
                self,
                lambda c: c.do(
                    saved_views.save_view, view, row.name, layout, shared=row.shared, notes=row.notes
                ),
                lambda _: self._desk.tell(f"View {row.name} saved."),
            )

    # -- files --------------------------------------------------------------------------------------------------

    def _ask_export(self) -> None:
        name = f"{self.current.name if self.current else 'view'}{_ENDING}"
        file, _ = QFileDialog.getSaveFileName(self, "Save the view", name, _FILES)
        if file:
            self.export_to(Path(file))

    def export_to(self, file: Path) -> None:
        """Write the current view for another person or site."""
        row = self.current
        if row is None:
            return

        def write(text: str) -> None:
            file.write_text(text, encoding="utf-8")

        self._desk.change(
            self,
            lambda c: write(c.do(saved_views.export_view, row.id)),
            lambda _: self._desk.tell(f"View {row.name} written to {file}.", Tone.OK),
        )

    def _ask_import(self) -> None:
        file, _ = QFileDialog.getOpenFileName(self, "Take a view from a file", "", _FILES)
        if file:
            self.take_from(Path(file))

    def take_from(self, file: Path) -> None:
        """A view from a file becomes one's own."""

        def read() -> str:
            try:
                return file.read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError) as error:
                raise BadInput(
                    "The file cannot be read as a view.", where=str(file), detail=str(error)
                ) from error

        view = self.view
        self._desk.change(
            self,
            lambda c: c.do(saved_views.import_view, view, read()),
            lambda _: self._desk.tell(f"The view of {file.name} is on the list.", Tone.OK),
        )
