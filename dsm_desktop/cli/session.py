"""One run of the command line: opens the profile at first need and closes it at the end."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from dsm_desktop.core.access import local_principal, look_only
from dsm_desktop.core.errors import BadInput
from dsm_desktop.core.folders import default_folder

if TYPE_CHECKING:
    from dsm_desktop.app.application import Application
    from dsm_desktop.app.profile import Profile


class Session:
    """The options before the command, and what they open."""

    def __init__(
        self,
        profile: Path | None = None,
        store_url: str = "",
        key_file: Path | None = None,
        passphrase_stdin: bool = False,
        *,
        read_only: bool = False,
    ) -> None:
        self.folder = profile or default_folder()
        self.store_url = store_url
        self.principal = look_only(local_principal()) if read_only else local_principal()
        self._key_file = key_file
        self._passphrase_stdin = passphrase_stdin
        self._app: Application | None = None

    @property
    def profile(self) -> Profile:
        """The profile's paths."""
        from dsm_desktop.app.profile import Profile  # the window shows its first picture without

        return Profile(self.folder)

    def app(self) -> Application:
        """The opened profile. BadInput when there is none yet."""
        if self._app is None:
            if not self.profile.exists and not self.store_url:
                raise BadInput(
                    "There is no profile yet.",
                    hint="Start the window once, or run `dsm-desktop admin init`.",
                    where=str(self.profile.folder),
                )
            from dsm_desktop.app.application import Application  # the window shows its first picture without

            self._app = Application(self.profile, store_url=self.store_url, role=self.principal.role)
            self._app.catch_crashes()
        return self._app

    def unlocked(self) -> Application:
        """The same with the key open as far as the options and the profile can open it; work that needs no secret goes on."""
        from dsm_desktop.app.context import KeyState

        app = self.app()
        if app.key.state() is KeyState.OPEN:
            return app
        if self._passphrase_stdin:
            app.key.unlock(sys.stdin.readline().rstrip("\n"))
        elif self._key_file is not None:
            app.key.unlock_with_file(self._key_file)
        else:
            app.key.open_quietly()
        return app

    def open_window(self) -> int:
        """The program proper. Qt is imported only here, so that the rest runs where Qt is not installed."""
        from dsm_desktop.ui.start import start

        return start(self.folder, self.store_url, self.principal.role)

    def close(self) -> None:
        if self._app is not None:
            self._app.close()
            self._app = None
