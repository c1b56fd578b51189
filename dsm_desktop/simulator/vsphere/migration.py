"""Moving virtual machines: one at a time takes time, and where DRS would put them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from dsm_desktop.simulator.vsphere.mobility import obstacles, pinned
from dsm_desktop.simulator.vsphere.nodes.clusters import Cluster
from dsm_desktop.simulator.vsphere.vmomi import fault, vim, vmodl

if TYPE_CHECKING:
    from dsm_desktop.simulator.vsphere.faults import Faults
    from dsm_desktop.simulator.vsphere.nodes.hosts import Host
    from dsm_desktop.simulator.vsphere.nodes.stores import Datastore
    from dsm_desktop.simulator.vsphere.nodes.tasks import Task
    from dsm_desktop.simulator.vsphere.nodes.vms import Vm

AT_ONCE: Final = 8
"""vMotions a host takes part in at a time, with 10 GbE."""
LEAST: Final = 2.0
DISK_MB: Final = 800
"""Storage moves so many megabytes a simulated second."""


class Migration:
    """One VM on its way. `task` is the one a client waits for; evacuations have tasks of their own too."""

    def __init__(
        self, vm: Vm, target: Host, task: Task, faults: Faults, store: Datastore | None = None
    ) -> None:
        self.vm, self.target, self.task, self.store = vm, target, task, store
        self._faults = faults
        self._world = vm.world
        vm.moving = True
        target.coming_mb += vm.host_memory_mb()
        self._memory = vm.host_memory_mb()
        seconds = LEAST + (vm.host_memory_mb() / self._world.spec.vmotion_mb if vm.on else 0.0)
        if store is not None:
            seconds += vm.disk_gb * 1024 / DISK_MB / 4
        asked = faults.strike("question")
        if asked is not None and asked["vm"] in ("", vm.name) and vm.question is None:
            vm.question = question("The CD-ROM door is locked by the guest. Override the lock?")
        self._world.touch(vm)
        self._world.later(seconds, self._arrive)

    def _arrive(self) -> None:
        vm, task = self.vm, self.task
        if (vm.question is not None or task.stuck) and not task.cancelled:
            self._world.later(1.0, self._arrive)  # hangs until somebody answers
            return
        self.target.coming_mb -= self._memory
        vm.moving = False
        self._world.touch(vm)
        if task.cancelled:
            task.canceled()
            return
        wrong = (
            obstacles(vm, self.target) if vm.on and self.store is None and self.target is not vm.host else []
        )
        if not self.target.takes_machines and self.target is not vm.host:
            wrong = [fault(vim.fault.InvalidHostState, "The host is not usable.", host=self.target.ref)]
        if wrong:
            task.fail(wrong[0])
            return
        if self.store is not None:
            for old in list(vm.stores):
                vm.detach(old)
            vm.attach(self.store)
            vm.rehome(self.store)
        if self.target is not vm.host:
            vm.go_to(self.target)
        self._world.counters.migrations += 1
        task.succeed()


def question(text: str, *choices: str) -> Any:
    """A question a VM asks, with its answers."""
    info = [
        vim.ElementDescription(label=name, summary=name, key=str(number))
        for number, name in enumerate(choices or ("Yes", "No"))
    ]
    return vim.vm.QuestionInfo(
        id="1", text=text, choice=vim.option.ChoiceOption(choiceInfo=info, defaultIndex=1)
    )


def best_target(vm: Vm, leaving: Sequence[Host] = ()) -> Host | None:
    """Where DRS would put a VM: the host with the most free memory that takes it and is not `leaving` too."""
    if pinned(vm):
        return None
    candidates = sorted(
        (h for h in vm.host.owner.targets() if h is not vm.host and h not in leaving),
        key=lambda h: (h.used_memory_mb() + h.coming_mb) / h.memory_mb,
    )
    return next((h for h in candidates if not obstacles(vm, h)), None)


def reasons(vm: Vm, leaving: Sequence[Host] = ()) -> list[Any]:
    """Why DRS cannot move a VM, in the faults of a dry run; none: it can."""
    owner = vm.host.owner
    if not isinstance(owner, Cluster) or not owner.drs.enabled:
        return [fault(vim.fault.DrsDisabledOnVm, "DRS is disabled.")]
    if owner.moves_by_itself(vm) == "":
        return [fault(vim.fault.DrsDisabledOnVm, f"DRS is disabled on the virtual machine {vm.name}.")]
    told = pinned(vm)
    if told:
        return told
    others = [h for h in owner.targets() if h is not vm.host and h not in leaving]
    if not others:
        return [fault(vim.fault.NoActiveHostInCluster, "There is no other host.", computeResource=owner.ref)]
    short = failover(owner, (vm.host, *leaving))
    if short is not None:
        return [short]
    return [] if best_target(vm, leaving) is not None else obstacles(vm, others[0])


def failover(cluster: Cluster, leaving: Sequence[Host]) -> Any:
    """The fault when HA's admission control would have too little left without some hosts."""
    das = cluster.das
    policy = das.admissionControlPolicy
    if not das.enabled or das.admissionControlEnabled is False or policy is None:
        return None
    left = [h for h in cluster.targets() if h not in leaving]
    short = False
    if isinstance(policy, vim.cluster.FailoverLevelAdmissionControlPolicy):
        short = len(left) <= policy.failoverLevel
    elif isinstance(policy, vim.cluster.FailoverResourcesAdmissionControlPolicy):
        total = sum(h.memory_mb for h in left)
        reserved = sum(v.memory_reservation for h in cluster.usable() for v in h.running())
        short = reserved > total * (100 - policy.memoryFailoverResourcesPercent) // 100
    if not short:
        return None
    return fault(
        vim.fault.InsufficientFailoverResourcesFault,
        "Insufficient resources to satisfy configured failover level for vSphere HA.",
    )


def refused(vm: Vm, target: Host | None) -> Any:
    """The fault of a migration that cannot even begin."""
    if vm.moving:
        return fault(vim.fault.InvalidState, "The virtual machine is being moved already.")
    if target is None:
        return fault(vmodl.fault.InvalidArgument, "There is no host to move it to.", invalidProperty="host")
    if target is vm.host:
        return None
    if not vm.on:
        return None if target.takes_machines else fault(vim.fault.InvalidHostState, "", host=target.ref)
    told = obstacles(vm, target)
    return told[0] if told else None
