"""Entering and leaving maintenance mode, as a vCenter does it."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, Final

from dsm_desktop.simulator.esxi import EsxiAway, EsxiRefused
from dsm_desktop.simulator.vsphere.migration import AT_ONCE, Migration, best_target, reasons
from dsm_desktop.simulator.vsphere.nodes.clusters import Cluster
from dsm_desktop.simulator.vsphere.nodes.tasks import Task
from dsm_desktop.simulator.vsphere.noticing import elect
from dsm_desktop.simulator.vsphere.vmomi import fault, moment, vim, vmodl

if TYPE_CHECKING:
    from dsm_desktop.simulator.vsphere.faults import Faults
    from dsm_desktop.simulator.vsphere.nodes.hosts import Host
    from dsm_desktop.simulator.vsphere.nodes.vms import Vm

STEP: Final = 2.0
"""Simulated seconds between two looks at what remains."""
LOOK: Final = 0.04
"""Real seconds between two looks at least, however fast time runs."""
BEGIN: Final = 2
"""Percent that stands until a VM has moved."""
BALANCE_AFTER: Final = 60.0
BALANCE_PASSES: Final = 3
_numbers = itertools.count(1)


class Evacuation:
    """One host on its way into maintenance mode."""

    def __init__(self, host: Host, task: Task, timeout: float, evacuate_off: bool, faults: Faults) -> None:
        self.host, self.task, self.faults = host, task, faults
        self.world = host.world
        self.evacuate_off = evacuate_off
        self.deadline = self.world.now() + timeout if timeout > 0 else None
        self.first = len(self._remaining())
        host.evacuation = self

    def begin(self) -> None:
        """Start moving."""
        self._step()

    def _remaining(self) -> list[Vm]:
        """VMs that keep the host from entering: running ones, and others when they shall go too."""
        running = [v for v in self.host.vms if v.on]
        if not self.evacuate_off:
            return running
        owner = self.host.owner
        automatic = isinstance(owner, Cluster) and owner.drs.enabled
        off = [v for v in self.host.vms if v.power == "poweredOff" and not v.template]
        # With DRS a VM without another place may stay; without it the task waits for every one of them.
        return running + [v for v in off if not automatic or best_target(v) is not None]

    def _step(self) -> None:
        host, task = self.host, self.task
        if task.stuck:
            return
        if task.cancelled:
            self._over()
            task.canceled()
            return
        if host.connection != "connected":
            self._over()
            task.fail(fault(vmodl.fault.HostNotConnected, f"The host {host.name} is not connected."))
            return
        self._dismiss_helpers()
        left = self._remaining()
        if not left:
            self._enter()
            return
        if self.deadline is not None and self.world.now() >= self.deadline:
            self._over()
            task.fail(fault(vim.fault.Timedout, "Operation timed out."))
            return
        self._move(left)
        gone = max(0, self.first - len(left))
        task.advance(BEGIN if not gone else BEGIN + gone * 96 // max(1, self.first))
        self.world.later(max(STEP, LOOK * self.world.clock.speed), self._step)

    def _dismiss_helpers(self) -> None:
        """Cluster service and agent VMs are vCenter's own business."""
        others = [h for h in self.host.owner.targets() if h is not self.host]
        for vm in [v for v in self.host.vms if v.by_vcenter and v.on]:
            if vm.is_vcls and others:
                vm.go_to(others[0])
            elif not vm.is_vcls:
                vm.set_power("poweredOff")
                self.host.agents_off.append(vm)

    def _move(self, left: list[Vm]) -> None:
        """Start what DRS starts by itself, recommend the rest, and say why some stay."""
        owner = self.host.owner
        if not isinstance(owner, Cluster):
            return
        faults: list[Any] = []
        wishes: list[tuple[Vm, Host]] = []
        moving = sum(v.moving for v in self.host.vms)
        for vm in left:
            automatic = owner.moves_by_itself(vm) == "fullyAutomated"
            if vm.moving or (automatic and moving >= AT_ONCE):
                continue  # on its way, or not its turn yet
            why = reasons(vm) if owner.drs.enabled else []
            target = None if why else best_target(vm)
            if why:
                faults.append(vim.cluster.DrsFaults.FaultsByVm(vm=vm.ref, fault=why))
            elif target is not None and automatic:
                moving += 1
                migrate(vm, target, self.faults, "DRS")
            elif target is not None and owner.drs.enabled:
                wishes.append((vm, target))
        self._tell(owner, faults, wishes)

    def _tell(self, owner: Cluster, faults: list[Any], wishes: list[tuple[Vm, Host]]) -> None:
        before = ([_key(f) for f in owner.drs_faults], [r.target._moId for r in owner.recommendations])
        drs_faults = [vim.cluster.DrsFaults(reason="hostMaint", faultsByVm=faults)] if faults else []
        after = ([_key(f) for f in drs_faults], [vm.moid for vm, _ in wishes])
        if before != after:
            owner.drs_faults = drs_faults
            owner.recommendations = [recommendation(vm, target) for vm, target in wishes]
            self.world.touch(owner)

    def _enter(self) -> None:
        self._over()
        try:
            self.host.esxi.enter_maintenance(user="vpxuser", via="SOAP EnterMaintenanceMode_Task")
        except EsxiAway as error:
            self.task.fail(fault(vmodl.fault.HostCommunication, str(error)))
            return
        except EsxiRefused as error:
            if not self.host.maintenance:  # otherwise somebody did it on the host itself meanwhile
                self.task.fail(fault(vim.fault.InvalidState, str(error)))
                return
        self.world.touch(self.host, self.host.owner)
        self.task.succeed()

    def _over(self) -> None:
        owner = self.host.owner
        self.host.evacuation = None
        if isinstance(owner, Cluster) and (owner.drs_faults or owner.recommendations):
            owner.drs_faults, owner.recommendations = [], []
            self.world.touch(owner)


