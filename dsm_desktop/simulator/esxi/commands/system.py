"""esxcli system: version, names, maintenance mode, settings, encryption, time and shutdown."""

from __future__ import annotations

import datetime as dt
from typing import Final

from dsm_desktop.simulator.esxi.commands.answer import Answer, Row
from dsm_desktop.simulator.esxi.commands.call import Call
from dsm_desktop.simulator.esxi.commands.esxcli import Failure, command
from dsm_desktop.simulator.esxi.commands.options import Option, Parsed, text, truth
from dsm_desktop.simulator.esxi.errors import NoSuchThing
from dsm_desktop.simulator.esxi.services import Setting

_TIMES: Final = (Option("delay", "d"), Option("reason", "r", needed=True))


@command("system version get", "Display the product name, version and build information.")
def version_get(call: Call, options: Parsed) -> Answer:
    image = call.host.image
    return Answer(
        "VersionGet",
        {
            "Product": "VMware ESXi",
            "Version": image.version,
            "Build": f"Releasebuild-{image.build}",
            "Update": image.update,
            "Patch": image.patch,
        },
    )


@command("system hostname get", "Get the host, domain or fully qualified name of the ESX host.")
def hostname_get(call: Call, options: Parsed) -> Answer:
    name, _, domain = call.host.spec.name.partition(".")
    return Answer(
        "SystemHostname",
        {"Domain Name": domain, "Fully Qualified Domain Name": call.host.spec.name, "Host Name": name},
    )


@command("system uuid get", "Get the system UUID.")
def uuid_get(call: Call, options: Parsed) -> str:
    return call.host.uuid


@command("system time get", "Display the current system time.")
def time_get(call: Call, options: Parsed) -> str:
    return dt.datetime.fromtimestamp(call.host.clock.now(), dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@command("system stats uptime get", "Display the number of microseconds the system has been running.")
def uptime_get(call: Call, options: Parsed) -> str:
    return str(int(call.host.uptime * 1_000_000))


@command("system maintenanceMode get", "Get the maintenance mode state of the system.")
def maintenance_get(call: Call, options: Parsed) -> str:
    return "Enabled" if call.host.in_maintenance else "Disabled"


@command(
    "system maintenanceMode set",
    "Enable or disable the maintenance mode of the system.",
    Option("enable", "e", needed=True),
    Option("timeout", "t"),
    Option("vsanmode", "m"),
)
def maintenance_set(call: Call, options: Parsed) -> None:
    host = call.host
    if truth(options, "enable"):
        if host.in_maintenance:
            raise Failure("Maintenance mode is already enabled.")
        if not wait_and_enter(call, float(text(options, "timeout", "0"))):
            raise Failure("Failed to enter maintenance mode: the operation timed out.")
        return
    if not host.in_maintenance:
        raise Failure("Maintenance mode is already disabled.")
    host.exit_maintenance(user=call.user, via=call.via)


def wait_and_enter(call: Call, seconds: float) -> bool:
    """Enter maintenance mode once no machine runs; False after so many simulated seconds (0: wait for ever)."""
    host = call.host
    stuck = host.faults.strike("maintenance_stuck") is not None

    def quiet() -> bool:
        with host.agenda.hold():
            return not stuck and not any(g.runs for g in host.guests.values())

    call.sleep(host.spec.pace.enter)
    if not call.wait(quiet, seconds):
        return False
    host.enter_maintenance(user=call.user, via=call.via)
    return True


@command("system shutdown reboot", "Reboot the system.", *_TIMES)
def shutdown_reboot(call: Call, options: Parsed) -> None:
    _need_maintenance(call)
    call.host.reboot(user=call.user, via=call.via)


@command("system shutdown poweroff", "Power off the system.", *_TIMES)
def shutdown_poweroff(call: Call, options: Parsed) -> None:
    _need_maintenance(call)
    call.host.shut_down(user=call.user, via=call.via)


def _need_maintenance(call: Call) -> None:
    if not call.host.in_maintenance:
        raise Failure("The operation is not allowed: the system is not in maintenance mode.")


@command(
    "system settings advanced list", "List the advanced options.", Option("option", "o"), Option("tree", "t")
)
def settings_list(call: Call, options: Parsed) -> Answer:
    path = text(options, "option")
    settings = call.host.settings
    rows = [settings.find(path)] if path else settings.all()
    answer = Answer("AdvancedOption", [_setting(row) for row in rows], layout="blocks")
    if path:
        return Answer("AdvancedOption", answer.rows[0])
    return answer


def _setting(setting: Setting) -> Row:
    number = isinstance(setting.default, int)
    return {
        "Path": setting.path,
        "Type": "integer" if number else "string",
        "Int Value": int(setting.value) if number else 0,
        "Default Int Value": int(setting.default) if number else 0,
        "Min Value": setting.low,
        "Max Value": setting.high,
        "String Value": "" if number else str(setting.value),
        "Default String Value": "" if number else str(setting.default),
        "Valid Characters": "" if number else "*",
        "Description": setting.help,
    }


@command(
    "system settings advanced set",
    "Set the value of an advanced option.",
    Option("option", "o", needed=True),
    Option("int-value", "i"),
    Option("string-value", "s"),
    Option("default", "d", flag=True),
)
def settings_set(call: Call, options: Parsed) -> None:
    path = text(options, "option")
    try:
        setting = call.host.settings.find(path)
    except NoSuchThing as error:
        raise Failure(f"Unable to find branch or option {path}") from error
    value: int | str = setting.default
    if "int-value" in options:
        number = text(options, "int-value")
        if not number.isdigit():
            raise Failure(f"Error: Invalid data type for --int-value: {number}")
        value = int(number)
    elif "string-value" in options:
        value = text(options, "string-value")
    call.host.set_setting(path, value, user=call.user, via=call.via)


@command("system settings encryption get", "Get the encryption mode and policy.")
def encryption_get(call: Call, options: Parsed) -> Answer:
    _need_7(call)
    if call.host.faults.strike("encryption_unread") is not None:
        raise Failure("Connect to localhost failed: Connection failure.")
    spec = call.host.spec
    return Answer(
        "EncryptionSettings",
        {
            "Mode": spec.encryption,
            "Require Executables Only From Installed VIBs": False,
            "Require Secure Boot": spec.secure_boot and spec.encryption == "TPM",
        },
    )


@command("system settings encryption recovery list", "List recovery keys.")
def recovery_list(call: Call, options: Parsed) -> Answer | str:
    _need_7(call)
    host = call.host
    if host.spec.encryption != "TPM":
        return Answer("RecoveryKeys", [])
    return Answer("RecoveryKeys", [{"Recovery ID": f"{{{host.recovery_id}}}", "Key": host.recovery_key}])


def _need_7(call: Call) -> None:
    """The encrypted configuration came with 7.0 Update 2."""
    if call.host.image.version < "7.0.2":
        raise Failure(f"Error: Unknown command or namespace {' '.join(call.words[1:])}")
