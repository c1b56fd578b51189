"""Configuration in the store: one row a kind, secrets left out, profiles sealed with their checksum, boot history by change."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from sqlalchemy import select

from dsm_desktop.commands import configuration as commands
from dsm_desktop.configuration.profiles import ProfileInvalid, compose
from dsm_desktop.configuration.registry import parse_registry
from dsm_desktop.configuration.standard import BIOS, IDRAC, SiteStandard
from dsm_desktop.core.access import Principal, Role
from dsm_desktop.core.errors import BadInput, Denied, NotFound
from dsm_desktop.queries import configuration as queries
from dsm_desktop.store import configuration as stored
from dsm_desktop.store.models import ConfigurationProfile, ConfigurationSnapshot
from dsm_desktop.store.unit_of_work import Store
from dsm_desktop.vault import profiles
from dsm_desktop.vault.vault import Vault, VaultLocked
from tests.conformance.test_store import add_server
from tests.vault.kit import passphrase

WHO = Principal("anna@desk")
PROFILE = compose(
    [
        (BIOS, "SysProfile", "Custom"),
        (IDRAC, "NIC.1#DNSRacName", "a"),
        (IDRAC, "Users.2#SHA256Password", "0123456789abcdef"),
    ]
)


@pytest.fixture
def vault(site: Store) -> Iterator[Vault]:
    vault = Vault(site)
    vault.create([passphrase()])
    yield vault
    vault.lock()


@pytest.fixture
def server_id(site: Store) -> int:
    with site.write() as uow:
        return add_server(uow)


def test_settings_are_one_row_a_kind_and_hold_no_secret(site: Store, server_id: int) -> None:
    values = {"SysProfile": "Custom", "SHA256SetupPassword": "00ff", "AcPwrRcvryUserDelay": 120}
    for _ in range(2):
        with site.write() as uow:
            stored.save_settings(uow, server_id, BIOS, stored.CURRENT, values, registry="r", firmware="f")
            stored.save_settings(uow, server_id, BIOS, stored.PENDING, {"SysProfile": "Dapc"})
    with site.read() as connection:
        assert stored.load_settings(connection, server_id, BIOS) == {
            "SysProfile": "Custom",
            "AcPwrRcvryUserDelay": 120,
        }
        assert len(connection.execute(select(ConfigurationSnapshot.id)).all()) == 2
    with site.write() as uow:
        stored.save_settings(uow, server_id, BIOS, stored.PENDING, {})
    with site.read() as connection:
        assert stored.load_settings(connection, server_id, BIOS, stored.PENDING) is None
        assert stored.load_settings(connection, server_id, IDRAC) is None


def test_a_baseline_is_what_drift_is_told_by(site: Store, server_id: int) -> None:
    with pytest.raises(BadInput, match="never read"), site.write() as uow:
        commands.set_baseline(uow, WHO, [server_id])
    with site.write() as uow:
        stored.save_settings(uow, server_id, BIOS, stored.CURRENT, {"SysProfile": "Custom", "X": 1})
        assert commands.set_baseline(uow, WHO, [server_id]) == 1
    with site.write() as uow:
        stored.save_settings(uow, server_id, BIOS, stored.CURRENT, {"SysProfile": "Dapc", "X": 1})
    with site.read() as connection:
        found = queries.component_settings(connection, server_id)
        matrix = queries.settings_matrix(connection, [server_id])
    assert {row.name: row.drifted for row in found.rows} == {"SysProfile": True, "X": False}
    assert matrix[0].values == {"SysProfile": "Dapc", "X": 1}


def test_a_registry_is_kept_by_name_and_firmware(site: Store) -> None:
    rows = [
        {"AttributeName": "A", "Type": "Enumeration", "Value": [{"ValueName": "x", "ValueDisplayName": "X"}]}
    ]
    registry = parse_registry({"Id": "r", "RegistryEntries": {"Attributes": rows}})
    for _ in range(2):
        with site.write() as uow:
            stored.save_registry(uow, "r", "R750 1.8.2", registry)
    with site.read() as connection:
        assert stored.has_registry(connection, "r", "R750 1.8.2")
        assert stored.load_registry(connection, "r", "R750 1.8.2") == registry
        assert stored.load_registry(connection, "r", "R750 1.9.0") is None


def test_a_profile_is_sealed_and_what_is_open_of_it_is_no_secret(
    site: Store, vault: Vault, server_id: int
) -> None:
    with site.write() as uow:
        number = profiles.keep_profile(
            uow, vault, PROFILE, name="p", taken_by="a", server_id=server_id, job_id=7
        )
    with site.write() as uow:
        again = profiles.keep_profile(
            uow, vault, PROFILE, name="p", taken_by="a", server_id=server_id, job_id=7
        )
        assert profiles.open_profile(uow, vault, number) == PROFILE
    assert again == number
    with site.read() as connection:
        row = connection.execute(select(ConfigurationProfile.__table__)).one()
        listed = queries.profiles(connection, server_id)
        settings = stored.profile_settings(connection, number)
    assert b"0123456789abcdef" not in row.content
    assert "0123456789abcdef" not in json.dumps(row.settings)
    assert settings == {f"{BIOS}#SysProfile": "Custom", f"{IDRAC}#NIC.1#DNSRacName": "a"}
    assert [(p.secrets, p.settings, p.components) for p in listed] == [(1, 2, (BIOS, IDRAC))]
    vault.lock()
    with pytest.raises(VaultLocked), site.write() as uow:
        profiles.open_profile(uow, vault, number)


def test_a_bad_profile_is_not_stored_half_and_a_changed_one_is_told(site: Store, vault: Vault) -> None:
    with pytest.raises(ProfileInvalid), site.write() as uow:
        commands.add_profile(uow, WHO, vault, PROFILE[:-20], "cut")
    with site.read() as connection:
        assert queries.profiles(connection) == []
    with site.write() as uow:
        number = commands.add_profile(uow, WHO, vault, PROFILE, "whole")
        row = uow.session.get_one(ConfigurationProfile, number)
        row.sha256 = "0" * 64
    with pytest.raises(profiles.ProfileBroken, match="checksum"), site.write() as uow:
        profiles.open_profile(uow, vault, number)
    with site.write() as uow:
        commands.edit_profile(uow, WHO, number, name="gold", golden=True)
        with pytest.raises(Denied):
            commands.remove_profile(uow, Principal("eve", Role.VIEWER), number)
        commands.remove_profile(uow, WHO, number)
    with pytest.raises(NotFound), site.write() as uow:
        profiles.open_profile(uow, vault, number)


def test_boot_history_has_a_row_a_change(site: Store, server_id: int) -> None:
    options = [{"id": "Boot0000", "name": "PXE", "enabled": True, "path": ""}]
    for override, fresh in (({}, True), ({}, False), ({"target": "Pxe"}, True), ({}, True)):
        with site.write() as uow:
            assert stored.save_boot(uow, server_id, "UEFI", options, override) is fresh
    with site.read() as connection:
        rows = queries.boot_history(connection, server_id)
    assert [row.override for row in rows] == [{}, {"target": "Pxe"}, {}]
    assert rows[-1].confirmed_at >= rows[-1].at


def test_a_standard_is_kept_by_name_and_shows_who_deviates(site: Store, server_id: int) -> None:
    with site.write() as uow:
        for delay in (600, 900):
            number = commands.save_standard(
                uow, WHO, SiteStandard(name="HQ", web_timeout_seconds=delay, bios={"SysProfile": "Custom"})
            )
        stored.save_settings(uow, server_id, IDRAC, stored.CURRENT, {"WebServer.1.Timeout": 1800})
    with site.read() as connection:
        rows = queries.standards(connection)
        found = queries.standing(connection, rows[0].standard)
    assert [(r.id, r.standard.web_timeout_seconds) for r in rows] == [(number, 900)]
    assert {d.key: (d.wanted, d.found, d.missing) for d in found[0].deviations} == {
        f"{IDRAC}#WebServer.1.Timeout": (900, 1800, False),
        f"{BIOS}#SysProfile": ("Custom", None, True),
    }
    with site.write() as uow:
        commands.remove_standard(uow, WHO, number)
    with site.read() as connection:
        assert queries.standards(connection) == []
