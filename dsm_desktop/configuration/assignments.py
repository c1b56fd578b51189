"""Settings as a person types them: one "Name=Value" a line, for every server or for one by its service tag ("ABC1234/Name=Value")."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from pydantic import AfterValidator

from dsm_desktop.core.errors import BadInput
from dsm_desktop.core.secret_names import is_secret_attribute


def parse_assignments(lines: Iterable[str]) -> dict[str, dict[str, str]]:
    """Service tag ("" = every server) → name → value. BadInput for a line that is none, for a secret, and for a name given twice."""
    found: dict[str, dict[str, str]] = {}
    for line in lines:
        name, equals, value = line.partition("=")
        tag, slash, rest = name.strip().rpartition("/")
        name, tag = (rest or name).strip(), tag.strip().upper() if slash else ""
        if not equals or not name or any(c.isspace() for c in name):
            raise BadInput(
                f"'{line[:80]}' is no setting.", hint="Write Name=Value, or TAG/Name=Value for one server."
            )
        if is_secret_attribute(name):
            raise BadInput(f"{name} holds a secret.", hint="Secrets are not set as plain settings.")
        mine = found.setdefault(tag, {})
        if name in mine and mine[name] != value.strip():
            raise BadInput(f"{name} is given twice.", hint="Leave one of the lines out.")
        mine[name] = value.strip()
    return found


def _readable(lines: list[str]) -> list[str]:
    try:
        parse_assignments(lines)
    except BadInput as error:
        raise ValueError(f"{error.message} {error.hint}") from None
    return lines


AssignmentLines = Annotated[list[str], AfterValidator(_readable)]
"""A job's parameter: lines that can be read."""


def for_server(assignments: Mapping[str, Mapping[str, str]], service_tag: str) -> dict[str, str]:
    """What is meant for one server: lines of its own win over those for all."""
    return {**assignments.get("", {}), **assignments.get(service_tag.upper(), {})}


def written(values: Mapping[str, Any], service_tag: str = "") -> list[str]:
    """Back to lines, for a job made by the window."""
    prefix = f"{service_tag}/" if service_tag else ""
    return [f"{prefix}{name}={_plain(value)}" for name, value in sorted(values.items())]


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "Enabled" if value else "Disabled"
    return "" if value is None else str(value)
