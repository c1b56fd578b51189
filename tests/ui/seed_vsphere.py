"""A believable vCenter in a store: a cluster of four hosts with trouble, a small one without, and a stand-alone host."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert, select

from dsm_desktop.core.vsphere import (
    Alarm,
    Backing,
    Cluster,
    Colour,
    Connection,
    Datastore,
    Device,
    DrsLevel,
    DrsPolicy,
    HaPolicy,
    Host,
    Mount,
    Network,
    Question,
    Rule,
    RuleKind,
    Vm,
    VmPower,
)
from dsm_desktop.core.vsphere_site import Folder
from dsm_desktop.store.models import EsxiHost, SafetyCheck, Server, Vcenter, VsphereObject
from dsm_desktop.store.unit_of_work import Store, UnitOfWork
from dsm_desktop.store.vsphere import to_facts
from tests.ui.seed import seed_site

SHARED = ("datastore-1", "datastore-2")
GIB = 1 << 30


def hosts(now: datetime) -> list[Host]:
    """Four of "Production", two of "Test", one alone."""
    found = []
    for n in range(7):
        cluster = "domain-c8" if n < 4 else "domain-c9" if n < 6 else ""
        lost = n == 3
        alarms = (
            (Alarm(f"a{n}", "Host hardware power status", Colour.RED, f"host-{n}", now),) if n == 1 else ()
        )
        found.append(
            Host(
                f"host-{n}", f"esx0{n + 1}.site", cluster, "datacenter-2", "Dell Inc.", "PowerEdge R750",
                cpu_mhz=2000, cpu_cores=64, cpu_threads=128, memory_mb=512 << 10,
                cpu_used_mhz=None if lost else 38_000 + 4_000 * n, memory_used_mb=None if lost else 190_000 + n,
                connection=Connection.NOT_RESPONDING if lost else Connection.CONNECTED,
                in_maintenance=n == 2,
                status=Colour.RED if n == 1 else Colour.GRAY if lost else Colour.GREEN,
                ha_state="connectedToMaster" if cluster else "",
                boot_time=now - timedelta(days=90 + n),
                version="8.0.3", build="24022510", vmotion=True,
                datastores=(*SHARED, f"datastore-{10 + n}"), networks=("network-7",), alarms=alarms,
            )
        )  # fmt: skip
    return found


def vms(count: int = 60) -> list[Vm]:
    """Some of them will not move: an ISO on a local store, passthrough, a pending question."""
    found = []
    for n in range(count):
        devices: tuple[Device, ...] = ()
        question = None
        if n == 5:
            devices = (
                Device(3000, "CD/DVD drive 1", Backing.ISO, True, "datastore-11", "[local-1] setup.iso"),
            )
        if n == 9:
            devices = (Device(13000, "PCI device 0", Backing.PASSTHROUGH, True, "", "0000:3b:00.0"),)
        if n == 13:
            question = Question("1", "The CD-ROM door is locked. Override?", (("0", "Yes"), ("1", "No")), "1")
        host = (0, 1, 1, 4, 5, 6)[n % 6]
        found.append(
            Vm(
                f"vm-{n}", f"{('db', 'web', 'app', 'file')[n % 4]}{n:02d}", f"host-{host}", f"50{n:02d}-uuid",
                VmPower.OFF if n % 11 == 7 else VmPower.ON, cpus=4, memory_mb=16 << 10, memory_used_mb=9_000,
                cpu_used_mhz=800, guest_host=f"vm{n}.site", guest_address=f"10.9.0.{n}", tools_running=True,
                datastores=(SHARED[n % 2],), networks=("network-7",), question=question, devices=devices,
            )
        )  # fmt: skip
    return found


def objects(now: datetime) -> dict[str, list[Any]]:
    """Everything but hosts, by kind."""
    drs = DrsPolicy(True, DrsLevel.FULL)
    alarm = Alarm("a1", "Host hardware power status", Colour.RED, "host-1", now)
    rule = Rule(1, "Databases apart", RuleKind.APART, vms=("vm-0", "vm-4"))
    mounts = tuple(Mount(f"host-{n}", n != 3) for n in range(7))
    shared = [
        Datastore(m, name, "datacenter-2", "VMFS", "", 8 << 40, 3 << 40, multi_host=True, mounts=mounts)
        for m, name in zip(SHARED, ("san-gold", "san-silver"), strict=True)
    ]
    local = [
        Datastore(f"datastore-{10 + n}", f"local-{n}", "datacenter-2", "VMFS", "", 400 * GIB, 380 * GIB,
                  multi_host=False, mounts=(Mount(f"host-{n}"),))
        for n in range(7)
    ]  # fmt: skip
    return {
        "folder": [Folder("datacenter-2", "Hall 1", "datacenter")],
        "cluster": [
            Cluster("domain-c8", "Production", "datacenter-2", Colour.RED, "intel-icelake", False,
                    HaPolicy(True, True, True, "percent", 25, 25), drs, rules=(rule,), alarms=(alarm,)),
            Cluster("domain-c9", "Test", "datacenter-2", Colour.GREEN, "", True,
                    HaPolicy(), DrsPolicy(True, DrsLevel.MANUAL)),
        ],
        "vm": vms(),
        "datastore": shared + local,
        "network": [Network("network-7", "VM Network", hosts=tuple(f"host-{n}" for n in range(7)))],
    }  # fmt: skip


def seed_vsphere(store: Store, server_ids: tuple[int | None, ...] = ()) -> None:
    """A vCenter that was read four minutes ago; host n runs on `server_ids[n]` where given."""
    with store.write() as uow:
        now = uow.now
        tags = {row.id: row.service_tag for row in uow.session.execute(select(Server.id, Server.service_tag))}
        uow.session.execute(
            insert(Vcenter),
            [{"id": 1, "address": "vcenter.site", "name": "vcenter.site", "instance_uuid": "u-1", "version": "8.0.3",
              "build": "24322831", "fingerprint": "ab" * 32, "shown_fingerprint": "ab" * 32, "added_at": now, "synced_at": now - timedelta(minutes=4)}],
        )  # fmt: skip
        _objects(uow, now)
        uow.session.execute(
            insert(EsxiHost),
            [
                {
                    "id": n + 1, "vcenter_id": 1, "moid": host.moid, "cluster": host.cluster, "name": host.name,
                    "address": host.name, "facts": to_facts(host), "seen_at": now - timedelta(minutes=4),
                    "server_id": server_ids[n] if n < len(server_ids) else None,
                    "link": "tag" if n < len(server_ids) and server_ids[n] else "",
                    "service_tag": tags.get(server_ids[n] or 0, "") or "" if n < len(server_ids) else "",
                }
                for n, host in enumerate(hosts(now))
            ],
        )  # fmt: skip
        uow.session.execute(
            insert(SafetyCheck),
            [{"subject": "cluster:1:domain-c8", "name": "Production", "colour": "red", "changed": True,
              "summary": "esx04.site does not respond", "at": now - timedelta(minutes=3)}],
        )  # fmt: skip


def _objects(uow: UnitOfWork, now: datetime) -> None:
    uow.session.execute(
        insert(VsphereObject),
        [
            {"vcenter_id": 1, "moid": v.moid, "kind": kind, "name": v.name, "facts": to_facts(v), "seen_at": now,
             "host": v.host if isinstance(v, Vm) else ""}
            for kind, values in objects(now).items()
            for v in values
        ],
    )  # fmt: skip


def seed_linked(store: Store) -> None:
    """The fleet and the vCenter, the first two hosts linked to the first two servers."""
    seed_site(store)
    ids = store.fetch(lambda c: [row.id for row in c.execute(select(Server.id).limit(2))])
    seed_vsphere(store, tuple(ids))
