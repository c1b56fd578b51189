"""BIOS settings: read, staged by PATCH, applied by a job while the host boots; their registry, passwords, secure boot."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from dsm_desktop.simulator.access import Account
from dsm_desktop.simulator.bios import PASSWORDS, SETTINGS, Setting
from dsm_desktop.simulator.exchange import Doc, Request, Response
from dsm_desktop.simulator.messages import Refused
from dsm_desktop.simulator.personas import IDRAC9_4, Persona
from dsm_desktop.simulator.tree.applytime import check_window, commit, settings_object, wanted_time
from dsm_desktop.simulator.tree.base import (
    ROOT,
    SYSTEM,
    Action,
    Resource,
    link,
    links,
    pick,
)

if TYPE_CHECKING:
    from dsm_desktop.simulator.device import Device

_BIOS = f"{SYSTEM}/Bios"
_CLEAR = f"{SETTINGS}/Actions/Oem/DellManager.ClearPending"
_FILE = f"{ROOT}/Registries/BiosAttributeRegistry.v1_0_0"
_KEYS = (
    "ResetAllKeysToDefault",
    "DeleteAllKeys",
    "DeletePK",
    "ResetPK",
    "ResetKEK",
    "ResetDB",
    "ResetDBX",
)
_PASSWORDS = ("SysPassword", "SetupPassword", "PersistentMemPassphrase")


def resources(persona: Persona) -> Iterable[Resource]:
    """BIOS and its registry everywhere."""
    return (
        Resource(_BIOS, "Bios", _bios),
        Resource(SETTINGS, "Bios", _settings),
        Resource(f"{_BIOS}/BiosRegistry", "AttributeRegistry", _registry),
        Resource(_FILE, "MessageRegistryFile", _file, open=True),
        Resource(f"{SYSTEM}/SecureBoot", "SecureBoot", _secure_boot),
    )


def actions(persona: Persona) -> Iterable[Action]:
    """Staging, dropping what is staged, factory values, passwords."""
    power = "ConfigureComponents"
    return (
        Action("PATCH", SETTINGS, power, _patch),
        Action("POST", _CLEAR, power, _clear_pending, since=IDRAC9_4),
        Action("POST", f"{_BIOS}/Actions/Bios.ResetBios", power, _reset),
        Action("POST", f"{_BIOS}/Actions/Bios.ChangePassword", power, _change_password),
        Action("PATCH", f"{SYSTEM}/SecureBoot", power, _patch_secure_boot),
        Action("POST", f"{SYSTEM}/SecureBoot/Actions/SecureBoot.ResetKeys", power, _reset_keys),
    )


# -- reading -------------------------------------------------------------------------------------------------


def _bios(device: Device) -> Doc:
    values = device.bios.values()
    if device.faults.take("pending_as_current") is not None:
        values.update(device.bios.pending())
    doc: Doc = {
        "Id": "Bios",
        "Name": "BIOS Configuration Current Settings",
        "Description": "BIOS Configuration Current Settings",
        "AttributeRegistry": "BiosAttributeRegistry.v1_0_3",
        "Attributes": values,
        "@Redfish.Settings": settings_object(SETTINGS),
        "Actions": {
            "#Bios.ResetBios": {"target": f"{_BIOS}/Actions/Bios.ResetBios"},
            "#Bios.ChangePassword": {"target": f"{_BIOS}/Actions/Bios.ChangePassword"},
        },
    }
    if device.persona.oem_tree:
        doc["Links"] = {**links("SoftwareImages", []), "ActiveSoftwareImage": link(_bios_image(device))}
    return doc


def _bios_image(device: Device) -> str:
    from dsm_desktop.simulator.tree.software import software_path

    row = next(r for r in device.hw.software if r.component == "159" and r.state == "Installed")
    return software_path(device.persona, row)


def _settings(device: Device) -> Doc:
    doc: Doc = {
        "Id": "Settings",
        "Name": "BIOS Configuration Pending Settings",
        "AttributeRegistry": "BiosAttributeRegistry.v1_0_3",
        "Attributes": device.bios.pending(),
        "Description": "BIOS Configuration Pending Settings. These settings will be applied on next system reboot.",
        "Actions": {"Oem": {"DellManager.v1_0_0#DellManager.ClearPending": {"target": _CLEAR}}},
        "Oem": {
            "Dell": {
                "@odata.context": f"{ROOT}/$metadata#DellManager.DellManager",
                "@odata.type": "#DellManager.v1_2_0.DellManager",
                "Jobs": link(device.persona.jobs),
            }
        },
    }
    if not device.persona.oem_tree:
        del doc["Actions"]
    return doc


def _file(device: Device) -> Doc:
    return {
        "Description": "BIOS Attribute Registry File locations",
        "Id": "BiosAttributeRegistry.v1_0_0",
        "Languages": ["en"],
        "Location": [{"Language": "en", "Uri": f"{_BIOS}/BiosRegistry"}],
        "Name": "BIOS Attribute Registry File",
        "Registry": "BiosAttributeRegistry1.0",
    }


def _registry(device: Device) -> Doc:
    """ReadOnly and Hidden stand as they are under the present values; the dependencies say what would change that."""
    bios = device.bios
    values, known = bios.values(), bios.registry
    read_only, hidden = known.marked("ReadOnly", values), known.marked("Hidden", values)
    rows = [
        _row(number, setting, setting.entry.name in read_only, setting.entry.name in hidden)
        for number, setting in enumerate(known.settings.values(), 200)
        if setting.entry.name in values
    ]
    rules = [
        {
            "Dependency": {
                "MapFrom": [
                    {
                        "MapFromAttribute": name,
                        "MapFromCondition": "EQU" if equal else "NEQ",
                        "MapFromProperty": "CurrentValue",
                        "MapFromValue": value,
                    }
                    for name, equal, value in rule.causes
                ],
                "MapToAttribute": rule.target,
                "MapToProperty": rule.what,
                "MapToValue": rule.value,
            },
            "DependencyFor": rule.target,
            "Type": "Map",
        }
        for rule in known.dependencies
    ]
    menus = [
        {
            "DisplayName": title,
            "DisplayOrder": n,
            "MenuName": path.rpartition("/")[2],
            "MenuPath": f"./{path.rpartition('/')[0]}",
            "ReadOnly": False,
        }
        for n, (path, title) in enumerate(known.menus.items(), 100)
    ]
    return {
        "Description": "This registry defines a representation of BIOS Attribute instances",
        "Id": "BiosAttributeRegistry.v1_0_3",
        "Language": "en",
        "Name": "BIOS Attribute Registry",
        "OwningEntity": "Dell",
        "RegistryEntries": {"Attributes": rows, "Dependencies": rules, "Menus": menus},
        "RegistryVersion": "1.0.0",
        "SupportedSystems": [
            {
                "FirmwareVersion": device.hw.bios_version,
                "ProductName": device.hw.model,
                "SystemId": device.hw.tag,
            }
        ],
    }


def _row(number: int, setting: Setting, locked: bool, hidden: bool) -> Doc:
    entry = setting.entry
    row: Doc = {
        "AttributeName": entry.name,
        "CurrentValue": None,
        "DisplayName": setting.title,
        "DisplayOrder": number,
        "HelpText": setting.help,
        "Hidden": hidden,
        "Immutable": entry.read_only,
        "MenuPath": f"./{setting.menu}",
        "ReadOnly": entry.read_only or locked,
        "ResetRequired": True,
        "Type": entry.kind,
        "WriteOnly": entry.kind == "Password",
    }
    if entry.kind == "Enumeration":
        row["Value"] = [{"ValueDisplayName": v, "ValueName": v} for v in entry.values]
        row["WarningText"] = None
    elif entry.kind == "Integer":
        row.update(LowerBound=entry.lowest, UpperBound=entry.highest, ScalarIncrement=0, WarningText=None)
    else:
        expression = f"^[ -~]{{0,{entry.highest}}}$" if entry.kind == "Password" else None
        row.update(MinLength=0, MaxLength=entry.highest, ValueExpression=expression)
    return row


# -- writing -------------------------------------------------------------------------------------------------


def _patch(device: Device, request: Request, body: Any, account: Account) -> Response:
    """Stage, and with an apply time make the job too; nothing is changed when all values are what they are."""
    speak, bios = device.speaker, device.bios
    unknown = pick(body, ("Attributes",))
    if unknown:
        return speak.error(400, speak.info("SYS429", unknown), speak.info("PropertyUnknown", unknown))
    wanted = body.get("Attributes")
    if not isinstance(wanted, dict) or not wanted:
        return speak.error(400, speak.info("SYS428", "Attributes"))
    problems = [p for k, v in wanted.items() if (p := bios.problem(k, v, wanted)) is not None]
    if problems:
        infos = [speak.info(p.key, *p.arguments, related=(f"#/Attributes/{p.name}",)) for p in problems]
        return speak.error(400, *infos)
    time = wanted_time(body) if device.persona.oem_tree else None
    if time is not None:
        check_window(device, body)
    changes = bios.changes(wanted)
    if not changes:
        return speak.success(200)
    bios.stage(changes)
    device.changed(request, body, account, "PATCH Bios/Settings " + ",".join(sorted(changes)))
    return speak.success(200) if time is None else commit(device, SETTINGS, body)


def _clear_pending(device: Device, request: Request, body: Any, account: Account) -> Response:
    if not device.jobs.discard(SETTINGS):
        raise Refused(400, ("RAC1035",))
    device.changed(request, body, account, "ClearPending Bios/Settings")
    return device.speaker.success(200)


def _reset(device: Device, request: Request, body: Any, account: Account) -> Response:
    device.bios.ask_for_reset()
    device.changed(request, body, account, "Bios.ResetBios")
    return device.speaker.success(200)


def _change_password(device: Device, request: Request, body: Any, account: Account) -> Response:
    """Staged like any setting; the job applies it."""
    name, old, new = body.get("PasswordName"), body.get("OldPassword"), body.get("NewPassword")
    if name not in _PASSWORDS:
        raise Refused(400, ("SYS426", str(name), "PasswordName"))
    for key, value in (("OldPassword", old), ("NewPassword", new)):
        if not isinstance(value, str):
            raise Refused(
                400, ("SYS428" if value is None else "SYS424", *((key,) if value is None else ("?", key)))
            )
    if name not in PASSWORDS or old != device.bios.passwords.get(name, "") or len(str(new)) > 32:
        raise Refused(400, ("SYS409",))
    device.bios.stage({name: new})
    device.changed(request, body, account, f"Bios.ChangePassword {name}")
    return device.speaker.success(200)


# -- secure boot ---------------------------------------------------------------------------------------------


def _secure_boot(device: Device) -> Doc:
    enabled = device.bios.values()["SecureBoot"] == "Enabled"
    return {
        "Actions": {
            "#SecureBoot.ResetKeys": {
                "ResetKeysType@Redfish.AllowableValues": list(_KEYS),
                "target": f"{SYSTEM}/SecureBoot/Actions/SecureBoot.ResetKeys",
            }
        },
        "Description": "UEFI Secure Boot",
        "Id": "SecureBoot",
        "Name": "UEFI Secure Boot",
        "SecureBootCurrentBoot": "Enabled" if enabled else "Disabled",
        "SecureBootEnable": enabled,
        "SecureBootMode": device.bios.values()["SecureBootMode"],
    }


def _patch_secure_boot(device: Device, request: Request, body: Any, account: Account) -> Response:
    """The standard property of a BIOS setting: a job that waits for the next boot."""
    speak = device.speaker
    wanted = body.get("SecureBootEnable")
    if not isinstance(wanted, bool):
        return speak.error(400, speak.info("SYS428", "SecureBootEnable"))
    values = {"SecureBoot": "Enabled" if wanted else "Disabled"}
    problem = device.bios.problem("SecureBoot", values["SecureBoot"], values)
    if problem is not None:
        return speak.error(400, speak.info(problem.key, *problem.arguments))
    if not device.bios.changes(values):
        return speak.success(200)
    device.bios.stage(values)
    device.changed(request, body, account, f"PATCH SecureBoot {wanted}")
    return device.jobs.accepted(device.jobs.commit(SETTINGS))


def _reset_keys(device: Device, request: Request, body: Any, account: Account) -> Response:
    """The keys of secure boot; what is asked for happens at the next boot and shows nowhere else."""
    kind = body.get("ResetKeysType")
    if kind not in _KEYS:
        raise Refused(400, ("SYS426", str(kind), "ResetKeysType"))
    device.changed(request, body, account, f"SecureBoot.ResetKeys {kind}")
    return device.speaker.success(200)
