"""Datastores: where they are mounted, what lies on them, and the browser that looks into them."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any
from uuid import NAMESPACE_DNS, uuid5

from dsm_desktop.simulator.esxi import Datastore as Disk
from dsm_desktop.simulator.vsphere.nodes.base import ENTITY, Entity, Node, refs
from dsm_desktop.simulator.vsphere.nodes.containers import Datacenter
from dsm_desktop.simulator.vsphere.schema import Schema
from dsm_desktop.simulator.vsphere.vmomi import moment, vim
from dsm_desktop.simulator.vsphere.world import World

if TYPE_CHECKING:
    from dsm_desktop.simulator.vsphere.nodes.hosts import Host

TB = 1 << 40


@dataclasses.dataclass(slots=True)
class Mount:
    """How one host sees a store."""

    accessible: bool = True
    mounted: bool = True
    mode: str = "readWrite"


class Datastore(Entity):
    """One store. `style` is VMFS, NFS or vsan; `disk` holds its files and is the one its hosts see."""

    kind = vim.Datastore

    def __init__(self, world: World, name: str, datacenter: Datacenter, style: str, capacity: int) -> None:
        super().__init__(world, world.next_id("datastore"), name, datacenter.stores)
        self.datacenter = datacenter
        self.style = style
        self.disk = Disk(name, capacity, capacity * 2 // 5, {"VMFS": "VMFS-6"}.get(style, style))
        self.maintenance = "normal"
        self.mounts: dict[Host, Mount] = {}
        self.vms: list[Any] = []
        self.browser = world.add(Browser(world, self))
        datacenter.stores.entries.append(self)

    @property
    def shared(self) -> bool:
        """More than one host can use it."""
        return len(self.mounts) > 1

    @property
    def accessible(self) -> bool:
        """At least one connected host reaches it."""
        return any(m.accessible and h.connection == "connected" for h, m in self.mounts.items())

    @property
    def url(self) -> str:
        """As hosts write it."""
        return f"ds:///vmfs/volumes/{self.uuid}/"

    @property
    def namespaces(self) -> bool:
        """Its top folders are objects of their own, made by the namespace manager alone; no file lies beside them."""
        return self.style in ("vsan", "VVOL")

    def namespace(self, name: str) -> str:
        """The stable name of a top folder."""
        return str(uuid5(NAMESPACE_DNS, f"{self.name}/{name}"))

    def real_path(self, path: str) -> str:
        """With a top folder's stable name replaced by the one it was given."""
        top, slash, rest = path.partition("/")
        if not self.namespaces:
            return path
        names = {self.namespace(f): f for f in self.disk.folders() if f and "/" not in f}
        return f"{names.get(top, top)}{slash}{rest}"

    @property
    def uuid(self) -> str:
        """Name of its directory under /vmfs/volumes."""
        return self.disk.uuid

    def mount(self, host: Host) -> None:
        """Let a host see it."""
        self.mounts[host] = Mount()
        host.stores.append(self)
        host.esxi.datastores.append(self.disk)

    def reachable_from(self, host: Host) -> bool:
        """Whether this host can open files on it now."""
        mount = self.mounts.get(host)
        return mount is not None and mount.accessible and mount.mounted and self.maintenance == "normal"


def _mount(store: Datastore, mount: Mount) -> Any:
    return vim.host.MountInfo(
        path=f"/vmfs/volumes/{store.uuid}",
        accessMode=mount.mode,
        mounted=mount.mounted,
        accessible=mount.accessible,
        inaccessibleReason=None if mount.accessible else "AllPathsDown_Timeout",
    )


def _info(store: Datastore) -> Any:
    common = {
        "name": store.name,
        "url": store.url,
        "freeSpace": store.disk.free,
        "maxFileSize": 62 * TB,
        "timestamp": moment(store.world.now()),
    }
    if store.style == "NFS":
        return vim.host.NasDatastoreInfo(**common)
    if store.style == "vsan":
        return vim.host.VsanDatastoreInfo(**common, membershipUuid=store.uuid)
    return vim.host.VmfsDatastoreInfo(**common)


Datastore.schema = Schema(
    vim.Datastore,
    {
        **ENTITY,
        "info": _info,
        "summary.datastore": lambda s: s.ref,
        "summary.name": lambda s: s.name,
        "summary.url": lambda s: s.url,
        "summary.capacity": lambda s: s.disk.capacity,
        "summary.freeSpace": lambda s: s.disk.free,
        "summary.accessible": lambda s: s.accessible,
        "summary.multipleHostAccess": lambda s: s.shared,
        "summary.type": lambda s: s.style,
        "summary.maintenanceMode": lambda s: s.maintenance,
        "host": lambda s: [
            vim.Datastore.HostMount(key=h.ref, mountInfo=_mount(s, m)) for h, m in s.mounts.items()
        ],
        "vm": lambda s: refs(s.vms),
        "browser": lambda s: s.browser.ref,
        "capability": lambda s: vim.Datastore.Capability(
            directoryHierarchySupported=True,
            rawDiskMappingsSupported=s.style == "VMFS",
            perFileThinProvisioningSupported=True,
            topLevelDirectoryCreateSupported=not s.namespaces,
        ),
    },
)


class Browser(Node):
    """Looks into one store, or from a host into all of its stores."""

    kind = vim.host.DatastoreBrowser

    def __init__(self, world: World, owner: Any) -> None:
        super().__init__(world, f"datastoreBrowser-{owner.moid}")
        self.owner = owner

    @property
    def label(self) -> str:
        """The store's or host's name."""
        return str(self.owner.name)

    def stores(self) -> list[Datastore]:
        """Where it can look."""
        return [self.owner] if isinstance(self.owner, Datastore) else list(self.owner.stores)


Browser.schema = Schema(
    vim.host.DatastoreBrowser,
    {"datastore": lambda b: refs(b.stores())},
)
