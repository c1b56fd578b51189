"""AccountService: accounts, roles, and changing them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from dsm_desktop.simulator.access import Account
from dsm_desktop.simulator.exchange import Doc, Request, Response
from dsm_desktop.simulator.messages import Refused
from dsm_desktop.simulator.personas import IDRAC9_4, IDRAC9_6, IDRAC9_7, IDRAC10, Persona
from dsm_desktop.simulator.tree.base import (
    MANAGER,
    ROOT,
    Action,
    Resource,
    collection,
    link,
    listed,
    pick,
    refuse,
    status,
)

if TYPE_CHECKING:
    from dsm_desktop.simulator.device import Device

_ROLES = ("Administrator", "Operator", "ReadOnly", "None")
_STANDARD = {
    "Administrator": ["Login", "ConfigureManager", "ConfigureUsers", "ConfigureSelf", "ConfigureComponents"],
    "Operator": ["Login", "ConfigureComponents", "ConfigureSelf"],
    "ReadOnly": ["Login", "ConfigureSelf"],
    "None": [],
}
_OEM = ["ClearLogs", "AccessVirtualConsole", "AccessVirtualMedia", "TestAlerts", "ExecuteDebugCommands"]
_TYPES = ["Redfish", "SNMP", "OEM", "HostConsole", "ManagerConsole", "IPMI", "KVMIP", "VirtualMedia", "WebUI"]
_OEM_TYPES = ["IPMI", "SOL", "WSMAN", "UI", "RACADM"]


def resources(persona: Persona) -> Iterable[Resource]:
    """The service sat below the manager on iDRAC7/8."""
    base = f"{ROOT}/AccountService" if persona.oem_tree else MANAGER
    accounts, accounts_build = collection(
        "ManagerAccount",
        "Accounts Collection",
        "BMC User Accounts Collection",
        lambda d: [f"{persona.accounts}/{a.slot}" for a in d.access.accounts],
    )
    roles, roles_build = collection(
        "Role", "Roles Collection", "Roles Collection", lambda d: [f"{base}/Roles/{r}" for r in _ROLES]
    )
    none, none_build = collection(
        "Certificate", "Certificate Collection", "A Collection of Certificates", lambda d: []
    )
    providers, providers_build = collection(
        "ExternalAccountProvider", "External Account Provider Collection", "Providers", lambda d: []
    )
    return (
        Resource(persona.account_service, "AccountService", lambda d: _service(d, base)),
        Resource(persona.accounts, accounts, accounts_build),
        Resource(f"{persona.accounts}/{{}}", "ManagerAccount", lambda d, n: _account(d, n, base)),
        Resource(f"{base}/Roles", roles, roles_build),
        Resource(f"{base}/Roles/{{}}", "Role", _role),
        Resource(f"{base}/LDAP/Certificates", none, none_build, since=IDRAC9_4),
        Resource(f"{base}/ActiveDirectory/Certificates", none, none_build, since=IDRAC9_4),
        Resource(f"{base}/ExternalAccountProviders", providers, providers_build, since=IDRAC9_4),
        Resource(f"{MANAGER}/PrivilegeRegistry", "", _privileges, open=True, since=IDRAC9_4),
    )


def actions(persona: Persona) -> Iterable[Action]:
    """A user may always change its own password."""
    yield Action("PATCH", f"{persona.accounts}/{{}}", "ConfigureSelf", _patch)
    yield Action("POST", persona.accounts, "ConfigureUsers", _post, since=IDRAC10)
    yield Action("DELETE", f"{persona.accounts}/{{}}", "ConfigureUsers", _delete, since=IDRAC10)
    if persona.oem_tree:  # scripts still write through the older address
        path = f"{MANAGER}/Accounts/{{}}"
        yield Action("PATCH", path, "ConfigureSelf", _patch, until=IDRAC9_7)


def _service(device: Device, base: str) -> Doc:
    def directory(kind: str, extra: Doc) -> Doc:
        return {
            "Certificates": link(f"{base}/{kind}/Certificates"),
            "AccountProviderType": f"{kind}Service",
            **listed("RemoteRoleMapping", [{"RemoteGroup": "", "LocalRole": "None"}] * 5),
            **listed("ServiceAddresses", [""]),
            "ServiceEnabled": False,
            **extra,
        }

    search = {
        "LDAPService": {
            "SearchSettings": {
                **listed("BaseDistinguishedNames", [""]),
                "GroupNameAttribute": "",
                "UsernameAttribute": "",
            }
        }
    }
    return {
        "AccountLockoutCounterResetAfter": 0,
        "AccountLockoutDuration": 0,
        "AccountLockoutThreshold": 0,
        "Accounts": link(device.persona.accounts),
        "ActiveDirectory": directory(
            "ActiveDirectory",
            {"Authentication": {"AuthenticationType": "UsernameAndPassword", "KerberosKeytab": None}},
        ),
        "AdditionalExternalAccountProviders": link(f"{base}/ExternalAccountProviders"),
        "AuthFailureLoggingThreshold": 2,
        "Description": "BMC User Accounts",
        "Id": "RemoteAccountService",
        "LDAP": directory(
            "LDAP", {"Authentication": {"AuthenticationType": "UsernameAndPassword"}, **search}
        ),
        "LocalAccountAuth": "Fallback",
        "MaxPasswordLength": 40,
        "MinPasswordLength": 0,
        "Name": "Account Service",
        "PrivilegeMap": link(f"{MANAGER}/PrivilegeRegistry"),
        "Roles": link(f"{base}/Roles"),
        "ServiceEnabled": True,
        "Status": status(),
        "SupportedAccountTypes": _TYPES,
        "SupportedOEMAccountTypes": _OEM_TYPES,
    }


def _find(device: Device, number: str) -> Account | None:
    return next((a for a in device.access.accounts if str(a.slot) == number), None)


def _account(device: Device, number: str, base: str) -> Doc | None:
    account = _find(device, number)
    if account is None:
        return None
    return {
        "AccountTypes": _TYPES,
        "Description": "User Account",
        "Enabled": account.enabled,
        "Id": number,
        "Links": {"Role": link(f"{base}/Roles/{account.role}")},
        "Locked": False,
        "Name": "User Account",
        "OEMAccountTypes": _OEM_TYPES,
        "Oem": {
            "Dell": {
                "@odata.type": "#DellManagerAccount.v1_0_0.DellManagerAccount",
                "SNMPv3PassphraseEnabled": "Disabled",
            }
        },
        "Password": None,
        "PasswordChangeRequired": account.must_change,
        "PasswordExpiration": None,
        "RoleId": account.role,
        "SNMP": {
            "AuthenticationKey": None,
            "AuthenticationKeySet": bool(account.name),
            "AuthenticationProtocol": "HMAC_SHA96",
            "EncryptionKey": None,
            "EncryptionKeySet": bool(account.name),
            "EncryptionProtocol": "CFB128_AES128",
        },
        "StrictAccountTypes": False,
        "UserName": account.name,
    }


def _role(device: Device, name: str) -> Doc | None:
    if name not in _ROLES:
        return None
    doc: Doc = {
        **listed("AssignedPrivileges", _STANDARD[name]),
        "Description": f"{name} User Role",
        "Id": name,
        "IsPredefined": True,
        "Name": "User Role",
        "RoleId": name,
    }
    if name == "Administrator":
        doc.update(listed("OemPrivileges", _OEM))
    return doc


def _privileges(device: Device) -> Doc:
    return {
        "@odata.id": f"{MANAGER}/PrivilegeRegistry",
        "@odata.type": "#PrivilegeRegistry.v1_1_4.PrivilegeRegistry",
        "Id": "PrivilegeRegistry",
        "Name": "Privilege Mapping array collection",
        "Description": "Privilege Map",
        **listed("PrivilegesUsed", _STANDARD["Administrator"]),
        **listed("OEMPrivilegesUsed", _OEM),
        **listed("Mappings", []),
    }


# -- changing ------------------------------------------------------------------------------------------------


def _password_problem(device: Device, password: Any) -> str | None:
    """Message key of what the password policy has against a password; each line of firmware has its own words."""
    persona, get = device.persona, device.attributes.get
    if not isinstance(password, str):
        return "SYS424"
    rules = (
        0 < len(password) <= (127 if persona.rank >= IDRAC9_6 else 40),
        len(password) >= int(get("Security.1.PasswordMinimumLength")),
        get("Security.1.PasswordRequireNumbers") == "Disabled" or re.search(r"\d", password),
        get("Security.1.PasswordRequireSymbols") == "Disabled" or re.search(r"[^A-Za-z0-9]", password),
        get("Security.1.PasswordRequireUpperCase") == "Disabled" or re.search(r"[A-Z]", password),
    )
    if all(rules):
        return None
    if not persona.oem_tree:
        return "RAC0518"
    return "RAC1276" if persona.rank >= IDRAC9_6 else "SYS474"


def _check(device: Device, body: Any, target: Account) -> None:
    """Refuse what no account may become. Raises Refused."""
    unknown = pick(body, ("UserName", "Password", "RoleId", "Enabled", "Locked", "Id"))
    if unknown:
        raise Refused(400, ("SYS429", unknown), ("PropertyUnknown", unknown))
    if body.get("RoleId", "None") not in _ROLES:
        raise Refused(400, ("SYS426", str(body["RoleId"]), "RoleId"))
    if "Password" in body:
        problem = _password_problem(device, body["Password"])
        if problem is not None:
            raise Refused(400, (problem, "***", "Password") if problem == "SYS424" else (problem,))
    name = body.get("UserName", target.name)
    if not isinstance(name, str) or len(name) > 16:
        raise Refused(400, ("SYS425", str(name), "UserName"))
    others = (a for a in device.access.accounts if a is not target)
    if name and any(a.name == name for a in others):
        raise Refused(400, ("SYS409",))


def _apply(device: Device, body: Any, target: Account) -> None:
    if "Password" in body:
        target.set_password(str(body["Password"]))
        device.access.close_all(target)
    target.name = str(body.get("UserName", target.name))
    target.role = body.get("RoleId", target.role)
    target.enabled = bool(body.get("Enabled", target.enabled))
    if not target.name:
        target.set_password("")
        target.role, target.enabled = "None", False
        device.access.close_all(target)


def _patch(device: Device, request: Request, body: Any, account: Account, number: str) -> Response:
    target = _find(device, number)
    if target is None:
        return device.speaker.not_found(request.path)
    own = target is account
    if not account.allows("ConfigureUsers") and not (own and set(body) == {"Password"}):
        return refuse(device, account)
    if target.slot == 1:
        raise Refused(400, ("SYS427", "UserName"))
    if not device.persona.oem_tree and body.get("UserName") == "" and target.enabled:
        raise Refused(400, ("SYS443",))  # an account is switched off first, its name goes second
    _check(device, body, target)
    _apply(device, body, target)
    device.changed(request, body, account, f"PATCH Accounts/{number} " + ",".join(sorted(body)))
    return device.speaker.success(200)


def _post(device: Device, request: Request, body: Any, account: Account) -> Response:
    """iDRAC10 makes accounts; older firmware fills empty slots by PATCH."""
    for name in ("UserName", "Password"):
        if name not in body:
            raise Refused(400, ("SYS428", name))
    free = [a for a in device.access.accounts[1:] if not a.name]
    wanted = body.get("Id")
    target = next((a for a in free if wanted is None or str(a.slot) == str(wanted)), None)
    if target is None:
        raise Refused(400, ("SYS409",))
    _check(device, body, target)
    _apply(device, {"RoleId": "None", "Enabled": True, **body}, target)
    device.changed(request, body, account, f"POST Accounts {target.slot}")
    place = f"{device.persona.accounts}/{target.slot}"
    return device.speaker.success(201, "SYS414", (("Location", place),))


def _delete(device: Device, request: Request, body: Any, account: Account, number: str) -> Response:
    target = _find(device, number)
    if target is None or not target.name:
        return device.speaker.not_found(request.path)
    if target is account:
        raise Refused(400, ("SYS409",))
    _apply(device, {"UserName": ""}, target)
    device.changed(request, body, account, f"DELETE Accounts/{number}")
    return Response(204)
