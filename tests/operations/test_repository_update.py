"""Updates from a catalogue: compared, followed job by job, proven; shares are explained from the iDRAC's side."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dsm_desktop.commands.firmware_exclusions import add_exclusion, remove_exclusion
from dsm_desktop.core.errors import BadInput
from dsm_desktop.core.states import CancelGrade
from dsm_desktop.firmware.exclusions import Exclusion
from dsm_desktop.jobs import JobContext
from dsm_desktop.operations import repository_update
from dsm_desktop.operations.firmware import site_exclusions
from dsm_desktop.queries.jobs import task_log
from dsm_desktop.simulator.catalogs import build_repository
from tests.operations.firmware_site import BIOS, IDRAC, QUICK, Firmware, firmware_program
from tests.operations.killing import until

pytestmark = pytest.mark.shared_program
DRIVERS = "DriverPack.Embedded.1:LC.Embedded.1"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Firmware]:
    folder = tmp_path_factory.mktemp("repository")
    with firmware_program(folder, ("idrac9-7", "idrac10"), network="127.98.0.0/24") as firmware:
        yield firmware


@pytest.fixture
def site(shared: Firmware) -> Firmware:
    shared.rest()
    return shared


def repository(site: Firmware, folder: Path, version: str) -> str:
    """A catalogue with a newer BIOS, iDRAC and driver pack for both servers."""
    folder.mkdir()
    packages = [
        idrac.package(fqdd, number)
        for idrac in site.idracs
        for fqdd, number in ((BIOS, f"99.{version}.0"), (IDRAC, f"99.{version}.00.00"), (DRIVERS, f"99.{version}.01"))
    ]  # fmt: skip
    build_repository(folder, packages, "Catalog.xml")
    return str(folder)


def test_a_served_folder_updates_everything_with_one_restart(site: Firmware, tmp_path: Path) -> None:
    folder = repository(site, tmp_path / "repo", "1")
    job, tasks = site.run("repository_update", folder=folder, compare_only=True)
    assert (job.state, job.failed) == ("completed", 0), [t.outcome for t in tasks]
    assert all("99.1.0" in t.outcome and t.outcome.startswith("Would do") for t in tasks)
    assert not any(site.flashes())

    job, tasks = site.run("repository_update", folder=folder)
    assert (job.state, job.failed) == ("completed", 0), [t.outcome for t in tasks]
    for idrac, flashed in zip(site.idracs, site.flashes(), strict=True):
        assert (idrac.installed[BIOS], idrac.installed[IDRAC]) == ("99.1.0", "99.1.00.00")
        assert idrac.installed[DRIVERS] == "99.1.01"
        assert set(flashed.values()) == {1}
        assert idrac.boots == 1
    assert all(t.result["proven"] and len(t.result["done"]) >= 3 for t in tasks)

    job, tasks = site.run("repository_update", folder=folder)
    assert (job.state, job.failed) == ("completed", 0), [t.outcome for t in tasks]
    assert all("Nothing to update" in t.outcome for t in tasks)


def test_a_share_that_cannot_be_read_is_explained(site: Firmware, tmp_path: Path) -> None:
    folder = repository(site, tmp_path / "repo", "2")
    site.idracs[0].set_fault("share_unreachable")
    job, tasks = site.run("repository_update", [site.ids()[0]], folder=folder)
    assert job.failed == 1
    assert "cannot read HTTP" in tasks[0].outcome
    site.idracs[0].clear_faults()
    job, tasks = site.run("repository_update", [site.ids()[0]], folder=folder, catalogue="Other.xml")
    assert job.failed == 1
    assert "cannot read HTTP" in tasks[0].outcome


@pytest.mark.parametrize("which", [1, 2], ids=["compared", "updated"])
def test_a_folder_of_ours_that_was_away_for_a_moment_is_read_once_more(
    site: Firmware, tmp_path: Path, which: int
) -> None:
    """As after a kill of the program that serves it: the share was fine when it was tried, and is again."""
    folder, idrac = repository(site, tmp_path / "repo", f"1.{which}"), site.idracs[0]
    idrac.set_fault("share_unreachable", skip=which, times=1)
    before = dict(idrac.effects)
    job, tasks = site.run("repository_update", [site.ids()[0]], folder=folder)
    assert (job.state, job.failed) == ("completed", 0), tasks[0].outcome
    begun = ["InstallFromRepository:compare", "InstallFromRepository:apply"][which - 1]
    assert idrac.effects[begun] - before.get(begun, 0) == 2
    assert (idrac.installed[BIOS], set(site.flashes()[0].values())) == (f"99.1.{which}.0", {1})


@pytest.mark.parametrize("hidden", ["", "True False"])
@pytest.mark.parametrize(("wish", "version"), [("downgrade", "0.0.1"), ("same_versions", "")])
def test_older_and_equal_versions_are_taken_when_asked_for(
    site: Firmware, tmp_path: Path, wish: str, version: str, hidden: str
) -> None:
    """One of the two takes the wish as a boolean, the other as a string, which its lists of allowed values tell, unless it hides
    them: then the form it refuses is followed by the other."""
    for idrac in site.idracs:
        if hidden:
            idrac.set_fault("unlisted", words=hidden, uri="DellSoftwareInstallationService$")
    folder = tmp_path / "repo"
    folder.mkdir()
    packages = [idrac.package(BIOS, version or idrac.installed[BIOS]) for idrac in site.idracs]
    build_repository(folder, packages, "Catalog.xml")
    _, tasks = site.run("repository_update", folder=str(folder), compare_only=True)
    assert all("Nothing to update" in t.outcome for t in tasks), [t.outcome for t in tasks]
    wishes: dict[str, Any] = {wish: True}
    job, tasks = site.run("repository_update", folder=str(folder), compare_only=True, **wishes)
    assert (job.state, job.failed) == ("completed", 0), [t.outcome for t in tasks]
    for idrac, task in zip(site.idracs, tasks, strict=True):
        assert (version or idrac.installed[BIOS]) in task.outcome
        assert task.outcome.startswith("Would do")


@pytest.mark.parametrize(
    ("code", "advice"),
    [("RED007", "See the lifecycle log for RED007."), ("RED051", "check the web server and the link")],
)
def test_a_child_that_fails_is_a_failure(site: Firmware, tmp_path: Path, code: str, advice: str) -> None:
    folder = repository(site, tmp_path / "repo", "3")
    site.idracs[0].set_fault("job_fails", kind="FirmwareUpdate", code=code)
    job, tasks = site.run("repository_update", [site.ids()[0]], folder=folder)
    assert job.failed == 1, tasks[0].outcome
    assert advice in (tasks[0].error or {})["hint"]


def test_jobs_that_show_late_are_waited_for(site: Firmware, tmp_path: Path) -> None:
    """The update's own job ends first; an empty list right after it is no "done"."""
    folder = repository(site, tmp_path / "repo", "5")
    site.idracs[0].set_fault("children_late", seconds=300)
    boots = site.idracs[0].boots
    job, tasks = site.run("repository_update", [site.ids()[0]], folder=folder)
    assert (job.state, job.failed) == ("completed", 0), tasks[0].outcome
    assert (site.idracs[0].installed[BIOS], site.idracs[0].boots) == ("99.5.0", boots + 1)


