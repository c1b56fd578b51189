"""Tabs above the areas: the first is the window's own place, others hold one object or area each and can be taken out."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QByteArray, QPoint, Signal
from PySide6.QtGui import QAction, QCloseEvent
from PySide6.QtWidgets import QMainWindow, QMenu, QStackedWidget, QTabBar, QVBoxLayout, QWidget

from dsm_desktop.ui.icons import icon
from dsm_desktop.ui.shell.pages import icon_of, known
from dsm_desktop.ui.shell.unsaved import may_go
from dsm_desktop.ui.widgets.area import AreaView
from dsm_desktop.ui.words import shortened

_CLOSED_KEPT = 20
_LONGEST = 28


@dataclass(slots=True)
class _Tab:
    """`page` is made at the first look."""

    spec: str
    title: str
    page: QWidget | None = None


class Detached(QMainWindow):
    """A tab in a window of its own, for a second screen. Closing it closes the tab."""

    gone = Signal()

    def __init__(self, tab: _Tab, put_back: Callable[[], None]) -> None:
        super().__init__()
        assert tab.page is not None
        self.tab = tab
        self._may_close = False
        page = tab.page
        self.setWindowIcon(icon("logo"))
        self.setCentralWidget(page)
        page.show()
        self._name(page.windowTitle() or tab.title)
        page.windowTitleChanged.connect(self._name)
        self.resize(1000, 700)
        back = QAction("Put back into the window", self)
        back.triggered.connect(put_back)
        menu = self.menuBar().addMenu("&Window")
        menu.addAction(back)
        menu.addAction("Close", self.close)
        self.menuBar().setAccessibleName("Menu")

    @property
    def view(self) -> AreaView:
        """What it shows."""
        page = self.centralWidget()
        return page if isinstance(page, AreaView) else AreaView()

    def _name(self, title: str) -> None:
        self.setWindowTitle(f"{title} — DSM Desktop")

    def take_page(self) -> QWidget:
        """The page without its window."""
        page = self.takeCentralWidget()
        assert page is not None
        page.windowTitleChanged.disconnect(self._name)
        return page

    def close_now(self) -> None:
        """Close without asking."""
        self._may_close = True
        self.close()

    def closeEvent(self, event: QCloseEvent) -> None:
        if self._may_close or may_go([self], [self.view], self.close_now):
            event.accept()
            self.gone.emit()
        else:
            event.ignore()


class TabDeck(QWidget):
    """`shown()` when another tab came into sight, or the page in it has become what it is. While there is only the first
    tab no bar is seen."""

    shown = Signal()

    def __init__(
        self, home: QWidget, build: Callable[[str], QWidget], dress: Callable[[Detached], None]
    ) -> None:
        """`dress` gives a window that was taken out its keys."""
        super().__init__()
        self._build, self._dress = build, dress
        self._tabs: list[_Tab] = [_Tab("", "Home", home)]
        self._closed: list[_Tab] = []
        self._out: list[Detached] = []
        self.menu_of: Callable[[QMenu], None] | None = None
        self.bar = QTabBar()
        self.bar.setDocumentMode(True)
        self.bar.setExpanding(False)
        self.bar.setTabsClosable(True)
        self.bar.setUsesScrollButtons(True)
        self.bar.setAutoHide(True)
        self.bar.setAccessibleName("Open tabs")
        self.bar.addTab("Home")
        self._no_close_button(0)
        self.bar.currentChanged.connect(self._show)
        self.bar.tabCloseRequested.connect(self.close_tab)
        self.bar.customContextMenuRequested.connect(self._menu)
        self.bar.setContextMenuPolicy(self.bar.contextMenuPolicy().CustomContextMenu)
        self._stack = QStackedWidget()
        self._stack.addWidget(home)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.bar)
        column.addWidget(self._stack, 1)

    def _no_close_button(self, number: int) -> None:
        for side in (QTabBar.ButtonPosition.LeftSide, QTabBar.ButtonPosition.RightSide):
            button = self.bar.tabButton(number, side)
            if button is not None:
                button.resize(0, 0)
                self.bar.setTabButton(number, side, None)

    # -- what is open -------------------------------------------------------------------------------------------

    @property
    def number(self) -> int:
        """The tab in sight; 0 is the window's own."""
        return self.bar.currentIndex()

    @property
    def count(self) -> int:
        return len(self._tabs)

    @property
    def spec(self) -> str:
        """What the tab in sight holds, "" for the window's own."""
        return self._tabs[self.number].spec

    @property
    def page(self) -> QWidget:
        """The widget in sight."""
        page = self._stack.currentWidget()
        assert page is not None
        return page

    @property
    def detached(self) -> list[Detached]:
        """The windows taken out."""
        return list(self._out)

    def pages(self) -> list[AreaView]:
        """Every page that was made, here and outside, without the first."""
        tabs = [*self._tabs[1:], *(out.tab for out in self._out)]
        pages = [tab.page for tab in tabs if tab.page is not None]
        return [page for page in pages if isinstance(page, AreaView)]

    def name_home(self, title: str, icon_name: str) -> None:
        self.bar.setTabText(0, title)
        self.bar.setTabIcon(0, icon(icon_name))

    # -- opening and closing ------------------------------------------------------------------------------------

    def open(self, spec: str, title: str = "", *, behind: bool = False) -> None:
        """Bring a tab into sight, made where there is none yet."""
        for out in self._out:
            if out.tab.spec == spec:
                out.raise_()
                out.activateWindow()
                return
        number = next((n for n, tab in enumerate(self._tabs) if n and tab.spec == spec), None)
        if number is None:
            self._tabs.append(_Tab(spec, title or "…"))
            number = self.bar.addTab(icon(icon_of(spec)), title or "…")
        if not behind:
            self.bar.setCurrentIndex(number)

    def _made(self, tab: _Tab) -> QWidget:
        if tab.page is None:
            tab.page = self._build(tab.spec)
            self._stack.addWidget(tab.page)
            tab.page.windowTitleChanged.connect(lambda title, tab=tab: self._name(tab, title))
            if tab.page.windowTitle():
                self._name(tab, tab.page.windowTitle())
        return tab.page

    def _name(self, tab: _Tab, title: str) -> None:
        tab.title = title
        if tab in self._tabs:
            number = self._tabs.index(tab)
            self.bar.setTabText(number, shortened(title, _LONGEST).replace("&", "&&"))
            self.bar.setTabToolTip(number, title)
            if number == self.number:
                self.shown.emit()

    def _show(self, number: int) -> None:
        if 0 <= number < len(self._tabs):
            self._stack.setCurrentWidget(self._made(self._tabs[number]))
            self.shown.emit()

    def go(self, number: int) -> None:
        self.bar.setCurrentIndex(number % self.count)

    def close_tab(self, number: int) -> None:
        """Close one; `reopen` brings it back. The first stays, and so does one that must ask first: it comes into sight."""
        if number <= 0:
            return
        tab = self._tabs[number]
        if not isinstance(tab.page, AreaView) or may_go([self], [tab.page], lambda: self._close(tab)):
            self._close(tab)
        else:
            self.go(number)

    def _close(self, tab: _Tab) -> None:
        if tab in self._tabs:
            self._forget(self._taken(self._tabs.index(tab)))

    def close_current(self) -> None:
        self.close_tab(self.number)

    def reopen(self) -> None:
        """The tab closed last."""
        if self._closed:
            tab = self._closed.pop()
            self.open(tab.spec, tab.title)

    def _taken(self, number: int) -> _Tab:
        tab = self._tabs.pop(number)
        # The bar may choose the next tab while one of its own is going: it counts ours.
        self.bar.removeTab(number)
        if tab.page is not None:
            self._stack.removeWidget(tab.page)
        self._show(self.number)
        return tab

    def _forget(self, tab: _Tab) -> None:
        if tab.page is not None:
            if isinstance(tab.page, AreaView):
                tab.page.save_layout()
            tab.page.deleteLater()
        self._closed = [*self._closed, _Tab(tab.spec, tab.title)][-_CLOSED_KEPT:]

    # -- outside ------------------------------------------------------------------------------------------------

    def detach(self, number: int) -> Detached | None:
        """A tab into a window of its own."""
        if number <= 0:
            return None
        self._made(self._tabs[number])
        tab = self._taken(number)
        out = Detached(tab, lambda: self.put_back(out))
        self._dress(out)
        out.gone.connect(lambda: self._gone(out))
        self._out.append(out)
        out.show()
        return out

    def put_back(self, out: Detached) -> None:
        """The page of a window becomes a tab again."""
        self._out.remove(out)
        page = out.take_page()
        out.tab.page = page
        self._tabs.append(out.tab)
        self._stack.addWidget(page)
        number = self.bar.addTab(icon(icon_of(out.tab.spec)), "")
        self._name(out.tab, out.tab.title)
        out.blockSignals(True)
        out.close()
        out.deleteLater()
        self.bar.setCurrentIndex(number)

    def _gone(self, out: Detached) -> None:
        if out in self._out:
            self._out.remove(out)
            self._forget(out.tab)
            out.deleteLater()

    def _menu(self, point: QPoint) -> None:
        number = self.bar.tabAt(point)
        if number <= 0:
            return
        menu = QMenu(self)
        menu.addAction("Take out into a window", lambda: self.detach(number))
        menu.addAction("Close", lambda: self.close_tab(number))
        menu.addAction("Close the others", lambda: self._close_others(number))
        menu.popup(self.bar.mapToGlobal(point))

    def _close_others(self, number: int) -> None:
        for other in range(self.count - 1, 0, -1):
            if other != number:
                self.close_tab(other)

    # -- kept ---------------------------------------------------------------------------------------------------

    def state(self) -> str:
        """What is open, for the next start (JSON)."""
        tabs: list[dict[str, Any]] = [{"spec": tab.spec, "title": tab.title} for tab in self._tabs[1:]]
        for out in self._out:
            place = bytes(out.saveGeometry().toBase64().data()).decode("ascii")
            tabs.append({"spec": out.tab.spec, "title": out.tab.title, "window": place})
        return json.dumps({"tabs": tabs, "current": self.number})

    def restore(self, state: str) -> None:
        """As it was; what cannot be read is left out."""
        try:
            kept = json.loads(state)
            tabs, current = list(kept["tabs"]), int(kept["current"])
        except (ValueError, KeyError, TypeError):
            return
        for tab in tabs:
            if isinstance(tab, dict) and known(str(tab.get("spec"))):
                self.open(tab["spec"], str(tab.get("title", "")), behind=True)
                if place := str(tab.get("window", "")):
                    out = self.detach(self.count - 1)
                    if out is not None:
                        out.restoreGeometry(QByteArray.fromBase64(place.encode("ascii")))
        if 0 < current < self.count:
            self.bar.setCurrentIndex(current)

    def close_all(self) -> None:
        """The window goes: so do the windows taken out."""
        for out in self.detached:
            out.blockSignals(True)
            out.close_now()
            out.deleteLater()
        self._out.clear()
