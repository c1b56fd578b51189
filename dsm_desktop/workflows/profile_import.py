"""What an import did, setting by setting: the profile before, the profile after, and what was wanted."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from dsm_desktop.configuration.differences import IgnoreRules, same_value
from dsm_desktop.configuration.profiles import chosen, compose, import_text, parse_profile
from dsm_desktop.core.errors import BadInput, DsmError
from dsm_desktop.jobs import JobContext
from dsm_desktop.store.configuration import profile_settings
from dsm_desktop.vault.profiles import open_profile
from dsm_desktop.vault.vault import Vault
from dsm_desktop.workflows.settings import Outcome, SettingResult

_TABLE = 2000
"""Lines of a result; the log and the two kept profiles have the rest."""


class ImportFailed(DsmError):
    """The iDRAC ended the import with errors; the log says which settings were taken all the same."""


def stored_text(ctx: JobContext, profile_id: int, keys: frozenset[str] = frozenset()) -> str:
    """The text of a kept profile as an iDRAC takes it, or of these settings of it alone. In a pool thread."""
    vault = ctx.service(Vault)
    text = ctx.save(lambda uow: open_profile(uow, vault, profile_id))
    if not keys:
        return import_text(text)
    profile = parse_profile(text)
    rows = chosen(profile, keys)
    missing = sorted(keys - {f"{fqdd}#{name}" for fqdd, name, _ in rows})
    if missing:
        raise BadInput(
            f"The profile has no {missing[0]}.",
            hint="Write settings as <component>#<name>, as the list shows them.",
        )
    return compose(rows, format=profile.format)


async def wanted_settings(ctx: JobContext, profile_id: int, keys: frozenset[str]) -> dict[str, Any]:
    """{"count", "secrets", "components"} of what would be imported; proves before anything is sent that it can be opened."""

    def read() -> dict[str, Any]:
        profile = parse_profile(stored_text(ctx, profile_id, keys))
        return {
            "count": sum(a.applies for a in profile.attributes),
            "secrets": len(profile.secrets()),
            "components": list(profile.components)[:200],
        }

    found: dict[str, Any] = await ctx.step("open the profile", read)
    return found


async def outcome(
    ctx: JobContext,
    profile_id: int,
    keys: frozenset[str],
    before: int | None,
    after: int,
    reasons: list[str],
) -> list[SettingResult]:
    """The table: every setting that was wanted otherwise than it was, with what became of it. Settings that name the machine
    itself are never imported and left out."""
    return await ctx.run(partial(_outcome, ctx, profile_id, keys, before, after, reasons))


def _outcome(
    ctx: JobContext, profile_id: int, keys: frozenset[str], before: int | None, after: int, reasons: list[str]
) -> list[SettingResult]:
    profile = parse_profile(stored_text(ctx, profile_id, keys))
    old = _settings(ctx, before) if before is not None else {}
    now = _settings(ctx, after)
    rules, lines = IgnoreRules(), []
    for attribute in profile.attributes:
        key, value = attribute.key, attribute.value
        if attribute.secret or not attribute.applies or rules.ignores(key):
            continue
        if same_value(old.get(key), value) and same_value(now.get(key), value):
            continue
        lines.append(_line(key, attribute.name, value, old, now, reasons))
    lines.sort(key=lambda line: (line.outcome is not Outcome.NOT_APPLIED, line.name))
    return lines[:_TABLE]


def _line(
    key: str, name: str, value: str, old: Mapping[str, str], now: Mapping[str, str], reasons: list[str]
) -> SettingResult:
    good = same_value(now.get(key), value)
    why = ""
    if not good:
        why = next((r for r in reasons if name in r), "")
        if not why:
            why = (
                "this server does not have it"
                if key not in now
                else "the iDRAC did not take it and gave no reason"
            )
    return SettingResult(
        name=key,
        old=old.get(key, ""),
        wanted=value,
        now=now.get(key, ""),
        outcome=Outcome.APPLIED if good else Outcome.NOT_APPLIED,
        why=why,
    )


def _settings(ctx: JobContext, profile_id: int) -> dict[str, str]:
    return ctx.save(lambda uow: profile_settings(uow.session.connection(), profile_id))
