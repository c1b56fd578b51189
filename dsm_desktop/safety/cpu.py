"""Which CPU may take a running VM from which: EVC modes and CPU generations, oldest first.

The order within a vendor is vSphere's own list of EVC baselines; a mode or a model that is not in it is comparable only
with itself, so that a newer vCenter's new word is never read as "fits".
"""

from __future__ import annotations

import re

_INTEL = (
    "merom", "penryn", "nehalem", "westmere", "sandybridge", "ivybridge", "haswell", "broadwell", "skylake",
    "cascadelake", "icelake", "sapphirerapids", "emeraldrapids", "graniterapids",
)  # fmt: skip
_AMD = (
    "rev-e", "rev-f", "greyhound-no3dnow", "greyhound", "bulldozer", "piledriver", "steamroller", "zen", "zen2",
    "zen3", "zen4", "zen5",
)  # fmt: skip
_RANK = {f"intel-{n}": ("intel", i) for i, n in enumerate(_INTEL)} | {
    f"amd-{n}": ("amd", i) for i, n in enumerate(_AMD)
}

_SCALABLE = re.compile(r"(?:Platinum|Gold|Silver|Bronze)\s+(?P<number>[3-9]\d{3})", re.IGNORECASE)
_E_SERIES = re.compile(r"\bE(?P<kind>[357])[- ]{1,2}\d{4}[A-UW-Z]?(?:\s*v(?P<v>\d))?", re.IGNORECASE)
_OLD_XEON = re.compile(r"\b[XLEW]56\d\d\b", re.IGNORECASE)
_NEHALEM = re.compile(r"\b[XLEW]55\d\d\b", re.IGNORECASE)
_EPYC = re.compile(r"EPYC\s+(?P<number>\d\w\d(?P<last>\d))", re.IGNORECASE)

_BY_V = {"": "sandybridge", "2": "ivybridge", "3": "haswell", "4": "broadwell"}
_BY_HUNDRED = {
    "1": "skylake",
    "2": "cascadelake",
    "3": "icelake",
    "4": "sapphirerapids",
    "5": "emeraldrapids",
}
_BY_LAST = {"1": "zen", "2": "zen2", "3": "zen3", "4": "zen4", "5": "zen5"}


def generation(model: str) -> str:
    """The generation of a CPU by its name ("Intel(R) Xeon(R) Gold 6230 CPU" → "intel-cascadelake"); "" = not known.

    Intel writes it in the second digit of the four (Gold 6_2_30), before that behind the v (E5-2640 v3); AMD in the last.
    """
    if found := _SCALABLE.search(model):
        name = _BY_HUNDRED.get(found["number"][1], "")
        return f"intel-{name}" if name else ""
    if found := _E_SERIES.search(model):
        old = "westmere" if found["kind"] == "7" and not found["v"] else ""
        name = old or _BY_V.get(found["v"] or "", "")
        return f"intel-{name}" if name else ""
    if _OLD_XEON.search(model):
        return "intel-westmere"
    if _NEHALEM.search(model):
        return "intel-nehalem"
    if found := _EPYC.search(model):
        name = _BY_LAST.get(found["last"], "")
        return f"amd-{name}" if name else ""
    return ""


def covers(offered: str, wanted: str) -> bool:
    """A CPU (or EVC mode) that offers `offered` runs what needs `wanted`. Unknown modes cover only themselves."""
    if offered == wanted:
        return True
    have, need = _RANK.get(offered), _RANK.get(wanted)
    return have is not None and need is not None and have[0] == need[0] and have[1] >= need[1]


def rank(mode: str) -> int | None:
    """Place of a mode or generation within its vendor, None when not known; bigger is newer."""
    place = _RANK.get(mode)
    return place[1] if place else None
