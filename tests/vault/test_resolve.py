"""Which login wins for a server, why, and without opening more than is needed."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import update

from dsm_desktop.commands.credentials import (
    CredentialValues,
    add_credential,
    assign_credential,
    edit_credential,
    remove_credential,
)
from dsm_desktop.core.access import Principal
from dsm_desktop.core.errors import NotFound
from dsm_desktop.core.redact import Redactor
from dsm_desktop.store.models import CredentialSet, EsxiHost, Server, Vcenter
from dsm_desktop.store.unit_of_work import Store
from dsm_desktop.vault.key_file import KeyFileProvider
from dsm_desktop.vault.resolve import CredentialResolver, NoCredential, Resolved, Rule, address_key
from dsm_desktop.vault.seal import SealBroken
from dsm_desktop.vault.vault import Vault, VaultLocked

WHO = Principal("anna@desk")
ENVIRON = {"IDRAC_USER": "env", "IDRAC_PASSWORD": "env-secret"}


@pytest.fixture
def vault(store: Store, tmp_path: Path) -> Vault:
    made = Vault(store)
    made.create([KeyFileProvider(tmp_path / "site.key")])
    return made


def _set(vault: Vault, name: str, **values: object) -> int:
    draft = CredentialValues.model_validate(
        {"name": name, "username": f"{name}-user", "secret": SecretStr(f"{name}-secret"), **values}
    )
    with vault.store.write() as uow:
        return add_credential(uow, WHO, vault, draft)


def _server(vault: Vault, address: str, **columns: object) -> int:
    with vault.store.write() as uow:
        server = Server(address=address, added_at=uow.now, **columns)
        uow.session.add(server)
        uow.session.flush()
        return server.id


def test_each_rule_wins_over_those_after_it(vault: Vault) -> None:
    assigned, discovered = _set(vault, "assigned"), _set(vault, "discovered")
    ranged = _set(vault, "ranged", ranges=("10.1.0.0/16",))
    default = _set(vault, "default", is_default=True)
    server = _server(vault, "10.1.2.3", assigned_credential_id=assigned, discovered_credential_id=discovered)
    resolver = CredentialResolver(vault.store, vault, ENVIRON, fresh_for=0)
    order = [
        (Rule.ASSIGNED, assigned),
        (Rule.DISCOVERED, discovered),
        (Rule.RANGE, ranged),
        (Rule.DEFAULT, default),
        (Rule.ENVIRONMENT, None),
    ]
    for rule, credential_id in order:
        assert [(c.rule, c.credential_id) for c in resolver.explain(server)] == order[
            order.index((rule, credential_id)) :
        ]
        won = resolver.for_server(server)
        name = rule.value if credential_id else "env"
        assert (won.rule, won.credential_id) == (rule, credential_id)
        assert won.password.get_secret_value() == {"range": "ranged-secret"}.get(name, f"{name}-secret")
        assert "secret" not in repr(won)
        if credential_id is not None:
            with vault.store.write() as uow:
                remove_credential(uow, WHO, credential_id)
    with pytest.raises(NoCredential, match=r"10\.1\.2\.3"):
        CredentialResolver(vault.store, vault, {}).for_server(server)


def test_ranges_go_by_priority_then_the_narrower(vault: Vault) -> None:
    wide = _set(vault, "wide", ranges=("10.0.0.0/8",), priority=50)
    narrow = _set(vault, "narrow", ranges=("10.1.2.0-10.1.2.9",), priority=50)
    urgent = _set(vault, "urgent", ranges=("10.1.0.0/16, fd00::/64",), priority=10)
    resolver = CredentialResolver(vault.store, vault, {})
    chosen = resolver.explain_address("10.1.2.3")
    assert [choice.credential_id for choice in chosen] == [urgent, narrow, wide]
    assert chosen[0].why == "10.1.0.0/16 holds 10.1.2.3 (priority 10)"
    assert [c.credential_id for c in resolver.explain_address("10.1.2.10")] == [urgent, wide]
    assert [c.credential_id for c in resolver.explain_address("fd00::1%eth0")] == [urgent]
    assert [c.credential_id for c in resolver.explain_address("[fd00::1]")] == [urgent]
    assert resolver.explain_address("11.0.0.0") == resolver.explain_address("idrac-7") == []
    assert [r.username for r in resolver.for_address("10.1.2.3")] == [
        "urgent-user",
        "narrow-user",
        "wide-user",
    ]


def test_other_kinds_and_sets_without_password_do_not_apply(vault: Vault) -> None:
    esxi = _set(vault, "esxi", kind="esxi", is_default=True)
    bare = _set(vault, "bare", is_default=True)
    with vault.store.write() as uow:
        uow.session.execute(update(CredentialSet).where(CredentialSet.id == bare).values(secret=None))
    resolver = CredentialResolver(vault.store, vault, {})
    assert resolver.for_address("10.0.0.1") == []
    assert [r.credential_id for r in resolver.for_address("10.0.0.1", "esxi")] == [esxi]
    assert (
        CredentialResolver(vault.store, vault, ENVIRON).for_address("10.0.0.1", "esxi")[-1].username != "env"
    )
    with pytest.raises(NoCredential):
        resolver.with_credential(bare)
    with pytest.raises(NotFound):
        resolver.with_credential(999)
    assert resolver.with_credential(esxi).password.get_secret_value() == "esxi-secret"


def test_explaining_works_while_locked_and_using_does_not(vault: Vault) -> None:
    _set(vault, "default", is_default=True)
    server = _server(vault, "10.0.0.1")
    vault.lock()
    resolver = CredentialResolver(vault.store, vault, {})
    assert resolver.explain(server)[0].name == "default"
    with pytest.raises(VaultLocked):
        resolver.for_server(server)
    with pytest.raises(NotFound):
        resolver.explain(server + 1)


def test_a_broken_seal_of_a_later_candidate_does_not_stop_the_first(
    vault: Vault, caplog: pytest.LogCaptureFixture
) -> None:
    _set(vault, "good", ranges=("10.0.0.1",))
    broken = _set(vault, "broken", is_default=True)
    with vault.store.write() as uow:
        uow.session.execute(update(CredentialSet).where(CredentialSet.id == broken).values(secret_version=9))
    resolver = CredentialResolver(vault.store, vault, {})
    assert [r.username for r in resolver.for_address("10.0.0.1")] == ["good-user"]
    assert f"row {broken}" in caplog.text
    with pytest.raises(SealBroken):
        resolver.for_address("10.0.0.2")


def test_opened_passwords_are_masked_everywhere(vault: Vault) -> None:
    _set(vault, "default", is_default=True)
    redactor = Redactor()
    resolver = CredentialResolver(vault.store, vault, {}, secrets=redactor.secrets)
    assert resolver.for_address("10.0.0.1")
    assert "default-secret" not in redactor.text("Permission denied for default-secret, try again")


def test_assignments_change_the_winner(vault: Vault) -> None:
    one, two = _set(vault, "one"), _set(vault, "two", is_default=True)
    server = _server(vault, "10.0.0.1")
    resolver = CredentialResolver(vault.store, vault, {})
    for wanted, won in ((one, one), (None, two)):
        with vault.store.write() as uow:
            assert assign_credential(uow, WHO, [server], wanted) == 1
        assert resolver.for_server(server).credential_id == won


def test_resolving_costs_little(vault: Vault) -> None:
    for number in range(50):
        _set(vault, f"set {number}", ranges=(f"10.{number}.0.0/16",))
    server = _server(vault, "10.49.0.1")
    resolver = CredentialResolver(vault.store, vault, {}, fresh_for=60)
    resolver.for_server(server)
    begun = time.thread_time()
    for _ in range(200):
        resolver.for_server(server)
    assert (time.thread_time() - begun) / 200 < 0.005


def test_addresses_compare_as_text() -> None:
    assert address_key("10.0.0.1") == "00000000000000000000ffff0a000001"
    assert address_key(" ::ffff:10.0.0.1 ") == address_key("10.0.0.1")
    assert address_key("9.255.255.255") < address_key("10.0.0.0") < address_key("2001:db8::")
    assert address_key("server-7.example") == ""


def _vcenter(vault: Vault) -> int:
    with vault.store.write() as uow:
        vcenter = Vcenter(name="vc", address="10.1.2.3", added_at=uow.now)
        uow.session.add(vcenter)
        uow.session.flush()
        return vcenter.id


def _esxi(vault: Vault) -> int:
    with vault.store.write() as uow:
        host = EsxiHost(name="esx", address="10.1.2.3", moid="host-1")
        uow.session.add(host)
        uow.session.flush()
        return host.id


_ASKED: dict[str, tuple[str, Callable[[Vault], int], Callable[[CredentialResolver, int], Resolved]]] = {
    "server": ("idrac", lambda vault: _server(vault, "10.1.2.3"), lambda r, n: r.for_server(n)),
    "vcenter": ("vcenter", _vcenter, lambda r, n: r.for_vcenter(n)),
    "esxi": ("esxi", _esxi, lambda r, n: r.for_esxi(n)),
    "address": ("share", lambda vault: 0, lambda r, n: r.for_address("10.1.2.3", "share")[0]),
    "name": ("bios", lambda vault: 0, lambda r, n: r.with_name("default", "bios")),
    "set": ("share", lambda vault: 0, lambda r, n: r.with_credential(1)),
}


@pytest.mark.parametrize("asked", _ASKED)
def test_an_edit_of_a_moment_ago_counts(vault: Vault, asked: str) -> None:
    """A job that is submitted right after a password was changed elsewhere does not go with the one from before."""
    kind, made, ask = _ASKED[asked]
    default = _set(vault, "default", kind=kind, is_default=True)
    of = made(vault)
    resolver = CredentialResolver(vault.store, vault, environ={}, fresh_for=3600)
    assert ask(resolver, of).password.get_secret_value() == "default-secret"
    values = CredentialValues(
        name="default", username="new-user", kind=kind, secret=SecretStr("changed"), is_default=True
    )
    with vault.store.write() as uow:
        edit_credential(uow, WHO, vault, default, values)
    found = ask(resolver, of)
    assert (found.username, found.password.get_secret_value()) == ("new-user", "changed")
    if asked not in ("name", "set"):
        other = _set(vault, "nearer", kind=kind, ranges=("10.1.2.3",))
        assert ask(resolver, of).credential_id == other
