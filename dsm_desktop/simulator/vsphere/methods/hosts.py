"""Maintenance mode, power, connection, services and lockdown of hosts."""

from __future__ import annotations

from typing import Any, Final

from dsm_desktop.simulator.esxi import EsxiAway, EsxiRefused, NoSuchThing
from dsm_desktop.simulator.vsphere.calls import Call, method
from dsm_desktop.simulator.vsphere.evacuation import Evacuation, leave
from dsm_desktop.simulator.vsphere.nodes.hosts import Host, Part
from dsm_desktop.simulator.vsphere.noticing import connect
from dsm_desktop.simulator.vsphere.vmomi import fault, invalid_argument, moment, vim, vmodl
from dsm_desktop.simulator.vsphere.vsan import refusal

MAINTENANCE: Final = "Host.Config.Maintenance"
SERVICES: Final = "Host.Config.NetService"
SOON: Final = 2.0
LEAVING: Final = 6.0
RECONNECTING: Final = 10.0
VIA: Final = "SOAP"


@method(vim.HostSystem, needs=MAINTENANCE, changes=True)
def EnterMaintenanceMode_Task(
    call: Call,
    host: Host,
    timeout: int = 0,
    evacuatePoweredOffVms: bool | None = None,
    maintenanceSpec: Any = None,
) -> Any:
    task = call.task("HostSystem.enterMaintenanceMode", host, cancelable=True)
    if not task.running or task.stuck:
        return task.ref
    if host.connection != "connected":
        task.fail(fault(vmodl.fault.HostNotConnected, f"The host {host.name} is not connected."))
    elif host.maintenance or host.evacuation is not None:
        task.fail(
            fault(vim.fault.InvalidState, "The operation is not allowed in the current state of the host.")
        )
        return task.ref
    vsan = None if maintenanceSpec is None else maintenanceSpec.vsanMode
    host.vsan_mode = "ensureObjectAccessibility" if vsan is None else str(vsan.objectAction)
    wrong = refusal(host, host.vsan_mode)
    if wrong is not None:
        task.fail(wrong)
    elif task.running:
        course = Evacuation(host, task, float(timeout), bool(evacuatePoweredOffVms), call.faults)
        call.world.later(0.5, course.begin)
    return task.ref


@method(vim.HostSystem, needs=MAINTENANCE, changes=True)
def ExitMaintenanceMode_Task(call: Call, host: Host, timeout: int = 0) -> Any:
    task = call.task("HostSystem.exitMaintenanceMode", host, cancelable=True)
    if task.running:
        call.world.later(LEAVING, lambda: leave(host, task, call.faults))
    return task.ref


def _stop(call: Call, host: Host, description: str, stop: Any) -> Any:
    """A request to the host itself: the task only says whether it was taken."""
    task = call.task(description, host)
    if not task.running or task.stuck:
        return task.ref
    if host.connection != "connected":
        task.fail(fault(vmodl.fault.HostNotConnected, f"The host {host.name} is not connected."))
        return task.ref
    try:
        stop()
    except EsxiRefused as error:
        task.fail(fault(vim.fault.InvalidState, str(error)))
    except EsxiAway as error:
        task.fail(fault(vmodl.fault.HostCommunication, str(error)))
    else:
        call.world.later(SOON, task.succeed)
    return task.ref


@method(vim.HostSystem, needs=MAINTENANCE, changes=True)
def RebootHost_Task(call: Call, host: Host, force: bool = False) -> Any:
    user = call.account.name
    return _stop(
        call,
        host,
        "HostSystem.reboot",
        lambda: host.esxi.reboot(force=force, user=user, via=f"{VIA} RebootHost_Task"),
    )


@method(vim.HostSystem, needs=MAINTENANCE, changes=True)
def ShutdownHost_Task(call: Call, host: Host, force: bool = False) -> Any:
    user = call.account.name
    return _stop(
        call,
        host,
        "HostSystem.shutdown",
        lambda: host.esxi.shut_down(force=force, user=user, via=f"{VIA} ShutdownHost_Task"),
    )


@method(vim.HostSystem, needs="Host.Config.Connection", changes=True)
def ReconnectHost_Task(call: Call, host: Host, cnxSpec: Any = None, reconnectSpec: Any = None) -> Any:
    task = call.task("HostSystem.reconnect", host)

    def over() -> None:
        if not host.esxi.running or call.faults.strike("reconnect_fails") is not None:
            task.fail(fault(vim.fault.NoHost, f"Unable to communicate with {host.name}.", name=host.name))
            return
        connect(host)
        task.succeed()

    if task.running:
        call.world.later(RECONNECTING, over)
    return task.ref


@method(vim.HostSystem, needs="Host.Config.Connection", changes=True)
def DisconnectHost_Task(call: Call, host: Host) -> Any:
    task = call.task("HostSystem.disconnect", host)

    def over() -> None:
        host.connection = "disconnected"
        call.world.touch(host, host.owner)
        task.succeed()

    if task.running:
        call.world.later(SOON, over)
    return task.ref


