"""The iDRAC answers 200 and does nothing: with a refusal inside, or with plain praise. Neither is called done."""

from __future__ import annotations

from typing import Any

import pytest

from dsm_desktop.simulator import SimulatedIdrac
from dsm_desktop.workflows import bios_pending
from tests.operations.conftest import Program
from tests.operations.test_bios import other_num_lock

pytestmark = pytest.mark.shared_program
REFUSAL, PRAISE = "SYS446", "SYS413"
NEWEST = (2, 5)
"""iDRAC9 5.x and iDRAC10."""


@pytest.fixture(params=NEWEST)
def idrac(ready: Program, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> SimulatedIdrac:
    monkeypatch.setattr(bios_pending, "EVERY", 0.1)
    monkeypatch.setattr(bios_pending, "WITHIN", 0.3)
    number: int = request.param
    return ready.site.idracs[number]


def failed(program: Program, idrac: SimulatedIdrac, kind: str, **params: Any) -> dict[str, Any]:
    """How it failed."""
    job = program.run(kind, params, [program.server(idrac).id])
    (task,) = program.tasks(job.id)
    assert task.error, task.outcome
    return task.error


@pytest.fixture
def setting(ready: Program, idrac: SimulatedIdrac) -> list[str]:
    return [f"NumLock={other_num_lock(ready, idrac)}"]


@pytest.mark.parametrize("when", ["stage only", "next restart"])
def test_settings_are_not_staged(
    ready: Program, idrac: SimulatedIdrac, setting: list[str], when: str
) -> None:
    idrac.set_fault("error_inside", verbs=("PATCH",), key=REFUSAL)
    error = failed(ready, idrac, "bios_config_write", settings=setting, when=when)
    assert "internal error" in error["message"]
    idrac.clear_faults()
    idrac.set_fault("error_inside", verbs=("PATCH",), key=PRAISE)
    error = failed(ready, idrac, "bios_config_write", settings=setting, when=when)
    assert error["code"] == "SettingsNotApplied", error
    assert "NumLock" in error["message"]


def test_settings_are_not_withdrawn(ready: Program, idrac: SimulatedIdrac, setting: list[str]) -> None:
    ids = [ready.server(idrac).id]
    assert ready.run("bios_config_write", {"settings": setting, "when": "stage only"}, ids).failed == 0
    withdraw = {"action": "withdraw what waits"}
    for key, code in ((REFUSAL, "RedfishError"), (PRAISE, "SettingsNotApplied")):
        idrac.clear_faults()
        idrac.set_fault("error_inside", verbs=("POST",), uri="ClearPending", key=key)
        assert failed(ready, idrac, "bios_config_write", **withdraw)["code"] == code
    idrac.clear_faults()
    assert ready.run("bios_config_write", withdraw, ids).failed == 0


def test_defaults_are_not_asked_for(ready: Program, idrac: SimulatedIdrac) -> None:
    idrac.set_fault("error_inside", verbs=("POST",), uri="ResetBios", key=REFUSAL)
    error = failed(ready, idrac, "bios_config_write", action="reset to default", when="next restart")
    assert "internal error" in error["message"]
    assert not any("ResetBios" in effect for effect in idrac.effects)


def test_the_boot_order_is_not_taken(ready: Program, idrac: SimulatedIdrac) -> None:
    idrac.set_fault("error_inside", verbs=("PATCH",), key=REFUSAL)
    error = failed(ready, idrac, "boot_configuration", order=["PXE"])
    assert "internal error" in error["message"]
