"""What a runner of an opened profile is made of: clients with their limits, services, duties."""

from __future__ import annotations

from dataclasses import replace
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
from dsm_desktop.workers.esxi_shells import EsxiShells
from dsm_desktop.workers.runner import Runner
from dsm_desktop.workers.services import Duty, Services
from dsm_desktop.workers.threads import Pool, ThreadPool
from dsm_desktop.workers.vcenter_watch import LOOK_EVERY as WATCH_EVERY
from dsm_desktop.workers.vcenter_watch import VcenterWatchers
from dsm_desktop.workers.vsphere_clients import VsphereClients

if TYPE_CHECKING:
    from dsm_desktop.app.application import Application

POOL_THREADS = 48
CA_BUNDLE = "ca-bundle.pem"
"""A private CA's certificates (PEM) in the profile, for servers whose trust is 'ca'."""


def make_runner(app: Application, config: RunnerConfig, *, pool: Pool | None, watch: bool) -> Runner:
    """A runner in this process, not started yet; it owns pool and clients from its start on.

    With `watch` it looks at the fleet by itself and does the store's housekeeping while it leads.
    """
    from dsm_desktop.app.application import TERMINAL_KIND

    network = load(app.store, NetworkSettings)
    logins = LoginBudget(elsewhere=lambda device: refused_ago(app.store, device, LOGIN_PENALTY))
    writer = CallWriter(app.store)
    clients = _clients(app, network, logins, writer)
    vsphere = VsphereClients(
        app.store,
        app.resolver,
        writer,
        logins,
        ca_file=_ca_file(app),
        connect_timeout=network.connect_timeout,
    )
    shells = EsxiShells(app.store, app.resolver, writer, logins)
    app.media.resident = config.kind != TERMINAL_KIND
    services = replace(_services(app, clients, vsphere, watch=watch), esxi=shells)
    if watch:
        watchers = VcenterWatchers(app.store, vsphere)
        duty = Duty("watch vCenters", WATCH_EVERY, watchers.look, watchers.rest)
        services = replace(services, watchers=watchers, duties=(*services.duties, duty))
    runner = Runner(app.store, app.catalogue, services, pool or ThreadPool(POOL_THREADS), config)
    clients.owner = lambda: runner.id
    return runner


def _services(app: Application, clients: DeviceClients, vsphere: VsphereClients, *, watch: bool) -> Services:
    """What operations get: clients, the vault's resolver, retention."""
    archive = app.profile_paths.archive
    shared = {
        CredentialResolver: app.resolver,
        Retention: Retention(app.store, archive),
        ServerClients: ServerClients(clients.server, clients.login),
        MediaServer: app.media,
        Vault: app.vault,
    }
    duties = duties_of(app.store, app.catalogue, archive) if watch else ()
    return Services(bus=app.bus, clients=clients, vsphere=vsphere, by_class=shared, duties=duties)


def _ca_file(app: Application) -> str:
    bundle = app.profile / CA_BUNDLE
    return str(bundle) if bundle.is_file() else ""


def _clients(
    app: Application, network: NetworkSettings, logins: LoginBudget, writer: CallWriter
) -> DeviceClients:
    limits = Limits(per_device=network.per_device, in_all=network.in_all)
    return DeviceClients(
        app.store,
        app.vault,
        app.resolver,
        Throttle(limits, logins=logins),
        writer,
        ca_file=_ca_file(app),
        connect_timeout=network.connect_timeout,
    )
