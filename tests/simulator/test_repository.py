"""Updates from a repository: compared, listed, fetched package by package, flashed with one restart."""

from __future__ import annotations

import dataclasses
import re
import threading
from pathlib import Path
from typing import Any

import pytest

from dsm_desktop.simulator import SimulatedIdrac, Site
from dsm_desktop.simulator.catalogs import build_repository, newer, packages_for
from dsm_desktop.simulator.dup import Package
from dsm_desktop.simulator.update.catalog import order
from tests.simulator.client import MANAGER, SYSTEM, Answer, Client
from tests.simulator.webserver import Files

SERVICE = f"{SYSTEM}/Oem/Dell/DellSoftwareInstallationService/Actions/DellSoftwareInstallationService"
SHARE_TEST = f"{MANAGER}/Oem/Dell/DellLCService/Actions/DellLCService.TestNetworkShare"
BIOS, IDRAC = "BIOS.Setup.1-1", "iDRAC.Embedded.1-1"
DRIVERS = "DriverPack.Embedded.1:LC.Embedded.1"


def serve(
    files: Files, folder: Path, packages: list[Package], name: str = "Catalog.xml", **options: Any
) -> None:
    """Put a repository on the web server."""
    build_repository(folder, packages, name, **options)
    for file in folder.iterdir():
        files.content[f"repo/{file.name}"] = file.read_bytes()


def body_for(files: Files, **changes: Any) -> dict[str, Any]:
    """An InstallFromRepository request."""
    place = {"ShareType": "HTTP", "IPAddress": files.url.removeprefix("http://"), "ShareName": "repo"}
    return {**place, "ApplyUpdate": "True", "RebootNeeded": True, **changes}


def run(client: Client, idrac: SimulatedIdrac, body: dict[str, Any]) -> dict[str, Any]:
    """Start and wait (real time, with a limit) until the parent job and all downloads are over."""
    made: Answer = client.post(f"{SERVICE}.InstallFromRepository", body)
    assert made.status == 202, made.raw
    for _ in range(1200):
        if "Downloading" not in idrac.jobs.values():
            break
        threading.Event().wait(0.05)
    job: dict[str, Any] = client.get(f"{MANAGER}/Oem/Dell/Jobs/{made.headers['Location'].rsplit('/', 1)[-1]}")
    return job


def everything(idrac: SimulatedIdrac) -> list[Package]:
    """Newer BIOS, iDRAC and driver pack; an older and a foreign package beside them."""
    bios = idrac.package(BIOS, "99.1.0")
    return [
        bios,
        dataclasses.replace(idrac.package(BIOS, "99.0.9"), package_id="OLDER"),
        idrac.package(IDRAC, "99.00.00.00"),
        idrac.package(DRIVERS, "99.01.01"),
        dataclasses.replace(bios, version="99.9.9", systems=("0ABC",), package_id="OTHER"),
    ]


@pytest.mark.parametrize(
    ("name", "encoding"),
    [("Catalog.xml", "utf-16-le"), ("Catalog.xml.gz", "utf-16-le"), ("mine.xml", "utf-8")],
)
def test_a_comparison_lists_what_is_newer(
    nine: SimulatedIdrac, files: Files, tmp_path: Path, name: str, encoding: str
) -> None:
    serve(files, tmp_path, everything(nine), name, encoding=encoding)
    with Client(nine) as client:
        assert client.post(f"{SERVICE}.GetRepoBasedUpdateList").message_ids == ["SUP028"]
        job = run(client, nine, body_for(files, ApplyUpdate="False", CatalogFile=name))
        assert (job["JobType"], job["JobState"], job["MessageId"]) == (
            "RepositoryUpdate",
            "Completed",
            "RED001",
        )
        listed = client.post(f"{SERVICE}.GetRepoBasedUpdateList").json["PackageList"]
    versions = re.findall(r'NAME="PackageVersion" TYPE="string"><VALUE>([^<]*)', listed)
    reboots = re.findall(r'NAME="RebootType" TYPE="string"><VALUE>([^<]*)', listed)
    assert sorted(zip(versions, reboots, strict=True)) == [
        ("99.00.00.00", "IDRAC"),
        ("99.01.01", "NONE"),
        ("99.1.0", "HOST"),
    ]
    assert len(nine.jobs) == 1
    assert files.asked == [f"/repo/{name}"]


