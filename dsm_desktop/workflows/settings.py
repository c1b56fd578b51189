"""One setting's way through a change, told in a table: what it was, what was wanted, what it is, and why not."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from dsm_desktop.configuration.checking import Rules, Verdicts
from dsm_desktop.configuration.differences import same_value
from dsm_desktop.configuration.registry import Registry
from dsm_desktop.core.errors import DsmError
from dsm_desktop.jobs import JobContext
from dsm_desktop.redfish.bios import read_registry
from dsm_desktop.redfish.client import RedfishClient
from dsm_desktop.redfish.errors import Missing
from dsm_desktop.store.configuration import has_registry, load_registry, save_registry


class Outcome(enum.StrEnum):
    APPLIED = "applied"
    UNCHANGED = "unchanged"
    WAITING = "waiting"
    REFUSED = "refused"
    NOT_APPLIED = "not applied"
    FOLLOWED = "followed"


class SettingResult(BaseModel):
    """A line of the table. `why` is empty where all went as wanted."""

    model_config = ConfigDict(frozen=True)

    name: str = Field(title="Setting")
    old: str = Field("", title="Old")
    wanted: str = Field("", title="Wanted")
    now: str = Field("", title="Now")
    outcome: Outcome = Field(title="Result")
    why: str = Field("", title="Why")


class SettingsRefused(DsmError):
    """Some of the wanted settings cannot be written; nothing was sent."""


class SettingsNotApplied(DsmError):
    """The device said it was done, and settings are not as wanted."""


def plain(value: Any) -> str:
    """A value in a table."""
    return "" if value is None else str(value)


def refuse(ctx: JobContext, verdicts: Verdicts, *, skip: bool) -> list[SettingResult]:
    """Lines of what is refused before anything is sent; raises SettingsRefused unless those are to be left out."""
    lines = [SettingResult(name=n, outcome=Outcome.REFUSED, why=w) for n, w in verdicts.refused.items()]
    for line in lines:
        ctx.log(f"{line.name}: refused, {line.why}", "warning")
    if lines and (not skip or not verdicts.accepted):
        first = lines[0]
        more = f" and {len(lines) - 1} more" if len(lines) > 1 else ""
        raise SettingsRefused(
            f"Nothing was sent: {first.name} {first.why}{more}.",
            hint="Correct or leave out what the log names, or tick 'Leave out what is refused'.",
            where=ctx.target.label,
        )
    return lines


def compared(
    old: Mapping[str, Any], wanted: Mapping[str, Any], now: Mapping[str, Any], why: str = ""
) -> list[SettingResult]:
    """Lines of what was sent, by what was read back."""
    return [
        SettingResult(
            name=name,
            old=plain(old.get(name)),
            wanted=plain(value),
            now=plain(now.get(name)),
            outcome=Outcome.APPLIED if same_value(value, now.get(name)) else Outcome.NOT_APPLIED,
            why=""
            if same_value(value, now.get(name))
            else why or "the device did not take it and gave no reason",
        )
        for name, value in wanted.items()
    ]


def told(ctx: JobContext, lines: Iterable[SettingResult]) -> None:
    """Every line into the log, so that it outlives a failure."""
    for line in lines:
        change = f"{line.old or '(empty)'} → {line.wanted or '(empty)'}"
        why = f": {line.why}" if line.why else ""
        ctx.log(f"{line.name}: {change}, {line.outcome.value}{why}", "warning" if line.why else "info")


def refuse_unproven(ctx: JobContext, lines: list[SettingResult]) -> None:
    """SettingsNotApplied when any line was sent and is not as wanted."""
    bad = [line for line in lines if line.outcome is Outcome.NOT_APPLIED]
    if bad:
        sent = [line for line in lines if line.outcome in (Outcome.NOT_APPLIED, Outcome.APPLIED)]
        named = ", ".join(line.name for line in bad[:5]) + (" …" if len(bad) > 5 else "")
        raise SettingsNotApplied(
            f"{len(bad)} of {len(sent)} settings are not as wanted: {named}.",
            hint="The log has each of them with its reason.",
            where=ctx.target.label,
            detail="; ".join(
                f"{line.name}: {line.now!r}, wanted {line.wanted!r} ({line.why})" for line in bad[:40]
            ),
        )


def judged(registry: Registry | None, current: Mapping[str, Any], wanted: Mapping[str, Any]) -> Verdicts:
    """The registry's verdict; without one only what the server does not have is refused, and the device decides the rest."""
    if registry is not None:
        return Rules(registry).check(current, wanted)
    verdicts = Verdicts()
    for name, value in wanted.items():
        if name not in current:
            verdicts.refused[name] = "this server does not have it"
        elif same_value(current[name], value):
            verdicts.unchanged[name] = value
        else:
            old = current[name]
            whole = isinstance(old, int) and not isinstance(old, bool) and str(value).lstrip("-").isdigit()
            verdicts.accepted[name] = int(value) if whole else value
    return verdicts


def ensure_registry(
    ctx: JobContext, bmc: RedfishClient, name: str, firmware: str, component: str = ""
) -> bool:
    """Read the registry of a firmware once for the whole site; False where the device has none. In a pool thread."""
    if not name:
        return False
    key = registry_key(name, component)
    if ctx.save(lambda uow: has_registry(uow.session.connection(), key, firmware)):
        return True
    try:
        registry = read_registry(bmc, name, component=component)
    except Missing as error:
        ctx.log(f"{error.message}: values are not checked before they are sent.", "warning")
        return False
    ctx.save(lambda uow: save_registry(uow, key, firmware, registry))
    return True


def kept_registry(ctx: JobContext, name: str, firmware: str, component: str = "") -> Registry | None:
    """The registry from the store. In a pool thread."""
    key = registry_key(name, component)
    return ctx.save(lambda uow: load_registry(uow.session.connection(), key, firmware))


def registry_key(name: str, component: str) -> str:
    """One registry of an iDRAC describes several components; each is kept by itself."""
    return f"{name}#{component}" if component else name
