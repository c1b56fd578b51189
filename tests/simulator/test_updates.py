"""Firmware: files come in, are looked at, flashed once, and the inventory says so."""

from __future__ import annotations

import dataclasses
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from dsm_desktop.simulator import SimulatedIdrac, Site, dup
from tests.simulator.client import MANAGER, RESET, SYSTEM, Client
from tests.simulator.uploads import INVENTORY, UPDATE, etag, multipart, push
from tests.simulator.webserver import Files

BIOS = "BIOS.Setup.1-1"
IDRAC = "iDRAC.Embedded.1-1"
SIMPLE = f"{UPDATE}/Actions/UpdateService.SimpleUpdate"
DRIVER_PACK = "DriverPack.Embedded.1:LC.Embedded.1"
OLD = ("idrac7", "idrac8")


def job_of(answer: object) -> str:
    """Id of the job an answer points to."""
    assert answer.status == 202, answer.raw  # type: ignore[attr-defined]
    return str(answer.headers["Location"].rsplit("/", 1)[-1])  # type: ignore[attr-defined]


def rows(client: Client, state: str) -> dict[str, str]:
    """Version by name of all rows of a state."""
    members, uri = [], f"{INVENTORY}?$expand=*($levels=1)"
    while uri:
        page = client.get(uri)
        members += page["Members"]
        uri = page.get("Members@odata.nextLink", "")
    return {row["Name"]: row["Version"] for row in members if row["Id"].startswith(f"{state}-")}


def test_bios_waits_for_a_boot_and_is_flashed_once(site: Site, nine: SimulatedIdrac) -> None:
    before = nine.installed[BIOS]
    package = nine.package(BIOS, "9.9.1")
    with Client(nine) as client:
        job = job_of(multipart(client, package.file_name, dup.content(package), apply="OnReset"))
        task = client.send("GET", f"/redfish/v1/TaskService/Tasks/{job}")
        assert (task.status, task.json["TaskState"], task.json["Name"]) == (
            202,
            "Starting",
            "Firmware Update: BIOS",
        )
        again = multipart(client, package.file_name, dup.content(package))
        assert (again.status, again.message_ids) == (400, ["RED014"])
        site.set_clock(advance=7200)
        assert rows(client, "Installed")["BIOS"] == before
        client.post(RESET, {"ResetType": "ForceRestart"})
        site.set_clock(advance=100)
        assert nine.jobs[job] == "Running"
        site.set_clock(advance=200)
        assert client.send("GET", f"/redfish/v1/TaskService/Tasks/{job}").status == 200
        assert rows(client, "Installed")["BIOS"] == "9.9.1"
        assert rows(client, "Current")["BIOS"] == "9.9.1"
        assert rows(client, "Previous")["BIOS"] == before
        assert client.get(SYSTEM)["BiosVersion"] == "9.9.1"
        newest = client.get(f"{MANAGER}/LogServices/Lclog/Entries")["Members"][:12]
        assert {"SUP0516", "SUP0518", "PR36"} <= {row["MessageId"].rsplit(".", 1)[-1] for row in newest}
    assert nine.effects["flash BIOS 9.9.1"] == 1
    assert nine.boots == 1
    assert [file.size for file in nine.received][-1] == len(dup.content(package))


def test_immediate_restarts_the_host(site: Site, nine: SimulatedIdrac) -> None:
    package = nine.package(BIOS, "9.9.2")
    with Client(nine) as client:
        job = job_of(multipart(client, package.file_name, dup.content(package), apply="Immediate"))
        assert [name[:3] for name in nine.jobs] == ["JID", "RID"]
        site.set_clock(advance=400)
    assert (nine.jobs[job], nine.boots, nine.installed[BIOS]) == ("Completed", 1, "9.9.2")


def test_what_waits_for_start_update_starts_then(site: Site, ten: SimulatedIdrac) -> None:
    package = ten.package("DriverPack.Embedded.1:LC.Embedded.1", "24.01.01")
    with Client(ten) as client:
        job = job_of(multipart(client, package.file_name, dup.content(package), apply="OnStartUpdateRequest"))
        site.set_clock(advance=600)
        assert ten.jobs[job] == "Downloaded"
        assert client.post(f"{UPDATE}/Actions/UpdateService.StartUpdate").status == 202
        site.set_clock(advance=40)
    assert ten.jobs[job] == "Completed"
    assert ten.boots == 0