def test_everything_newer_is_flashed_once_with_one_restart(
    site: Site, nine: SimulatedIdrac, files: Files, tmp_path: Path
) -> None:
    serve(files, tmp_path, everything(nine))
    with Client(nine) as client:
        assert run(client, nine, body_for(files))["JobState"] == "Completed"
        listed = client.post(f"{SERVICE}.GetRepoBasedUpdateList").json["PackageList"]
        children = re.findall(r"JID_\d{12}", listed)
        assert len(set(children)) == 3
        assert sum(name.startswith("RID_") for name in nine.jobs) == 1
    site.set_clock(advance=1200)
    states = nine.jobs
    assert {states[name] for name in children} == {"Completed"}
    assert (nine.installed[BIOS], nine.installed[IDRAC], nine.installed[DRIVERS]) == (
        "99.1.0",
        "99.00.00.00",
        "99.01.01",
    )
    flashes = {effect: n for effect, n in nine.effects.items() if effect.startswith("flash")}
    assert len(flashes) == 3
    assert set(flashes.values()) == {1}
    assert nine.boots == 1
    with Client(nine) as client:
        job = run(client, nine, body_for(files))
        assert (job["JobState"], job["MessageId"]) == ("Completed", "RED037")
        nothing = client.post(f"{SERVICE}.GetRepoBasedUpdateList")
        assert (nothing.status, nothing.message_ids) == (400, ["SUP029"])


def test_without_a_restart_the_host_parts_wait(
    site: Site, ten: SimulatedIdrac, files: Files, tmp_path: Path
) -> None:
    serve(files, tmp_path, [ten.package(BIOS, "99.1.0"), ten.package(DRIVERS, "99.01.01")])
    with Client(ten) as client:
        run(client, ten, body_for(files, RebootNeeded=False))
        site.set_clock(advance=3600)
        assert sorted(state for name, state in ten.jobs.items()) == ["Completed", "Completed", "Scheduled"]
    assert ten.boots == 0
    assert ten.installed[DRIVERS] == "99.01.01"


def test_a_missing_package_fails_its_job_only(
    site: Site, nine: SimulatedIdrac, files: Files, tmp_path: Path
) -> None:
    serve(files, tmp_path, everything(nine))
    gone = nine.package(BIOS, "99.1.0").file_name
    del files.content[f"repo/{gone}"]
    with Client(nine) as client:
        run(client, nine, body_for(files))
        site.set_clock(advance=1200)
        client.connection.close()  # the iDRAC has updated itself
        jobs = client.get(f"{MANAGER}/Oem/Dell/Jobs?$expand=*($levels=1)")["Members"]
        assert [j["MessageId"] for j in jobs if j["JobState"] == "Failed"] == ["RED006"]
    assert nine.installed[DRIVERS] == "99.01.01"
    assert nine.boots == 0


