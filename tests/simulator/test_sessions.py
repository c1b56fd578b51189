"""Signing in, staying in, being thrown out."""

from __future__ import annotations

import http.client

import pytest

from dsm_desktop.simulator import SimulatedIdrac, Site
from tests.simulator.client import MANAGER, RESET, SYSTEM, Client

BLOCKED = (ConnectionResetError, BrokenPipeError, http.client.RemoteDisconnected)


def test_each_generation_signs_in_where_its_root_says(site: Site) -> None:
    for idrac in site.idracs:
        with Client(idrac) as client:
            answer = client.login()
            assert answer.status == 201
            assert answer.json["Password"] is None
            assert idrac.open_sessions == 1
            assert client.get(SYSTEM)["SKU"] == idrac.service_tag
            assert client.logout().status in (200, 204)
            assert idrac.open_sessions == 0
    old = {}
    for idrac in site.idracs:
        with Client(idrac) as client:
            old[idrac.generation] = client.sessions_uri
    assert old["idrac8"] == "/redfish/v1/Sessions"
    assert old["idrac9-6"] == "/redfish/v1/SessionService/Sessions"


def test_idrac8_refuses_the_wrong_session_uri(eight: SimulatedIdrac) -> None:
    with Client(eight) as client:
        answer = client.send(
            "POST", "/redfish/v1/SessionService/Sessions", {"UserName": "root", "Password": eight.password}
        )
        assert answer.status in (404, 405)
        assert eight.open_sessions == 0


def test_everything_but_the_root_is_401_whether_it_exists_or_not(site: Site) -> None:
    for idrac in site.idracs:
        with Client(idrac) as client:
            there = client.send("GET", SYSTEM, anonymous=True)
            nowhere = client.send("GET", "/redfish/v1/Nowhere/At/All", anonymous=True)
            assert there.status == nowhere.status == 401
            assert there.raw == nowhere.raw
            assert there.message_ids == ["AccessDenied"]
            challenged = there.headers["WWW-Authenticate"] is not None
            assert challenged == (idrac.generation != "idrac10")
            assert client.send("GET", "/redfish/v1", anonymous=True).status == 200
            assert client.send("GET", "/redfish/v1/odata", anonymous=True).status == 200


def test_too_many_sessions_answer_503_rac0218_and_basic_still_works(nine: SimulatedIdrac) -> None:
    clients = [Client(nine) for _ in range(9)]
    answers = [client.login() for client in clients]
    assert [a.status for a in answers] == [201] * 8 + [503]
    assert "RAC0218" in answers[-1].message_ids
    clients[-1].token = None
    assert clients[-1].send("GET", SYSTEM).status == 200
    clients[0].logout()
    assert clients[-1].login().status == 201
    assert nine.counters["sessions_peak"] == 8
    for client in clients:
        client.connection.close()


def test_sessions_slide_and_expire_by_the_simulated_clock(site: Site, nine: SimulatedIdrac) -> None:
    with Client(nine) as client:
        client.login()
        for _ in range(3):
            site.set_clock(advance=1700)
            assert client.send("GET", SYSTEM).status == 200
        site.set_clock(advance=1900)
        assert client.send("GET", SYSTEM).status == 401
        assert nine.open_sessions == 0
        assert nine.counters["sessions_expired"] == 1


def test_three_wrong_passwords_block_the_address_for_a_minute(site: Site, nine: SimulatedIdrac) -> None:
    with Client(nine, password="wrong") as client:
        answers = [client.login() for _ in range(3)]
        assert [a.status for a in answers] == [401, 401, 401]
        assert "SYS415" in answers[0].message_ids
        client.connection.close()
        with pytest.raises(BLOCKED):
            client.login()
    assert nine.counters["logins_failed"] == 3
    assert nine.counters["refused_while_blocked"] >= 1
    site.set_clock(advance=61)
    with Client(nine) as client:
        assert client.login().status == 201


def test_login_with_an_authorization_header_is_refused(nine: SimulatedIdrac) -> None:
    with Client(nine) as client:
        answer = client.send(
            "POST", client.sessions_uri, {"UserName": nine.username, "Password": nine.password}
        )
        assert answer.status == 400
        assert answer.message_ids == ["SYS468"]


def test_media_type_and_json_are_checked(nine: SimulatedIdrac) -> None:
    with Client(nine) as client:
        assert client.send("POST", RESET, b"ResetType=On", {"Content-Type": "text/plain"}).message_ids == [
            "SYS401"
        ]
        answer = client.send("POST", RESET, b"{", {"Content-Type": "application/json"})
        assert (answer.status, answer.message_ids) == (400, ["SYS405"])


def test_a_reader_may_look_but_not_touch(nine: SimulatedIdrac) -> None:
    nine.add_user("eyes", "only-looking", "ReadOnly")
    with Client(nine, "eyes", "only-looking") as client:
        assert client.login().status == 201
        assert client.get(MANAGER)["Id"] == "iDRAC.Embedded.1"
        answer = client.post(RESET, {"ResetType": "ForceOff"})
        assert answer.status == 403
        assert "SYS479" in answer.message_ids
        assert nine.power_state == "On"
        assert client.logout().status == 200


def test_the_factory_password_must_be_changed_first(nine: SimulatedIdrac) -> None:
    nine.require_password_change()
    with Client(nine) as client:
        answer = client.send("GET", SYSTEM)
        assert answer.status == 403
        assert "PasswordChangeRequired" in answer.message_ids
        assert (
            client.patch("/redfish/v1/AccountService/Accounts/2", {"Password": "new-Secret-1"}).status == 200
        )
    with Client(nine, password="new-Secret-1") as client:
        assert client.get(SYSTEM)["Id"] == "System.Embedded.1"
    assert "new-Secret-1" not in repr(nine.journal)


def test_a_changed_password_ends_sessions(nine: SimulatedIdrac) -> None:
    with Client(nine) as client:
        client.login()
        nine.set_password("another-1")
        assert client.send("GET", SYSTEM).status == 401


def test_logins_are_logged(nine: SimulatedIdrac) -> None:
    with Client(nine) as client:
        client.login()
        newest = client.get(f"{MANAGER}/LogServices/Lclog/Entries")["Members"][0]
        assert newest["MessageId"].endswith(".USR0030")
        assert newest["MessageArgs"] == [nine.username, "127.0.0.1", "REDFISH"]
