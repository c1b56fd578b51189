"""Who may sign in on a host, and when it stops listening to them."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Callable
from typing import Final, Literal

Lockdown = Literal["lockdownDisabled", "lockdownNormal", "lockdownStrict"]
ROOT: Final = "root"


class Login(enum.Enum):
    """How a sign-in ended."""

    OK = "ok"
    WRONG = "wrong"
    LOCKED = "locked"
    """Too many wrong passwords: even the right one is refused for a while."""
    LOCKDOWN = "lockdown"
    EXPIRED = "expired"
    """The password is right, but must be changed first."""


@dataclasses.dataclass(slots=True)
class Account:
    """A local user of the host."""

    name: str
    password: str = dataclasses.field(repr=False)
    admin: bool = True
    expired: bool = False
    failures: int = 0
    locked_until: float = 0.0


class Accounts:
    """Local users, lock-out and lockdown of one host. Not thread-safe by itself: the host holds its lock."""

    def __init__(self, password: str, limit: Callable[[], tuple[int, float]]) -> None:
        self.users = {ROOT: Account(ROOT, password)}
        self.exceptions: set[str] = set()
        """Exception users of lockdown mode."""
        self.lockdown: Lockdown = "lockdownDisabled"
        self._limit = limit

    def add(self, name: str, password: str, admin: bool = True) -> None:
        """Make a local user."""
        self.users[name] = Account(name, password, admin)

    def check(self, name: str, password: str, now: float) -> Login:
        """Try a password at a simulated moment; a wrong one counts towards the lock-out."""
        account = self.users.get(name)
        if account is None:
            return Login.WRONG
        failures, seconds = self._limit()
        if now < account.locked_until:
            return Login.LOCKED
        if account.password != password:
            account.failures += 1
            if failures and account.failures >= failures:
                account.failures, account.locked_until = 0, now + seconds
            return Login.WRONG
        account.failures = 0
        if self.lockdown != "lockdownDisabled" and (name not in self.exceptions or not account.admin):
            return Login.LOCKDOWN
        return Login.EXPIRED if account.expired else Login.OK
