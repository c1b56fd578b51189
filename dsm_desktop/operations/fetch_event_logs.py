"""Bring a server's own logs into the store."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from dsm_desktop.core.inventory import LogKind
from dsm_desktop.jobs import JobContext, Params, Result, job
from dsm_desktop.operations.reading import read_server
from dsm_desktop.redfish.client import RedfishClient
from dsm_desktop.store.inventory import last_log_marker, save_log_events


class EventLogParams(Params):
    sel: bool = Field(True, title="System event log (SEL)")
    lifecycle: bool = Field(True, title="Lifecycle log", description="can be long on the first read")


class EventLogResult(Result):
    new_entries: int = Field(title="New entries")


@job("fetch_event_logs", label="Fetch logs", title="Logs of {target}", menu="Inventory")
async def fetch_event_logs(ctx: JobContext, params: EventLogParams) -> EventLogResult:
    """Fetch what was logged since the last time from the system event log and the lifecycle log, to search them offline."""
    wanted = [(params.sel, LogKind.SEL), (params.lifecycle, LogKind.LIFECYCLE)]
    kinds = [kind for chosen, kind in wanted if chosen]
    total = 0
    for number, kind in enumerate(kinds):
        ctx.progress(number, len(kinds), f"Reading the {kind.value} log")

        def read(bmc: RedfishClient, kind: LogKind = kind) -> dict[str, Any]:
            with ctx.write() as uow:
                since = last_log_marker(uow, ctx.target.server_id, kind)
            events = bmc.log_events(kind, since)
            with ctx.write() as uow:
                return {"new": save_log_events(uow, ctx.target.server_id, kind, events)}

        total += (await read_server(ctx, f"read {kind.value} log", read))["new"]
    ctx.progress(len(kinds), len(kinds), "Read")
    return EventLogResult(summary=f"{total} new log entries.", new_entries=total)
