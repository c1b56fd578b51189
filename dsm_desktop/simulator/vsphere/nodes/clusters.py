"""Clusters with HA, DRS, DPM, rules and overrides, and the compute resource around a stand-alone host."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dsm_desktop.simulator.vsphere.nodes.base import ENTITY, Entity, refs
from dsm_desktop.simulator.vsphere.nodes.containers import Folder, Pool
from dsm_desktop.simulator.vsphere.schema import Schema
from dsm_desktop.simulator.vsphere.vmomi import vim
from dsm_desktop.simulator.vsphere.world import World

if TYPE_CHECKING:
    from dsm_desktop.simulator.vsphere.nodes.hosts import Host
    from dsm_desktop.simulator.vsphere.nodes.vms import Vm

MB = 1 << 20


class Compute(Entity):
    """Hosts under one resource pool."""

    kind = vim.ComputeResource
    vsan = False
    vsan_uuid = ""
    evc = ""
    das_on = False

    def __init__(self, world: World, name: str, folder: Folder) -> None:
        super().__init__(world, world.next_id("domain-c" if self.is_cluster else "domain-s", 7), name, folder)
        self.hosts: list[Host] = []
        self.pool = world.add(Pool(world, self))
        folder.entries.append(self)

    @property
    def is_cluster(self) -> bool:
        """More than the shell of a stand-alone host."""
        return False

    def children(self) -> list[Entity]:
        """Its hosts and its resource pool."""
        return [*self.hosts, self.pool]

    def usable(self) -> list[Host]:
        """Hosts that can run VMs."""
        return [h for h in self.hosts if h.usable]

    def targets(self) -> list[Host]:
        """Hosts that take VMs of others."""
        return [h for h in self.hosts if h.takes_machines]

    def total_mhz(self) -> int:
        """Processor of all hosts."""
        return sum(h.cores * h.mhz for h in self.hosts)

    def total_memory_mb(self) -> int:
        """Memory of all hosts."""
        return sum(h.memory_mb for h in self.hosts)

    def ha_master(self) -> Host | None:
        """The host that leads HA."""
        return next(iter(self.usable()), None)

    def moves_by_itself(self, vm: Vm) -> str:
        """What DRS does with a VM: fullyAutomated, partiallyAutomated, manual, or "" for nothing."""
        return ""


class Cluster(Compute):
    """A cluster. HA, DRS, DPM and Proactive HA stand in pyVmomi's own objects, as clients write them."""

    kind = vim.ClusterComputeResource

    def __init__(self, world: World, name: str, folder: Folder) -> None:
        super().__init__(world, name, folder)
        self.das, self.drs, self.dpm, self.infra = defaults()
        self.drs_vm: dict[str, Any] = {}
        self.das_vm: dict[str, Any] = {}
        self.rules: list[Any] = []
        self.groups: list[Any] = []
        self.swap = "vmDirectory"
        self.image_managed = False
        self.recommendations: list[Any] = []
        self.drs_faults: list[Any] = []
        self.health = "healthy"

    @property
    def is_cluster(self) -> bool:
        """Yes."""
        return True

    @property
    def das_on(self) -> bool:  # type: ignore[override]
        """HA is on."""
        return bool(self.das.enabled)

    def moves_by_itself(self, vm: Vm) -> str:
        """DRS's behaviour for a VM, its override included."""
        if not self.drs.enabled:
            return ""
        override = self.drs_vm.get(vm.moid)
        if override is not None and self.drs.enableVmBehaviorOverrides:
            return (
                str(override.behavior or self.drs.defaultVmBehavior) if override.enabled is not False else ""
            )
        return str(self.drs.defaultVmBehavior)


def defaults() -> tuple[Any, Any, Any, Any]:
    """HA, DRS, DPM and Proactive HA of a cluster nobody has configured."""
    return (
        vim.cluster.DasConfigInfo(
            enabled=False,
            vmMonitoring="vmMonitoringDisabled",
            hostMonitoring="enabled",
            vmComponentProtecting="disabled",
            failoverLevel=1,
            admissionControlEnabled=True,
            admissionControlPolicy=vim.cluster.FailoverLevelAdmissionControlPolicy(failoverLevel=1),
            hBDatastoreCandidatePolicy="allFeasibleDsWithUserPreference",
        ),
        vim.cluster.DrsConfigInfo(
            enabled=False,
            enableVmBehaviorOverrides=True,
            defaultVmBehavior="partiallyAutomated",
            vmotionRate=3,
        ),
        vim.cluster.DpmConfigInfo(enabled=False, defaultDpmBehavior="automated", hostPowerActionRate=3),
        vim.cluster.InfraUpdateHaConfigInfo(
            enabled=False,
            behavior="Manual",
            moderateRemediation="MaintenanceMode",
            severeRemediation="MaintenanceMode",
        ),
    )


