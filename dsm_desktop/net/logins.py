"""The lock-out budget: a wrong password must never block the console's address or an account over the fleet.

iDRACs block the *source address* after 3 failed logins in 60 s (IPBlocking.1.FailCount, FailWindow [captured]), so one
wrong saved password tried by N threads shuts the console out for everybody.
"""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from dsm_desktop.core.errors import Blame, DsmError


class LoginRefused(DsmError):
    """The device does not accept user name and password. Never retried by the program."""

    blame = Blame.PEER


class LoginHeld(DsmError):
    """A login was not sent, because one more refusal could lock the console or the account out."""

    blame = Blame.PEER

    def __init__(self, message: str, *, retry_after: float, hint: str, where: str) -> None:
        super().__init__(message, hint=hint, where=where)
        self.retry_after = retry_after


class LoginPaused(LoginHeld):
    """The same, but nothing speaks against the account: after `retry_after` seconds the login may be sent."""

    retryable = True


@dataclass(slots=True)
class _Trial:
    """What is known of one user name and password: where it was refused (host → when) and whether it ever worked."""

    accepted: bool = False
    refused: dict[str, float] = field(default_factory=dict)
    trying: int = 0


PENALTY = 60.0
"""Seconds in which iDRACs count wrong logins (IPBlocking.1.FailWindow and PenaltyTime, R7x5 dumps)."""


class LoginBudget:
    """Decides whether a login may be sent now. Thread-safe; keeps no password (a keyed digest only).

    `penalty` s: after a refusal no login at all goes to that device. `proofs`: so many devices may refuse a pair that
    never worked before it is held everywhere for `hold` s; meanwhile at most so many try it at once. `elsewhere` tells how
    many seconds ago another process of the site was refused by a device (None = not lately).
    """

    def __init__(
        self,
        *,
        penalty: float = PENALTY,
        proofs: int = 3,
        hold: float = 900.0,
        patience: float = 90.0,
        clock: Callable[[], float] = time.monotonic,
        elsewhere: Callable[[str], float | None] = lambda device: None,
    ) -> None:
        self._elsewhere = elsewhere
        self._penalty, self._proofs, self._hold, self._patience = penalty, proofs, hold, patience
        self._clock = clock
        self._key = os.urandom(32)
        self._changed = threading.Condition()
        self._trials: dict[bytes, _Trial] = {}
        self._devices: dict[str, tuple[float, type[LoginHeld]]] = {}
        self._logging_in: set[str] = set()

    def digest(self, username: str, password: str) -> bytes:
        """A name for the pair that gives nothing away outside this process."""
        return hashlib.blake2b(f"{username}\0{password}".encode(), key=self._key, digest_size=16).digest()

    @contextmanager
    def attempt(self, device: str, pair: bytes) -> Iterator[Attempt]:
        """Around one login. Report the outcome on the Attempt; no report (nothing was sent) counts neither way.

        One login at a time per device; raises LoginHeld when the budget is spent.
        """
        self._note_elsewhere(device)
        with self._changed:
            trial = self._trials.setdefault(pair, _Trial())
            give_up = self._clock() + self._patience
            while not self._may_go(device, trial):
                if self._clock() >= give_up:
                    raise LoginPaused(
                        "another login with this account has not been answered yet",
                        retry_after=30.0,
                        hint="Try again in 30 s.",
                        where=device,
                    )
                self._changed.wait(1.0)
            self._logging_in.add(device)
            trial.trying += 1
        attempt = Attempt()
        try:
            yield attempt
        finally:
            with self._changed:
                self._logging_in.discard(device)
                trial.trying -= 1
                if attempt.outcome is True:
                    trial.accepted = True
                    trial.refused.clear()
                    self._devices.pop(device, None)
                elif attempt.outcome is False:
                    trial.refused[device] = self._clock()
                    self._devices[device] = (self._clock(), LoginHeld)
                elif attempt.unanswered and not trial.accepted:
                    # It may have been refused: a second try within the window could be the second wrong one.
                    self._devices[device] = (self._clock(), LoginPaused)
                self._changed.notify_all()

    def _note_elsewhere(self, device: str) -> None:
        """A refusal another process met on this device counts as if it had been ours."""
        ago = self._elsewhere(device)
        if ago is not None and ago < self._penalty:
            with self._changed:
                when = self._clock() - ago
                known = self._devices.get(device)
                if known is None or known[0] < when:
                    self._devices[device] = (when, LoginHeld)

    def _may_go(self, device: str, trial: _Trial) -> bool:
        """True: go; False: wait for somebody else's outcome. Raises LoginHeld when waiting would not help."""
        now = self._clock()
        since, kind = self._devices.get(device, (now - self._penalty, LoginHeld))
        left = since + self._penalty - now
        if left > 0:
            what = "not answered" if kind is LoginPaused else "refused"
            raise kind(
                f"a login was {what} {self._penalty - left:.0f} s ago; one more could block this console",
                retry_after=left,
                hint=f"The next try is possible in {left:.0f} s; check the credential first.",
                where=device,
            )
        if device in self._logging_in:
            return False
        if trial.accepted:
            return True
        for host in [host for host, when in trial.refused.items() if now - when > self._hold]:
            del trial.refused[host]
        if len(trial.refused) >= self._proofs:
            raise LoginHeld(
                f"this account was refused by {', '.join(sorted(trial.refused))} and never accepted; it is not tried further",
                retry_after=self._hold - (now - min(trial.refused.values())),
                hint="Correct the credential set, then test it.",
                where=device,
            )
        return len(trial.refused) + trial.trying < self._proofs

    def forgive(self, pair: bytes) -> None:
        """An operator tests the account on purpose: earlier refusals elsewhere no longer hold it back."""
        with self._changed:
            self._trials.pop(pair, None)
            self._changed.notify_all()


@dataclass(slots=True)
class Attempt:
    """Outcome of one login: `accepted()`, `refused()`, `sent_in_vain()`, or none of them when nothing was sent."""

    outcome: bool | None = None
    unanswered: bool = False

    def accepted(self) -> None:
        self.outcome = True

    def refused(self) -> None:
        self.outcome = False

    def sent_in_vain(self) -> None:
        """The login left, and no answer came back."""
        self.unanswered = True
