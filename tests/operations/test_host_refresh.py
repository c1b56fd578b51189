"""One host is read: through its vCenter, or by itself where it has none."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import select, update

from dsm_desktop.app.context import CredentialDraft
from dsm_desktop.commands import vcenters
from dsm_desktop.core.vsphere import Host
from dsm_desktop.simulator.vsphere import VsphereSite, host_spec
from dsm_desktop.store.models import EsxiHost, Server
from dsm_desktop.store.vsphere import from_facts
from tests.operations.vcenters import Desk, working_desk

pytestmark = pytest.mark.shared_program


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with working_desk(tmp_path_factory.mktemp("hosts")) as desk:
        assert desk.run("vcenter_sync").state == "completed"
        yield desk


def rows(desk: Desk, *where: Any) -> list[Any]:
    query = select(EsxiHost.__table__).where(*where).order_by(EsxiHost.id)
    return list(desk.program.app.store.fetch(lambda c: c.execute(query).all()))


def test_a_host_of_a_vcenter_is_read_with_services_and_clock(desk: Desk) -> None:
    row = rows(desk, EsxiHost.vcenter_id == desk.id)[0]
    assert from_facts(Host, row.facts).services is None  # too many for a whole site
    job = desk.program.run("host_refresh", ids=[row.id])
    assert job.state == "completed", desk.outcome(job)
    facts = from_facts(Host, rows(desk, EsxiHost.id == row.id)[0].facts)
    assert {service.key for service in facts.services or ()} >= {"TSM-SSH", "ntpd"}
    assert facts.clock_skew_seconds is not None
    assert (facts.cluster, facts.name) == (row.cluster, row.name)


def test_a_host_without_a_vcenter_is_pinned_read_and_linked(desk: Desk) -> None:
    commands, store = desk.program.app.commands, desk.program.app.store
    with VsphereSite(host_spec()) as alone:
        spec = alone.spec
        commands.save_credential(
            CredentialDraft(None, "ESXi", "esxi", spec.username, spec.password, is_default=True)
        )
        host_id = commands.do(vcenters.add_esxi_host, alone.address, alone.port, name="edge")
        job = desk.program.run("host_refresh", ids=[host_id])
        assert "has not been approved" in desk.outcome(job)
        (row,) = rows(desk, EsxiHost.id == host_id)
        assert row.shown_fingerprint == alone.fingerprint
        commands.do(vcenters.approve_host_certificate, host_id, row.shown_fingerprint)
        server = commands.add_server("10.99.0.7")
        with store.write() as uow:
            uow.session.execute(
                update(Server).where(Server.id == server).values(service_tag=alone.hosts[0].service_tag)
            )
        job = desk.program.run("host_refresh", ids=[host_id])
        assert job.state == "completed", desk.outcome(job)
        result = desk.result(job)
        assert (result["version"], result["linked"]) == (spec.version, True)
        (row,) = rows(desk, EsxiHost.id == host_id)
        assert (row.name, row.server_id, row.link) == ("edge", server, "tag")
        assert row.moid
        desk.clients().close()
    commands.do(vcenters.remove_esxi_host, host_id)
    assert rows(desk, EsxiHost.id == host_id) == []
