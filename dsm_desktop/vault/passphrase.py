"""The site key wrapped by a passphrase (Argon2id), for machines without a keyring and as a second way in."""

from __future__ import annotations

import base64
import binascii
import os
import time
import unicodedata
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from pydantic import SecretStr

from dsm_desktop.core.errors import BadInput
from dsm_desktop.vault.site_key import KEY_BYTES, SiteKey, SiteKeyError, SiteKeyLost, WrongPassphrase

MIN_LENGTH = 15  # NIST SP 800-63B: where the passphrase is the only factor
TARGET_SECONDS = 1.0
_TUNING_ITERATIONS = (3, 12)


class WeakPassphrase(BadInput):
    """The passphrase is too short to be the only thing that protects the site."""


class KdfRefused(SiteKeyError):
    """The stored key-derivation parameters are weaker than this program accepts, or absurd: somebody changed them."""


@dataclass(frozen=True, slots=True)
class Argon2Cost:
    """Parameters of Argon2id; the defaults are the least that is accepted (RFC 9106's second choice)."""

    memory_kib: int = 64 * 1024
    iterations: int = 3
    lanes: int = 4

    def check(self) -> None:
        """Raise KdfRefused below the least, or where a changed record would exhaust the machine."""
        if not (64 * 1024 <= self.memory_kib <= 4 * 1024 * 1024):
            raise KdfRefused(f"Argon2id with {self.memory_kib} KiB is not accepted.", hint=_TAMPERED)
        if not (3 <= self.iterations <= 1000 and 1 <= self.lanes <= 64):
            raise KdfRefused(
                f"Argon2id with {self.iterations} iterations, {self.lanes} lanes is not accepted.",
                hint=_TAMPERED,
            )


_TAMPERED = "The store's key record was changed; restore it from a backup or unlock with the recovery key."


def tuned_cost(
    target_seconds: float = TARGET_SECONDS, timer: Callable[[], float] = time.perf_counter
) -> Argon2Cost:
    """A cost that takes about `target_seconds` on this machine (gate: 0.8 to 1.2 s), never below the least."""
    # Two points, because the first pass over fresh memory costs more; the quicker of two, because of other load.
    few, more = (
        min(_timed(Argon2Cost(iterations=count), timer) for _ in range(2)) for count in _TUNING_ITERATIONS
    )
    step = max(more - few, 1e-4) / (_TUNING_ITERATIONS[1] - _TUNING_ITERATIONS[0])
    wanted = _TUNING_ITERATIONS[0] + round((target_seconds - few) / step)
    return Argon2Cost(iterations=max(3, min(1000, wanted)))


def _timed(cost: Argon2Cost, timer: Callable[[], float]) -> float:
    begun = timer()
    _derive(bytearray(b"tuning"), bytes(16), cost)
    return timer() - begun


def _derive(passphrase: bytearray, salt: bytes, cost: Argon2Cost) -> bytearray:
    wrapping = bytearray(KEY_BYTES)
    Argon2id(
        salt=salt, length=KEY_BYTES, iterations=cost.iterations, lanes=cost.lanes, memory_cost=cost.memory_kib
    ).derive_into(passphrase, wrapping)  # type: ignore[arg-type]  # any buffer does, and this one can be wiped
    return wrapping


def _associated_data(slot: str, key_id: str, cost: Argon2Cost) -> bytes:
    parts = (
        "dsm-wrap",
        "1",
        slot,
        key_id,
        "argon2id",
        *map(str, (cost.memory_kib, cost.iterations, cost.lanes)),
    )
    return "\0".join(parts).encode()


class PassphraseProvider:
    """Wraps the key with a passphrase of at least 15 characters (no other rules).

    With `cost` left out it is tuned to about a second when a key is kept, and `outgrown` says after a fetch that the
    machine has become fast enough to raise it. Parameters stand in the record and are part of the wrap's seal.
    """

    slot: ClassVar[str] = "passphrase"

    def __init__(
        self,
        passphrase: SecretStr,
        *,
        cost: Argon2Cost | None = None,
        timer: Callable[[], float] = time.perf_counter,
    ) -> None:
        text = unicodedata.normalize("NFC", passphrase.get_secret_value())
        self._long_enough = len(text) >= MIN_LENGTH
        self._passphrase = bytearray(text.encode())
        self._cost = cost
        self._timer = timer
        self.outgrown = False

    def fetch(self, key_id: str, record: dict[str, Any] | None) -> SiteKey:
        if record is None:
            raise SiteKeyLost("No passphrase was set for this store.", hint="Unlock another way.")
        cost, salt, wrapped = _read(record)
        cost.check()
        begun = self._timer()
        wrapping = _derive(self._passphrase, salt, cost)
        self.outgrown = self._cost is None and self._timer() - begun < 0.4 * TARGET_SECONDS
        material = bytearray(KEY_BYTES)
        try:
            AESGCM(wrapping).decrypt_into(
                wrapped[:12], wrapped[12:], _associated_data(self.slot, key_id, cost), material
            )
        except (InvalidTag, ValueError):
            raise WrongPassphrase(
                "The passphrase is wrong.", hint="Try again, or use the recovery key."
            ) from None
        finally:
            wrapping[:] = bytes(KEY_BYTES)
        return SiteKey(key_id, material)

    def keep(self, key: SiteKey) -> dict[str, Any]:
        if not self._long_enough:
            raise WeakPassphrase(
                f"The passphrase has fewer than {MIN_LENGTH} characters.", hint="Four or five words do."
            )
        cost = self._cost or tuned_cost(timer=self._timer)
        cost.check()
        salt, nonce = os.urandom(16), os.urandom(12)
        wrapping = _derive(self._passphrase, salt, cost)
        sealed = AESGCM(wrapping).encrypt(nonce, key.material, _associated_data(self.slot, key.key_id, cost))
        wrapping[:] = bytes(KEY_BYTES)
        return {
            "kdf": "argon2id",
            **asdict(cost),
            "salt": base64.b64encode(salt).decode(),
            "wrapped": base64.b64encode(nonce + sealed).decode(),
        }

    def forget(self, key_id: str) -> None:
        """Nothing: the wrap goes with its row."""

    def wipe(self) -> None:
        """Overwrite the passphrase in memory."""
        self._passphrase[:] = bytes(len(self._passphrase))


def _read(record: dict[str, Any]) -> tuple[Argon2Cost, bytes, bytes]:
    try:
        if record["kdf"] != "argon2id":
            raise KdfRefused(f"Key derivation '{record['kdf']}' is not accepted.", hint=_TAMPERED)
        cost = Argon2Cost(int(record["memory_kib"]), int(record["iterations"]), int(record["lanes"]))
        salt = base64.b64decode(record["salt"], validate=True)
        wrapped = base64.b64decode(record["wrapped"], validate=True)
        if len(salt) < 16:
            raise KdfRefused("The salt of the stored key was cut.", hint=_TAMPERED)
    except (KeyError, TypeError, ValueError, binascii.Error):
        raise KdfRefused("The stored key record cannot be read.", hint=_TAMPERED) from None
    return cost, salt, wrapped
