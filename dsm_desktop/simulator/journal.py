"""What an iDRAC was asked to do and did: the proof that nothing was done twice or forgotten."""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from typing import Any, Final


@dataclasses.dataclass(frozen=True, slots=True)
class Change:
    """One accepted request that changed the device (sign-in and sign-out are counted in `Counters` instead).

    `effect` names what happened ("ComputerSystem.Reset:ForceOff", "PATCH AssetTag"); `times` says how often this
    effect has now happened on this iDRAC. `when` is simulated time in seconds since 1970. Passwords are masked.
    """

    when: float
    verb: str
    uri: str
    body: Any
    user: str
    effect: str
    times: int


class Journal:
    """Every change of one iDRAC, oldest first."""

    def __init__(self) -> None:
        self._changes: list[Change] = []
        self._effects: Counter[str] = Counter()

    def add(self, when: float, verb: str, uri: str, body: Any, user: str, effect: str) -> None:
        """Note a change that has just been accepted."""
        self._effects[effect] += 1
        self._changes.append(Change(when, verb, uri, mask(body), user, effect, self._effects[effect]))

    def changes(self) -> list[Change]:
        """A copy of all changes."""
        return list(self._changes)

    def effects(self) -> dict[str, int]:
        """How often each effect has happened."""
        return dict(self._effects)

    def clear(self) -> None:
        """Forget everything, for the next test."""
        self._changes.clear()
        self._effects.clear()


@dataclasses.dataclass(slots=True)
class Counters:
    """Numbers a test asserts on. All are totals since start or reset, except `in_flight` and `sessions_open`."""

    connections: int = 0
    tls_handshakes: int = 0
    tls_failures: int = 0
    requests: int = 0
    in_flight: int = 0
    in_flight_peak: int = 0
    logins_ok: int = 0
    logins_failed: int = 0
    basic_requests: int = 0
    refused_while_blocked: int = 0
    sessions_created: int = 0
    sessions_deleted: int = 0
    sessions_expired: int = 0
    sessions_open: int = 0
    sessions_peak: int = 0
    faults_injected: int = 0
    bytes_sent: int = 0
    bytes_received: int = 0

    def as_dict(self) -> dict[str, int]:
        """JSON form."""
        return dataclasses.asdict(self)


_SECRET: Final = re.compile("password|passphrase|community|secret|keystring|importbuffer", re.IGNORECASE)


_USERINFO: Final = re.compile(r"://[^/@\s]+@")


def mask(value: Any) -> Any:
    """The body with every password replaced, also those inside addresses, so that a journal can be printed."""
    if isinstance(value, dict):
        return {k: "***" if _SECRET.search(k) else mask(v) for k, v in value.items()}
    if isinstance(value, list):
        return [mask(v) for v in value]
    if isinstance(value, str) and "@" in value:
        return _USERINFO.sub("://***@", value)
    return value
