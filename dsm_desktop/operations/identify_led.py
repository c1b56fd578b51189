"""Blink a server so that it is found in the rack."""

from __future__ import annotations

from pydantic import Field

from dsm_desktop.jobs import JobContext, Params, Result, job
from dsm_desktop.operations.reading import reported


class LedParams(Params):
    on: bool = Field(True, title="Blink", description="off = stop blinking")


class LedResult(Result):
    blinking: bool | None = Field(title="Blinking")


@job("identify_led", label="Identify (LED)", title="Identify {target}", menu="Tools")
async def identify_led(ctx: JobContext, params: LedParams) -> LedResult:
    """Blink the server's identification light, or stop it; the light is read back."""
    bmc = ctx.redfish()

    def shown() -> bool | None:
        return True if bmc.facts().led_blinking is params.on else None

    def send() -> bool:
        bmc.set_led(params.on)
        return True

    word = "blinking" if params.on else "steady"
    async with reported(ctx):
        # Setting a light twice does no harm: after a kill it is simply looked at.
        await ctx.step(
            "set LED",
            send,
            changing=True,
            interrupted=shown,
            plan=f"set the identification light of {ctx.target.label} to {word}",
        )
        if ctx.dry_run:
            return LedResult(summary="Nothing was sent (dry run).", blinking=None)
        await ctx.wait_for(
            f"the light of {ctx.target.label} to be {word}",
            shown,
            every=2,
            timeout=30,
        )
    return LedResult(summary=f"The light is {word}.", blinking=params.on)
