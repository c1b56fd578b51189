"""Harmless blockers cleared in good time, and put back by a person's word."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from dsm_desktop.commands.jobs import put_back
from dsm_desktop.core.states import JobState
from dsm_desktop.simulator.vsphere.devices import cdrom, iso
from tests.operations.vsphere_site import Datacentre, datacentre


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Datacentre]:
    with datacentre(tmp_path) as running:
        yield running


def test_media_are_taken_out_stay_out_and_go_in_again(site: Datacentre) -> None:
    host = next(h for h in site.site.hosts if h.owner.name == site.site.spec.clusters[0].name)
    vm = next(v for v in site.site.vms if v.host is host and not v.name.startswith("vCLS"))
    other = next(v for v in site.site.vms if v.host is host and v is not vm and not v.name.startswith("vCLS"))
    site.site.put("cdrom_local_iso", vm=vm.name)
    site.site.put("pci_passthrough", vm=other.name)
    row, task = site.run("clear_blockers", [site.host_id(host.name)], look_seconds=0.1)
    assert row.state == JobState.COMPLETED, task.error
    assert task.result is not None
    assert [text.partition(":")[0] for text in task.result["cleared"]] == [vm.name]
    assert any(text.startswith(other.name) for text in task.result["left"])
    (standing,) = site.standing()
    assert vm.name in standing.what
    with site.app.store.write() as uow:
        put_back(uow, site.app.principal, task.id)
    site.until(lambda: not site.standing(), lambda: f"{site.standing()} {site.log(row.id)}")
    calls = site.site.journal("ReconfigVM_Task", vm.name)
    assert len(calls) == 2, "out once, in once"


def test_an_image_that_blocks_nothing_stays_in_the_drive_beside_a_floppy(site: Datacentre) -> None:
    host = next(h for h in site.site.hosts if h.owner.name == site.site.spec.clusters[0].name)
    vm = next(v for v in site.site.vms if v.host is host and not v.name.startswith("vCLS"))
    shared = next(store for store in host.stores if store.name.endswith("-iso"))
    site.site.put("floppy", vm=vm.name)
    with_image = [cdrom(iso(shared)) if d.key == 3000 else d for d in vm.devices]
    site.site.run(lambda: vm.devices.__setitem__(slice(None), with_image))
    row, task = site.run("clear_blockers", [site.host_id(host.name)], look_seconds=0.1)
    assert row.state == JobState.COMPLETED, task.error
    assert task.result is not None
    assert [text for text in task.result["cleared"] if "CD" in text] == []
    assert len(task.result["cleared"]) == 1
    drive = next(d for d in vm.devices if d.key == 3000)
    assert drive.connectable.connected
    with site.app.store.write() as uow:
        put_back(uow, site.app.principal, task.id)
    site.until(lambda: not site.standing(), lambda: f"{site.standing()} {site.log(row.id)}")


def test_the_drive_of_somebodys_own_computer_is_taken_out_and_nothing_is_promised(site: Datacentre) -> None:
    """Only that computer can connect it: a promise would stand on the restore list for ever."""
    host = next(h for h in site.site.hosts if h.owner.name == site.site.spec.clusters[0].name)
    vm = next(v for v in site.site.vms if v.host is host and not v.name.startswith("vCLS"))
    site.site.put("cdrom_client", vm=vm.name)
    drive = next(d for d in vm.devices if d.key == 3000)
    at_power_on = drive.connectable.startConnected
    row, task = site.run("clear_blockers", [site.host_id(host.name)], look_seconds=0.1)
    assert row.state == JobState.COMPLETED, task.error
    assert task.result is not None
    assert [text.partition(":")[0] for text in task.result["cleared"]] == [vm.name]
    drive = next(d for d in vm.devices if d.key == 3000)
    assert (drive.connectable.connected, drive.connectable.startConnected) == (False, at_power_on)
    assert site.standing() == []
    assert "must connect it anew" in site.log(row.id)
