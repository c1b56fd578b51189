"""Whether the Lifecycle Controller and the host are in a state in which an update or a configuration may begin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dsm_desktop.redfish.errors import Missing, Unsupported
from dsm_desktop.redfish.services import action, learned, service
from dsm_desktop.redfish.values import dig, text

if TYPE_CHECKING:
    from dsm_desktop.redfish.client import RedfishClient

_HOST_BUSY = {
    "InPOST": "the server is in its power-on self-test",
    "CollectingSystemInventory": "the server is collecting its inventory",
    "AutomatedTaskExecution": "the Lifecycle Controller is applying a job",
    "LCUSC": "somebody is in the Lifecycle Controller's own pages",
    "EnteredF2Setup": "somebody is in System Setup (F2)",
    "EnteredF11BootManager": "somebody is in the boot manager (F11)",
}


@dataclass(frozen=True, slots=True)
class LifecycleStatus:
    """In Dell's words. `lc`: Ready, NotInitialized, ReloadingData, Disabled, InRecovery, InUse; `data`: Ready, NotReady;
    `server`: PoweredOff, InPOST, OutOfPOST, CollectingSystemInventory, AutomatedTaskExecution, …; `overall` as `lc`.
    """

    lc: str
    data: str
    server: str
    overall: str

    @property
    def ready(self) -> bool:
        """Update and configuration work may begin."""
        return not self.why

    @property
    def why(self) -> str:
        """What stands in the way, in words; "" when nothing does."""
        if self.lc == "Disabled":
            return "the Lifecycle Controller is switched off"
        if self.lc == "InRecovery":
            return "the Lifecycle Controller is in recovery"
        if self.server in _HOST_BUSY:
            return _HOST_BUSY[self.server]
        if self.lc != "Ready":
            return f"the Lifecycle Controller is not ready ({self.lc or 'no answer'})"
        if self.overall not in ("Ready", ""):
            return f"the remote services are not ready ({self.overall})"
        return ""


def lifecycle_status(client: RedfishClient) -> LifecycleStatus | None:
    """Asked of DellLCService (a POST that changes nothing). None where the firmware has no such service (iDRAC7/8, 3.x).

    After a restart of the host was asked for, the old "Ready" stays for up to two minutes.
    """

    def find() -> str:
        document = service(client, client.manager(), "DellLCService")
        return action(client, document, "GetRemoteServicesAPIStatus")

    try:
        answer = client.call("POST", learned(client, "lifecycle status", find), {}, changing=False)
    except (Missing, Unsupported):
        client.learned.pop("lifecycle status", None)
        return None
    return LifecycleStatus(
        lc=text(dig(answer.data, "LCStatus")),
        data=text(dig(answer.data, "RTStatus")),
        server=text(dig(answer.data, "ServerStatus")),
        overall=text(dig(answer.data, "Status")),
    )


def ready_for_configuration(client: RedfishClient) -> bool | None:
    """Whether update and configuration work may begin now; None where the firmware does not tell (then try, and retry
    on LC068, RAC0679 and 503)."""
    status = lifecycle_status(client)
    return None if status is None else status.ready
