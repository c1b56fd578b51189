"""What differs between the generations of iDRAC, as data.

A persona is one firmware line as seen in recordings and Dell's documents. Code asks a persona for a value; it never
asks "which generation is this?". When a property exists on some lines only, `lifetimes.py` says so.
"""

from __future__ import annotations

import dataclasses
import ssl
from typing import Final

IDRAC7, IDRAC8, IDRAC9_4, IDRAC9_5, IDRAC9_6, IDRAC9_7, IDRAC10 = range(7)
"""Rank of each line, oldest first; lifetimes are intervals of ranks."""

RESETS_OLD: Final = ("On", "ForceOff", "ForceRestart", "GracefulShutdown", "PushPowerButton", "Nmi")
RESETS: Final = (
    "On",
    "ForceOff",
    "ForceRestart",
    "GracefulRestart",
    "GracefulShutdown",
    "PushPowerButton",
    "Nmi",
    "PowerCycle",
)


@dataclasses.dataclass(frozen=True, slots=True)
class Persona:
    """One firmware line."""

    key: str
    rank: int
    firmwares: tuple[str, ...]
    redfish_version: str
    server_header: str
    extra_headers: tuple[tuple[str, str], ...]
    keepalive: tuple[int, int]
    idrac_prefix: str
    base_prefix: str
    sessions: str
    """URI of the session collection (Links.Sessions)."""
    account_service: str
    accounts: str
    json_schemas: str
    log_entries: str
    """URI of the entries of a log, `{log}` to be filled in."""
    jobs: str
    scp_key: str
    """Key of SCP actions in Manager.Actions.Oem, `{verb}` to be filled in."""
    scp_target: str
    reset_types: tuple[str, ...]
    same_state_status: int
    """Answer to 'On' when on, 'ForceOff' when off: 204 or 409."""
    basic_advertised: bool
    basic_takes_session: bool
    max_sessions: int
    query: frozenset[str]
    """Query options the firmware understands."""
    indicator_led: bool
    location_indicator: bool
    etags: bool
    string_message_args: bool
    highest_tls: ssl.TLSVersion
    vmedia: tuple[str, ...]
    firmware_fqdd: bool
    """FirmwareInventory ids end in `__<FQDD>`."""
    virtual_uppercase_mac: bool
    models: tuple[str, ...]
    root_oem_type: str = "#DellServiceRoot.v1_0_0.ServiceRootSummary"

    @property
    def oem_tree(self) -> bool:
        """Has …/Oem/Dell/… resources at all (iDRAC9 and newer)."""
        return self.rank >= IDRAC9_4


_SYSTEM: Final = "/redfish/v1/Systems/System.Embedded.1"
_MANAGER: Final = "/redfish/v1/Managers/iDRAC.Embedded.1"
_OLD_HEADERS: Final = (("Access-Control-Allow-Origin", "*"), ("Accept-Ranges", "bytes"))
_NEW_HEADERS: Final = (
    ("Strict-Transport-Security", "max-age=63072000"),
    ("X-Frame-Options", "DENY"),
    ("Vary", "Accept-Encoding"),
)
_ALL_QUERIES: Final = frozenset({"$expand", "$select", "$filter", "$top", "$skip", "only"})

_OLD: Final = Persona(
    key="idrac8",
    rank=IDRAC8,
    firmwares=("2.82.82.82", "2.83.83.83", "2.85.85.85", "2.86.86.86"),
    redfish_version="1.4.0",
    server_header="iDRAC/8",
    extra_headers=_OLD_HEADERS,
    keepalive=(60, 199),
    idrac_prefix="IDRAC.1.6",
    base_prefix="Base.1.2",
    sessions="/redfish/v1/Sessions",
    account_service=f"{_MANAGER}/AccountService",
    accounts=f"{_MANAGER}/Accounts",
    json_schemas="/redfish/v1/JSONSchemas",
    log_entries=_MANAGER + "/Logs/{log}",
    jobs=f"{_MANAGER}/Jobs",
    scp_key="OemManager.v1_1_0#OemManager.{verb}",
    scp_target=_MANAGER + "/Actions/Oem/EID_674_Manager.{verb}",
    reset_types=RESETS_OLD,
    same_state_status=204,
    basic_advertised=True,
    basic_takes_session=True,
    max_sessions=6,
    query=_ALL_QUERIES - {"only"},
    indicator_led=True,
    location_indicator=False,
    etags=False,
    string_message_args=True,
    highest_tls=ssl.TLSVersion.TLSv1_2,
    vmedia=(f"{_MANAGER}/VirtualMedia",),
    firmware_fqdd=False,
    virtual_uppercase_mac=True,
    models=("R630", "R730", "R730xd"),
)

