"""Builds the inventory of a spec: datacentre, clusters, hosts, stores, networks, virtual machines."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Final

from dsm_desktop.simulator.esxi import Esxi, EsxiSpec
from dsm_desktop.simulator.hardware import service_tag
from dsm_desktop.simulator.idrac import SimulatedIdrac
from dsm_desktop.simulator.vsphere.nodes.alarms import AlarmDefinition
from dsm_desktop.simulator.vsphere.nodes.clusters import Cluster, Compute
from dsm_desktop.simulator.vsphere.nodes.containers import Datacenter, Folder, Network
from dsm_desktop.simulator.vsphere.nodes.hosts import Host
from dsm_desktop.simulator.vsphere.nodes.roots import make_singles
from dsm_desktop.simulator.vsphere.nodes.stores import TB, Datastore
from dsm_desktop.simulator.vsphere.nodes.vms import Vm
from dsm_desktop.simulator.vsphere.servers import bios_version
from dsm_desktop.simulator.vsphere.spec import ClusterSpec
from dsm_desktop.simulator.vsphere.vmomi import vim
from dsm_desktop.simulator.vsphere.world import World

ROLES: Final = ("app", "db", "web", "file", "mail", "print", "dns", "erp", "ci", "vdi")
ALARMS: Final = (
    ("Host connection and power state", "alarm.HostConnectionStateAlarm"),
    ("Host hardware power status", "alarm.HostHardwarePowerAlarm"),
    ("Datastore usage on disk", "alarm.DatastoreDiskUsageAlarm"),
    ("Host memory usage", "alarm.HostMemoryUsageAlarm"),
    ("vSAN health service alarm", "alarm.VsanHealth"),
)


class Builder:
    """Fills one world."""

    def __init__(self, world: World, servers: Sequence[SimulatedIdrac] = ()) -> None:
        self.world = world
        self.random = random.Random(f"vsphere/{world.spec.seed}")
        self.addresses = world.spec.host_addresses()
        self.servers = list(servers)
        """The hosts' hardware, in order; hosts beyond it have none that is simulated."""
        make_singles(world)
        root = world.add(Folder(world, "group-d1", "Datacenters", None, vim.Folder, vim.Datacenter))
        world.singles["root"] = root
        self.datacenter = world.add(Datacenter(world, world.spec.datacenter, root))
        for name, system in ALARMS:
            world.add(AlarmDefinition(world, name, system))

    def build(self) -> None:
        """Everything."""
        for spec in self.world.spec.clusters:
            self._cluster(spec)
        for number in range(self.world.spec.stand_alone):
            self._stand_alone(number)

    # -- hosts -----------------------------------------------------------------------------------------------

    def _host(self, name: str, owner: Compute, spec: ClusterSpec) -> Host:
        server = self.servers.pop(0) if self.servers else None
        tag = server.service_tag if server is not None else service_tag(self.random)
        esxi = Esxi(
            EsxiSpec(
                name,
                version=spec.version,
                build=spec.build,
                model=server.model if server is not None else "PowerEdge R750",
                tag=tag,
                address=next(self.addresses),
                password=self.world.spec.host_password,
                memory=spec.memory_gb << 30,
                bmc_address=server.address if server is not None else "",
                pace=self.world.spec.pace,
                posts_itself=server is None,
            ),
            self.world.clock,
        )
        host = Host(self.world, name, owner, esxi)
        host.server = server
        if server is not None:
            host.bios = bios_version(server)
        host.cores, host.mhz, host.memory_mb = spec.cores, spec.mhz, spec.memory_gb * 1024
        self.world.add(host)
        local = self._store(f"{name.split('.')[0]}-local", "VMFS", TB // 2)
        local.mount(host)
        return host

    def _store(self, name: str, style: str, capacity: int) -> Datastore:
        return self.world.add(Datastore(self.world, name, self.datacenter, style, capacity))

    def _network(self, name: str) -> Network:
        return self.world.add(Network(self.world, name, self.datacenter))

    # -- clusters --------------------------------------------------------------------------------------------

    def _cluster(self, spec: ClusterSpec) -> None:
        world = self.world
        cluster = Cluster(world, spec.name, self.datacenter.hosts)
        cluster.vsan, cluster.evc = spec.vsan, spec.evc
        cluster.vsan_uuid = f"52{world.spec.seed:06x}-0000-0000-0000-{cluster.moid[8:]:0>12}"
        cluster.das.enabled = spec.ha
        cluster.drs.enabled = spec.drs != "off"
        if spec.drs != "off":
            cluster.drs.defaultVmBehavior = spec.drs
        world.add(cluster)
        short = spec.name.lower()
        stores = (
            [self._store(f"{short}-vsan", "vsan", 80 * TB)]
            if spec.vsan
            else [self._store(f"{short}-vmfs-{n}", "VMFS", 20 * TB) for n in (1, 2)]
        )
        nfs = self._store(f"{short}-iso", "NFS", 4 * TB)
        networks = [self._network(f"{short}-{name}") for name in ("servers", "clients", "storage")]
        for number in range(1, spec.hosts + 1):
            host = self._host(f"esx-{short}-{number:02}.example.test", cluster, spec)
            for store in (*stores, nfs):
                store.mount(host)
            self._join(host, networks)
        count = 0
        for host in cluster.hosts:
            for _ in range(spec.vms_per_host):
                self._vm(spec, short, count, host, stores[count % len(stores)], networks[count % 2])
                count += 1

    def _join(self, host: Host, networks: list[Network]) -> None:
        host.networks.extend(networks)
        for network in networks:
            network.hosts.append(host)

    def _vm(
        self, spec: ClusterSpec, short: str, count: int, host: Host, store: Datastore, network: Network
    ) -> Vm:
        role = ROLES[count % len(ROLES)]
        vm = Vm(self.world, f"{short}-{role}-{count + 1:03}", self.datacenter.vms, host, [store], [network])
        vm.memory_mb = spec.vm_memory_gb * 1024 * (1, 2, 1, 1, 2)[count % 5] // (1, 1, 2, 1, 1)[count % 5]
        vm.cpus = (2, 4, 2, 1, 8)[count % 5]
        vm.disk_gb = (40, 200, 60, 30, 120)[count % 5]
        if count % 17 == 16:
            vm.set_power("poweredOff")
        self.world.add(vm)
        return vm

    def _stand_alone(self, number: int) -> None:
        version, build = self.world.spec.stand_alone_version
        spec = ClusterSpec("Edge", 1, vms_per_host=4, version=version, build=build, memory_gb=128)
        name = f"esx-edge-{number + 1:02}.example.test"
        shell = Compute(self.world, name, self.datacenter.hosts)
        self.world.add(shell)
        host = self._host(name, shell, spec)
        self.world.singles["host"] = host
        network = self._network(f"edge-{number + 1}-servers")
        self._join(host, [network])
        for count in range(spec.vms_per_host):
            self._vm(spec, f"edge{number + 1}", count, host, host.stores[0], network)
