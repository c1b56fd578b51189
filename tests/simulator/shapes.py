"""Compares simulated documents with recorded ones of the same generation: property names and JSON types."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path
from typing import Any

_VARIABLE = re.compile(
    r"^(?!System\.Embedded\.1$|iDRAC\.Embedded\.1$|NIC\.1$|Host\.1$|Serial\.1$|LifecycleController).*[.:\d].*$"
)
_IGNORED = {"@odata.etag", "@odata.context"}

Shape = dict[str, set[str]]
"""Property -> JSON types seen."""


def template(uri: str) -> str:
    """The URI with every variable segment replaced by {}: documents of one template should look alike."""
    path = uri.split("?", 1)[0].rstrip("/").removeprefix("/redfish/v1")
    return "/" + "/".join("{}" if _VARIABLE.match(part) else part for part in path.strip("/").split("/"))


def json_type(value: Any) -> str:
    """JSON's own names; whole and broken numbers are one type."""
    names = {
        bool: "boolean",
        int: "number",
        float: "number",
        str: "string",
        list: "array",
        dict: "object",
        type(None): "null",
    }
    return names[type(value)]


def collect(shapes: dict[str, Shape], uri: str, doc: dict[str, Any]) -> None:
    """Add a document to the shape of its template."""
    shape = shapes.setdefault(template(uri), {})
    for key, value in doc.items():
        if key not in _IGNORED:
            shape.setdefault(key, set()).add(json_type(value))


def recorded(folder: Path, pattern: str = "**/*.json") -> dict[str, Shape]:
    """Shapes of all recorded resources below a folder; the body's @odata.id is its URI."""
    shapes: dict[str, Shape] = {}
    for file in sorted(path for path in folder.glob(pattern) if path.is_file()):
        text = file.read_text("utf-8", "replace")
        if '"@odata.id"' not in text or len(text) > 2_000_000:
            continue
        try:
            doc = json.loads(text)
        except ValueError:
            continue
        doc = doc.get("body", doc) if "request" in doc else doc
        if isinstance(doc, dict) and isinstance(doc.get("@odata.id"), str):
            collect(shapes, doc["@odata.id"], doc)
    return shapes


@dataclasses.dataclass(slots=True)
class Comparison:
    """What a comparison found."""

    resources: int = 0
    absent: list[str] = dataclasses.field(default_factory=list)
    properties: int = 0
    missing: list[str] = dataclasses.field(default_factory=list)
    extra: list[str] = dataclasses.field(default_factory=list)
    wrong_type: list[str] = dataclasses.field(default_factory=list)

    def __str__(self) -> str:
        return (
            f"{self.resources - len(self.absent)} of {self.resources} kinds of resource, "
            f"{self.properties - len(self.missing)} of {self.properties} properties of those, "
            f"{len(self.extra)} more than recorded, {len(self.wrong_type)} of another type"
        )


def compare(real: dict[str, Shape], simulated: dict[str, Shape]) -> Comparison:
    """Recorded properties the simulator lacks, properties it has on top, and types that differ (null fits all)."""
    result = Comparison()
    for name, shape in sorted(real.items()):
        result.resources += 1
        ours = simulated.get(name)
        if ours is None:
            result.absent.append(name)
            continue
        for key, types in shape.items():
            result.properties += 1
            if key not in ours:
                result.missing.append(f"{name} {key}")
            elif (
                not (types - {"null"}) & (ours[key] - {"null"}) and types - {"null"} and ours[key] - {"null"}
            ):
                result.wrong_type.append(
                    f"{name} {key}: recorded {sorted(types)}, simulated {sorted(ours[key])}"
                )
        result.extra += [f"{name} {key}" for key in ours if key not in shape]
    return result
