"""scp_export, scp_preview, scp_import on every generation: sealed, previewed first, told by setting; nothing sent twice."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from dsm_desktop.configuration.profiles import compose, parse_profile
from dsm_desktop.configuration.standard import BIOS, IDRAC
from dsm_desktop.core.errors import BadInput
from dsm_desktop.core.states import CancelGrade
from dsm_desktop.jobs import Danger
from dsm_desktop.operations.scp_export import scp_export
from dsm_desktop.operations.scp_import import scp_import
from dsm_desktop.queries.configuration import ProfileRow, profiles
from dsm_desktop.queries.jobs import TaskRow
from dsm_desktop.simulator import SimulatedIdrac
from dsm_desktop.vault.profiles import open_profile
from tests.operations.conftest import Program

pytestmark = pytest.mark.shared_program


@pytest.fixture
def clean(ready: Program) -> Program:
    """No BIOS job and nothing staged, which would stand in a profile's way."""
    job = ready.run("bios_config_write", {"action": "withdraw what waits"}, [s.id for s in ready.servers()])
    assert job.failed == 0, [t.outcome for t in ready.tasks(job.id)]
    for idrac in ready.site.idracs:
        idrac.clear_faults()
    return ready


def run(program: Program, kind: str, idracs: Iterable[SimulatedIdrac], **params: Any) -> list[TaskRow]:
    job = program.run(kind, params, [program.server(i).id for i in idracs])
    return program.tasks(job.id)


def posts(idrac: SimulatedIdrac, name: str) -> int:
    return sum(entry.uri.endswith(f".{name}") for entry in idrac.journal)


def kept(program: Program, idrac: SimulatedIdrac) -> list[ProfileRow]:
    server_id = program.server(idrac).id
    return [p for p in program.app.store.fetch(lambda c: profiles(c, server_id)) if p.server_id == server_id]


def add(program: Program, *settings: tuple[str, str, str]) -> int:
    return program.app.commands.profiles.add(compose(settings), "test")


def test_every_generation_is_exported_sealed_and_complete(clean: Program) -> None:
    before = [posts(i, "ExportSystemConfiguration") for i in clean.site.idracs]
    tasks = run(clean, "scp_export", clean.site.idracs, password_hashes=True)
    assert [t.state for t in tasks] == ["completed"] * 6, [t.outcome for t in tasks]
    for idrac in clean.site.idracs:
        row = kept(clean, idrac)[0]
        assert row.service_tag == idrac.service_tag
        assert (BIOS in row.components, IDRAC in row.components) == (True, True)
        with clean.app.store.write() as uow:
            text = open_profile(uow, clean.app.vault, row.id)
        assert len(parse_profile(text).values()) == row.settings
    after = [posts(i, "ExportSystemConfiguration") for i in clean.site.idracs]
    assert after == [b + 1 for b in before]
    assert any(row.secrets for row in kept(clean, clean.site.idracs[3]))


def test_a_preview_changes_nothing_and_an_import_is_told_by_setting(clean: Program) -> None:
    idracs = clean.site.idracs
    profile = add(clean, (IDRAC, "SysLog.1#Port", "1601"), (IDRAC, "NTPConfigGroup.1#NTP1", "10.9.9.9"))
    before = [len(i.journal) for i in idracs]
    seen = run(clean, "scp_preview", idracs, profile_id=profile)
    assert [t.state for t in seen] == ["completed"] * 6, [t.outcome for t in seen]
    assert all(t.result and t.result["good"] for t in seen)
    assert max(len(i.journal) - b for i, b in zip(idracs, before, strict=True)) <= 1
    sent = [posts(i, "ImportSystemConfiguration") for i in idracs]
    tasks = run(clean, "scp_import", idracs, profile_id=profile, shutdown="no restart")
    assert [t.state for t in tasks] == ["completed"] * 6, [t.outcome for t in tasks]
    for task in tasks:
        assert task.result is not None
        assert (task.result["changed"], task.result["not_applied"]) == (2, 0)
        assert {line["outcome"] for line in task.result["settings"]} == {"applied"}
        assert task.result["backup_id"] is not None
    assert [posts(i, "ImportSystemConfiguration") - s for i, s in zip(idracs, sent, strict=True)] == [1] * 6


def test_bios_settings_are_applied_by_the_imports_own_restart(clean: Program) -> None:
    idrac = clean.site.idracs[3]
    run(clean, "bios_config_read", [idrac])
    profile = add(clean, (BIOS, "NumLock", "Off"), (BIOS, "ErrPrompt", "Disabled"))
    boots = idrac.boots
    task = run(clean, "scp_import", [idrac], profile_id=profile, components=["BIOS"], shutdown="graceful")[0]
    assert task.state == "completed", task.outcome
    assert idrac.boots > boots
    assert task.result is not None
    assert task.result["not_applied"] == 0


