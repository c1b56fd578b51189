"""From the start of the process to the window: a picture of the servers first, then the program behind it."""

from __future__ import annotations

import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QEventLoop, QObject, QSettings, Qt, Signal

from dsm_desktop.core.access import Role
from dsm_desktop.core.errors import BadInput
from dsm_desktop.ui.application import application, calm_collector
from dsm_desktop.ui.first_sight import FirstSight, first_sight
from dsm_desktop.ui.instance import Instance
from dsm_desktop.ui.theme import Theme, ThemeName

START_AGAIN = -1
"""Instead of an exit code: the window was closed to begin anew."""

if TYPE_CHECKING:
    from dsm_desktop.app.application import Application


class Loading(QObject):
    """Imports the program and opens the profile in a thread of its own, so that the picture stays alive."""

    _ended = Signal()

    def __init__(self, folder: Path, store_url: str, role: Role = Role.ADMIN) -> None:
        super().__init__()
        self._folder, self._store_url, self._role = folder, store_url, role
        self._opened: Application | None = None
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._load, name="window-loader")

    def opened(self) -> Application:
        """Wait with a living event loop; raises what opening raised."""
        loop = QEventLoop()
        self._ended.connect(loop.quit, Qt.ConnectionType.QueuedConnection)
        self._thread.start()
        loop.exec()
        self._thread.join()
        if self._error is not None:
            raise self._error
        assert self._opened is not None
        return self._opened

    def _load(self) -> None:
        try:
            import dsm_desktop.ui.main  # noqa: F401 - what the window needs, while the picture is looked at
            from dsm_desktop.app.application import Application
            from dsm_desktop.app.profile import Profile

            self._opened = Application(
                Profile(self._folder), store_url=self._store_url, role=self._role, check=False
            )
        except BaseException as error:  # noqa: BLE001 - raised again in the thread that waits
            self._error = error
        self._ended.emit()


def start(folder: Path, store_url: str = "", role: Role = Role.ADMIN) -> int:
    """The program proper; returns the process's exit code. A viewer's window stands beside the other one of the profile and
    needs one that was made: BadInput."""
    looks = role is Role.VIEWER
    if looks and not store_url and not (folder / "profile.json").is_file():
        raise BadInput(
            "There is no profile to look at yet.", hint="Start once without --read-only.", where=str(folder)
        )
    calm_collector()
    application()
    instance = Instance(folder, "window-read-only" if looks else "window")
    if not instance.claim():
        return 0
    try:
        while (code := _once(folder, store_url, role, instance)) == START_AGAIN:
            pass
    finally:
        instance.release()
    return code


def _once(folder: Path, store_url: str, role: Role, instance: Instance) -> int:
    app = application()
    settings = QSettings(str(folder / "window.ini"), QSettings.Format.IniFormat)
    kept = str(settings.value("window/theme") or "")
    look = Theme(app, ThemeName(kept) if kept in set(ThemeName) else ThemeName.SYSTEM)
    with suppress(ValueError):
        look.zoom(float(str(settings.value("window/zoom") or 0)))
    sight: FirstSight | None = None if store_url else first_sight(folder)
    demo = False
    if not (folder / "profile.json").is_file() and not store_url:
        from dsm_desktop.ui.main import first_run  # only once in the life of a profile

        wanted = first_run(folder)
        if wanted is None:
            return 0
        demo = wanted
    try:
        opened = Loading(folder, store_url, role).opened()
    except BaseException:
        if sight is not None:
            sight.close()
        raise
    from dsm_desktop.ui.main import run_opened  # loaded by now

    look.deleteLater()
    return run_opened(opened, sight=sight, demo=demo, instance=instance)
