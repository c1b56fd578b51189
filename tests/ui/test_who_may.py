"""Nothing is offered to somebody who may not do it. Nothing here knows which line needs what: in every place of the window all that
can be pressed is pressed, and the commands and job types themselves say whether the role may. What an administrator can press at
the same place and the role cannot has to say that the role is why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QDialog,
    QFileDialog,
    QMenu,
    QPushButton,
    QToolButton,
    QWidget,
)
from shiboken6 import isValid
from sqlalchemy import insert, update

from dsm_desktop.commands.consoles import save_screenshot
from dsm_desktop.commands.library import add_folder
from dsm_desktop.commands.saved_views import ViewLayout, save_view
from dsm_desktop.core.access import Permission, Principal, Role
from dsm_desktop.store.library import save_item
from dsm_desktop.store.media import NewMount, note_mount
from dsm_desktop.store.models import EsxiHost, Rack, Server
from dsm_desktop.store.unit_of_work import Store
from dsm_desktop.ui.main import Session
from dsm_desktop.ui.screenshots import _views, settle
from dsm_desktop.ui.views.screen_wall import ScreenWall
from dsm_desktop.ui.views.server_tree import ServerTree
from dsm_desktop.ui.views.vcenter_tree import VsphereTree
from dsm_desktop.ui.widgets.grid import GridView
from tests.ui.conftest import OpenSession
from tests.ui.test_hosts_without_vcenter import BRANCH, EDGE, seed
from tests.ui.test_screen_wall import picture

WHO = Principal("anna@desk-07")
_ROWS = 2
"""So many rows of a list are chosen, one after the other; then all."""
_FACETS, _UNREAD, _OFTEN = 12, 60, 2
_LEAVE = ("Cancel", "Close")
_AWAY = frozenset(("servers › Open in a new tab", "jobs › Open in a new tab"))
"""Lines that lead out of the place that is walked."""


def something_of_everything(store: Store) -> None:
    """The site, hosts without a vCenter that show other keys, a folder with an ISO, a mounted medium, a screen, a rack, a shared
    view, and as the first of the list a server that was never read."""
    seed(store)
    with store.write() as uow:
        folder = add_folder(uow, WHO, "here", "/srv/isos")
        iso = {"name": "esxi.iso", "kind": "iso", "size": 10**9, "modified_ns": 10**18, "title": "ESXI"}
        iso_id = save_item(uow, folder, "esxi.iso", iso)
        note_mount(uow, 1, NewMount("cd", "esxi.iso", 7, "anna", "/srv/isos/esxi.iso", "here", iso_id))
        save_screenshot(uow, 1, picture())
        uow.session.execute(insert(Rack), [{"id": 1, "name": "R1", "room": "", "units": 42, "notes": ""}])
        uow.session.execute(
            update(EsxiHost).where(EsxiHost.id == EDGE).values(ssh_key="aa" * 32, shown_ssh_key="bb" * 32)
        )
        strange = {"fingerprint": "aa" * 32, "shown_fingerprint": "bb" * 32}
        uow.session.execute(update(EsxiHost).where(EsxiHost.id == BRANCH).values(strange))
        for view in ("servers", "jobs"):
            save_view(uow, WHO, view, "Ours", ViewLayout(default=True), shared=True)
        first = {
            "name": "000-unread",
            "address": "10.9.9.9",
            "access": "unreachable",
            "problem": "No answer.",
        }
        uow.session.execute(update(Server).where(Server.id == 60).values(first))


def nothing(store: Store) -> None:
    """The first day."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A button or a line of a menu. `take` presses it; `tip` is what a person can read about it."""

    label: str
    enabled: bool
    tip: str
    take: Callable[[], object]


def _lines(menu: QMenu, before: str, *, enabled: bool = True) -> Iterator[Offer]:
    for action in menu.actions():
        if action.isSeparator():
            continue
        on = enabled and action.isEnabled()
        tip = action.toolTip() if menu.toolTipsVisible() else ""
        yield Offer(
            f"{before} › {action.text()}", on, tip, action.trigger if action.menu() is None else _no_deed
        )
        below = action.menu()
        if on and isinstance(below, QMenu):
            yield from _lines(below, f"{before} › {action.text()}")


def _no_deed() -> None:
    """A menu opens."""


def _name(widget: QWidget) -> str:
    own = widget.text() if isinstance(widget, QAbstractButton) else ""
    return own or widget.accessibleName() or type(widget).__name__


def _buttons(root: QWidget) -> Iterator[Offer]:
    for button in root.findChildren(QAbstractButton):
        if not isValid(button) or not button.isVisible() or button.isCheckable():
            continue
        menu = button.menu() if isinstance(button, (QPushButton, QToolButton)) else None
        on = button.isEnabled()
        yield Offer(_name(button), on, button.toolTip(), button.click if menu is None else _no_deed)
        if isinstance(menu, QMenu) and on:
            menu.aboutToShow.emit()
            yield from _lines(menu, _name(button))


def _grids(root: QWidget) -> Iterator[Offer]:
    """With nothing chosen, each of the first rows, everything: the menu, and the buttons that follow the choice."""
    for grid in root.findChildren(GridView):
        if not isValid(grid) or not grid.isVisible():
            continue
        for row in range(-1, min(grid.rows.rowCount(), _ROWS) + 1):
            grid.clearSelection()
            if row == _ROWS or row == grid.rows.rowCount():
                grid.selectAll()
            elif row >= 0 and grid.rows.heading_at(row) is None:
                grid.show_row(grid.rows.id_at(row))
            QApplication.processEvents()
            yield from _buttons(root)
            if isValid(grid) and grid.menu_of is not None:
                menu = QMenu()
                menu.setToolTipsVisible(True)  # as the grid does
                grid.menu_of(menu)
                yield from _lines(menu, grid.accessibleName())