def test_a_setting_the_server_does_not_take_is_named_with_its_reason(clean: Program) -> None:
    idrac = clean.site.idracs[3]
    profile = add(clean, (IDRAC, "SysLog.1#Port", "1699"), (IDRAC, "NoGroup.1#NoSuch", "x"))
    task = run(clean, "scp_import", [idrac], profile_id=profile, shutdown="no restart", preview=False)[0]
    assert (task.state, task.result) == ("failed", None)
    assert "1 of 2 settings" in task.outcome


@pytest.mark.parametrize("row", [0, 3, 5])
def test_a_preview_with_an_objection_is_no_yes_and_stops_the_import(clean: Program, row: int) -> None:
    """The job of the iDRAC ends as Completed; only its message and what stands beside it tell."""
    idrac = clean.site.idracs[row]
    port, model = (IDRAC, "SysLog.1#Port", "1712"), (IDRAC, "Info.1#HWModel", "nonsense")
    for rows, said in (((model,), "no configuration changes"), ((port, model), "Some changes")):
        profile = add(clean, *rows)
        (seen,) = run(clean, "scp_preview", [idrac], profile_id=profile)
        assert seen.result
        assert (seen.result["good"], said in seen.result["message"]) == (False, True), seen.result
        assert any("HWModel" in line for line in seen.result["details"]), seen.result["details"]
        before = posts(idrac, "ImportSystemConfiguration")
        (task,) = run(clean, "scp_import", [idrac], profile_id=profile, shutdown="no restart", backup=False)
        assert task.error is not None
        assert task.error["code"] == "PreviewObjects", task.outcome
        assert posts(idrac, "ImportSystemConfiguration") == before


def test_a_failing_import_is_a_failure_that_says_what_is_in(clean: Program) -> None:
    idrac = clean.site.idracs[4]
    idrac.set_fault("scp_fails")
    before = posts(idrac, "ImportSystemConfiguration")
    profile = add(clean, (IDRAC, "SysLog.1#Port", "1777"), (IDRAC, "NTPConfigGroup.1#NTP2", "10.7.7.7"))
    task = run(clean, "scp_import", [idrac], profile_id=profile, shutdown="no restart")[0]
    idrac.clear_faults()
    assert task.state == "failed"
    assert "not taken" in task.outcome
    assert posts(idrac, "ImportSystemConfiguration") == before + 1


def test_only_chosen_settings_are_imported(clean: Program) -> None:
    idrac = clean.site.idracs[5]
    profile = add(clean, (IDRAC, "SysLog.1#Port", "1888"), (IDRAC, "NTPConfigGroup.1#NTP3", "10.8.8.8"))
    task = run(
        clean,
        "scp_import",
        [idrac],
        profile_id=profile,
        settings=[f"{IDRAC}#SysLog.1#Port"],
        shutdown="no restart",
    )[0]
    assert task.state == "completed", task.outcome
    assert task.result is not None
    assert [line["name"] for line in task.result["settings"]] == [f"{IDRAC}#SysLog.1#Port"]
    unknown = run(clean, "scp_import", [idrac], profile_id=profile, settings=["x#y"], shutdown="no restart")[
        0
    ]
    assert "has no x#y" in unknown.outcome
    gone = run(clean, "scp_import", [idrac], profile_id=999_999)[0]
    assert "no configuration profile" in gone.outcome


def test_staged_settings_stand_in_the_way_and_the_next_step_is_told(clean: Program) -> None:
    idrac = clean.site.idracs[3]
    staged = run(clean, "bios_config_write", [idrac], settings=["NumLock=On"], when="next restart")[0]
    profile = add(clean, (IDRAC, "SysLog.1#Port", "1610"))
    before = posts(idrac, "ImportSystemConfiguration")
    task = run(
        clean, "scp_import", [idrac], profile_id=profile, shutdown="no restart", backup=False, preview=False
    )[0]
    assert staged.state == "completed", staged.outcome
    if staged.result and staged.result["waiting"]:
        assert task.state == "failed"
        assert "pending" in task.outcome.lower()
        assert posts(idrac, "ImportSystemConfiguration") == before


