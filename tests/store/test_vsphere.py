"""A vCenter's copy comes back as it was read."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import insert, select

from dsm_desktop.core.inventory import Identity
from dsm_desktop.core.uplinks import Uplink
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
    Host,
    HostService,
    Mount,
    Network,
    Question,
    Rule,
    RuleKind,
    RunningTask,
    Vm,
    VmOverride,
    VmPower,
)
from dsm_desktop.core.vsphere_site import Folder
from dsm_desktop.store.discovered import merge_servers, upsert_server
from dsm_desktop.store.models import EsxiHost, ServerGroup, ServerGroupMember, Vcenter, VsphereObject
from dsm_desktop.store.unit_of_work import Store
from dsm_desktop.store.vsphere import KINDS, from_facts, load_picture, load_site, to_facts

AT = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
ALARM = Alarm("alarm-1", "Host memory", Colour.RED, "host-1", AT, True)
HOST = Host(
    "host-1",
    "esx01",
    cluster="domain-c1",
    datacenter="dc-1",
    memory_mb=1024,
    connection=Connection.NOT_RESPONDING,
    power=VmPower.STANDBY,
    status=Colour.YELLOW,
    config_issues=("HA agent",),
    boot_time=AT,
    services=(HostService("TSM-SSH", True, "off"),),
    datastores=("datastore-1",),
    networks=("network-1",),
    uplinks=(Uplink("vmnic0", 25000, "vSwitch0"),),
    alarms=(ALARM,),
    tasks=(RunningTask("task-1", "HostSystem.enterMaintenanceMode", "anna", 2, AT),),
)
VM = Vm(
    "vm-1",
    "db01",
    "host-1",
    question=Question("7", "Override the lock?", (("0", "Yes"), ("1", "No")), "1"),
    devices=(Device(3000, "CD 1", Backing.ISO, True, "datastore-1", "[ds1] a.iso"),),
    cpu_affinity=(0, 1),
)
CLUSTER = Cluster(
    "domain-c1",
    "Prod",
    "dc-1",
    drs=DrsPolicy(True, DrsLevel.FULL, overrides=(VmOverride("vm-1", False, DrsLevel.MANUAL),)),
    rules=(Rule(1, "apart", RuleKind.APART, vms=("vm-1", "vm-2")),),
    drs_faults=(("vm-1", "no room"),),
)
OTHERS: dict[str, Folder | Cluster | Vm | Datastore | Network] = {
    "folder": Folder("dc-1", "DC", "datacenter"),
    "cluster": CLUSTER,
    "vm": VM,
    "datastore": Datastore("datastore-1", "ds1", mounts=(Mount("host-1", False),), alarms=(ALARM,)),
    "network": Network("network-1", "VM Network", hosts=("host-1",)),
}


def test_every_kind_comes_back_as_it_was() -> None:
    assert set(OTHERS) == set(KINDS)
    for value in (HOST, *OTHERS.values()):
        assert from_facts(type(value), to_facts(value)) == value


def test_facts_of_an_older_program_have_the_defaults_of_later_fields() -> None:
    facts = to_facts(VM)
    del facts["snapshots"], facts["devices"]
    old = from_facts(Vm, facts)
    assert (old.snapshots, old.devices, old.name) == (0, None, "db01")


def test_a_site_and_one_clusters_picture(site: Store) -> None:
    with site.write() as uow:
        uow.session.execute(
            insert(Vcenter),
            [
                {"id": 1, "address": "vc1", "name": "vc1.site", "instance_uuid": "u-1", "added_at": AT, "synced_at": AT},
                {"id": 2, "address": "vc2", "added_at": AT},
            ],
        )  # fmt: skip
        uow.session.execute(
            insert(VsphereObject),
            [
                {"vcenter_id": 1, "moid": v.moid, "kind": kind, "name": v.name, "facts": to_facts(v), "seen_at": AT}
                for kind, v in OTHERS.items()
            ],
        )  # fmt: skip
        uow.session.execute(
            insert(EsxiHost),
            [
                {"vcenter_id": 1, "moid": "host-1", "name": "esx01", "facts": to_facts(HOST), "gone": False},
                {"vcenter_id": 1, "moid": "host-9", "name": "esx09", "facts": to_facts(HOST), "gone": True},
            ],
        )
    found = site.fetch(lambda connection: load_site(connection, 1))
    assert found is not None
    assert (found.hosts, found.vms, found.clusters) == ((HOST,), (VM,), (CLUSTER,))
    assert (found.about.instance_uuid, found.read_at) == ("u-1", AT)
    assert site.fetch(lambda connection: load_site(connection, 2)) is None
    seen = site.fetch(lambda connection: load_picture(connection, 1, "domain-c1"))
    assert seen is not None
    assert (seen.cluster, seen.hosts, seen.vms) == (CLUSTER, (HOST,), (VM,))
    assert "vc1" in seen.vcenter_addresses
    assert site.fetch(lambda connection: load_picture(connection, 1, "domain-c9")) is None


def test_a_server_that_comes_later_is_found_under_its_host(site: Store) -> None:
    with site.write() as uow:
        uow.session.execute(
            insert(Vcenter),
            [{"id": 1, "address": "vc1", "instance_uuid": "u-1", "added_at": AT, "synced_at": AT}],
        )
        uow.session.execute(
            insert(VsphereObject),
            [{"vcenter_id": 1, "moid": "domain-c1", "kind": "cluster", "name": "Prod", "facts": to_facts(CLUSTER), "seen_at": AT}],
        )  # fmt: skip
        uow.session.execute(
            insert(EsxiHost),
            [{"id": 5, "vcenter_id": 1, "moid": "host-1", "cluster": "domain-c1", "name": "esx01", "service_tag": "ABC1234"}],
        )  # fmt: skip

    def linked() -> tuple[int | None, str]:
        query = select(EsxiHost.server_id, EsxiHost.link).where(EsxiHost.id == 5)
        found = site.fetch(lambda c: c.execute(query).one())
        return found.server_id, found.link

    with site.write() as uow:
        upsert_server(uow, "10.0.0.8", 443, Identity(True, "1.11", "XYZ9999"))
    assert linked() == (None, "")
    with site.write() as uow:
        server_id, new = upsert_server(uow, "10.0.0.9", 443, Identity(True, "1.11", "ABC1234"))
    assert new
    assert linked() == (server_id, "tag")
    members = (
        select(ServerGroupMember.server_id).join(ServerGroup).where(ServerGroup.source == "u-1:domain-c1")
    )
    assert site.fetch(lambda c: list(c.execute(members).scalars())) == [server_id]
    with site.write() as uow:
        other, _ = upsert_server(uow, "10.0.0.10", 443, Identity(True, "1.11"))
        merge_servers(uow, other, server_id)
    assert linked()[0] == other
