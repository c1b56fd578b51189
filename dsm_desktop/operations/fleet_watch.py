"""Look at every server of the list, in one task."""

from __future__ import annotations

import asyncio
from functools import partial

from pydantic import Field

from dsm_desktop.commands.servers import note_problem
from dsm_desktop.commands.watch import Watched, watched_servers
from dsm_desktop.core.errors import DsmError
from dsm_desktop.core.states import Health
from dsm_desktop.jobs import JobContext, Params, Result, ServerClients, Targets, job
from dsm_desktop.operations.reading import access_after
from dsm_desktop.store.inventory import save_facts

AT_ONCE = 64


class WatchParams(Params):
    """Nothing to choose: the whole list is looked at."""


class WatchResult(Result):
    looked_at: int = Field(title="Servers looked at")
    unread: int = Field(title="Not read")
    worse: list[str] = Field(default_factory=list, title="Worse than before")
    better: list[str] = Field(default_factory=list, title="Better than before")


@job(
    "fleet_watch",
    label="Check the whole fleet",
    title="Check the whole fleet",
    targets=Targets.NONE,
    menu="Inventory",
)
async def fleet_watch(ctx: JobContext, params: WatchParams) -> WatchResult:
    """Read health, power and temperature of every server on the list and name those that changed; repeated by itself as the
    watch settings say.

    One task for all, so that a look every few minutes does not fill the store; a server that cannot be read says why in
    the list.
    """
    servers = await ctx.run(partial(_servers, ctx))
    gate = asyncio.Semaphore(AT_ONCE)
    seen: dict[int, Health | None] = {}

    async def one(server: Watched) -> None:
        async with gate:
            ctx.check()
            seen[server.target.server_id] = await ctx.run(partial(_look, ctx, server))
        ctx.progress(len(seen), len(servers), f"Looked at {len(seen)} of {len(servers)}")

    await asyncio.gather(*(one(s) for s in servers))
    worse: list[str] = []
    better: list[str] = []
    for server in servers:
        now = seen[server.target.server_id]
        if now is None or now is server.health or Health.UNKNOWN in (now, server.health):
            continue
        (worse if now.rank > server.health.rank else better).append(f"{server.target.label}: {now.value}")
    unread = sum(health is None for health in seen.values())
    said = f"{len(servers) - unread} of {len(servers)} servers read"
    changes = f", {len(worse)} worse, {len(better)} better" if worse or better else ", nothing changed"
    return WatchResult(
        summary=f"{said}{changes}.", looked_at=len(servers), unread=unread, worse=worse, better=better
    )


def _servers(ctx: JobContext) -> list[Watched]:
    with ctx.write() as uow:
        return watched_servers(uow)


def _look(ctx: JobContext, server: Watched) -> Health | None:
    """Read one server; None when it could not be read, which then stands in the list."""
    server_id = server.target.server_id
    try:
        bmc = ctx.service(ServerClients).server(server.target)
        facts = bmc.facts()
        with ctx.write() as uow:
            save_facts(uow, server_id, facts, response_ms=bmc.response_ms)
    except DsmError as error:
        access = access_after(error)
        if access is not None:
            with ctx.write() as uow:
                note_problem(uow, server_id, error, access)
        return None
    return facts.health
