"""What can be asked of a server's row, and the words in it; needs no database library."""

from __future__ import annotations

from collections.abc import Mapping

from dsm_desktop.core.domains import pdu_names
from dsm_desktop.queries.query_values import Field, plain
from dsm_desktop.queries.server_row import ServerRow

SERVER_FIELDS: Mapping[str, Field] = {
    field.name: field
    for field in (
        Field("health", lambda r: r.health),
        Field("name", lambda r: r.label),
        Field("tag", lambda r: (r.service_tag or "", *r.tags)),
        Field("tags", lambda r: r.tags),
        Field("model", lambda r: r.model),
        Field("power", lambda r: r.power_state),
        Field("access", lambda r: r.access),
        Field("address", lambda r: r.endpoint),
        Field("generation", lambda r: r.generation),
        Field("host", lambda r: r.host_name),
        Field("problem", lambda r: r.problem),
        Field("code", lambda r: r.problem_code),
        Field("notes", lambda r: r.notes),
        Field("manufacturer", lambda r: r.manufacturer),
        Field("licence", lambda r: r.licence),
        Field("cpu", lambda r: r.processor_summary),
        Field("mac", lambda r: r.bmc_mac),
        Field("uuid", lambda r: r.uuid),
        Field("asset", lambda r: r.asset_tag),
        Field("pdu", lambda r: pdu_names(r.pdus)),
        Field("lockdown", lambda r: r.lockdown),
        Field("led", lambda r: r.led_blinking),
        Field("trust", lambda r: r.trust_mode),
        Field("subsystem", lambda r: tuple(f"{k} {v}" for k, v in r.subsystem_health.items() if v != "ok")),
        Field("idrac", lambda r: r.idrac_version, "version"),
        Field("bios", lambda r: r.bios_version, "version"),
        Field("redfish", lambda r: r.redfish_version, "version"),
        Field("fw.bios", lambda r: r.bios_version, "version"),
        Field("fw.idrac", lambda r: r.idrac_version, "version"),
        Field("memory", lambda r: r.memory_gib, "number"),
        Field("watts", lambda r: r.power_watts, "number"),
        Field("inlet", lambda r: r.inlet_celsius, "number"),
        Field("port", lambda r: r.port, "number"),
        Field("skew", lambda r: r.clock_skew_seconds, "number"),
        Field("response", lambda r: r.response_ms, "number"),
        Field("id", lambda r: r.id, "number"),
        Field("read", lambda r: r.facts_at, "time"),
        Field("seen", lambda r: r.seen_at, "time"),
        Field("inventory", lambda r: r.inventory_at, "time"),
        Field("logs", lambda r: r.logs_at, "time"),
        Field("added", lambda r: r.added_at, "time"),
    )
}
"""Answered from a ServerRow; `query_terms.TERMS` are answered by the database."""


def words_of(row: ServerRow) -> str:
    """What a bare word is looked for in."""
    texts = (
        row.label, row.host_name, row.service_tag or "", row.model, row.endpoint, row.generation, row.health, row.access,
        row.idrac_version, row.bios_version, row.licence, row.processor_summary, row.bmc_mac, row.asset_tag, row.problem,
        row.notes, row.pdus, *row.tags, *map(plain, row.custom.values()),
    )  # fmt: skip
    return "\n".join(texts).lower()
