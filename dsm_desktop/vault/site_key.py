"""The site key, and what it takes to keep one.

A key provider is a place or a person: the operating system's keyring, a key file, a passphrase, a printed recovery
code, or the parent process. The store itself never holds the key, only what a provider needs to give it back.
"""

from __future__ import annotations

import os
from typing import Any, Protocol

from dsm_desktop.core.errors import Blame, DsmError

KEY_BYTES = 32
KEY_ID_BYTES = 8
_HEX = b"0123456789abcdef"


class SiteKeyError(DsmError):
    """The site key cannot be had; nothing was changed and everything that is no secret stays readable."""


class SiteKeyLost(SiteKeyError):
    """The provider was asked and holds no key for this store."""


class WrongSiteKey(SiteKeyError):
    """There is a key, and it is not the one this store was sealed with."""


class WrongPassphrase(WrongSiteKey):
    """The passphrase or recovery code does not open this store's key."""

    blame = Blame.USER


class SiteKey:
    """One generation of the 32-byte site key. `key_id` (16 hex digits) is public and part of every seal."""

    __slots__ = ("_material", "key_id")

    def __init__(self, key_id: str, material: bytearray) -> None:
        if len(material) != KEY_BYTES or len(key_id) != 2 * KEY_ID_BYTES:
            raise WrongSiteKey(
                "The stored site key has the wrong length.", hint="Use the recovery key.", where=key_id
            )
        self.key_id = key_id
        self._material = material

    @classmethod
    def generate(cls) -> SiteKey:
        """A fresh key from the operating system's random source."""
        return cls(os.urandom(KEY_ID_BYTES).hex(), bytearray(os.urandom(KEY_BYTES)))

    @property
    def material(self) -> bytearray:
        """The key itself; not to be copied, wiped by `wipe`. Raises SiteKeyError after that: 32 zeros are no key."""
        if self.wiped:
            raise SiteKeyError(
                "The site key was wiped from memory.", hint="Unlock the vault again.", where=self.key_id
            )
        return self._material

    @property
    def wiped(self) -> bool:
        return not any(self._material)

    def wipe(self) -> None:
        """Overwrite the key in memory."""
        self._material[:] = bytes(len(self._material))

    def as_line(self) -> bytearray:
        """`<key id> <key in hex>\\n`: the form of key files and of the hand-over to a child process."""
        line = bytearray(self.key_id.encode())
        line += b" "
        for byte in self.material:
            line.append(_HEX[byte >> 4])
            line.append(_HEX[byte & 15])
        line += b"\n"
        return line

    def __repr__(self) -> str:
        return f"SiteKey({self.key_id})"


def keys_from_lines(text: bytearray, where: str) -> list[SiteKey]:
    """Keys from `as_line` lines. Reads the buffer in place, so that no copy of a key is left behind in memory.

    Raises WrongSiteKey for text of another form; its message never repeats the text.
    """
    keys: list[SiteKey] = []
    start = 0
    while start < len(text):
        end = text.find(b"\n", start)
        end = len(text) if end < 0 else end
        if end > start:
            keys.append(_key_at(text, start, end, where))
        start = end + 1
    return keys


def _key_at(text: bytearray, start: int, end: int, where: str) -> SiteKey:
    digits_at = start + 2 * KEY_ID_BYTES + 1
    material = bytearray(KEY_BYTES)  # made whole: a growing one would leave pieces behind
    try:
        if text[end - 1] == 13:  # a file that went through a Windows editor
            end -= 1
        if end - digits_at != 2 * KEY_BYTES or text[digits_at - 1] != 32:
            raise ValueError
        key_id = text[start : digits_at - 1].decode("ascii")
        int(key_id, 16)
        for index in range(KEY_BYTES):
            at = digits_at + 2 * index
            material[index] = _HEX.index(text[at]) << 4 | _HEX.index(text[at + 1])
    except ValueError:
        raise WrongSiteKey(
            "This is not a site key file, or it was changed.", hint="Use the recovery key.", where=where
        ) from None
    return SiteKey(key_id, material)


class KeyProvider(Protocol):
    """Gives keys back. `slot` names the provider's record in `vault_keys.wraps`; records are public."""

    @property
    def slot(self) -> str: ...

    def fetch(self, key_id: str, record: dict[str, Any] | None) -> SiteKey:
        """The key of that id. Raises SiteKeyLost, WrongSiteKey or a SiteKeyError of the provider's own."""
        ...


class KeyKeeper(KeyProvider, Protocol):
    """A provider that can also be given a key to keep."""

    def keep(self, key: SiteKey) -> dict[str, Any]:
        """Keep the key durably (before the store relies on it); returns the record for `vault_keys.wraps`."""
        ...

    def forget(self, key_id: str) -> None:
        """Drop a key that is no longer needed; no error if it is not there."""
        ...
