"""Power: which POSTs an action takes, and whether an interrupted one was taken."""

from __future__ import annotations

from typing import Any

import pytest

from dsm_desktop.core.states import PowerAction, PowerState
from dsm_desktop.redfish.actions import idrac_reset_mark, idrac_reset_was_taken, reset_is_over
from dsm_desktop.redfish.errors import LockedDown
from dsm_desktop.redfish.power import ActionUnavailable, ResetOutcome, ResetStep, reset_plan
from tests.kit.replay import ReplayServer, error
from tests.redfish.conftest import Connect
from tests.redfish.small import CHASSIS, MANAGER, SYSTEM, small_tree

IDRAC9 = [
    "On",
    "ForceOff",
    "ForceRestart",
    "GracefulRestart",
    "GracefulShutdown",
    "PushPowerButton",
    "Nmi",
    "PowerCycle",
]
IDRAC8 = ["On", "ForceOff", "ForceRestart", "GracefulShutdown", "PushPowerButton", "Nmi"]
OLD_241 = ["On", "ForceOff", "GracefulRestart", "PushPowerButton", "Nmi"]
OFF_ON = ["GracefulShutdown", "On"]


@pytest.mark.parametrize(
    ("action", "allowed", "trusted", "expected"),
    [
        (PowerAction.ON, IDRAC9, True, ["On"]),
        (PowerAction.GRACEFUL_RESTART, IDRAC9, True, ["GracefulRestart"]),
        (PowerAction.GRACEFUL_RESTART, IDRAC8, False, OFF_ON),
        (PowerAction.POWER_CYCLE, IDRAC9, True, ["PowerCycle"]),
        (PowerAction.POWER_CYCLE, IDRAC8, False, ["ForceOff", "On"]),
        (PowerAction.NMI, IDRAC8, False, ["Nmi"]),
        (PowerAction.FORCE_RESTART, IDRAC8, False, ["ForceRestart"]),
        (PowerAction.GRACEFUL_OFF, [], True, ["GracefulShutdown"]),
    ],
)
def test_plans(action: PowerAction, allowed: list[str], trusted: bool, expected: list[str]) -> None:
    plan = reset_plan(action, allowed, trust_graceful_restart=trusted)
    assert [step.reset_type for step in plan] == expected
    if len(plan) == 2:
        assert [step.wait_for for step in plan] == [PowerState.OFF, PowerState.ON]
    elif action in (PowerAction.GRACEFUL_RESTART, PowerAction.FORCE_RESTART, PowerAction.POWER_CYCLE):
        assert plan[0].wait_for is None, "the server is on before it and after it"


@pytest.mark.parametrize(
    ("action", "allowed"),
    [(PowerAction.GRACEFUL_OFF, OLD_241), (PowerAction.FORCE_RESTART, OLD_241), (PowerAction.NMI, ["On"])],
)
def test_what_is_not_offered_is_not_tried(action: PowerAction, allowed: list[str]) -> None:
    with pytest.raises(ActionUnavailable) as caught:
        reset_plan(action, allowed, trust_graceful_restart=False)
    assert "On" in caught.value.message


def test_a_reset_is_one_post_to_the_linked_target(connect: Connect) -> None:
    tree = small_tree()
    tree[SYSTEM]["Actions"]["#ComputerSystem.Reset"]["target"] = f"{SYSTEM}/Moved/Reset"
    with ReplayServer(tree) as server, connect(server) as client:
        assert client.reset(PowerAction.FORCE_OFF) is ResetOutcome.TAKEN
        assert client.reset_plan(PowerAction.POWER_CYCLE) == [
            ResetStep("ForceOff", PowerState.OFF), ResetStep("On", PowerState.ON),
        ]  # fmt: skip
        with pytest.raises(ActionUnavailable, match="takes 2 steps"):
            client.reset(PowerAction.POWER_CYCLE)
        assert client.reset_type("On") is ResetOutcome.TAKEN
        posts = [(path, body) for verb, path, body in server.log if verb == "POST"][1:]
    assert posts == [
        (f"{SYSTEM}/Moved/Reset", b'{"ResetType":"ForceOff"}'),
        (f"{SYSTEM}/Moved/Reset", b'{"ResetType":"On"}'),
    ]


@pytest.mark.parametrize(
    ("status", "ident", "text"),
    [
        (400, "IDRAC.2.8.PSU501", "Server is already powered ON."),
        (409, "IDRAC.2.8.XXX001", "The server is already in the On state."),
    ],
)
def test_already_there_is_a_result_and_not_an_error(
    status: int, ident: str, text: str, connect: Connect
) -> None:
    def hook(verb: str, path: str, handler: Any) -> Any:
        return error(status, ident, text) if path.endswith("ComputerSystem.Reset") else None

    with ReplayServer(small_tree(), hook=hook) as server, connect(server) as client:
        assert client.reset(PowerAction.ON) is ResetOutcome.ALREADY


def test_lockdown_is_named(connect: Connect) -> None:
    def hook(verb: str, path: str, handler: Any) -> Any:
        return error(403, "IDRAC.2.7.SYS406", "Lockdown is on.") if verb == "PATCH" else None

    with (
        ReplayServer(small_tree(), hook=hook) as server,
        connect(server) as client,
        pytest.raises(LockedDown),
    ):
        client.set_led(True)


