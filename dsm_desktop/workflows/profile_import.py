"""What an import did, setting by setting: the profile before, the profile after, and what was wanted."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from dsm_desktop.configuration.differences import IgnoreRules, same_value
from dsm_desktop.configuration.profiles import chosen, compose, import_text, parse_profile
from dsm_desktop.core.errors import BadInput, DsmError
from dsm_desktop.jobs import JobContext
from dsm_desktop.store.configuration import ignored_settings, profile_settings
from dsm_desktop.vault.profiles import open_profile
from dsm_desktop.vault.vault import Vault
from dsm_desktop.workflows.settings import Outcome, SettingResult

_TABLE = 2000
"""Lines of a result; the log and the two kept profiles have the rest."""


class ImportFailed(DsmError):
    """The iDRAC ended the import with errors; the log says which settings were taken all the same."""


def stored_text(
    ctx: JobContext, profile_id: int, keys: frozenset[str] = frozenset(), *, raid: bool = False
) -> str:
    """The text of a kept profile as an iDRAC takes it, or of these settings of it alone. In a pool thread.

    Without `raid` nothing that belongs to storage is in it: an import of that may delete volumes."""
    vault = ctx.service(Vault)
    text = ctx.save(lambda uow: open_profile(uow, vault, profile_id))
    profile = parse_profile(text)
    applied = [(a.fqdd, a.name, a.value) for a in profile.attributes if a.applies]
    rows = chosen(profile, keys) if keys else applied
    missing = sorted(keys - {f"{fqdd}#{name}" for fqdd, name, _ in rows})
    if missing:
        raise BadInput(
            f"The profile has no {missing[0]}.",
            hint="Write settings as <component>#<name>, as the list shows them.",
        )
    left_out = set() if raid else {a.key for a in profile.attributes if a.storage}
    if not keys and not left_out:
        return import_text(text)
    kept = [row for row in rows if f"{row[0]}#{row[1]}" not in left_out]
    if not kept:
        raise BadInput(
            "Without its RAID settings nothing of the profile is left to import.",
            hint="Choose the component RAID if its volumes and drives are to be changed.",
        )
    return compose(kept, format=profile.format)


async def wanted_settings(
    ctx: JobContext, profile_id: int, keys: frozenset[str], *, raid: bool = False
) -> dict[str, Any]:
    """{"count", "secrets", "components", "raid"} of what would be imported (`raid`: RAID settings in it); proves before anything is
    sent that it can be opened. "left_out" is the number of RAID settings that are not imported."""

    def read() -> dict[str, Any]:
        profile = parse_profile(stored_text(ctx, profile_id, keys, raid=raid))
        whole = profile if raid else parse_profile(stored_text(ctx, profile_id, keys, raid=True))
        storage = sum(a.applies and a.storage for a in whole.attributes)
        return {
            "raid": storage if raid else 0,
            "left_out": 0 if raid else storage,
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
    *,
    raid: bool = False,
) -> list[SettingResult]:
    """The table: every setting that was wanted otherwise than it was, with what became of it. Settings that name the machine
    itself are never imported and left out."""
    return await ctx.run(partial(_outcome, ctx, profile_id, keys, before, after, reasons, raid))


def _outcome(
    ctx: JobContext,
    profile_id: int,
    keys: frozenset[str],
    before: int | None,
    after: int,
    reasons: list[str],
    raid: bool,
) -> list[SettingResult]:
    profile = parse_profile(stored_text(ctx, profile_id, keys, raid=raid))
    old = _settings(ctx, before) if before is not None else {}
    now = _settings(ctx, after)
    rules = IgnoreRules.of_site(ctx.save(lambda uow: ignored_settings(uow.session.connection())))
    lines = []
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
