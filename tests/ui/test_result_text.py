"""A result is read as lines and tables, never as JSON."""

from __future__ import annotations

from pytestqt.qtbot import QtBot

from dsm_desktop.core.result_text import error_text, result_text
from dsm_desktop.queries.jobs import TaskRow
from dsm_desktop.ui.views.task_result import TaskResult


def test_settings_stand_in_columns_and_empty_ones_are_left_out() -> None:
    rows = [
        {"name": "SysProfile", "old": "Perf", "wanted": "Custom", "outcome": "applied", "why": ""},
        {"name": "ProcCStates", "old": "Disabled", "wanted": "Enabled", "outcome": "refused", "why": ""},
    ]
    text = result_text(
        {"summary": "2 settings.", "changed": 1, "backup_id": None, "proven": True, "settings": rows}
    )
    assert text == (
        "Summary: 2 settings.\nChanged: 1\nProven: yes\n\nSettings (2)\n"
        "  Name         Old       Wanted   Outcome\n"
        "  SysProfile   Perf      Custom   applied\n"
        "  ProcCStates  Disabled  Enabled  refused"
    )


def test_a_plan_inside_a_result_is_read_as_lines_and_tables_too() -> None:
    hosts = [
        {"host_id": 4, "moid": "host-4", "name": "esx01", "changes": ["BIOS 1 → 2", "NIC 3 → 4"], "notes": []}
    ]
    assert result_text({"plan": {"subject": "Prod", "vcenter_id": 1, "cluster": "", "hosts": hosts}}) == (
        "Plan\n  Subject: Prod\n\n  Hosts (1)\n    Name   Changes\n    esx01  BIOS 1 → 2, NIC 3 → 4"
    )


def test_errors_lists_and_nothing() -> None:
    assert result_text(None) == ""
    assert result_text({"gaps": ["a", "b"], "detail": {"x": 1}}) == "Gaps (2)\n  a\n  b\n\nDetail\n  x: 1"


def test_an_error_says_what_where_and_the_next_step_first() -> None:
    error = {"code": "HostKeyChanged", "message": "the key has changed", "hint": "Compare it.", "where": "esx01:22", "detail": "x", "blame": "peer"}  # fmt: skip
    assert (
        error_text(error)
        == "esx01:22: the key has changed\n\nNext step: Compare it.\n\nx\n\n(HostKeyChanged)"
    )
    assert error_text({"message": "It broke."}) == "It broke."


def test_what_was_done_all_the_same_stands_below_the_error(qtbot: QtBot) -> None:
    shown = TaskResult()
    qtbot.addWidget(shown)
    error = {"message": "2 of 3 hosts.", "where": "Prod", "hint": "Run it again.", "code": "NotAllDone"}
    result = {"summary": "2 of 3 hosts.", "hosts": [{"name": "esx01", "standing": "done"}]}
    row = TaskRow(1, 1, None, "", "failed", 1, 3, 3, "", result, error, None, None)
    shown.show_task(row, None)
    text = shown.text.toPlainText()
    assert text.index("Next step: Run it again.") < text.index("Hosts (1)") < text.index("esx01")
    assert text.count("2 of 3 hosts.") == 1


def test_a_judgement_inside_a_result_shows_every_gate_with_every_number() -> None:
    gate = {
        "name": "load",
        "colour": "green",
        "text": "There is room.",
        "numbers": [["memory in use", 12.5, "MB"], ["limit", 80.0, "%"]],
    }
    judged = {
        "judgement": {"subject": "cluster:1:domain-c8", "name": "Prod", "gates": [gate]},
        "change": "",
        "check_id": 4,
    }
    assert result_text({"clusters": [judged]}) == (
        "Clusters (1)\n"
        "  Judgement\n"
        "    Subject: cluster:1:domain-c8\n    Name: Prod\n\n"
        "    Gates (1)\n"
        "      Name  Colour  Text            Numbers\n"
        "      load  green   There is room.  memory in use 12.5 MB; limit 80 %"
    )


def test_the_last_column_is_not_cut() -> None:
    long = "a reason that goes on and on " * 4
    shown = result_text({"rows": [{"name": long, "why": long}]})
    assert long.strip() in shown
    assert shown.count(long.strip()) == 1
