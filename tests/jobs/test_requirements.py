"""What a job type requires of its targets is declared once and asked by queue, command line and window alike."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from dsm_desktop.commands import jobs
from dsm_desktop.core.access import Principal, Role
from dsm_desktop.core.errors import BadInput
from dsm_desktop.jobs import Catalogue, JobContext, Params, Result, idrac, job, licence, powered
from dsm_desktop.jobs.requirements import Candidate, Crowd, Requirement, Verdict, fit
from dsm_desktop.store.engine import sqlite_url
from dsm_desktop.store.models import Server
from dsm_desktop.store.opening import open_store


@dataclass(frozen=True)
class Box:
    """A server as the list knows it."""

    generation: str = "iDRAC9"
    idrac_version: str = "7.10.50.00"
    model: str = "PowerEdge R750"
    licence: str = "iDRAC9 Enterprise"
    power_state: str = "on"
    facts_at: datetime | None = datetime(2026, 1, 1, tzinfo=UTC)


class NoParams(Params):
    """Nothing to choose."""


@job("polish", label="Polish…", title="Polish {target}", requires=(idrac(9, "4.00"), licence("Enterprise")))
async def polish(ctx: JobContext, params: NoParams) -> Result:
    """Polish a server."""
    return Result()


@pytest.mark.parametrize(
    ("box", "fits"),
    [
        (Box(), True),
        (Box(idrac_version="4.00.00.00"), True),
        (Box(idrac_version="3.36.36.36"), False),
        (Box(idrac_version=""), True),  # only the inventory reads it
        (Box(generation="iDRAC10", idrac_version="1.20.25.00"), True),
        (Box(generation="iDRAC8", idrac_version="2.86.86.86"), False),
        (Box(generation="other"), False),
        (Box(licence="iDRAC9 Datacenter"), True),
        (Box(licence="iDRAC9 Express"), False),
        (Box(licence=""), True),
        (Box(generation="iDRAC8", facts_at=None), True),
    ],
)
def test_generation_firmware_and_licence_decide(box: Box, fits: bool) -> None:
    assert bool(polish.fit([box]).fitting) is fits


def test_the_sentence_counts_what_stands_against_it() -> None:
    fleet = [*[Box()] * 34, *[Box(generation="iDRAC8")] * 2, Box(idrac_version="3.36.36.36")]
    found = polish.fit(fleet)
    assert (len(found.fitting), len(found.others)) == (34, 3)
    assert found.sentence == "Needs iDRAC9 4.00 or newer; 2 of 37 are iDRAC8, 1 of 37 is iDRAC9 3.36.36.36."
    assert polish.fit([Box(licence="iDRAC9 Express")]).sentence == (
        "Needs an Enterprise licence; it is licensed iDRAC9 Express."
    )
    assert polish.fit([Box()]).sentence == ""


def test_servers_that_are_alike_are_asked_once_and_judged_as_each_of_them_would_be() -> None:
    asked: list[Box] = []

    def instead(server: Candidate) -> str:
        assert isinstance(server, Box)
        asked.append(server)
        return "" if server.generation == "iDRAC9" else server.generation

    needs = (Requirement("an iDRAC9", instead),)
    read = (Box(), Box(generation="iDRAC8"), Box(power_state="off"))
    fleet = [
        *(dataclasses.replace(box, facts_at=datetime(2026, 1, day, tzinfo=UTC)) for day in range(1, 29) for box in read),
        *[Box(generation="iDRAC7", facts_at=None)] * 5,
    ]  # fmt: skip
    crowd = Crowd(fleet)
    assert crowd.judge(needs) == crowd.judge(needs) == Verdict(True, "Needs an iDRAC9; 28 of 89 are iDRAC8.")
    assert len(asked) == len(read)
    found = fit(needs, fleet)
    assert found.sentence == crowd.judge(needs).sentence
    assert found.fitting == tuple(box for box in fleet if box.generation != "iDRAC8")
    assert found.others == tuple(box for box in fleet if box.generation == "iDRAC8")
    assert Crowd([Box(generation="iDRAC8")]).judge(needs) == Verdict(False, "Needs an iDRAC9; it is iDRAC8.")
    assert Crowd(fleet).judge(()) == Verdict(True, "")


def test_power_can_be_required() -> None:
    assert powered(on=True).instead(Box(power_state="off")) == "switched off"
    assert powered(on=False).instead(Box(power_state="off")) == ""


def test_the_queue_refuses_what_does_not_fit_and_says_why(tmp_path: Path) -> None:
    store = open_store(sqlite_url(tmp_path / "store.db"))
    who = Principal("anna", Role.ADMIN)
    try:
        with store.write() as uow:
            for number, generation in enumerate(("iDRAC9", "iDRAC8"), start=1):
                uow.session.add(
                    Server(id=number, address=f"10.0.0.{number}", generation=generation, idrac_version="7.10.50.00",
                           facts_at=uow.now, added_at=uow.now)
                )  # fmt: skip
        with store.write() as uow, pytest.raises(BadInput, match="1 of 2 is iDRAC8") as caught:
            jobs.submit(uow, who, Catalogue([polish]), "polish", [1, 2], {})
        assert "Leave those out" in caught.value.hint
        with store.write() as uow:
            assert jobs.submit(uow, who, Catalogue([polish]), "polish", [1], {}) > 0
    finally:
        store.close()


def test_those_that_do_not_fit_are_told_what_helps_them() -> None:
    needs = (idrac(9, "4.00", otherwise="Use its web page."), licence("Enterprise"))
    assert fit(needs, [Box(generation="iDRAC8")]).sentence == (
        "Needs iDRAC9 4.00 or newer; it is iDRAC8. Use its web page."
    )
    assert fit(needs, [Box(licence="iDRAC9 Express")]).sentence.endswith("Express.")
