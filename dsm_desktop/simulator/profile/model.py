"""A server configuration profile as data: components with rows of attributes, and how it is written as XML and JSON."""

from __future__ import annotations

import dataclasses
import json
from typing import Any, Final
from xml.sax.saxutils import escape, quoteattr

MASKED: Final = "******"
NOTE: Final = (
    "Exported configuration may contain commented attributes. Attributes may be commented due to dependency, "
    "destructive nature, preserving server identity or for security reasons."
)


@dataclasses.dataclass(frozen=True, slots=True)
class Row:
    """One attribute. Only rows with `wanted` are carried out by an import."""

    name: str
    value: str
    wanted: bool = True
    read_only: bool = False


@dataclasses.dataclass(slots=True)
class Component:
    """A device by its FQDD; storage controllers hold further ones."""

    fqdd: str
    rows: list[Row] = dataclasses.field(default_factory=list)
    components: list[Component] = dataclasses.field(default_factory=list)


@dataclasses.dataclass(frozen=True, slots=True)
class Head:
    """What stands at the top of a profile."""

    model: str
    tag: str
    time: str
    kind: str
    """'Normal,XML,Selective' and the like."""


def as_json(head: Head, components: list[Component]) -> bytes:
    """The JSON form."""
    profile = {
        "SystemConfiguration": {
            "Comments": [{"Comment": f"Export type is {head.kind}"}, {"Comment": NOTE}],
            "Model": head.model,
            "ServiceTag": head.tag,
            "TimeStamp": head.time,
            "Components": [_json(component) for component in components],
        }
    }
    return json.dumps(profile, indent=2, ensure_ascii=False).encode()


def _json(component: Component) -> dict[str, Any]:
    result: dict[str, Any] = {"FQDD": component.fqdd}
    if component.rows:
        result["Attributes"] = [
            {
                "Name": row.name,
                "Value": row.value,
                "Set On Import": str(row.wanted),
                "Comment": "Read Only" if row.read_only else "Read and Write",
            }
            for row in component.rows
        ]
    if component.components:
        result["Components"] = [_json(inner) for inner in component.components]
    return result


def as_xml(head: Head, components: list[Component]) -> bytes:
    """The XML form: what an import is to leave alone is commented out."""
    lines = [
        f"<SystemConfiguration Model={quoteattr(head.model)} ServiceTag={quoteattr(head.tag)} TimeStamp={quoteattr(head.time)}>",
        f"<!--Export type is {head.kind}-->",
        f"<!--{NOTE}-->",
    ]
    for component in components:
        _xml(component, 0, lines)
    lines.append("</SystemConfiguration>")
    return ("\n".join(lines) + "\n").encode()


def _xml(component: Component, depth: int, lines: list[str]) -> None:
    indent = " " * depth
    lines.append(f"{indent}<Component FQDD={quoteattr(component.fqdd)}>")
    for row in component.rows:
        element = f"<Attribute Name={quoteattr(row.name)}>{escape(row.value)}</Attribute>"
        lines.append(f"{indent} {element if row.wanted else '<!-- ' + element.replace('--', '- -') + ' -->'}")
    for inner in component.components:
        _xml(inner, depth + 1, lines)
    lines.append(f"{indent}</Component>")
