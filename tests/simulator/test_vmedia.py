"""Virtual media that is really fetched, and hosts that really boot from it."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterator

import pytest

from dsm_desktop.simulator import SimulatedIdrac, Site
from tests.simulator.client import MANAGER, RESET, SYSTEM, Client
from tests.simulator.fileserver import FileServer

ISO = bytes(range(256)) * 8192  # 2 MiB
OLD = f"{MANAGER}/VirtualMedia"
NEW = f"{SYSTEM}/VirtualMedia"


@pytest.fixture
def share() -> Iterator[FileServer]:
    with FileServer({"/x.iso": ISO, "/y.iso": ISO[:5000]}) as running:
        yield running


def until(check: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not check():
        assert time.monotonic() < deadline, "it did not happen in a minute"
        time.sleep(0.01)


def insert(client: Client, drive: str, url: str) -> int:
    body = {"Image": url, "Inserted": True, "WriteProtected": True}
    return client.post(f"{drive}/Actions/VirtualMedia.InsertMedia", body).status


def started_from(idrac: SimulatedIdrac, source: str) -> bool:
    return idrac.booted_from == source


def eject(client: Client, drive: str) -> int:
    return client.post(f"{drive}/Actions/VirtualMedia.EjectMedia").status


def drives(idrac: SimulatedIdrac) -> list[str]:
    trees = {
        "idrac8": [f"{OLD}/CD"],
        "idrac9-4": [f"{OLD}/CD"],
        "idrac9-5": [f"{OLD}/CD"],
        "idrac10": [f"{NEW}/1"],
    }
    return trees.get(idrac.generation, [f"{OLD}/CD", f"{NEW}/1"])


def test_an_image_is_read_in_ranges_from_the_address_of_the_idrac(site: Site, share: FileServer) -> None:
    for idrac in site.idracs[1:]:
        for drive in drives(idrac):
            share.visits.clear()
            with Client(idrac) as client:
                assert insert(client, drive, share.url("/x.iso")) == 204
                doc = client.get(drive)
                assert (doc["Inserted"], doc["ConnectedVia"], doc["ImageName"]) == (True, "URI", "x.iso")
                assert doc["Image"] == share.url("/x.iso")
                assert doc["TransferProtocolType"] == "HTTP"
                assert [(v.verb, v.range) for v in share.visits] == [
                    ("HEAD", None),
                    ("GET", "bytes=0-32767"),
                    ("GET", "bytes=32768-65535"),
                ]
                assert {v.client for v in share.visits} == {idrac.address}
                assert insert(client, drive, share.url("/y.iso")) == 500, "something is in already"
                assert eject(client, drive) == 204
                assert client.get(drive)["Inserted"], "an eject takes a moment"
                assert insert(client, drive, share.url("/y.iso")) == 500
                site.set_clock(advance=3)
                assert client.get(drive)["ConnectedVia"] == "NotConnected"
                assert eject(client, drive) == 500, "nothing is in"
                assert insert(client, drive, share.url("/y.iso")) == 204, "an image smaller than two blocks"
                assert eject(client, drive) == 204
                site.set_clock(advance=3)
    assert site.idracs[-1].effects == {"InsertMedia:1": 2, "EjectMedia:1": 2}


def test_both_trees_of_a_transition_firmware_show_the_same_drive(
    nine: SimulatedIdrac, share: FileServer
) -> None:
    with Client(nine) as client:
        assert insert(client, f"{NEW}/1", share.url("/x.iso")) == 204
        assert client.get(f"{OLD}/CD")["Image"] == share.url("/x.iso")
        assert client.get(f"{NEW}/2")["Image"] is None


def test_the_trees_are_where_each_generation_has_them(site: Site) -> None:
    for idrac in site.idracs:
        with Client(idrac) as client:
            rank = site.idracs.index(idrac)
            assert client.send("GET", OLD).status == (200 if rank <= 5 else 404)
            assert client.send("GET", NEW).status == (200 if rank >= 4 else 404)
            shown = "Actions" in client.get(f"{NEW}/1" if rank >= 4 else f"{OLD}/CD")
            assert shown == (rank > 0)
    with Client(site.idracs[0]) as client:
        assert insert(client, f"{OLD}/CD", "http://127.0.0.1:1/x.iso") in (404, 405)


def test_what_cannot_be_mounted_is_named(site: Site, eight: SimulatedIdrac, nine: SimulatedIdrac) -> None:
    with FileServer({"/x.iso": ISO}, ranges=False) as rangeless:
        for idrac, missing, unusable in ((eight, "RAC0715", "RAC0720"), (nine, "RAC0779", "RAC0781")):
            with Client(idrac) as client:
                for url, message in (
                    ("http://127.0.0.1:1/x.iso", "RAC0904"),
                    ("https://127.0.0.1:1/x.iso", "RAC0904"),
                    ("nfs://127.0.0.1/share/x.iso", "RAC0904"),
                    (rangeless.url("/gone.iso"), missing),
                    (rangeless.url("/x.iso"), unusable),
                    ("x.iso", "SYS446"),
                    ("http://user@127.0.0.1:1/x.iso", "SYS446"),
                ):
                    answer = client.post(f"{OLD}/CD/Actions/VirtualMedia.InsertMedia", {"Image": url})
                    assert (answer.status, answer.message_ids[0]) == (500, message), url
                    assert client.get(f"{OLD}/CD")["Inserted"] is False
                assert idrac.effects == {}
                for body, message in (
                    ({}, "SYS428"),
                    ({"Image": 5}, "SYS424"),
                    ({"Image": "http://h/x.iso", "TransferProtocolType": "FTP"}, "SYS426"),
                    ({"Image": "http://h/x.iso", "Media": "CD"}, "SYS429"),
                ):
                    answer = client.post(f"{OLD}/CD/Actions/VirtualMedia.InsertMedia", body)
                    assert (answer.status, answer.message_ids[0]) == (400, message)


def test_a_fault_makes_every_share_unreachable(nine: SimulatedIdrac, share: FileServer) -> None:
    nine.set_fault("share_unreachable", times=1)
    with Client(nine) as client:
        body = {"Image": share.url("/x.iso")}
        answer = client.post(f"{OLD}/CD/Actions/VirtualMedia.InsertMedia", body)
        assert (answer.status, answer.message_ids[0]) == (500, "RAC0904")
        assert share.visits == []
        assert insert(client, f"{OLD}/CD", share.url("/x.iso")) == 204


def test_a_drive_that_a_console_holds_is_not_taken(nine: SimulatedIdrac, share: FileServer) -> None:
    nine.hold_media("CD", "C:\\laptop\\rescue.iso", "anna")
    with Client(nine) as client:
        doc = client.get(f"{NEW}/1")
        assert (doc["ConnectedVia"], doc["ImageName"], doc["UserName"]) == ("Applet", "rescue.iso", "anna")
        assert insert(client, f"{NEW}/1", share.url("/x.iso")) == 500
        assert eject(client, f"{NEW}/1") == 500
        nine.release_media("CD")
        assert insert(client, f"{NEW}/1", share.url("/x.iso")) == 204


def test_a_host_told_to_boot_from_cd_reads_the_image_and_is_up_after_a_while(
    site: Site, share: FileServer
) -> None:
    seven = site.idracs[5]
    with Client(seven) as client:
        assert insert(client, f"{NEW}/1", share.url("/x.iso")) == 204
        share.visits.clear()
        boot = {"Boot": {"BootSourceOverrideTarget": "Cd", "BootSourceOverrideEnabled": "Once"}}
        assert client.patch(SYSTEM, boot).status == 200
        assert client.post(RESET, {"ResetType": "ForceRestart"}).status == 204
        assert share.visits == [], "not before the self test is over"
        site.set_clock(advance=61)
        until(lambda: seven.booted_from == f"Cd {share.url('/x.iso')}")
        assert seven.boot_bytes == len(ISO)
        gets = [v for v in share.visits if v.verb == "GET"]
        assert len(gets) == 4
        assert {v.client for v in gets} == {seven.address}
        assert client.get(SYSTEM)["BootProgress"]["LastState"] == "OSBootStarted"
        site.set_clock(advance=41)
        assert client.get(SYSTEM)["BootProgress"]["LastState"] == "OSRunning"
        assert client.get(SYSTEM)["Boot"]["BootSourceOverrideTarget"] == "None", "used up"
        share.visits.clear()
        client.post(RESET, {"ResetType": "ForceRestart"})
        site.set_clock(advance=61)
        until(lambda: seven.booted_from == "Hdd")
        assert share.visits == []


def test_a_share_that_has_gone_lets_the_host_fall_back_to_its_disk(site: Site, nine: SimulatedIdrac) -> None:
    with Client(nine) as client:
        with FileServer({"/x.iso": ISO}) as share:
            assert insert(client, f"{OLD}/CD", share.url("/x.iso")) == 204
        for target, source in (("Pxe", "Pxe"), ("Cd", "Hdd")):
            client.patch(SYSTEM, {"Boot": {"BootSourceOverrideTarget": target}})
            client.post(RESET, {"ResetType": "ForceRestart"})
            site.set_clock(advance=61)
            until(functools.partial(started_from, nine, source))
        assert nine.boot_bytes == 0


def test_a_fault_also_strikes_an_answer_that_took_a_while(nine: SimulatedIdrac, share: FileServer) -> None:
    nine.set_fault("unexpected_status", status=409, uri="InsertMedia")
    with Client(nine) as client:
        assert insert(client, f"{OLD}/CD", share.url("/x.iso")) == 409
        assert nine.media == {"1": share.url("/x.iso"), "2": None}
