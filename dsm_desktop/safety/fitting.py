"""A cluster's picture made quick to ask: which hosts a VM may run on, and what each host has left.

Sets of hosts are bits of an int (bit n = the n-th host of the picture), so that "the stores of this VM reach these hosts"
is one AND. Built once, then asked for every host: 64 hosts with 3,000 VMs are judged in well under two seconds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from dsm_desktop.core.vsphere import Host, Rule, RuleKind, Vm, VmPower
from dsm_desktop.core.vsphere_site import ClusterPicture
from dsm_desktop.safety.cpu import covers, generation
from dsm_desktop.safety.findings import Cause, gb

MEMORY_LIMIT = 0.95
"""Share of a host's memory that may be reserved or used; the rest is ESXi's own."""


def bits(mask: int) -> Iterator[int]:
    """The numbers of the hosts in a mask."""
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low


@dataclass(slots=True)
class Room:
    """What hosts have left, by number: memory and CPU by what is in use and by what is reserved. MiB and MHz."""

    memory: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    reservable: list[float] = field(default_factory=list)
    cpu_reservable: list[float] = field(default_factory=list)

    def copy(self) -> Room:
        """One that may be written on."""
        return Room(list(self.memory), list(self.cpu), list(self.reservable), list(self.cpu_reservable))


@dataclass(frozen=True, slots=True)
class Need:
    """What VMs take: memory and CPU in use, and the guaranteed part of them (reservation and overhead)."""

    memory: float
    cpu: float
    reserved: float
    cpu_reserved: float


def need(vms: Iterable[Vm]) -> Need:
    """What VMs take together. A VM takes at least what is reserved for it."""
    memory = cpu = reserved = cpu_reserved = 0.0
    for vm in vms:
        kept = vm.memory_reservation_mb + vm.memory_overhead_mb
        reserved += kept
        cpu_reserved += vm.cpu_reservation_mhz
        memory += max(vm.memory_used_mb, kept)
        cpu += max(vm.cpu_used_mhz, vm.cpu_reservation_mhz)
    return Need(memory, cpu, reserved, cpu_reserved)


def is_agent(vm: Vm) -> bool:
    """An agent VM that belongs to its host (vSphere's own agent manager owns it); vCLS VMs are not meant."""
    return not vm.is_vcls and vm.managed_by == "com.vmware.vim.eam"


def moves(vm: Vm) -> bool:
    """Must leave when its host is emptied, and is not moved by vCenter on its own account."""
    return vm.power is VmPower.ON and not vm.template and not vm.is_vcls and not is_agent(vm)


class Fitting:
    """The index over one picture."""

    def __init__(self, picture: ClusterPicture) -> None:
        self.picture = picture
        self.hosts = picture.hosts
        self.number = {host.moid: n for n, host in enumerate(self.hosts)}
        self.all = (1 << len(self.hosts)) - 1
        self.usable = self._mask(h.moid for h in self.hosts if h.usable)
        self.vms = {vm.moid: vm for vm in picture.vms}
        self.on: dict[str, list[Vm]] = {host.moid: [] for host in self.hosts}
        for vm in picture.vms:
            if vm.host in self.on:
                self.on[vm.host].append(vm)
        self.moving = {moid: [vm for vm in vms if moves(vm)] for moid, vms in self.on.items()}
        self.stores = {store.moid: store for store in picture.datastores}
        self._stores = self._reach_of_stores()
        self._networks = self._reach_of_networks()
        self._rules()
        self.room = self._room()
        self._cpu: dict[tuple[str, str], int] = {}
        self._allowed: dict[str, int] = {}

    def names(self, mask: int) -> str:
        """Names of hosts for a sentence: "esx1, esx2 and 3 more"."""
        found = [self.hosts[n].name for n in bits(mask)]
        return ", ".join(found[:3]) + (f" and {len(found) - 3} more" if len(found) > 3 else "")

    def targets(self, out: Iterable[str]) -> int:
        """Hosts that may take VMs while `out` are away."""
        return self.usable & ~self._mask(out)

    def leaving(self, out: Iterable[str]) -> int:
        """How many of `out` are not away yet: what vCenter counts now includes those."""
        return (self.usable & self._mask(out)).bit_count()

    def _mask(self, hosts: Iterable[str]) -> int:
        mask = 0
        for moid in hosts:
            if moid in self.number:
                mask |= 1 << self.number[moid]
        return mask

    # --- where things are reachable ---------------------------------------------------------------------------------

    def _reach_of_stores(self) -> dict[str, int]:
        reach: dict[str, int] = {}
        for host in self.hosts:
            for moid in host.datastores:
                reach[moid] = reach.get(moid, 0) | 1 << self.number[host.moid]
        for store in self.picture.datastores:
            if store.mounts:
                reach[store.moid] = self._mask(
                    m.host for m in store.mounts if m.accessible and not m.read_only
                )
            if not store.accessible:
                reach[store.moid] = 0
        return reach

    def _reach_of_networks(self) -> dict[str, int]:
        reach: dict[str, int] = {}
        for host in self.hosts:
            for moid in host.networks:
                reach[moid] = reach.get(moid, 0) | 1 << self.number[host.moid]
        for network in self.picture.networks:
            reach[network.moid] = reach.get(network.moid, 0) | self._mask(network.hosts)
            if network.uplink is False:
                reach[network.moid] = 0
        return reach

    def store_reach(self, moid: str) -> int:
        """Hosts that can run a VM from a store."""
        return self._stores.get(moid, 0)

    def network_reach(self, moid: str) -> int:
        """Hosts a network is there on."""
        return self._networks.get(moid, 0)

    # --- rules ------------------------------------------------------------------------------------------------------

    def _rules(self) -> None:
        rules = [r for r in self.picture.cluster.rules if r.enabled] if self.picture.cluster else []
        running = {vm.moid for vm in self.picture.vms if vm.power is VmPower.ON}
        self.together: list[tuple[Rule, tuple[str, ...]]] = []
        self.apart: list[tuple[Rule, tuple[str, ...]]] = []
        self.host_rules: dict[str, list[Rule]] = {}
        for rule in rules:
            members = tuple(vm for vm in rule.vms if vm in running)
            if rule.kind is RuleKind.ON_HOSTS:
                for vm in members:
                    self.host_rules.setdefault(vm, []).append(rule)
            elif len(members) > 1:
                (self.together if rule.kind is RuleKind.TOGETHER else self.apart).append((rule, members))
        self.pairs = fault_tolerant_pairs(self.picture.vms)
        self.apart += [(Rule(0, "Fault Tolerance", RuleKind.APART, vms=pair), pair) for pair in self.pairs]
        self.apart_of: dict[str, list[int]] = {}
        self.occupied: list[int] = []
        for index, (_, members) in enumerate(self.apart):
            self.occupied.append(self._mask(self.vms[vm].host for vm in members))
            for vm in members:
                self.apart_of.setdefault(vm, []).append(index)

    def rule_mask(self, rule: Rule) -> int:
        """Hosts an ON_HOSTS rule leaves."""
        mask = self._mask(rule.hosts)
        return self.all & ~mask if rule.away else mask

    # --- what a VM may run on ---------------------------------------------------------------------------------------

    def limits(self, vm: Vm) -> Iterator[tuple[Cause, int, str]]:
        """What fixes a VM to hosts whatever room they have: (cause, hosts it leaves, the thing in words)."""
        source = self.hosts[self.number[vm.host]]
        able = self._mask(h.moid for h in self.hosts if h.vmotion is not False)
        yield Cause.VMOTION, able if source.vmotion is not False else 0, "vMotion"
        for moid in vm.datastores if vm.disk_datastores is None else vm.disk_datastores:
            store = self.stores.get(moid)
            yield Cause.LOCAL_STORAGE, self.store_reach(moid), f"datastore '{store.name if store else moid}'"
        for moid in vm.networks:
            yield Cause.NETWORK, self.network_reach(moid), f"network '{self._network_name(moid)}'"
        yield Cause.CPU_COMPATIBILITY, self._cpus(vm, source), vm.min_evc or source.cpu_model or "CPU"
        if vm.encrypted:
            yield Cause.ENCRYPTED, self._mask(h.moid for h in self.hosts if h.crypto_safe), "encryption"
        big = self._mask(
            h.moid
            for h in self.hosts
            if (not h.cpu_threads or vm.cpus <= h.cpu_threads)
            and (not h.memory_mb or vm.memory_mb <= h.memory_mb)
        )
        yield Cause.BIG_VM, big, f"{vm.cpus} CPUs and {gb(vm.memory_mb)}"
        for rule in self.host_rules.get(vm.moid, ()):
            if rule.mandatory:
                yield Cause.MUST_RULE, self.rule_mask(rule), f"rule '{rule.name}'"

    def _network_name(self, moid: str) -> str:
        return next((n.name for n in self.picture.networks if n.moid == moid), moid)

    def _cpus(self, vm: Vm, source: Host) -> int:
        key = (vm.min_evc, source.moid)
        if key not in self._cpu:
            self._cpu[key] = self._mask(h.moid for h in self.hosts if runs_on(vm, source, h))
        return self._cpu[key]

    def allowed(self, vm: Vm) -> int:
        """Hosts a running VM may move to, whatever room they have; its own host may be among them."""
        if vm.moid not in self._allowed:
            mask = self.all
            for _, left, _ in self.limits(vm):
                mask &= left
            self._allowed[vm.moid] = mask
        return self._allowed[vm.moid]

    def preferred(self, vm: Vm) -> int:
        """Hosts its "should" rules name; all of them without one."""
        mask = self.all
        for rule in self.host_rules.get(vm.moid, ()):
            if not rule.mandatory:
                mask &= self.rule_mask(rule)
        return mask

    # --- room -------------------------------------------------------------------------------------------------------

    def _room(self) -> Room:
        room = Room()
        for host in self.hosts:
            running = [vm for vm in self.on[host.moid] if vm.power is VmPower.ON]
            taken = need(running)
            room.memory.append(MEMORY_LIMIT * host.memory_mb - max(host.memory_used_mb or 0, taken.memory))
            room.cpu.append(host.cpu_capacity_mhz - max(host.cpu_used_mhz or 0, taken.cpu))
            room.reservable.append(MEMORY_LIMIT * host.memory_mb - taken.reserved)
            room.cpu_reservable.append(host.cpu_capacity_mhz - taken.cpu_reserved)
        return room


def runs_on(vm: Vm, source: Host, target: Host) -> bool:
    """The target's CPU offers what the running VM uses. With EVC on both sides the mode decides; without, what the VM
    itself says it needs; failing that, the same CPU model or a newer generation of the same vendor."""
    offered = target.evc or target.max_evc or generation(target.cpu_model)
    if vm.min_evc:
        return covers(offered, vm.min_evc) if offered else target.cpu_model == source.cpu_model
    if source.evc and target.evc:
        return covers(target.evc, source.evc)
    if target.cpu_model == source.cpu_model:
        return True
    wanted = source.evc or source.max_evc or generation(source.cpu_model)
    return bool(wanted and offered) and covers(offered, wanted)


def fault_tolerant_pairs(vms: Iterable[Vm]) -> list[tuple[str, ...]]:
    """Running primaries with their secondaries, by the pair's id or else by name (vCenter shows "app (secondary)")."""
    groups: dict[str, list[str]] = {}
    for vm in vms:
        if vm.fault_tolerance in {"primary", "secondary"} and vm.power is VmPower.ON:
            key = vm.fault_tolerance_pair or vm.name.removesuffix(" (secondary)")
            groups.setdefault(key, []).append(vm.moid)
    return [tuple(group) for group in groups.values() if len(group) > 1]
