"""Changing credential sets and the vault: permissions, ranges, versions of the secret, one default, the audit log."""

from __future__ import annotations

import ipaddress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError
from sqlalchemy import select, update

from dsm_desktop.commands import vault as vault_commands
from dsm_desktop.commands.credentials import (
    CredentialValues,
    add_credential,
    assign_credential,
    edit_credential,
    range_bounds,
    remove_credential,
)
from dsm_desktop.core.access import Principal, Role
from dsm_desktop.core.errors import BadInput, Denied, NotFound
from dsm_desktop.queries.credentials import credential_row, credential_rows
from dsm_desktop.store.models import AuditEntry, CredentialIpRange, CredentialSet, Server
from dsm_desktop.store.unit_of_work import Store
from dsm_desktop.vault.columns import CREDENTIAL_SECRET
from dsm_desktop.vault.key_file import KeyFileProvider
from dsm_desktop.vault.recovery import RecoveryProvider
from dsm_desktop.vault.seal import SealBroken
from dsm_desktop.vault.vault import Vault, VaultLocked, VaultState

WHO = Principal("anna@desk")
OPERATOR = Principal("otto@desk", Role.OPERATOR)
LOGIN = CredentialValues(
    name="rack 7", username="root", secret=SecretStr("canary-one"), ranges=("10.0.0.0/24, 10.0.1.5-9",)
)


@pytest.fixture
def keeper(tmp_path: Path) -> KeyFileProvider:
    return KeyFileProvider(tmp_path / "site.key")


@pytest.fixture
def vault(store: Store, keeper: KeyFileProvider) -> Vault:
    made = Vault(store)
    made.create([keeper])
    return made


@pytest.fixture
def login(vault: Vault) -> int:
    with vault.store.write() as uow:
        return add_credential(uow, WHO, vault, LOGIN)


def _audit(store: Store) -> list[tuple[str, str, dict[str, object]]]:
    with store.read() as connection:
        query = select(AuditEntry.action, AuditEntry.subject, AuditEntry.detail).order_by(AuditEntry.id)
        return [(row[0], row[1], row[2]) for row in connection.execute(query)]


def _secret(vault: Vault, credential_id: int) -> str:
    with vault.store.read() as connection:
        sealed, version = connection.execute(
            select(CredentialSet.secret, CredentialSet.secret_version).where(
                CredentialSet.id == credential_id
            )
        ).one()
    assert sealed is not None
    return vault.open(CREDENTIAL_SECRET.place(credential_id, version), sealed).get_secret_value()


def test_a_new_set_is_listed_without_its_secret(vault: Vault, login: int) -> None:
    with vault.store.read() as connection:
        (row,) = credential_rows(connection)
        assert credential_row(connection, login) == row
        assert credential_rows(connection, "esxi") == []
        with pytest.raises(NotFound):
            credential_row(connection, login + 1)
    assert (row.name, row.username, row.kind, row.has_secret) == ("rack 7", "root", "idrac", True)
    assert row.ranges == ("10.0.0.0/24", "10.0.1.5-9")
    assert "canary" not in repr(row)
    assert _secret(vault, login) == "canary-one"


def test_an_edit_without_a_password_keeps_the_old_one(vault: Vault, login: int) -> None:
    with vault.store.write() as uow:
        edit_credential(
            uow,
            WHO,
            vault,
            login,
            CredentialValues(name="rack 8", username="admin", ranges=("10.9.0.1",), priority=5),
        )
    with vault.store.read() as connection:
        row = credential_row(connection, login)
        assert connection.execute(select(CredentialIpRange.expression)).scalars().all() == ["10.9.0.1"]
    assert (row.name, row.username, row.priority, row.ranges) == ("rack 8", "admin", 5, ("10.9.0.1",))
    assert _secret(vault, login) == "canary-one"


def test_an_old_sealed_password_put_back_is_refused(vault: Vault, login: int) -> None:
    with vault.store.read() as connection:
        old = connection.execute(select(CredentialSet.secret)).scalar_one()
    with vault.store.write() as uow:
        edit_credential(uow, WHO, vault, login, LOGIN.model_copy(update={"secret": SecretStr("canary-two")}))
    assert _secret(vault, login) == "canary-two"
    with vault.store.write() as uow:
        uow.session.execute(update(CredentialSet).values(secret=old))
    with pytest.raises(SealBroken):
        _secret(vault, login)


def test_a_locked_vault_permits_every_edit_but_a_new_password(vault: Vault, login: int) -> None:
    vault.lock()
    with vault.store.write() as uow:
        edit_credential(uow, WHO, vault, login, CredentialValues(name="renamed", username="root"))
    with pytest.raises(VaultLocked), vault.store.write() as uow:
        edit_credential(uow, WHO, vault, login, LOGIN)
    with vault.store.read() as connection:
        assert credential_row(connection, login).name == "renamed"


def test_a_removed_set_leaves_its_servers_to_the_next_rule(vault: Vault, login: int) -> None:
    with vault.store.write() as uow:
        servers = [
            Server(address=f"10.0.0.{n}", added_at=uow.now, discovered_credential_id=login) for n in range(3)
        ]
        uow.session.add_all(servers)
        uow.session.flush()
        ids = [server.id for server in servers]
        assert assign_credential(uow, WHO, ids[:2], login) == 2
    with vault.store.read() as connection:
        row = credential_row(connection, login)
        assert (row.assigned, row.discovered) == (2, 3)
    with vault.store.write() as uow:
        assert remove_credential(uow, WHO, login) == 2
        assert {"credentials", "servers"} <= {event.topic for event in uow.events}
    with vault.store.read() as connection:
        assert credential_rows(connection) == []
        named = select(Server.assigned_credential_id, Server.discovered_credential_id)
        assert {tuple(row) for row in connection.execute(named)} == {(None, None)}
    with pytest.raises(NotFound), vault.store.write() as uow:
        remove_credential(uow, WHO, login)


