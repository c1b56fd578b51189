"""Groups of servers judged by what is known of them: numbers, racks, history, and a change of colour that is told."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import update

from dsm_desktop.commands import racks, servers
from dsm_desktop.commands.groups import add_group
from dsm_desktop.queries.power_supplies import redundant_power
from dsm_desktop.store.models import Server
from tests.operations.conftest import Program

pytestmark = pytest.mark.shared_program


def judged(program: Program, group: int, **params: Any) -> dict[str, Any]:
    job = program.run("server_group_safety_check", {"group_id": group, **params})
    (task,) = program.tasks(job.id)
    assert task.result is not None, task.outcome
    (found,) = task.result["groups"]
    return dict(found)


def test_a_group_is_judged_and_a_change_is_told(ready: Program) -> None:
    app = ready.app
    power_of = app.store.fetch(redundant_power)
    ids = [server for server, redundant in sorted(power_of.items()) if redundant][:4]
    with app.store.write() as uow:
        group = add_group(uow, app.principal, "Web", server_ids=ids)
        rack = racks.add_rack(uow, app.principal, "R7", room="Hall")
        for place, server in enumerate(ids):
            racks.place(uow, app.principal, server, rack, 1 + 4 * place)
        servers.edit_servers(uow, app.principal, ids[:1], pdus="A1, B1")
        well = {"health": "ok", "power_state": "on", "facts_at": uow.now}
        uow.session.execute(update(Server).where(Server.id.in_(ids)).values(**well))
    first = judged(ready, group)
    gates = {g["name"]: g for g in first["judgement"]["gates"]}
    numbers = {label: value for label, value, _ in gates["members"]["numbers"]}
    assert numbers["servers in the group"] == 4
    assert numbers["may be switched off now"] == 1
    stand = {label: value for label, value, _ in gates["domains"]["numbers"]}
    assert stand["servers without a known rack"] == 0
    assert (stand["PDUs known"], stand["servers without a known PDU"]) == (2, 3)
    assert gates["members"]["colour"] == "green"
    power = {label: value for label, value, _ in gates["power"]["numbers"]}
    assert power == {"without a second supply": 0, "not known": 0}
    assert first["judgement"]["colour"] == "green", first["judgement"]["summary"]
    assert first["change"] == ""

    # The site has a server with a broken supply.
    weak = next(server for server, redundant in power_of.items() if not redundant)
    with app.store.write() as uow:
        with_it = add_group(uow, app.principal, "Weak", server_ids=[*ids, weak])
        uow.session.execute(update(Server).where(Server.id == weak).values(**well))
    one = judged(ready, with_it)["judgement"]
    assert one["colour"] == "amber"
    assert "No second power supply at work" in one["summary"]

    with app.store.write() as uow:
        uow.session.execute(update(Server).where(Server.id.in_(ids[:2])).values(power_state="off"))
    second = judged(ready, group)
    assert second["judgement"]["colour"] == "red"
    assert "2 of 4 servers would be missing; the group tolerates 1" in second["judgement"]["summary"]
    assert second["change"].startswith(f"Was {first['judgement']['colour']} until ")
    # Its owner says that half of it is enough.
    assert judged(ready, group, tolerates=2)["judgement"]["colour"] != "red"


def test_a_group_that_is_not_there_is_an_error_with_a_next_step(ready: Program) -> None:
    job = ready.run("server_group_safety_check", {"group_id": 999_999})
    (task,) = ready.tasks(job.id)
    assert job.state == "failed"
    assert "no such group" in task.outcome
    assert task.error is not None
    assert "check the number" in task.error["hint"]


def test_all_groups_where_there_is_none_is_no_failure(program: Program) -> None:
    job = program.run("server_group_safety_check")
    assert job.state == "completed"
    (task,) = program.tasks(job.id)
    assert "nothing was judged" in task.outcome