def test_an_idrac_updates_itself_and_forgets_everybody(site: Site, nine: SimulatedIdrac) -> None:
    package = nine.package(IDRAC, "7.00.00.172")
    with Client(nine) as client:
        client.login()
        waiting = nine.add_job("BIOSConfiguration", "Configure: BIOS.Setup.1-1", at_boot=True)
        job = job_of(multipart(client, package.file_name, dup.content(package), apply="OnReset"))
        site.set_clock(advance=30)
        assert nine.jobs[job] == "Running"
        site.set_clock(advance=40)
        with pytest.raises(OSError, match=r"reset|EOF|refused|closed|pipe"):
            client.send("GET", "/redfish/v1")
        client.connection.close()
        site.set_clock(advance=160)
        assert client.send("GET", SYSTEM).status == 401
        client.token = None
        assert client.send("GET", f"/redfish/v1/TaskService/Tasks/{job}").status == 404
        assert client.get(f"/redfish/v1/JobService/Jobs/{job}")["JobState"] == "Completed"
        assert client.get(MANAGER)["FirmwareVersion"] == "7.00.00.172"
    assert nine.jobs[waiting] == "Scheduled"
    assert nine.effects["flash iDRAC 7.00.00.172"] == 1
    assert nine.boots == 0


def test_wrong_files_are_refused_by_name(nine: SimulatedIdrac) -> None:
    good = nine.package(BIOS, "9.9.3")
    content = dup.content(good)
    elsewhere = dataclasses.replace(good, systems=("0999",))
    absent = dataclasses.replace(good, component="4711", kind="FRMW")
    cases = {
        "SYS434": ("BIOS.BIN", content),
        "RED008": ("BIOS.EXE", content[:-1700]),
        "RED007": ("BIOS.EXE", dup.content(dataclasses.replace(good, signature="bad"))),
        "RED098": ("BIOS.EXE", dup.content(elsewhere)),
        "RED097": ("BIOS.EXE", dup.content(absent)),
    }
    with Client(nine) as client:
        for key, (name, data) in cases.items():
            answer = multipart(client, name, data)
            assert (answer.status, answer.message_ids) == (400, [key])
        unsigned = multipart(client, "BIOS.EXE", dup.content(dataclasses.replace(good, signature="none")))
        assert unsigned.message_ids == ["RED007"]
        assert multipart(client, "BIOS.EXE", content, apply="Tomorrow").message_ids == ["SYS426"]
        assert multipart(client, "BIOS.EXE", content, Targets=["NIC.Nowhere.1"]).message_ids == ["RED010"]
    assert nine.jobs == {}
    assert nine.effects == {}


def test_lockdown_and_privileges_hold_for_uploads(nine: SimulatedIdrac) -> None:
    package = nine.package(BIOS, "9.9.3")
    nine.add_user("reader", "only-reads-1")
    with Client(nine, "reader", "only-reads-1") as client:
        assert multipart(client, "BIOS.EXE", dup.content(package)).status == 403
    with Client(nine, "root", "wrong") as client:
        assert multipart(client, "BIOS.EXE", dup.content(package)).status == 401
    nine.set_lockdown()
    with Client(nine) as client:
        assert multipart(client, "BIOS.EXE", dup.content(package)).message_ids == ["SYS406"]
    assert nine.received == []


def test_older_idracs_take_a_file_into_the_inventory(site: Site, eight: SimulatedIdrac) -> None:
    package = eight.package(BIOS, "2.19.0")
    content = dup.content(package)
    install = f"{UPDATE}/Actions/Oem/DellUpdateService.Install"
    with Client(eight) as client:
        assert multipart(client, "BIOS.EXE", content).status == 404
        missing = push(client, "BIOS.EXE", content, None)
        assert (missing.status, missing.message_ids) == (428, ["SYS404"])
        first = etag(client)
        made = push(client, "BIOS.EXE", content, first)
        assert made.status == 201
        available = made.headers["Location"]
        assert "/Available-159-2.19.0" in available
        assert client.get(available)["Version"] == "2.19.0"
        stale = push(client, "BIOS.EXE", content, first)
        assert (stale.status, stale.message_ids) == (412, ["SYS400"])
        two = {"SoftwareIdentityURIs": [available, available], "InstallUpon": "NextReboot"}
        assert client.post(install, two).message_ids == ["SYS442"]
        one = {"SoftwareIdentityURIs": [available], "InstallUpon": "NowAndReboot"}
        job = job_of(client.post(install, one))
        site.set_clock(advance=400)
        assert client.send("GET", available).status == 404
    assert (eight.jobs[job], eight.installed[BIOS]) == ("Completed", "2.19.0")


