"""Query options, paging and logs."""

from __future__ import annotations

import pytest

from dsm_desktop.simulator import SimulatedIdrac, Site
from dsm_desktop.simulator.query import BadQuery, compile_filter
from tests.simulator.client import MANAGER, SYSTEM, Client

LOG = f"{MANAGER}/LogServices/Lclog/Entries"
SEL = f"{MANAGER}/LogServices/Sel"


def test_expand_replaces_links_one_level_deep(nine: SimulatedIdrac) -> None:
    with Client(nine) as client:
        members = client.get(f"{SYSTEM}/Processors?$expand=*($levels=1)")["Members"]
        assert all(len(m) > 5 for m in members)
        assert list(members[0]["Assembly"]) == ["@odata.id"]
        assert client.send("GET", f"{SYSTEM}/Processors?$expand=*($levels=2)").status == 400
        system = client.get(f"{SYSTEM}?$expand=.($levels=1)")
        assert "Members" in system["Memory"]
        assert list(system["Links"]["Chassis"][0]) == ["@odata.id"]


def test_select_takes_nested_paths(nine: SimulatedIdrac) -> None:
    with Client(nine) as client:
        doc = client.get(f"{SYSTEM}?$select=PowerState,Oem/Dell/DellSystem/SystemGeneration")
        assert {k for k in doc if not k.startswith("@")} == {"PowerState", "Oem"}
        assert list(doc["Oem"]["Dell"]["DellSystem"]) == ["SystemGeneration"]
        rows = client.get("/redfish/v1/UpdateService/FirmwareInventory?$expand=*($levels=1)&$select=Version")[
            "Members"
        ]
        assert all({k for k in row if not k.startswith("@")} == {"Version"} for row in rows)


def test_only_opens_a_collection_of_one(nine: SimulatedIdrac, eight: SimulatedIdrac) -> None:
    with Client(nine) as client:
        assert client.get("/redfish/v1/Systems?only")["Id"] == "System.Embedded.1"
    with Client(eight) as client:
        assert client.send("GET", "/redfish/v1/Systems?only").message_ids == ["SYS451"]


def test_pages_of_fifty_lead_to_the_next(site: Site) -> None:
    for idrac in site.idracs:
        with Client(idrac) as client:
            service = client.get(f"{MANAGER}/LogServices/Lclog")
            uri = service["Entries"]["@odata.id"]
            assert ("/Logs/" in uri) == (idrac.generation in ("idrac7", "idrac8"))
            ids: list[int] = []
            while uri:
                page = client.get(uri)
                assert len(page["Members"]) <= 50
                assert page["Members@odata.count"] == idrac.log_sizes["Lclog"]
                ids += [int(m["Id"]) for m in page["Members"]]
                uri = page.get("Members@odata.nextLink")
            assert ids == sorted(ids, reverse=True)
            assert len(ids) == len(set(ids)) == idrac.log_sizes["Lclog"]


def test_skip_top_and_filter(nine: SimulatedIdrac) -> None:
    nine.log("PSU0003", "2")
    with Client(nine) as client:
        count = client.get(LOG)["Members@odata.count"]
        assert len(client.get(f"{LOG}?$top=3&$skip=2")["Members"]) == 3
        answer = client.send("GET", f"{LOG}?$skip={count}")
        assert (answer.status, answer.message_ids) == (400, ["SYS417"])
        critical = client.get(f"{LOG}?$filter=Severity eq 'Critical'")["Members"]
        assert [m["MessageId"].rsplit(".", 1)[-1] for m in critical] == ["PSU0003"]
        newest = client.get(LOG)["Members"][0]["Created"]
        assert (
            client.get(f"{LOG}?$filter=Created ge '{newest}' and Severity ne 'OK'")["Members@odata.count"]
            == 1
        )
        assert client.send("GET", f"{LOG}?$filter=Severity like 'x'").status == 400
        assert client.send("GET", f"{SYSTEM}?$filter=Id eq 'x'").status == 400


def test_a_single_entry_and_the_cleared_sel(nine: SimulatedIdrac) -> None:
    with Client(nine) as client:
        first = client.get(LOG)["Members"][0]
        assert client.get(first["@odata.id"])["Message"] == first["Message"]
        assert client.post(f"{SEL}/Actions/LogService.ClearLog").status == 204
        rows = client.get(f"{SEL}/Entries")["Members"]
        assert [row["Message"] for row in rows] == ["The Log has been cleared."]
        assert len(rows[0]["MessageId"]) == 8
    assert nine.effects == {"LogService.ClearLog:Sel": 1}


@pytest.mark.parametrize(("text", "hit"), [
    ("A eq 1", True), ("A gt 1 or B eq 'x''y'", True), ("not (A eq 1)", False), ("C/D eq true and A le 1", True), ("E eq null", True),
    ("A gt 'text'", False),
])  # fmt: skip
def test_filters(text: str, hit: bool) -> None:
    assert compile_filter(text)({"A": 1, "B": "x'y", "C": {"D": True}}) is hit


@pytest.mark.parametrize("text", ["", "A", "A eq", "A eq 1 and", "(A eq 1", "A eq 1 B"])
def test_bad_filters(text: str) -> None:
    with pytest.raises(BadQuery):
        compile_filter(text)
