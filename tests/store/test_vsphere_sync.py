"""A vCenter's copy is replaced as a whole; its hosts keep their rows, links and groups."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select

from dsm_desktop.commands.servers import add_server
from dsm_desktop.commands.vcenters import add_vcenter, link_host
from dsm_desktop.core.access import Principal, Role
from dsm_desktop.core.errors import BadInput
from dsm_desktop.core.inventory import SystemFacts
from dsm_desktop.core.service_tags import clean_tag, tag_in_uuid
from dsm_desktop.core.vsphere import Cluster, Host, Vm
from dsm_desktop.core.vsphere_site import About, Folder, Site
from dsm_desktop.store.inventory import save_facts
from dsm_desktop.store.models import EsxiHost, Server, ServerGroup, ServerGroupMember
from dsm_desktop.store.unit_of_work import Store
from dsm_desktop.store.vsphere import load_site
from dsm_desktop.store.vsphere_links import unlinked, vcenters_waiting_for
from dsm_desktop.store.vsphere_sync import OtherVcenter, save_host, save_objects, save_site

AT = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
ANNA = Principal("anna", Role.ADMIN)


def host(number: int, **more: Any) -> Host:
    values: dict[str, Any] = {
        "service_tag": f"TAG000{number}",
        "cluster": "domain-c1",
        "memory_mb": 1024,
    } | more
    return Host(f"host-{number}", f"esx{number:02d}", **values)


def site_of(uuid: str, *hosts: Host, clusters: tuple[Cluster, ...] | None = None, vms: int = 2) -> Site:
    return Site(
        About(uuid, "vCenter", "8.0.3", "1"),
        AT,
        (Folder("datacenter-1", "DC", "datacenter"),),
        (Cluster("domain-c1", "Prod", "datacenter-1"),) if clusters is None else clusters,
        hosts,
        tuple(Vm(f"vm-{n}", f"app{n}", hosts[0].moid) for n in range(vms)) if hosts else (),
    )


Save = Callable[[int, Site], None]


@pytest.fixture
def save(site: Store) -> Save:
    def run(vcenter_id: int, read: Site) -> None:
        with site.write() as uow:
            save_site(uow, vcenter_id, read)

    return run


def new_vcenter(store: Store, address: str) -> int:
    with store.write() as uow:
        return add_vcenter(uow, ANNA, address)


def new_server(store: Store, address: str, **values: Any) -> int:
    with store.write() as uow:
        server_id = add_server(uow, ANNA, address)
        for name, value in values.items():
            setattr(uow.session.get_one(Server, server_id), name, value)
        return server_id


def hosts_of(store: Store, vcenter_id: int) -> dict[str, Any]:
    query = select(EsxiHost.__table__).where(EsxiHost.vcenter_id == vcenter_id)
    return {row.moid: row for row in store.fetch(lambda c: c.execute(query).all())}


def waiting(store: Store, server_id: int) -> set[int | None]:
    return store.fetch(lambda c: vcenters_waiting_for(c, server_id))


def groups(store: Store) -> dict[str, set[int]]:
    g, m = ServerGroup, ServerGroupMember
    query = select(g.source, m.server_id).outerjoin(m, m.group_id == g.id).where(g.kind == "vcenter_cluster")
    found: dict[str, set[int]] = {}
    for source, server_id in store.fetch(lambda c: c.execute(query).all()):
        found.setdefault(source, set()).update({server_id} - {None})
    return found


def test_two_vcenters_with_equal_moids_stay_apart(site: Store, save: Save) -> None:
    one, two = new_vcenter(site, "vc1"), new_vcenter(site, "vc2")
    save(one, site_of("u-1", host(1), host(2)))
    save(two, site_of("u-2", host(1, service_tag="OTHER01"), vms=5))
    save(one, site_of("u-1", host(1), host(2), vms=1))
    first = site.fetch(lambda c: load_site(c, one))
    second = site.fetch(lambda c: load_site(c, two))
    assert first is not None
    assert second is not None
    assert (len(first.hosts), len(first.vms)) == (2, 1)
    assert (len(second.hosts), len(second.vms)) == (1, 5)
    assert second.hosts[0].service_tag == "OTHER01"
    assert set(groups(site)) == {"u-1:domain-c1", "u-2:domain-c1"}


def test_a_host_keeps_its_row_over_a_new_moid(site: Store, save: Save) -> None:
    vcenter = new_vcenter(site, "vc1")
    bare = host(2, service_tag="", uuid="11111111-2222-3333-4444-555555555555")
    save(vcenter, site_of("u-1", host(1), bare))
    before = {moid: row.id for moid, row in hosts_of(site, vcenter).items()}
    save(vcenter, site_of("u-1", replace(host(1), moid="host-71"), replace(bare, moid="host-72")))
    after = {moid: row.id for moid, row in hosts_of(site, vcenter).items()}
    assert after == {"host-71": before["host-1"], "host-72": before["host-2"]}


def test_uuids_that_several_machines_share_join_nothing(site: Store, save: Save) -> None:
    vcenter = new_vcenter(site, "vc1")
    zeros = {"service_tag": "", "uuid": "00000000-0000-0000-0000-000000000000"}
    save(vcenter, site_of("u-1", host(1, **zeros), host(2, **zeros)))
    save(vcenter, site_of("u-1", replace(host(3, **zeros)), replace(host(4, **zeros))))
    rows = hosts_of(site, vcenter)
    assert {moid: row.gone for moid, row in rows.items()} == {
        "host-1": True,
        "host-2": True,
        "host-3": False,
        "host-4": False,
    }


def test_a_vanished_host_is_marked_and_comes_back_as_itself(site: Store, save: Save) -> None:
    vcenter = new_vcenter(site, "vc1")
    save(vcenter, site_of("u-1", host(1), host(2)))
    ids = {moid: row.id for moid, row in hosts_of(site, vcenter).items()}
    save(vcenter, site_of("u-1", host(1)))
    assert [row.gone for row in hosts_of(site, vcenter).values()] == [False, True]
    seen = site.fetch(lambda c: load_site(c, vcenter))
    assert seen is not None
    assert [h.moid for h in seen.hosts] == ["host-1"]
    save(vcenter, site_of("u-1", host(1), host(2)))
    rows = hosts_of(site, vcenter)
    assert {moid: (row.id, row.gone) for moid, row in rows.items()} == {m: (i, False) for m, i in ids.items()}


def test_hosts_find_their_servers_by_tag_then_uuid_then_bmc_address(site: Store, save: Save) -> None:
    by_tag = new_server(site, "10.0.0.1", service_tag="TAG0001")
    by_uuid = new_server(site, "10.0.0.2", service_tag="BSG7KP2")
    by_value = new_server(site, "10.0.0.3", uuid="ABCDEF00-2222-3333-4444-555555555555")
    by_address = new_server(site, "10.0.0.4")
    vcenter = new_vcenter(site, "vc1")
    found = site_of(
        "u-1",
        host(1),
        host(2, service_tag="", uuid="4c4c4544-0053-4710-8037-c2c04f4b5032"),
        host(3, service_tag="", uuid="abcdef00-2222-3333-4444-555555555555"),
        host(4, service_tag="", bmc_address="10.0.0.4"),
        host(5, service_tag="NOBODY1"),
    )
    save(vcenter, found)
    rows = hosts_of(site, vcenter)
    assert {moid: (row.link, row.server_id) for moid, row in rows.items()} == {
        "host-1": ("tag", by_tag),
        "host-2": ("uuid", by_uuid),
        "host-3": ("uuid", by_value),
        "host-4": ("bmc", by_address),
        "host-5": ("", None),
    }
    assert site.fetch(lambda c: unlinked(c, vcenter)) == ["esx05"]
    assert groups(site) == {"u-1:domain-c1": {by_tag, by_uuid, by_value, by_address}}


def test_a_link_by_hand_stays_and_its_group_follows(site: Store, save: Save) -> None:
    right, wrong = new_server(site, "10.0.0.1"), new_server(site, "10.0.0.2", service_tag="TAG0001")
    vcenter = new_vcenter(site, "vc1")
    save(vcenter, site_of("u-1", host(1)))
    row = hosts_of(site, vcenter)["host-1"]
    assert (row.link, row.server_id) == ("tag", wrong)
    with site.write() as uow:
        link_host(uow, ANNA, row.id, right)
    assert groups(site) == {"u-1:domain-c1": {right}}
    save(vcenter, site_of("u-1", host(1)))
    again = hosts_of(site, vcenter)["host-1"]
    assert (again.link, again.server_id) == ("hand", right)
    with site.write() as uow:
        assert link_host(uow, ANNA, row.id, None) == "tag"
    assert groups(site) == {"u-1:domain-c1": {wrong}}, "what is found is asked at once, not at the next look"
    save(vcenter, site_of("u-1", host(1)))
    assert hosts_of(site, vcenter)["host-1"].link == "tag"


def links(store: Store, vcenter_id: int) -> dict[str, tuple[str, int | None]]:
    return {moid: (row.link, row.server_id) for moid, row in hosts_of(store, vcenter_id).items()}


def test_what_a_person_says_goes_before_what_was_found(site: Store, save: Save) -> None:
    """A mainboard that carries the tag of another server: the host on it is found there, wrongly, at every look."""
    right = new_server(site, "10.0.0.1", service_tag="TAG0001")
    vcenter = new_vcenter(site, "vc1")
    read = site_of("u-1", host(1), host(2, service_tag=""))
    save(vcenter, read)
    assert links(site, vcenter) == {"host-1": ("tag", right), "host-2": ("", None)}
    second = hosts_of(site, vcenter)["host-2"].id
    with site.write() as uow:
        link_host(uow, ANNA, second, right)
    for _ in range(2):
        assert links(site, vcenter) == {"host-1": ("", None), "host-2": ("hand", right)}
        save(vcenter, read)
    with site.write() as uow, pytest.raises(BadInput, match="esx02 was linked to that server by hand"):
        link_host(uow, ANNA, hosts_of(site, vcenter)["host-1"].id, right)
    with site.write() as uow:
        link_host(uow, ANNA, second, None)
    assert links(site, vcenter) == {"host-1": ("tag", right), "host-2": ("", None)}


def test_a_tag_that_several_hosts_show_links_none_of_them(site: Store, save: Save) -> None:
    """On modular servers the tag may be the chassis's; what else a host shows may still tell."""
    chassis = new_server(site, "10.0.0.1", service_tag="TAG0001")
    blade = new_server(site, "10.0.0.2", service_tag="BSG7KP2")
    vcenter = new_vcenter(site, "vc1")
    known = host(2, service_tag="TAG0001", uuid="4c4c4544-0053-4710-8037-c2c04f4b5032")
    save(vcenter, site_of("u-1", host(1), known, host(3, service_tag="TAG0001")))
    assert links(site, vcenter) == {"host-1": ("", None), "host-2": ("uuid", blade), "host-3": ("", None)}
    save(vcenter, site_of("u-1", host(1), known))
    assert links(site, vcenter)["host-1"] == ("", None)
    save(vcenter, site_of("u-1", host(1)))
    assert links(site, vcenter)["host-1"] == ("tag", chassis)


