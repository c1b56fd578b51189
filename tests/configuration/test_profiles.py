"""Configuration profiles: what is recorded reads whole, what is hostile is refused, what is written reads back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dsm_desktop.configuration.profiles import (
    MAX_ATTRIBUTES,
    MAX_BYTES,
    ProfileInvalid,
    checksum,
    chosen,
    compose,
    import_text,
    parse_profile,
)

XML = """<?xml version="1.0"?>
<SystemConfiguration Model="PowerEdge R740" ServiceTag="ABC1234" TimeStamp="Mon Jan  1 00:00:00 2024">
  <!--Export type is Normal,XML-->
  <Component FQDD="iDRAC.Embedded.1">
    <Attribute Name="NIC.1#DNSRacName">idrac &amp; co</Attribute>
    <!-- <Attribute Name="Users.2#Password">******</Attribute>-->
    <Attribute Name="Users.2#SHA256Password">5f4dcc3b5aa765d61d8327deb882cf99</Attribute>
  </Component>
  <Component FQDD="RAID.Slot.1-1">
    <Component FQDD="Disk.Virtual.0:RAID.Slot.1-1"><Attribute Name="RAIDaction">Update</Attribute></Component>
  </Component>
</SystemConfiguration>"""


def test_a_recorded_export_reads_whole(captures: Path) -> None:
    profile = parse_profile((captures / "buildio-idrac" / "r6525-scp-export-idrac.json").read_bytes())
    assert (profile.format, profile.model, profile.components) == (
        "json",
        "PowerEdge R6525",
        ("iDRAC.Embedded.1",),
    )
    assert len(profile.attributes) == 984
    assert sum(a.applies for a in profile.attributes) == 809
    assert profile.values()["iDRAC.Embedded.1#Users.2#UserName"] == "root"
    # The recorded community "public" and the IPMI key are secrets the device did not mask.
    assert "iDRAC.Embedded.1#IPMILan.1#CommunityName" in profile.secrets()
    assert not [
        k for k in profile.values() if k.endswith(("Password", "Salt", "EncryptionKey", "IPMIKey", "v3Key"))
    ]


def test_xml_with_comments_entities_and_nested_components() -> None:
    profile = parse_profile(XML)
    assert (profile.model, profile.service_tag) == ("PowerEdge R740", "ABC1234")
    rows = {a.key: (a.value, a.applies) for a in profile.attributes}
    assert rows["iDRAC.Embedded.1#NIC.1#DNSRacName"] == ("idrac & co", True)
    assert rows["iDRAC.Embedded.1#Users.2#Password"] == ("******", False)
    assert rows["Disk.Virtual.0:RAID.Slot.1-1#RAIDaction"] == ("Update", True)
    assert profile.secrets() == ("iDRAC.Embedded.1#Users.2#SHA256Password",)
    assert "\n" not in import_text(XML).replace("<!--Export type is Normal,XML-->", "")
    assert parse_profile(import_text(XML)).attributes == profile.attributes


BOMB = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><SystemConfiguration>&b;</SystemConfiguration>'
FILE = '<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]><SystemConfiguration><Component FQDD="a"><Attribute Name="b">&f;</Attribute></Component></SystemConfiguration>'


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "empty"),
        ("hello", "neither XML nor JSON"),
        (BOMB, "DOCTYPE"),
        (FILE, "DOCTYPE"),
        (XML[:-30], "broken"),
        ("<html><body>404</body></html>", "root is <html>"),
        ("<SystemConfiguration/>", "no settings"),
        ('<SystemConfiguration><Attribute Name="a">b</Attribute></SystemConfiguration>', "outside"),
        ("<SystemConfiguration>" + '<Component FQDD="a">' * 20, "nested too deep"),
        ('{"SystemConfiguration":{"Components":[]}}', "no settings"),
        ('{"SystemConfiguration":{"Components":[{"FQDD":"a","Attributes":[{"Name":"x","Value":{}}]}]}}', "no plain value"),
        ('{"SystemConfiguration":{"Components":{"a":1}}}', "no list"),
        ('{"a":1}', "no SystemConfiguration"),
        ('{"SystemConfiguration":{"Components":[{"FQDD":"a","Attributes":[{"Name":"x","Value":"1"}]}]}}{"b":2}', "broken"),
        ('{"SystemConfiguration":' * 2000, "broken"),
    ],
)  # fmt: skip
def test_what_is_no_profile_is_refused_with_its_reason(text: str, says: str) -> None:
    with pytest.raises(ProfileInvalid, match=says):
        parse_profile(text)


def test_sizes_are_bounded() -> None:
    with pytest.raises(ProfileInvalid, match="MB"):
        parse_profile(b"{" + b" " * MAX_BYTES)
    rows = [{"Name": f"a{n}", "Value": "1"} for n in range(MAX_ATTRIBUTES + 1)]
    document = {"SystemConfiguration": {"Components": [{"FQDD": "x", "Attributes": rows}]}}
    with pytest.raises(ProfileInvalid, match="settings"):
        parse_profile(json.dumps(document))
    deep: dict[str, Any] = {"FQDD": "x", "Attributes": [{"Name": "a", "Value": "1"}]}
    for _ in range(12):
        deep = {"FQDD": "x", "Components": [deep]}
    with pytest.raises(ProfileInvalid, match="deep"):
        parse_profile(json.dumps({"SystemConfiguration": {"Components": [deep]}}))


# What XML 1.0 can carry, without line ends, which every XML parser makes into one another.
TEXT = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Co", "Cn", "Zl", "Zp")),
    min_size=1,
    max_size=40,
)
ROWS = st.lists(
    st.tuples(st.sampled_from(["BIOS.Setup.1-1", "iDRAC.Embedded.1"]), TEXT, TEXT), min_size=1, max_size=8
)


@given(rows=ROWS, kind=st.sampled_from(["xml", "json"]))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_what_is_composed_reads_back(rows: list[tuple[str, str, str]], kind: str) -> None:
    text = compose(rows, format=kind)
    profile = parse_profile(import_text(text))
    grouped = sorted(rows, key=lambda r: list(dict.fromkeys(f for f, _, _ in rows)).index(r[0]))
    assert [(a.fqdd, a.name, a.value) for a in profile.attributes] == grouped
    assert chosen(profile, {a.key for a in profile.attributes}) == grouped
    assert len(checksum(text)) == 64


@given(st.binary(max_size=400))
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_bytes_break_the_reader(data: bytes) -> None:
    for text in (data, b"<" + data, b"{" + data, XML.encode()[: len(data)] + data):
        try:
            parse_profile(text)
        except ProfileInvalid:
            continue


@pytest.mark.timeout(120)
def test_a_profile_of_blank_lines_is_made_ready_at_once() -> None:
    blank = XML.replace("<Component ", "\n" * 1_000_000 + "<Component ", 1)
    assert import_text(blank) == import_text(XML)
