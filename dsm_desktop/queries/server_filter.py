"""The names a filter over servers may use, the same in the window and on the command line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dsm_desktop.queries.filter import Field, parse
from dsm_desktop.queries.servers import ServerRow

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


def matching(rows: Sequence[ServerRow], query: str) -> list[ServerRow]:
    """The rows a filter text names ("model:R750 health!=ok"); all for an empty one. Raises FilterError."""
    test = parse(query, SERVER_FIELDS)
    if test is None:
        return list(rows)
    return [row for row in rows if test(row, _words(row))]


def _words(row: ServerRow) -> str:
    texts = (
        row.label,
        row.service_tag or "",
        row.model,
        row.endpoint,
        row.host_name,
        row.generation,
        row.notes,
    )
    return "\n".join(texts).lower()