def _key(faults: Any) -> list[str]:
    return [f"{by.vm._moId}:{type(by.fault[0]).__name__}" for by in faults.faultsByVm]


def recommendation(vm: Vm, target: Host) -> Any:
    """What DRS advises to empty a host."""
    key = str(next(_numbers))
    migration = vim.cluster.DrsMigration(
        key=key, time=moment(vm.world.now()), vm=vm.ref, source=vm.host.ref, destination=target.ref
    )
    return vim.cluster.Recommendation(
        key=key,
        type="V1",
        time=moment(vm.world.now()),
        rating=5,
        reason="hostMaint",
        reasonText="Host is entering maintenance mode",
        target=vm.ref,
        action=[vim.cluster.MigrationAction(type="MigrationV1", target=vm.ref, drsMigration=migration)],
    )


def migrate(vm: Vm, target: Host, faults: Faults, user: str) -> Task:
    """A migration in the system's name."""
    task = Task.start(vm.world, "Drm.ExecuteVMotionLRO", vm, user)
    Migration(vm, target, task, faults)
    return task


def leave(host: Host, task: Task, faults: Faults) -> None:
    """Out of maintenance mode; DRS fills the host again little by little."""
    world = host.world
    if host.connection != "connected" or faults.strike("exit_fails") is not None:
        task.fail(fault(vmodl.fault.HostCommunication, "Unable to communicate with the remote host."))
        return
    if not host.maintenance:
        task.fail(fault(vim.fault.InvalidState, "The host is not in maintenance mode."))
        return
    try:
        host.esxi.exit_maintenance(user="vpxuser", via="SOAP ExitMaintenanceMode_Task")
    except EsxiAway as error:
        task.fail(fault(vmodl.fault.HostCommunication, str(error)))
        return
    for vm in host.agents_off:
        vm.set_power("poweredOn")
    host.agents_off.clear()
    elect(host)
    world.touch(host, host.owner)
    task.succeed()
    for number in range(1, BALANCE_PASSES + 1):
        world.later(BALANCE_AFTER * number, lambda: balance(host, faults))


def balance(host: Host, faults: Faults) -> None:
    """One pass of DRS: bring VMs from the fullest host to an empty one."""
    owner = host.owner
    if not isinstance(owner, Cluster) or not host.takes_machines or not owner.drs.enabled:
        return
    for _ in range(AT_ONCE // 2):
        full = max(owner.usable(), key=lambda h: (h.used_memory_mb() - _leaving(h)) / h.memory_mb)
        if full.used_memory_mb() - _leaving(full) < (host.used_memory_mb() + host.coming_mb) * 12 // 10:
            return
        for vm in full.running():
            if vm.moving or vm.by_vcenter or owner.moves_by_itself(vm) != "fullyAutomated":
                continue
            if best_target(vm) is host:
                migrate(vm, host, faults, "DRS")
                break
        else:
            return


def _leaving(host: Host) -> int:
    return sum(v.host_memory_mb() for v in host.running() if v.moving)
