"""Ask how a server is, in one or two requests."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from dsm_desktop.core.states import Health, PowerState
from dsm_desktop.jobs import JobContext, Params, Result, job
from dsm_desktop.operations.reading import read_server
from dsm_desktop.redfish.client import RedfishClient
from dsm_desktop.store.inventory import save_facts


class HealthParams(Params):
    """Nothing to choose."""


class HealthResult(Result):
    health: Health = Field(title="Health")
    power_state: PowerState = Field(title="Power")
    problems: list[str] = Field(default_factory=list, title="Not in order")


@job("health_check", label="Check health", title="Health of {target}", menu="Inventory")
async def health_check(ctx: JobContext, params: HealthParams) -> HealthResult:
    """Read power state, health roll-ups, power draw and inlet temperature; one or two requests per server."""

    def read(bmc: RedfishClient) -> dict[str, Any]:
        facts = bmc.facts()
        response_ms = bmc.response_ms
        ctx.save(lambda uow: save_facts(uow, ctx.target.server_id, facts, response_ms=response_ms))
        bad = [
            f"{name}: {health.value}"
            for name, health in sorted(facts.subsystem_health.items())
            if health.rank > Health.OK.rank
        ]
        return {"health": facts.health.value, "power_state": facts.power_state.value, "problems": bad}

    found = await read_server(ctx, "read health", read)
    words = f"Health {found['health']}, power {found['power_state'].replace('_', ' ')}"
    trouble = f" ({', '.join(found['problems'])})" if found["problems"] else ""
    return HealthResult(summary=f"{words}{trouble}.", **found)
