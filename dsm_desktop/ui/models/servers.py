"""The columns of the Servers grid."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dsm_desktop.queries.export import Cell
from dsm_desktop.queries.query_values import Field, plain
from dsm_desktop.queries.server_fields import SERVER_FIELDS
from dsm_desktop.queries.server_row import ServerRow
from dsm_desktop.ui import words
from dsm_desktop.ui.models.columns import Column

if TYPE_CHECKING:
    from dsm_desktop.queries.custom_fields import CustomFieldRow


def _led(row: ServerRow) -> str:
    return {True: "blinking", False: "off", None: ""}[row.led_blinking]


def _memory(row: ServerRow) -> str:
    return words.number(row.memory_gib, "GiB")


def _skew(row: ServerRow) -> str:
    return "" if row.clock_skew_seconds is None else f"{row.clock_skew_seconds:+.0f} s"


def _subsystems(row: ServerRow) -> str:
    """What is not in order; "In order" where all is, empty where nothing was read."""
    bad = [f"{words.subsystem(k)} {v}" for k, v in sorted(row.subsystem_health.items()) if v != "ok"]
    return ", ".join(bad) or ("In order" if row.subsystem_health else "")


COLUMNS: tuple[Column, ...] = (
    Column(
        "health",
        "Health",
        lambda r: r.health,
        status=lambda r: words.health(r.health),
        width=92,
        help="Worst health of all subsystems, as the iDRAC rolls it up",
    ),
    Column(
        "name",
        "Name",
        lambda r: r.label,
        width=160,
        help="Name given here, else host name, service tag or address",
    ),
    Column("tag", "Service tag", lambda r: r.service_tag, width=88),
    Column("model", "Model", lambda r: r.model, text=lambda r: r.model.removeprefix("PowerEdge "), width=80),
    Column("power", "Power", lambda r: r.power_state, status=lambda r: words.power(r.power_state), width=84),
    Column(
        "power_trend",
        "Power trend",
        lambda r: r.power_watts,
        text=lambda r: words.number(r.power_watts, "W"),
        kind="number",
        width=96,
        help="Power drawn over the last day; files and sorting take the newest value",
        left=True,
    ),
    Column(
        "access",
        "Access",
        lambda r: r.access,
        status=lambda r: words.access(r.access),
        width=136,
        help="How far the program gets with this server's BMC",
    ),
    Column("address", "BMC address", lambda r: r.endpoint, kind="address", width=124),
    Column("generation", "iDRAC", lambda r: r.generation, width=72),
    Column(
        "idrac",
        "iDRAC firmware",
        lambda r: r.idrac_version,
        kind="version",
        width=108,
        help="Firmware version of the iDRAC",
    ),
    Column("bios", "BIOS", lambda r: r.bios_version, kind="version", width=76),
    Column("memory", "Memory", lambda r: r.memory_gib, text=_memory, kind="number", width=82),
    Column(
        "watts",
        "Draw",
        lambda r: r.power_watts,
        text=lambda r: words.number(r.power_watts, "W"),
        kind="number",
        width=66,
        help="Power drawn by the server at the last reading",
    ),
    Column(
        "inlet",
        "Inlet",
        lambda r: r.inlet_celsius,
        text=lambda r: words.number(r.inlet_celsius, "°C"),
        kind="number",
        width=66,
        help="Temperature of the air going in",
    ),
    Column(
        "inlet_trend",
        "Inlet trend",
        lambda r: r.inlet_celsius,
        text=lambda r: words.number(r.inlet_celsius, "°C"),
        kind="number",
        width=110,
        shown=False,
        help="Temperature of the air going in over the last day; files and sorting take the newest value",
        left=True,
    ),
    Column(
        "subsystem",
        "Subsystems",
        _subsystems,
        width=110,
        shown=False,
        help="Health by subsystem: dot in order, triangle warning, square critical, ring unknown",
    ),
    Column(
        "read",
        "Last read",
        lambda r: r.facts_at,
        status=lambda r: words.age(r.facts_at),
        kind="time",
        width=104,
        help="Age of what is shown; marked after a day",
    ),
    Column(
        "problem",
        "Problem",
        lambda r: r.problem,
        width=240,
        help="Why the server could not be read the last time",
    ),
    Column(
        "host",
        "Host name",
        lambda r: r.host_name,
        width=150,
        shown=False,
        help="Name the operating system reports",
    ),
    Column("cpu", "Processors", lambda r: r.processor_summary, width=220, shown=False),
    Column("licence", "Licence", lambda r: r.licence, width=130, shown=False, help="iDRAC licence"),
    Column("manufacturer", "Manufacturer", lambda r: r.manufacturer, width=110, shown=False),
    Column("mac", "BMC MAC", lambda r: r.bmc_mac, width=140, shown=False),
    Column("asset", "Asset tag", lambda r: r.asset_tag, width=100, shown=False),
    Column(
        "pdu",
        "PDUs",
        lambda r: r.pdus,
        width=110,
        shown=False,
        help="Power distribution units it hangs on, as written down here",
    ),
    Column("led", "LED", _led, width=80, shown=False, help="Identification light"),
    Column(
        "lockdown",
        "Lockdown",
        lambda r: words.yes_no(r.lockdown),
        width=84,
        shown=False,
        help="Lockdown mode: the iDRAC refuses changes",
    ),
    Column(
        "skew",
        "Clock",
        lambda r: r.clock_skew_seconds,
        text=_skew,
        kind="number",
        width=76,
        shown=False,
        help="How far the iDRAC's clock is off",
    ),
    Column(
        "response",
        "Answer",
        lambda r: r.response_ms,
        text=lambda r: words.number(r.response_ms, "ms"),
        kind="number",
        width=76,
        shown=False,
        help="How long the iDRAC took to answer",
    ),
    Column(
        "inventory",
        "Inventory",
        lambda r: r.inventory_at,
        kind="time",
        width=96,
        shown=False,
        help="Age of the parts and firmware lists",
    ),
    Column(
        "seen",
        "Last seen",
        lambda r: r.seen_at,
        kind="time",
        width=96,
        shown=False,
        help="When it last answered",
    ),
    Column(
        "certificate",
        "Certificate",
        lambda r: r.certificate_expires,
        status=lambda r: words.days_left(r.certificate_expires),
        kind="time",
        width=110,
        shown=False,
        help="How long the certificate of the iDRAC's web server still holds",
    ),
    Column("added", "Added", lambda r: r.added_at, kind="time", width=96, shown=False),
    Column("tags", "Tags", lambda r: ", ".join(r.tags), width=140, shown=False, help="Words of your own"),
    Column("notes", "Notes", lambda r: r.notes.replace("\n", " "), width=200, shown=False),
)

_KINDS = {"number": "number", "date": "version"}


def columns_with(custom: Sequence[CustomFieldRow]) -> tuple[Column, ...]:
    """The program's columns and the operators' own."""
    return (*COLUMNS, *(_own(field) for field in custom))


def fields_with(custom: Sequence[CustomFieldRow]) -> dict[str, Field]:
    """What can be asked of a row, own fields included."""
    return {**SERVER_FIELDS, **{column.key: column.field for column in columns_with(custom)[len(COLUMNS) :]}}


def _own(field: CustomFieldRow) -> Column:
    key = field.key

    def value(row: ServerRow) -> Cell:
        kept: Cell = row.custom.get(key)
        return words.yes_no(kept) if isinstance(kept, bool) else kept

    return Column(
        f"field.{key}",
        field.title,
        value,
        text=lambda row: plain(value(row)),
        kind=_KINDS.get(field.kind, "text"),
        width=120,
        help=field.help or f"Own field ({words.sentence(field.kind).lower()})",
    )
