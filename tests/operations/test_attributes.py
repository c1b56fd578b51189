"""attributes_read and attributes_write: validated before, one PATCH, read back; users' hashes never kept."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from dsm_desktop.configuration.standard import IDRAC
from dsm_desktop.queries.configuration import component_settings
from dsm_desktop.simulator import SimulatedIdrac
from dsm_desktop.store.models import ConfigurationSnapshot
from tests.operations.conftest import Program

pytestmark = pytest.mark.shared_program


@pytest.fixture
def idrac(ready: Program) -> SimulatedIdrac:
    return ready.site.idracs[3]


def patches(idrac: SimulatedIdrac) -> int:
    return sum("DellAttributes" in entry.uri for entry in idrac.journal)


def run(program: Program, idrac: SimulatedIdrac, lines: list[str], **more: Any) -> Any:
    job = program.run("attributes_write", {"settings": lines, **more}, [program.server(idrac).id])
    return program.tasks(job.id)[0]


def test_what_is_read_is_kept_without_secrets_and_with_its_registry(
    ready: Program, idrac: SimulatedIdrac
) -> None:
    job = ready.run("attributes_read", {}, [ready.server(idrac).id])
    assert (job.state, job.failed) == ("completed", 0), ready.tasks(job.id)[0].outcome
    found = ready.app.store.fetch(lambda c: component_settings(c, ready.server(idrac).id, IDRAC))
    rows = {row.name: row for row in found.rows}
    assert rows["NTPConfigGroup.1.NTPEnable"].title.endswith("NTP Enable")
    assert not [name for name in rows if name.endswith(("Password", "Key", "Salt", "Passphrase"))]
    kept = ready.app.store.fetch(lambda c: c.execute(select(ConfigurationSnapshot.settings)).all())
    assert "IPMIKey" not in str(kept)


def test_a_change_is_one_patch_and_read_back(ready: Program, idrac: SimulatedIdrac) -> None:
    before = patches(idrac)
    task = run(
        ready,
        idrac,
        ["NTPConfigGroup.1.NTPEnable=Enabled", "NTPConfigGroup.1.NTP1=10.0.0.1", "WebServer.1.Timeout=900"],
    )
    assert (task.state, task.result["changed"]) == ("completed", 3), task.outcome
    assert patches(idrac) == before + 1
    again = run(ready, idrac, ["NTPConfigGroup.1.NTP1=10.0.0.1", "WebServer.1.Timeout=900"])
    assert again.result["changed"] == 0
    assert patches(idrac) == before + 1


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("NTPConfigGroup.1.NTPEnabled=Enabled", "meant NTPConfigGroup.1.NTPEnable"),
        ("WebServer.1.Timeout=5", "whole number"),
        ("Info.1.Version=9", "read-only"),
        ("NTPConfigGroup.1.NTPEnable=Sometimes", "allowed"),
    ],
)  # fmt: skip
def test_what_the_registry_refuses_is_never_sent(
    ready: Program, idrac: SimulatedIdrac, line: str, why: str
) -> None:
    before = patches(idrac)
    task = run(ready, idrac, [line, "NTPConfigGroup.1.NTP2=10.0.0.7"])
    assert task.state == "failed"
    assert why in task.outcome
    assert patches(idrac) == before
    left_out = run(ready, idrac, [line, "NTPConfigGroup.1.NTP2=10.0.0.7"], skip_refused=True)
    assert (left_out.result["changed"], left_out.result["refused"]) == (1, 1)
    run(ready, idrac, ["NTPConfigGroup.1.NTP2="])


def test_lines_of_one_server_are_for_it_alone(ready: Program) -> None:
    servers = [ready.server(i) for i in ready.site.idracs[2:4]]
    line = f"{servers[0].service_tag}/SysLog.1.Port=1514"
    job = ready.run("attributes_write", {"settings": [line]}, [s.id for s in servers])
    outcomes = {t.server_id: (t.result or {}).get("changed") for t in ready.tasks(job.id)}
    assert outcomes == {servers[0].id: 1, servers[1].id: 0}


def test_lockdown_refuses_and_nothing_is_changed(ready: Program, idrac: SimulatedIdrac) -> None:
    before = patches(idrac)
    idrac.set_lockdown(True)
    task = run(ready, idrac, ["WebServer.1.Timeout=2400"])
    idrac.set_lockdown(False)
    assert task.state == "failed"
    assert "ockdown" in task.outcome
    assert patches(idrac) == before
