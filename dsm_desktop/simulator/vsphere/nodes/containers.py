"""Folders, datacentres, resource pools and networks: what holds hosts and VMs together."""

from __future__ import annotations

from typing import Any

from dsm_desktop.simulator.vsphere.nodes.base import ENTITY, Entity, refs
from dsm_desktop.simulator.vsphere.schema import Schema
from dsm_desktop.simulator.vsphere.vmomi import vim
from dsm_desktop.simulator.vsphere.world import World


class Folder(Entity):
    """A folder; `holds` are the types it may contain."""

    kind = vim.Folder

    def __init__(self, world: World, moid: str, name: str, parent: Entity | None, *holds: Any) -> None:
        super().__init__(world, moid, name, parent)
        self.holds = holds
        self.entries: list[Entity] = []

    def children(self) -> list[Entity]:
        """Its entries."""
        return self.entries


Folder.schema = Schema(
    vim.Folder,
    {
        **ENTITY,
        "childType": lambda f: list(f.holds),
        "childEntity": lambda f: refs(f.entries),
    },
)


class Datacenter(Entity):
    """A datacentre with its four folders."""

    kind = vim.Datacenter

    def __init__(self, world: World, name: str, parent: Folder) -> None:
        super().__init__(world, world.next_id("datacenter", 2), name, parent)

        def folder(name: str, *holds: Any) -> Folder:
            return world.add(Folder(world, world.next_id("group-" + name[0], 4), name, self, *holds))

        self.vms = folder("vm", vim.Folder, vim.VirtualMachine)
        self.hosts = folder("host", vim.Folder, vim.ComputeResource)
        self.stores = folder("datastore", vim.Folder, vim.Datastore)
        self.networks = folder("network", vim.Folder, vim.Network)
        parent.entries.append(self)

    def children(self) -> list[Entity]:
        """The four folders."""
        return [self.vms, self.hosts, self.stores, self.networks]

    def path(self) -> str:
        """Its inventory path, which `dcPath` of an upload names: "F/DC"."""
        names, at = [self.name], self.parent
        while at is not None and at.parent is not None:
            names.append(at.name)
            at = at.parent
        return "/".join(reversed(names))


Datacenter.schema = Schema(
    vim.Datacenter,
    {
        **ENTITY,
        "vmFolder": lambda d: d.vms.ref,
        "hostFolder": lambda d: d.hosts.ref,
        "datastoreFolder": lambda d: d.stores.ref,
        "networkFolder": lambda d: d.networks.ref,
        "datastore": lambda d: refs(d.stores.entries),
        "network": lambda d: refs(d.networks.entries),
        "configuration": lambda d: vim.Datacenter.ConfigInfo(),
    },
)


class Network(Entity):
    """A port group and the hosts that have it."""

    kind = vim.Network

    def __init__(self, world: World, name: str, datacenter: Datacenter) -> None:
        super().__init__(world, world.next_id("network"), name, datacenter.networks)
        self.hosts: list[Any] = []
        self.vms: list[Any] = []
        self.uplink = True
        """A physical adapter stands behind it on every host that has it."""
        datacenter.networks.entries.append(self)


Network.schema = Schema(
    vim.Network,
    {
        **ENTITY,
        "summary": lambda n: vim.Network.Summary(
            network=n.ref, name=n.name, accessible=bool(n.hosts), ipPoolName=""
        ),
        "host": lambda n: refs(n.hosts),
        "vm": lambda n: refs(n.vms),
    },
)


class Pool(Entity):
    """The root resource pool of a cluster or host."""

    kind = vim.ResourcePool

    def __init__(self, world: World, owner: Any) -> None:
        super().__init__(world, world.next_id("resgroup"), "Resources", owner)
        self.owner = owner

    def children(self) -> list[Entity]:
        """VMs that run in it."""
        return [vm for host in self.owner.hosts for vm in host.vms]


def _allocation(limit: int) -> Any:
    return vim.ResourceAllocationInfo(
        reservation=limit,
        expandableReservation=True,
        limit=limit,
        shares=vim.SharesInfo(shares=4000, level="normal"),
    )


def _pool_config(pool: Pool) -> Any:
    return vim.ResourceConfigSpec(
        entity=pool.ref,
        cpuAllocation=_allocation(pool.owner.total_mhz()),
        memoryAllocation=_allocation(pool.owner.total_memory_mb()),
    )


def _usage(used: int, reserved: int, most: int) -> Any:
    return vim.ResourcePool.ResourceUsage(
        reservationUsed=reserved,
        reservationUsedForVm=reserved,
        unreservedForPool=max(0, most - reserved),
        unreservedForVm=max(0, most - reserved),
        overallUsage=used,
        maxUsage=most,
    )


def _pool_runtime(pool: Pool) -> Any:
    vms = [v for h in pool.owner.hosts for v in h.vms if v.on]
    mb = 1 << 20
    return vim.ResourcePool.RuntimeInfo(
        memory=_usage(
            sum(v.host_memory_mb() for v in vms) * mb,
            sum(v.memory_reservation for v in vms) * mb,
            pool.owner.total_memory_mb() * mb,
        ),
        cpu=_usage(
            sum(v.cpu_mhz() for v in vms),
            sum(v.cpu_reservation for v in vms),
            pool.owner.total_mhz(),
        ),
        overallStatus="green",
    )


Pool.schema = Schema(
    vim.ResourcePool,
    {
        **ENTITY,
        "owner": lambda p: p.owner.ref,
        "vm": lambda p: refs(v for h in p.owner.hosts for v in h.vms),
        "config": _pool_config,
        "runtime": _pool_runtime,
        "summary": lambda p: vim.ResourcePool.Summary(
            name=p.name, config=_pool_config(p), runtime=_pool_runtime(p)
        ),
    },
)
