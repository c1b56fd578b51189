"""S6: whatever link a device hands out, no other host hears from the client."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from dsm_desktop.core.errors import DsmError
from dsm_desktop.core.inventory import LogKind
from dsm_desktop.core.states import PowerAction
from dsm_desktop.net.links import ForeignLink, own_path, safe_path
from tests.kit.replay import ReplayServer, make_certificate, reply
from tests.net.raw import RawServer, http
from tests.redfish.conftest import Connect
from tests.redfish.small import CHASSIS, MANAGER, SYSTEM, V1, small_tree

CERTIFICATE = make_certificate("s6")
STYLES = {
    "absolute": "https://{trap}/redfish/v1/x",
    "plain http": "http://{trap}/redfish/v1/x",
    "slashes": "//{trap}/redfish/v1/x",
    "three slashes": "///{trap}/redfish/v1/x",
    "userinfo": "https://{own}@{trap}/redfish/v1/x",
    "bare userinfo": "@{trap}/redfish/v1/x",
    "mapped": "https://[::ffff:127.0.0.2]:{port}/redfish/v1/x",
    "backslashes": "/\\{trap}\\redfish\\v1\\x",
    "dots": "/redfish/v1/../../../{trap}/x",
    "hidden dots": "/redfish/%2e%2e/%2e%2e//{trap}/x",
    "new line": "/redfish/v1/x\r\nHost: {trap}\r\n",
    "upper case": "HTTPS://{trap}/REDFISH/V1/x",
}
PLACES = {
    "sessions link": (V1, ("Links", "Sessions", "@odata.id")),
    "systems link": (V1, ("Systems", "@odata.id")),
    "update service": (V1, ("UpdateService", "@odata.id")),
    "processors": (SYSTEM, ("Processors", "@odata.id")),
    "member": (f"{SYSTEM}/Processors", ("Members", 0, "@odata.id")),
    "next page": (f"{SYSTEM}/Processors", ("Members@odata.nextLink",)),
    "drive": (f"{SYSTEM}/Storage/RAID.1", ("Drives", 0, "@odata.id")),
    "reset target": (SYSTEM, ("Actions", "#ComputerSystem.Reset", "target")),
    "log services": (MANAGER, ("LogServices", "@odata.id")),
    "power": (CHASSIS, ("Power", "@odata.id")),
}


@pytest.fixture(scope="module")
def trap() -> Iterator[RawServer]:
    """A second host that answers everything and should never be asked."""
    with RawServer(lambda tls, request, number: tls.sendall(http(b"{}")), host="127.0.0.2") as server:
        yield server


def everything(client: Any) -> int:
    """Calls all there is; counts the refusals."""
    refused = 0
    for call in (
        client.facts, client.inventory, lambda: client.log_events(LogKind.LIFECYCLE), client.clock, client.sessions,
        lambda: client.reset(PowerAction.FORCE_OFF), lambda: client.set_led(True), client.reset_idrac,
    ):  # fmt: skip
        try:
            call()
        except DsmError:
            refused += 1
    client.close()
    return refused


def address(server: ReplayServer, trap: RawServer, style: str) -> str:
    return style.format(trap=f"127.0.0.2:{trap.port}", own=f"127.0.0.1:{server.port}", port=trap.port)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("style", STYLES)
def test_links_in_documents(place: str, style: str, trap: RawServer, connect: Connect) -> None:
    documents = json.loads(json.dumps(small_tree()))
    path, steps = PLACES[place]
    with ReplayServer(documents, certificate=CERTIFICATE) as server:
        spot: Any = documents[path]
        for step in steps[:-1]:
            spot = spot[step]
        spot[steps[-1]] = address(server, trap, STYLES[style])
        client = connect(server)
        everything(client)
        assert server.log
    assert trap.connections == 0


@pytest.mark.parametrize("style", STYLES)
def test_location_of_the_session(style: str, trap: RawServer, connect: Connect) -> None:
    def hook(verb: str, path: str, handler: Any) -> Any:
        if verb == "POST" and path.endswith("/Sessions"):
            target = address(server, trap, STYLES[style]).replace("\r\n", "\r\n ")
            return reply(
                201,
                {"@odata.id": address(server, trap, STYLES[style])},
                {"X-Auth-Token": "t", "Location": target},
            )
        return None

    with ReplayServer(small_tree(), certificate=CERTIFICATE, hook=hook) as server:
        assert everything(connect(server)) > 0
    assert trap.connections == 0


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("verb", ["GET", "POST", "DELETE", "PATCH"])
def test_redirects(status: int, verb: str, trap: RawServer, connect: Connect) -> None:
    def hook(asked: str, path: str, handler: Any) -> Any:
        if asked == verb and path != V1:
            return status, {"Location": f"https://127.0.0.2:{trap.port}{path}"}, b""
        return None

    with ReplayServer(small_tree(), certificate=CERTIFICATE, hook=hook) as server:
        everything(connect(server))
    assert trap.connections == 0


def test_what_is_a_path_of_this_device() -> None:
    for good in (
        "/redfish/v1",
        "/redfish/v1/",
        "/redfish/v1/X?$expand=*($levels=1)",
        "/redfish/v1/A/Disk.Bay.0:RAID.1",
    ):
        assert safe_path(good) == good
    assert safe_path("/redfish/v1/Chassis/1/Power#/PowerSupplies/0") == "/redfish/v1/Chassis/1/Power"
    assert own_path("https://10.0.0.1/redfish/v1/S/1", "10.0.0.1") == "/redfish/v1/S/1"
    for bad in (None, 5, "", "/", "/other", "/redfishx", "redfish/v1", "/redfish/v1/a b", "/redfish/v1/ü", "/redfish/" + "x" * 3000,
                "/redfish/v1/./x", "/redfish/%5c%5chost", "/redfish/v1/%0d%0aX"):  # fmt: skip
        with pytest.raises(ForeignLink):
            safe_path(bad)
    for bad in (
        "https://10.0.0.1:8443/redfish/v1",
        "http://10.0.0.1/redfish/v1",
        "https://u@10.0.0.1/redfish/v1",
        "https://[::1/x",
    ):
        with pytest.raises(ForeignLink):
            own_path(bad, "10.0.0.1")
