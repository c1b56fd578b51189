"""The client against the simulated site: every generation, every fault, and nothing left behind."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from dsm_desktop.core.errors import DsmError
from dsm_desktop.core.inventory import LogKind, PartKind
from dsm_desktop.core.states import Generation, PowerAction, PowerState
from dsm_desktop.net.limits import Limits, NotReady, Throttle
from dsm_desktop.net.logins import LoginHeld, LoginRefused
from dsm_desktop.net.recorder import MemoryRecorder
from dsm_desktop.net.tls import CertificateChanged, Endpoint, Trust
from dsm_desktop.redfish.client import Credential, RedfishClient
from dsm_desktop.redfish.errors import Conflict, PasswordChangeRequired
from dsm_desktop.redfish.power import ResetOutcome
from dsm_desktop.simulator import SimulatedIdrac, Site, SiteSpec

GENERATIONS = {
    "idrac7": Generation.IDRAC7, "idrac8": Generation.IDRAC8, "idrac9-4": Generation.IDRAC9, "idrac9-5": Generation.IDRAC9,
    "idrac9-6": Generation.IDRAC9, "idrac9-7": Generation.IDRAC9, "idrac10": Generation.IDRAC10,
}  # fmt: skip
Reach = Callable[..., RedfishClient]


@pytest.fixture
def site() -> Iterator[Site]:
    """One iDRAC of each generation, all well, time running fast."""
    spec = SiteSpec(
        idracs=len(GENERATIONS),
        port=0,
        network="127.88.0.0/24",
        generations=tuple(GENERATIONS),
        healthy=True,
        clock_speed=60,
    )
    with Site(spec) as running:
        yield running


@pytest.fixture
def reach() -> Iterator[Reach]:
    """A client for a simulated iDRAC."""
    throttle = Throttle(Limits(breaker_failures=10**6))
    clients: list[RedfishClient] = []

    def make(idrac: SimulatedIdrac, password: str = "", **more: object) -> RedfishClient:
        given: dict[str, object] = {
            "trust": Trust(fingerprint=idrac.fingerprint), "throttle": throttle, "recorder": MemoryRecorder(), **more,
        }  # fmt: skip
        client = RedfishClient(
            Endpoint(idrac.address, idrac.port),
            Credential(idrac.username, password or idrac.password),
            **given,  # type: ignore[arg-type]
        )
        clients.append(client)
        return client

    yield make
    for client in clients:
        client.close()


def until(true: Callable[[], bool], seconds: float = 60.0) -> bool:
    """Whether it becomes true before the deadline."""
    deadline, pause = time.monotonic() + seconds, threading.Event()
    while not true():
        if time.monotonic() > deadline:
            return False
        pause.wait(0.02)
    return True


def by_generation(site: Site, name: str) -> SimulatedIdrac:
    return next(idrac for idrac in site.idracs if idrac.generation == name)


@pytest.mark.parametrize("name", GENERATIONS)
def test_every_generation_is_read_and_left_clean(name: str, site: Site, reach: Reach) -> None:
    idrac = by_generation(site, name)
    with reach(idrac) as client:
        assert client.identify().service_tag == idrac.service_tag
        row = client.facts()
        assert client.requests <= 3
        assert (row.generation, row.model, row.power_state.value) == (
            GENERATIONS[name], idrac.model, idrac.power_state.lower(),
        )  # fmt: skip
        inventory = client.inventory()
        assert inventory.gaps == ()
        assert (inventory.facts.idrac_version, inventory.facts.generation) == (
            idrac.firmware,
            GENERATIONS[name],
        )
        clock = client.clock()
        assert clock is not None
        assert abs((clock - datetime.now(UTC)).days) < 3
        client.set_led(True)
        assert idrac.identify
        assert client.facts().led_blinking is True
    counters = idrac.counters
    assert (idrac.open_sessions, counters["sessions_created"]) == (0, counters["sessions_deleted"])
    assert counters["in_flight_peak"] <= 2


@pytest.mark.parametrize("name", ["idrac8", "idrac9-6", "idrac10"])
def test_power(name: str, site: Site, reach: Reach) -> None:
    idrac = by_generation(site, name)
    with reach(idrac) as client:
        mark = client.reset_mark()
        assert client.reset(PowerAction.FORCE_OFF) is ResetOutcome.TAKEN
        assert until(lambda: client.power_state() is PowerState.OFF)
        assert client.reset_was_taken(PowerAction.FORCE_OFF, mark, PowerState.OFF)
        assert client.reset(PowerAction.FORCE_OFF) in (ResetOutcome.ALREADY, ResetOutcome.TAKEN)

        def switched_on() -> bool:
            try:
                return client.reset(PowerAction.ON) is ResetOutcome.TAKEN
            except Conflict as found:
                # iDRAC10 answers 409 to On right after off.
                assert found.retryable  # noqa: PT017
                return False

        assert until(switched_on)


@pytest.mark.parametrize("name", ["idrac8", "idrac9-4", "idrac9-7", "idrac10"])
def test_logs_grow_and_only_what_is_new_is_read(name: str, site: Site, reach: Reach) -> None:
    idrac = by_generation(site, name)
    with reach(idrac) as client:
        events = client.log_events(LogKind.LIFECYCLE)
        assert len(events) >= 20
        assert len({event.entry_id for event in events}) == len(events)
        assert [event.entry_id for event in client.log_events(LogKind.LIFECYCLE, limit=7)][1:] != []
        newest = client.log_events(LogKind.LIFECYCLE)[0]
        idrac.log("SYS1003")
        new = client.log_events(LogKind.LIFECYCLE, (newest.entry_id, newest.created))
        assert any(event.message_id.endswith("SYS1003") for event in new)
        assert newest.entry_id not in {event.entry_id for event in new}
        assert client.log_events(LogKind.SEL)


def test_a_full_inventory_is_at_most_twelve_gets_with_two_storage_controllers(reach: Reach) -> None:
    """P8; each further controller with drives costs one or two more, and so does firmware beyond 50 entries."""
    spec = SiteSpec(
        idracs=24,
        port=0,
        network="127.88.3.0/24",
        shared_key=True,
        generations=("idrac9-4", "idrac9-7", "idrac10"),
    )
    with Site(spec) as fleet:
        for idrac in fleet.idracs:
            with reach(idrac) as client:
                inventory = client.inventory()
                assert client.documents.fallbacks == 0
            filled = {
                part.id
                for part in inventory.parts
                if part.kind is PartKind.CONTROLLER and part.detail.get("drives")
            }
            extra = max(0, len(filled) - 2) * 2 + (len(inventory.firmware) > 30)
            logins = 1
            assert inventory.requests - logins <= 12 + extra
            assert inventory.gaps == ()
            assert inventory.settings


def test_full_sessions_fall_back_to_basic(site: Site, reach: Reach) -> None:
    idrac = by_generation(site, "idrac9-7")
    idrac.set_fault("sessions_full")
    with reach(idrac) as client:
        assert client.facts().service_tag == idrac.service_tag
    assert idrac.counters["basic_requests"] > 0


@pytest.mark.parametrize(("fault", "seconds"), [("sys518", 30), ("not_ready", 30)])
def test_not_ready_is_typed_and_says_when(fault: str, seconds: int, site: Site, reach: Reach) -> None:
    idrac = by_generation(site, "idrac9-6")
    client = reach(idrac)
    client.login()
    idrac.set_fault(fault)
    with pytest.raises(NotReady) as caught:
        client.power_state()
    assert caught.value.retry_after == seconds
    before = idrac.counters["requests"]
    with pytest.raises(NotReady):
        client.power_state()
    assert idrac.counters["requests"] == before
    idrac.clear_faults()
    assert client.close()
    assert idrac.open_sessions == 0


def test_two_documents_in_one_body(site: Site, reach: Reach) -> None:
    idrac = by_generation(site, "idrac8")
    idrac.set_fault("two_documents")
    with reach(idrac) as client:
        assert client.facts().service_tag == idrac.service_tag


def test_a_new_certificate_stops_everything(site: Site, reach: Reach) -> None:
    idrac = by_generation(site, "idrac9-5")
    client = reach(idrac)
    client.facts()
    old = idrac.fingerprint
    new = idrac.new_certificate()
    idrac.drop_connections()
    with pytest.raises(CertificateChanged) as caught:
        client.facts()
    assert (caught.value.pinned, caught.value.shown.fingerprint) == (old, new)
    assert not client.close()


def test_a_restarted_idrac_is_logged_into_again(site: Site, reach: Reach) -> None:
    idrac = by_generation(site, "idrac9-6")
    with reach(idrac) as client:
        client.facts()
        idrac.drop_sessions()
        idrac.drop_connections()
        client.facts()
    assert idrac.open_sessions == 0


def test_a_password_that_must_be_changed(site: Site, reach: Reach) -> None:
    idrac = by_generation(site, "idrac9-7")
    idrac.require_password_change()
    with pytest.raises(PasswordChangeRequired):
        reach(idrac).facts()


def test_a_wrong_password_over_the_fleet_locks_nobody_out(reach: Reach) -> None:
    with Site(SiteSpec(idracs=40, port=0, network="127.88.1.0/24", healthy=True, shared_key=True)) as fleet:
        kinds: list[str] = []

        def work(idrac: SimulatedIdrac) -> None:
            try:
                reach(idrac, password="wrong").facts()
            except (LoginRefused, LoginHeld) as found:
                kinds.append(found.code)

        with ThreadPoolExecutor(16) as pool:
            list(pool.map(work, fleet.idracs * 2))
        failed = [idrac.counters["logins_failed"] for idrac in fleet.idracs]
        assert (sum(failed), max(failed), len(kinds)) == (3, 1, 80)
        assert sum(idrac.counters["refused_while_blocked"] for idrac in fleet.idracs) == 0


def test_a_fleet_leaves_no_session_whatever_the_faults(reach: Reach) -> None:
    with Site(SiteSpec(idracs=40, port=0, network="127.88.2.0/24", shared_key=True)) as fleet:
        for number, idrac in enumerate(fleet.idracs):
            if number % 3 == 0:
                idrac.set_fault(
                    ["truncated", "wrong_types", "not_json", "missing_members", "nulls"][number % 5], times=4
                )

        refusals: list[str] = []

        def work(idrac: SimulatedIdrac) -> None:
            with reach(idrac, read_timeout=5.0) as client:
                for call in (client.facts, client.inventory, lambda: client.log_events(LogKind.SEL)):
                    try:
                        call()
                    except DsmError as found:
                        refusals.append(found.message)

        with ThreadPoolExecutor(16) as pool:
            list(pool.map(work, fleet.idracs))
        for idrac in fleet.idracs:
            counters = idrac.counters
            assert idrac.open_sessions == 0
            assert counters["sessions_created"] == counters["sessions_deleted"]
            assert counters["in_flight_peak"] <= 2
        assert all(refusals)


def test_foreign_links_of_the_site_reach_nobody(site: Site, reach: Reach) -> None:
    refusals: list[str] = []
    for number, idrac in enumerate(site.idracs):
        idrac.set_fault("foreign_links", style=["absolute", "slashes", "userinfo"][number % 3])
        client = reach(idrac)
        for call in (client.facts, client.inventory, lambda c=client: c.log_events(LogKind.LIFECYCLE)):
            try:
                call()
            except DsmError as found:
                refusals.append(found.message)
        client.close()
    assert refusals
    assert (site.trap.connections, site.trap.credential_bytes) == (0, 0)
