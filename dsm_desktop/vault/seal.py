"""Sealing one value for one place.

A sealed value is `format (1) | key id (8) | nonce (12) | AES-256-GCM ciphertext and tag`. Its associated data are the
format, the key id, the table, the column, the row id and the row's version: a value that was edited, cut, or carried to
another row does not open.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from dsm_desktop.core.errors import DsmError
from dsm_desktop.vault.site_key import KEY_ID_BYTES, SiteKey

FORMAT = 1
NONCE_BYTES = 12
TAG_BYTES = 16
_NONCE_AT = 1 + KEY_ID_BYTES
_TEXT_AT = _NONCE_AT + NONCE_BYTES


class SealBroken(DsmError):
    """A sealed value does not open at its place: edited, cut, moved from another row, or sealed by a key unknown here.

    `where` names table, column and row; the value's content is never part of the message.
    """


class UnknownKey(SealBroken):
    """The value names a key generation this vault has not opened."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a sealed value stands. `version` goes up with each change of the row's secret (0 where a row's never changes)."""

    table: str
    column: str
    row_id: int
    version: int = 0

    def __str__(self) -> str:
        return f"{self.table}.{self.column}, row {self.row_id}"

    def associated_data(self, key_id: str) -> bytes:
        """Unambiguous: names hold no NUL, numbers are decimal."""
        parts = (
            "dsm-seal",
            str(FORMAT),
            key_id,
            self.table,
            self.column,
            str(self.row_id),
            str(self.version),
        )
        return "\0".join(parts).encode()


def seal(key: SiteKey, place: Place, value: bytes | bytearray) -> bytes:
    """The value sealed for its place under a fresh nonce."""
    nonce = os.urandom(NONCE_BYTES)
    # A cipher object keeps its own copy of the key; made for each call (1.5 µs) it does not outlive a lock.
    sealed = AESGCM(key.material).encrypt(nonce, value, place.associated_data(key.key_id))
    _scrub_stack()
    return bytes((FORMAT,)) + bytes.fromhex(key.key_id) + nonce + sealed


def key_id_of(sealed: bytes) -> str:
    """The key generation a sealed value names (16 hex digits); "" if it is no sealed value."""
    if len(sealed) < _TEXT_AT + TAG_BYTES or sealed[0] != FORMAT:
        return ""
    return sealed[1:_NONCE_AT].hex()


def open_sealed(keys: Mapping[str, SiteKey], place: Place, sealed: bytes) -> bytearray:
    """The value, in a buffer the caller may wipe. Raises SealBroken or UnknownKey."""
    key_id = key_id_of(sealed)
    if not key_id:
        raise SealBroken(
            "The sealed value was cut or is of a form this program does not know.",
            hint="Enter the secret again.",
            where=str(place),
        )
    key = keys.get(key_id)
    if key is None:
        raise UnknownKey(
            f"The value was sealed with the key {key_id}, which is not open here.",
            hint="If the site key was changed on another machine, unlock again; otherwise enter the secret again.",
            where=str(place),
        )
    value = bytearray(len(sealed) - _TEXT_AT - TAG_BYTES)
    try:
        AESGCM(key.material).decrypt_into(
            sealed[_NONCE_AT:_TEXT_AT], sealed[_TEXT_AT:], place.associated_data(key_id), value
        )
    except InvalidTag:
        raise SealBroken(
            "The sealed value was changed, or moved here from another row.",
            hint="Enter the secret again, and find out who writes to the store.",
            where=str(place),
        ) from None
    finally:
        _scrub_stack()
    return value


_BLANK_KEY, _BLANK_NONCE = bytes(32), bytes(NONCE_BYTES)
_BLANK_SEALED = AESGCM(_BLANK_KEY).encrypt(_BLANK_NONCE, b"", None)


def _scrub_stack() -> None:
    """Let the cipher run once more with a key of zeros: OpenSSL 3 leaves the key and its schedule on the calling thread's
    stack, where it was found in memory after a lock (x86-64, AES-NI); the same calls write over the same place."""
    cipher = AESGCM(_BLANK_KEY)
    cipher.encrypt(_BLANK_NONCE, b"", None)
    cipher.decrypt_into(_BLANK_NONCE, _BLANK_SEALED, None, bytearray())
