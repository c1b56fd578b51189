"""Firmware of one BMC: what it runs and keeps, the ways it takes a package, sending one, going back to the previous one.

Each call that makes a job returns its JID; following it is `device_jobs`. A job that ended well proves nothing: read
`installed_firmware` again.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dsm_desktop.core.inventory import Firmware, FirmwareState
from dsm_desktop.net.links import own_path, safe_path
from dsm_desktop.net.streams import MultipartUpload
from dsm_desktop.redfish.documents import Doc, link
from dsm_desktop.redfish.errors import Missing, RedfishError, Unsupported
from dsm_desktop.redfish.firmware import firmware, once_per_fqdd
from dsm_desktop.redfish.services import action, allowed, job_id_of, offers
from dsm_desktop.redfish.values import dig, integer, text

if TYPE_CHECKING:
    from dsm_desktop.redfish.client import RedfishClient

UPLOAD_PATIENCE = 600.0
"""Seconds a block may take to leave, and the device to answer after the last: an iDRAC unpacks a package before it does."""


class Way(enum.StrEnum):
    """How a package reaches the iDRAC."""

    MULTIPART = "multipart"
    """Pushed from here in one request (iDRAC9 from about 4.40, iDRAC10)."""
    HTTP_PUSH = "http_push"
    """Pushed from here in two: the file, then what to do with it (iDRAC7/8, older iDRAC9)."""
    SIMPLE_UPDATE = "simple_update"
    """Fetched by the iDRAC from a URI."""


class ApplyTime(enum.StrEnum):
    """When a package is applied. IMMEDIATE may restart the host by itself: only for what needs no restart."""

    IMMEDIATE = "Immediate"
    ON_RESET = "OnReset"


SIMPLE_UPDATE, INSTALL = "UpdateService.SimpleUpdate", "DellUpdateService.Install"
_RESTARTS_AT_ONCE = re.compile(r"4\.(0\d|10|40)\.")
"""iDRAC9 whose SimpleUpdate restarts the host whatever it was told; later 4.2x and 5.00 wait."""
_INSTALL_UPON = {ApplyTime.IMMEDIATE: "Now", ApplyTime.ON_RESET: "NextReboot"}


@dataclass(frozen=True, slots=True)
class UpdateOffer:
    """What the update service says it takes: paths ("" = not offered), protocols and apply times of SimpleUpdate."""

    multipart: str
    http_push: str
    install: str
    simple_update: str
    protocols: tuple[str, ...]
    apply_times: tuple[str, ...]

    @property
    def pushes(self) -> Way | None:
        """The best way to send a file from here; None when only fetching is offered."""
        if self.multipart:
            return Way.MULTIPART
        return Way.HTTP_PUSH if self.http_push and (self.install or self.simple_update) else None


def update_offer(client: RedfishClient) -> UpdateOffer:
    """Reads the update service. Raises Unsupported without one."""
    document = _service(client)
    where = client.transport.name
    pushed = text(document.get("HttpPushUri"))
    multipart = text(document.get("MultipartHttpPushUri"))
    simple = dig(document, "Actions", "#UpdateService.SimpleUpdate") or {}
    times = dig(simple, "@Redfish.OperationApplyTimeSupport", "SupportedValues")
    return UpdateOffer(
        multipart=safe_path(multipart, where=where) if multipart else "",
        http_push=safe_path(pushed, where=where) if pushed else "",
        install=action(client, document, INSTALL) if offers(document, INSTALL) else "",
        simple_update=action(client, document, "SimpleUpdate") if offers(document, "SimpleUpdate") else "",
        protocols=allowed(document, "SimpleUpdate", "TransferProtocol"),
        apply_times=tuple(text(t) for t in times) if isinstance(times, list) else (),
    )


def installed_firmware(client: RedfishClient) -> tuple[Firmware, ...]:
    """What runs, what is kept for rollback, what was pushed and not applied. One GET where $expand works, else one each."""
    path = safe_path(link(_service(client), "FirmwareInventory"), where=client.transport.name)
    try:
        return once_per_fqdd(client.documents.members(path))
    finally:
        client.documents.forget()


def system_id(client: RedfishClient) -> str:
    """Dell's number of the server model as catalogues and packages write it ("0716"); "" where the BMC does not tell (iDRAC7/8)."""
    number = integer(dig(client.system(), "Oem", "Dell", "DellSystem", "SystemID"))
    return f"{number:04X}" if number else ""


@dataclass(frozen=True, slots=True)
class Sending:
    """What is told while a file is sent: `progress` (bytes, of bytes), `check` may stop it, `commit` before its last bytes."""

    progress: Callable[[int, int], None]
    check: Callable[[], None]
    commit: Callable[[], None]


def push_multipart(client: RedfishClient, file: Path, apply: ApplyTime, sending: Sending) -> str:
    """Sends a package and what to do with it in one request; returns the JID."""
    target = update_offer(client).multipart
    if not target:
        raise Unsupported("this iDRAC takes no multipart upload", where=client.transport.name)
    parameters: dict[str, Any] = {"Targets": [], "@Redfish.OperationApplyTime": apply.value, "Oem": {}}
    body = _file(file, "UpdateFile", {"UpdateParameters": parameters}, sending)
    return job_id_of(client, client.call("POST", target, None, upload=body, timeout=UPLOAD_PATIENCE))


