"""What tests of the vault share: cheap keepers and stored logins."""

from __future__ import annotations

from datetime import UTC, datetime

from pydantic import SecretStr
from sqlalchemy import select

from dsm_desktop.store.models import BmcSession, CredentialSet
from dsm_desktop.store.unit_of_work import Store
from dsm_desktop.vault.columns import CREDENTIAL_SECRET, SESSION_TOKEN
from dsm_desktop.vault.passphrase import Argon2Cost, PassphraseProvider
from dsm_desktop.vault.vault import Vault

PASSPHRASE = "correct horse battery"
CHEAPEST = Argon2Cost()


def passphrase(text: str = PASSPHRASE) -> PassphraseProvider:
    return PassphraseProvider(SecretStr(text), cost=CHEAPEST)


def add_logins(vault: Vault, count: int, prefix: str = "secret") -> None:
    """Credential sets "login 0…" with the secrets "<prefix>-0…", and a session token for each third."""
    with vault.store.write() as uow:
        for number in range(count):
            row = CredentialSet(
                name=f"login {number}", username="root", changed_at=datetime.now(UTC), secret_version=1
            )
            uow.session.add(row)
            uow.session.flush()
            row.secret = vault.seal(uow, CREDENTIAL_SECRET.place(row.id, 1), SecretStr(f"{prefix}-{number}"))
            if number % 3 == 0:
                session = BmcSession(address=f"10.0.0.{number % 250}", port=443, uri="/s", opened_at=uow.now)
                uow.session.add(session)
                uow.session.flush()
                session.token = vault.seal(
                    uow, SESSION_TOKEN.place(session.id), SecretStr(f"{prefix}-token-{number}")
                )


def opened_logins(vault: Vault) -> dict[str, str]:
    """Every stored secret by "<name>" or "<session uri> <id>"."""
    with vault.store.read() as connection:
        sets = connection.execute(
            select(CredentialSet.id, CredentialSet.name, CredentialSet.secret, CredentialSet.secret_version)
        ).all()
        sessions = connection.execute(select(BmcSession.id, BmcSession.token)).all()
    found = {
        name: vault.open(CREDENTIAL_SECRET.place(row_id, version), sealed).get_secret_value()
        for row_id, name, sealed, version in sets
        if sealed is not None
    }
    for row_id, token in sessions:
        assert token is not None
        found[f"session {row_id}"] = vault.open(SESSION_TOKEN.place(row_id), token).get_secret_value()
    return found


def sealed_bytes(store: Store) -> list[tuple[int, bytes | None]]:
    """What stands in the secret column, to show that nothing was overwritten."""
    with store.read() as connection:
        return [
            (row_id, sealed)
            for row_id, sealed in connection.execute(
                select(CredentialSet.id, CredentialSet.secret).order_by(CredentialSet.id)
            )
        ]
