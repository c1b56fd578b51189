"""What can stand in the way of a maintenance night, put onto a VM, host, cluster or store by name.

Each changes the state that a client reads, and nothing else: whoever removes the cause has removed the blocker.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any, Final

from dsm_desktop.simulator.errors import BadSite
from dsm_desktop.simulator.vsphere import devices
from dsm_desktop.simulator.vsphere.blockers import Blocker
from dsm_desktop.simulator.vsphere.migration import question
from dsm_desktop.simulator.vsphere.nodes.base import Entity
from dsm_desktop.simulator.vsphere.nodes.clusters import Cluster
from dsm_desktop.simulator.vsphere.nodes.containers import Network
from dsm_desktop.simulator.vsphere.nodes.hosts import Host
from dsm_desktop.simulator.vsphere.nodes.stores import Datastore
from dsm_desktop.simulator.vsphere.nodes.tasks import Task
from dsm_desktop.simulator.vsphere.nodes.vms import Vm
from dsm_desktop.simulator.vsphere.noticing import CONNECTION, raise_alarm
from dsm_desktop.simulator.vsphere.vmomi import moment, vim
from dsm_desktop.simulator.vsphere.vsan import resync

# -- virtual machines --------------------------------------------------------------------------------------------


def _device(make: Callable[[], Any]) -> Callable[[Vm], None]:
    return lambda vm: vm.devices.append(make())


def _insert(vm: Vm, backing: Any) -> None:
    """Something in the CD drive."""
    vm.devices[:] = [devices.cdrom(backing) if d.key == 3000 else d for d in vm.devices]


def _local(vm: Vm) -> Datastore:
    return next(s for s in vm.host.stores if not s.shared)


def _locked_cdrom(vm: Vm) -> None:
    _insert(vm, devices.iso(_local(vm)))
    vm.options["guest.locks.door"] = "TRUE"


def _local_disk(vm: Vm) -> None:
    store = _local(vm)
    for old in list(vm.stores):
        vm.detach(old)
    vm.attach(store)
    vm.rehome(store)


def _override(vm: Vm, enabled: bool, behavior: str | None) -> None:
    owner = _cluster(vm)
    owner.drs_vm[vm.moid] = vim.cluster.DrsVmConfigInfo(key=vm.ref, enabled=enabled, behavior=behavior)
    vm.world.touch(owner)


def _cluster(vm: Vm) -> Cluster:
    if not isinstance(vm.host.owner, Cluster):
        raise BadSite(f"{vm.name} is in no cluster.", hint="Choose a machine of a cluster.")
    return vm.host.owner


def _rule(vm: Vm, rule: Any) -> None:
    owner = _cluster(vm)
    rule.key = 1 + max((r.key for r in owner.rules), default=1000)
    rule.enabled = rule.inCompliance = rule.userCreated = True
    rule.status = "green"
    owner.rules.append(rule)
    vm.world.touch(owner)


def _stay(vm: Vm, mandatory: bool) -> None:
    owner = _cluster(vm)
    names = f"{vm.name} alone", f"{vm.host.name.split('.')[0]} alone"
    owner.groups.append(vim.cluster.VmGroup(name=names[0], vm=[vm.ref]))
    if names[1] not in [g.name for g in owner.groups]:
        owner.groups.append(vim.cluster.HostGroup(name=names[1], host=[vm.host.ref]))
    name = f"{vm.name} {'must' if mandatory else 'should'} run on {vm.host.name.split('.')[0]}"
    _rule(
        vm,
        vim.cluster.VmHostRuleInfo(
            name=name, mandatory=mandatory, vmGroupName=names[0], affineHostGroupName=names[1]
        ),
    )


def _apart(vm: Vm) -> None:
    others = [h.running()[0] for h in _cluster(vm).usable() if h is not vm.host and h.running()]
    members = [vm.ref, *(v.ref for v in others)]
    _rule(vm, vim.cluster.AntiAffinityRuleSpec(name=f"{vm.name} apart", vm=members))


def _together(vm: Vm) -> None:
    others = [v.ref for v in vm.host.running() if v is not vm][:2]
    _rule(vm, vim.cluster.AffinityRuleSpec(name=f"{vm.name} together", vm=[vm.ref, *others]))


def _fault_tolerance(vm: Vm) -> None:
    other = next((v for h in _cluster(vm).usable() if h is not vm.host for v in h.running()), None)
    if other is None:
        raise BadSite("Fault tolerance needs a second host with a machine.")
    ids = [vm.uuid("instance"), other.uuid("instance")]
    for one, role in ((vm, 1), (other, 2)):
        one.ft_state = "running"
        one.ft = vim.vm.FaultToleranceConfigInfo(role=role, instanceUuids=ids, configPaths=["", ""])
        vm.world.touch(one)


def _multi_writer(vm: Vm) -> None:
    disk = next(d for d in vm.devices if d.key == 2000)
    disk.backing.sharing = "sharingMultiWriter"


def _cluster_disk(vm: Vm) -> None:
    vm.devices.extend([devices.shared_bus("physicalSharing"), devices.rdm(vm, vm.stores[0])])


def _reserve(vm: Vm) -> None:
    vm.memory_mb = vm.memory_reservation = vm.host.memory_mb * 95 // 100
    vm.locked_to_max = True


def _sensitive(vm: Vm) -> None:
    vm.latency, vm.memory_reservation, vm.cpu_reservation = "high", vm.memory_mb, vm.cpus * vm.host.mhz


def _big(vm: Vm) -> None:
    vm.memory_mb = max(h.memory_mb for h in vm.host.owner.hosts) * 5 // 4
    vm.host.memory_mb *= 2


def _private_network(vm: Vm) -> None:
    network = vm.world.add(
        Network(vm.world, f"{vm.host.name.split('.')[0]}-only", vm.host.stores[0].datacenter)
    )
    network.hosts.append(vm.host)
    network.vms.append(vm)
    vm.host.networks.append(network)
    vm.networks = [network]


def _encrypt(vm: Vm, known: bool) -> None:
    vm.key_id = vim.encryption.CryptoKeyId(
        keyId=vm.uuid("key"), providerId=vim.encryption.KeyProviderId(id="kms")
    )
    if not known:
        for host in vm.host.owner.hosts:
            if host is not vm.host:
                host.crypto = "incapable"
                vm.world.touch(host)


def _helper(vm: Vm, name: str, options: dict[str, str]) -> None:
    vm.name, vm.managed_by = name, "com.vmware.vim.eam"
    vm.options.update(options)


def _vcenter(vm: Vm) -> None:
    vm.name = vm.world.spec.name.split(".")[0]
    vm.ip, vm.guest_name = vm.world.spec.address, vm.world.spec.name


def _ask(vm: Vm) -> None:
    vm.question = question("The disk is full. Retry?", "Retry", "Cancel")


def _busy(vm: Vm) -> None:
    Task.start(vm.world, "VirtualMachine.createSnapshot", vm, "VSPHERE.LOCAL\\backup").stuck = True


def _set(**values: Any) -> Callable[[Any], None]:
    def put(entity: Any) -> None:
        for name, value in values.items():
            setattr(entity, name, deepcopy(value))  # of its own: what changes it on one must not on all

    return put


# -- hosts, clusters, stores -------------------------------------------------------------------------------------


def _in_maintenance(host: Host) -> None:
    """Somebody else has emptied it."""
    others = [h for h in host.owner.usable() if h is not host]
    for vm in host.running():
        if others:
            vm.go_to(others[0])
        else:
            vm.set_power("poweredOff")
    host.esxi.enter_maintenance(user="somebody")


def _ha_agent(host: Host) -> None:
    host.ha_state = "fdmUnreachable"
    host.issues = [
        vim.event.HostDasErrorEvent(
            key=1,
            chainId=1,
            createdTime=moment(host.world.now()),
            userName="",
            message="The vSphere HA agent on this host cannot be reached.",
        )
    ]


def _drs(behavior: str) -> Callable[[Cluster], None]:
    def put(cluster: Cluster) -> None:
        cluster.drs.enabled, cluster.drs.defaultVmBehavior = True, behavior

    return put


def _remediate(cluster: Cluster) -> None:
    Task.start(cluster.world, "com.vmware.vcIntegrity.RemediateTask", cluster, "VSPHERE.LOCAL\\lifecycle")


def _away(store: Datastore) -> None:
    """Only the first host that has it mounted still reaches it."""
    for host, mount in list(store.mounts.items())[1:]:
        mount.accessible = False
        store.world.touch(host)


PUT: Final[dict[Blocker, Callable[[Any], Any]]] = {
    Blocker.PCI_PASSTHROUGH: _device(devices.passthrough),
    Blocker.DVX: _device(devices.dvx),
    Blocker.VGPU: _device(devices.vgpu),
    Blocker.SRIOV: _device(devices.sriov),
    Blocker.USB_HOST: _device(lambda: devices.usb(remote=False)),
    Blocker.USB_CLIENT: _device(lambda: devices.usb(remote=True)),
    Blocker.CDROM_CLIENT: lambda vm: _insert(vm, devices.client_cdrom()),
    Blocker.CDROM_HOST: lambda vm: _insert(vm, devices.host_cdrom()),
    Blocker.CDROM_LOCAL_ISO: lambda vm: _insert(vm, devices.iso(_local(vm))),
    Blocker.CDROM_LOCKED: _locked_cdrom,
    Blocker.TOOLS_INSTALLER: _set(tools_mounted=True),
    Blocker.FLOPPY: _device(devices.floppy),
    Blocker.SERIAL: _device(devices.serial),
    Blocker.PARALLEL: _device(devices.parallel),
    Blocker.LOCAL_DISK: _local_disk,
    Blocker.LOCAL_SWAP: _set(swap="hostLocal"),
    Blocker.DRS_OFF_FOR_VM: lambda vm: _override(vm, False, None),
    Blocker.DRS_MANUAL_FOR_VM: lambda vm: _override(vm, True, "manual"),
    Blocker.MUST_RUN_HERE: lambda vm: _stay(vm, mandatory=True),
    Blocker.SHOULD_RUN_HERE: lambda vm: _stay(vm, mandatory=False),
    Blocker.ANTI_AFFINITY: _apart,
    Blocker.KEEP_TOGETHER: _together,
    Blocker.CPU_AFFINITY: _set(cpu_affinity=[0, 1]),
    Blocker.MEMORY_AFFINITY: _set(memory_affinity=[0]),
    Blocker.NUMA_AFFINITY: lambda vm: vm.options.update({"numa.nodeAffinity": "0"}),
    Blocker.FAULT_TOLERANCE: _fault_tolerance,
    Blocker.SHARED_BUS: _device(lambda: devices.shared_bus("virtualSharing")),
    Blocker.PHYSICAL_RDM: _cluster_disk,
    Blocker.MULTI_WRITER: _multi_writer,
    Blocker.RESERVATION: _reserve,
    Blocker.LATENCY_SENSITIVE: _sensitive,
    Blocker.BIG_VM: _big,
    Blocker.NETWORK_MISSING: _private_network,
    Blocker.NEWER_CPU: _set(min_evc="intel-sapphirerapids"),
    Blocker.ENCRYPTED: lambda vm: _encrypt(vm, known=True),
    Blocker.ENCRYPTED_NO_KEY: lambda vm: _encrypt(vm, known=False),
    Blocker.SUSPENDED: lambda vm: vm.set_power("suspended"),
    Blocker.SUSPENDED_TO_MEMORY: lambda vm: (vm.set_power("suspended"), _set(suspended_to_memory=True)(vm)),
    Blocker.POWERED_OFF: lambda vm: vm.set_power("poweredOff"),
    Blocker.TEMPLATE: lambda vm: (vm.set_power("poweredOff"), _set(template=True)(vm)),
    Blocker.VCLS: lambda vm: _helper(vm, f"vCLS-{vm.uuid('instance')}", {"HDCS.agent": "true"}),
    Blocker.AGENT_VM: lambda vm: _helper(vm, f"agent-{vm.number}", {}),
    Blocker.VCENTER_VM: _vcenter,
    Blocker.QUESTION: _ask,
    Blocker.INACCESSIBLE: _set(connection="inaccessible"),
    Blocker.BACKUP: _set(disabled_methods=["MigrateVM_Task", "RelocateVM_Task"]),
    Blocker.CONSOLIDATION: _set(consolidation=True),
    Blocker.BUSY: _busy,
    Blocker.NO_TOOLS: _set(tools=False),
    Blocker.NVDIMM: _device(devices.nvdimm),
    Blocker.INSTANT_CLONE_PARENT: _set(fork_parent=True),
    Blocker.FLASH_CACHE: _set(flash_cache=1024),
    Blocker.VMOTION_OFF: _set(vmotion=False),
    Blocker.QUARANTINE: _set(quarantine=True),
    Blocker.STANDBY: _set(standby="in", power="standBy"),
    Blocker.CLOCK_SKEW: _set(clock_skew=45.0),
    Blocker.NTP_STOPPED: lambda host: host.esxi.stop_service("ntpd"),
    Blocker.HA_AGENT: _ha_agent,
    Blocker.ALARM: lambda host: raise_alarm(host, "alarm.HostHardwarePowerAlarm", "red"),
    Blocker.LOCKDOWN: lambda host: host.esxi.set_lockdown("lockdownNormal"),
    Blocker.LOCKDOWN_STRICT: lambda host: host.esxi.set_lockdown("lockdownStrict"),
    Blocker.IN_MAINTENANCE: _in_maintenance,
    Blocker.DISCONNECTED: lambda host: (
        _set(connection="disconnected")(host),
        raise_alarm(host, CONNECTION, "red"),
    ),
    Blocker.TPM_FAILED: _set(tpm_status="notAccepted"),
    Blocker.LINK_DOWN: lambda host: host.links.update(vmnic1=0),
    Blocker.DRS_OFF: lambda cluster: setattr(cluster.drs, "enabled", False),
    Blocker.DRS_MANUAL: _drs("manual"),
    Blocker.DRS_PARTIAL: _drs("partiallyAutomated"),
    Blocker.DPM_ON: lambda cluster: setattr(cluster.dpm, "enabled", True),
    Blocker.PROACTIVE_HA: lambda cluster: _set(enabled=True, behavior="Automated")(cluster.infra),
    Blocker.HA_OFF: lambda cluster: setattr(cluster.das, "enabled", False),
    Blocker.IMAGE_MANAGED: _set(image_managed=True),
    Blocker.VSAN_RESYNC: lambda cluster: resync(cluster.hosts[0], 50 << 30),
    Blocker.NO_EVC: _set(evc=""),
    Blocker.ANOTHER_TOOL: _remediate,
    Blocker.STORE_MAINTENANCE: _set(maintenance="inMaintenance"),
    Blocker.STORE_INACCESSIBLE: _away,
    Blocker.STORE_FULL: lambda store: setattr(store.disk, "used", store.disk.capacity),
}

_ORDER: Final = list(Blocker)
_FIRST: Final[tuple[tuple[Blocker, type[Entity]], ...]] = (
    (Blocker.STORE_MAINTENANCE, Datastore),
    (Blocker.DRS_OFF, Cluster),
    (Blocker.VMOTION_OFF, Host),
    (Blocker.PCI_PASSTHROUGH, Vm),
)


def kind_of(blocker: Blocker) -> type[Entity]:
    """What a blocker is put onto."""
    return next(kind for first, kind in _FIRST if _ORDER.index(blocker) >= _ORDER.index(first))


def put(blocker: Blocker, entity: Entity) -> None:
    """Put a blocker onto an entity. The world's lock is held."""
    PUT[blocker](entity)
    owner = entity.host if isinstance(entity, Vm) else getattr(entity, "owner", None)
    entity.world.touch(entity, owner)
