"""What somebody holds who copied everything but the key: a profile's files, or a dump of the shared database."""

from __future__ import annotations

import base64
import random
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import select

from dsm_desktop.commands.credentials import CredentialValues, add_credential
from dsm_desktop.commands.vault import set_up_vault
from dsm_desktop.core.access import Principal
from dsm_desktop.store.backup import back_up
from dsm_desktop.store.engine import sqlite_url
from dsm_desktop.store.models import Base, BmcSession
from dsm_desktop.store.opening import open_store
from dsm_desktop.store.unit_of_work import Store
from dsm_desktop.vault.columns import SESSION_TOKEN
from dsm_desktop.vault.vault import Vault
from tests.vault.kit import passphrase

CANARIES = 1000
WHO = Principal("anna@desk")


def test_the_search_finds_every_form_of_a_canary() -> None:
    secret = f"{PREFIX}{secrets.token_hex(10)}"
    plain = secret.encode()
    hidden = [
        plain,
        secret.encode("utf-16-le"),
        secret.encode("utf-16-be"),
        plain.hex().encode(),
        *(base64.b64encode(bytes(lead) + plain) for lead in range(6)),
    ]
    assert all(_found(b"...." + content + b"....", []) for content in hidden)
    assert all(_found(b"...." + content + b"....", [secret]) for content in hidden)
    assert _found(b"nothing of the kind", [secret]) == []


def _forms(secret: str) -> Iterator[bytes]:
    plain = secret.encode()
    for text in (secret, secret[::-1]):
        yield text.encode()
        yield text.encode("utf-16-le")
        yield text.encode("utf-16-be")
    yield plain.hex().encode()
    yield plain.hex().upper().encode()
    for shift in range(3):  # base64 of a longer text in which the secret begins anywhere
        coded = base64.b64encode(bytes(shift) + plain)
        yield coded[4 if shift else 0 : -4]


PREFIX = "Canary-"


def _prefix_forms() -> Iterator[bytes]:
    """The beginning every canary shares, in each form: one search finds any of the thousand."""
    for text in (PREFIX, PREFIX[::-1]):
        yield text.encode()
        yield text.encode("utf-16-le")
        yield text.encode("utf-16-be")
    yield PREFIX.encode().hex().encode()
    yield PREFIX.encode().hex().upper().encode()
    for shift, sound in ((0, slice(0, 9)), (1, slice(4, 10)), (2, slice(4, 12))):
        yield base64.b64encode(bytes(shift) + PREFIX.encode())[sound]


def _found(content: bytes, others: list[str]) -> list[bytes]:
    return [form for form in _prefix_forms() if form in content] + [
        form for secret in others for form in _forms(secret) if form in content
    ]


def _fill(store: Store) -> tuple[Vault, list[str]]:
    """1,000 secrets through the commands, every tenth replaced once, and a session token for every tenth."""
    vault = Vault(store)
    code = set_up_vault(vault, WHO, [passphrase()])
    canaries = [f"{PREFIX}{secrets.token_hex(10)}-{number}" for number in range(CANARIES)]
    with store.write() as uow:
        for number, secret in enumerate(canaries):
            add_credential(
                uow,
                WHO,
                vault,
                CredentialValues(
                    name=f"set {number}", username="root", secret=SecretStr(secret), notes="visible note"
                ),
            )
            if number % 10 == 0:
                token = SecretStr(f"Token-{secret}")
                session = BmcSession(address="10.0.0.1", port=443, uri="/s/1", opened_at=uow.now)
                uow.session.add(session)
                uow.session.flush()
                session.token = vault.seal(uow, SESSION_TOKEN.place(session.id), token)
    key = next(iter(vault._keys.values()))
    samples = random.sample(canaries, 20)
    return vault, [*samples, code.get_secret_value(), key.material.hex(), "correct horse battery"]


def test_no_file_of_a_profile_holds_a_secret(tmp_path: Path) -> None:
    store = open_store(sqlite_url(tmp_path / "profile" / "store.db"))
    try:
        vault, canaries = _fill(store)
        raw_key = bytes(next(iter(vault._keys.values())).material)
        back_up(sqlite_url(tmp_path / "profile" / "store.db"), tmp_path / "profile" / "copy.backup")
        files = [path for path in (tmp_path / "profile").rglob("*") if path.is_file()]
        assert any(path.name.endswith("-wal") and path.stat().st_size for path in files)
        content = b"".join(path.read_bytes() for path in files)
        assert content.count(b"visible note") >= 2 * CANARIES  # the search reads what is there
        assert _found(content, canaries) == []
        assert raw_key not in content
    finally:
        store.close()


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_no_table_of_a_shared_store_holds_a_secret(store: Store) -> None:
    vault, canaries = _fill(store)
    raw_key = bytes(next(iter(vault._keys.values())).material)
    content = bytearray()
    with store.read() as connection:
        for table in Base.metadata.sorted_tables:
            for row in connection.execute(select(table)):
                for value in row:
                    content += (
                        bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode()
                    ) + b"\n"
    assert content.count(b"visible note") == CANARIES
    assert _found(bytes(content), canaries) == []
    assert raw_key not in content
