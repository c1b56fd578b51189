"""Alarm actions (mail, SNMP, scripts) of a host kept silent for the time of its maintenance; the alarms themselves go on to show."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AsyncExitStack
from functools import partial

from dsm_desktop.jobs import JobContext
from dsm_desktop.vmware.errors import NoPrivilege
from dsm_desktop.workflows.maintenance import (
    ATTEMPTS,
    NotYet,
    change,
    lasting,
    moid_of,
    read_host,
    target_host,
)

MUTED = "alarm actions"
"""Name on the restore list."""


async def mute(
    ctx: JobContext, undo: AsyncExitStack, *, every: float, stays: Callable[[], bool] = lambda: False
) -> None:
    """Until `undo` is unwound, or longer where `stays` says so then. A host whose actions are off already is left so afterwards;
    where the account may not do it, the work goes on and the log says so."""
    label, moid = ctx.target.label, moid_of(ctx)
    if target_host(ctx).vcenter_id is None:
        ctx.log(f"{label} has no vCenter, so there are no alarm actions to mute.", "warning")
        return
    acts = await ctx.step("read alarm actions", partial(_act, ctx), returns=bool | None, attempts=ATTEMPTS)
    if not acts:
        told = "are off already and stay so" if acts is False else "cannot be read, so they are left alone"
        ctx.log(f"The alarm actions of {label} {told}.", "info" if acts is False else "warning")
        return
    await undo.enter_async_context(
        ctx.always(
            MUTED,
            f"Let the alarms of {label} act again (mail, SNMP)",
            lasting(partial(let_act, ctx, every), every),
            original={"actions": True},
            stays=stays,
        )
    )
    try:
        await change(
            ctx,
            "mute alarm actions",
            partial(_mute, ctx),
            key="",
            taken=lambda: "muted" if _act(ctx) is False else None,
            plan=f"EnableAlarmActions {moid} enabled=false",
        )
    except NoPrivilege as error:
        ctx.log(f"{error.message} The alarms of {label} may send mail and SNMP meanwhile.", "warning")
        return
    ctx.log(f"The alarms of {label} show, and send nothing until it is back.")


def let_act(ctx: JobContext, every: float) -> None:
    """On again, wherever it stands; NotYet until it is seen so."""
    if _act(ctx) is not False:
        return
    ctx.vcenter().enable_alarm_actions(moid_of(ctx), True)
    if _act(ctx) is False:
        raise NotYet("The alarm actions are being switched on.", every=every, where=ctx.target.label)


def _act(ctx: JobContext) -> bool | None:
    return read_host(ctx).alarm_actions


def _mute(ctx: JobContext) -> str:
    ctx.vcenter().enable_alarm_actions(moid_of(ctx), False)
    if _act(ctx) is not False:
        raise NotYet("vCenter does not show the alarm actions as off yet.", every=2, where=ctx.target.label)
    return "muted"
