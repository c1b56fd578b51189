"""The site key in a file only its owner can read: for services, where nobody is there to type."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any, ClassVar

from dsm_desktop.vault.site_key import SiteKey, SiteKeyError, SiteKeyLost, WrongSiteKey, keys_from_lines

_MAX_BYTES = 64 * 1024


class KeyFileUnsafe(SiteKeyError):
    """The key file can be read or replaced by others than its owner; it was not used."""


class KeyFileProvider:
    """A text file with one line a key generation: `<key id> <key in hex>`. Written with mode 0600.

    Refused when it is a link, belongs to somebody else (root is accepted: systemd credentials), or group or others may
    read or write it. On Windows a file has no mode: it must lie in the user's or the service's profile folder, whose
    access list admits that account, SYSTEM and administrators only.
    """

    slot: ClassVar[str] = "key_file"

    def __init__(self, path: Path) -> None:
        self._path = path

    def fetch(self, key_id: str, record: dict[str, Any] | None) -> SiteKey:
        found: SiteKey | None = None
        for key in self._read():
            if key.key_id == key_id:
                found = key
            else:
                key.wipe()
        if found is None:
            raise SiteKeyLost(
                "The key file holds no key for this store.",
                hint="Put the right file back, or unlock with the recovery key.",
                where=str(self._path),
            )
        return found

    def keep(self, key: SiteKey) -> dict[str, Any]:
        others = [old for old in self._read(missing_ok=True) if old.key_id != key.key_id]
        self._write([*others, key])
        for old in others:
            old.wipe()
        return {"path": str(self._path)}

    def forget(self, key_id: str) -> None:
        keys = self._read(missing_ok=True)
        if any(key.key_id == key_id for key in keys):
            self._write([key for key in keys if key.key_id != key_id])
        for key in keys:
            key.wipe()

    def _read(self, *, missing_ok: bool = False) -> list[SiteKey]:
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
        try:
            handle = os.open(self._path, flags)
        except FileNotFoundError:
            if missing_ok:
                return []
            raise SiteKeyLost(
                "The key file is not there.",
                hint="Put it back, or unlock with the recovery key.",
                where=str(self._path),
            ) from None
        except OSError as error:
            raise KeyFileUnsafe(
                f"The key file cannot be opened: {error.strerror}.",
                where=str(self._path),
                hint="Is it a link?",
            ) from None
        try:
            self._check(os.fstat(handle))
            buffer = bytearray(_MAX_BYTES)
            with open(handle, "rb", buffering=0, closefd=False) as file:
                length = file.readinto(buffer)
        finally:
            os.close(handle)
        if length == _MAX_BYTES:
            raise WrongSiteKey("This is not a site key file.", where=str(self._path))
        content = buffer[:length]
        keys = keys_from_lines(content, where=str(self._path))
        buffer[:length] = content[:] = bytes(length or 0)
        return keys

    def _check(self, facts: os.stat_result) -> None:
        if not stat.S_ISREG(facts.st_mode):
            raise KeyFileUnsafe("The key file is not a plain file.", where=str(self._path))
        if os.name == "nt":
            return
        if facts.st_uid not in (os.geteuid(), 0):
            raise KeyFileUnsafe(
                f"The key file belongs to another user (uid {facts.st_uid}).",
                hint="chown it to the account that runs this program.",
                where=str(self._path),
            )
        if facts.st_mode & 0o077:
            raise KeyFileUnsafe(
                f"Others than the owner may use the key file (mode {stat.S_IMODE(facts.st_mode):o}).",
                hint=f"chmod 600 {self._path}",
                where=str(self._path),
            )

    def _write(self, keys: list[SiteKey]) -> None:
        """Whole or not at all, on disk before it counts."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self._path.with_name(self._path.name + ".new")
        fresh.unlink(missing_ok=True)
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
        try:
            for key in keys:
                line = key.as_line()
                os.write(handle, line)
                line[:] = bytes(len(line))
            os.fsync(handle)
        finally:
            os.close(handle)
        fresh.replace(self._path)
        if os.name != "nt":
            folder = os.open(self._path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
