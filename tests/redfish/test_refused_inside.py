"""A yes with a no inside: which messages of a 2xx refuse the change. Severities and texts are those of an R750's registries."""

from __future__ import annotations

from typing import Any

import pytest

from dsm_desktop.core.errors import DsmError
from dsm_desktop.net.answer import Answer
from dsm_desktop.redfish.errors import LockedDown, RedfishError, error_of, refused_inside

DONE = ("Base.1.12.Success", "OK", "The request completed successfully.")
DONE_TOO = ("IDRAC.2.8.SYS413", "Informational", "The operation successfully completed.")
READ_ONLY = (
    "IDRAC.2.8.SYS410",
    "Warning",
    "Unable to modify the attribute because the attribute is read-only.",
)
INTERNAL = (
    "IDRAC.2.8.SYS446",
    "Critical",
    "The requested operation cannot be completed because of an error.",
)
LOCKED = ("IDRAC.2.8.SYS406", "Informational", "Unable to start the configuration operation: lockdown mode.")
NOT_DONE = ("IDRAC.2.8.BIOS024", "Warning", "The set operation did not complete successfully.")
RESTART = (
    "IDRAC.2.8.SYS526",
    "Warning",
    "The operation is successfully completed. The host server needs a restart.",
)
PENDING = ("IDRAC.2.8.RAC1040", "Warning", "Successfully accepted the RAID storage configuration operation.")
LATER = (
    "IDRAC.2.8.RAC0668",
    "Warning",
    "The setting change will be applied during the next server restart.",
)
NOTHING = ("Base.1.12.NoOperation", "Warning", "The request body submitted contain no data to act upon.")


def answer(*told: tuple[str, str, str], status: int = 200, **headers: str) -> Answer:
    entries = [{"MessageId": i, "Severity": s, "Message": m} for i, s, m in told]
    data: Any = {"@Message.ExtendedInfo": entries} if told else None
    return Answer(status, headers, data, 0, 0.0)


@pytest.mark.parametrize(
    "told", [(DONE, READ_ONLY), (DONE_TOO, INTERNAL), (LOCKED,), (DONE, NOT_DONE)], ids=lambda t: t[-1][0]
)
def test_a_no_inside_a_yes(told: tuple[tuple[str, str, str], ...]) -> None:
    assert refused_inside(answer(*told))


@pytest.mark.parametrize(
    "told",
    [(), (DONE,), (DONE, DONE_TOO), (DONE, RESTART), (PENDING,), (NOTHING,), (DONE, LATER)],
    ids=lambda t: t[-1][0] if t else "no body",
)
def test_what_is_said_beside_a_success(told: tuple[tuple[str, str, str], ...]) -> None:
    assert not refused_inside(answer(*told))


def test_what_has_made_a_job_was_taken() -> None:
    made = answer(DONE, READ_ONLY, status=202, location="/redfish/v1/TaskService/Tasks/JID_1")
    assert not refused_inside(made)
    assert not refused_inside(answer(READ_ONLY, status=400)), "that is a no by its status"


def test_the_error_says_every_reason_and_no_success() -> None:
    error: DsmError = error_of(answer(DONE_TOO, READ_ONLY, INTERNAL), where="10.0.0.1", what="PATCH /x")
    assert isinstance(error, RedfishError)
    assert (error.status, error.ids) == (200, ("SYS410", "SYS446"))
    assert error.message == f"{READ_ONLY[2]}; {INTERNAL[2]}"
    assert isinstance(error_of(answer(LOCKED), where="10.0.0.1", what="PATCH /x"), LockedDown)
