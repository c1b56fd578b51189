"""What-if for every host of a big cluster, and the largest set of hosts that may be out at once.

`python benchmarks/bench_what_if.py [hosts] [vms]`. The peer in the same run is the bare placement without an index, as it is
usually written: every VM against every host, properties compared as sets. Memory in use at 60 %, 93 % and 96 % (where not everything fits).
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import TypeVar

from dsm_desktop.core.domains import Domain, Kind
from dsm_desktop.core.vsphere import (
    Cluster,
    Datastore,
    DrsLevel,
    DrsPolicy,
    Host,
    Mount,
    Network,
    Rule,
    RuleKind,
    Vm,
    VmPower,
)
from dsm_desktop.core.vsphere_site import ClusterPicture
from dsm_desktop.safety.blockers import cluster_blockers
from dsm_desktop.safety.placement import largest_set_out, what_if

T = TypeVar("T")


def timed(name: str, work: Callable[[], T]) -> tuple[T, float]:
    """Run and print the seconds it took."""
    start = time.perf_counter()
    result = work()
    seconds = time.perf_counter() - start
    print(f"  {name:<52}{seconds:>8.3f} s")
    return result, seconds


def big(hosts: int, vms: int, filled: float) -> ClusterPicture:
    """A cluster of equal hosts whose memory is `filled` on average; 20 stores, 30 networks, 60 rules."""
    dice = random.Random(7)
    stores = tuple(f"ds-{n}" for n in range(20))
    nets = tuple(f"net-{n}" for n in range(30))
    memory = 786_432
    plain = Host(
        "", "", cpu_mhz=2100, cpu_cores=56, cpu_threads=112, memory_mb=memory, vmotion=True, crypto_safe=True,
        cpu_model="Intel(R) Xeon(R) Gold 6330 CPU @ 2.00GHz", datastores=stores, networks=nets,
    )  # fmt: skip
    machines = tuple(replace(plain, moid=f"host-{n}", name=f"esx{n:02}") for n in range(hosts))
    average = memory * filled * hosts / vms
    guests = tuple(
        Vm(
            f"vm-{n}", f"vm{n:04}", f"host-{n % hosts}", power=VmPower.ON, cpus=dice.choice((2, 4, 8, 16)),
            memory_mb=int(average * 1.5), memory_used_mb=int(average * dice.uniform(0.3, 1.7)), memory_overhead_mb=150,
            cpu_used_mhz=dice.randrange(100, 2500), memory_reservation_mb=dice.choice((0, 0, 0, 4096)), devices=(),
            datastores=tuple(dice.sample(stores, 2)), networks=(dice.choice(nets),),
        )
        for n in range(vms)
    )  # fmt: skip
    rules = tuple(
        Rule(n, f"rule {n}", dice.choice((RuleKind.APART, RuleKind.TOGETHER)), vms=pair)
        for n, pair in enumerate(
            (f"vm-{dice.randrange(vms)}", f"vm-{dice.randrange(vms)}") for _ in range(60)
        )
    )
    kept = tuple(
        r for r in rules if r.kind is RuleKind.APART or len({v.host for v in guests if v.moid in r.vms}) == 1
    )
    return ClusterPicture(
        Cluster("c", "big", drs=DrsPolicy(True, DrsLevel.FULL), rules=kept), machines, guests,
        tuple(Datastore(s, s, mounts=tuple(Mount(h.moid) for h in machines)) for s in stores),
        tuple(Network(n, n) for n in nets), datetime(2026, 1, 1, tzinfo=UTC),
    )  # fmt: skip


def wired(hosts: int) -> dict[str, frozenset[Domain]]:
    """Four hosts in a rack, on an A and a B feed that reach over racks."""
    return {
        f"host-{n}": frozenset(
            {Domain(Kind.RACK, f"R{n // 4}"), Domain(Kind.PDU, f"A{n // 3}"), Domain(Kind.PDU, f"B{n // 5}")}
        )
        for n in range(hosts)
    }


def unindexed(picture: ClusterPicture) -> int:
    """The peer: for each host, each VM to the first host with room and everything it needs. Returns VMs placed."""
    placed = 0
    for host in picture.hosts:
        free = {
            h.moid: 0.95 * h.memory_mb - sum(v.memory_used_mb for v in picture.vms if v.host == h.moid)
            for h in picture.hosts
        }
        for vm in sorted((v for v in picture.vms if v.host == host.moid), key=lambda v: -v.memory_used_mb):
            for other in picture.hosts:
                if (
                    other.moid != host.moid
                    and set(vm.datastores) <= set(other.datastores)
                    and set(vm.networks) <= set(other.networks)
                    and free[other.moid] >= vm.memory_used_mb
                ):
                    free[other.moid] -= vm.memory_used_mb
                    placed += 1
                    break
    return placed


def main() -> None:
    """Print seconds and the ratio to the peer."""
    hosts = int(sys.argv[1]) if len(sys.argv) > 1 else 64
    vms = int(sys.argv[2]) if len(sys.argv) > 2 else 3000
    for filled in (0.6, 0.93, 0.96):
        picture = big(hosts, vms, filled)
        print(f"{hosts} hosts, {vms} VMs, memory {filled:.0%} in use")
        outcome, seconds = timed("what-if for every host", partial(what_if, picture))
        _, peer = timed("the same without an index (first fit, fewer limits)", partial(unindexed, picture))
        found, _ = timed("largest set out", partial(largest_set_out, picture))
        apart, _ = timed("largest set out, racks and PDUs", partial(largest_set_out, picture, wired(hosts)))
        timed("blockers of every host", partial(cluster_blockers, picture))
        fits = sum(w.fits for w in outcome)
        print(
            f"  {fits} hosts empty, {len(found.hosts)} may be out at once, {len(apart.hosts)} with racks and PDUs; "
            f"ratio to the peer {seconds / peer:.2f}"
        )


if __name__ == "__main__":
    main()
