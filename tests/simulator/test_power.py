"""Power takes time, and a restarting iDRAC is gone for a while."""

from __future__ import annotations

import pytest

from dsm_desktop.simulator import SimulatedIdrac, Site
from tests.simulator.client import CHASSIS, MANAGER, RESET, SYSTEM, Client

API_STATUS = f"{MANAGER}/Oem/Dell/DellLCService/Actions/DellLCService.GetRemoteServicesAPIStatus"


def test_off_and_on_pass_through_the_states_between(site: Site, nine: SimulatedIdrac) -> None:
    with Client(nine) as client:
        assert client.post(RESET, {"ResetType": "ForceOff"}).status == 204
        assert client.get(SYSTEM)["PowerState"] == "PoweringOff"
        site.set_clock(advance=6)
        assert client.get(SYSTEM)["PowerState"] == "Off"
        assert client.post(API_STATUS).json["ServerStatus"] == "PoweredOff"
        fans = client.get(f"{CHASSIS}/Thermal")["Fans"]
        assert all(fan["Reading"] is None for fan in fans)
        assert client.post(RESET, {"ResetType": "On"}).status == 204
        assert client.get(SYSTEM)["PowerState"] == "PoweringOn"
        site.set_clock(advance=9)
        assert client.get(SYSTEM)["PowerState"] == "On"
        assert client.post(API_STATUS).json["ServerStatus"] == "InPOST"
        site.set_clock(advance=300)
        assert client.post(API_STATUS).json["LCStatus"] == "Ready"
    assert nine.effects == {"ComputerSystem.Reset:ForceOff": 1, "ComputerSystem.Reset:On": 1}
    assert nine.boots == 1


@pytest.mark.parametrize(("kind", "rest", "state", "boots"), [
    ("GracefulShutdown", 31, "Off", 0), ("GracefulRestart", 31, "On", 1), ("ForceRestart", 0, "On", 1), ("PowerCycle", 30, "On", 1),
    ("PushPowerButton", 31, "Off", 0), ("Nmi", 1, "On", 0),
])  # fmt: skip
def test_each_reset_type_ends_where_it_should(
    site: Site, nine: SimulatedIdrac, kind: str, rest: float, state: str, boots: int
) -> None:
    with Client(nine) as client:
        assert client.post(RESET, {"ResetType": kind}).status == 204
        site.set_clock(advance=rest)
        assert (nine.power_state, nine.boots) == (state, boots)


def test_the_same_state_again_is_a_conflict_on_idrac9_only(
    site: Site, nine: SimulatedIdrac, eight: SimulatedIdrac, ten: SimulatedIdrac
) -> None:
    for idrac, status in ((nine, 409), (eight, 204), (ten, 204)):
        with Client(idrac) as client:
            assert client.post(RESET, {"ResetType": "On"}).status == status
            assert idrac.effects == {}


def test_idrac10_wants_a_pause_between_off_and_on(site: Site, ten: SimulatedIdrac) -> None:
    with Client(ten) as client:
        client.post(RESET, {"ResetType": "ForceOff"})
        site.set_clock(advance=5.5)
        assert client.post(RESET, {"ResetType": "On"}).status == 409
        site.set_clock(advance=6)
        assert client.post(RESET, {"ResetType": "On"}).status == 204


def test_values_outside_the_allowable_list_are_refused(eight: SimulatedIdrac) -> None:
    with Client(eight) as client:
        allowed = client.get(SYSTEM)["Actions"]["#ComputerSystem.Reset"]["ResetType@Redfish.AllowableValues"]
        assert "GracefulRestart" not in allowed
        answer = client.post(RESET, {"ResetType": "GracefulRestart"})
        assert (answer.status, answer.message_ids[0]) == (400, "SYS426")
        assert client.post(RESET).message_ids == ["SYS428"]


def test_lifecycle_status_is_unknown_to_idrac8(eight: SimulatedIdrac) -> None:
    with Client(eight) as client:
        answer = client.post(API_STATUS)
        assert (answer.status, answer.message_ids) == (405, ["SYS402"])


def test_a_restarting_idrac_refuses_connections_and_forgets_sessions(
    site: Site, nine: SimulatedIdrac
) -> None:
    with Client(nine) as client:
        client.login()
        assert client.post(f"{MANAGER}/Actions/Manager.Reset", {"ResetType": "GracefulRestart"}).status == 204
        site.set_clock(advance=2)
        for _ in range(2):
            with pytest.raises(OSError, match=r"reset|EOF|refused|closed|pipe"):
                client.send("GET", "/redfish/v1")
            client.connection.close()
        site.set_clock(advance=121)
        client.token = None
        waking = client.send("GET", SYSTEM)
        assert waking.status == 503
        assert {"SYS518", "ServiceTemporarilyUnavailable"} <= set(waking.message_ids)
        site.set_clock(advance=30)
        assert client.send("GET", SYSTEM).status == 200
        newest = client.get(f"{MANAGER}/LogServices/Lclog/Entries")["Members"]
        assert any(row["MessageId"].endswith("RAC0182") for row in newest[:3])
    assert nine.open_sessions == 0
    assert nine.effects == {"Manager.Reset:GracefulRestart": 1}


def test_the_identify_light_by_generation(site: Site) -> None:
    for idrac in site.idracs:
        new = idrac.generation in ("idrac9-7", "idrac10")
        with Client(idrac) as client:
            body = {"LocationIndicatorActive": True} if new else {"IndicatorLED": "Blinking"}
            assert client.patch(CHASSIS, body).status == 200
            assert idrac.identify
            chassis = client.get(CHASSIS)
            assert ("IndicatorLED" in chassis) == (idrac.generation != "idrac10")
            if idrac.generation.startswith("idrac9"):
                assert client.patch(CHASSIS, {"IndicatorLED": "Off"}).status == 400


def test_the_power_cap_holds(nine: SimulatedIdrac) -> None:
    with Client(nine) as client:
        assert (
            client.patch(f"{CHASSIS}/Power", {"PowerControl": [{"PowerLimit": {"LimitInWatts": 120}}]}).status
            == 200
        )
        control = client.get(f"{CHASSIS}/Power")["PowerControl"][0]
        assert control["PowerLimit"]["LimitInWatts"] == 120
        assert control["PowerConsumedWatts"] <= 120
