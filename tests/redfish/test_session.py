"""Logging in once, keeping the session, losing it, and leaving nothing behind."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from dsm_desktop.net.limits import Limits, NotReady, Throttle, retry_delay
from dsm_desktop.net.logins import LoginHeld, LoginPaused, LoginRefused
from dsm_desktop.net.recorder import MemoryRecorder
from dsm_desktop.net.transport import NoAnswer
from dsm_desktop.redfish.client import Credential
from dsm_desktop.redfish.errors import PasswordChangeRequired
from tests.kit.replay import ReplayServer, error
from tests.redfish.conftest import Connect
from tests.redfish.small import MANAGER, SYSTEM, V1, small_tree


class Ledger:
    """Remembers what a store would."""

    def __init__(self) -> None:
        self.rows: dict[int, tuple[str, str, str]] = {}
        self.written = 0

    def opening(self, host: str, username: str) -> int:
        self.written += 1
        self.rows[self.written] = (host, "", "")
        return self.written

    def opened(self, ref: int, session_uri: str, token: str) -> None:
        self.rows[ref] = (self.rows[ref][0], session_uri, token)

    def closed(self, ref: int) -> None:
        del self.rows[ref]


def test_one_session_for_many_calls_and_threads_and_none_left(connect: Connect) -> None:
    with ReplayServer(small_tree()) as server:
        client = connect(server)
        threads = [threading.Thread(target=lambda: [client.get(SYSTEM) for _ in range(5)]) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert (server.opened, len(server.sessions)) == (1, 1)
        assert server.most_in_flight <= 2
        assert client.close()
        assert server.sessions == {}


def test_logging_out_happens_also_when_the_work_fails(connect: Connect) -> None:
    with ReplayServer(small_tree()) as server:

        def work() -> None:
            with connect(server) as client:
                client.facts()
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            work()
        assert server.opened == 1
        assert server.sessions == {}


def test_a_lost_session_is_renewed_once(connect: Connect) -> None:
    with ReplayServer(small_tree()) as server, connect(server) as client:
        client.facts()
        server.sessions.clear()
        client.facts()
        assert server.opened == 2


def test_a_session_that_is_always_refused_ends_in_an_error(connect: Connect) -> None:
    def hook(verb: str, path: str, handler: Any) -> Any:
        return error(401, "Base.1.8.AccessDenied", "no") if path == SYSTEM else None

    with ReplayServer(small_tree(), hook=hook) as server, connect(server) as client:
        with pytest.raises(LoginRefused, match="opens a session and then refuses"):
            client.get(SYSTEM)
        assert server.opened == 2


def test_a_wrong_password_is_sent_once(connect: Connect) -> None:
    with ReplayServer(small_tree()) as server:
        client = connect(server, password="wrong")
        with pytest.raises(LoginRefused, match="does not accept"):
            client.facts()
        for _ in range(5):
            with pytest.raises(LoginHeld):
                client.facts()
        assert server.refused_logins == 1


def test_a_login_that_was_not_answered_is_not_repeated_at_once(connect: Connect) -> None:
    def hook(verb: str, path: str, handler: Any) -> Any:
        if verb == "POST":
            raise ConnectionError
        return None

    with ReplayServer(small_tree(), hook=hook) as server:
        client = connect(server)
        with pytest.raises(NoAnswer):
            client.facts()
        with pytest.raises(LoginPaused, match="not answered") as caught:
            client.facts()
        pause = retry_delay(caught.value, 0)
        assert pause is not None
        assert 55 < pause <= 60
        assert len([verb for verb, _, _ in server.log if verb == "POST"]) == 1


def test_sixteen_threads_with_a_wrong_password_send_it_once(connect: Connect) -> None:
    with ReplayServer(small_tree()) as server:
        client = connect(server, password="wrong")
        kinds: list[str] = []

        def work() -> None:
            try:
                client.facts()
            except (LoginRefused, LoginHeld) as found:
                kinds.append(found.code)

        threads = [threading.Thread(target=work) for _ in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert (server.refused_logins, len(kinds), kinds.count("LoginRefused")) == (1, 16, 1)


def test_full_sessions_are_answered_with_basic(connect: Connect) -> None:
    with ReplayServer(small_tree(), max_sessions=0) as server, connect(server) as client:
        assert client.facts().model == "PowerEdge R750"
        client.facts()
        assert server.opened == 0
        logins = [path for verb, path, _ in server.log if verb == "POST"]
        assert len(logins) == 1


def test_no_session_service_means_basic_and_its_first_call_is_a_login(connect: Connect) -> None:
    tree = small_tree()
    del tree[V1]["Links"]
    with ReplayServer(tree) as server:
        client = connect(server)
        assert client.facts().service_tag == "ABC1234"
        client.close()
        wrong = connect(server, password="wrong", throttle=Throttle(Limits()))
        with pytest.raises(LoginRefused):
            wrong.facts()
        with pytest.raises(LoginHeld):
            wrong.facts()


def test_idrac8_has_its_sessions_elsewhere(connect: Connect) -> None:
    tree = small_tree()
    tree[V1]["Links"]["Sessions"] = {"@odata.id": "/redfish/v1/Sessions"}
    with ReplayServer(tree, session_path="/redfish/v1/Sessions") as server, connect(server) as client:
        client.facts()
        assert [path for verb, path, _ in server.log if verb == "POST"] == ["/redfish/v1/Sessions"]


def test_a_default_password_that_must_be_changed_is_said_and_not_punished(connect: Connect) -> None:
    def hook(verb: str, path: str, handler: Any) -> Any:
        return error(403, "Base.1.8.PasswordChangeRequired", "change it") if verb == "POST" else None

    with ReplayServer(small_tree(), hook=hook) as server:
        client = connect(server)
        for _ in range(2):
            with pytest.raises(PasswordChangeRequired):
                client.facts()


def test_a_device_that_is_not_ready_says_for_how_long_and_is_left_alone(connect: Connect) -> None:
    def hook(verb: str, path: str, handler: Any) -> Any:
        return error(503, "IDRAC.2.7.SYS518", "Please retry in 45 seconds.") if path == SYSTEM else None

    with ReplayServer(small_tree(), hook=hook) as server:
        client = connect(server)
        with pytest.raises(NotReady) as caught:
            client.power_state()
        assert caught.value.retry_after == 45
        asked = len(server.log)
        with pytest.raises(NotReady, match="left alone") as again:
            client.power_state()
        assert 40 < again.value.retry_after <= 45
        assert len(server.log) == asked
        assert client.close()
        assert server.sessions == {}


def test_a_bare_503_of_one_document_is_a_gap_and_not_the_end(connect: Connect) -> None:
    def hook(verb: str, path: str, handler: Any) -> Any:
        return (503, {}, b"") if path.startswith(f"{SYSTEM}/Processors") else None

    with ReplayServer(small_tree(), hook=hook) as server, connect(server) as client:
        inventory = client.inventory()
    assert [gap.split(":")[0] for gap in inventory.gaps] == ["Processors"]
    assert inventory.firmware[0].version == "1.0"


def test_the_ledger_knows_each_session_before_it_exists_and_can_end_it_after_a_crash(
    connect: Connect,
) -> None:
    with ReplayServer(small_tree()) as server:
        ledger = Ledger()
        client = connect(server, ledger=ledger)
        client.facts()
        ((host, uri, token),) = ledger.rows.values()
        assert host == f"127.0.0.1:{server.port}"
        assert server.sessions == {token: uri.rpartition("/")[2]}
        # The process is gone; the next one has host, URI and the unsealed token, and needs no login.
        after = connect(server)
        assert after.end_session(uri, token)
        assert after.end_session(uri, token)
        assert (server.sessions, server.opened) == ({}, 1)
        client.close()
        assert ledger.rows == {}


def test_without_its_token_a_leaked_session_is_ended_by_a_new_login(connect: Connect) -> None:
    tree = small_tree()
    with ReplayServer(tree) as server:
        connect(server).facts()
        uri = "/redfish/v1/SessionService/Sessions/1"
        tree[f"{V1}/SessionService/Sessions"] = {"Members": [{"@odata.id": uri, "UserName": "root", "SessionType": "Redfish",
                                                              "ClientOriginIPAddress": "10.0.0.5"}]}  # fmt: skip
        with connect(server) as client:
            (found,) = client.sessions()
            assert (found.uri, found.username, found.origin) == (uri, "root", "10.0.0.5")
            assert client.end_session(found.uri)
        assert server.sessions == {}


def test_a_logout_that_cannot_be_told_is_kept_in_the_ledger(connect: Connect) -> None:
    def hook(verb: str, path: str, handler: Any) -> Any:
        if verb == "DELETE":
            raise ConnectionError
        return None

    ledger = Ledger()
    with ReplayServer(small_tree(), hook=hook) as server:
        client = connect(server, ledger=ledger)
        client.facts()
        assert client.close() is False
    assert len(ledger.rows) == 1


def test_the_password_is_nowhere(connect: Connect) -> None:
    recorder = MemoryRecorder()
    secret = "canary-9"
    with ReplayServer(small_tree(), password=secret) as server:
        client = connect(server, password=secret, recorder=recorder)
        client.get(MANAGER)
        client.close()
        wrong = connect(server, password="canary-10", recorder=recorder, throttle=Throttle())
        with pytest.raises(LoginRefused) as caught:
            wrong.facts()
        texts = repr((recorder.calls, caught.value.as_dict(), Credential("root", secret), server.log[0]))
    assert "canary" not in texts