def test_there_is_one_default_of_each_kind(vault: Vault, login: int) -> None:
    with vault.store.write() as uow:
        edit_credential(uow, WHO, vault, login, LOGIN.model_copy(update={"is_default": True}))
        for name, kind in (("second", "idrac"), ("host", "esxi")):
            add_credential(
                uow, WHO, vault, LOGIN.model_copy(update={"name": name, "kind": kind, "is_default": True})
            )
    with vault.store.read() as connection:
        assert {row.name for row in credential_rows(connection) if row.is_default} == {"second", "host"}


REFUSED: list[tuple[dict[str, object], str]] = [
    ({"name": "  "}, "a name"),
    ({"username": ""}, "a user name"),
    ({"kind": "telnet"}, "no kind"),
    ({"secret": None}, "needs a password"),
    ({"secret": SecretStr("")}, "needs a password"),
    ({"name": "rack 7"}, "already"),
    ({"ranges": ("10.0.0.0/40",)}, "no range"),
    ({"ranges": ("10.0.0.9-10.0.0.1",)}, "ends before"),
    ({"ranges": ("10.0.0.1-fd00::1",)}, "ends before"),
    ({"ranges": ("10.0.0.1, rack7",)}, "'rack7'"),
]


def test_what_cannot_be_used_is_refused_and_nothing_stored(vault: Vault, login: int) -> None:
    for change, said in REFUSED:
        values = LOGIN.model_copy(update={"name": "other", **change})
        with pytest.raises(BadInput, match=said), vault.store.write() as uow:
            add_credential(uow, WHO, vault, values)
    with vault.store.read() as connection:
        assert len(credential_rows(connection)) == 1


def test_a_wrong_value_is_refused_without_repeating_it() -> None:
    with pytest.raises(ValidationError) as refused:
        CredentialValues.model_validate({"name": "x", "username": "y", "secret": ["canary-one"]})
    assert "canary" not in str(refused.value)
    assert "canary" not in repr(LOGIN)


def test_only_administrators_change_logins(vault: Vault, login: int) -> None:
    with vault.store.write() as uow:
        for attempt in (
            lambda: add_credential(uow, OPERATOR, vault, LOGIN),
            lambda: edit_credential(uow, OPERATOR, vault, login, LOGIN),
            lambda: remove_credential(uow, OPERATOR, login),
            lambda: assign_credential(uow, OPERATOR, [], login),
        ):
            with pytest.raises(Denied):
                attempt()
    with pytest.raises(Denied):
        vault_commands.print_recovery_key(vault, OPERATOR)


def test_every_change_is_in_the_audit_log_without_a_secret(
    vault: Vault, login: int, keeper: KeyFileProvider
) -> None:
    with vault.store.write() as uow:
        edit_credential(uow, WHO, vault, login, LOGIN.model_copy(update={"secret": SecretStr("canary-two")}))
        assign_credential(uow, WHO, [], None)
        remove_credential(uow, WHO, login)
    sheet = vault_commands.print_recovery_key(vault, WHO)
    new_sheet = vault_commands.begin_key_rotation(vault, WHO, [keeper])
    assert vault_commands.continue_key_rotation(vault, WHO).finished
    vault_commands.add_key_keeper(vault, WHO, keeper)
    vault_commands.remove_key_keeper(vault, WHO, "recovery")
    assert vault_commands.forget_retired_keys(vault, WHO, [keeper]) == 1
    entries = _audit(vault.store)
    assert [action for action, _, _ in entries] == [
        "credentials.add",
        "credentials.edit",
        "credentials.assign",
        "credentials.remove",
        "vault.recovery_key",
        "vault.rotation_begun",
        "vault.rotation_finished",
        "vault.add_keeper",
        "vault.remove_keeper",
        "vault.forget_retired",
    ]
    assert entries[1][2]["new_secret"] is True
    text = repr(entries)
    for secret in ("canary", sheet.get_secret_value(), new_sheet.get_secret_value()):
        assert secret not in text


def test_setting_up_gives_a_sheet_that_opens(store: Store, keeper: KeyFileProvider) -> None:
    vault = Vault(store)
    code = vault_commands.set_up_vault(vault, WHO, [keeper])
    vault.lock()
    vault.unlock(RecoveryProvider(code))
    assert vault.state is VaultState.UNLOCKED
    assert _audit(store)[0][0] == "vault.set_up"


def test_ranges_are_read_as_typed() -> None:
    read = {
        expression: (
            str(ipaddress.ip_address(int(first, 16) & 0xFFFFFFFF)),
            str(ipaddress.ip_address(int(last, 16) & 0xFFFFFFFF)),
        )
        for expression, first, last in range_bounds(
            "10.0.0.0/8; 10.0.0.5 - 10.0.1.2\n10.0.0.5–9,10.0.0.7, 10.0.0.1/30"
        )
    }
    assert read == {
        "10.0.0.0/8": ("10.0.0.0", "10.255.255.255"),
        "10.0.0.5-10.0.1.2": ("10.0.0.5", "10.0.1.2"),
        "10.0.0.5-9": ("10.0.0.5", "10.0.0.9"),
        "10.0.0.7": ("10.0.0.7", "10.0.0.7"),
        "10.0.0.1/30": ("10.0.0.0", "10.0.0.3"),
    }
    assert range_bounds(" , ") == []


@given(st.text(max_size=60))
def test_no_text_breaks_the_range_reader(text: str) -> None:
    try:
        read = range_bounds(text)
    except BadInput:
        return
    assert all(first <= last for _, first, last in read)