def test_rolling_back_swaps_present_and_former(site: Site) -> None:
    for idrac in site.idracs:
        with Client(idrac) as client:
            now = rows(client, "Installed")["BIOS"]
            former = rows(client, "Previous")["BIOS"]
            members = client.get(INVENTORY)["Members"]
            uri = next(m["@odata.id"] for m in members if "/Previous-159" in m["@odata.id"])
            job = job_of(client.post(SIMPLE, {"ImageURI": uri, "@Redfish.OperationApplyTime": "OnReset"}))
            client.post(RESET, {"ResetType": "ForceRestart"})
            site.set_clock(advance=400)
            assert idrac.jobs[job] == "Completed"
            assert rows(client, "Installed")["BIOS"] == former
            assert rows(client, "Previous")["BIOS"] == now
        assert idrac.effects[f"flash BIOS {former}"] == 1


def test_a_card_with_four_ports_is_one_job(site: Site, nine: SimulatedIdrac) -> None:
    ports = [name for name in nine.installed if name.startswith("NIC.")]
    package = nine.package(ports[0], "99.1.2")
    with Client(nine) as client:
        job = job_of(multipart(client, package.file_name, dup.content(package)))
        client.post(RESET, {"ResetType": "ForceRestart"})
        site.set_clock(advance=400)
        assert nine.jobs[job] == "Completed"
        changed = {name for name, version in nine.installed.items() if version == "99.1.2"}
        assert ports[0] in changed
        assert len(changed) >= 2
        adapters = client.get(f"{SYSTEM}/NetworkInterfaces")["Members@odata.count"]
        assert adapters
    assert sum(n for effect, n in nine.effects.items() if effect.startswith("flash")) == 1


def test_a_job_can_end_well_and_change_nothing(site: Site, nine: SimulatedIdrac) -> None:
    before = nine.installed[BIOS]
    package = nine.package(BIOS, "9.9.4")
    nine.set_fault("version_unchanged")
    with Client(nine) as client:
        job = job_of(multipart(client, package.file_name, dup.content(package), apply="Immediate"))
        site.set_clock(advance=400)
    assert (nine.jobs[job], nine.installed[BIOS]) == ("Completed", before)


def test_a_bare_image_goes_to_its_generation_only(
    site: Site, nine: SimulatedIdrac, eight: SimulatedIdrac
) -> None:
    with Client(nine) as client:
        assert multipart(client, "firmimg.d7", dup.image("2.86.86.86", "7")).message_ids == ["RED098"]
        assert multipart(client, "firmimg.d9", dup.image("2.86.86.86", "7")).message_ids == ["RED008"]
        assert multipart(client, "firmimg.d9", b"what is this").message_ids == ["RED007"]
        job_of(multipart(client, "firmimg.d9", dup.image("7.00.00.174", "9")))
    with Client(eight) as client:
        available = push(client, "firmimg.d7", dup.image("2.86.86.86", "7"), etag(client)).headers["Location"]
        job_of(client.post(SIMPLE, {"ImageURI": available}))
    site.set_clock(advance=400)
    assert nine.installed[IDRAC] == "7.00.00.174"
    assert eight.installed[IDRAC] == "2.86.86.86"
    assert eight.firmware == "2.86.86.86"


def test_an_upload_that_breaks_off_leaves_nothing(nine: SimulatedIdrac) -> None:
    package = nine.package(BIOS, "9.9.7")
    with Client(nine) as client:
        client.connection.putrequest("POST", f"{UPDATE}/MultipartUpload")
        for name, value in {
            **client.basic,
            "Content-Length": str(50_000_000),
            "Content-Type": "multipart/form-data; boundary=b",
        }.items():
            client.connection.putheader(name, value)
        client.connection.endheaders()
        head, _, _ = _form_around(package.file_name)
        client.connection.send(head + bytes(3_000_000))
        client.connection.close()
    with Client(nine) as client:
        assert client.get(INVENTORY)
        assert nine.jobs == {}
        assert nine.received == []
        job_of(multipart(client, package.file_name, dup.content(package)))


