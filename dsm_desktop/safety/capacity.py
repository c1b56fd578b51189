"""Sums over a cluster that a person can check: load on the hosts that stay, and what HA's admission control keeps free.

CPU in MHz, memory in MiB. The limits are those operators plan with: 80 % of memory and 70 % of CPU leave room for peaks;
above 95 % and 90 % guests are made to swap and wait.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from dsm_desktop.core.vsphere import VmPower
from dsm_desktop.safety.fitting import Fitting, bits

MEMORY_GREEN, MEMORY_AMBER = 0.80, 0.95
CPU_GREEN, CPU_AMBER = 0.70, 0.90
_HA_CPU_MHZ = 32
"""What HA counts for a VM without a CPU reservation."""


class Light(enum.StrEnum):
    """GREEN go, AMBER a person decides, RED do not start."""

    GREEN = "green"
    AMBER = "amber"
    RED = "red"


def worst(lights: Iterable[Light]) -> Light:
    """The worst of them; green of none."""
    return max(lights, key=list(Light).index, default=Light.GREEN)


class Number(NamedTuple):
    """A number a judgement stands on, with its unit ("MB", "MHz", "%", "hosts", …)."""

    label: str
    value: float
    unit: str


@dataclass(frozen=True, slots=True)
class Load:
    """What all running VMs use, against what the hosts that stay have. None = a host did not tell."""

    memory_used: float | None
    memory_total: float
    cpu_used: float | None
    cpu_total: float

    @property
    def memory(self) -> float | None:
        """Share of memory in use, 1.0 = all; more than 1 does not fit."""
        return _share(self.memory_used, self.memory_total)

    @property
    def cpu(self) -> float | None:
        """Share of CPU in use."""
        return _share(self.cpu_used, self.cpu_total)


def _share(used: float | None, total: float) -> float | None:
    if used is None:
        return None
    return used / total if total > 0 else float("inf")


def load(fitting: Fitting, targets: int, memory_peak: float = 0, cpu_peak: float = 0) -> Load:
    """Load of the hosts in `targets` if they carry everything; the higher of now and the given peaks (MiB, MHz, whole cluster).

    Hosts that are away carry nothing, so only hosts that run VMs count as users."""
    users = [h for n, h in enumerate(fitting.hosts) if fitting.usable >> n & 1 or fitting.on[h.moid]]
    stay = [fitting.hosts[n] for n in bits(targets)]
    known = all(h.memory_used_mb is not None for h in users)
    memory = max(memory_peak, sum(h.memory_used_mb or 0 for h in users)) if known else None
    known = all(h.cpu_used_mhz is not None for h in users)
    cpu = max(cpu_peak, sum(h.cpu_used_mhz or 0 for h in users)) if known else None
    return Load(memory, sum(h.memory_mb for h in stay), cpu, sum(h.cpu_capacity_mhz for h in stay))


class Admission(NamedTuple):
    """Whether HA's admission control agrees. `text` says how it was counted."""

    light: Light
    text: str
    numbers: tuple[Number, ...] = ()


def admission(fitting: Fitting, targets: int, out: int) -> Admission:
    """What HA's policy says to `targets` alone, with `out` hosts taken out by the work. AMBER where HA would refuse power-ons and
    moves: then its admission control is suspended for the step, or fewer hosts go out."""
    cluster = fitting.picture.cluster
    if cluster is None or not cluster.ha.enabled:
        return Admission(
            Light.GREEN, "HA is off: nothing is kept free, and nothing is restarted after a failure."
        )
    ha = cluster.ha
    if not ha.admission_control:
        return Admission(Light.GREEN, "HA keeps nothing free: its admission control is off.")
    if ha.policy == "percent":
        return _percent(fitting, targets)
    if ha.policy == "slots":
        if ha.current_level is None:
            return Admission(
                Light.AMBER,
                "HA counts in slots, and vCenter does not tell how many host failures are covered now.",
            )
        left = ha.current_level - out
        light = Light.RED if left < 0 else Light.AMBER if left < ha.level else Light.GREEN
        numbers = (
            Number("covered now", ha.current_level, "hosts"), Number("taken out", out, "hosts"),
            Number("covered then", left, "hosts"), Number("wanted", ha.level, "hosts"),
        )  # fmt: skip
        text = f"HA's slots cover {ha.current_level} host failures now, less {out} taken out = {left} (wanted: {ha.level})."
        return Admission(light, text, numbers)
    if ha.policy == "hosts":
        spare = [n for n in bits(targets) if fitting.hosts[n].moid in ha.failover_hosts]
        light = Light.GREEN if spare else Light.AMBER
        text = f"{len(spare)} of {len(ha.failover_hosts)} failover hosts stay ready."
        return Admission(light, text, (Number("failover hosts left", len(spare), "hosts"),))
    return Admission(
        Light.AMBER, f"HA's admission control has a policy that is not known here ('{ha.policy}')."
    )


def _percent(fitting: Fitting, targets: int) -> Admission:
    cluster = fitting.picture.cluster
    assert cluster is not None
    ha, hosts = cluster.ha, targets.bit_count()
    memory_percent = cpu_percent = 100.0 * ha.level / hosts if ha.auto_percent and hosts else 0.0
    if not ha.auto_percent:
        memory_percent, cpu_percent = ha.memory_percent, ha.cpu_percent
    running = [vm for vms in fitting.on.values() for vm in vms if vm.power is VmPower.ON]
    reserved = sum(vm.memory_reservation_mb + vm.memory_overhead_mb for vm in running)
    cpu = sum(max(vm.cpu_reservation_mhz, _HA_CPU_MHZ) for vm in running)
    memory_all = sum(fitting.hosts[n].memory_mb for n in bits(targets))
    cpu_all = sum(fitting.hosts[n].cpu_capacity_mhz for n in bits(targets))
    memory_may, cpu_may = memory_all * (1 - memory_percent / 100), cpu_all * (1 - cpu_percent / 100)
    fine = reserved <= memory_may and cpu <= cpu_may
    text = (
        f"HA keeps {memory_percent:.0f} % of memory and {cpu_percent:.0f} % of CPU free: reserved memory {reserved:,} MB of at most "
        f"{memory_may:,.0f} MB, reserved CPU {cpu:,} MHz of at most {cpu_may:,.0f} MHz."
    )
    numbers = (
        Number("memory reserved", reserved, "MB"), Number("memory that may be reserved", memory_may, "MB"),
        Number("CPU reserved", cpu, "MHz"), Number("CPU that may be reserved", cpu_may, "MHz"),
        Number("memory kept free", memory_percent, "%"), Number("CPU kept free", cpu_percent, "%"),
    )  # fmt: skip
    return Admission(Light.GREEN if fine else Light.AMBER, text, numbers)
