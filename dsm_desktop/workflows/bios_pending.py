"""Whether an iDRAC has staged or withdrawn BIOS settings as it said: some answer yes and do nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from dsm_desktop.configuration.differences import same_value
from dsm_desktop.jobs import JobContext, TimedOut
from dsm_desktop.net.limits import RetryLater
from dsm_desktop.net.transport import NoAnswer
from dsm_desktop.redfish.bios import pending_settings
from dsm_desktop.workflows.settings import SettingsNotApplied

EVERY = 5.0
WITHIN = 30.0
"""Seconds in which a change of what is staged shows."""


async def prove_staged(ctx: JobContext, uri: str, values: Mapping[str, Any]) -> None:
    """Raises SettingsNotApplied where one of them does not stand among the pending settings."""

    def missing() -> list[str]:
        pending = pending_settings(ctx.redfish(), uri)
        return [name for name, value in values.items() if not same_value(pending.get(name), value)]

    if lacking := await _still(ctx, "the settings to show as staged", missing):
        raise SettingsNotApplied(
            f"The iDRAC said that it was done, and has not staged {', '.join(lacking)}.",
            hint="'Withdraw what waits' takes back what it has staged. Restart the iDRAC when it goes on so.",
            where=ctx.target.label,
        )


async def prove_withdrawn(ctx: JobContext, uri: str) -> None:
    """Raises SettingsNotApplied where something is still staged after it was withdrawn."""
    if left := await _still(
        ctx, "nothing to show as staged", lambda: list(pending_settings(ctx.redfish(), uri))
    ):
        raise SettingsNotApplied(
            f"The iDRAC said that it was done, and still has staged: {', '.join(left)}.",
            hint="The next BIOS job applies it. Clear the iDRAC's job queue, or restart the iDRAC and try again.",
            where=ctx.target.label,
        )


async def _still(ctx: JobContext, what: str, wrong: Callable[[], list[str]]) -> list[str]:
    """What is wrong after the time in which it may be; nothing as soon as nothing is."""
    try:
        await ctx.wait_for(
            what,
            lambda: None if wrong() else True,
            every=EVERY,
            timeout=WITHIN,
            tolerate=(RetryLater, NoAnswer),
        )
    except TimedOut:
        return await ctx.run(wrong)
    return []
