"""BIOS settings as they are: read with their registry and kept."""

from __future__ import annotations

from typing import Any

from dsm_desktop.configuration.standard import BIOS
from dsm_desktop.core.secret_names import is_secret_attribute
from dsm_desktop.jobs import JobContext
from dsm_desktop.net.answer import BadAnswer
from dsm_desktop.net.limits import RetryLater
from dsm_desktop.net.tls import Unreachable
from dsm_desktop.net.transport import NoAnswer
from dsm_desktop.redfish import bios
from dsm_desktop.redfish.errors import DeviceFault, Missing
from dsm_desktop.store.configuration import CURRENT, PENDING, save_settings
from dsm_desktop.store.unit_of_work import UnitOfWork
from dsm_desktop.workflows.settings import ensure_registry

EVERY = 10.0
"""Seconds between two looks at BIOS or its job."""
AWAY = (Unreachable, NoAnswer, BadAnswer, DeviceFault, Missing, RetryLater)
"""While the host restarts, the BIOS resource answers "not ready" for half a minute, and some builds drop it."""


async def read_bios(ctx: JobContext, key: str = "") -> dict[str, Any]:
    """Read present and pending settings, keep them and, once a firmware, the registry. Returns
    {"settings_uri", "registry", "firmware", "count", "pending", "described"}; never the settings themselves."""

    def read() -> dict[str, Any]:
        bmc = ctx.redfish()
        state = bios.read_bios(bmc)
        described = ensure_registry(ctx, bmc, state.registry, state.firmware)
        remember(ctx, state)
        return {
            "settings_uri": state.settings_uri,
            "registry": state.registry,
            "firmware": state.firmware,
            "count": len(state.attributes),
            "pending": {n: v for n, v in state.pending.items() if not is_secret_attribute(n)},
            "described": described,
        }

    return await ctx.step("read BIOS settings", read, key=key, attempts=3)


def remember(ctx: JobContext, state: bios.BiosState) -> None:
    """Present and pending settings into the store. In a pool thread."""

    def save(uow: UnitOfWork) -> None:
        for kind, values in ((CURRENT, state.attributes), (PENDING, state.pending)):
            save_settings(
                uow,
                ctx.target.server_id,
                BIOS,
                kind,
                values,
                registry=state.registry,
                firmware=state.firmware,
                job_id=ctx.job_id,
            )

    ctx.save(save)
