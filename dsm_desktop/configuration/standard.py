"""A site's standard: a few dozen settings in plain words, as a file, and what each means on a server.

Keys of the desired set are "<component>#<attribute>" with the attribute's Redfish name ("iDRAC.Embedded.1#NTPConfigGroup.1.NTPEnable",
"BIOS.Setup.1-1#SysProfile"); profiles write the same as "NTPConfigGroup.1#NTPEnable".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from dsm_desktop.configuration.differences import same_value
from dsm_desktop.core.errors import BadInput
from dsm_desktop.core.secret_names import is_secret_attribute

IDRAC, SYSTEM, LIFECYCLE, BIOS = (
    "iDRAC.Embedded.1",
    "System.Embedded.1",
    "LifecycleController.Embedded.1",
    "BIOS.Setup.1-1",
)
MAX_FILE = 1 * 2**20
Switch = Literal["Enabled", "Disabled"]
Value = str | int | bool


class SiteStandard(BaseModel):
    """The desired set. What is left out is not looked at. No secrets: SNMP communities and passwords do not belong in a file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field("Site standard", min_length=1, max_length=80, title="Name")
    ntp_servers: list[str] | None = Field(None, max_length=3, title="NTP servers")
    time_zone: str | None = Field(None, max_length=32, title="Time zone")
    dns_servers: list[str] | None = Field(None, max_length=2, title="DNS servers")
    dns_domain: str | None = Field(None, max_length=254, title="DNS domain")
    syslog_servers: list[str] | None = Field(None, max_length=3, title="Syslog servers")
    syslog_port: int | None = Field(None, ge=1, le=65535, title="Syslog port")
    snmp_agent: Switch | None = Field(None, title="SNMP agent")
    snmp_version: Literal["All", "SNMPv3"] | None = Field(None, title="SNMP versions")
    alerts: Switch | None = Field(None, title="Alerts")
    alert_targets: list[str] | None = Field(None, max_length=8, title="Alert destinations (SNMP traps)")
    mail_server: str | None = Field(None, max_length=254, title="Mail server")
    mail_addresses: list[str] | None = Field(None, max_length=4, title="Mail addresses for alerts")
    web_timeout_seconds: int | None = Field(None, ge=60, le=10800, title="Web session time-out (s)")
    web_tls: Literal["TLS 1.1 and Higher", "TLS 1.2 and Higher", "TLS 1.3 Only"] | None = Field(
        None, title="TLS of the web server"
    )
    ipmi_over_lan: Switch | None = Field(None, title="IPMI over LAN")
    ssh: Switch | None = Field(None, title="SSH")
    allowed_users: list[str] | None = Field(None, max_length=16, title="Users that may be enabled")
    bios: dict[str, Value] = Field(default_factory=dict, max_length=200, title="BIOS settings")
    attributes: dict[str, Value] = Field(
        default_factory=dict, max_length=500, title="Other settings (iDRAC names, Group.1.Name)"
    )

    @field_validator("bios", "attributes")
    @classmethod
    def _no_secrets(cls, values: dict[str, Value]) -> dict[str, Value]:
        held = sorted(name for name in values if is_secret_attribute(name))
        if held:
            raise ValueError(f"{held[0]} holds a secret and does not belong in a file")
        return values

    def desired(self) -> dict[str, Value]:
        """Key → value. Lists also empty the places they do not fill, so that no foreign server stays in use."""
        found: dict[str, Value] = {}

        def idrac(name: str, value: Value | None) -> None:
            if value is not None:
                found[f"{IDRAC}#{name}"] = value

        def listed(values: list[str] | None, names: list[str], empty: str = "") -> None:
            if values is not None:
                for number, name in enumerate(names):
                    idrac(name, values[number] if number < len(values) else empty)

        if self.ntp_servers is not None:
            idrac("NTPConfigGroup.1.NTPEnable", "Enabled" if self.ntp_servers else "Disabled")
        listed(self.ntp_servers, [f"NTPConfigGroup.1.NTP{n}" for n in (1, 2, 3)])
        idrac("Time.1.Timezone", self.time_zone)
        listed(self.dns_servers, [f"IPv4Static.1.DNS{n}" for n in (1, 2)], "0.0.0.0")
        idrac("NIC.1.DNSDomainName", self.dns_domain)
        if self.syslog_servers is not None:
            idrac("SysLog.1.SysLogEnable", "Enabled" if self.syslog_servers else "Disabled")
        listed(self.syslog_servers, [f"SysLog.1.Server{n}" for n in (1, 2, 3)])
        idrac("SysLog.1.Port", self.syslog_port)
        idrac("SNMP.1.AgentEnable", self.snmp_agent)
        idrac("SNMP.1.SNMPProtocol", self.snmp_version)
        idrac("IPMILan.1.AlertEnable", self.alerts)
        if self.alert_targets is not None:
            for n in range(1, 9):
                filled = n <= len(self.alert_targets)
                idrac(f"SNMPAlert.{n}.Destination", self.alert_targets[n - 1] if filled else "")
                idrac(f"SNMPAlert.{n}.State", "Enabled" if filled else "Disabled")
        idrac("RemoteHosts.1.SMTPServerIPAddress", self.mail_server)
        if self.mail_addresses is not None:
            for n in range(1, 5):
                filled = n <= len(self.mail_addresses)
                idrac(f"EmailAlert.{n}.Address", self.mail_addresses[n - 1] if filled else "")
                idrac(f"EmailAlert.{n}.Enable", "Enabled" if filled else "Disabled")
        idrac("WebServer.1.Timeout", self.web_timeout_seconds)
        idrac("WebServer.1.TLSProtocol", self.web_tls)
        idrac("IPMILan.1.Enable", self.ipmi_over_lan)
        idrac("SSH.1.Enable", self.ssh)
        for name, value in self.attributes.items():
            found[f"{component_of(name)}#{name}"] = value
        found |= {f"{BIOS}#{name}": value for name, value in self.bios.items()}
        return found