def test_an_update_that_makes_no_job_is_not_waited_for_all_night(
    site: Firmware, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = repository(site, tmp_path / "repo", "6")
    monkeypatch.setattr(repository_update, "CHILDREN_MINUTES", 0.02)
    site.idracs[0].set_fault("children_late", seconds=10**7)
    job, tasks = site.run("repository_update", [site.ids()[0]], folder=folder)
    assert job.failed == 1
    assert "made no job for it" in tasks[0].outcome


def test_nothing_left_to_do_when_it_comes_to_it_is_a_result(
    site: Firmware, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between comparison and update the catalogue was exchanged for one with nothing newer."""
    folder = repository(site, tmp_path / "repo", "7")

    async def exchanged(ctx: JobContext) -> tuple[Exclusion, ...]:
        build_repository(Path(folder), [site.idracs[0].package(BIOS, "0.0.1")], "Catalog.xml")
        return await site_exclusions(ctx)

    monkeypatch.setattr("dsm_desktop.operations.repository_update.site_exclusions", exchanged)
    boots = site.idracs[0].boots
    job, tasks = site.run("repository_update", [site.ids()[0]], folder=folder)
    assert (job.state, job.failed) == ("completed", 0), tasks[0].outcome
    assert "Nothing to update" in tasks[0].outcome
    assert site.idracs[0].boots == boots


def test_what_the_site_excludes_stops_it_before_anything_is_changed(site: Firmware, tmp_path: Path) -> None:
    folder = repository(site, tmp_path / "repo", "4")
    app = site.program.app
    with app.store.write() as uow:
        rule = add_exclusion(uow, app.principal, component="159", reason="known bad")
    try:
        job, tasks = site.run("repository_update", [site.ids()[1]], folder=folder)
    finally:
        with app.store.write() as uow:
            remove_exclusion(uow, app.principal, rule)
    assert job.failed == 1
    assert "known bad" in tasks[0].outcome
    assert site.idracs[1].installed[BIOS] != "99.4.0"


def test_one_place_and_only_one() -> None:
    from dsm_desktop.app.application import catalogue

    for wrong in ({}, {"folder": "/a", "share": "http://b/c"}):
        with pytest.raises(BadInput, match="not both"):
            catalogue()["repository_update"].validate(wrong)


@pytest.mark.parametrize(
    "wrong",
    [{"share": "cifs://root:calvin@nas/dell"}, {"share": "http://b/c", "catalogue": "../../etc/Catalog.xml"}],
)
def test_no_login_in_the_address_and_no_path_in_the_catalogues_name(wrong: dict[str, str]) -> None:
    from dsm_desktop.app.application import catalogue

    with pytest.raises(BadInput) as refused:
        catalogue()["repository_update"].validate(wrong)
    assert "calvin" not in str(refused.value)


def test_what_waits_for_the_next_restart_waits_or_is_told(site: Firmware, tmp_path: Path) -> None:
    """One iDRAC waits, as it said; the other restarts its host for the BIOS all the same."""
    site.idracs[1].set_fault("update_reboots_at_once")
    boots = [idrac.boots for idrac in site.idracs]
    folder = repository(site, tmp_path / "repo", "9")
    _, tasks = site.run("repository_update", folder=folder, apply="next_restart", poll_seconds=1.0)
    waits, early = sorted(tasks, key=lambda task: task.target != site.program.server(site.idracs[0]).label)
    assert "waits for the next restart" in waits.outcome, waits.error
    assert not early.error
    assert "the restart that applied it was not made by this job" in early.outcome
    assert [idrac.boots for idrac in site.idracs] == [boots[0], boots[1] + 1]
    assert [idrac.installed[BIOS] == "99.9.0" for idrac in site.idracs] == [False, True]


def test_a_host_that_is_off_is_off_again_at_the_end(site: Firmware, tmp_path: Path) -> None:
    idrac = site.idracs[0]
    idrac.set_power("Off")
    job, tasks = site.run(
        "repository_update", [site.ids()[0]], folder=repository(site, tmp_path / "repo", "10")
    )
    assert (job.state, job.failed) == ("completed", 0), tasks[0].outcome
    assert (idrac.installed[BIOS], idrac.power_state) == ("99.10.0", "Off")


def test_cancelled_it_takes_out_its_own_jobs_and_leaves_those_of_others(
    site: Firmware, tmp_path: Path
) -> None:
    idrac, app = site.idracs[0], site.program.app
    params = QUICK | {"folder": repository(site, tmp_path / "repo", "11")}
    idrac.set_os_obeys(False)
    asked = "ComputerSystem.Reset:GracefulRestart"
    before = idrac.effects.get(asked, 0)
    job_id = app.commands.submit("repository_update", [site.ids()[0]], params)
    until(lambda: idrac.effects.get(asked, 0) > before, "the restart to be asked for")
    own = [name for name, state in idrac.jobs.items() if state == "Scheduled"]
    others = idrac.add_job("FirmwareUpdate", "Firmware Update: PERC H755 Front", at_boot=True)
    app.commands.cancel(job_id, CancelGrade.NOW)
    assert site.program.wait(job_id).state == "cancelled"
    assert own
    assert [name for name, state in idrac.jobs.items() if state == "Scheduled"] == [others]
    (task,) = site.program.tasks(job_id)
    said = [line.message for line in app.store.fetch(lambda c: task_log(c, task.id))]
    assert any(others in line and "somebody else's" in line for line in said), said
