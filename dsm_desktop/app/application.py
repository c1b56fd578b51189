"""One opened profile: everything the faces and a runner need, built in one place and closed in one place."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from dsm_desktop import __version__, operations
from dsm_desktop.app.database import with_password
from dsm_desktop.app.desk import Desk, ReadDesk
from dsm_desktop.app.duties import duties_of
from dsm_desktop.app.keys import Keys
from dsm_desktop.app.media import media_server
from dsm_desktop.app.profile import Profile, label_of
from dsm_desktop.app.runner_process import RunnerBeside
from dsm_desktop.app.store_desk import StoreDesk
from dsm_desktop.app.support_pack import SupportPack
from dsm_desktop.core.access import Principal, Role, local_principal
from dsm_desktop.core.crash import CrashReporter
from dsm_desktop.core.events import EventBus
from dsm_desktop.core.logs import install_logging
from dsm_desktop.core.redact import Redactor, Secrets
from dsm_desktop.core.settings import SECTIONS, NetworkSettings, Section
from dsm_desktop.jobs import Catalogue, ServerClients
from dsm_desktop.media.server import MediaServer
from dsm_desktop.net.limits import Limits, Throttle
from dsm_desktop.net.logins import PENALTY as LOGIN_PENALTY
from dsm_desktop.net.logins import LoginBudget
from dsm_desktop.store.api_calls import CallWriter, refused_ago
from dsm_desktop.store.failures import StoreDamaged
from dsm_desktop.store.opening import check_integrity, open_store
from dsm_desktop.store.retention import Retention
from dsm_desktop.store.settings import load
from dsm_desktop.store.unit_of_work import Store
from dsm_desktop.vault.resolve import CredentialResolver
from dsm_desktop.vault.vault import Vault
from dsm_desktop.workers.clients import DeviceClients
from dsm_desktop.workers.config import RunnerConfig
from dsm_desktop.workers.feed import Feed
from dsm_desktop.workers.runner import Runner
from dsm_desktop.workers.services import Services
from dsm_desktop.workers.threads import Pool, ThreadPool

POOL_THREADS = 64
TERMINAL_KIND = "terminal"
"""A runner that lives as long as one command."""
CA_BUNDLE = "ca-bundle.pem"
"""A private CA's certificates (PEM) in the profile, for servers whose trust is 'ca'."""


def catalogue() -> Catalogue:
    """Every job type of the program."""
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
        self.store: Store = open_store(with_password(profile, self.url), backups=profile.backups, check=check)
        self.principal: Principal = Principal(local_principal().name, role)
        self.catalogue = catalogue()
        self.vault = Vault(self.store)
        self.key = Keys(self.vault, profile, config, self.principal)
        self.resolver = CredentialResolver(self.store, self.vault, os.environ, secrets=self.secrets)
        self.commands = Desk(self.store, self.vault, self.catalogue, self.principal)
        self.reads = ReadDesk(self.store, self.resolver)
        self.media = media_server(self.store, self.vault)
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

    def services(self, clients: DeviceClients, *, watch: bool) -> Services:
        """What operations get: clients, the vault's resolver, retention."""
        shared = {
            CredentialResolver: self.resolver,
            Retention: Retention(self.store, self._profile.archive),
            ServerClients: ServerClients(clients.server, clients.login),
            NetworkSettings: load(self.store, NetworkSettings),
            MediaServer: self.media,
            Vault: self.vault,
        }
        duties = duties_of(self.store, self.catalogue, self._profile.archive) if watch else ()
        return Services(bus=self.bus, clients=clients, by_class=shared, duties=duties)

    def _clients(self) -> DeviceClients:
        network = load(self.store, NetworkSettings)
        limits = Limits(per_device=network.per_device, in_all=network.in_all)
        logins = LoginBudget(elsewhere=lambda device: refused_ago(self.store, device, LOGIN_PENALTY))
        throttle = Throttle(limits, logins=logins)
        bundle = self._profile.folder / CA_BUNDLE
        return DeviceClients(
            self.store,
            self.vault,
            self.resolver,
            throttle,
            CallWriter(self.store),
            ca_file=str(bundle) if bundle.is_file() else "",
            connect_timeout=network.connect_timeout,
        )

    def make_runner(
        self, kind: str, *, pool: Pool | None = None, inhibit_sleep: bool = False, watch: bool = False
    ) -> Runner:
        """A runner in this process, not started yet; it owns pool and clients from its start on.

        With `watch` it looks at the fleet by itself and does the store's housekeeping while it leads.
        """
        config = RunnerConfig(kind=kind, inhibit_sleep=inhibit_sleep, own_feed=self._feed is None)
        clients = self._clients()
        self.media.resident = kind != TERMINAL_KIND
        runner = Runner(
            self.store,
            self.catalogue,
            self.services(clients, watch=watch),
            pool or ThreadPool(POOL_THREADS),
            config,
        )
        clients.owner = lambda: runner.id
        return runner

    def close(self) -> None:
        """Let a runner beside us finish by itself, stop listening, wipe the key, close the store."""
        self.runner.leave()
        self.media.close()
        if self._feed is not None:
            self._feed.stop()
            self._feed = None
        self.key.lock()
        self.secrets.clear()
        self.store.close()
        for undo in reversed(self._undo):
            undo()
