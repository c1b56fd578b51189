"""What the assembly hands to a runner: one typed container, nothing is found by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar, cast

from dsm_desktop.core.errors import DsmError
from dsm_desktop.core.events import EventBus
from dsm_desktop.jobs.context import Target
from dsm_desktop.redfish.client import RedfishClient
from dsm_desktop.workers.esxi_shells import EsxiShells
from dsm_desktop.workers.vcenter_watch import VcenterWatchers
from dsm_desktop.workers.vsphere_clients import VsphereClients

T = TypeVar("T")


class ServiceMissing(DsmError):
    """An operation asked for a service this runner was not given."""


class Clients(Protocol):
    """Builds and keeps clients (`workers.clients.DeviceClients`). `prepare` is called in a pool thread before a body runs, so
    that `server` has nothing to wait for."""

    owner: Callable[[], int | None]

    def prepare(self, target: Target) -> None: ...
    def server(self, target: Target) -> RedfishClient: ...
    def at(self, address: str, port: int) -> RedfishClient: ...
    def close_idle(self) -> None: ...
    def close_left_behind(self) -> None: ...
    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Duty:
    """Something the leader does every so many seconds, in a pool thread (schedules, retention, health sweeps). `rest` ends what
    it holds on to between two times, once another runner leads."""

    name: str
    every: float
    do: Callable[[], None]
    rest: Callable[[], None] | None = None


@dataclass(frozen=True, slots=True)
class Services:
    """`bus` hears the feed; `clients` may be missing where no device is spoken to; `by_class` holds the rest."""

    bus: EventBus = field(default_factory=EventBus)
    clients: Clients | None = None
    vsphere: VsphereClients | None = None
    watchers: VcenterWatchers | None = None
    esxi: EsxiShells | None = None
    by_class: Mapping[type[Any], Any] = field(default_factory=dict)
    duties: tuple[Duty, ...] = ()

    def get(self, kind: type[T]) -> T:
        """The service of this class; ServiceMissing names it."""
        if kind not in self.by_class:
            raise ServiceMissing(
                f"This runner has no {kind.__name__}.", hint="Start the program in its usual way."
            )
        return cast("T", self.by_class[kind])

    def vsphere_clients(self) -> VsphereClients:
        """Clients of vCenters and ESXi hosts; ServiceMissing where this runner has none."""
        if self.vsphere is None:
            raise ServiceMissing(
                "This runner speaks to no vCenter.", hint="Start the program in its usual way."
            )
        return self.vsphere

    def esxi_shells(self) -> EsxiShells:
        """SSH to ESXi hosts; ServiceMissing where this runner has none."""
        if self.esxi is None:
            raise ServiceMissing(
                "This runner speaks to no ESXi host.", hint="Start the program in its usual way."
            )
        return self.esxi

    def close_idle(self) -> None:
        """End sessions that nobody wants any more."""
        for clients in (self.clients, self.vsphere, self.esxi):
            if clients is not None:
                clients.close_idle()

    def close(self) -> None:
        """Log out everywhere; the BMCs' clients last, as they own the books."""
        if self.watchers is not None:
            self.watchers.close()
        for clients in (self.esxi, self.vsphere, self.clients):
            if clients is not None:
                clients.close()

    def device_clients(self) -> Clients:
        """The clients; ServiceMissing where this runner has none."""
        if self.clients is None:
            raise ServiceMissing(
                "This runner speaks to no devices.", hint="Start the program in its usual way."
            )
        return self.clients
