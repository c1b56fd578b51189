"""The site key in the operating system's keyring: Windows Credential Manager, Secret Service, KWallet, macOS Keychain."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from typing import Any, ClassVar, TypeVar

import keyring
from keyring.backend import KeyringBackend
from keyring.errors import KeyringError, PasswordDeleteError

from dsm_desktop.vault.site_key import SiteKey, SiteKeyError, SiteKeyLost, WrongSiteKey, keys_from_lines

SERVICE = "dsm-desktop"
TIMEOUT_SECONDS = 30.0
# Others (keyrings.alt) register themselves once installed and keep base64 in a file, or ask on stdin and hang a window.
_TRUSTED = (
    "keyring.backends.Windows",
    "keyring.backends.SecretService",
    "keyring.backends.libsecret",
    "keyring.backends.kwallet",
    "keyring.backends.macOS",
)
T = TypeVar("T")


class KeyringUnavailable(SiteKeyError):
    """There is no keyring, it stayed locked, or it did not answer in time (a headless machine has none)."""


def trusted_backend() -> KeyringBackend:
    """The operating system's keyring. Raises KeyringUnavailable where there is none or only an unprotected one."""
    chosen = keyring.get_keyring()
    for backend in getattr(chosen, "backends", [chosen]):
        if type(backend).__module__.startswith(_TRUSTED):
            if type(backend).__module__ == "keyring.backends.Windows":
                backend.persist = "local machine"  # the default roams with a domain profile
            return backend  # type: ignore[no-any-return]
    raise KeyringUnavailable(
        "This machine offers no protected keyring.",
        hint="Use a passphrase or a key file.",
        detail=type(chosen).__module__,
    )


class KeyringProvider:
    """Keeps the key under `dsm-desktop` / `<profile>/<key id>`.

    The keyring is asked on a thread of its own: a locked one may wait for a prompt nobody sees.
    Measured on gnome-keyring: 42 ms to set, 32 ms to get.
    """

    slot: ClassVar[str] = "keyring"

    def __init__(
        self, profile: str, *, timeout: float = TIMEOUT_SECONDS, backend: KeyringBackend | None = None
    ) -> None:
        self._profile = profile
        self._timeout = timeout
        self._backend = backend

    def fetch(self, key_id: str, record: dict[str, Any] | None) -> SiteKey:
        entry = self._entry(key_id)
        text = self._ask(lambda backend: backend.get_password(SERVICE, entry))
        if text is None:
            raise SiteKeyLost(
                "The keyring of this user and machine holds no key for this store.",
                hint="Unlock with the passphrase or the printed recovery key.",
                where=entry,
            )
        keys = keys_from_lines(bytearray(text.encode("utf-8", "replace")), where=f"keyring entry {entry}")
        if len(keys) != 1 or keys[0].key_id != key_id:
            raise WrongSiteKey("The keyring entry is for another store.", where=entry)
        return keys[0]

    def keep(self, key: SiteKey) -> dict[str, Any]:
        entry, line = self._entry(key.key_id), key.as_line()
        text = line.decode("ascii").strip()
        line[:] = bytes(len(line))

        def store(backend: KeyringBackend) -> bool:
            backend.set_password(SERVICE, entry, text)
            return backend.get_password(SERVICE, entry) == text

        if not self._ask(store):
            raise KeyringUnavailable(
                "The keyring did not keep the key.", hint="Use a passphrase or a key file."
            )
        return {"entry": entry}

    def forget(self, key_id: str) -> None:
        entry = self._entry(key_id)

        def delete(backend: KeyringBackend) -> None:
            try:
                backend.delete_password(SERVICE, entry)
            except PasswordDeleteError:
                if backend.get_password(SERVICE, entry) is not None:
                    raise

        self._ask(delete)

    def _entry(self, key_id: str) -> str:
        return f"{self._profile}/{key_id}"

    def _ask(self, call: Callable[[KeyringBackend], T]) -> T:
        answer: Future[T] = Future()

        def work() -> None:
            try:
                answer.set_result(call(self._backend or trusted_backend()))
            except Exception as error:  # noqa: BLE001 - carried to the waiting thread
                answer.set_exception(error)

        threading.Thread(target=work, name="os-keyring", daemon=True).start()
        try:
            return answer.result(self._timeout)
        except FutureTimeout:
            raise KeyringUnavailable(
                f"The keyring did not answer within {self._timeout:g} s; it may be waiting to be unlocked.",
                hint="Unlock it on the desktop and try again, or use a passphrase or a key file.",
            ) from None
        except SiteKeyError:
            raise
        except KeyringError as error:
            raise _unavailable(error) from None
        except Exception as error:  # noqa: BLE001 - backends let D-Bus and ctypes errors through
            raise _unavailable(error) from None


def _unavailable(error: Exception) -> KeyringUnavailable:
    return KeyringUnavailable(
        "The keyring cannot be used.",
        hint="Use a passphrase or a key file.",
        detail=f"{type(error).__name__}: {error}",
    )
