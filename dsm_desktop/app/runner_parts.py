"""What a runner of an opened profile is made of: clients with their limits, services, duties."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dsm_desktop.app.duties import duties_of
from dsm_desktop.core.settings import NetworkSettings
from dsm_desktop.jobs import ServerClients
from dsm_desktop.media.server import MediaServer
from dsm_desktop.net.limits import Limits, Throttle
from dsm_desktop.net.logins import PENALTY as LOGIN_PENALTY
from dsm_desktop.net.logins import LoginBudget
from dsm_desktop.store.api_calls import CallWriter, refused_ago
from dsm_desktop.store.retention import Retention
from dsm_desktop.store.settings import load
from dsm_desktop.vault.resolve import CredentialResolver
from dsm_desktop.vault.vault import Vault
from dsm_desktop.workers.clients import DeviceClients
from dsm_desktop.workers.config import RunnerConfig
from dsm_desktop.workers.runner import Runner
from dsm_desktop.workers.services import Services
from dsm_desktop.workers.threads import Pool, ThreadPool

if TYPE_CHECKING:
    from dsm_desktop.app.application import Application

POOL_THREADS = 64
CA_BUNDLE = "ca-bundle.pem"
"""A private CA's certificates (PEM) in the profile, for servers whose trust is 'ca'."""


def make_runner(app: Application, config: RunnerConfig, *, pool: Pool | None, watch: bool) -> Runner:
    """A runner in this process, not started yet; it owns pool and clients from its start on.

    With `watch` it looks at the fleet by itself and does the store's housekeeping while it leads.
    """
    from dsm_desktop.app.application import TERMINAL_KIND

    clients = _clients(app)
    app.media.resident = config.kind != TERMINAL_KIND
    services = _services(app, clients, watch=watch)
    runner = Runner(app.store, app.catalogue, services, pool or ThreadPool(POOL_THREADS), config)
    clients.owner = lambda: runner.id
    return runner


def _services(app: Application, clients: DeviceClients, *, watch: bool) -> Services:
    """What operations get: clients, the vault's resolver, retention."""
    archive = app.profile_paths.archive
    shared = {
        CredentialResolver: app.resolver,
        Retention: Retention(app.store, archive),
        ServerClients: ServerClients(clients.server, clients.login),
        NetworkSettings: load(app.store, NetworkSettings),
        MediaServer: app.media,
        Vault: app.vault,
    }
    duties = duties_of(app.store, app.catalogue, archive) if watch else ()
    return Services(bus=app.bus, clients=clients, by_class=shared, duties=duties)


def _clients(app: Application) -> DeviceClients:
    network = load(app.store, NetworkSettings)
    limits = Limits(per_device=network.per_device, in_all=network.in_all)
    logins = LoginBudget(elsewhere=lambda device: refused_ago(app.store, device, LOGIN_PENALTY))
    bundle = app.profile / CA_BUNDLE
    return DeviceClients(
        app.store,
        app.vault,
        app.resolver,
        Throttle(limits, logins=logins),
        CallWriter(app.store),
        ca_file=str(bundle) if bundle.is_file() else "",
        connect_timeout=network.connect_timeout,
    )
