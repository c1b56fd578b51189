"""What a person changes of vCenters and hosts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from dsm_desktop.commands import vcenters
from dsm_desktop.commands.servers import add_server
from dsm_desktop.core.access import Permission, Principal, Role
from dsm_desktop.core.errors import BadInput, Denied, NotFound
from dsm_desktop.store.models import AuditEntry, EsxiHost, ServerGroup, Vcenter
from dsm_desktop.store.unit_of_work import Store

ANNA = Principal("anna", Role.ADMIN)
Do = Callable[..., Any]


@pytest.fixture
def do(store: Store) -> Do:
    def run(command: Callable[..., Any], *args: Any, **values: Any) -> Any:
        with store.write() as uow:
            return command(uow, ANNA, *args, **values)

    return run


def one(store: Store, kind: type[Any], row_id: int) -> Any:
    return store.fetch(lambda c: c.execute(select(kind.__table__).where(kind.id == row_id)).one())


def test_a_vcenter_is_added_once_and_pinned_by_a_person(store: Store, do: Do) -> None:
    vcenter = do(vcenters.add_vcenter, " vc1.site ", name="Main")
    with pytest.raises(BadInput, match="already"):
        do(vcenters.add_vcenter, "vc1.site")
    with pytest.raises(BadInput, match="not an address"):
        do(vcenters.add_vcenter, "https://vc1.site/")
    do(vcenters.approve_vcenter_certificate, vcenter, "AB:" * 31 + "AB")
    assert one(store, Vcenter, vcenter).fingerprint == "ab" * 32
    do(vcenters.edit_vcenter, vcenter, name="Other")
    assert one(store, Vcenter, vcenter).fingerprint == "ab" * 32
    do(vcenters.edit_vcenter, vcenter, address="vc2.site")
    assert one(store, Vcenter, vcenter).fingerprint == ""
    with pytest.raises(BadInput, match="cannot be edited"):
        do(vcenters.edit_vcenter, vcenter, fingerprint="00")
    actions = store.fetch(lambda c: [row.action for row in c.execute(select(AuditEntry.action))])
    assert {"vcenters.add", "vcenters.trust", "vcenters.edit"} <= set(actions)


def test_removing_takes_its_cluster_groups_and_no_others(store: Store, do: Do) -> None:
    vcenter = do(vcenters.add_vcenter, "vc1.site")
    with store.write() as uow:
        row = uow.session.get(Vcenter, vcenter)
        assert row is not None
        row.instance_uuid = "u_1"
        uow.session.add_all(
            [
                ServerGroup(name="a", kind="vcenter_cluster", source="u_1:domain-c1"),
                ServerGroup(name="b", kind="vcenter_cluster", source="ux1:domain-c1"),
                ServerGroup(name="c", kind="manual"),
            ]
        )
    do(vcenters.remove_vcenter, vcenter)
    names = store.fetch(lambda c: {row.name for row in c.execute(select(ServerGroup.name))})
    assert {"b", "c"} <= names
    assert "a" not in names
    with pytest.raises(NotFound):
        do(vcenters.remove_vcenter, vcenter)


def test_a_host_is_linked_by_hand_to_one_server(store: Store, do: Do) -> None:
    first, second = (do(vcenters.add_esxi_host, f"10.0.0.{n}") for n in (1, 2))
    server = do(add_server, "10.1.0.1")
    do(vcenters.link_host, first, server)
    assert (one(store, EsxiHost, first).server_id, one(store, EsxiHost, first).link) == (server, "hand")
    with pytest.raises(BadInput, match="was linked to that server by hand"):
        do(vcenters.link_host, second, server)
    do(vcenters.link_host, first, None)
    assert (one(store, EsxiHost, first).server_id, one(store, EsxiHost, first).link) == (None, "")
    with pytest.raises(NotFound):
        do(vcenters.link_host, first, server + 99)
    with pytest.raises(BadInput, match="already"):
        do(vcenters.add_esxi_host, "10.0.0.1")


def test_a_viewer_changes_nothing(store: Store) -> None:
    eve = Principal("eve", Role.VIEWER)
    assert not eve.role.may(Permission.CONFIGURE)
    with store.write() as uow, pytest.raises(Denied):
        vcenters.add_vcenter(uow, eve, "vc1.site")