def test_a_server_that_tells_its_tag_is_linked_at_once(site: Store, save: Save) -> None:
    """One that was put on the list by its address says who it is when it is read."""
    server = new_server(site, "10.0.0.1")
    vcenter = new_vcenter(site, "vc1")
    save(vcenter, site_of("u-1", host(1)))
    assert links(site, vcenter) == {"host-1": ("", None)}
    with site.write() as uow:
        save_facts(uow, server, SystemFacts(service_tag="TAG0001"))
    assert links(site, vcenter) == {"host-1": ("tag", server)}
    assert groups(site) == {"u-1:domain-c1": {server}}


def test_only_the_vcenters_that_wait_for_a_server_are_linked_anew(site: Store, save: Save) -> None:
    """Of thousands that tell who they are in one night most belong to no host that waits."""
    dell = "4c4c4544-0053-4710-8037-c2c04f4b5032"  # holds BSG7KP2
    shown: tuple[dict[str, Any], ...] = (
        {"service_tag": "TAG0001"},
        {"service_tag": "", "uuid": dell},
        {"service_tag": "", "uuid": "ABCD-1"},
        {"service_tag": "", "bmc_address": "10.0.0.9"},
        {"service_tag": "TAG0005"},
    )
    vcenters = []
    for number, values in enumerate(shown, 1):
        vcenters.append(new_vcenter(site, f"vc{number}"))
        save(vcenters[-1], site_of(f"u-{number}", host(number, **values)))
    stranger = new_server(site, "10.0.0.1", service_tag="OTHER01", uuid="other")
    assert waiting(site, stranger) == set()
    for vcenter, values in zip(
        vcenters,
        ({"service_tag": "TAG0001"}, {"service_tag": "BSG7KP2"}, {"uuid": "abcd-1"}, {}),
        strict=False,
    ):
        server = new_server(site, "10.0.0.9" if not values else f"10.0.1.{vcenter}", **values)
        assert waiting(site, server) == {vcenter}
    # A server that is not who it was: the hosts found to run on it are looked at again.
    found = new_server(site, "10.0.0.5", service_tag="TAG0005")
    save(vcenters[4], site_of("u-5", host(5)))
    assert links(site, vcenters[4]) == {"host-5": ("tag", found)}
    assert waiting(site, found) == {vcenters[4]}


