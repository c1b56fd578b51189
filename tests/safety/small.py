"""A small healthy cluster to change one thing of: four equal hosts on two shared stores, one VM on each."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from dsm_desktop.core.domains import Domain, Kind
from dsm_desktop.core.vsphere import (
    Cluster,
    Colour,
    Datastore,
    DrsLevel,
    DrsPolicy,
    HaPolicy,
    Host,
    HostService,
    Mount,
    Network,
    Vm,
    VmPower,
)
from dsm_desktop.core.vsphere_site import ClusterPicture

NOW = datetime(2026, 3, 1, 22, 0, tzinfo=UTC)
TIB = 1 << 40


def host(number: int, **changes: Any) -> Host:
    """`esx1`, moid `host-1`: 2 x 16 cores, 256 GiB, Cascade Lake, well."""
    plain = Host(
        moid=f"host-{number}",
        name=f"esx{number}",
        cluster="domain-c1",
        vendor="Dell Inc.",
        model="PowerEdge R640",
        service_tag=f"ABCDE0{number % 10}",
        cpu_model="Intel(R) Xeon(R) Gold 6230 CPU @ 2.10GHz",
        cpu_mhz=2100,
        cpu_cores=32,
        cpu_threads=64,
        memory_mb=262_144,
        cpu_used_mhz=4000,
        memory_used_mb=20_480,
        status=Colour.GREEN,
        ha_state="connectedToMaster",
        version="8.0.3",
        build="24022510",
        vmotion=True,
        crypto_safe=True,
        lockdown="lockdownDisabled",
        services=(HostService("ntpd", True, "on"), HostService("TSM-SSH", False, "off")),
        clock_skew_seconds=0.2,
        datastores=("ds-1", "ds-2"),
        networks=("net-1",),
    )
    return replace(plain, **changes)


def on(rack: str = "", *pdus: str) -> frozenset[Domain]:
    """Where a host stands and hangs."""
    racks = {Domain(Kind.RACK, rack)} if rack else set()
    return frozenset(racks | {Domain(Kind.PDU, name) for name in pdus})


def vm(number: int, on: int, **changes: Any) -> Vm:
    """`vm1`, moid `vm-1`, on host `on`: 4 CPUs, 16 GiB, 8 GiB in use, no device in the way."""
    plain = Vm(
        moid=f"vm-{number}",
        name=f"vm{number}",
        host=f"host-{on}",
        power=VmPower.ON,
        cpus=4,
        memory_mb=16_384,
        cpu_used_mhz=500,
        memory_used_mb=8192,
        memory_overhead_mb=100,
        datastores=("ds-1",),
        networks=("net-1",),
        devices=(),
    )
    return replace(plain, **changes)


def store(number: int, hosts: tuple[int, ...], **changes: Any) -> Datastore:
    """`ds1`, moid `ds-1`: 10 TiB with 4 TiB free, mounted on these hosts."""
    plain = Datastore(
        moid=f"ds-{number}",
        name=f"ds{number}",
        kind="VMFS",
        capacity=10 * TIB,
        free=4 * TIB,
        multi_host=len(hosts) > 1,
        mounts=tuple(Mount(f"host-{n}") for n in hosts),
    )
    return replace(plain, **changes)


def cluster(**changes: Any) -> Cluster:
    """`prod`: DRS fully automated, HA on with admission control of 25 %."""
    plain = Cluster(
        moid="domain-c1",
        name="prod",
        status=Colour.GREEN,
        image_managed=False,
        ha=HaPolicy(
            enabled=True, admission_control=True, policy="percent", cpu_percent=25, memory_percent=25, level=1
        ),
        drs=DrsPolicy(enabled=True, level=DrsLevel.FULL),
    )
    return replace(plain, **changes)


def picture(hosts: int = 4, **changes: Any) -> ClusterPicture:
    """The healthy cluster; `changes` replace fields of the picture."""
    numbers = tuple(range(1, hosts + 1))
    plain = ClusterPicture(
        cluster=cluster(),
        hosts=tuple(host(n) for n in numbers),
        vms=tuple(vm(n, n) for n in numbers),
        datastores=(store(1, numbers), store(2, numbers)),
        networks=(Network("net-1", "VM Network", hosts=tuple(f"host-{n}" for n in numbers)),),
        taken_at=NOW,
        vcenter_version="8.0.3",
    )
    return replace(plain, **changes)


def with_vm(base: ClusterPicture, **changes: Any) -> ClusterPicture:
    """The same with something changed at vm-1, which runs on host-1."""
    return replace(base, vms=tuple(replace(v, **changes) if v.moid == "vm-1" else v for v in base.vms))


def with_hosts(base: ClusterPicture, *moids: str, **changes: Any) -> ClusterPicture:
    """The same with something changed at these hosts (all of them when none is named)."""
    return replace(
        base, hosts=tuple(replace(h, **changes) if not moids or h.moid in moids else h for h in base.hosts)
    )


def with_cluster(base: ClusterPicture, **changes: Any) -> ClusterPicture:
    """The same with something changed at the cluster."""
    assert base.cluster is not None
    return replace(base, cluster=replace(base.cluster, **changes))
