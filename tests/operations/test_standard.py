"""site_standard_apply: deviations told, fixed, read back; as a file for the whole site."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from dsm_desktop.commands.configuration import save_standard
from dsm_desktop.configuration.standard import BIOS, IDRAC, SiteStandard
from dsm_desktop.core.access import Principal
from dsm_desktop.core.errors import BadInput
from dsm_desktop.operations.site_standard_apply import StandardParams
from dsm_desktop.queries.configuration import standing
from dsm_desktop.store.configuration import load_settings
from tests.operations.conftest import Program

pytestmark = pytest.mark.shared_program
STANDARD = SiteStandard(
    name="HQ",
    ntp_servers=["10.0.0.1", "10.0.0.2"],
    syslog_servers=["10.0.0.5"],
    alerts="Enabled",
    web_timeout_seconds=1200,
    allowed_users=["root"],
)


def test_deviations_are_told_then_fixed_then_gone(ready: Program) -> None:
    with ready.app.store.write() as uow:
        save_standard(uow, Principal("anna"), STANDARD)
    ids = [ready.server(i).id for i in ready.site.idracs[1:]]
    sent = [len(i.journal) for i in ready.site.idracs]
    look = ready.run("site_standard_apply", {"standard": "HQ"}, ids)
    tasks = ready.tasks(look.id)
    assert (look.state, look.failed) == ("completed", 0), [t.outcome for t in tasks]
    assert all(t.result and t.result["deviations"] > 5 for t in tasks)
    assert [len(i.journal) for i in ready.site.idracs] == sent, "looking sent a change"
    rows = ready.app.store.fetch(lambda c: standing(c, STANDARD, ids))
    assert all(r.taken_at and r.deviations for r in rows)

    part = ready.run(
        "site_standard_apply",
        {"standard": "HQ", "fix": True, "only": [f"{IDRAC}#WebServer.1.Timeout"]},
        ids,
    )
    assert [t.result and t.result["fixed"] for t in ready.tasks(part.id)] == [1] * len(ids)
    fix = ready.run("site_standard_apply", {"standard": "HQ", "fix": True}, ids)
    assert fix.failed == 0, [t.outcome for t in ready.tasks(fix.id)]
    again = ready.run("site_standard_apply", {"standard": "HQ"}, ids)
    assert [t.result and t.result["deviations"] for t in ready.tasks(again.id)] == [0] * len(ids)
    rows = ready.app.store.fetch(lambda c: standing(c, STANDARD, ids))
    assert [r.deviations for r in rows] == [()] * len(ids)


@pytest.mark.parametrize("row", [0, 3])
def test_the_account_in_use_is_never_shut_out(ready: Program, row: int) -> None:
    idrac = ready.site.idracs[row]
    with ready.app.store.write() as uow:
        save_standard(
            uow,
            Principal("anna"),
            SiteStandard(name="Locks", syslog_port=1701 + row, allowed_users=["siteadmin"]),
        )
    ids = [ready.server(idrac).id]
    (task,) = ready.tasks(ready.run("site_standard_apply", {"standard": "Locks", "fix": True}, ids).id)
    assert task.state == "completed", task.outcome
    assert task.result
    lines = {line["name"].partition("#")[2] or line["name"]: line for line in task.result["settings"]}
    refused = [line for line in lines.values() if line["outcome"] == "refused"]
    assert [line["name"].endswith("Enable") for line in refused] == [True]
    assert "signs in with" in refused[0]["why"]
    assert idrac.accepts(idrac.username, idrac.password)
    assert task.result["fixed"] == 1


def test_a_window_of_the_standard_needs_its_beginning_and_waits_for_it(ready: Program) -> None:
    idrac = ready.site.idracs[4]
    ids, boots = [ready.server(idrac).id], idrac.boots
    assert ready.run("bios_config_read", {}, ids).failed == 0
    settings = ready.app.store.fetch(lambda c: load_settings(c, ids[0], BIOS))
    assert settings
    other = "On" if settings["NumLock"] == "Off" else "Off"
    with ready.app.store.write() as uow:
        save_standard(uow, Principal("anna"), SiteStandard(name="Night", bios={"NumLock": other}))
    given = {"standard": "Night", "fix": True, "when": "window"}
    with pytest.raises(BadInput, match="beginning"):
        ready.app.commands.submit("site_standard_apply", ids, given)
    begins = (datetime.now(UTC) + timedelta(hours=3)).isoformat()
    (task,) = ready.tasks(ready.run("site_standard_apply", {**given, "window_start": begins}, ids).id)
    assert (task.state, task.result and task.result["waiting"]) == ("completed", 1), task.outcome
    assert idrac.boots == boots
    made = next(e for e in reversed(idrac.journal) if e.verb == "POST" and e.uri.endswith("/Jobs"))
    assert made.body["StartTime"] != "TIME_NOW"
    assert ready.run("bios_config_write", {"action": "withdraw what waits"}, ids).failed == 0


def test_an_old_schedule_still_says_bios() -> None:
    assert StandardParams.model_validate({"standard": "HQ", "bios": "now"}).when == "now"
    assert StandardParams.model_validate({"standard": "HQ", "bios": "window"}).when == "next restart"


def test_an_idrac8_whose_import_fails_is_a_failure(ready: Program) -> None:
    idrac = ready.site.idracs[0]
    with ready.app.store.write() as uow:
        save_standard(
            uow, Principal("anna"), SiteStandard(name="Half", syslog_port=1888, web_timeout_seconds=1500)
        )
    idrac.set_fault("scp_fails")
    job = ready.run("site_standard_apply", {"standard": "Half", "fix": True}, [ready.server(idrac).id])
    idrac.clear_faults()
    (task,) = ready.tasks(job.id)
    assert task.error is not None
    assert task.error["code"] == "SettingsNotApplied", task.outcome


def test_an_unknown_standard_and_a_dry_run(ready: Program) -> None:
    idrac = ready.site.idracs[4]
    with ready.app.store.write() as uow:
        save_standard(uow, Principal("anna"), SiteStandard(name="Other", syslog_port=1515))
    unknown = ready.run("site_standard_apply", {"standard": "nope"}, [ready.server(idrac).id])
    assert "no site standard" in ready.tasks(unknown.id)[0].outcome
    before = len(idrac.journal)
    dry = ready.run(
        "site_standard_apply", {"standard": "Other", "fix": True}, [ready.server(idrac).id], dry_run=True
    )
    assert dry.failed == 0, ready.tasks(dry.id)[0].outcome
    assert "would be fixed" in ready.tasks(dry.id)[0].outcome
    assert len(idrac.journal) == before


def test_an_idrac8_is_brought_to_the_standard_by_a_small_profile(ready: Program) -> None:
    idrac = ready.site.idracs[0]
    with ready.app.store.write() as uow:
        save_standard(
            uow, Principal("anna"), SiteStandard(name="Old", syslog_port=1999, web_timeout_seconds=1200)
        )
    ids = [ready.server(idrac).id]
    look = ready.run("site_standard_apply", {"standard": "Old"}, ids)
    task = ready.tasks(look.id)[0]
    assert task.state == "completed", task.outcome
    assert task.result is not None
    assert task.result["deviations"] >= 1
    fix = ready.run("site_standard_apply", {"standard": "Old", "fix": True}, ids)
    task = ready.tasks(fix.id)[0]
    assert task.state == "completed", task.outcome
    again = ready.run("site_standard_apply", {"standard": "Old"}, ids)
    task = ready.tasks(again.id)[0]
    assert task.result is not None
    assert task.result["deviations"] == 0