def test_a_host_read_by_itself_takes_its_group_along(site: Store, save: Save) -> None:
    server = new_server(site, "10.0.0.1", service_tag="TAG0001")
    vcenter = new_vcenter(site, "vc1")
    save(vcenter, site_of("u-1", host(1, service_tag="")))
    assert groups(site) == {"u-1:domain-c1": set()}
    with site.write() as uow:
        assert save_host(uow, hosts_of(site, vcenter)["host-1"].id, host(1))
    assert groups(site) == {"u-1:domain-c1": {server}}


def test_groups_follow_the_clusters(site: Store, save: Save) -> None:
    server = new_server(site, "10.0.0.1", service_tag="TAG0001")
    vcenter = new_vcenter(site, "vc1")
    save(vcenter, site_of("u-1", host(1)))
    moved = (Cluster("domain-c1", "Production"), Cluster("domain-c2", "Lab"))
    save(vcenter, site_of("u-1", host(1, cluster="domain-c2"), clusters=moved))
    assert groups(site) == {"u-1:domain-c1": set(), "u-1:domain-c2": {server}}
    names = site.fetch(lambda c: set(c.scalars(select(ServerGroup.name))))
    assert names == {"Production", "Lab"}
    save(vcenter, site_of("u-1", host(1, cluster=""), clusters=()))
    assert groups(site) == {}


