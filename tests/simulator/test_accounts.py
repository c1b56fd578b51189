"""Accounts: passwords change everywhere by PATCH, the policy has a word, and iDRAC10 makes and deletes accounts."""

from __future__ import annotations

from dsm_desktop.simulator import SimulatedIdrac, Site
from dsm_desktop.simulator.personas import BY_KEY
from tests.simulator.client import MANAGER, SYSTEM, Client

ATTRIBUTES = f"{MANAGER}/Oem/Dell/DellAttributes/iDRAC.Embedded.1"


def accounts(idrac: SimulatedIdrac) -> str:
    return BY_KEY[idrac.generation].accounts


def test_changing_the_own_password_ends_the_session(site: Site) -> None:
    for idrac in site.idracs:
        with Client(idrac) as client:
            client.login()
            answer = client.patch(f"{accounts(idrac)}/2", {"Password": "Neu-2026!x"})
            assert answer.status == 200
            assert client.send("GET", SYSTEM).status == 401, "the session has died"
            client.token = None
            client.password = "Neu-2026!x"
            assert client.login().status == 201
            assert idrac.effects == {"PATCH Accounts/2 Password": 1}
            assert "Neu-2026" not in str(idrac.journal)


def test_the_policy_refuses_in_the_words_of_each_firmware(site: Site) -> None:
    words = {"idrac7": "RAC0518", "idrac8": "RAC0518", "idrac9-4": "SYS474", "idrac9-5": "SYS474"}
    for idrac in site.idracs:
        with Client(idrac) as client:
            for password in ("", "x" * 128):
                answer = client.patch(f"{accounts(idrac)}/2", {"Password": password})
                assert (answer.status, answer.message_ids) == (
                    400,
                    [words.get(idrac.generation, "RAC1276")],
                )
            assert client.get(SYSTEM)["SKU"] == idrac.service_tag, "the old one still opens"


def test_a_stricter_policy(nine: SimulatedIdrac) -> None:
    with Client(nine) as client:
        strict = {
            "Security.1.PasswordMinimumLength": 10,
            "Security.1.PasswordRequireNumbers": "Enabled",
            "Security.1.PasswordRequireUpperCase": "Enabled",
        }
        assert client.patch(ATTRIBUTES, {"Attributes": strict}).status == 200
        for password, status in (
            ("short1A", 400),
            ("nonumbersA", 400),
            ("nouppercase1", 400),
            ("LongEnough1", 200),
        ):
            client.password = nine.password if status == 400 else client.password
            assert client.patch(f"{accounts(nine)}/2", {"Password": password}).status == status


def test_an_empty_slot_is_filled_and_emptied_again(eight: SimulatedIdrac, nine: SimulatedIdrac) -> None:
    for idrac in (eight, nine):
        slot = f"{accounts(idrac)}/5"
        body = {"UserName": "ops", "Password": "Ops-2026", "RoleId": "Operator", "Enabled": True}
        with Client(idrac) as client:
            assert client.patch(slot, body).status == 200
            assert client.patch(f"{accounts(idrac)}/6", body).message_ids == ["SYS409"], "the name is taken"
            with Client(idrac, "ops", "Ops-2026") as other:
                assert other.get(SYSTEM)["SKU"] == idrac.service_tag
            if idrac is eight:
                assert client.patch(slot, {"UserName": ""}).message_ids == ["SYS443"]
                assert client.patch(slot, {"Enabled": False, "RoleId": "None"}).status == 200
            assert client.patch(slot, {"UserName": ""}).status == 200
            with Client(idrac, "ops", "Ops-2026") as other:
                assert other.send("GET", SYSTEM).status == 401
            assert client.patch(f"{accounts(idrac)}/1", {"UserName": "x"}).message_ids == ["SYS427"]


def test_idrac10_makes_and_deletes_accounts(ten: SimulatedIdrac, nine: SimulatedIdrac) -> None:
    body = {"UserName": "ops", "Password": "Ops-2026", "RoleId": "Operator"}
    with Client(ten) as client:
        made = client.post(accounts(ten), body)
        assert made.status == 201
        place = made.headers["Location"]
        assert client.get(place)["UserName"] == "ops"
        with Client(ten, "ops", "Ops-2026") as other:
            assert other.send("DELETE", place).status == 403
        assert client.send("DELETE", f"{accounts(ten)}/2").status == 400, "not oneself"
        assert client.send("DELETE", place).status == 204
        assert client.send("DELETE", place).status == 404
        assert client.post(accounts(ten), {**body, "Id": "9"}).headers["Location"].endswith("/9")
        assert client.post(accounts(ten), {"UserName": "x"}).message_ids == ["SYS428"]
    with Client(nine) as client:
        assert client.post(accounts(nine), body).status == 405


def test_the_older_address_still_takes_changes(nine: SimulatedIdrac) -> None:
    with Client(nine) as client:
        assert client.patch(f"{MANAGER}/Accounts/2", {"Password": "Neu-2026!x"}).status == 200
    with Client(nine, password="Neu-2026!x") as client:
        assert client.get(SYSTEM)["SKU"] == nine.service_tag


def test_factory_defaults_with_and_without_the_users(site: Site) -> None:
    for idrac in site.idracs[2:4]:
        with Client(idrac) as client:
            reset = f"{MANAGER}/Actions/Manager.ResetToDefaults"
            assert client.post(reset, {"ResetType": "Some"}).message_ids == ["SYS426"]
            client.patch(ATTRIBUTES, {"Attributes": {"SysLog.1.Port": 515}})
            assert client.patch(f"{accounts(idrac)}/2", {"Password": "Neu-2026!x"}).status == 200
            client.password = "Neu-2026!x"
            for kind in ("PreserveNetworkAndUsers", "ResetAll"):
                assert client.post(reset, {"ResetType": kind}).status == 200
                client.connection.close()
                site.set_clock(advance=2)
                site.set_clock(advance=200)
                if kind == "ResetAll":
                    client.password = idrac.password
                assert client.get(ATTRIBUTES)["Attributes"]["SysLog.1.Port"] == 514