_GROUPS = {
    SYSTEM: ("ServerPwr", "ServerTopology", "ThermalSettings", "LCD", "QuickSync", "ServerOS", "PSRedPolicy"),
    LIFECYCLE: ("LCAttributes",),
}


def component_of(name: str) -> str:
    """Which DellAttributes document an attribute stands in, by its group."""
    group = name.partition(".")[0]
    return next((fqdd for fqdd, groups in _GROUPS.items() if group in groups), IDRAC)


@dataclass(frozen=True, slots=True)
class Deviation:
    """A setting that is not as the standard wants it. `missing`: this server does not have it, so it cannot be fixed."""

    key: str
    wanted: Any
    found: Any
    missing: bool = False


def deviations(standard: SiteStandard, values: Mapping[str, Any]) -> list[Deviation]:
    """What of a server's values (keys as in `desired`) is not as wanted; users that should not be enabled included."""
    found = []
    for key, wanted in standard.desired().items():
        if key not in values:
            found.append(Deviation(key, wanted, None, missing=True))
        elif not _equal(key, wanted, values[key]):
            found.append(Deviation(key, wanted, values[key]))
    if standard.allowed_users is not None:
        allowed = {name.lower() for name in standard.allowed_users}
        for key, value in values.items():
            name = key.partition("#")[2]
            if name.startswith("Users.") and name.endswith(".UserName") and value:
                switch = key.removesuffix("UserName") + "Enable"
                if str(value).lower() not in allowed and values.get(switch) == "Enabled":
                    found.append(Deviation(switch, "Disabled", "Enabled"))
    return found


def _equal(key: str, wanted: Any, found: Any) -> bool:
    if same_value(wanted, found):
        return True
    # Devices write an unset address as "", "0.0.0.0" or "::" as they please.
    nothing = ("", "0.0.0.0", "::", "None")
    return str(wanted) in nothing and (found is None or str(found) in nothing)


def parse_standard(text: str | bytes) -> SiteStandard:
    """From the file's JSON. BadInput names each wrong field in words."""
    data = text.encode() if isinstance(text, str) else text
    if len(data) > MAX_FILE:
        raise BadInput("The file is too large for a site standard.", hint="Check that it is the right file.")
    try:
        return SiteStandard.model_validate(orjson.loads(data))
    except orjson.JSONDecodeError as error:
        raise BadInput(f"The site standard is no JSON: {error}.", hint="Mend the file.") from None
    except ValidationError as error:
        lines = [f"{'.'.join(str(p) for p in e['loc']) or 'file'}: {e['msg']}" for e in error.errors()]
        raise BadInput(
            "The site standard cannot be used: " + "; ".join(lines[:8]), hint="Correct the named fields."
        ) from None


def standard_text(standard: SiteStandard) -> str:
    """The file: JSON without what is left out, to be kept under version control."""
    body = standard.model_dump(mode="json", exclude_none=True)
    return orjson.dumps(
        {k: v for k, v in body.items() if v not in ({},)}, option=orjson.OPT_INDENT_2
    ).decode()
