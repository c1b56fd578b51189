"""The way of a volume on the simulated iDRACs of every generation: deleted, its drives spare, erased, and made a volume again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from dsm_desktop.commands.drive_uses import note_drive_uses
from dsm_desktop.configuration.profiles import compose
from dsm_desktop.configuration.standard import IDRAC
from dsm_desktop.jobs.context import Target
from dsm_desktop.operations import storage_change
from dsm_desktop.queries.drive_uses import Use
from dsm_desktop.queries.jobs import TaskRow
from dsm_desktop.redfish.raid import Controller, controllers
from dsm_desktop.simulator import SimulatedIdrac
from tests.operations.conftest import Program, working_program
from tests.operations.killing import answered, until

pytestmark = pytest.mark.shared_program


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """A program of this module's own: its servers' volumes go."""
    with working_program(tmp_path_factory.mktemp("storage")) as program:
        assert program.scan().state == "completed"
        yield program


def perc(program: Program, idrac: SimulatedIdrac) -> Controller:
    """The first controller that changes at once, read now."""
    server = program.server(idrac)
    target = Target(
        server.id,
        server.label,
        server.address,
        server.port,
        server.service_tag or "",
        server.model,
        server.generation,
    )
    client = program.runner._services.device_clients().server(target)
    return next(c for c in controllers(client) if "Immediate" in c.apply_times)


def done(program: Program, idrac: SimulatedIdrac, kind: str, **params: Any) -> None:
    job = program.run(kind, params, [program.server(idrac).id])
    assert job.failed == 0, [(t.outcome, t.error) for t in program.tasks(job.id)]


@pytest.mark.parametrize("number", range(1, 6))
def test_a_volume_goes_and_comes_back(own: Program, number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage_change, "EVERY", 0.3)
    idrac = own.site.idracs[number]
    before = perc(own, idrac)
    gone = before.volumes[-1]
    drives = [d for d in before.drives if d.id in gone.drives][:2]
    serials = [d.serial for d in drives]
    done(own, idrac, "drive_identify", drives=serials)
    done(own, idrac, "volume_delete", volume=gone.id)
    assert gone.id not in {v.id for v in perc(own, idrac).volumes}
    done(own, idrac, "hot_spare", drive=serials[0])
    assert next(d for d in perc(own, idrac).drives if d.serial == serials[0]).spare == "Global"
    done(own, idrac, "hot_spare", drive=serials[0], remove=True)
    tag = own.server(idrac).service_tag
    erase = {"service_tag": tag, "drives": serials[:1]}
    job_id = own.app.commands.submit("secure_erase", [own.server(idrac).id], erase)
    answered(own.app, job_id, "erase")
    assert own.wait(job_id).failed == 0, own.tasks(job_id)
    done(own, idrac, "volume_create", controller=before.id, raid="RAID1", drives=serials, name="again")
    made = [v for v in perc(own, idrac).volumes if v.name == "again"]
    assert [set(v.drives) for v in made] == [{d.id for d in drives}]
    until(lambda: not {"New", "Running"} & set(idrac.jobs.values()), "the queue")


def brought(program: Program, idrac: SimulatedIdrac, profile_id: int, **params: Any) -> TaskRow:
    given = {"profile_id": profile_id, "preview": False, "backup": False, **params}
    return program.tasks(program.run("scp_import", given, [program.server(idrac).id]).id)[0]


def test_a_profiles_raid_is_left_out_unless_chosen_and_refused_where_a_datastore_lies(own: Program) -> None:
    idrac = own.site.idracs[3]
    server, before = own.server(idrac).id, perc(own, idrac)
    doomed = before.volumes[0].id
    add = own.app.commands.profiles.add
    inner = f'<Component FQDD="{doomed}"><Attribute Name="RAIDaction">Delete</Attribute></Component>'
    raid = f'<Component FQDD="{before.id}">{inner}</Component></SystemConfiguration>'
    both = add(compose([(IDRAC, "SysLog.1#Port", "1621")]).replace("</SystemConfiguration>", raid), "test")
    only = add(f"<SystemConfiguration>{raid}", "test")
    task = brought(own, idrac, both)
    assert task.result, task.error
    assert (task.result["changed"], task.result["left_out"]) == (1, 1)
    assert "1 RAID settings left out" in task.outcome
    assert "nothing of the profile is left" in brought(own, idrac, only).outcome
    with own.app.store.write() as uow:
        note_drive_uses(uow, server, [Use(before.drives[-1].serial, "vsan", "cluster A")])
    sent = len(idrac.journal)
    error = brought(own, idrac, only, components=["ALL", "RAID"]).error
    assert error
    assert (error["code"], len(idrac.journal)) == ("DriveInUse", sent)
    assert perc(own, idrac).volumes == before.volumes
    with own.app.store.write() as uow:
        note_drive_uses(uow, server, [])
    task = brought(own, idrac, only, components=["RAID"])
    assert doomed not in {v.id for v in perc(own, idrac).volumes}, task.outcome
