"""One server as the grid shows it; needs no database library, so that rows can be shown before one is loaded."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class ServerRow:
    """One server as the grid shows it; the newest facts with the times they were read (aware UTC).

    `power_watts` in W, `inlet_celsius` in °C, `memory_gib` in GiB, `response_ms` in ms; None = not read or not reported. `pdus` as "A12, B12"; `custom` the operators' own fields by
    key, `tags` their words by name.
    """

    id: int
    name: str
    host_name: str
    service_tag: str | None
    address: str
    port: int
    manufacturer: str
    model: str
    generation: str
    idrac_model: str
    idrac_version: str
    bios_version: str
    redfish_version: str
    licence: str
    processor_summary: str
    memory_gib: float | None
    power_state: str
    health: str
    subsystem_health: dict[str, Any]
    power_watts: float | None
    inlet_celsius: float | None
    led_blinking: bool | None
    lockdown: bool | None
    clock_skew_seconds: float | None
    response_ms: float | None
    access: str
    problem: str
    problem_code: str
    board_serial: str
    uuid: str
    bmc_mac: str
    asset_tag: str
    notes: str
    pdus: str
    trust_mode: str
    fingerprint: str
    old_tls: bool
    assigned_credential_id: int | None
    discovered_credential_id: int | None
    added_at: datetime
    seen_at: datetime | None
    facts_at: datetime | None
    inventory_at: datetime | None
    logs_at: datetime | None
    custom: dict[str, Any] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    certificate_expires: datetime | None = None

    @property
    def label(self) -> str:
        """What an operator calls it: its name, host name, service tag or address, in that order."""
        return self.name or self.host_name or self.service_tag or self.address

    @property
    def endpoint(self) -> str:
        """BMC address, with the port where it is not 443."""
        if self.port == 443:
            return self.address
        return f"[{self.address}]:{self.port}" if ":" in self.address else f"{self.address}:{self.port}"


STORED = tuple(name for name in ServerRow.__dataclass_fields__ if name not in ("tags", "certificate_expires"))
"""The fields that stand in the servers' table, in their order."""

_REPEATED = tuple(
    STORED.index(name)
    for name in (
        "manufacturer", "model", "generation", "idrac_model", "idrac_version", "bios_version", "redfish_version", "licence",
        "processor_summary", "power_state", "health", "access", "problem", "problem_code", "notes", "pdus", "trust_mode",
    )
)  # fmt: skip
_HEALTHS = STORED.index("subsystem_health")


def share(cells: list[Any], known: dict[Any, Any]) -> None:
    """Keep once what many servers have in common (`known`, of one reading): a row of 10,000 is half as large then."""
    for n in _REPEATED:
        cells[n] = known.setdefault(cells[n], cells[n])
    cells[_HEALTHS] = known.setdefault(repr(cells[_HEALTHS]), cells[_HEALTHS])