@method(vim.HostSystem)
def RetrieveHardwareUptime(call: Call, host: Host) -> int:
    return int(host.esxi.uptime)


@method(vim.HostSystem)
def QueryHostConnectionInfo(call: Call, host: Host) -> Any:
    raise fault(vmodl.fault.NotSupported, "The operation is not supported on the object.")


# -- lockdown ----------------------------------------------------------------------------------------------------


@method(vim.HostSystem, needs="Host.Config.Settings", changes=True)
def EnterLockdownMode(call: Call, host: Host) -> None:
    _lockdown(call, host, "lockdownNormal")


@method(vim.HostSystem, needs="Host.Config.Settings", changes=True)
def ExitLockdownMode(call: Call, host: Host) -> None:
    _lockdown(call, host, "lockdownDisabled")


@method(vim.host.HostAccessManager, needs="Host.Config.Settings", changes=True)
def ChangeLockdownMode(call: Call, part: Part, mode: str = "") -> None:
    _lockdown(call, part.host, str(mode))


@method(vim.host.HostAccessManager, needs="Global.Settings")
def QueryLockdownExceptions(call: Call, part: Part) -> Any:
    return sorted(part.host.esxi.accounts.exceptions)


@method(vim.host.HostAccessManager, needs="Global.Settings", changes=True)
def UpdateLockdownExceptions(call: Call, part: Part, users: list[str] | None = None) -> None:
    part.host.esxi.accounts.exceptions = set(users or [])


def _lockdown(call: Call, host: Host, mode: Any) -> None:
    _answering(host)
    if call.request.method != "ChangeLockdownMode" and host.lockdown == mode:
        raise fault(vim.fault.HostConfigFault, "The lockdown mode is that already.")
    host.esxi.set_lockdown(mode, user=call.account.name, via=f"{VIA} {call.request.method}")
    call.world.touch(host)


def _answering(host: Host) -> None:
    if host.connection != "connected" or not host.esxi.running:
        raise fault(vmodl.fault.HostNotConnected, f"The host {host.name} is not connected.")


# -- services ----------------------------------------------------------------------------------------------------


def _on_service(call: Call, part: Part, act: Any) -> None:
    _answering(part.host)
    try:
        act()
    except NoSuchThing as error:
        raise fault(vim.fault.NotFound, str(error)) from error
    except EsxiRefused as error:
        raise fault(vim.fault.InvalidState, str(error)) from error
    call.world.touch(part, part.host)


@method(vim.host.ServiceSystem, needs=SERVICES, changes=True)
def StartService(call: Call, part: Part, id: str = "") -> None:
    esxi, user = part.host.esxi, call.account.name
    _on_service(call, part, lambda: esxi.start_service(id, user=user, via=f"{VIA} StartService"))


@method(vim.host.ServiceSystem, needs=SERVICES, changes=True)
def StopService(call: Call, part: Part, id: str = "") -> None:
    esxi, user = part.host.esxi, call.account.name
    _on_service(call, part, lambda: esxi.stop_service(id, user=user, via=f"{VIA} StopService"))


@method(vim.host.ServiceSystem, needs=SERVICES, changes=True)
def RestartService(call: Call, part: Part, id: str = "") -> None:
    esxi, user = part.host.esxi, call.account.name
    _on_service(call, part, lambda: esxi.start_service(id, user=user, via=f"{VIA} RestartService"))


@method(vim.host.ServiceSystem, needs=SERVICES, changes=True)
def UpdateServicePolicy(call: Call, part: Part, id: str = "", policy: str = "") -> None:
    if policy not in ("on", "off", "automatic"):
        raise invalid_argument("policy")
    esxi, user = part.host.esxi, call.account.name
    chosen: Any = policy
    _on_service(call, part, lambda: esxi.set_policy(id, chosen, user=user, via=f"{VIA} UpdateServicePolicy"))


@method(vim.host.DateTimeSystem)
def QueryDateTime(call: Call, part: Part) -> Any:
    _answering(part.host)
    return moment(call.world.now() + part.host.clock_skew)


# -- advanced settings -------------------------------------------------------------------------------------------


@method(vim.option.OptionManager)
def QueryOptions(call: Call, node: Any, name: str = "") -> Any:
    found = [o for o in node.schema.read(node, "setting", call.version) if o.key.startswith(name)]
    if not found:
        raise fault(vim.fault.InvalidName, f"The name '{name}' is invalid.", name=name)
    return found


@method(vim.option.OptionManager, needs="Host.Config.Settings", changes=True)
def UpdateOptions(call: Call, node: Any, changedValue: list[Any] | None = None) -> None:
    for option in changedValue or []:
        if not isinstance(node, Part):
            call.world.singles["settings"][option.key] = option.value
            continue
        try:
            node.host.esxi.set_setting(
                option.key, option.value, user=call.account.name, via=f"{VIA} UpdateOptions"
            )
        except NoSuchThing as error:
            raise fault(vim.fault.InvalidName, str(error), name=option.key) from error
        except EsxiRefused as error:
            raise invalid_argument("changedValue") from error
    call.world.touch(node)