def _capacity(compute: Compute) -> dict[str, Any]:
    usable = compute.usable()
    return {
        "totalCpu": compute.total_mhz(),
        "totalMemory": compute.total_memory_mb() * MB,
        "numCpuCores": sum(h.cores for h in compute.hosts),
        "numCpuThreads": sum(h.cores * 2 for h in compute.hosts),
        "effectiveCpu": sum(h.cores * h.mhz * 95 // 100 for h in usable),
        "effectiveMemory": sum(h.memory_mb - 8192 for h in usable),
        "numHosts": len(compute.hosts),
        "numEffectiveHosts": len(usable),
        "overallStatus": compute.overall_status(),
    }


def failover_level(cluster: Cluster) -> int:
    """How many hosts may fail and every running VM still fits by memory, largest hosts failing first."""
    usable = sorted(cluster.usable(), key=lambda h: h.memory_mb)
    need = sum(h.used_memory_mb() for h in usable)
    level = 0
    while len(usable) - level > 1 and sum(h.memory_mb for h in usable[: len(usable) - level - 1]) >= need:
        level += 1
    return level


def _admission(cluster: Cluster) -> Any:
    if not cluster.das.enabled or not isinstance(
        cluster.das.admissionControlPolicy, vim.cluster.FailoverResourcesAdmissionControlPolicy
    ):
        return None
    total, used = max(1, sum(h.memory_mb for h in cluster.usable())), 0
    used = sum(v.memory_reservation for h in cluster.usable() for v in h.running())
    free = 100 - used * 100 // total
    return vim.cluster.FailoverResourcesAdmissionControlInfo(
        currentCpuFailoverResourcesPercent=free, currentMemoryFailoverResourcesPercent=free
    )


def _usage(cluster: Cluster) -> Any:
    vms = [v for h in cluster.hosts for v in h.vms]
    on = [v for v in vms if v.on]
    return vim.cluster.UsageSummary(
        totalCpuCapacityMhz=sum(h.cores * h.mhz for h in cluster.usable()),
        totalMemCapacityMB=sum(h.memory_mb for h in cluster.usable()),
        cpuReservationMhz=sum(v.cpu_reservation for v in on),
        memReservationMB=sum(v.memory_reservation for v in on),
        cpuDemandMhz=sum(v.cpu_mhz() for v in on),
        memDemandMB=sum(v.host_memory_mb() for v in on),
        cpuEntitledMhz=sum(v.cpu_mhz() for v in on),
        memEntitledMB=sum(v.host_memory_mb() for v in on),
        statsGenNumber=1,
        poweredOffVmCount=len(vms) - len(on),
        totalVmCount=len(vms),
    )


def _summary(cluster: Cluster) -> Any:
    return vim.ClusterComputeResource.Summary(
        **_capacity(cluster),
        currentFailoverLevel=failover_level(cluster) if cluster.das.enabled else -1,
        admissionControlInfo=_admission(cluster),
        numVmotions=cluster.world.singles.get("vmotions", 0),
        usageSummary=_usage(cluster),
        currentEVCModeKey=cluster.evc or None,
        vcsHealthStatus=cluster.health,
    )


def config_ex(cluster: Cluster) -> Any:
    """The whole configuration of a cluster."""
    return vim.cluster.ConfigInfoEx(
        vmSwapPlacement=cluster.swap,
        dasConfig=cluster.das,
        dasVmConfig=list(cluster.das_vm.values()),
        drsConfig=cluster.drs,
        drsVmConfig=list(cluster.drs_vm.values()),
        rule=cluster.rules,
        group=cluster.groups,
        dpmConfigInfo=cluster.dpm,
        infraUpdateHaConfig=cluster.infra,
        vsanConfigInfo=vim.vsan.cluster.ConfigInfo(enabled=cluster.vsan),
    )


COMPUTE = {
    **ENTITY,
    "host": lambda c: refs(c.hosts),
    "resourcePool": lambda c: c.pool.ref,
    "datastore": lambda c: refs(dict.fromkeys(s for h in c.hosts for s in h.stores)),
    "network": lambda c: refs(dict.fromkeys(n for h in c.hosts for n in h.networks)),
}

Compute.schema = Schema(
    vim.ComputeResource,
    {
        **COMPUTE,
        "summary": lambda c: vim.ComputeResource.Summary(**_capacity(c)),
        "configurationEx": lambda c: vim.ComputeResource.ConfigInfo(vmSwapPlacement="vmDirectory"),
    },
)

Cluster.schema = Schema(
    vim.ClusterComputeResource,
    {
        **COMPUTE,
        "summary": _summary,
        "summaryEx": _summary,
        "configurationEx": config_ex,
        "configuration": lambda c: vim.cluster.ConfigInfo(dasConfig=c.das, drsConfig=c.drs, rule=c.rules),
        "lifecycleManaged": lambda c: c.image_managed,
        "recommendation": lambda c: c.recommendations,
        "drsFault": lambda c: c.drs_faults,
    },
    {"configurationEx": vim.cluster.ConfigInfoEx, "summary": vim.ClusterComputeResource.Summary},
)
