"""The inventory of a vCenter (or of a host without one) at one moment, and the part of it that a judge of one cluster may know."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from dsm_desktop.core.vsphere import Cluster, Datastore, Host, Network, Vm


@dataclass(frozen=True, slots=True)
class Folder:
    """A datacentre or folder of the tree. `kind` datacenter | folder | root."""

    moid: str
    name: str
    kind: str
    parent: str = ""


@dataclass(frozen=True, slots=True)
class About:
    """Who answered. `kind` vcenter | esxi (a host spoken to directly)."""

    instance_uuid: str
    name: str
    version: str
    build: str
    kind: str = "vcenter"


def place_of_host(host_id: int) -> int:
    """Where the inventory of a stand-alone host stands among those of the vCenters, which go by their rows' ids: it goes by its
    own, as a negative number."""
    return -host_id


@dataclass(frozen=True, slots=True)
class Site:
    """One vCenter's inventory at `read_at`, or that of one stand-alone host. Objects that vCenter did not let us read are named in `hidden`."""

    about: About
    read_at: datetime
    folders: tuple[Folder, ...] = ()
    clusters: tuple[Cluster, ...] = ()
    hosts: tuple[Host, ...] = ()
    vms: tuple[Vm, ...] = ()
    datastores: tuple[Datastore, ...] = ()
    networks: tuple[Network, ...] = ()
    hidden: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ClusterPicture:
    """All that a judge may know of one cluster: its hosts, their VMs, and what both hang on. A stand-alone host is a
    picture with `cluster` None and one host. `vcenter_version` "" = none."""

    cluster: Cluster | None
    hosts: tuple[Host, ...]
    vms: tuple[Vm, ...]
    datastores: tuple[Datastore, ...]
    networks: tuple[Network, ...]
    taken_at: datetime
    vcenter_version: str = ""
    vcenter_addresses: tuple[str, ...] = ()
    """Addresses and names vCenter itself is reached at, to know its own VM."""
    essential: tuple[tuple[str, str], ...] = ()
    """(address, name or VM name, what it is): further machines the work depends on, e.g. DNS, directory, this program."""
    vgpu_vmotion: bool | None = None
    """vCenter may move VMs with a vGPU while they run (its setting vgpu.hotmigrate.enabled)."""

    def vms_on(self, host: str) -> tuple[Vm, ...]:
        """The VMs registered on a host."""
        return tuple(vm for vm in self.vms if vm.host == host)


def asked(hosts: Iterable[Host]) -> tuple[tuple[str, str], ...]:
    """The machines that hosts ask for names and for the time, each once."""
    found: dict[str, str] = {}
    for host in hosts:
        for address, what in host.asks:
            found.setdefault(address, what)
    return tuple(found.items())


def picture(
    site: Site,
    cluster: str,
    addresses: tuple[str, ...] = (),
    essential: tuple[tuple[str, str], ...] = (),
) -> ClusterPicture:
    """One cluster of a site (by moid), or a stand-alone host (its moid). KeyError when neither is there. `essential`: machines
    the work depends on beside vCenter and what the hosts themselves ask."""
    chosen = next((c for c in site.clusters if c.moid == cluster), None)
    hosts = tuple(h for h in site.hosts if (h.cluster == cluster if chosen else h.moid == cluster))
    if chosen is None and not hosts:
        raise KeyError(cluster)
    ids = {h.moid for h in hosts}
    vms = tuple(vm for vm in site.vms if vm.host in ids)
    stores = {d for h in hosts for d in h.datastores} | {d for vm in vms for d in vm.datastores}
    nets = {n for h in hosts for n in h.networks} | {n for vm in vms for n in vm.networks}
    return ClusterPicture(
        chosen,
        hosts,
        vms,
        tuple(d for d in site.datastores if d.moid in stores),
        tuple(n for n in site.networks if n.moid in nets),
        site.read_at,
        site.about.version if site.about.kind == "vcenter" else "",
        addresses,
        (*essential, *asked(hosts)),
    )
