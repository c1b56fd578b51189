"""A picture of every view and dialog, in every look and size: for the demo without a display and for the manual."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import (
    QCoreApplication,
    QEventLoop,
    QMessageLogContext,
    QTimer,
    QtMsgType,
    qInstallMessageHandler,
)
from PySide6.QtWidgets import QApplication, QWidget

from dsm_desktop.app.context import AppContext, FirstRun, FirstRunChoices, FirstRunResult
from dsm_desktop.core.errors import DsmError
from dsm_desktop.jobs.declaration import Targets
from dsm_desktop.queries.vsphere import vsphere_view
from dsm_desktop.ui.desk import Desk
from dsm_desktop.ui.dialogs.about import AboutDialog, KeysDialog
from dsm_desktop.ui.dialogs.credential import CredentialDialog
from dsm_desktop.ui.dialogs.edit_servers import EditServersDialog
from dsm_desktop.ui.dialogs.job import ConfirmDialog, JobDialog, TargetRow
from dsm_desktop.ui.dialogs.servers import (
    AddServerDialog,
    RemoveServersDialog,
    TrustDialog,
)
from dsm_desktop.ui.dialogs.stop import ClosingDialog, EmergencyStopDialog
from dsm_desktop.ui.dialogs.unlock import UnlockDialog
from dsm_desktop.ui.dialogs.wizard import FirstRunWizard
from dsm_desktop.ui.main import Session, application
from dsm_desktop.ui.shell.palette import Palette, entries_of, entries_of_servers
from dsm_desktop.ui.shell.window import MainWindow
from dsm_desktop.ui.shots import more_dialogs, more_views
from dsm_desktop.ui.theme import ThemeName
from dsm_desktop.ui.views.settings import pages_of

SIZES = ((1280, 800), (1920, 1080))
LOOKS = (ThemeName.LIGHT, ThemeName.DARK, ThemeName.CONTRAST)
_PATIENCE = 60.0
_LOOKS_AT_REST, _BETWEEN_LOOKS = 17, 0.003
_SHORT_MS = 300
Shot = tuple[str, QWidget]


class PicturesFailed(DsmError):
    """A view did not come to rest."""


def save_pictures(
    context: AppContext,
    folder: Path,
    *,
    sizes: Sequence[tuple[int, int]] = SIZES,
    looks: Sequence[ThemeName] = LOOKS,
    dialogs: bool = True,
) -> list[Path]:
    """Write "<look>-<width>x<height>/<view>.png" below `folder`; returns the files. Works without a display
    (QT_QPA_PLATFORM=offscreen)."""
    # Without a screen Qt draws into memory.
    if not has_screen():
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    app = application([])
    with _without_idle_words():
        return _pictures(Session(context, app), folder, sizes=sizes, looks=looks, dialogs=dialogs)


_IDLE = "This plugin does not support "


@contextmanager
def _without_idle_words() -> Iterator[None]:
    """The memory that Qt draws into has no window manager and no keyboard, and says so for every dialog: hundreds of lines that
    mean nothing. Everything else Qt says goes where it went."""

    def told(kind: QtMsgType, where: QMessageLogContext, message: str) -> None:
        if message.startswith(_IDLE):
            return
        if former is not None:
            former(kind, where, message)
        else:
            sys.stderr.write(message + "\n")

    former = qInstallMessageHandler(told)
    try:
        yield
    finally:
        qInstallMessageHandler(former)


def _pictures(
    session: Session,
    folder: Path,
    *,
    sizes: Sequence[tuple[int, int]],
    looks: Sequence[ThemeName],
    dialogs: bool,
) -> list[Path]:
    window = session.window
    files: list[Path] = []
    try:
        window.show()
        for look in looks:
            session.theme.set(look)
            for number, (width, height) in enumerate(sizes):
                window.resize(width, height)
                settle(session.desk)
                place = folder / f"{look.value.replace(' ', '-')}-{width}x{height}"
                place.mkdir(parents=True, exist_ok=True)
                for name, widget in _views(window):
                    files.append(_save(widget, place / f"{name}.png"))
                if dialogs and number == 0:
                    for name, widget in _dialogs(session.desk, window):
                        files.append(_save(widget, place / f"dialog-{name}.png"))
    finally:
        session.close()
    return files


def has_screen() -> bool:
    """Whether a window could be shown here."""
    return sys.platform in ("win32", "darwin") or bool(
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    )


def settle(desk: Desk) -> None:
    """Run the event loop until in several looks, one after the other, no order was under way, no change waited to be told and no
    short timer of a view was waiting. Raises PicturesFailed when that does not come."""
    end = time.monotonic() + _PATIENCE
    calm = 0
    while calm < _LOOKS_AT_REST:
        QCoreApplication.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, 20)
        busy = desk.work.busy or desk.bridge.waiting or _timers_wait()
        calm = 0 if busy else calm + 1
        time.sleep(_BETWEEN_LOOKS)  # the threads that are waited for need the processor more
        if time.monotonic() > end:
            raise PicturesFailed("The window did not come to rest.", hint="Is the store under load?")


def _timers_wait() -> bool:
    timers = (t for w in QApplication.topLevelWidgets() for t in w.findChildren(QTimer))
    return any(t.isActive() and t.isSingleShot() and t.interval() <= _SHORT_MS for t in timers)


def _save(widget: QWidget, file: Path) -> Path:
    if not widget.grab().save(str(file)):
        raise PicturesFailed("The picture could not be written.", where=str(file), hint="Is the disk full?")
    return file


def _views(window: MainWindow) -> Iterator[Shot]:
    desk, servers = window.desk, window.servers
    window.show_area("dashboard")
    settle(desk)
    yield "dashboard", window
    window.show_area("servers")
    servers.panel.grid.clearSelection()
    settle(desk)
    yield "servers", window
    rows = servers.panel.model.shown_rows()
    if rows:
        servers.panel.grid.show_row(rows[0].id)
        for number in range(servers.details.tabs.count()):
            servers.details.tabs.setCurrentIndex(number)
            settle(desk)
            yield f"server-{servers.details.tabs.tabText(number).lower()}", window
        servers.details.tabs.setCurrentIndex(0)
    window.show_area("activity")
    for number, name in enumerate(("jobs", "questions", "restore-list", "api-calls", "audit")):
        window.activity.setCurrentIndex(number)
        settle(desk)
        if name == "api-calls" and window.activity.calls.model.rowCount():
            window.activity.calls.grid.selectRow(0)
            settle(desk)
        yield f"activity-{name}", window
    window.activity.setCurrentIndex(0)
    for page, _ in pages_of(desk.context.settings_sections):
        window.show_area(f"settings/{page}")
        settle(desk)
        yield f"settings-{page}", window
    yield from more_views(window, settle)
    window.show_area("servers")


def _dialogs(desk: Desk, window: MainWindow) -> Iterator[Shot]:
    rows = window.servers.panel.model.shown_rows()[:6]
    makers: list[tuple[str, Callable[[], QWidget]]] = [
        ("add-server", lambda: AddServerDialog(desk, window)),
        ("credential", lambda: CredentialDialog(desk, None, window, lambda: None)),
        ("stop", lambda: EmergencyStopDialog(desk, window.status.last, window)),
        ("unlock", lambda: UnlockDialog(desk, window, lambda: None)),
        ("about", lambda: AboutDialog(desk, window)),
        ("keyboard", lambda: KeysDialog(window.actions_.every(), window)),
        ("closing", lambda: _closing(desk, window)),
        ("palette", lambda: _palette(window)),
        ("first-run-store", lambda: _wizard(0)),
        ("first-run-key", lambda: _wizard(1)),
        ("first-run-login", lambda: _wizard(2)),
    ]
    makers += more_dialogs(desk, window)
    if rows:
        makers += [
            ("edit-servers", lambda: EditServersDialog(desk, rows, window)),
            ("remove-servers", lambda: RemoveServersDialog(desk, rows, window)),
            ("certificate", lambda: TrustDialog(desk, rows[0], rows[-1].fingerprint, window)),
        ]
    hosts = desk.context.store.fetch(vsphere_view).hosts[:3]
    targets_of: dict[Targets, Sequence[TargetRow]] = {Targets.SERVER: rows, Targets.HOST: hosts}
    for kind, job_type in desk.context.catalogue.items():
        targets = targets_of.get(job_type.targets, ())
        makers.append(
            (f"job-{kind}", lambda t=job_type, r=targets: JobDialog(desk, t, r, {}, window))  # type: ignore[misc]
        )
    if rows and "power_action" in desk.context.catalogue:
        makers.append(("confirm", lambda: _confirm(window, "power_action", {"action": "force_off"}, rows)))
    if hosts and "esxi_upgrade" in desk.context.catalogue:
        depot = {"depot": "[iso] depots/esxi.zip"}
        makers.append(("confirm-hosts", lambda: _confirm(window, "esxi_upgrade", depot, hosts)))
    for name, make in makers:
        dialog = make()
        dialog.show()
        settle(desk)
        yield name, dialog
        dialog.close()
        dialog.deleteLater()


def _palette(window: MainWindow) -> QWidget:
    rows = window.servers.panel.model.all_rows()
    entries = entries_of(window.actions_.every()) + entries_of_servers(rows, window.show_server)
    return Palette(entries, window)


def _closing(desk: Desk, window: MainWindow) -> QWidget:
    now = window.status.last
    assert now is not None, "the status bar has not counted yet"
    now = replace(
        now, open_jobs=2, running_tasks=3, waiting_tasks=2
    )  # it is asked only while something is left
    return ClosingDialog(desk, now, window, tray=None, hand_over=lambda: None, finish=lambda: None)


def _confirm(
    window: MainWindow, kind: str, values: Mapping[str, object], rows: Sequence[TargetRow]
) -> QWidget:
    job_type = window.desk.context.catalogue[kind]
    params = job_type.validate(values)
    return ConfirmDialog(
        job_type, params, job_type.danger_for(params), rows, window.desk, window, lambda: None
    )


class _Picture(FirstRun):
    """For a picture of the wizard: nothing is looked at and nothing is made."""

    def check_store(self, url: str) -> str:
        return ""

    def create(self, choices: FirstRunChoices) -> FirstRunResult:
        raise PicturesFailed("Nothing is made for a picture.")


def _wizard(number: int) -> QWidget:
    wizard = FirstRunWizard(_Picture())
    wizard.show_page(number)
    return wizard
