"""Changes to hosts, VMs and clusters: each function makes exactly one call that changes something.

Those that start a task return its moid; what is sent is only what was asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dsm_desktop.core.vsphere import Alarm, DrsLevel
from dsm_desktop.vmware.faults import moid_of
from dsm_desktop.vmware.session import Opened
from dsm_desktop.vmware.vmodl import vim


@dataclass(frozen=True, slots=True)
class ClusterChange:
    """What to set on a cluster; None = leave it as it is."""

    admission_control: bool | None = None
    ha_enabled: bool | None = None
    host_monitoring: bool | None = None
    drs_level: DrsLevel | None = None
    dpm: bool | None = None
    proactive_ha: bool | None = None


# --- hosts ----------------------------------------------------------------------------------------------------------


def enter_maintenance(
    opened: Opened, host: str, timeout_seconds: int, *, evacuate_off: bool, vsan_mode: str
) -> str:
    """`evacuate_off` re-registers powered-off VMs elsewhere too; never with DRS off, the task would not end."""
    spec = vim.host.MaintenanceSpec(
        vsanMode=vim.vsan.host.DecommissionMode(objectAction=vsan_mode) if vsan_mode else None
    )
    # An ESXi host that is spoken to directly has no evacuation at all.
    evacuate = evacuate_off if opened.about.kind == "vcenter" else None
    task = opened.object("HostSystem", host).EnterMaintenanceMode_Task(
        timeout=timeout_seconds, evacuatePoweredOffVms=evacuate, maintenanceSpec=spec
    )
    return moid_of(task)


def exit_maintenance(opened: Opened, host: str, timeout_seconds: int) -> str:
    return moid_of(opened.object("HostSystem", host).ExitMaintenanceMode_Task(timeout=timeout_seconds))


def cancel_task(opened: Opened, task: str) -> None:
    opened.object("Task", task).CancelTask()


def reboot_host(opened: Opened, host: str) -> str:
    """Never by force: the host refuses unless it is in maintenance mode. The task's success means "request given"."""
    return moid_of(opened.object("HostSystem", host).RebootHost_Task(force=False))


def reconnect_host(opened: Opened, host: str) -> str:
    return moid_of(opened.object("HostSystem", host).ReconnectHost_Task())


def start_service(opened: Opened, system: str, key: str) -> None:
    """`system` the moid of the host's service system; so for the next two."""
    opened.object("host.ServiceSystem", system).StartService(id=key)


def stop_service(opened: Opened, system: str, key: str) -> None:
    opened.object("host.ServiceSystem", system).StopService(id=key)


def set_service_policy(opened: Opened, system: str, key: str, policy: str) -> None:
    """on | off | automatic."""
    opened.object("host.ServiceSystem", system).UpdateServicePolicy(id=key, policy=policy)


# --- VMs ------------------------------------------------------------------------------------------------------------


def migrate_vm(opened: Opened, vm: str, host: str) -> str:
    """To another host, storage stays."""
    task = opened.object("VirtualMachine", vm).MigrateVM_Task(
        host=opened.object("HostSystem", host), priority="defaultPriority"
    )
    return moid_of(task)


def shutdown_guest(opened: Opened, vm: str) -> None:
    """Ask the guest's tools; its power state says later whether it obeyed."""
    opened.object("VirtualMachine", vm).ShutdownGuest()


def power_off(opened: Opened, vm: str) -> str:
    return moid_of(opened.object("VirtualMachine", vm).PowerOffVM_Task())


def power_on(opened: Opened, vm: str) -> str:
    return moid_of(opened.object("VirtualMachine", vm).PowerOnVM_Task(host=None))


def answer_question(opened: Opened, vm: str, key: str, choice: str) -> None:
    opened.object("VirtualMachine", vm).AnswerVM(questionId=key, answerChoice=choice)


def unmount_tools(opened: Opened, vm: str) -> None:
    opened.object("VirtualMachine", vm).UnmountToolsInstaller()


def set_device_connected(opened: Opened, vm: str, device: Any, connected: bool, at_power_on: bool) -> str:
    """`device` as vCenter gave it. Now and at power-on are two settings: a medium that is taken out must not come back when the
    VM is switched on, and one that is put in again is there at power-on only where it was before."""
    connectable = device.connectable
    connectable.connected = connected
    connectable.startConnected = at_power_on
    change = vim.vm.device.VirtualDeviceSpec(operation="edit", device=device)
    spec = vim.vm.ConfigSpec(deviceChange=[change])
    return moid_of(opened.object("VirtualMachine", vm).ReconfigVM_Task(spec=spec))


def suspend_fault_tolerance(opened: Opened, primary: str, secondary: str) -> str:
    """Stop the secondary; the pair stays configured."""
    vm = opened.object("VirtualMachine", primary)
    return moid_of(vm.DisableSecondaryVM_Task(vm=opened.object("VirtualMachine", secondary)))


def resume_fault_tolerance(opened: Opened, primary: str, secondary: str) -> str:
    """Start the secondary again, on a host of vCenter's choice."""
    vm = opened.object("VirtualMachine", primary)
    return moid_of(vm.EnableSecondaryVM_Task(vm=opened.object("VirtualMachine", secondary), host=None))


# --- clusters -------------------------------------------------------------------------------------------------------


def reconfigure_cluster(opened: Opened, cluster: str, change: ClusterChange) -> str:
    """Only the named fields, with modify=True: sending a whole dasConfig back resets the admission policy."""
    spec = cluster_spec(change)
    task = opened.object("ClusterComputeResource", cluster).ReconfigureComputeResource_Task(
        spec=spec, modify=True
    )
    return moid_of(task)


def cluster_spec(change: ClusterChange) -> Any:
    """A ClusterConfigSpecEx with nothing in it that was not asked for."""
    spec = vim.cluster.ConfigSpecEx()
    if any(v is not None for v in (change.ha_enabled, change.admission_control, change.host_monitoring)):
        das = vim.cluster.DasConfigInfo()
        if change.ha_enabled is not None:
            das.enabled = change.ha_enabled
        if change.admission_control is not None:
            das.admissionControlEnabled = change.admission_control
        if change.host_monitoring is not None:
            das.hostMonitoring = "enabled" if change.host_monitoring else "disabled"
        spec.dasConfig = das
    if change.drs_level is not None:
        spec.drsConfig = vim.cluster.DrsConfigInfo(defaultVmBehavior=change.drs_level.value)
    if change.dpm is not None:
        spec.dpmConfig = vim.cluster.DpmConfigInfo(enabled=change.dpm)
    if change.proactive_ha is not None:
        spec.infraUpdateHaConfig = vim.cluster.InfraUpdateHaConfigInfo(enabled=change.proactive_ha)
    return spec


def apply_recommendation(opened: Opened, cluster: str, key: str) -> None:
    """What DRS advised; the moves are tasks of its own."""
    opened.object("ClusterComputeResource", cluster).ApplyRecommendation(key=key)


# --- alarms ---------------------------------------------------------------------------------------------------------


def enable_alarm_actions(opened: Opened, entity: str, on: bool) -> None:
    opened.content.alarmManager.EnableAlarmActions(entity=opened.entity(entity), enabled=on)


def acknowledge_alarm(opened: Opened, alarm: Alarm) -> None:
    opened.content.alarmManager.AcknowledgeAlarm(
        alarm=opened.object("alarm.Alarm", alarm.alarm), entity=opened.entity(alarm.on)
    )