def test_a_push_can_be_cut_or_slow(nine: SimulatedIdrac) -> None:
    package = nine.package(BIOS, "9.9.8", size=1_500_000)
    nine.set_fault("upload_cut", mb=0.5, times=1)
    with Client(nine) as client, pytest.raises(OSError, match=r"reset|EOF|closed|pipe|violation"):
        multipart(client, package.file_name, dup.content(package))
    assert nine.jobs == {}
    nine.set_fault("upload_slow", mb=3)
    begun = time.monotonic()
    with Client(nine) as client:
        job_of(multipart(client, package.file_name, dup.content(package)))
    assert time.monotonic() - begun >= 0.4
    assert nine.received[-1].size >= 1_500_000


def test_somebody_else_may_flash_and_clear(nine: SimulatedIdrac) -> None:
    nine.add_job("FirmwareUpdate", "Firmware Update: BIOS", seconds=1000)
    nine.clear_jobs()
    nine.set_version(BIOS, "1.1.1")
    with Client(nine) as client:
        assert client.get(SYSTEM)["BiosVersion"] == "1.1.1"
        assert client.get(f"{MANAGER}/Oem/Dell/Jobs")["Members"] == []
    assert nine.effects == {}


def test_secrets_of_shares_do_not_reach_the_journal(nine: SimulatedIdrac) -> None:
    with Client(nine) as client:
        body = {"ImageURI": "cifs://anna:hush-hush@127.0.0.1/share/x.EXE", "Password": "quiet-please"}
        job_of(client.post(SIMPLE, body))
    noted = str(nine.journal)
    assert "hush-hush" not in noted
    assert "quiet-please" not in noted
    assert "127.0.0.1/share/x.EXE" in noted


def test_some_firmware_does_not_wait_for_the_next_boot(site: Site, nine: SimulatedIdrac) -> None:
    package = nine.package(BIOS, "9.9.6")
    nine.set_fault("update_reboots_at_once")
    with Client(nine) as client:
        multipart(client, package.file_name, dup.content(package), apply="OnReset")
        site.set_clock(advance=400)
    assert (nine.boots, nine.installed[BIOS]) == (1, "9.9.6")


def test_a_large_file_leaves_no_trace_in_memory(nine: SimulatedIdrac, tmp_path: Path) -> None:
    import resource

    package = nine.package(BIOS, "9.9.5", size=300 * 1024 * 1024)
    file = dup.build(tmp_path, package)
    assert file.stat().st_size == 300 * 1024 * 1024
    assert file.stat().st_blocks * 512 < 1024 * 1024
    head, _, tail = _form_around(file.name)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with Client(nine, timeout=120) as client, file.open("rb") as stream:

        def body() -> Iterator[bytes]:
            yield head
            while block := stream.read(1024 * 1024):
                yield block
            yield tail

        length = len(head) + file.stat().st_size + len(tail)
        client.connection.request(
            "POST",
            f"{UPDATE}/MultipartUpload",
            body(),
            {
                **client.basic,
                "Content-Length": str(length),
                "Content-Type": "multipart/form-data; boundary=b",
            },
        )
        answer = client.connection.getresponse()
        assert answer.status == 202, answer.read()
        answer.read()
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 64 * 1024, f"{grown} kB"
    assert nine.received[0].size == 300 * 1024 * 1024


def _form_around(name: str) -> tuple[bytes, bytes, bytes]:
    head = (
        b'--b\r\nContent-Disposition: form-data; name="UpdateParameters"\r\n\r\n'
        b'{"Targets": [], "@Redfish.OperationApplyTime": "OnReset"}\r\n'
        b'--b\r\nContent-Disposition: form-data; name="UpdateFile"; filename="' + name.encode() + b'"\r\n\r\n'
    )
    return head, b"", b"\r\n--b--\r\n"


# -- fetched by the iDRAC -------------------------------------------------------------------------------------