def test_another_vcenter_at_the_same_address_is_refused(site: Store, save: Save) -> None:
    one, two = new_vcenter(site, "vc1"), new_vcenter(site, "10.0.0.9")
    save(one, site_of("u-1", host(1)))
    with pytest.raises(OtherVcenter, match="same vCenter as vc1"):
        save(two, site_of("u-1", host(1)))
    with pytest.raises(OtherVcenter, match="another vCenter"):
        save(one, site_of("u-2", host(2)))
    kept = site.fetch(lambda c: load_site(c, one))
    assert kept is not None
    assert [h.moid for h in kept.hosts] == ["host-1"]


def test_single_objects_change_in_the_copy(site: Store, save: Save) -> None:
    vcenter = new_vcenter(site, "vc1")
    save(vcenter, site_of("u-1", host(1), vms=3))
    with site.write() as uow:
        save_objects(uow, vcenter, [Vm("vm-1", "renamed", "host-1"), Vm("vm-9", "new")], gone=["vm-0"])
    seen = site.fetch(lambda c: load_site(c, vcenter))
    assert seen is not None
    assert {vm.moid: vm.name for vm in seen.vms} == {"vm-1": "renamed", "vm-2": "app2", "vm-9": "new"}


@pytest.mark.parametrize(
    ("uuid", "tag"),
    [
        ("4c4c4544-0053-4710-8037-c2c04f4b5032", "BSG7KP2"),  # R640 of the recorded answers
        ("4c4c4544-0035-3410-8050-c6c04f314733", "F54P1G3"),  # R750
        ("44454c4c-3500-1034-8050-c6c04f314733", "F54P1G3"),  # the same, first groups the other way round
        ("abcdef00-0035-3410-8050-c6c04f314733", ""),
        ("4c4c4544", ""),
        ("", ""),
    ],
)
def test_the_tag_in_a_dell_uuid(uuid: str, tag: str) -> None:
    assert tag_in_uuid(uuid) == tag


def test_what_is_no_tag() -> None:
    assert [clean_tag(t) for t in (" abc1234 ", "Unknown", "", "CN0123456789ABC", "0000000", "ab-1234")] == [
        "ABC1234",
        "",
        "",
        "",
        "",
        "",
    ]
