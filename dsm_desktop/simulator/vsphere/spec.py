"""What a simulated vSphere will look like, worked out before anything is started."""

from __future__ import annotations

import dataclasses
import ipaddress
from collections.abc import Iterator
from typing import Any, Final

from dsm_desktop.simulator.esxi import Pace

READ_ONLY: Final = ("System.Anonymous", "System.Read", "System.View")
ALL: Final = ("*",)


@dataclasses.dataclass(frozen=True, slots=True)
class Account:
    """Somebody who may sign in, and the privileges he holds everywhere; "*" is all of them. `withheld`: (type of object as on
    the wire, privilege) of what he does not hold there, though he does elsewhere."""

    name: str
    password: str = dataclasses.field(repr=False)
    privileges: tuple[str, ...] = ALL
    withheld: tuple[tuple[str, str], ...] = ()

    def may(self, privilege: str, kind: str = "") -> bool:
        """Whether he holds it, on objects of this type."""
        held = "*" in self.privileges or privilege in self.privileges or privilege in READ_ONLY
        return held and (kind, privilege) not in self.withheld


@dataclasses.dataclass(frozen=True, slots=True)
class ClusterSpec:
    """One cluster: `version` and `build` of its hosts, `vsan` shared store or two VMFS stores, `drs` one of off, manual,
    partiallyAutomated, fullyAutomated. `memory_gb`, `cores`, `mhz` per host."""

    name: str
    hosts: int
    vms_per_host: int = 25
    drs: str = "fullyAutomated"
    ha: bool = True
    vsan: bool = False
    evc: str = "intel-skylake"
    version: str = "8.0.2"
    build: str = "22380479"
    memory_gb: int = 512
    cores: int = 32
    mhz: int = 2400
    vm_memory_gb: int = 6


DEMO_CLUSTERS: Final = (
    ClusterSpec("Production", 8, vsan=True),
    ClusterSpec(
        "Branch",
        3,
        vms_per_host=12,
        drs="partiallyAutomated",
        version="7.0.3",
        build="21930508",
        memory_gb=256,
    ),
)


@dataclasses.dataclass(frozen=True, slots=True)
class VsphereSpec:
    """A simulated vCenter with its hosts. The same spec gives the same inventory, except for certificates and drift.

    `port` 0 takes a free one. `clock_speed` counts only without iDRACs: with them their clock is used. `stand_alone`
    hosts belong to the vCenter and to no cluster. `blockers` are pairs of a Blocker's name and the name of the VM, host or
    cluster that has it, put on after the inventory is made; a VM may be written "cluster/3" for the fourth VM of a cluster.
    `idle_limit` is the life of an unused session and `vmotion_mb` the speed of a migration, in simulated seconds.
    """

    clusters: tuple[ClusterSpec, ...] = DEMO_CLUSTERS
    stand_alone: int = 1
    stand_alone_version: tuple[str, str] = ("8.0.2", "22380479")
    """Version and build of the hosts outside clusters."""
    seed: int = 7
    clock_speed: float = 1.0
    address: str = "127.0.0.1"
    port: int = 0
    name: str = "vcenter.example.test"
    version: str = "8.0.3"
    build: str = "24022515"
    api_version: str = "8.0.3.0"
    direct: bool = False
    """No vCenter: the API of one ESXi host itself (`host_spec` makes such a spec)."""
    datacenter: str = "Headquarters"
    username: str = "administrator@vsphere.local"
    password: str = dataclasses.field(default="vc-sim-7Q!", repr=False)
    reader: str = "reader@vsphere.local"
    reader_password: str = dataclasses.field(default="vc-read-7Q!", repr=False)
    others: tuple[Account, ...] = ()
    """More accounts, such as one that lacks a privilege."""
    host_password: str = dataclasses.field(default="esx-sim-7Q!", repr=False)
    blockers: tuple[tuple[str, str], ...] = ()
    host_network: str = "127.88.0.0/16"
    """Loopback addresses of the ESXi hosts, for SSH."""
    ssh_port: int = 0
    idle_limit: float = 1800.0
    vmotion_mb: float = 4096.0
    pace: Pace = dataclasses.field(default_factory=Pace)
    """How long hosts take; POST is the server's own when a host runs on a simulated iDRAC's server."""
    page: int = 1000
    """Objects a page of RetrievePropertiesEx holds when the caller names no limit."""

    def host_addresses(self) -> Iterator[str]:
        """One after the other, leaving out .0 and .255 of every /24."""
        for address in ipaddress.ip_network(self.host_network):
            if int(address) & 0xFF not in (0, 255):
                yield str(address)

    def accounts(self) -> tuple[Account, ...]:
        """Who may sign in."""
        return (
            Account(self.username, self.password),
            Account(self.reader, self.reader_password, READ_ONLY),
            *self.others,
        )


def host_spec(version: str = "8.0.2", build: str = "22380479", **values: Any) -> VsphereSpec:
    """One ESXi host that belongs to no vCenter, spoken to directly as root."""
    given: dict[str, Any] = {
        "clusters": (),
        "stand_alone": 1,
        "stand_alone_version": (version, build),
        "direct": True,
        "datacenter": "ha-datacenter",
        "version": version,
        "build": build,
        "username": "root",
        "password": "esx-sim-7Q!",
        "reader": "reader",
    }
    return VsphereSpec(**{**given, **values})
