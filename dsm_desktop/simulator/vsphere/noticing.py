"""What a vCenter notices of its hosts, and when: it hears late that one is gone, and a little late that it is back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dsm_desktop.simulator.vsphere.nodes.alarms import Alarm, AlarmDefinition
from dsm_desktop.simulator.vsphere.nodes.clusters import Cluster
from dsm_desktop.simulator.vsphere.nodes.vms import GUEST_POWER
from dsm_desktop.simulator.vsphere.servers import bios_version
from dsm_desktop.simulator.vsphere.vsan import MISSED, resync

if TYPE_CHECKING:
    from dsm_desktop.simulator.esxi.course import News
    from dsm_desktop.simulator.vsphere.nodes.hosts import Host
    from dsm_desktop.simulator.vsphere.nodes.vms import Vm
    from dsm_desktop.simulator.vsphere.world import World

SILENCE: Final = 60.0
"""Simulated seconds without a heartbeat until a host is shown as not responding."""
GREETING: Final = 20.0
"""Until a host that answers again is connected."""
HA_DELAY: Final = 30.0
ELECTION: Final = 25.0
CONNECTION: Final = "alarm.HostConnectionStateAlarm"


def watch(host: Host) -> None:
    """Hear of a host's comings and goings."""
    world = host.world

    def hear(news: News) -> None:
        world.post(lambda: _heard(host, news))

    host.esxi.on_reboot.append(hear)
    if not host.esxi.running:
        _lose(host)


def _heard(host: Host, news: News) -> None:
    if news == "down":
        counters = host.world.counters
        counters.hosts_down += 1
        counters.hosts_down_outside_maintenance += not host.maintenance
        for vm in [v for v in host.vms if v.suspended_to_memory]:
            counters.vms_lost += 1
            vm.set_power("poweredOff")
        if not host.world.spec.direct:  # a host that is spoken to itself never tells that it is away
            host.world.later(SILENCE, lambda: _lose(host))
    elif news == "up":
        host.world.later(0.0 if host.world.spec.direct else GREETING, lambda: _regain(host))


def _lose(host: Host) -> None:
    if host.esxi.running or host.connection != "connected":
        return
    host.connection = "notResponding"
    for vm in host.vms:
        vm.connection = "disconnected"
        host.world.touch(vm)
    if not host.maintenance:
        raise_alarm(host, CONNECTION, "red")
    host.world.touch(host, host.owner)
    owner = host.owner
    if isinstance(owner, Cluster) and owner.das.enabled and not host.maintenance:
        victims = [vm for vm in host.was_running if vm.host is host]
        host.world.later(HA_DELAY, lambda: _restart(victims))


def _restart(victims: list[Vm]) -> None:
    """HA starts the VMs of a lost host elsewhere, when their files can be reached."""
    for vm in victims:
        for target in vm.host.owner.targets():
            if all(store.reachable_from(target) for store in vm.stores):
                vm.go_to(target)
                vm.connection = "connected"
                vm.set_power("poweredOn")
                vm.world.counters.ha_restarts += 1
                break


def _regain(host: Host) -> None:
    if not host.esxi.running:
        return
    host.was_running = []
    if host.comes_back_disconnected:
        host.connection = "disconnected"
        host.world.touch(host, host.owner)
        return
    connect(host)


def connect(host: Host) -> None:
    """The host answers: its state is read anew."""
    host.connection = "connected"
    host.boot_time = host.esxi.boot_time
    host.image = host.esxi.image
    if host.server is not None:
        host.bios = bios_version(host.server)
    for vm in host.vms:
        vm.connection = "connected"
        host.world.touch(vm)
    clear_alarm(host, CONNECTION)
    resync(host, MISSED)
    elect(host)
    host.world.touch(host, host.owner)


def elect(host: Host) -> None:
    """HA's agent needs a while before it belongs to the cluster again."""
    if host.ha_state != "connectedToMaster":
        return

    def joined() -> None:
        if host.ha_state == "election":
            host.ha_state = "connectedToMaster"
            host.world.touch(host)

    host.ha_state = "election"
    host.world.later(ELECTION, joined)


def raise_alarm(host: Host, system: str, colour: str) -> Alarm:
    """Trigger an alarm on a host, once."""
    definition = next(a for a in host.world.of(AlarmDefinition) if a.system == system)
    alarm = next((a for a in host.alarms if a.definition is definition), None)
    if alarm is None:
        alarm = Alarm(definition, host, colour)
        host.alarms.append(alarm)
    alarm.colour = colour
    host.world.touch(host, host.owner)
    return alarm


def clear_alarm(host: Host, system: str) -> None:
    """The cause is gone."""
    host.alarms = [a for a in host.alarms if a.definition.system != system]
    host.world.touch(host, host.owner)


def look(world: World, hosts: list[Host]) -> None:
    """Let time pass on every host, and notice what was done to it by other ways, such as SSH."""
    for host in hosts:
        if host.server is not None and not host.esxi.running:
            _ = (
                host.server.power_state
            )  # lets the server go on: the site itself looks only every other second
        with host.esxi.agenda.hold():
            entries = len(host.esxi.journal.changes())
        if entries == host.heard:
            continue
        host.heard = entries
        for vm in list(host.vms):
            power = next(state for state, said in GUEST_POWER.items() if said == vm.guest.power)
            if power != vm.power:
                if vm.on and not host.esxi.running:
                    world.counters.vms_lost += 1
                    host.was_running.append(vm)
                vm.set_power(power)
        world.touch(host, host.owner)
