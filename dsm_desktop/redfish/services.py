"""Dell's own services around manager and system, found by their links, and the targets of their actions.

They moved once (iDRAC9 before 4.40: /redfish/v1/Dell/…, later …/Oem/Dell/…), so neither is ever put together from parts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from dsm_desktop.net.answer import Answer
from dsm_desktop.net.links import own_path, safe_path
from dsm_desktop.redfish.documents import Doc, link
from dsm_desktop.redfish.errors import RedfishError, Unsupported
from dsm_desktop.redfish.values import dig, text

if TYPE_CHECKING:
    from dsm_desktop.redfish.client import RedfishClient


def service(client: RedfishClient, owner: Doc, name: str) -> Doc:
    """Document of a Dell service that a manager or system links to ("DellJobService"). Raises Unsupported without one."""
    path = link(owner, "Links", "Oem", "Dell", name)
    if not path:
        raise Unsupported(
            f"this iDRAC has no {name}",
            hint="It came with iDRAC9 firmware 3.30; update the iDRAC, or use its web page.",
            where=client.transport.name,
        )
    return client.get(safe_path(path, where=client.transport.name))


def action(client: RedfishClient, document: Doc, name: str) -> str:
    """Target path of a document's action, Dell's own included. `name` as "SimpleUpdate" or "DellLCService.SystemErase".

    Raises Unsupported when the document does not offer it.
    """
    for listed, entry in _actions(document.get("Actions")):
        if listed == name or listed.endswith("." + name):
            return safe_path(entry.get("target"), where=client.transport.name)
    raise Unsupported(
        f"this iDRAC does not offer {name}",
        hint="Its firmware is too old for that, or a licence is missing.",
        where=client.transport.name,
    )


def offers(document: Doc, name: str) -> bool:
    """Whether a document lists the action."""
    return any(
        listed == name or listed.endswith("." + name) for listed, _ in _actions(document.get("Actions"))
    )


def allowed(document: Doc, name: str, parameter: str) -> tuple[str, ...]:
    """Values that an action says it takes for a parameter; () when it does not say."""
    for listed, entry in _actions(document.get("Actions")):
        if listed == name or listed.endswith("." + name):
            values = entry.get(f"{parameter}@Redfish.AllowableValues")
            return tuple(text(v) for v in values) if isinstance(values, list) else ()
    return ()


def _actions(actions: Any) -> Iterator[tuple[str, Doc]]:
    """(name, entry): "#A.B" gives "A.B"; Dell's own stand one level lower, as "DellX.v1_1_0#DellX.B"."""
    for key, entry in actions.items() if isinstance(actions, dict) else ():
        if key == "Oem":
            yield from _actions(entry)
        elif isinstance(entry, dict):
            yield key.rpartition("#")[2], entry


def learned(client: RedfishClient, what: str, find: Callable[[], str]) -> str:
    """A path that takes GETs to find and does not move while the device runs: found once per client."""
    path = client.learned.get(what)
    if path is None:
        path = client.learned[what] = find()
    return path


def job_id_of(client: RedfishClient, answer: Answer) -> str:
    """The JID or RID that an accepted call names in its Location header (the body of a 202 is often empty).

    Raises RedfishError when it names none: the device said yes and nobody can follow what it does.
    """
    location = answer.headers.get("location", "")
    path = own_path(location, client.transport.endpoint.authority) if location else ""
    named = path.rstrip("/").rpartition("/")[2] or text(dig(answer.data, "Id"))
    if not named:
        raise RedfishError(
            "the device accepted the call and named no job",
            status=answer.status,
            hint="Look at the iDRAC's job queue.",
            where=client.transport.name,
        )
    return named
