"""What a job type asks of a server before it is started there: declared once, asked by menu, form, command line and queue.

@job("scp_export", …, requires=(idrac(8, "2.70"), licence("Enterprise")))
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from operator import attrgetter
from typing import Generic, Protocol, TypeVar

from dsm_desktop.core.states import PowerState


class Candidate(Protocol):
    """What is known of a server without asking it; a row of the list of servers is one."""

    @property
    def generation(self) -> str: ...
    @property
    def idrac_version(self) -> str: ...
    @property
    def model(self) -> str: ...
    @property
    def licence(self) -> str: ...
    @property
    def power_state(self) -> str: ...
    @property
    def facts_at(self) -> datetime | None: ...


C = TypeVar("C", bound=Candidate)
_ALIKE = attrgetter("generation", "idrac_version", "model", "licence", "power_state")
_Kind = tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Requirement:
    """`text` stands after "Needs": "iDRAC9 4.00 or newer". `instead` "" = the server fits, else what it is, to stand after
    "is" or "are": "iDRAC8", "switched off". `otherwise` is a whole sentence: what those that do not fit are helped by."""

    text: str
    instead: Callable[[Candidate], str]
    otherwise: str = ""


@dataclass(frozen=True, slots=True)
class Fit(Generic[C]):
    """Who fits. `sentence` says what is needed and how many are what instead, "" where all fit."""

    fitting: tuple[C, ...]
    others: tuple[C, ...]
    sentence: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether `some` fit, and the sentence of `Fit`."""

    some: bool
    sentence: str


@cache
def idrac(generation: int, version: str = "", *, otherwise: str = "") -> Requirement:
    """An iDRAC of this generation with at least this firmware, or of any later generation."""
    wanted = _numbers(version)

    def instead(server: Candidate) -> str:
        found = re.fullmatch(r"iDRAC(\d+)", server.generation)
        if found is None:
            return "no iDRAC"
        number = int(found[1])
        if number == generation and not server.idrac_version:
            return ""  # only the inventory reads it: the iDRAC will say it
        if number > generation or (number == generation and not _numbers(server.idrac_version) < wanted):
            return ""
        return f"{server.generation} {server.idrac_version if number == generation else ''}".strip()

    return Requirement(f"iDRAC{generation} {version}".strip() + " or newer", instead, otherwise)


@cache
def licence(level: str) -> Requirement:
    """An iDRAC licence of this level ("Enterprise") or above."""
    levels = ("basic", "express", "enterprise", "datacenter")
    wanted = levels.index(level.lower())

    def instead(server: Candidate) -> str:
        if not server.licence:
            return ""  # not read: the iDRAC will say it
        rank = max((n for n, name in enumerate(levels) if name in server.licence.lower()), default=0)
        return "" if rank >= wanted else f"licensed {server.licence}"

    return Requirement(f"an {level} licence" if level[0] in "AEIOU" else f"a {level} licence", instead)


@cache
def powered(on: bool) -> Requirement:
    """A server that is switched on, or off."""
    bad = PowerState.OFF if on else PowerState.ON
    return Requirement(
        f"a server that is {'on' if on else 'off'}",
        lambda server: f"switched {bad.value}" if server.power_state == bad.value else "",
    )


class Crowd(Generic[C]):
    """Servers of which several things are asked: each thing once of all that are alike, as most of thousands are. A server that was
    never read counts as fitting: nothing is known that speaks against it."""

    def __init__(self, servers: Sequence[C]) -> None:
        self.servers = tuple(servers)
        self.kinds = [None if server.facts_at is None else _ALIKE(server) for server in self.servers]
        self._one = dict(zip(self.kinds, self.servers, strict=True))
        self._counts = Counter(self.kinds)
        self._known: dict[tuple[Requirement, ...], Verdict] = {}

    def judge(self, requirements: tuple[Requirement, ...]) -> Verdict:
        """Whether they meet all of them."""
        if requirements not in self._known:
            lacks = self.lacking(requirements)
            missed: dict[Requirement, Counter[str]] = {}
            for kind, (need, word) in lacks.items():
                missed.setdefault(need, Counter())[word] += self._counts[kind]
            some = len(lacks) < len(self._one)
            self._known[requirements] = Verdict(some, _sentence(missed, len(self.servers)))
        return self._known[requirements]

    def lacking(self, requirements: tuple[Requirement, ...]) -> dict[_Kind, tuple[Requirement, str]]:
        """The first that is not met, by kind of server; and what those are instead."""
        found = {
            kind: _first_missed(requirements, one) for kind, one in self._one.items() if kind is not None
        }
        return {kind: lacks for kind, lacks in found.items() if lacks is not None}


def fit(requirements: tuple[Requirement, ...], servers: Sequence[C]) -> Fit[C]:
    """Who meets all of them."""
    crowd = Crowd(servers)
    lacks = crowd.lacking(requirements)
    pairs = list(zip(crowd.servers, crowd.kinds, strict=True))
    return Fit(
        tuple(server for server, kind in pairs if kind not in lacks),
        tuple(server for server, kind in pairs if kind in lacks),
        crowd.judge(requirements).sentence,
    )


def _first_missed(requirements: Sequence[Requirement], server: Candidate) -> tuple[Requirement, str] | None:
    found = ((need, need.instead(server)) for need in requirements)
    return next((pair for pair in found if pair[1]), None)


def _sentence(missed: dict[Requirement, Counter[str]], total: int) -> str:
    parts = []
    for need, instead in missed.items():
        what = ", ".join(
            f"{_of(count, total)} {'is' if count == 1 else 'are'} {word}"
            for word, count in instead.most_common()
        )
        parts.append(f"Needs {need.text}; {what}. {need.otherwise}".strip())
    return " ".join(parts)


def _of(count: int, total: int) -> str:
    return "it" if total == 1 else f"{count} of {total}"


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version))
