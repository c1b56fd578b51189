"""A job type is one declaration: what is derived from it, and how mistakes are told."""

from __future__ import annotations

import pytest
from pydantic import Field

from dsm_desktop import operations
from dsm_desktop.core.errors import BadInput
from dsm_desktop.core.states import PowerAction
from dsm_desktop.jobs import Catalogue, Danger, JobContext, Params, Result, job


class Shake(Params):
    """Parameters of the test's job."""

    times: int = Field(1, ge=1, le=9, title="Times")
    action: PowerAction = PowerAction.FORCE_OFF


class Shaken(Result):
    """Its result."""


@job(
    "shake",
    label="Shake",
    title="{action} {target} {times}x",
    danger_of=lambda params: Danger.DESTRUCTIVE if params.times > 3 else Danger.NONE,
)
async def shake(ctx: JobContext, params: Shake) -> Shaken:
    """Shake a server."""
    return Shaken()


def test_types_title_help_and_danger_come_from_the_function() -> None:
    assert (shake.params, shake.result, shake.help) == (Shake, Shaken, "Shake a server.")
    assert shake.title_for(Shake(times=2), "R750", 1) == "Force off R750 2x"
    assert shake.danger_for(Shake(times=4)) is Danger.DESTRUCTIVE
    assert shake.danger_for(Shake()) is Danger.NONE


def test_wrong_parameters_are_named() -> None:
    assert shake.validate({"times": "3"}) == Shake(times=3)
    with pytest.raises(BadInput) as caught:
        shake.validate({"times": 12, "colour": "red"})
    assert "times: " in caught.value.message
    assert "colour: " in caught.value.message


def test_an_unknown_kind_names_the_known() -> None:
    with pytest.raises(BadInput, match="shake"):
        Catalogue([shake])["dance"]


def test_every_operation_of_the_program_is_found_and_complete() -> None:
    catalogue = Catalogue.of(operations)
    assert {"discovery_scan", "inventory_refresh", "health_check", "power_action", "network_test"} <= set(
        catalogue
    )
    for kind, declared in catalogue.items():
        assert declared.kind == kind
        assert declared.help, kind
        assert declared.menu, kind


def test_a_scan_says_a_range_in_its_title_and_not_a_list_of_addresses() -> None:
    scan = Catalogue.of(operations)["discovery_scan"]
    many = " ".join(f"10.1.0.{n}" for n in range(5, 45))
    assert (
        scan.title_for(scan.validate({"ranges": many}), "", 0)
        == "Find servers in 10.1.0.5 to 10.1.0.44 (40 addresses)"
    )
    assert scan.title_for(scan.validate({"ranges": "10.1.0.0/24"}), "", 0) == "Find servers in 10.1.0.0/24"