_NINE: Final = dataclasses.replace(
    _OLD,
    key="idrac9-4",
    root_oem_type="#DellServiceRoot.v1_0_0.DellServiceRoot",
    rank=IDRAC9_4,
    firmwares=("4.40.00.00", "4.40.29.00", "4.40.40.00"),
    redfish_version="1.9.0",
    server_header="Apache",
    extra_headers=_NEW_HEADERS,
    keepalive=(60, 199),
    idrac_prefix="IDRAC.2.3",
    base_prefix="Base.1.7",
    sessions="/redfish/v1/SessionService/Sessions",
    account_service="/redfish/v1/AccountService",
    accounts="/redfish/v1/AccountService/Accounts",
    json_schemas="/redfish/v1/JsonSchemas",
    log_entries=_MANAGER + "/LogServices/{log}/Entries",
    jobs=f"{_MANAGER}/Oem/Dell/Jobs",
    scp_key="#OemManager.v1_2_0.OemManager#OemManager.{verb}",
    reset_types=RESETS,
    same_state_status=409,
    basic_takes_session=False,
    max_sessions=8,
    query=_ALL_QUERIES,
    firmware_fqdd=True,
    virtual_uppercase_mac=False,
    models=("R640", "R740", "R740xd"),
)

PERSONAS: Final[tuple[Persona, ...]] = (
    dataclasses.replace(
        _OLD,
        key="idrac7",
        rank=IDRAC7,
        firmwares=("2.65.65.65",),
        models=("R620", "R720", "R820"),
        highest_tls=ssl.TLSVersion.TLSv1_2,
    ),
    _OLD,
    _NINE,
    dataclasses.replace(
        _NINE,
        key="idrac9-5",
        rank=IDRAC9_5,
        firmwares=("5.00.20.00", "5.10.10.00", "5.10.50.00"),
        redfish_version="1.11.0",
        idrac_prefix="IDRAC.2.4",
        base_prefix="Base.1.8",
        models=("R640", "R740", "R750", "R650", "R6515"),
    ),
    dataclasses.replace(
        _NINE,
        key="idrac9-6",
        rank=IDRAC9_6,
        firmwares=("6.00.30.00", "6.10.30.00", "6.10.80.00"),
        redfish_version="1.13.1",
        idrac_prefix="IDRAC.2.7",
        base_prefix="Base.1.12",
        scp_key="#OemManager.v1_4_0.OemManager#OemManager.{verb}",
        location_indicator=False,
        vmedia=(f"{_SYSTEM}/VirtualMedia", f"{_MANAGER}/VirtualMedia"),
        highest_tls=ssl.TLSVersion.TLSv1_3,
        models=("R750", "R650", "R7525", "R6515"),
    ),
    dataclasses.replace(
        _NINE,
        key="idrac9-7",
        rank=IDRAC9_7,
        firmwares=("7.00.60.00", "7.10.30.00", "7.10.70.00", "7.20.30.00"),
        redfish_version="1.18.0",
        idrac_prefix="IDRAC.2.8",
        base_prefix="Base.1.12",
        scp_key="#OemManager.{verb}",
        location_indicator=True,
        vmedia=(f"{_SYSTEM}/VirtualMedia", f"{_MANAGER}/VirtualMedia"),
        highest_tls=ssl.TLSVersion.TLSv1_3,
        models=("R660", "R760", "R6625", "R760xa"),
    ),
    dataclasses.replace(
        _NINE,
        key="idrac10",
        rank=IDRAC10,
        firmwares=("1.20.25.00", "1.20.50.50", "1.30.05.10", "1.30.10.50"),
        redfish_version="1.20.1",
        keepalive=(60, 100),
        idrac_prefix="IDRAC.3.0",
        base_prefix="Base.1.19",
        scp_key="#OemManager.{verb}",
        scp_target=_MANAGER + "/Actions/Oem/OemManager.{verb}",
        same_state_status=204,
        basic_advertised=False,
        indicator_led=False,
        location_indicator=True,
        etags=True,
        string_message_args=False,
        vmedia=(f"{_SYSTEM}/VirtualMedia",),
        highest_tls=ssl.TLSVersion.TLSv1_3,
        models=("R770", "R670", "R7725"),
    ),
)

BY_KEY: Final = {persona.key: persona for persona in PERSONAS}

MIX: Final = (
    "idrac9-6",
    "idrac9-7",
    "idrac8",
    "idrac10",
    "idrac9-5",
    "idrac9-4",
    "idrac7",
    "idrac9-7",
    "idrac9-6",
    "idrac8",
    "idrac9-7",
    "idrac9-5",
    "idrac9-6",
    "idrac10",
    "idrac9-7",
    "idrac9-4",
    "idrac8",
    "idrac9-6",
    "idrac9-7",
    "idrac9-6",
)
"""Generations of a site that names none, repeated: all seven lines within the first seven iDRACs."""
