"""The printed recovery key: a code on paper that opens the site key when keyring, file and passphrase are gone."""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
from typing import Any, ClassVar

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pydantic import SecretStr

from dsm_desktop.core.errors import BadInput
from dsm_desktop.vault.site_key import KEY_BYTES, SiteKey, SiteKeyLost, WrongPassphrase

# Crockford's base 32: no I, L, O, U, so that no two letters look alike on paper.
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LOOKALIKE = str.maketrans("OIL", "011", " -\t\r\n")
_CODE_BYTES = 20
_CHECK_CHARS = 3
_GROUP = 5


class RecoveryCodeMistyped(BadInput):
    """The code fails its own checksum: a typing error, found before the store is asked."""


def new_recovery_code() -> SecretStr:
    """A fresh code: 160 random bits and a 15-bit checksum in seven groups of five, "7K3QX-…"."""
    return SecretStr(_grouped(os.urandom(_CODE_BYTES)))


def _grouped(code: bytes) -> str:
    text = _base32(code, 32) + _checksum(code)
    return "-".join(text[at : at + _GROUP] for at in range(0, len(text), _GROUP))


def _base32(data: bytes, length: int) -> str:
    number = int.from_bytes(data, "big")
    return "".join(_ALPHABET[number >> 5 * at & 31] for at in reversed(range(length)))


def _checksum(code: bytes) -> str:
    digest = hashlib.sha256(b"dsm-recovery" + code).digest()
    return _base32(digest[:2], 4)[-_CHECK_CHARS:]


def read_recovery_code(typed: SecretStr) -> bytes:
    """The 20 bytes of a typed code; case, spaces, dashes and look-alikes (O 0, I L 1) do not matter.

    Raises RecoveryCodeMistyped.
    """
    text = typed.get_secret_value().upper().translate(_LOOKALIKE)
    try:
        if len(text) != 32 + _CHECK_CHARS:
            raise RecoveryCodeMistyped(
                f"The recovery key has {32 + _CHECK_CHARS} characters; {len(text)} were typed."
            )
        number = 0
        for char in text[:32]:
            number = number << 5 | _ALPHABET.index(char)
        code = number.to_bytes(_CODE_BYTES, "big")
    except ValueError:
        raise RecoveryCodeMistyped("The recovery key holds a character that is on no sheet.") from None
    if _checksum(code) != text[32:]:
        raise RecoveryCodeMistyped("The recovery key was mistyped: its checksum does not match.")
    return code


class RecoveryProvider:
    """Wraps the key with the code. No slow derivation: the code has 160 random bits, not a person's choice."""

    slot: ClassVar[str] = "recovery"

    def __init__(self, code: SecretStr) -> None:
        self._code = read_recovery_code(code)

    def fetch(self, key_id: str, record: dict[str, Any] | None) -> SiteKey:
        if record is None:
            raise SiteKeyLost("No recovery key was made for this store.", hint="Unlock another way.")
        material = bytearray(KEY_BYTES)
        try:
            salt = base64.b64decode(record["salt"], validate=True)
            wrapped = base64.b64decode(record["wrapped"], validate=True)
            self._cipher(salt).decrypt_into(wrapped[:12], wrapped[12:], self._associated(key_id), material)
        except (InvalidTag, KeyError, TypeError, ValueError, binascii.Error):
            raise WrongPassphrase(
                "This recovery key is not the one of this store.",
                hint="A new one is printed when the site key changes; use the newest sheet.",
            ) from None
        return SiteKey(key_id, material)

    def keep(self, key: SiteKey) -> dict[str, Any]:
        salt, nonce = os.urandom(16), os.urandom(12)
        sealed = self._cipher(salt).encrypt(nonce, key.material, self._associated(key.key_id))
        return {
            "salt": base64.b64encode(salt).decode(),
            "wrapped": base64.b64encode(nonce + sealed).decode(),
        }

    def forget(self, key_id: str) -> None:
        """Nothing: the wrap goes with its row."""

    def _cipher(self, salt: bytes) -> AESGCM:
        return AESGCM(HKDF(SHA256(), KEY_BYTES, salt, b"dsm-recovery-wrap").derive(self._code))

    def _associated(self, key_id: str) -> bytes:
        return f"dsm-wrap\x001\0{self.slot}\0{key_id}".encode()
