"""ESXi and vCenter versions: read, compared within their line, and which line may become which.

Up to 8 a full version is `8.0.3-0.70.24674464` (major.minor.update-quarter.patch.build), from 9 `9.0.1.0101.12345678`. Builds
are ordered only within one line (6.7, 7.0, 8.0, 9.0); across lines only release dates say what is newer.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

Line = tuple[int, int]

_FULL = re.compile(r"(?P<version>\d+\.\d+(?:\.\d+)*)(?:-[\d.]*?(?P<dashed>\d{7,9}))?\Z")
_PROFILE = re.compile(
    r"(?:ESXi[-_]|VMware-ESXi-)(?P<version>\d[\d.]*)(?P<update>(?:U\d)?[a-z]?)\w*[-_.](?P<build>\d{7,9})",
    re.I,
)
_DELL = re.compile(r"DEL-ESXi[-_](?P<digits>\d{3})[._](?P<build>\d{7,9})", re.I)
_UPDATE = re.compile(r"\A(?:ESXi\s*)?(?P<version>\d+\.\d+)\s*U(?P<update>\d)", re.I)
_PATHS: dict[Line, tuple[Line, ...]] = {
    (6, 5): ((6, 0),),
    (6, 7): ((6, 0), (6, 5)),
    (7, 0): ((6, 5), (6, 7)),
    (8, 0): ((6, 7), (7, 0)),
    (9, 0): ((8, 0),),
    (9, 1): ((8, 0), (9, 0)),
}
_MANAGES: dict[int, Line] = {6: (5, 5), 7: (6, 5), 8: (6, 7), 9: (8, 0)}
"""The oldest ESXi a vCenter of each major line manages."""


@dataclass(frozen=True, slots=True)
class EsxiVersion:
    """`parts` e.g. (8, 0, 3); `build` None where the text has none."""

    parts: tuple[int, ...]
    build: int | None = None

    @property
    def line(self) -> Line:
        """(8, 0)."""
        return self.parts[0], self.parts[1]

    def __str__(self) -> str:
        text = ".".join(map(str, self.parts))
        return f"{text} build {self.build}" if self.build else text


@dataclass(frozen=True, slots=True)
class Build:
    """A released build. `released` None where no date is known."""

    version: str
    name: str
    build: int
    released: date | None


def read_version(text: str) -> EsxiVersion | None:
    """A version from whatever names it: "8.0.3", "8.0.3-0.70.24674464", "9.0.1.0101.24957456", an image profile
    ("ESXi-8.0U3e-24674464-standard", "DEL-ESXi_803.24674464-A04"). None = not understood."""
    text = text.strip()
    if found := _DELL.search(text):
        return EsxiVersion(tuple(int(d) for d in found["digits"]), int(found["build"]))
    if found := _PROFILE.search(text):
        parts = _parts(found["version"])
        if len(parts) == 2 and (update := re.match(r"U(\d)", found["update"], re.I)):
            parts = (*parts, int(update[1]))
        return EsxiVersion(parts, int(found["build"])) if len(parts) > 1 else None
    if found := _UPDATE.match(text):
        return EsxiVersion((*_parts(found["version"]), int(found["update"])))
    if found := _FULL.match(text):
        parts = _parts(found["version"])
        if not found["dashed"] and len(parts) >= 4 and parts[-1] > 999_999:
            return EsxiVersion(parts[:3], parts[-1])
        return EsxiVersion(parts[:4], int(found["dashed"]) if found["dashed"] else None)
    return None


def _parts(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.strip(".").split("."))


def line_of(text: str) -> Line | None:
    """(8, 0) of any text `read_version` understands."""
    version = read_version(text)
    return version.line if version else None


def managed_by(vcenter: str, esxi: str) -> bool:
    """A vCenter of this version manages this ESXi: older lines down to what the vCenter still knows; of its own line every
    update from vCenter 7.0 Update 3 on, before that only updates as old as itself. False where a text is not understood."""
    own, host = read_version(vcenter), read_version(esxi)
    if own is None or host is None or host.line > own.line:
        return False
    if host.line < own.line:
        return host.line >= _MANAGES.get(own.line[0], own.line)
    return own.parts[:3] >= (7, 0, 3) or host.parts[:3] <= own.parts[:3]


def path_allowed(source: Line, target: Line) -> bool:
    """ESXi of the source's line becomes one of the target's in a single step."""
    return source == target or source in _PATHS.get(target, ())


def way_between(source: Line, target: Line) -> tuple[Line, ...]:
    """The lines to go through, shortest way, the target last; () = there is none."""
    ways: list[tuple[Line, ...]] = [(source,)]
    for way in ways:
        for step, origins in _PATHS.items():
            if way[-1] in origins and step not in way and step <= target:
                if step == target:
                    return (*way, step)[1:]
                ways.append((*way, step))
    return ()


def read_builds(text: str) -> dict[int, Build]:
    """The table of builds that comes with the program (JSON: "builds" = rows of version, name, build, date or null), by build.
    ValueError, KeyError or TypeError for anything else."""
    rows = json.loads(text)["builds"]
    return {
        int(build): Build(str(version), str(name), int(build), date.fromisoformat(day) if day else None)
        for version, name, build, day in rows
    }


def released(builds: Mapping[int, Build], build: int | None) -> date | None:
    """When a build came out; None = not in the table or no date known."""
    known = builds.get(build) if build is not None else None
    return known.released if known else None
