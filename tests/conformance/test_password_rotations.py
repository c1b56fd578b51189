"""The records of a change of passwords, console tickets and the site's authority: alike on SQLite and Postgres."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from dsm_desktop.commands.certificates import add_authority, sign_by_authority
from dsm_desktop.commands.consoles import leave_ticket, take_tickets, ticket_waits, withdraw_tickets
from dsm_desktop.commands.credentials import CredentialValues, add_credential, remove_credential
from dsm_desktop.commands.password_rotations import Begun, begin_rotation, note_rotation, retire_old
from dsm_desktop.core.access import Principal
from dsm_desktop.core.errors import BadInput
from dsm_desktop.queries.credentials import credential_rows
from dsm_desktop.queries.password_rotations import rotation_rows
from dsm_desktop.store.models import Server
from dsm_desktop.store.unit_of_work import Store
from dsm_desktop.vault.passwords import make_password
from dsm_desktop.vault.resolve import CredentialResolver
from dsm_desktop.vault.vault import Vault
from tests.vault.kit import passphrase

WHO = Principal("anna@desk")


@pytest.fixture
def vault(site: Store) -> Vault:
    vault = Vault(site)
    vault.create([passphrase()])
    return vault


def servers(site: Store, count: int) -> list[int]:
    with site.write() as uow:
        rows = [Server(address=f"10.0.0.{n + 1}", added_at=uow.now) for n in range(count)]
        uow.session.add_all(rows)
        uow.session.flush()
        return [row.id for row in rows]


def begin(site: Store, vault: Vault, resolver: CredentialResolver, server_id: int, *, shared: bool) -> Begun:
    resolver.invalidate()
    old = resolver.explain(server_id)[0]
    assert old.credential_id is not None
    users = resolver.users_of(old.credential_id)
    with site.write() as uow:
        return begin_rotation(
            uow, vault, WHO, 7, (server_id, f"s{server_id}"), old, lambda: make_password(16),
            shared=shared, only_user=users == [server_id],
        )  # fmt: skip


def test_a_shared_password_takes_over_when_the_last_server_has_it(site: Store, vault: Vault) -> None:
    resolver = CredentialResolver(site, vault, {})
    first, second = servers(site, 2)
    login = CredentialValues(
        name="site", username="root", secret=SecretStr("old-one"), ranges=("10.0.0.0/24",), is_default=True
    )
    with site.write() as uow:
        old_id = add_credential(uow, WHO, vault, login)
    one = begin(site, vault, resolver, first, shared=True)
    assert begin(site, vault, resolver, first, shared=True) == one, "the sealed one is used again"
    other = begin(site, vault, resolver, second, shared=True)
    assert other.credential_id == one.credential_id
    for number, rotation in enumerate((one, other)):
        with site.write() as uow:
            note_rotation(uow, rotation.id, "sending")
        with pytest.raises(BadInput, match="under way"), site.write() as uow:
            remove_credential(uow, WHO, rotation.credential_id)
        with site.write() as uow:
            note_rotation(uow, rotation.id, "changed")
        with site.write() as uow:
            left = retire_old(uow, rotation.id, resolver.users_of)
        assert left == ([second] if number == 0 else [])
    (row,) = site.fetch(credential_rows)
    assert (row.name, row.ranges, row.is_default) == ("site", ("10.0.0.0/24",), True)
    assert row.id == one.credential_id != old_id
    resolver.invalidate()
    assert resolver.for_server(second).password.get_secret_value() != "old-one"
    assert site.fetch(lambda c: rotation_rows(c, open_only=True)) == []
    assert {r.state for r in site.fetch(rotation_rows)} == {"finished"}


def test_a_password_of_ones_own_leaves_the_shared_set_to_the_others(site: Store, vault: Vault) -> None:
    resolver = CredentialResolver(site, vault, {})
    first, second = servers(site, 2)
    with site.write() as uow:
        login = CredentialValues(name="site", username="root", secret=SecretStr("old-one"), is_default=True)
        old_id = add_credential(uow, WHO, vault, login)
    begun = begin(site, vault, resolver, first, shared=False)
    with site.write() as uow:
        note_rotation(uow, begun.id, "sending")
        note_rotation(uow, begun.id, "changed")
        assert retire_old(uow, begun.id, resolver.users_of) == []
    assert resolver.users_of(old_id) == [second]
    assert resolver.users_of(begun.credential_id) == [first]
    assert [c.name for c in site.fetch(credential_rows)] == ["site", f"site s{first}"]


def test_a_ticket_is_there_once_and_sealed(site: Store, vault: Vault) -> None:
    (server,) = servers(site, 1)
    secret = "https://10.0.0.1/console?tempPassword=x"
    with site.write() as uow:
        leave_ticket(uow, vault, 5, server, SecretStr(secret))
        leave_ticket(uow, vault, 6, server, SecretStr("https://10.0.0.1/console"))
        assert ticket_waits(uow, 5, server)
    with site.write() as uow:
        (ticket,) = take_tickets(uow, vault, 5)
        assert secret not in repr(ticket)
        assert ticket.url.get_secret_value() == secret
    with site.write() as uow:
        assert take_tickets(uow, vault, 5) == []
        assert withdraw_tickets(uow, 6, server)
        assert not withdraw_tickets(uow, 6, server)


def test_the_authority_is_made_once_and_its_key_is_sealed(site: Store, vault: Vault) -> None:
    with site.write() as uow:
        add_authority(uow, WHO, vault, "Ours")
        with pytest.raises(BadInput):
            add_authority(uow, WHO, vault, "Ours")
    with pytest.raises(BadInput, match="request"), site.write() as uow:
        sign_by_authority(uow, WHO, vault, "no request", names=(), days=9)
