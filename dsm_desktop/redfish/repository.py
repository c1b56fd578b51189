"""Updates from a catalogue that the iDRAC reads itself: starting one, what it would change, whether it can read the share."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from xml.parsers import expat

from dsm_desktop.net.answer import BadAnswer
from dsm_desktop.redfish.errors import RedfishError
from dsm_desktop.redfish.services import action, allowed, job_id_of, service
from dsm_desktop.redfish.values import dig, text

if TYPE_CHECKING:
    from dsm_desktop.redfish.client import RedfishClient

_SERVICE = "DellSoftwareInstallationService"
NOTHING_TO_DO = {"SUP029", "RED037", "RED064"}
"""Ids of "the firmware matches the catalogue"; SUP029 arrives with HTTP 400 and is a success."""
MAX_LIST = 8 * 2**20
"""Characters of a package list; a server has at most some hundred components of about 1 kB each."""
MAX_PACKAGES = 2000
_MAX_DEPTH = 32
_STRINGS = {True: "True", False: "False"}
_WRONG_FORM = {
    "SYS424",
    "SYS426",
    "PropertyValueTypeError",
    "PropertyValueNotInList",
    "PropertyValueFormatError",
}
"""What a device answers to a boolean where it wants a string, or the other way round; nothing was begun then."""

UNREADABLE = {
    "RED005": "The address of the package is not valid: check share, folder and file name.",
    "RED006": "A package could not be fetched: check the route from the iDRAC, and that the catalogue's base location is blank"
    " or names this share.",
    "RED016": "The iDRAC cannot mount the share: check its name, that it is exported to the iDRAC's address, and firewalls.",
    "RED023": "The Lifecycle Controller is in use: wait, or cancel what uses it.",
    "RED024": "The Lifecycle Controller is in use: wait, or cancel what uses it.",
    "RED050": "The share refused the login: check user name, password and domain.",
    "RED051": "The transfer broke off: check the web server and the link.",
    "RED060": "The catalogue holds no Windows packages, which are the only ones an iDRAC takes.",
    "RED062": "The share refused the login: check user name, password and domain.",
    "RED132": "The catalogue names packages that do not lie beside it: copy the missing files.",
    "SUP0501": "The catalogue is not valid: export it again.",
    "SUP0505": "The catalogue is damaged: copy it again.",
    "SUP0506": "The catalogue cannot be decompressed: copy it again, or serve it as plain XML.",
}
"""Message id → what to do, for shares and catalogues the iDRAC could not read (Dell's EEMI texts 2.7 and field reports)."""


class ShareKind(enum.StrEnum):
    """Protocol of a share that an iDRAC reads."""

    HTTP = "HTTP"
    HTTPS = "HTTPS"
    NFS = "NFS"
    CIFS = "CIFS"


@dataclass(frozen=True, slots=True)
class Share:
    """Where packages lie. `name` is the exported folder (or the path below a web server's root), `login` user and password.

    `check_certificate` is for HTTPS. The login never appears in `repr`.
    """

    kind: ShareKind
    address: str
    name: str = ""
    login: tuple[str, str] | None = None
    workgroup: str = ""
    check_certificate: bool = True

    def __repr__(self) -> str:
        return f"Share({self.kind.value}, {self.address!r}, {self.name!r})"


@dataclass(frozen=True, slots=True)
class RepositoryUpdate:
    """One package that a catalogue has for this server. `reboot` NONE, HOST or IDRAC; `target` the device it is for."""

    name: str
    package: str
    version: str
    component_id: str
    component_type: str
    criticality: str
    reboot: str
    target: str
    job_id: str

    @property
    def fqdd(self) -> str:
        """Device of "DCIM:INSTALLED#701__NIC.Integrated.1-1-1"."""
        return self.target.rpartition("__")[2]


def install_from_repository(
    client: RedfishClient,
    share: Share,
    catalogue: str = "Catalog.xml",
    *,
    apply: bool,
    reboot: bool,
    same_versions: bool = False,
    downgrades: bool = False,
) -> str:
    """Lets the iDRAC compare itself with a catalogue and, with `apply`, update itself; returns the parent's JID.

    The parent ends early: the work is in the jobs it makes. `reboot` restarts the host at once when something needs it.

    ApplyUpdate is a string and RebootNeeded a boolean (Dell's scripts; an R750 with 6.00.30 lists them so). Of ApplySameVersions
    and ApplyDowngradeVersions no recorded answer, schema or script of Dell's tells the type: published clients send strings
    and booleans, neither proven on a device. So the device's own list decides, and the other form is sent once where it is
    refused for its form.
    """
    document = service(client, client.system(), _SERVICE)
    body = _share(share) | {
        "CatalogFile": catalogue,
        # A string and a boolean: that is how Dell's own script sends them, and the other way round is refused.
        "ApplyUpdate": _STRINGS[apply],
        "RebootNeeded": reboot,
        "IgnoreCertWarning": "Off" if share.check_certificate else "On",
    }
    wishes = {"ApplySameVersions": same_versions, "ApplyDowngradeVersions": downgrades}
    names = [name for name, wished in wishes.items() if wished]
    # The device tells which of the two it means: it lists "False" and "True" for its strings (ApplyUpdate on an R750 with
    # 6.00.30), and nothing for its booleans (RebootNeeded, ClearJobQueue there).
    told = {name: bool(allowed(document, "InstallFromRepository", name)) for name in names}
    target = action(client, document, "InstallFromRepository")

    def send(other_way: bool) -> str:
        form = {name: _STRINGS[True] if told[name] is not other_way else True for name in names}
        return job_id_of(client, client.call("POST", target, body | form, timeout=180))

    try:
        return send(other_way=False)
    except RedfishError as error:
        if not names or not set(error.ids) & _WRONG_FORM:
            raise
        return send(other_way=True)


def repository_updates(client: RedfishClient) -> list[RepositoryUpdate]:
    """What the last comparison found; [] when nothing is to be done. Only after `install_from_repository` (else SUP028)."""
    document = service(client, client.system(), _SERVICE)
    target = action(client, document, "GetRepoBasedUpdateList")
    try:
        answer = client.call("POST", target, {}, timeout=120, changing=False)
    except RedfishError as error:
        if NOTHING_TO_DO & set(error.ids):
            return []
        raise
    found = dig(answer.data, "PackageList")
    return parse_package_list(found, client.transport.name) if isinstance(found, str) and found else []


def try_share(client: RedfishClient, share: Share) -> None:
    """Lets the iDRAC try the share. Returns when it can read it; raises ShareUnreadable with what to do about it."""
    document = service(client, client.manager(), "DellLCService")
    target = action(client, document, "TestNetworkShare")
    body = _share(share)
    kinds = allowed(document, "TestNetworkShare", "ShareType")
    if kinds and share.kind.value not in kinds:
        raise ShareUnreadable(
            f"this iDRAC reads no {share.kind.value} shares",
            hint=f"It takes {', '.join(kinds)}.",
            where=client.transport.name,
        )
    try:
        client.call("POST", target, body, timeout=120, changing=False)
    except RedfishError as error:
        raise unreadable(error, share) from error


class ShareUnreadable(RedfishError):
    """The iDRAC cannot read a share or a catalogue, in its own words and with what to do."""


def unreadable(error: RedfishError, share: Share) -> ShareUnreadable:
    """The iDRAC's refusal of a share, with the advice that goes with its message id."""
    advice = next((UNREADABLE[i] for i in error.ids if i in UNREADABLE), "")
    return ShareUnreadable(
        f"the iDRAC cannot read {share.kind.value} {share.address}/{share.name}: {error.message}",
        status=error.status,
        ids=error.ids,
        hint=advice or error.hint or "Check address, share name, login and firewall from the iDRAC's side.",
        where=error.where,
        detail=error.detail,
    )


def _share(share: Share) -> dict[str, Any]:
    body: dict[str, Any] = {"ShareType": share.kind.value, "IPAddress": share.address}
    if share.name:
        body["ShareName"] = share.name
    if share.login is not None:
        body |= {"UserName": share.login[0], "Password": share.login[1]}
    if share.workgroup:
        body["Workgroup"] = share.workgroup
    return body


class _Reader:
    """INSTANCENAME elements with their properties, out of the XML that stands as a string in the answer."""

    def __init__(self) -> None:
        self.found: list[dict[str, str]] = []
        self._open: dict[str, str] | None = None
        self._name = ""
        self._text: list[str] | None = None
        self._depth = 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise ValueError("nested too deep")
        if tag == "INSTANCENAME":
            self._open = {}
        elif tag in ("PROPERTY", "PROPERTY.ARRAY"):
            self._name = attributes.get("NAME", "")
        elif tag == "VALUE":
            self._text = []

    def data(self, data: str) -> None:
        if self._text is not None:
            self._text.append(data)

    def end(self, tag: str) -> None:
        self._depth -= 1
        if tag == "VALUE" and self._text is not None:
            if self._open is not None and self._name:
                self._open.setdefault(self._name, text("".join(self._text)))
            self._text = None
        elif tag == "INSTANCENAME" and self._open is not None:
            self.found.append(self._open)
            self._open = None
            if len(self.found) > MAX_PACKAGES:
                raise ValueError(f"more than {MAX_PACKAGES} packages")

    def refuse(self, *_: object) -> None:
        raise ValueError("a document type is declared, which no iDRAC does")


def parse_package_list(xml: str, where: str = "") -> list[RepositoryUpdate]:
    """Reads PackageList. Raises BadAnswer for anything that is no such XML, too large, or declares a document type."""
    reader = _Reader()
    parser = expat.ParserCreate()
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.data
    parser.StartDoctypeDeclHandler = reader.refuse
    try:
        if len(xml) > MAX_LIST:
            raise ValueError(f"{len(xml)} characters")
        # The text is decoded already; an encoding that its first line may declare does not hold any more.
        body = xml[xml.index("?>") + 2 :] if xml.lstrip().startswith("<?xml") else xml
        parser.Parse(body.strip().encode("utf-8", "replace"), True)
    except (expat.ExpatError, ValueError) as error:
        raise BadAnswer(
            f"the iDRAC's list of updates cannot be read: {error}",
            hint="Update the iDRAC, or update by packages instead.",
            where=where,
        ) from error
    return [_update(row) for row in reader.found]


def _update(row: dict[str, str]) -> RepositoryUpdate:
    return RepositoryUpdate(
        name=row.get("DisplayName", ""),
        package=row.get("PackageName", "") or row.get("PackagePath", "").rpartition("/")[2],
        version=row.get("PackageVersion", ""),
        component_id=row.get("ComponentID", ""),
        component_type=row.get("ComponentType", ""),
        criticality=row.get("Criticality", ""),
        reboot=row.get("RebootType", "").upper(),
        target=row.get("Target", ""),
        job_id=row.get("JobID", ""),
    )
