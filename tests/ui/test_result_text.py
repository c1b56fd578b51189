"""A result is read as lines and tables, never as JSON."""

from __future__ import annotations

from dsm_desktop.ui.result_text import result_text


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


def test_errors_lists_and_nothing() -> None:
    assert result_text(None) == ""
    assert result_text({"gaps": ["a", "b"], "detail": {"x": 1}}) == "Gaps (2)\n  a\n  b\n\nDetail\n  x: 1"
