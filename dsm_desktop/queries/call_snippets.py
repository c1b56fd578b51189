"""A recorded call in the operator's own tools: curl, PowerShell, racadm. Accounts are asked for; no secret is ever in them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping
from typing import Any

from dsm_desktop.core.redact import MASK, masked
from dsm_desktop.queries.calls import CallDetail, as_curl, pretty

__all__ = ["as_curl", "as_powershell", "as_racadm", "snippets"]

_POWER = {
    "On": "powerup", "ForceOff": "powerdown", "GracefulShutdown": "graceshutdown", "ForceRestart": "hardreset",
    "PowerCycle": "powercycle",
}  # fmt: skip
"""A graceful restart is missing on purpose: racadm has none, and its shutdown would leave the server off."""


def snippets(call: CallDetail) -> dict[str, str]:
    """Every form this call has, by its name for the menu."""
    found = {"curl": as_curl(call), "PowerShell": as_powershell(call), "racadm": as_racadm(call)}
    return {name: text for name, text in found.items() if text}


def as_powershell(call: CallDetail) -> str:
    """For PowerShell 7: Invoke-RestMethod that asks for the account."""
    row = call.row
    lines = [
        "$account = Get-Credential",
        f"$uri = {_ps(f'https://{row.host}{row.path}')}",
    ]
    options = f"-Uri $uri -Method {_ps(row.method.title())} -Credential $account -Authentication Basic -SkipCertificateCheck"
    if call.request is not None:
        lines.append(f"$body = {_ps(pretty(call.request, None))}")
        options += " -Body $body -ContentType 'application/json'"
    return "\n".join([*lines, f"Invoke-RestMethod {options}"])


def as_racadm(call: CallDetail) -> str | None:
    """The racadm command that does the same, None where there is none. A value that was masked is asked for by the shell."""
    body = masked(call.request) if isinstance(call.request, Mapping) else {}
    for method, pattern, command in _RACADM:
        found = re.search(pattern, call.row.path)
        if found is not None and method == call.row.method:
            text = command(found, body)
            if text:
                host = call.row.host.rsplit(":", 1)[0] if call.row.host.count(":") == 1 else call.row.host
                prefix = f'racadm -r {shlex.quote(host)} -u "$IDRAC_USER" -p "$IDRAC_PASSWORD" '
                return "\n".join(prefix + line for line in text.splitlines())
    return None


def _ps(text: str) -> str:
    """A PowerShell literal; typographic quotation marks end one just as the plain one does."""
    return "'" + re.sub("(['\u2018\u2019\u201a\u201b])", r"\1\1", text) + "'"


def _reset(found: re.Match[str], body: Mapping[str, Any]) -> str | None:
    action = _POWER.get(str(body.get("ResetType")))
    return f"serveraction {action}" if action else None


def _attributes(found: re.Match[str], body: Mapping[str, Any]) -> str | None:
    """Attributes "Group.1.Name" are racadm's own names with the word of their document before them."""
    values = body.get("Attributes")
    if not isinstance(values, Mapping):
        return None
    area = found["area"] or "iDRAC"
    known = [
        (name.removeprefix(f"{area}."), value)
        for name, value in values.items()
        if re.fullmatch(r"[\w.#]+", name)
    ]
    return "\n".join(f"set {area}.{name} {_value(value)}" for name, value in known) or None


def _bios(found: re.Match[str], body: Mapping[str, Any]) -> str | None:
    values = body.get("Attributes")
    if not isinstance(values, Mapping):
        return None
    # racadm finds a BIOS attribute by its group, which Redfish does not say: "get BIOS" lists them.
    lines = [
        f"set BIOS.<group>.{name} {_value(value)}"
        for name, value in values.items()
        if re.fullmatch(r"\w+", name)
    ]
    return "\n".join([*lines, "jobqueue create BIOS.Setup.1-1"]) if lines else None


def _value(value: Any) -> str:
    return '"$VALUE"' if isinstance(value, str) and MASK in value else shlex.quote(str(value))


def _led(found: re.Match[str], body: Mapping[str, Any]) -> str | None:
    if "LocationIndicatorActive" in body:
        return f"setled -l {int(bool(body['LocationIndicatorActive']))}"
    return f"setled -l {int(body['IndicatorLED'] != 'Off')}" if "IndicatorLED" in body else None


def _fixed(text: str) -> Callable[[re.Match[str], Mapping[str, Any]], str]:
    return lambda found, body: text


_RACADM: tuple[tuple[str, str, Callable[[re.Match[str], Mapping[str, Any]], str | None]], ...] = (
    ("POST", r"/Systems/[^/]+/Actions/ComputerSystem\.Reset$", _reset),
    ("POST", r"/Managers/[^/]+/Actions/Manager\.Reset$", _fixed("racreset")),
    (
        "PATCH",
        r"/(?:DellAttributes/(?P<area>iDRAC|System|LifecycleController)\.Embedded\.1|Attributes)/?$",
        _attributes,
    ),
    ("PATCH", r"/Bios/Settings/?$", _bios),
    ("PATCH", r"/Systems/[^/]+/?$", _led),
    ("PATCH", r"/Chassis/[^/]+/?$", _led),
    ("DELETE", r"/Jobs/(JID_\d+)$", lambda found, body: f"jobqueue delete -i {found[1]}"),
    ("GET", r"/Jobs/(JID_\d+)$", lambda found, body: f"jobqueue view -i {found[1]}"),
    ("GET", r"/Jobs/?(\?|$)", _fixed("jobqueue view")),
    ("POST", r"/LogServices/Sel/Actions/LogService\.ClearLog$", _fixed("clrsel")),
    ("POST", r"/LogServices/Lclog/Actions/LogService\.ClearLog$", _fixed("lclog clear")),
    ("GET", r"/LogServices/Sel/Entries", _fixed("getsel")),
    ("GET", r"/LogServices/Lclog/Entries", _fixed("lclog view")),
    ("GET", r"/UpdateService/FirmwareInventory", _fixed("swinventory")),
    ("GET", r"/Chassis/[^/]+/(?:Thermal|Power|Sensors)", _fixed("getsensorinfo")),
    ("GET", r"/Systems/[^/]+/Storage", _fixed("storage get controllers")),
    ("GET", r"/Systems/[^/]+/?(\?|$)", _fixed("getsysinfo")),
    ("GET", r"/Managers/[^/]+/?(\?|$)", _fixed("getversion")),
)
