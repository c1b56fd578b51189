"""Bring a server's own logs into the store."""

from __future__ import annotations

from functools import partial
from typing import Any

from pydantic import Field

from dsm_desktop.commands.message_texts import load_registry
from dsm_desktop.core.errors import DsmError
from dsm_desktop.core.inventory import LogKind
from dsm_desktop.jobs import JobContext, Params, Result, job
from dsm_desktop.operations.reading import read_server
from dsm_desktop.queries.messages import known_messages, message_sources
from dsm_desktop.redfish.client import RedfishClient
from dsm_desktop.redfish.registries import message_registry, read_registry
from dsm_desktop.redfish.values import text
from dsm_desktop.store.inventory import last_log_marker, save_log_events


class EventLogParams(Params):
    sel: bool = Field(True, title="System event log (SEL)")
    lifecycle: bool = Field(True, title="Lifecycle log", description="can be long on the first read")


class EventLogResult(Result):
    new_entries: int = Field(title="New entries")


@job("fetch_event_logs", label="Fetch logs", title="Logs of {target}", menu="Inventory")
async def fetch_event_logs(ctx: JobContext, params: EventLogParams) -> EventLogResult:
    """Fetch what was logged since the last time from the system event log and the lifecycle log, to search them offline.

    Messages nobody knows yet are explained from the iDRAC's own registry, which is read once for each firmware and kept.
    """
    wanted = [(params.sel, LogKind.SEL), (params.lifecycle, LogKind.LIFECYCLE)]
    kinds = [kind for chosen, kind in wanted if chosen]
    total = unknown = 0
    for number, kind in enumerate(kinds):
        ctx.progress(number, len(kinds), f"Reading the {kind.value} log")

        def read(bmc: RedfishClient, kind: LogKind = kind) -> dict[str, Any]:
            with ctx.write() as uow:
                since = last_log_marker(uow, ctx.target.server_id, kind)
            events = bmc.log_events(kind, since)
            ids = {e.message_id for e in events if kind is LogKind.LIFECYCLE and e.message_id}
            with ctx.write() as uow:
                new = save_log_events(uow, ctx.target.server_id, kind, events)
                unknown = ids - known_messages(uow.session.connection(), ids)
            return {"new": new, "unknown": len(unknown)}

        found = await read_server(ctx, f"read {kind.value} log", read)
        total, unknown = total + found["new"], unknown + found["unknown"]
    if unknown:
        ctx.progress(len(kinds), len(kinds), "Learning what the messages mean")
        await ctx.step("learn the messages", partial(_learn, ctx))
    ctx.progress(len(kinds), len(kinds), "Read")
    return EventLogResult(summary=f"{total} new log entries.", new_entries=total)


def _learn(ctx: JobContext) -> int:
    """Keep the device's message registry, once for each firmware; how many messages. Logs without it are worth as much."""
    bmc = ctx.redfish()
    try:
        found = message_registry(bmc)
        if found is None:
            return 0
        source = f"{found[0]} of iDRAC {text(bmc.manager().get('FirmwareVersion'))}"
        with ctx.write() as uow:
            if source in message_sources(uow.session.connection()):
                return 0
        registry = read_registry(bmc, found[1])
        with ctx.write() as uow:
            return load_registry(uow, registry, source)
    except DsmError as error:
        ctx.log(f"The messages' explanations could not be read: {error.message}", "warning")
        return 0
