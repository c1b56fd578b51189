"""What maintenance may change and must put back, as plain values to compare before and after."""

from __future__ import annotations

from typing import Any

from dsm_desktop.simulator.vsphere.calls import readable
from dsm_desktop.simulator.vsphere.nodes.clusters import Cluster, config_ex
from dsm_desktop.simulator.vsphere.nodes.hosts import Host
from dsm_desktop.simulator.vsphere.nodes.stores import Datastore
from dsm_desktop.simulator.vsphere.nodes.vms import Vm
from dsm_desktop.simulator.vsphere.world import World


def settings_of(world: World) -> dict[str, dict[str, Any]]:
    """By the name of cluster, host, VM or store."""
    found: dict[str, dict[str, Any]] = {}
    for cluster in world.of(Cluster):
        found[cluster.name] = {
            "configuration": readable(config_ex(cluster)),
            "alarm_actions": cluster.alarm_actions,
        }
    for host in world.of(Host):
        found[host.name] = {
            "maintenance": host.maintenance,
            "lockdown": host.lockdown,
            "exceptions": sorted(host.esxi.accounts.exceptions),
            "services": {key: (s.running, s.policy) for key, s in host.esxi.services.items()},
            "options": {row.path: row.value for row in host.esxi.settings.all()},
            "alarm_actions": host.alarm_actions,
            "custom": dict(host.custom),
            "acknowledged": [a.definition.system for a in host.alarms if a.acknowledged],
        }
    for vm in world.of(Vm):
        found[vm.name] = {
            "power": vm.power,
            "devices": [_device(d) for d in vm.devices],
            "affinity": (tuple(vm.cpu_affinity), tuple(vm.memory_affinity)),
        }
    for store in world.of(Datastore):
        found[store.name] = {"files": [f.path for f in store.disk.files()]}
    return found


def _device(device: Any) -> tuple[int, bool | None, bool | None]:
    """Key, whether it is connected, and whether it is at power-on; what else a device is does not change."""
    state = device.connectable
    return (
        (device.key, None, None)
        if state is None
        else (device.key, bool(state.connected), bool(state.startConnected))
    )
