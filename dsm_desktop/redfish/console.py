"""The virtual console: an address that opens it in a browser, with a one-time sign-in where the iDRAC makes one."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from dsm_desktop.net.answer import BadAnswer
from dsm_desktop.redfish.errors import Forbidden, Missing, Unsupported
from dsm_desktop.redfish.services import action, service
from dsm_desktop.redfish.values import dig, text

if TYPE_CHECKING:
    from dsm_desktop.redfish.client import RedfishClient


def console_address(client: RedfishClient, username: str) -> tuple[str, bool]:
    """(https address, whether it signs in by itself). The address holds a secret in the first case: it is never written down.

    GetKVMSession came with iDRAC9 4.40; older ones, and where licence or privileges do not allow it (403), show their console
    page, where a person signs in and is told. The one-time user lives as
    long as the session that made it: log out only when the page has loaded (about ten seconds).
    """
    base = f"https://{client.transport.endpoint.authority}/console"
    try:
        target = action(client, service(client, client.manager(), "DelliDRACCardService"), "GetKVMSession")
        answer = client.call("POST", target, {"SessionTypeName": "DSM Desktop"})
    except (Missing, Unsupported, Forbidden):
        return base, False
    name, secret = text(dig(answer.data, "TempUsername")), text(dig(answer.data, "TempPassword"))
    if not name or not secret:
        raise BadAnswer("the iDRAC made no console session", where=client.transport.name)
    return (
        f"{base}?username={quote(username, safe='')}&tempUsername={quote(name, safe='')}&tempPassword={quote(secret, safe='')}",
        True,
    )
