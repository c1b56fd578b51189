"""One opened profile: everything the faces and a runner need, built in one place and closed in one place."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from dsm_desktop import __version__
from dsm_desktop.app.database import with_password
from dsm_desktop.app.desk import Desk, ReadDesk
from dsm_desktop.app.keys import Keys
from dsm_desktop.app.profile import Profile, label_of
from dsm_desktop.app.runner_process import RunnerBeside
from dsm_desktop.app.store_desk import StoreDesk
from dsm_desktop.app.support_pack import SupportPack
from dsm_desktop.core.access import Permission, Principal, Role, local_principal
from dsm_desktop.core.crash import CrashReporter
from dsm_desktop.core.events import EventBus
from dsm_desktop.core.logs import install_logging
from dsm_desktop.core.redact import Redactor, Secrets
from dsm_desktop.core.settings import SECTIONS, Section
from dsm_desktop.jobs.declaration import Catalogue
from dsm_desktop.store.failures import StoreDamaged
from dsm_desktop.store.opening import check_integrity, open_store
from dsm_desktop.store.unit_of_work import Store
from dsm_desktop.vault.resolve import CredentialResolver
from dsm_desktop.vault.vault import Vault
from dsm_desktop.workers.config import RunnerConfig
from dsm_desktop.workers.feed import Feed
from dsm_desktop.workers.inhibit import SleepInhibitor

if TYPE_CHECKING:
    from dsm_desktop.media.server import MediaServer
    from dsm_desktop.workers.runner import Runner
    from dsm_desktop.workers.threads import Pool

TERMINAL_KIND = "terminal"
"""A runner that lives as long as one command."""


def catalogue() -> Catalogue:
    """Every job type of the program."""
    from dsm_desktop import operations  # half of the program; the window is shown before it

    return Catalogue.of(operations)


class Application:
    """An opened profile (the window's AppContext). Close it at the end."""

    def __init__(
        self, profile: Profile, *, store_url: str = "", role: Role = Role.ADMIN, check: bool = True
    ) -> None:
        config = profile.load()
        profile.prepare()
        self._profile = profile
        self.url = store_url or profile.store_url(config)
        self.store_label = label_of(self.url)
        self.bus = EventBus()
        self.secrets = Secrets()
        self.redactor = Redactor(self.secrets)
        self.store: Store = open_store(
            with_password(profile, self.url),
            backups=profile.backups,
            check=check,
            migrate=role is not Role.VIEWER,
        )
        self.principal: Principal = Principal(local_principal().name, role)
        self.vault = Vault(self.store)
        self.key = Keys(self.vault, profile, config, self.principal)
        self.resolver = CredentialResolver(self.store, self.vault, os.environ, secrets=self.secrets)
        self.commands = Desk(self.store, self.vault, lambda: self.catalogue, self.principal)
        self.reads = ReadDesk(self.store, self.resolver)
        arguments = ["--profile", str(profile.folder)]
        arguments += ["--store", store_url] if store_url else []
        self.runner = RunnerBeside(
            self.store, self.vault, self.bus, [*arguments, "agent", "--owned"], profile.reports / "runner.log"
        )
        self.key.opened = self.runner.key_opened
        self.support = SupportPack(self.store, profile, self.redactor)
        self.stored = StoreDesk(self.store, profile, self.url, self.principal, self.runner)
        self.read_only = role is Role.VIEWER
        self._feed: Feed | None = None
        self._undo: list[Callable[[], None]] = []

    @property
    def profile(self) -> Path:
        """Folder of the profile."""
        return self._profile.folder

    @property
    def profile_paths(self) -> Profile:
        """Where what lies in the profile."""
        return self._profile

    @cached_property
    def catalogue(self) -> Catalogue:
        """Every job type; the first to ask waits for its import."""
        return catalogue()

    @cached_property
    def media(self) -> MediaServer:
        """Serves files to BMCs; opens nothing before the first offer."""
        from dsm_desktop.app.media import media_server  # only where jobs run

        return media_server(self.store, self.vault)

    @property
    def settings_sections(self) -> Mapping[str, type[Section]]:
        return {section.name: section for section in SECTIONS}

    def check_store(self) -> None:
        """The file's soundness (1.3 s a gigabyte), where it was opened without. StoreDamaged: nothing is changed any more."""
        try:
            check_integrity(self.store)
        except StoreDamaged:
            self.read_only = True
            raise

    def listen(self) -> None:
        """Hear what any process commits, on the bus."""
        if self._feed is None:
            self._feed = Feed(self.store, self.bus)
            self._feed.start()

    def catch_crashes(self) -> None:
        """Masked crash reports into the profile instead of tracebacks with secrets on the terminal, and a masked log."""
        reporter = CrashReporter(self._profile.reports, self.redactor, {"dsm-desktop": __version__})
        self._undo += [reporter.install(), install_logging(self.redactor)]

    def make_runner(
        self,
        kind: str,
        *,
        pool: Pool | None = None,
        inhibitor: SleepInhibitor | None = None,
        watch: bool = False,
    ) -> Runner:
        """A runner in this process, not started yet; see `app.runner_parts`."""
        self.principal.require(Permission.OPERATE, "run jobs")
        from dsm_desktop.app.runner_parts import make_runner  # the window runs no jobs itself

        config = RunnerConfig(kind=kind, inhibitor=inhibitor, own_feed=self._feed is None)
        return make_runner(self, config, pool=pool, watch=watch)

    def close(self) -> None:
        """Let a runner beside us finish by itself, stop listening, wipe the key, close the store."""
        self.runner.leave()
        if "media" in self.__dict__:
            self.media.close()
        if self._feed is not None:
            self._feed.stop()
            self._feed = None
        self.key.lock()
        self.secrets.clear()
        self.store.close()
        for undo in reversed(self._undo):
            undo()
