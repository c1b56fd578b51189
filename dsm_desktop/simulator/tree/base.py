"""Small pieces every branch of the tree is made of."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Final

from dsm_desktop.simulator.exchange import Doc, Receiver, Request, Response
from dsm_desktop.simulator.personas import IDRAC7, IDRAC10

if TYPE_CHECKING:
    from dsm_desktop.simulator.access import Account
    from dsm_desktop.simulator.device import Device

ROOT: Final = "/redfish/v1"
SYSTEM: Final = f"{ROOT}/Systems/System.Embedded.1"
CHASSIS: Final = f"{ROOT}/Chassis/System.Embedded.1"
MANAGER: Final = f"{ROOT}/Managers/iDRAC.Embedded.1"
UPDATE: Final = f"{ROOT}/UpdateService"

Build = Callable[..., Doc | None]
"""Makes a document without its @odata annotations from the device and the variable path segments; None is a 404."""

Handle = Callable[..., Response]
"""Carries out a request: (device, request, body, account, *variable segments)."""


@dataclasses.dataclass(frozen=True, slots=True)
class Resource:
    """A readable URI. `{}` in the path stands for one variable segment."""

    path: str
    kind: str
    build: Build
    fresh: float | None = None
    """Seconds a serialised copy stays good (simulated); None: until something changes."""
    since: int = IDRAC7
    until: int = IDRAC10
    open: bool = False
    """Readable without credentials."""
    paged: bool = False
    etag: Callable[[Device], str | None] | None = None
    """ETag of this resource, where firmware sends one for it alone."""
    answer: Callable[..., Response] | None = None
    """(device, document, *segments) -> the answer to a GET, where that is more than the document with 200."""


@dataclasses.dataclass(frozen=True, slots=True)
class Action:
    """A URI that can be written to."""

    verb: str
    path: str
    privilege: str
    handle: Handle
    since: int = IDRAC7
    until: int = IDRAC10
    upload: Callable[[dict[str, str]], Receiver] | None = None
    """Makes what takes the body from its headers, where the body is a file and not JSON."""
    locked: bool = True
    """Refused while system lockdown mode is on; False for what goes on then: power, signing out, questions."""


def link(path: str) -> Doc:
    """A reference."""
    return {"@odata.id": path}


def links(name: str, paths: Iterable[str]) -> Doc:
    """A list of references with its count, to be merged into a document."""
    members = [{"@odata.id": path} for path in paths]
    return {name: members, f"{name}@odata.count": len(members)}


def listed(name: str, values: list[Any]) -> Doc:
    """A list of values with its count."""
    return {name: values, f"{name}@odata.count": len(values)}


def status(health: str | None = "OK", state: str = "Enabled", rollup: bool = False) -> Doc:
    """A Status object."""
    result: Doc = {"Health": health, "State": state}
    if rollup:
        result["HealthRollup"] = health
    return result


def collection(
    kind: str, name: str, description: str, paths: Callable[[Device], Iterable[str]]
) -> tuple[str, Build]:
    """Kind and builder of a collection of links."""

    def build(device: Device, *segments: str) -> Doc:
        return {"Name": name, "Description": description, **links("Members", paths(device))}

    return f"{kind}Collection", build


def worst(healths: Iterable[str]) -> str:
    """The worst of some health values."""
    seen = set(healths)
    return next((h for h in ("Critical", "Warning") if h in seen), "OK")


def embedded(kind: str, version: str, path: str, name: str, body: Doc) -> Doc:
    """A Dell resource shown inside another document."""
    return {
        "@odata.context": f"{ROOT}/$metadata#{kind}.{kind}",
        "@odata.id": path,
        "@odata.type": f"#{kind}.{version}.{kind}",
        "Id": path.rsplit("/", 1)[-1],
        "Name": name,
        **body,
    }


def pick(body: Any, known: Iterable[str]) -> str | None:
    """The first key of a request body that is not known."""
    allowed = set(known)
    return next((key for key in body if key not in allowed and not key.startswith("@")), None)


def require_json(request: Request) -> Any:
    """Body of a request; an empty one counts as {}. Raises ValueError."""
    return request.json() if request.body else {}


def refuse(device: Device, account: Account) -> Response:
    """403 for a missing privilege."""
    speak = device.speaker
    return speak.error(403, speak.info("SYS479"), speak.info("InsufficientPrivilege"))
