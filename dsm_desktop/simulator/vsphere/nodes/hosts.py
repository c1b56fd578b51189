"""ESXi hosts as a vCenter shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dsm_desktop.simulator.esxi import Esxi
from dsm_desktop.simulator.hardware.build import dell_uuid
from dsm_desktop.simulator.idrac import SimulatedIdrac
from dsm_desktop.simulator.vsphere.nodes.base import Entity, Node
from dsm_desktop.simulator.vsphere.nodes.stores import Browser, Datastore
from dsm_desktop.simulator.vsphere.schema import Schema
from dsm_desktop.simulator.vsphere.vmomi import vim
from dsm_desktop.simulator.vsphere.world import World

if TYPE_CHECKING:
    from dsm_desktop.simulator.vsphere.evacuation import Evacuation
    from dsm_desktop.simulator.vsphere.nodes.clusters import Compute
    from dsm_desktop.simulator.vsphere.nodes.containers import Network
    from dsm_desktop.simulator.vsphere.nodes.vms import Vm

SYSTEM_MB = 6144
"""Memory the hypervisor itself takes."""


class Part(Node):
    """A manager that belongs to one host, such as its service system."""

    def __init__(self, world: World, kind: Any, host: Host, prefix: str) -> None:
        self.kind = kind
        super().__init__(world, f"{prefix}-{host.moid.rsplit('-', 1)[-1]}")
        self.host = host
        self.schema = PARTS[kind._wsdlName]

    @property
    def label(self) -> str:
        """The host's name."""
        return self.host.name


class Host(Entity):
    """One host. `owner` is its cluster, or the compute resource of a stand-alone host."""

    kind = vim.HostSystem

    def __init__(self, world: World, name: str, owner: Compute, esxi: Esxi) -> None:
        moid = world.next_id("host", 10)
        self.number = int(moid.rpartition("-")[2])
        # A host that is spoken to itself always calls itself so.
        super().__init__(world, "ha-host" if world.spec.direct else moid, name, owner)
        self.owner = owner
        self.esxi = esxi
        self.boot_time = esxi.boot_time
        self.image = esxi.image
        """Boot time and image as vCenter last heard them."""
        self.evacuation: Evacuation | None = None
        self.agents_off: list[Vm] = []
        """Agent VMs that were stopped for maintenance mode and start again after it."""
        self.was_running: list[Vm] = []
        """VMs that were on when the host went away."""
        self.comes_back_disconnected = False
        """After a restart somebody has to reconnect it."""
        self.heard = 0
        """Entries of the host's own journal that vCenter has noticed."""
        self.vms: list[Vm] = []
        self.stores: list[Datastore] = []
        self.networks: list[Network] = []
        self.connection = "connected"
        self.power = "poweredOn"
        self.quarantine = False
        self.standby = "none"
        self.vmotion = True
        self.crypto = "safe"
        self.ha_state = "connectedToMaster"
        self.clock_skew = 0.0
        self._used = (-1, 0)
        self.coming_mb = 0
        """Memory of VMs on their way here."""
        self.cores = 32
        self.mhz = 2400
        self.memory_mb = 512 * 1024
        self.cpu_model = "Intel(R) Xeon(R) Gold 6338 CPU @ 2.00GHz"
        self.model = esxi.spec.model
        self.vendor = "Dell Inc."
        self.service_tag = esxi.spec.tag
        self.server: SimulatedIdrac | None = None
        """The simulated iDRAC of its server."""
        self.bios = "1.8.2"
        self.evc_max = "intel-icelake"
        self.issues: list[Any] = []
        self.bmc: str | None = None
        self.vsan_mode = ""
        """What the last request for maintenance mode wanted of vSAN's objects."""
        self.tpm_status = "accepted"
        self.links = {f"vmnic{n}": 25000 for n in range(4)}
        self.dns = ["10.20.0.53"]
        """Speed of each network port in Mb/s, 0 without a link."""
        self.parts = {name: world.add(Part(world, kind, self, name)) for name, kind in MANAGERS.items()}
        self.browser = world.add(Browser(world, self))
        owner.hosts.append(self)

    # -- what it can do --------------------------------------------------------------------------------------

    @property
    def maintenance(self) -> bool:
        """In maintenance mode."""
        return self.esxi.in_maintenance

    @property
    def usable(self) -> bool:
        """Can run virtual machines."""
        return (
            self.connection == "connected"
            and self.power == "poweredOn"
            and not self.maintenance
            and not self.quarantine
            and self.standby == "none"
        )

    @property
    def lockdown(self) -> str:
        """lockdownDisabled, lockdownNormal or lockdownStrict."""
        return self.esxi.accounts.lockdown

    @property
    def takes_machines(self) -> bool:
        """Usable, and not being emptied itself."""
        return self.usable and self.evacuation is None

    def circumstances(self) -> dict[str, Any]:
        """Whether it was in maintenance mode, and how many VMs ran."""
        return {"maintenance": self.maintenance, "running": len(self.running())}

    def running(self) -> list[Vm]:
        """VMs that are on."""
        return [vm for vm in self.vms if vm.on]

    def used_memory_mb(self) -> int:
        """Host memory in use; counted anew only after something here has changed."""
        if self._used[0] != self.revision:
            self._used = (self.revision, SYSTEM_MB + sum(vm.host_memory_mb() for vm in self.running()))
        return self._used[1]

    def used_mhz(self) -> int:
        """Processor in use."""
        return 300 + sum(vm.cpu_mhz() for vm in self.running())

    def uuid(self) -> str:
        """SMBIOS UUID; Dell's begins with its own letters and holds the service tag."""
        return dell_uuid(self.service_tag)


MANAGERS: dict[str, Any] = {
    "serviceSystem": vim.host.ServiceSystem,
    "firewallSystem": vim.host.FirewallSystem,
    "dateTimeSystem": vim.host.DateTimeSystem,
    "hostAccessManager": vim.host.HostAccessManager,
    "patchManager": vim.host.PatchManager,
    "imageConfigManager": vim.host.ImageConfigManager,
    "advancedOption": vim.option.OptionManager,
    "vsanSystem": vim.host.VsanSystem,
    "vsanInternalSystem": vim.host.VsanInternalSystem,
    "datastoreSystem": vim.host.DatastoreSystem,
    "storageSystem": vim.host.StorageSystem,
    "networkSystem": vim.host.NetworkSystem,
    "vmotionSystem": vim.host.VMotionSystem,
    "virtualNicManager": vim.host.VirtualNicManager,
}

PARTS: dict[str, Schema] = {}
"""Properties of each manager, by its name on the wire."""