def test_a_dry_run_sends_nothing(clean: Program) -> None:
    idrac = clean.site.idracs[5]
    profile = add(clean, (IDRAC, "SysLog.1#Port", "1611"))
    before = len(idrac.journal)
    job = clean.run("scp_import", {"profile_id": profile}, [clean.server(idrac).id], dry_run=True)
    assert job.failed == 0, clean.tasks(job.id)[0].outcome
    assert len(idrac.journal) == before


@pytest.mark.parametrize(
    ("shutdown", "components", "danger"),
    [
        ("no restart", ["ALL"], Danger.DISRUPTIVE),
        ("no restart", ["ALL", "RAID"], Danger.DESTRUCTIVE),
        ("graceful", ["ALL"], Danger.DESTRUCTIVE),
        ("forced", ["ALL"], Danger.DESTRUCTIVE),
    ],
)
def test_what_restarts_or_deletes_is_typed(shutdown: str, components: list[str], danger: Danger) -> None:
    params = scp_import.validate({"profile_id": 1, "shutdown": shutdown, "components": components})
    assert scp_import.danger_for(params) is danger
    with pytest.raises(BadInput):
        scp_import.validate({"profile_id": 0})


def test_an_idrac_without_local_export_pushes_the_profile_here(clean: Program) -> None:
    idrac = clean.site.idracs[0]
    before = len(kept(clean, idrac))
    task = run(clean, "scp_export", [idrac], way="push", components=["IDRAC"])[0]
    assert task.state == "completed", task.outcome
    rows = kept(clean, idrac)
    assert len(rows) == before + 1
    assert rows[0].components == (IDRAC,)
    assert clean.app.media.listening is None
    assert _share_of(idrac) == "HTTPS", "a profile may hold secrets"


@pytest.mark.parametrize(("words", "share"), [("LOCAL HTTPS", "HTTP"), ("LOCAL HTTPS HTTP", "")])
def test_a_profile_that_crosses_in_clear_is_called_so(clean: Program, words: str, share: str) -> None:
    """Firmware that knows no HTTPS; one that pushes to no web server at all is told apart before anything is sent."""
    idrac = clean.site.idracs[0]
    before = posts(idrac, "ExportSystemConfiguration")
    idrac.set_fault("unlisted", words=words)
    try:
        silent = run(clean, "scp_export", [idrac], components=["IDRAC"])[0]
        assert posts(idrac, "ExportSystemConfiguration") == before
        task = run(clean, "scp_export", [idrac], components=["IDRAC"], in_clear=True)[0]
    finally:
        idrac.clear_faults()
    assert silent.error is not None
    if share:
        assert (silent.error["code"], "Also unencrypted" in silent.error["hint"]) == ("OnlyInClear", True)
        assert task.state == "completed", task.outcome
        assert "unencrypted" in task.outcome
        assert _share_of(idrac) == share
    else:
        assert task.state == "failed"
        assert "NFS" in task.outcome
        assert posts(idrac, "ExportSystemConfiguration") == before


def test_secrets_cross_the_network_only_when_somebody_has_agreed() -> None:
    agreed = scp_export.validate({"in_clear": True})
    assert scp_export.danger_for(agreed) is Danger.DISRUPTIVE
    assert scp_export.danger_for(scp_export.validate({})) is Danger.NONE
    assert scp_export.confirm is not None
    assert "unencrypted" in scp_export.confirm(agreed)


def _share_of(idrac: SimulatedIdrac) -> str:
    """ShareType of the newest export."""
    sent = [e for e in idrac.journal if e.uri.endswith(".ExportSystemConfiguration")]
    return str(sent[-1].body["ShareParameters"]["ShareType"])


def test_a_cancelled_import_is_sent_at_most_once_and_nothing_more_is_started(clean: Program) -> None:
    idrac = clean.site.idracs[4]
    profile = add(clean, (IDRAC, "SysLog.1#Port", "1612"))
    before = posts(idrac, "ImportSystemConfiguration")
    job_id = clean.app.commands.submit(
        "scp_import", [clean.server(idrac).id], {"profile_id": profile, "shutdown": "no restart"}
    )
    clean.app.commands.cancel(job_id, CancelGrade.NOW)
    row = clean.wait(job_id)
    assert row.state == "cancelled", clean.tasks(job_id)[0].outcome
    assert posts(idrac, "ImportSystemConfiguration") - before <= 1


def test_a_share_with_a_login_in_its_address_is_refused() -> None:
    with pytest.raises(BadInput, match="credential set") as caught:
        scp_export.validate({"way": "share", "share": "cifs://user:s3cret@10.0.0.5/profiles"})
    assert "s3cret" not in f"{caught.value} {caught.value.detail}"