def settled(idrac: SimulatedIdrac, job: str, site: Site) -> str:
    """Wait (in real time, with a limit) until a job no longer downloads."""
    for _ in range(1200):
        if idrac.jobs.get(job) != "Downloading":
            break
        threading.Event().wait(0.05)
    return idrac.jobs[job]


def test_an_idrac_fetches_what_it_is_told(site: Site, files: Files) -> None:
    for idrac in site.idracs:
        package = idrac.package(BIOS, "9.8.7")
        files.content[package.file_name] = dup.content(package)
        body = {"ImageURI": f"{files.url}/{package.file_name}", "TransferProtocol": "HTTP"}
        if idrac.generation not in OLD:
            body["@Redfish.OperationApplyTime"] = "OnReset"
        with Client(idrac) as client:
            job = job_of(client.post(SIMPLE, body))
            assert settled(idrac, job, site) == "Scheduled"
            client.post(RESET, {"ResetType": "ForceRestart"})
            site.set_clock(advance=400)
        assert (idrac.jobs[job], idrac.installed[BIOS]) == ("Completed", "9.8.7")
    assert len(files.asked) == len(site.idracs)


def test_a_fetch_that_fails_says_why_at_the_job(site: Site, nine: SimulatedIdrac, files: Files) -> None:
    package = nine.package(BIOS, "9.8.7")
    files.content["good.EXE"] = dup.content(package)
    files.content["other.EXE"] = dup.content(dataclasses.replace(package, systems=("0001",)))
    files.content["half.EXE"] = dup.content(package)[:5000]

    def result(uri: str) -> tuple[str, str]:
        with Client(nine) as client:
            job = job_of(client.post(SIMPLE, {"ImageURI": uri, "TransferProtocol": "HTTP"}))
            state = settled(nine, job, site)
            return state, client.get(f"{MANAGER}/Oem/Dell/Jobs/{job}")["MessageId"]

    assert result(f"{files.url}/missing.EXE") == ("Failed", "RED006")
    assert result(f"{files.url}/other.EXE") == ("Failed", "RED098")
    assert result(f"{files.url}/half.EXE") == ("Failed", "RED008")
    assert result("http://127.0.0.1:9/good.EXE") == ("Failed", "RED016")
    files.cut = True
    assert result(f"{files.url}/good.EXE") == ("Failed", "RED006")
    with Client(nine) as client:
        assert client.post(SIMPLE, {"ImageURI": f"{files.url}/x.BIN"}).message_ids == ["SYS434"]
        assert client.post(SIMPLE, {"ImageURI": "gopher://x/x.EXE"}).message_ids == ["RED005"]
        assert client.post(SIMPLE, {}).message_ids == ["SYS428"]
    nine.set_fault("share_unreachable")
    with Client(nine) as client:
        job = job_of(client.post(SIMPLE, {"ImageURI": f"{files.url}/good.EXE"}))
        site.set_clock(advance=6)
        assert client.get(f"{MANAGER}/Oem/Dell/Jobs/{job}")["MessageId"] == "RED016"


@pytest.mark.parametrize(
    ("form", "protocol"),
    [
        ("10.9.8.7:/depot/{name}", "NFS"),
        ("nfs://10.9.8.7/depot/{name}", None),
        ("//10.9.8.7/depot/{name}", "CIFS"),
        ("cifs://keeper:of%2Dkeys@10.9.8.7/depot/{name}", None),
    ],
)
def test_every_way_to_write_a_share(
    site: Site, nine: SimulatedIdrac, tmp_path: Path, form: str, protocol: str | None
) -> None:
    package = nine.package(DRIVER_PACK, "99.01.02")
    dup.build(tmp_path, package)
    user = ("keeper", "of-keys") if "@" in form else ("", "")
    site.share("nfs://10.9.8.7/depot", tmp_path)
    site.share("cifs://10.9.8.7/depot", tmp_path, *user)
    body = {"ImageURI": form.format(name=package.file_name)} | (
        {"TransferProtocol": protocol} if protocol else {}
    )
    with Client(nine) as client:
        job = job_of(client.post(SIMPLE, body))
        settled(nine, job, site)
        site.set_clock(advance=60)
    assert nine.installed[DRIVER_PACK] == "99.01.02"