def test_the_light_speaks_the_words_of_the_firmware(connect: Connect) -> None:
    tree = small_tree()
    with ReplayServer(tree) as server, connect(server) as client:
        client.set_led(True)
        client.set_led(False)
        tree[CHASSIS]["LocationIndicatorActive"] = False
        client.set_led(True)
        server.hook = lambda verb, path, handler: (
            error(400, "IDRAC.2.7.SYS428", "no") if b"Location" in server.log[-1][2] else None
        )
        client.set_led(True)
        bodies = [body for verb, path, body in server.log if verb == "PATCH"]
    assert bodies == [
        b'{"IndicatorLED":"Blinking"}', b'{"IndicatorLED":"Lit"}', b'{"LocationIndicatorActive":true}',
        b'{"LocationIndicatorActive":true}', b'{"IndicatorLED":"Blinking"}',
    ]  # fmt: skip


def test_whether_an_interrupted_reset_was_taken(connect: Connect) -> None:
    tree = small_tree()
    system, entries = tree[SYSTEM], tree[f"{MANAGER}/LogServices/Lclog/Entries"]["Members"]
    restart, nmi = PowerAction.FORCE_RESTART, PowerAction.NMI
    with ReplayServer(tree) as server, connect(server) as client:
        mark = client.reset_mark()
        assert client.reset_was_taken(PowerAction.ON, mark, PowerState.ON)
        assert not client.reset_was_taken(PowerAction.FORCE_OFF, mark, PowerState.OFF)
        assert not client.reset_was_taken(restart, mark)
        system["LastResetTime"] = "2026-01-01T00:00:01+00:00"
        assert client.reset_was_taken(restart, mark)
        # iDRAC8 has no such time: the lifecycle log tells, and what stood there before does not count.
        del system["LastResetTime"]
        mark = client.reset_mark()
        assert not client.reset_was_taken(restart, mark)
        entries.insert(0, entries[0] | {"Id": "9001", "MessageId": "IDRAC.1.6.USR0030"})
        assert not client.reset_was_taken(restart, mark)
        entries.insert(0, entries[0] | {"Id": "9002", "MessageId": "IDRAC.1.6.RAC0703"})
        assert client.reset_was_taken(restart, mark)
        assert not client.reset_was_taken(nmi, mark)
        entries.insert(0, entries[0] | {"Id": "9003", "MessageId": "IDRAC.1.6.RAC0706"})
        assert client.reset_was_taken(nmi, mark)


def test_that_it_went_off_does_not_say_that_it_was_switched_on(connect: Connect) -> None:
    tree = small_tree()
    system, entries = tree[SYSTEM], tree[f"{MANAGER}/LogServices/Lclog/Entries"]["Members"]
    system["PowerState"] = "Off"
    with ReplayServer(tree) as server, connect(server) as client:
        mark = client.reset_mark()
        entries.insert(0, entries[0] | {"Id": "9001", "MessageId": "IDRAC.1.6.SYS1001"})  # logged late
        assert not client.reset_was_taken(PowerAction.GRACEFUL_RESTART, mark, PowerState.ON)
        entries.insert(0, entries[0] | {"Id": "9002", "MessageId": "IDRAC.1.6.RAC0701"})
        assert client.reset_was_taken(PowerAction.GRACEFUL_RESTART, mark, PowerState.ON)


def test_a_server_that_is_on_proves_no_restart(connect: Connect) -> None:
    tree = small_tree()
    system, entries = tree[SYSTEM], tree[f"{MANAGER}/LogServices/Lclog/Entries"]["Members"]
    restart = PowerAction.GRACEFUL_RESTART
    with ReplayServer(tree) as server, connect(server) as client:
        assert [step.wait_for for step in client.reset_plan(restart)] == [None]
        mark = client.reset_mark()
        assert system["PowerState"] == "On"
        assert not client.reset_was_taken(restart, mark)
        assert not reset_is_over(client, restart, mark)
        # Heard, but the operating system still shuts down.
        entries.insert(0, entries[0] | {"Id": "9001", "MessageId": "IDRAC.2.7.RAC0705"})
        assert client.reset_was_taken(restart, mark)
        assert not reset_is_over(client, restart, mark)
        entries.insert(0, entries[0] | {"Id": "9002", "MessageId": "IDRAC.2.7.SYS1003"})
        assert reset_is_over(client, restart, mark)
        system["PowerState"] = "PoweringOn"
        assert not reset_is_over(client, restart, mark)


def test_an_idrac_that_told_nothing_before_proves_no_restart_of_its_own(connect: Connect) -> None:
    tree = small_tree()
    manager, entries = tree[MANAGER], tree[f"{MANAGER}/LogServices/Lclog/Entries"]["Members"]
    entries.insert(0, entries[0] | {"Id": "9001", "MessageId": "IDRAC.1.6.RAC0182"})
    manager.pop("LastResetTime", None)
    manager.pop("DateTime", None)
    with ReplayServer(tree) as server, connect(server) as client:
        mark = idrac_reset_mark(client)
        assert mark == {"last_reset": "", "clock": ""}
        assert not idrac_reset_was_taken(client, mark)  # the entry is of some restart long ago
        manager["LastResetTime"] = "2026-01-01T00:00:01+00:00"
        assert not idrac_reset_was_taken(client, mark)
