"""The command line from an empty machine on, each command a process of its own, against a simulated site."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kit.commandline import AgentProcess, CommandLine
from tests.kit.site import SiteProcess

PASSWORD = "calvin-sim-7Q"
PASSPHRASE = "a long enough passphrase for tests"


@pytest.fixture(scope="module")
def site() -> Iterator[SiteProcess]:
    options = {"idracs": 3, "seed": 11, "network": "127.92.0.0/24", "clock_speed": 60.0, "healthy": True}
    with SiteProcess(**options, shared_key=True, generations=("idrac9-6", "idrac10", "idrac8")) as site:
        yield site


@pytest.fixture(scope="module")
def line(site: SiteProcess, tmp_path_factory: pytest.TempPathFactory) -> CommandLine:
    """A profile made, filled and scanned by the command line."""
    line = CommandLine(tmp_path_factory.mktemp("cli") / "profile")
    made = line.ok("admin", "init", "--key", "file")
    assert "Recovery key (shown once): " in made.out
    line.ok("credentials", "add", "Rack", "--user", "root", "--range", "127.0.0.0/8", typed=PASSWORD + "\n")
    ranges = " ".join(i["address"] for i in site.idracs)
    job = line.ok("job", "discovery_scan", "--ranges", ranges, "--port", site.port, "--json").json
    assert job["job"]["state"] == "completed", job
    return line


def ids(line: CommandLine, query: str = "") -> list[int]:
    return [row["id"] for row in line.ok("servers", "list", "--query", query, "--json").json]


def test_found_servers_are_listed_filtered_and_shown_as_json(line: CommandLine, site: SiteProcess) -> None:
    rows = line.ok("servers", "list", "--json").json
    assert {r["service_tag"] for r in rows} == {i["service_tag"] for i in site.idracs}
    assert {r["access"] for r in rows} == {"managed"}
    tag = site.idracs[0]["service_tag"]
    assert len(line.ok("servers", "list", "--query", f"tag:{tag}", "--json").json) == 1
    assert tag in line.ok("servers", "list").out


def test_credentials_are_listed_without_their_passwords(line: CommandLine) -> None:
    shown = line.ok("credentials", "list", "--json")
    assert [c["name"] for c in shown.json] == ["Rack"]
    assert PASSWORD not in shown.out


def test_dangerous_work_wants_the_number_of_targets(line: CommandLine, site: SiteProcess) -> None:
    server = ids(line, f"tag:{site.idracs[0]['service_tag']}")[0]
    command = ("job", "power_action", "--action", "force_off", "--server", server)
    refused = line.run(*command)
    assert refused.code == 2
    assert "--confirm 1" in refused.err
    assert "disturbs 1 server." in refused.err
    assert line.run(*command, "--confirm", "7").code == 2
    assert line.run(*command, "--dry-run").code == 0
    assert site.idrac(0)["power_state"] == "On"
    done = line.ok(*command, "--confirm", "1", "--json").json
    assert done["job"]["done"] == 1
    assert site.idrac(0)["power_state"] == "Off"
    line.ok("job", "power_action", "--action", "on", "--server", server, "--confirm", "1")


def test_dangerous_work_without_targets_wants_its_name(line: CommandLine) -> None:
    command = ("job", "rolling_update", "--vcenter-id", "999", "--cluster", "domain-c1", "--detach")
    for typed in ((), ("--confirm", "0")):
        refused = line.run(*command, *typed)
        assert refused.code == 2
        assert "--confirm rolling_update" in refused.err
    assert line.run(*command, "--confirm", "rolling_update").code == 0


def test_a_failed_target_exits_1_and_can_be_tried_again(line: CommandLine, site: SiteProcess) -> None:
    site.set_fault(1, "garbage")
    failed = line.run("job", "health_check", *_servers(ids(line)), "--json")
    site.clear_faults(1)
    assert failed.code == 1, failed
    job = failed.json["job"]
    assert (job["done"], job["failed"]) == (2, 1)
    assert {t["state"] for t in failed.json["tasks"]} == {"completed", "failed"}
    again = line.ok("jobs", "retry", job["id"]).out
    shown = line.ok("jobs", "show", job["id"], "--json").json
    assert sum(t["state"] == "failed" for t in shown) == 1
    assert any(str(j["id"]) in again for j in line.ok("jobs", "list", "--json").json)


def test_servers_a_job_is_not_made_for_are_named_and_left_out_when_asked(line: CommandLine) -> None:
    command = ("job", "attributes_read", *_servers(ids(line)), "--at", "2099-01-01", "--detach", "--json")
    refused = line.run(*command)
    assert refused.code == 2
    assert "Needs iDRAC9 or newer; 1 of 3 is iDRAC8." in refused.err
    submitted = line.ok(*command, "--fitting").json
    assert len(line.ok("jobs", "show", submitted["job"], "--json").json) == 2
    line.ok("jobs", "cancel", submitted["job"])


def test_a_waiting_job_is_cancelled(line: CommandLine) -> None:
    submitted = line.ok(
        "job", "health_check", *_servers(ids(line)), "--at", "2099-01-01", "--detach", "--json"
    ).json
    line.ok("jobs", "cancel", submitted["job"], "--when", "now")
    row = next(j for j in line.ok("jobs", "list", "--json").json if j["id"] == submitted["job"])
    assert row["cancel_grade"] > 0 or row["state"] == "cancelled"


def test_an_agent_takes_jobs_and_ends_when_told(line: CommandLine) -> None:
    with AgentProcess(line) as agent:
        job = line.ok("job", "inventory_refresh", *_servers(ids(line)), "--detach", "--json").json["job"]
        deadline = time.monotonic() + 60
        while (row := next(j for j in line.ok("jobs", "list", "--json").json if j["id"] == job))[
            "state"
        ] != "completed":
            assert time.monotonic() < deadline, row
        assert row["done"] == 3
        # Followed from here, it runs there.
        assert line.ok("job", "health_check", *_servers(ids(line))).code == 0
        assert agent.stop() == 0, agent.said


def test_wrong_input_and_unknown_things_exit_2(line: CommandLine, tmp_path: Path) -> None:
    assert line.run("job", "no_such_job").code == 2
    assert line.run("job", "power_action").code == 2
    assert line.run("job", "health_check").code == 2
    assert line.run("jobs", "cancel", 99_999).code == 2
    assert CommandLine(tmp_path / "nothing").run("servers", "list").code == 2


def test_pdus_are_written_and_asked_for(line: CommandLine) -> None:
    rows = line.ok("servers", "list", "--json").json
    line.ok("servers", "edit", rows[0]["id"], "--pdus", "A12;B12")
    assert ids(line, "pdu:a12") == [rows[0]["id"]]
    line.ok("servers", "edit", rows[0]["id"], "--pdus", "")
    assert ids(line, "pdu:a12") == []


def test_a_network_that_is_down_fails_the_target_and_says_why(line: CommandLine) -> None:
    line.ok("servers", "add", "127.92.0.250", "--port", 9)
    server = ids(line, "address:127.92.0.250")
    ran = line.run("job", "health_check", *_servers(server), "--json")
    assert ran.code == 1
    assert ran.json["tasks"][0]["error"]["code"] == "Unreachable"
    line.ok("servers", "remove", *server, "--yes")


def test_key_backup_restore_and_audit(line: CommandLine, tmp_path: Path) -> None:
    assert "open" in line.ok("admin", "key", "status").out
    recovery = line.ok("admin", "key", "recovery").out.strip()
    assert len(recovery.replace("-", "")) > 30
    copy = tmp_path / "copy.db"
    assert "checked" in line.ok("admin", "backup", copy).out
    rotated = line.ok("admin", "key", "rotate").out
    assert "sealed with the new key" in rotated
    assert line.ok("job", "test_credentials", *_servers(ids(line))).code == 0
    assert "whole" in line.ok("admin", "verify-audit").out
    line.ok("admin", "size")
    other = CommandLine(tmp_path / "other")
    other.ok("admin", "restore", copy, "--key", "file")
    assert len(other.ok("servers", "list", "--json").json) == 3
    assert other.run("admin", "key", "recover", typed="0" * 56 + "\n").code != 0
    assert "open" in other.ok("admin", "key", "recover", typed=recovery + "\n").out
    assert "open" in other.ok("admin", "key", "status").out
    assert line.run("admin", "restore", copy).code != 0, (
        "a store with something in it is not overwritten unasked"
    )
    line.ok("admin", "restore", copy, "--replace")
    assert "whole" in line.ok("admin", "verify-audit").out


def test_an_edited_audit_log_is_noticed(line: CommandLine, tmp_path: Path) -> None:
    copy, other = tmp_path / "copy.db", CommandLine(tmp_path / "other")
    line.ok("admin", "backup", copy)
    other.ok("admin", "restore", copy, "--key", "file")
    with sqlite3.connect(other.folder / "store.db") as database:
        triggers = database.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'audit_log'"
        )
        for (name,) in triggers.fetchall():
            database.execute(f"DROP TRIGGER {name}")
        database.execute("UPDATE audit_log SET actor = 'mallory' WHERE id = 2")
    database.close()
    ran = other.run("admin", "verify-audit")
    assert ran.code == 1
    assert "broken at entry" in ran.out


def test_a_store_of_a_newer_program_is_refused_by_name(line: CommandLine, tmp_path: Path) -> None:
    copy, other = tmp_path / "copy.db", CommandLine(tmp_path / "other")
    line.ok("admin", "backup", copy)
    other.ok("admin", "restore", copy, "--key", "file")
    with sqlite3.connect(other.folder / "store.db") as database:
        database.execute("UPDATE alembic_version SET version_num = '9999_future'")
    database.close()
    ran = other.run("servers", "list")
    assert ran.code in (2, 5)
    assert "newer" in ran.err
    assert "Traceback" not in ran.err


def test_a_passphrase_opens_and_a_wrong_one_changes_nothing(tmp_path: Path) -> None:
    line = CommandLine(tmp_path / "profile")
    assert line.run("admin", "init", "--key", "passphrase", typed="short\n").code == 2
    line.ok("admin", "init", "--key", "passphrase", typed=PASSPHRASE + "\n")
    opened = line.run(
        "credentials",
        "add",
        "Rack",
        "--user",
        "root",
        typed=f"{PASSPHRASE}\n{PASSWORD}\n",
        options=("--passphrase-stdin",),
    )
    assert opened.code == 0, opened
    wrong = line.run("admin", "key", "status", typed="not that one at all\n", options=("--passphrase-stdin",))
    assert wrong.code == 2, wrong
    assert "locked" in line.ok("admin", "key", "status").out
    # What needs no secret works all the same.
    assert [c["name"] for c in line.ok("credentials", "list", "--json").json] == ["Rack"]
    assert line.run("credentials", "add", "Two", "--user", "root", typed=PASSWORD + "\n").code == 2


def test_the_demo_runs_without_a_display(tmp_path: Path) -> None:
    ran = CommandLine(tmp_path / "unused").run(
        "demo", "--headless", "--no-pictures", "--idracs", "3", seconds=120
    )
    assert ran.code == 0, ran
    assert "3 servers found, 3 read" in ran.out


def _servers(ids: list[int]) -> list[object]:
    return [word for server in ids for word in ("--server", server)]
