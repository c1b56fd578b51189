"""Firmware a site does not want touched: by component, model and version, each with a reason."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from dsm_desktop.firmware.fit import short_model


@dataclass(frozen=True, slots=True)
class Exclusion:
    """A rule. `component` is a Dell component id or a pattern for the component's name ("*PERC*"); `model` and `version`
    are patterns, "" for any. `version` is the one that must not be installed ("2.19.*")."""

    component: str
    reason: str
    model: str = ""
    version: str = ""

    def holds(self, *, component_id: str, name: str, model: str, version: str) -> bool:
        """Whether the rule forbids this version of this component on this model."""
        return (
            (self.component == component_id or _like(name, self.component))
            and (not self.model or fnmatchcase(short_model(model), short_model(self.model)))
            and (not self.version or _like(version, self.version))
        )


def first_that_holds(
    rules: Iterable[Exclusion], *, component_id: str, name: str, model: str, version: str
) -> Exclusion | None:
    """The rule that forbids it; None when it may be installed."""
    return next(
        (r for r in rules if r.holds(component_id=component_id, name=name, model=model, version=version)),
        None,
    )


def _like(value: str, pattern: str) -> bool:
    return fnmatchcase(value.casefold(), pattern.casefold())
