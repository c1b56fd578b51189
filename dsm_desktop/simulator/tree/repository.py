"""DellSoftwareInstallationService: updates from a repository; and the test of a share."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from dsm_desktop.simulator.access import Account
from dsm_desktop.simulator.exchange import Doc, Request, Response, json_response
from dsm_desktop.simulator.messages import Refused
from dsm_desktop.simulator.personas import IDRAC9_4, IDRAC10, Persona
from dsm_desktop.simulator.shares import Trip
from dsm_desktop.simulator.tree.base import SYSTEM, Action, Resource
from dsm_desktop.simulator.tree.lcservice import LC_SERVICE
from dsm_desktop.simulator.update.repository import Share, Wish, package_list

if TYPE_CHECKING:
    from dsm_desktop.simulator.device import Device

SERVICE: Final = f"{SYSTEM}/Oem/Dell/DellSoftwareInstallationService"
_ACTIONS: Final = f"{SERVICE}/Actions/DellSoftwareInstallationService"
_SHARES: Final = ["CIFS", "FTP", "HTTP", "HTTPS", "NFS", "TFTP"]
_SWITCH: Final = ["Off", "On"]
_LEVELS: Final = ("ApplySameVersions", "ApplyDowngradeVersions")


def resources(persona: Persona) -> Iterable[Resource]:
    """iDRAC9 and newer."""
    return (Resource(SERVICE, "DellSoftwareInstallationService", _service, since=IDRAC9_4),)


def actions(persona: Persona) -> Iterable[Action]:
    """Compare, install, list, and try a share."""
    power = "ConfigureComponents"
    return (
        Action("POST", f"{_ACTIONS}.InstallFromRepository", power, _install, since=IDRAC9_4),
        Action("POST", f"{_ACTIONS}.GetRepoBasedUpdateList", power, _list, since=IDRAC9_4, locked=False),
        Action(
            "POST",
            f"{LC_SERVICE}/Actions/DellLCService.TestNetworkShare",
            power,
            _test_share,
            since=IDRAC9_4,
            locked=False,
        ),
    )


def _levels_are_strings(device: Device) -> bool:
    """No recorded answer shows which they are: this site has both kinds, and the newer one says so in its lists."""
    return device.persona.rank >= IDRAC10


def _service(device: Device) -> Doc:
    strings = _levels_are_strings(device)
    proxies: Doc = {
        "IgnoreCertWarning@Redfish.AllowableValues": _SWITCH,
        "ProxySupport@Redfish.AllowableValues": ["DefaultProxy", "Off", "ParametersProxy"],
        "ProxyType@Redfish.AllowableValues": ["HTTP", "SOCKS"],
    }
    return {
        "Actions": {
            "#DellSoftwareInstallationService.GetRepoBasedUpdateList": {
                "target": f"{_ACTIONS}.GetRepoBasedUpdateList"
            },
            "#DellSoftwareInstallationService.InstallFromRepository": {
                **(
                    {f"{name}@Redfish.AllowableValues": ["False", "True"] for name in _LEVELS}
                    if strings
                    else {}
                ),
                "ApplyUpdate@Redfish.AllowableValues": ["False", "True"],
                **proxies,
                "ShareType@Redfish.AllowableValues": _SHARES,
                "target": f"{_ACTIONS}.InstallFromRepository",
            },
        },
        "Description": "The DellSoftwareInstallationService resource provides some actions to support software installation "
        "functionality.",
        "Id": "DellSoftwareInstallationService",
        "Name": "DellSoftwareInstallationService",
    }


def _text(body: Any, name: str) -> str:
    value = body.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Refused(400, ("SYS424", str(value), name))
    return value


def _share(body: Any) -> Share:
    kind = _text(body, "ShareType").upper()
    if not kind:
        raise Refused(400, ("SYS428", "ShareType"))
    if kind not in _SHARES:
        raise Refused(400, ("SYS426", kind, "ShareType"))
    address = _text(body, "IPAddress")
    if not address:
        raise Refused(400, ("SUP027", "IPAddress"))
    return Share(kind, address, _text(body, "ShareName"), _text(body, "UserName"), _text(body, "Password"))


def _truth(body: Any, name: str, default: bool = False) -> bool:
    """ "True" and "False" as strings, as Dell spells them; other values are refused."""
    value = body.get(name)
    if value is None:
        return default
    if value not in ("True", "False"):
        raise Refused(400, ("SYS426", str(value), name))
    return bool(value == "True")


def _flag(body: Any, name: str) -> bool:
    value = body.get(name, False)
    if not isinstance(value, bool):
        raise Refused(400, ("SYS424", str(value), name))
    return value


def _install(device: Device, request: Request, body: Any, account: Account) -> Response:
    read = _truth if _levels_are_strings(device) else _flag
    level = functools.partial(read, body)
    wish = Wish(
        _share(body),
        _text(body, "CatalogFile") or "Catalog.xml",
        apply=_truth(body, "ApplyUpdate", default=True),
        reboot=_flag(body, "RebootNeeded"),
        same=level("ApplySameVersions"),
        older=level("ApplyDowngradeVersions"),
        user=account.name,
    )
    if _flag(body, "ClearJobQueue"):
        device.jobs.clear()
    job = device.repository.begin(wish)
    device.changed(request, body, account, f"InstallFromRepository:{'apply' if wish.apply else 'compare'}")
    return device.jobs.accepted(job)


def _list(device: Device, request: Request, body: Any, account: Account) -> Response:
    """What the last comparison found; "nothing" is an error here."""
    listed = device.repository.listed
    if listed is None:
        raise Refused(400, ("SUP028",))
    if not listed:
        raise Refused(400, ("SUP029",))
    speak = device.speaker
    infos = [speak.info("SYS413"), speak.info("Success")]
    return json_response(200, {"@Message.ExtendedInfo": infos, "PackageList": package_list(listed)})


def _test_share(device: Device, request: Request, body: Any, account: Account) -> Response:
    """Really tried: a connection from the iDRAC's own address."""
    share = _share(body)
    speak = device.speaker
    url = share.source("").url if share.web else f"{share.kind.lower()}://{share.address}/{share.name}"

    def answer(trip: Trip) -> Response:
        if trip.problem:
            return speak.error(400, speak.info("LC023"))
        return speak.success(200)

    if device.faults.take("share_unreachable") is not None:
        return answer(Trip("unreachable"))
    return Response(
        202,
        later=lambda send: device.errands.run(
            lambda: device.shares.knock(url, share.kind.lower()),
            lambda trip: send(answer(trip)),
            lambda: send(answer(Trip("unreachable"))),
        ),
    )
