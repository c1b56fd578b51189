"""Which columns hold sealed values: the one list that sealing, rotation and the checks go by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, ColumnElement, Table, literal

from dsm_desktop.store.models import (
    Base,
    BmcSession,
    CertificateAuthority,
    ConfigurationProfile,
    ConsoleTicket,
    CredentialSet,
    EsxiRecoveryKey,
    MediaIdentity,
)
from dsm_desktop.vault.seal import Place


@dataclass(frozen=True, slots=True)
class SealedColumn:
    """A column of sealed values in a table with an integer `id`; `version` names the column that goes up with each
    change of the secret ("" where a row's secret is written once)."""

    table: Table
    name: str
    version: str = ""

    @property
    def id(self) -> Column[Any]:
        return self.table.c.id

    @property
    def sealed(self) -> Column[Any]:
        return self.table.c[self.name]

    @property
    def version_expression(self) -> ColumnElement[int]:
        """The version as selected with a row."""
        return self.table.c[self.version] if self.version else literal(0)

    def place(self, row_id: int, version: int = 0) -> Place:
        """The place of one row's value."""
        return Place(self.table.name, self.name, row_id, version)


def _table(model: type[Base]) -> Table:
    table = model.__table__
    assert isinstance(table, Table)
    return table


CREDENTIAL_SECRET = SealedColumn(_table(CredentialSet), "secret", "secret_version")
SESSION_TOKEN = SealedColumn(_table(BmcSession), "token")
AUTHORITY_KEY = SealedColumn(_table(CertificateAuthority), "key")
CONSOLE_URL = SealedColumn(_table(ConsoleTicket), "url")
MEDIA_KEY = SealedColumn(_table(MediaIdentity), "private_key")
RECOVERY_KEY = SealedColumn(_table(EsxiRecoveryKey), "key")
PROFILE_CONTENT = SealedColumn(_table(ConfigurationProfile), "content")

SEALED_COLUMNS: tuple[SealedColumn, ...] = (
    CREDENTIAL_SECRET,
    SESSION_TOKEN,
    MEDIA_KEY,
    PROFILE_CONTENT,
    AUTHORITY_KEY,
    CONSOLE_URL,
    RECOVERY_KEY,
)
