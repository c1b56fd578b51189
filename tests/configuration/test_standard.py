"""The site standard as a file: what it wants, what deviates, what it refuses."""

from __future__ import annotations

import json

import pytest

from dsm_desktop.configuration.standard import IDRAC, SiteStandard, deviations, parse_standard, standard_text
from dsm_desktop.core.errors import BadInput


def test_lists_also_empty_the_places_they_do_not_fill() -> None:
    desired = SiteStandard(ntp_servers=["10.0.0.1"], alert_targets=["10.0.0.9"]).desired()
    assert desired[f"{IDRAC}#NTPConfigGroup.1.NTPEnable"] == "Enabled"
    assert [desired[f"{IDRAC}#NTPConfigGroup.1.NTP{n}"] for n in (1, 2, 3)] == ["10.0.0.1", "", ""]
    assert desired[f"{IDRAC}#SNMPAlert.1.State"] == "Enabled"
    assert desired[f"{IDRAC}#SNMPAlert.2.State"] == "Disabled"


def test_deviations_name_what_is_wrong_what_is_missing_and_who_should_not_be_there() -> None:
    standard = SiteStandard(
        dns_servers=["10.0.0.1"],
        web_timeout_seconds=900,
        allowed_users=["root"],
        bios={"SysProfile": "Custom"},
    )
    values = {
        f"{IDRAC}#IPv4Static.1.DNS1": "10.0.0.1",
        f"{IDRAC}#IPv4Static.1.DNS2": "",
        f"{IDRAC}#WebServer.1.Timeout": 1800,
        f"{IDRAC}#Users.2.UserName": "Root",
        f"{IDRAC}#Users.2.Enable": "Enabled",
        f"{IDRAC}#Users.5.UserName": "intern",
        f"{IDRAC}#Users.5.Enable": "Enabled",
        f"{IDRAC}#Users.6.UserName": "gone",
        f"{IDRAC}#Users.6.Enable": "Disabled",
    }
    found = {d.key.partition("#")[2]: (d.wanted, d.found, d.missing) for d in deviations(standard, values)}
    assert found == {
        "WebServer.1.Timeout": (900, 1800, False),
        "SysProfile": ("Custom", None, True),
        "Users.5.Enable": ("Disabled", "Enabled", False),
    }


def test_the_file_reads_back() -> None:
    standard = SiteStandard(name="HQ", ntp_servers=["a", "b"], bios={"SysProfile": "Custom", "X": 5})
    assert parse_standard(standard_text(standard)) == standard
    assert set(json.loads(standard_text(standard))) == {"name", "ntp_servers", "bios"}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "no JSON"),
        ("[]", "cannot be used"),
        ('{"ntp": ["a"]}', "ntp"),
        ('{"ntp_servers": ["a","b","c","d"]}', "ntp_servers"),
        ('{"attributes": {"Users.2.Password": "x"}}', "secret"),
        ('{"web_timeout_seconds": 5}', "web_timeout_seconds"),
    ],
)  # fmt: skip
def test_a_wrong_file_is_refused_in_words(text: str, says: str) -> None:
    with pytest.raises(BadInput, match=says):
        parse_standard(text)