def push_file(client: RedfishClient, file: Path, sending: Sending) -> str:
    """Sends a package into the iDRAC's upload slot (HttpPushUri); returns the URI of what lies there now.

    The ETag of the firmware inventory proves that nobody sent another file meanwhile: without it 428, with an old one 412.
    """
    offer = update_offer(client)
    if not offer.http_push:
        raise Unsupported("this iDRAC takes no pushed file", where=client.transport.name)
    etag = client.call("GET", offer.http_push, None, changing=False).headers.get("etag", "")
    answer = client.call(
        "POST",
        offer.http_push,
        None,
        upload=_file(file, "file", {}, sending),
        headers={"If-Match": etag} if etag else {},
        timeout=UPLOAD_PATIENCE,
    )
    location = answer.headers.get("location", "") or text(dig(answer.data, "@odata.id"))
    if not location:
        raise RedfishError(
            "the iDRAC took the file and did not say where it put it",
            hint="Look at the iDRAC's update page.",
            where=client.transport.name,
        )
    return own_path(location, client.transport.endpoint.authority, where=client.transport.name)


def install_pushed(client: RedfishClient, uri: str, apply: ApplyTime) -> str:
    """Applies what `push_file` has sent; returns the JID."""
    offer = update_offer(client)
    return _install(client, offer.install, uri, apply) if offer.install else fetch(client, uri, apply)


def _install(client: RedfishClient, action_uri: str, uri: str, apply: ApplyTime) -> str:
    body: dict[str, Any] = {"SoftwareIdentityURIs": [uri], "InstallUpon": _INSTALL_UPON[apply]}
    return job_id_of(client, client.call("POST", action_uri, body, timeout=180))


def fetching(client: RedfishClient, apply: ApplyTime, *, local: bool) -> tuple[UpdateOffer, str]:
    """What the service offers, and which action takes a package from a URI, or (`local`) from the iDRAC's own inventory.

    SimpleUpdate without OnReset leaves it to the firmware when the host restarts, and iDRAC9 4.00 to 4.10 and 4.40 restart it at
    once all the same. There Dell's own Install action waits (NextReboot); it takes what lies in the inventory only. Raises
    Unsupported where nothing can be told to wait.
    """
    offer = update_offer(client)
    waits = ApplyTime.ON_RESET.value in offer.apply_times
    if waits and apply is ApplyTime.ON_RESET:
        waits = not _RESTARTS_AT_ONCE.match(text(client.manager().get("FirmwareVersion")))
    if apply is ApplyTime.ON_RESET and not waits:
        if local and offer.install:
            return offer, INSTALL
        raise Unsupported(
            "this iDRAC cannot be told to wait for the restart with a package that it fetches",
            hint="Choose the way 'push'."
            if not local
            else "Send the package of that version from the library.",
            where=client.transport.name,
        )
    if not offer.simple_update:
        raise Unsupported("this iDRAC offers no SimpleUpdate", where=client.transport.name)
    return offer, SIMPLE_UPDATE


def fetch(client: RedfishClient, uri: str, apply: ApplyTime, *, login: tuple[str, str] | None = None) -> str:
    """The iDRAC takes the package from a URI, or from its own inventory (Available-, Previous-); returns the JID.

    `login` is user name and password of a share. Raises Unsupported for a protocol the iDRAC does not list, and where it
    would restart the host by itself.
    """
    offer, by = fetching(client, apply, local=uri.startswith("/"))
    if by == INSTALL:
        return _install(client, offer.install, uri, apply)
    body: dict[str, Any] = {"ImageURI": uri}
    if not uri.startswith("/"):
        body["TransferProtocol"] = _protocol(client, uri, offer)
    if login is not None:
        body |= {"Username": login[0], "Password": login[1]}
    if apply.value in offer.apply_times:
        body["@Redfish.OperationApplyTime"] = apply.value
    return job_id_of(client, client.call("POST", offer.simple_update, body, timeout=180))


def roll_back(client: RedfishClient, entry: Firmware, apply: ApplyTime) -> str:
    """Goes back to a version the iDRAC keeps (an entry in state PREVIOUS); returns the JID."""
    if entry.state is not FirmwareState.PREVIOUS:
        raise ValueError(f"{entry.id} is not kept for rollback")
    return fetch(client, inventory_uri(client, entry), apply)


def inventory_uri(client: RedfishClient, entry: Firmware) -> str:
    """Where an entry of the firmware inventory stands, found among the members. Raises Missing when it has gone."""
    path = safe_path(link(_service(client), "FirmwareInventory"), where=client.transport.name)
    for doc in client.documents.members(path):
        if text(doc.get("Id")) == entry.id and firmware(doc).state is entry.state:
            found = link({"": doc}, "")
            client.documents.forget()
            return safe_path(found, where=client.transport.name)
    raise Missing(
        f"the iDRAC does not keep {entry.name} {entry.version} any more",
        hint="Read the firmware again.",
        where=client.transport.name,
    )


def _service(client: RedfishClient) -> Doc:
    path = link(client.root(), "UpdateService")
    if not path:
        raise Unsupported("this BMC has no update service", where=client.transport.name)
    return client.get(safe_path(path, where=client.transport.name))


def _protocol(client: RedfishClient, uri: str, offer: UpdateOffer) -> str:
    """NFS shares have no scheme ("10.0.0.5:/share/x.exe")."""
    scheme = uri.partition("://")[0].upper() if "://" in uri else "NFS"
    if offer.protocols and scheme not in offer.protocols:
        raise Unsupported(
            f"this iDRAC fetches no packages by {scheme}",
            hint=f"It takes {', '.join(offer.protocols)}.",
            where=client.transport.name,
        )
    return scheme


def _file(file: Path, field: str, parts: dict[str, Any], sending: Sending) -> MultipartUpload:
    return MultipartUpload(
        file, field, parts, progress=sending.progress, check=sending.check, commit=sending.commit
    )