def _others(root: QWidget) -> Iterator[Offer]:
    """The menus of trees and of the wall of screens."""
    for tree in root.findChildren(ServerTree):
        for facet in list(tree.facets.root.walk())[:_FACETS]:
            menu = QMenu()
            tree.fill_menu(menu, facet)
            yield from _lines(menu, f"tree, {facet.key}")
    for places in root.findChildren(VsphereTree):
        kinds = {node.kind: node for node in places.nodes.node(places.rootIndex()).walk()}
        for kind, node in kinds.items():
            places.setCurrentIndex(places.nodes.index_of(node.key))
            menu = QMenu()
            if places.menu_of is not None:
                places.menu_of(menu)
            yield from _lines(menu, f"tree, {kind}")
    for wall in root.findChildren(ScreenWall):
        if wall.isVisible() and wall.model.rowCount():
            wall._menu(wall.tiles.visualRect(wall.model.index(0)).center())
            menu = wall.findChildren(QMenu)[-1]
            yield from _lines(menu, "screen")
            menu.close()


def _places(session: Session) -> Iterator[tuple[str, QWidget]]:
    """Every view, and every tab of a server that was never read."""
    window = session.window
    for name, _ in _views(window):
        view = window.view
        assert isinstance(view, QWidget)
        yield name, view
    servers = window.servers
    if servers.panel.model.row_of(_UNREAD) is not None:
        window.show_server(_UNREAD)
        for number in range(servers.details.tabs.count()):
            servers.details.tabs.setCurrentIndex(number)
            settle(session.desk)
            yield f"unread, {servers.details.tabs.tabText(number)}", servers.details


class Walk:
    """What is offered at each place (`offers`), and what was tried there and refused (`refused`)."""

    def __init__(self, session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
        self._session = session
        self.offers: dict[tuple[str, str], list[Offer]] = {}
        self.refused: set[str] = set()
        self._here = ""
        self._times: Counter[str] = Counter()
        desk = session.desk
        for way in ("server_opened", "servers_chosen", "calls_opened", "call_opened", "job_opened", "area_opened",
                    "filter_wanted", "tab_wanted", "job_wanted"):  # fmt: skip
            getattr(desk, way).disconnect()
        desk.job_wanted.connect(self._wanted)
        monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_a, **_k: ("", ""))
        monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_a, **_k: ("", ""))
        monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_a, **_k: "")
        required = Principal.require

        def require(who: Principal, permission: Permission, what: str) -> None:
            if not who.role.may(permission):
                self.refused.add(f"{self._here}: {what}")
            required(who, permission, what)

        monkeypatch.setattr(Principal, "require", require)

    def _wanted(self, kind: str, _ids: list[int], _preset: dict[str, object]) -> None:
        if self._session.desk.why_not(self._session.context.catalogue[kind].needs):
            self.refused.add(f"{self._here}: {kind}")

    def go(self, *, press: bool) -> None:
        for place, root in _places(self._session):
            pressed: set[str] = set()
            for look in (_buttons, _grids, _others):
                for offer in look(root):
                    self.offers.setdefault((place, offer.label), []).append(offer)
                    if press and offer.enabled and self._is_new(offer.label, pressed):
                        pressed.add(offer.label)
                        self._here = f"{place}: {offer.label}"
                        offer.take()
                        self._leave_dialogs()
            if pressed:
                settle(self._session.desk)

    def _is_new(self, label: str, pressed: set[str]) -> bool:
        """Not pressed here yet, and not one of those that stand above every list."""
        if label in pressed or label in _AWAY or self._times[label] == _OFTEN:
            return False
        self._times[label] += 1
        return True

    def _leave_dialogs(self) -> None:
        """Whatever opened: what it offers is pressed as well."""
        QApplication.processEvents()
        for dialog in QApplication.topLevelWidgets():
            if isinstance(dialog, QDialog) and dialog.isVisible():
                for button in dialog.findChildren(QPushButton):
                    if isValid(button) and button.isVisible() and button.text() not in _LEAVE:
                        button.click()
                settle(self._session.desk)  # what it has asked for still needs it
                if isValid(dialog):
                    dialog.hide()


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("fill", "role"),
    [
        (something_of_everything, Role.VIEWER),
        (something_of_everything, Role.OPERATOR),
        (nothing, Role.VIEWER),
    ],
    ids=["viewer", "operator", "viewer, first day"],
)
def test_nothing_is_offered_that_is_then_refused(
    open_session: OpenSession,
    monkeypatch: pytest.MonkeyPatch,
    role: Role,
    fill: Callable[[Store], None],
) -> None:
    walk = Walk(open_session(fill, role=role), monkeypatch)
    walk.go(press=True)
    assert len(walk.offers) > 100
    assert not walk.refused, "\n".join(sorted(walk.refused))


@pytest.mark.timeout(900)
def test_what_the_role_forbids_says_so(open_session: OpenSession, monkeypatch: pytest.MonkeyPatch) -> None:
    walks = []
    for role in (Role.ADMIN, Role.VIEWER):
        walks.append(Walk(open_session(something_of_everything, role=role), monkeypatch))
        walks[-1].go(press=False)
    admin, viewer = (walk.offers for walk in walks)
    told = {
        " / ".join(where): "look only" in mine.tip
        for where, offers in viewer.items()
        for mine, theirs in zip(offers, admin.get(where, []), strict=False)
        if theirs.enabled and not mine.enabled
    }
    assert len(told) > 100
    assert all(told.values()), [where for where, said in told.items() if not said]