def test_catalogues_and_shares_that_are_no_good(nine: SimulatedIdrac, files: Files, tmp_path: Path) -> None:
    serve(files, tmp_path, everything(nine))
    good = files.content["repo/Catalog.xml"]
    linux = (
        (tmp_path / "Catalog.xml")
        .read_bytes()
        .replace("LW64".encode("utf-16-le"), "LLXP".encode("utf-16-le"))
    )
    files.content |= {
        "repo/half.xml": good[: len(good) // 2],
        "repo/index.xml": b"<ManifestIndex/>",
        "repo/bad.xml.gz": b"\x1f\x8b\x08\x00broken",
        "repo/linux.xml": linux,
        "repo/entities.xml": b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><Manifest>&b;</Manifest>',
    }
    wanted = {
        "half.xml": "SUP0505",
        "index.xml": "SUP0501",
        "bad.xml.gz": "SUP0506",
        "linux.xml": "RED060",
        "entities.xml": "SUP0505",
        "nowhere.xml": "RED016",
    }
    with Client(nine) as client:
        for name, key in wanted.items():
            job = run(client, nine, body_for(files, CatalogFile=name))
            assert (job["JobState"], job["MessageId"]) == ("Failed", key), name
        job = run(client, nine, body_for(files, IPAddress="127.0.0.1:9"))
        assert (job["JobState"], job["MessageId"]) == ("Failed", "RED016")
        post = f"{SERVICE}.InstallFromRepository"
        assert client.post(post, body_for(files, ShareType="GOPHER")).message_ids == ["SYS426"]
        assert client.post(post, body_for(files, ApplyUpdate=True)).message_ids == ["SYS426"]
        assert client.post(post, body_for(files, RebootNeeded="True")).message_ids == ["SYS424"]


def test_a_catalogue_without_bundle_or_with_a_foreign_base_leads_nowhere(
    nine: SimulatedIdrac, files: Files, tmp_path: Path
) -> None:
    packages = [nine.package(DRIVERS, "99.01.01")]
    serve(files, tmp_path, packages, "plain.xml", bundles=False)
    serve(files, tmp_path, packages, "vendor.xml", base="downloads.vendor.example")
    with Client(nine) as client:
        assert run(client, nine, body_for(files, CatalogFile="plain.xml"))["MessageId"] == "RED037"
        assert run(client, nine, body_for(files, CatalogFile="vendor.xml"))["JobState"] == "Completed"


def test_a_share_can_be_tried(nine: SimulatedIdrac, eight: SimulatedIdrac, files: Files) -> None:
    place = {"ShareType": "HTTP", "IPAddress": files.url.removeprefix("http://"), "ShareName": "repo"}
    with Client(nine) as client:
        assert client.post(SHARE_TEST, place).status == 200
        failed = client.post(SHARE_TEST, {**place, "IPAddress": "127.0.0.1:9"})
        assert (failed.status, failed.message_ids) == (400, ["LC023"])
        assert client.post(SHARE_TEST, {"ShareType": "HTTP"}).message_ids == ["SUP027"]
        nine.set_fault("share_unreachable")
        assert client.post(SHARE_TEST, place).message_ids == ["LC023"]
    with Client(eight) as client:
        assert client.post(f"{SERVICE}.InstallFromRepository", place).status == 404


@pytest.mark.parametrize("kind", ["NFS", "CIFS"])
def test_shares_that_are_no_web_servers(site: Site, nine: SimulatedIdrac, tmp_path: Path, kind: str) -> None:
    build_repository(tmp_path, [nine.package(BIOS, "99.1.0"), nine.package(DRIVERS, "99.01.01")])
    site.share(f"{kind.lower()}://10.9.8.7/depot", tmp_path, "keeper", "of-the-keys")
    place = {"ShareType": kind, "IPAddress": "10.9.8.7", "ShareName": "/depot", "ApplyUpdate": "True"}
    with Client(nine) as client:
        assert run(client, nine, place)["MessageId"] == "RED062"
        place |= {"UserName": "keeper", "Password": "of-the-keys"}
        assert (
            run(client, nine, {**place, "ShareName": "/other", "IPAddress": "127.0.0.1"})["MessageId"]
            == "RED016"
        )
        assert client.post(SHARE_TEST, place).status == 200
        assert run(client, nine, {**place, "RebootNeeded": True})["MessageId"] == "RED001"
        site.set_clock(advance=600)
    assert nine.installed[BIOS] == "99.1.0"
    assert "of-the-keys" not in str(nine.journal)


@pytest.mark.parametrize(
    ("newer", "older"),
    [
        ("2.19.1", "2.9.0"),
        ("7.00.30.00", "7.00.00.171"),
        ("KA0A", "KA09"),
        ("09.2B.80", "09.2A.99"),
        ("1.0.1", "1.0"),
    ],
)
def test_versions_are_ordered_as_dell_orders_them(newer: str, older: str) -> None:
    assert order(newer, older) == 1
    assert order(older, newer) == -1
    assert order("1.0.0", "1.0") == 0


def test_a_repository_for_a_whole_site_suits_every_server(site: Site, files: Files, tmp_path: Path) -> None:
    packages = packages_for(site.idracs)
    assert len({package.file_name for package in packages}) == len(packages)
    serve(files, tmp_path, packages)
    for idrac in site.idracs:
        if idrac.generation in ("idrac7", "idrac8"):
            continue
        before = idrac.installed
        with Client(idrac) as client:
            job = run(client, idrac, body_for(files))
            assert (job["JobState"], job["MessageId"]) == ("Completed", "RED001"), idrac
        site.set_clock(advance=1500)
        assert set(idrac.jobs.values()) <= {"Completed", "RebootCompleted"}
        changed = {name for name, version in idrac.installed.items() if version != before[name]}
        assert {BIOS, IDRAC, DRIVERS} <= changed
        assert any(name.startswith("NIC.") for name in changed)


@pytest.mark.parametrize(
    ("version", "expected"),
    [("2.19.1", "2.19.2"), ("51.16.0-4076", "51.16.0-4077"), ("A", "A1"), ("KA09", "KA10")],
)
def test_the_next_version_is_newer(version: str, expected: str) -> None:
    assert newer(version) == expected
    assert order(expected, version) == 1
