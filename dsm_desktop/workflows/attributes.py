"""iDRAC, system and Lifecycle Controller attributes: read with their registry, changed at once, proven by reading back."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from dsm_desktop.configuration.checking import Verdicts
from dsm_desktop.configuration.differences import same_value
from dsm_desktop.configuration.own_account import shuts_out
from dsm_desktop.configuration.standard import component_of
from dsm_desktop.jobs import JobContext
from dsm_desktop.net.answer import BadAnswer
from dsm_desktop.net.limits import RetryLater
from dsm_desktop.net.tls import Unreachable
from dsm_desktop.net.transport import NoAnswer
from dsm_desktop.redfish.attributes import AttributeGroup, read_attributes, write_attributes
from dsm_desktop.redfish.client import RedfishClient
from dsm_desktop.redfish.errors import DeviceFault, LockedDown, RedfishError
from dsm_desktop.redfish.values import text
from dsm_desktop.store.configuration import CURRENT, save_settings
from dsm_desktop.store.unit_of_work import UnitOfWork
from dsm_desktop.vault.resolve import CredentialResolver
from dsm_desktop.workflows.settings import (
    Outcome,
    SettingResult,
    compared,
    ensure_registry,
    judged,
    kept_registry,
    plain,
    refuse,
    refuse_unproven,
    told,
)

_AWAY = (Unreachable, NoAnswer, BadAnswer, DeviceFault, RetryLater)


async def read_all(ctx: JobContext, key: str = "") -> dict[str, Any]:
    """Read and keep every component's attributes, and once a firmware their registry. Returns
    {component: {"uri", "registry", "firmware", "count", "described"}}; never the attributes themselves."""

    def read() -> dict[str, Any]:
        bmc = ctx.redfish()
        firmware = _firmware(bmc)
        groups = read_attributes(bmc)
        found = {}
        for group in groups:
            found[group.component] = {
                "uri": group.uri,
                "registry": group.registry,
                "firmware": firmware,
                "count": len(group.attributes),
                "described": ensure_registry(ctx, bmc, group.registry, firmware, group.component),
            }
        _remember(ctx, groups, firmware)
        return found

    return await ctx.step("read attributes", read, key=key, attempts=3)


async def change_attributes(
    ctx: JobContext, wanted: Mapping[str, Any], *, skip_refused: bool = False
) -> list[SettingResult]:
    """Validate, PATCH each component once, read back. Raises SettingsRefused (nothing was sent), SettingsNotApplied."""
    groups = await read_all(ctx)
    plan = await ctx.step("check the attributes", partial(_check, ctx, groups, dict(wanted)))
    lines = refuse(ctx, Verdicts(plan["accepted"], plan["refused"], plan["unchanged"]), skip=skip_refused)
    lines += [
        SettingResult(name=n, old=plain(v), wanted=plain(v), now=plain(v), outcome=Outcome.UNCHANGED)
        for n, v in plan["unchanged"].items()
    ]
    why = ""
    for component, info in groups.items():
        mine = {n: v for n, v in plan["accepted"].items() if plan["component"][n] == component}
        if mine:
            said = await _write(ctx, component, info["uri"], mine)
            why = why or said
    if ctx.dry_run or not plan["accepted"]:
        return lines
    now = await _read_back(ctx, plan["accepted"])
    done = compared(plan["old"], plan["accepted"], now, why)
    told(ctx, done)
    refuse_unproven(ctx, done)
    return [*lines, *done]


def _check(ctx: JobContext, groups: dict[str, Any], wanted: dict[str, Any]) -> dict[str, Any]:
    present = {group.component: group.attributes for group in read_attributes(ctx.redfish())}
    plan: dict[str, Any] = {"accepted": {}, "refused": {}, "unchanged": {}, "component": {}, "old": {}}
    by_component: dict[str, dict[str, Any]] = {}
    for name, value in wanted.items():
        owner = next((c for c, values in present.items() if name in values), component_of(name))
        by_component.setdefault(owner, {})[name] = value
    for component, mine in by_component.items():
        info = groups.get(component)
        current = present.get(component, {})
        described = info is not None and info["described"]
        registry = (
            kept_registry(ctx, info["registry"], info["firmware"], component) if described and info else None
        )
        verdicts = judged(registry, current, mine)
        plan["accepted"] |= verdicts.accepted
        plan["refused"] |= verdicts.refused
        plan["unchanged"] |= verdicts.unchanged
        plan["component"] |= dict.fromkeys(verdicts.accepted, component)
        plan["old"] |= {n: current.get(n) for n in verdicts.accepted}
    own = shuts_out(
        {n: v for values in present.values() for n, v in values.items()}, wanted, username_of(ctx)
    )
    plan["refused"] |= own
    plan["accepted"] = {n: v for n, v in plan["accepted"].items() if n not in own}
    return plan


def username_of(ctx: JobContext) -> str:
    """The account by which this program signs in to the target's iDRAC."""
    return ctx.service(CredentialResolver).for_server(ctx.target.server_id).username


async def _write(ctx: JobContext, component: str, uri: str, values: dict[str, Any]) -> str:
    """One PATCH. A refusal is no end: firmware differs in whether the good ones of a bad PATCH were taken, so it is read back.
    Returns what the device complained about, "" for nothing."""
    bmc = ctx.redfish()

    def taken() -> str | None:
        now = _values(bmc, component)
        return "" if all(same_value(now.get(n), v) for n, v in values.items()) else None

    def send() -> str:
        try:
            return "; ".join(write_attributes(bmc, uri, values))
        except LockedDown:
            raise
        except RedfishError as error:
            if error.status != 400:
                raise
            return error.message

    body = ", ".join(f"{n}={v}" for n, v in values.items())
    said: str | None = await ctx.step(
        "write attributes", send, key=component, changing=True, interrupted=taken, plan=f"PATCH {uri} {body}"
    )
    if said:
        ctx.log(f"The iDRAC says: {said}", "warning")
    return said or ""


async def _read_back(ctx: JobContext, values: Mapping[str, Any]) -> dict[str, Any]:
    """A change of network services drops connections for seconds; a value that is not there yet is looked at again."""
    tries = 0

    def look() -> dict[str, Any] | None:
        nonlocal tries
        bmc = ctx.redfish()
        groups = read_attributes(bmc)
        now = {n: v for group in groups for n, v in group.attributes.items() if n in values}
        tries += 1
        if tries < 3 and not all(same_value(now.get(n), v) for n, v in values.items()):
            return None
        _remember(ctx, groups, _firmware(bmc))
        return now

    return await ctx.wait_for("the attributes to be read back", look, every=4, timeout=300, tolerate=_AWAY)


def _values(bmc: RedfishClient, component: str) -> dict[str, Any]:
    return next((dict(g.attributes) for g in read_attributes(bmc, (component,))), {})


def _firmware(bmc: RedfishClient) -> str:
    manager = bmc.manager()
    return " ".join(p for p in (text(manager.get("Model")), text(manager.get("FirmwareVersion"))) if p)


def _remember(ctx: JobContext, groups: list[AttributeGroup], firmware: str) -> None:
    def save(uow: UnitOfWork) -> None:
        for group in groups:
            save_settings(
                uow,
                ctx.target.server_id,
                group.component,
                CURRENT,
                group.attributes,
                registry=f"{group.registry}#{group.component}",
                firmware=firmware,
                job_id=ctx.job_id,
            )

    ctx.save(save)
