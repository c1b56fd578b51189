"""What of a server's row can be asked for by name: the plain part of the query language."""

from __future__ import annotations

from collections.abc import Mapping

from dsm_desktop.queries.filter import Field

SERVER_FIELDS: Mapping[str, Field] = {
    field.name: field
    for field in (
        Field("health", lambda r: r.health),
        Field("name", lambda r: r.label),
        Field("tag", lambda r: r.service_tag),
        Field("model", lambda r: r.model),
        Field("power", lambda r: r.power_state),
        Field("access", lambda r: r.access),
        Field("address", lambda r: r.endpoint),
        Field("generation", lambda r: r.generation),
        Field("idrac", lambda r: r.idrac_version, "version"),
        Field("bios", lambda r: r.bios_version, "version"),
        Field("memory", lambda r: r.memory_gib, "number"),
        Field("watts", lambda r: r.power_watts, "number"),
        Field("inlet", lambda r: r.inlet_celsius, "number"),
        Field("host", lambda r: r.host_name),
        Field("read", lambda r: r.facts_at, "time"),
        Field("problem", lambda r: r.problem),
        Field("notes", lambda r: r.notes),
    )
}
