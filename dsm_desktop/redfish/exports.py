"""What an iDRAC hands out as a file without a share: its logs, its inventory, the support collection, a picture of the screen."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from dsm_desktop.net.answer import Answer, BadAnswer
from dsm_desktop.net.links import own_path, safe_path
from dsm_desktop.net.streams import FileDownload
from dsm_desktop.redfish.errors import Missing, RedfishError, messages
from dsm_desktop.redfish.services import action, job_id_of, learned, service
from dsm_desktop.redfish.values import dig, whole

if TYPE_CHECKING:
    from dsm_desktop.redfish.client import RedfishClient

NOT_ACCEPTED = {"SRV104", "SRV085"}
ALREADY_ACCEPTED = {"SRV074", "SRV095"}
NO_SCREEN = {"LC099", "LC100", "LC101", "LC102", "LC103"}
"""The host is off or shows nothing that could be taken."""
PNG = b"\x89PNG\r\n\x1a\n"


def export_lifecycle_log(client: RedfishClient) -> str:
    """Let the iDRAC write its whole lifecycle log; returns the path where it can be fetched (XML)."""
    return _location(client, _call(client, "ExportLCLog", {"ShareType": "Local"}))


def export_hardware_inventory(client: RedfishClient, schema: str) -> str:
    """The same for its hardware inventory; `schema` CIM-XML, Simple or (iDRAC9 6.x and newer) JSON."""
    return _location(client, _call(client, "ExportHWInventory", {"ShareType": "Local", "XMLSchema": schema}))


def fetch_file(client: RedfishClient, path: str, into: FileDownload) -> int | None:
    """Take an exported file; its size, None while the device has not finished it."""
    try:
        answer = client.call("GET", safe_path(path), None, changing=False, timeout=120, into=into)
    except Missing:
        return None
    if answer.status == 200:
        return answer.size
    into.path.unlink(missing_ok=True)  # 202: what came is only the state of the work
    return None


def terms_accepted(client: RedfishClient) -> bool:
    """Whether the terms of SupportAssist (EULA) were accepted on this iDRAC."""
    try:
        answer = _call(client, "SupportAssistGetEULAStatus", {}, changing=False)
    except RedfishError as error:
        if NOT_ACCEPTED & set(error.ids):
            return False
        raise
    return not NOT_ACCEPTED & {m.id for m in messages(answer.data)}


def accept_terms(client: RedfishClient) -> None:
    """Accept them; already accepted is no error."""
    try:
        _call(client, "SupportAssistAcceptEULA", {})
    except RedfishError as error:
        if not ALREADY_ACCEPTED & set(error.ids):
            raise


def start_collection(client: RedfishClient, data: Sequence[str], *, mask: bool) -> tuple[str, str]:
    """Begin a support collection kept on the device; returns its job and the path of its task. `mask` leaves names and
    addresses out (Filter)."""
    body = {
        "ShareType": "Local",
        "DataSelectorArrayIn": list(data),
        "Filter": "Yes" if mask else "No",
        "Transmit": "No",
    }
    answer = _call(client, "SupportAssistCollection", body)
    return job_id_of(client, answer), _location(client, answer)


def collection_path(client: RedfishClient, task: str) -> str:
    """Where a finished collection can be fetched: named by the Location header of its task."""
    return _location(client, client.call("GET", safe_path(task), None, changing=False))


def screenshot(client: RedfishClient) -> bytes:
    """The screen as PNG. Raises RedfishError LC098 (busy), LC099 to LC103 (nothing to be seen)."""
    answer = _call(client, "ExportServerScreenShot", {"FileType": "ServerScreenShot"}, changing=False)
    try:
        picture = base64.b64decode(
            "".join(whole(dig(answer.data, "ServerScreenShotFile")).split()), validate=True
        )
    except (binascii.Error, ValueError) as error:
        raise BadAnswer("the screenshot cannot be decoded", where=client.transport.name) from error
    if not picture.startswith(PNG):
        raise BadAnswer("the screenshot is no PNG picture", where=client.transport.name)
    return picture


def _call(client: RedfishClient, name: str, body: dict[str, Any], *, changing: bool = True) -> Answer:
    """An action of the Lifecycle Controller's service; whether a firmware offers it is found out once."""

    def find() -> str:
        return action(client, service(client, client.manager(), "DellLCService"), name)

    return client.call("POST", learned(client, name, find), body, changing=changing, timeout=120)


def _location(client: RedfishClient, answer: Answer) -> str:
    named = answer.headers.get("location", "")
    if not named:
        raise RedfishError(
            "the device accepted the export and does not say where the file is",
            status=answer.status,
            hint="Export it on the iDRAC's web page.",
            where=client.transport.name,
        )
    return own_path(named, client.transport.endpoint.authority, where=client.transport.name)
