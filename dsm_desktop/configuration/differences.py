"""What differs between a golden state, an earlier state and the present one, leaving out what differs by nature."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

IDENTITY = (
    "*#*ServiceTag",
    "*#AssetTag",
    "*#*MACAddress",
    "*#*MacAddr*",
    "*#*VirtWWN",
    "*#*VirtWWPN",
    "*DNSRacName",
    "*IPv4*Address",
    "*IPv4*Gateway",
    "*IPv4*Netmask",
    "*IPv6*Address*",
    "*IPv6*Gateway",
    "*LinkLocalAddress",
    "*ServerTopology.*",
    "*ServerOS.*",
    "*CurrentNIC.*",
    "*CurrentIPv*",
    "*Switch*Connection",
    "*#Proc?Brand",
    "*#Proc?Id",
    "*#Proc?PPIN",
    "*SystemModelName",
    "*EngineID",
)
"""Settings that name the machine itself: equal on no two servers, so never a deviation."""


class Verdict(enum.StrEnum):
    """How a setting stands. Without a golden value only CHANGED, SAME, ADDED and GONE occur."""

    SAME = "same"
    DRIFTED = "drifted"
    NEVER_SET = "never set"
    CHANGED = "changed"
    MENDED = "mended"
    ADDED = "added"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Difference:
    """One setting in three states; None = not there."""

    key: str
    golden: Any
    before: Any
    now: Any
    verdict: Verdict


class IgnoreRules:
    """Shell patterns over keys ("*#NIC.1#DNSRacName", "BIOS.*#AssetTag"), case kept as the device writes it."""

    def __init__(self, patterns: Iterable[str] = IDENTITY) -> None:
        self.patterns = tuple(p.strip() for p in patterns if p.strip())

    @classmethod
    def of_site(cls, ignored: str, *, identity: bool = False) -> IgnoreRules:
        """The site's own patterns, separated by blanks, and (but for `identity`) what names the machine itself."""
        return cls((*(() if identity else IDENTITY), *ignored.split()))

    def ignores(self, key: str) -> bool:
        return any(fnmatchcase(key, pattern) for pattern in self.patterns)


def same_value(one: Any, other: Any) -> bool:
    """Whether two values mean one: 5 and "5", True and "Enabled" are not told apart by devices and profiles; case is."""
    if one is None or other is None:
        return one is other
    return one == other or _plain(one) == _plain(other)


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "Enabled" if value else "Disabled"
    return str(value).strip()


def three_way(
    golden: Mapping[str, Any] | None,
    before: Mapping[str, Any] | None,
    now: Mapping[str, Any],
    rules: IgnoreRules | None = None,
    *,
    everything: bool = False,
) -> list[Difference]:
    """Every setting that is not as it should be, by key; `everything` also those that are. `golden` or `before` may be missing.

    DRIFTED: it was golden before and is not now. NEVER_SET: neither. MENDED: it is golden now and was not. CHANGED: golden says
    nothing and it changed. A golden setting that the server does not have is GONE.
    """
    rules = rules or IgnoreRules()
    keys = sorted({*(golden or ()), *(before or ()), *now})
    found = []
    for key in keys:
        if rules.ignores(key):
            continue
        wanted, earlier, present = (golden or {}).get(key), (before or {}).get(key), now.get(key)
        verdict = _verdict(wanted, earlier, present, golden is not None, before is not None)
        if everything or verdict is not Verdict.SAME:
            found.append(Difference(key, wanted, earlier, present, verdict))
    return found


def _verdict(wanted: Any, earlier: Any, present: Any, has_golden: bool, has_before: bool) -> Verdict:
    if has_golden and wanted is not None:
        if same_value(wanted, present):
            return Verdict.MENDED if has_before and not same_value(earlier, present) else Verdict.SAME
        if present is None:
            return Verdict.GONE
        return Verdict.DRIFTED if has_before and same_value(wanted, earlier) else Verdict.NEVER_SET
    if not has_before or same_value(earlier, present):
        return Verdict.SAME
    if earlier is None:
        return Verdict.ADDED
    return Verdict.GONE if present is None else Verdict.CHANGED
