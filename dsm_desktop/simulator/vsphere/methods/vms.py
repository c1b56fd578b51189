"""Moving, switching, answering and reconfiguring virtual machines."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from dsm_desktop.simulator.vsphere.calls import Call, method
from dsm_desktop.simulator.vsphere.migration import Migration, question, refused
from dsm_desktop.simulator.vsphere.mobility import obstacles
from dsm_desktop.simulator.vsphere.nodes.clusters import Cluster
from dsm_desktop.simulator.vsphere.nodes.hosts import Host
from dsm_desktop.simulator.vsphere.nodes.tasks import Task
from dsm_desktop.simulator.vsphere.nodes.vms import Vm
from dsm_desktop.simulator.vsphere.vmomi import fault, invalid_argument, vim, vmodl

SWITCHING: Final = 3.0
GUEST_SHUTDOWN: Final = 25.0


# -- moving ------------------------------------------------------------------------------------------------------


@method(vim.VirtualMachine, needs="Resource.HotMigrate", changes=True)
def MigrateVM_Task(
    call: Call, vm: Vm, pool: Any = None, host: Any = None, priority: str = "", state: Any = None
) -> Any:
    if state is not None and str(state) != vm.power:
        raise fault(
            vim.fault.InvalidPowerState,
            "The power state is another.",
            requestedState=state,
            existingState=vm.power,
        )
    target = call.node(host)
    return _move(call, vm, target, None, "VirtualMachine.migrate")


@method(vim.VirtualMachine, needs="Resource.ColdMigrate", changes=True)
def RelocateVM_Task(call: Call, vm: Vm, spec: Any = None, priority: str = "") -> Any:
    target = call.node(spec.host) or vm.host
    store = call.node(spec.datastore) or next((call.node(d.datastore) for d in spec.disk), None)
    return _move(call, vm, target, store, "VirtualMachine.relocate")


def _move(call: Call, vm: Vm, target: Host | None, store: Any, description: str) -> Any:
    task = call.task(description, vm, cancelable=True)
    if not task.running:
        return task.ref
    wrong = _store_refused(vm, target, store) if store is not None else refused(vm, target)
    if wrong is not None:
        task.fail(wrong)
    else:
        assert target is not None
        Migration(vm, target, task, call.faults, store)
    return task.ref


def _store_refused(vm: Vm, target: Host | None, store: Any) -> Any:
    if target is None or not store.reachable_from(target):
        return fault(
            vim.fault.DatastoreNotWritableOnHost, f"The host cannot reach {store.name}.", host=vm.host.ref
        )
    if store.disk.free < vm.disk_gb << 30:
        return fault(vim.fault.NoDiskSpace, f"{store.name} is full.", file=vm.name, datastore=store.name)
    if target is vm.host or not vm.on:
        return None
    by_disk = (vim.fault.CannotAccessVmDisk, vim.fault.UnsharedSwapVMotionNotSupported)
    return next((f for f in obstacles(vm, target) if not isinstance(f, by_disk)), None)


@method(vim.vm.check.ProvisioningChecker, needs="System.View")
def CheckMigrate_Task(
    call: Call,
    node: Any,
    vm: Any = None,
    host: Any = None,
    pool: Any = None,
    state: Any = None,
    testType: list[str] | None = None,
) -> Any:
    machine, target = call.node(vm), call.node(host)
    task = call.task("ProvisioningChecker.checkMigrate", machine)
    errors = obstacles(machine, target) if target is not None else []
    result = vim.vm.check.Result(vm=vm, host=host, error=errors)
    call.world.later(1.0, lambda: task.succeed(vim.vm.check.Result.Array([result])))
    return task.ref


# -- power -------------------------------------------------------------------------------------------------------


def _power_task(call: Call, vm: Vm, description: str, wanted: str, wrong: Any) -> Any:
    task = call.task(description, vm)
    if not task.running or task.stuck:
        return task.ref
    if vm.connection != "connected":
        task.fail(fault(vmodl.fault.HostNotConnected, f"The host {vm.host.name} is not connected."))
    elif wrong is not None:
        task.fail(wrong)
    else:

        def over() -> None:
            vm.set_power(wanted)
            task.succeed()

        call.world.later(SWITCHING, over)
    return task.ref


def _state(vm: Vm, requested: str) -> Any:
    return fault(
        vim.fault.InvalidPowerState,
        f"The attempted operation cannot be performed in the current state ({vm.power}).",
        requestedState=requested,
        existingState=vm.power,
    )


@method(vim.VirtualMachine, needs="VirtualMachine.Interact.PowerOn", changes=True)
def PowerOnVM_Task(call: Call, vm: Vm, host: Any = None) -> Any:
    target = call.node(host)
    if target is not None and target is not vm.host and not vm.on:
        vm.go_to(target)
    wrong = None
    if vm.on:
        wrong = _state(vm, "poweredOn")
    elif not vm.host.usable:
        wrong = _elsewhere(vm)
    return _power_task(call, vm, "VirtualMachine.powerOn", "poweredOn", wrong)


def _elsewhere(vm: Vm) -> Any:
    """DRS places a VM at power-on; without it the host must be usable."""
    owner = vm.host.owner
    if isinstance(owner, Cluster) and owner.drs.enabled:
        for host in owner.targets():
            if all(store.reachable_from(host) for store in vm.stores):
                vm.go_to(host)
                return None
    return fault(vim.fault.InvalidHostState, f"{vm.host.name} is not usable.", host=vm.host.ref)


@method(vim.VirtualMachine, needs="VirtualMachine.Interact.PowerOff", changes=True)
def PowerOffVM_Task(call: Call, vm: Vm) -> Any:
    wrong = None if vm.on else _state(vm, "poweredOff")
    return _power_task(call, vm, "VirtualMachine.powerOff", "poweredOff", wrong)


@method(vim.VirtualMachine, needs="VirtualMachine.Interact.Suspend", changes=True)
def SuspendVM_Task(call: Call, vm: Vm) -> Any:
    wrong = None if vm.on else _state(vm, "suspended")
    return _power_task(call, vm, "VirtualMachine.suspend", "suspended", wrong)


@method(vim.VirtualMachine, needs="VirtualMachine.Interact.PowerOff", changes=True)
def ShutdownGuest(call: Call, vm: Vm) -> None:
    if not vm.on:
        raise _state(vm, "poweredOff")
    if not vm.tools:
        raise fault(vim.fault.ToolsUnavailable, "VMware Tools is not running in this virtual machine.")
    if call.faults.strike("guest_ignores_shutdown") is None:
        slow = call.faults.strike("guest_slow")
        late = slow["seconds"] if slow else 0.0
        call.world.later(GUEST_SHUTDOWN + late, lambda: vm.set_power("poweredOff") if vm.on else None)


@method(vim.VirtualMachine, needs="VirtualMachine.Interact.AnswerQuestion", changes=True)
def AnswerVM(call: Call, vm: Vm, questionId: str = "", answerChoice: str = "") -> None:
    if vm.question is None or vm.question.id != questionId:
        raise invalid_argument("questionId")
    if answerChoice not in [c.key for c in vm.question.choice.choiceInfo]:
        raise invalid_argument("answerChoice")
    vm.question = None
    call.world.touch(vm)


@method(vim.VirtualMachine, needs="VirtualMachine.Interact.ToolsInstall", changes=True)
def UnmountToolsInstaller(call: Call, vm: Vm) -> None:
    if not vm.tools_mounted:
        raise fault(vim.fault.InvalidState, "The installer is not connected.")
    vm.tools_mounted = False
    call.world.touch(vm)


@method(vim.VirtualMachine, needs="VirtualMachine.Interact.DisableSecondary", changes=True)
def DisableSecondaryVM_Task(call: Call, primary: Vm, vm: Any = None) -> Any:
    return _fault_tolerance(call, primary, vm, "disabled", "VirtualMachine.disableSecondary")


@method(vim.VirtualMachine, needs="VirtualMachine.Interact.EnableSecondary", changes=True)
def EnableSecondaryVM_Task(call: Call, primary: Vm, vm: Any = None, host: Any = None) -> Any:
    return _fault_tolerance(call, primary, vm, "running", "VirtualMachine.enableSecondary")


def _fault_tolerance(call: Call, primary: Vm, secondary: Any, state: str, description: str) -> Any:
    """Stop or start the second half of a pair; while it is stopped it holds nobody up."""
    task = call.task(description, primary)
    other = call.node(secondary)

    def over() -> None:
        if primary.ft is None or other is None or other.ft is None:
            task.fail(fault(vim.fault.InvalidState, "Fault tolerance is not on."))
            return
        primary.ft_state = other.ft_state = state
        other.set_power("poweredOn" if state == "running" else "poweredOff")
        call.world.touch(primary)
        task.succeed()

    if task.running and not task.stuck:
        call.world.later(SWITCHING, over)
    return task.ref


# -- reconfiguring -----------------------------------------------------------------------------------------------


@method(vim.VirtualMachine, needs="VirtualMachine.Interact.DeviceConnection", changes=True)
def ReconfigVM_Task(call: Call, vm: Vm, spec: Any = None) -> Any:
    task = call.task("VirtualMachine.reconfigure", vm)
    if task.running and not task.stuck:
        call.world.later(1.0, lambda: _reconfigure(vm, spec, task))
    return task.ref


def _reconfigure(vm: Vm, spec: Any, task: Task) -> None:
    if vm.connection != "connected":
        task.fail(fault(vim.fault.InvalidState, f"The virtual machine is {vm.connection}."))
        return
    for change in spec.deviceChange:
        wrong = _device(vm, str(change.operation), change.device)
        if wrong is not None:
            task.fail(wrong)
            return
    _affinities(vm, spec)
    setters: dict[str, Callable[[Any], None]] = {
        "memoryReservationLockedToMax": lambda v: setattr(vm, "locked_to_max", bool(v)),
        "swapPlacement": lambda v: setattr(vm, "swap", str(v)),
        "memoryAllocation": lambda v: setattr(vm, "memory_reservation", int(v.reservation or 0)),
        "cpuAllocation": lambda v: setattr(vm, "cpu_reservation", int(v.reservation or 0)),
        "latencySensitivity": lambda v: setattr(vm, "latency", str(v.level)),
        "name": lambda v: setattr(vm, "name", str(v)),
    }
    for name, put in setters.items():
        value = getattr(spec, name)
        if value is not None:
            put(value)
    for option in spec.extraConfig:
        if option.value:
            vm.options[option.key] = str(option.value)
        else:
            vm.options.pop(option.key, None)
    vm.world.touch(vm, vm.host)
    task.succeed()


def _affinities(vm: Vm, spec: Any) -> None:
    if spec.cpuAffinity is not None:
        vm.cpu_affinity = list(spec.cpuAffinity.affinitySet)
    if spec.memoryAffinity is not None:
        vm.memory_affinity = list(spec.memoryAffinity.affinitySet)


def _device(vm: Vm, operation: str, device: Any) -> Any:
    """Edit, remove or add one device; the fault when that is not allowed."""
    present = next((d for d in vm.devices if d.key == device.key), None)
    if operation == "add":
        device.key = max(d.key for d in vm.devices) + 1
        vm.devices.append(device)
        return None
    if present is None:
        return fault(vim.fault.InvalidDeviceSpec, "The device is not there.", deviceIndex=0, property="key")
    if operation == "remove":
        hot = (vim.vm.device.VirtualUSB, vim.vm.device.VirtualDisk, vim.vm.device.VirtualEthernetCard)
        if vm.on and not isinstance(device, hot):
            return _state(vm, "poweredOff")
        vm.devices.remove(present)
        return None
    locked = isinstance(present, vim.vm.device.VirtualCdrom) and vm.options.get("guest.locks.door")
    if locked and present.connectable.connected and not device.connectable.connected:
        vm.options.pop("guest.locks.door")
        vm.question = question("The guest operating system has locked the CD-ROM door. Disconnect anyway?")
    vm.devices[vm.devices.index(present)] = device
    return None
