"""Versions that have no order: nothing is flashed in turn, and a person may still choose."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.operations.firmware_site import Firmware, firmware_program

pytestmark = pytest.mark.shared_program
GENERATIONS = ("idrac8", "idrac9-7", "idrac10")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Firmware]:
    folder = tmp_path_factory.mktemp("order")
    with firmware_program(folder, GENERATIONS, network="127.99.0.0/24") as firmware:
        yield firmware


def test_two_packages_without_an_order_are_not_flashed_in_turn(site: Firmware) -> None:
    """Diagnostics 4301A73 runs; 4301A37 and 4301B60 lie in the library."""
    names = [_diagnostics(site, number, "4301B60") for number in range(3)]
    for number in range(3):
        _diagnostics(site, number, "4301A37")
    for _ in range(2):
        job, tasks = site.run("full_server_update")
        assert job.failed == 0, [t.error for t in tasks]
        assert site.flashes() == [{}, {}, {}]
        for task in tasks:
            assert task.result
            assert all(s["reason"].startswith("order unknown: ") for s in task.result["skipped"]), task.result
            assert len(task.result["skipped"]) == 2
    job, tasks = site.run("firmware_update", packages=names)
    assert site.flashes() == [{}, {}, {}]
    assert "order unknown" in tasks[0].outcome
    job, tasks = site.run("firmware_update", packages=names, unordered=True)
    assert job.failed == 0, [t.error for t in tasks]
    assert [sum(done.values()) for done in site.flashes()] == [1, 1, 1]
    job, tasks = site.run("full_server_update")
    assert [sum(done.values()) for done in site.flashes()] == [1, 1, 1]
    assert [t.result["skipped"] for t in tasks if t.result] == [[], [], []], "the library has what runs"


def _diagnostics(site: Firmware, number: int, version: str) -> str:
    idrac = site.idracs[number]
    part = next(r for r in idrac._device.hw.software if r.component == "25806" and r.state == "Installed")
    return site.package(idrac, part.fqdd, version)
