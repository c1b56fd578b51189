"""Who may enter a simulated iDRAC: accounts, sessions and the blocking of addresses after wrong passwords."""

from __future__ import annotations

import base64
import binascii
import dataclasses
import hashlib
import secrets
from typing import Final

from dsm_desktop.simulator.journal import Counters

BLOCK_AFTER: Final = 3
BLOCK_WINDOW: Final = 60.0
BLOCK_PENALTY: Final = 60.0
"""IPBlocking.1.FailCount, FailWindow and PenaltyTime as recorded on an R750 (6.00.30); seconds of simulated time."""

PRIVILEGES: Final[dict[str, frozenset[str]]] = {
    "Administrator": frozenset(
        {
            "Login",
            "ConfigureComponents",
            "ConfigureManager",
            "ConfigureUsers",
            "ConfigureSelf",
            "ClearLogs",
            "TestAlerts",
        }
    ),
    "Operator": frozenset(
        {"Login", "ConfigureComponents", "ConfigureManager", "ConfigureSelf", "ClearLogs", "TestAlerts"}
    ),
    "ReadOnly": frozenset({"Login", "ConfigureSelf"}),
    "None": frozenset(),
}


@dataclasses.dataclass(slots=True)
class Account:
    """One of the sixteen slots. An empty name is an unused slot."""

    slot: int
    name: str = ""
    password: str = dataclasses.field(default="", repr=False)
    role: str = "None"
    enabled: bool = False
    must_change: bool = False
    hashed: dict[str, str] = dataclasses.field(default_factory=dict, repr=False)
    """Hash and salt that were set instead of a password, both hexadecimal; empty when the password itself is known."""

    def set_password(self, password: str) -> None:
        """Take a password; it replaces a hash and the duty to change it."""
        self.password, self.must_change = password, False
        self.hashed.clear()

    def opens(self, password: str) -> bool:
        """Whether this is the password."""
        if self.hashed:
            salt = bytes.fromhex(self.hashed.get("salt", ""))
            given = hashlib.sha256(password.encode() + salt).hexdigest().upper()
            return secrets.compare_digest(self.hashed.get("hash", ""), given)
        return secrets.compare_digest(self.password.encode(), password.encode())

    def allows(self, privilege: str) -> bool:
        """Whether the role of this account holds a privilege."""
        return privilege in PRIVILEGES[self.role]


@dataclasses.dataclass(slots=True)
class Session:
    """A signed-in client."""

    id: str
    token: str = dataclasses.field(repr=False)
    account: Account
    client: str
    last_used: float
    kind: str = "Redfish"
    """SessionType: Redfish, or KVM for an open console."""


class Access:
    """Accounts and sessions of one iDRAC; times are simulated seconds."""

    def __init__(self, limit: int, counters: Counters, timeout: float = 1800.0) -> None:
        self.accounts = [Account(slot) for slot in range(1, 17)]
        self.timeout = timeout
        self.limit = limit
        self._counters = counters
        self._by_token: dict[str, Session] = {}
        self._failures: dict[str, list[float]] = {}
        self._blocked_until: dict[str, float] = {}
        self._next_id = 1
        self.basic_open = 0
        self.blocking = True
        """IPBlocking.1.BlockEnable."""

    def add_user(self, name: str, password: str, role: str) -> Account:
        """Fill the next free slot (the first is reserved, as on every iDRAC)."""
        account = next(a for a in self.accounts[1:] if not a.name)
        account.name, account.password, account.role, account.enabled = name, password, role, True
        return account

    def reset(self, name: str, password: str) -> None:
        """Factory accounts: one administrator."""
        self.accounts = [Account(slot) for slot in range(1, 17)]
        self.add_user(name, password, "Administrator")

    def verify(self, name: str, password: str) -> Account | None:
        """The account these credentials open, or None."""
        for account in self.accounts:
            if account.name and account.name == name:
                return (
                    account
                    if account.opens(password) and account.enabled and account.role != "None"
                    else None
                )
        return None

    # -- sessions --------------------------------------------------------------------------------------------

    def sessions(self, now: float) -> list[Session]:
        """Open sessions, oldest first, after dropping the ones that were idle too long."""
        for session in [s for s in self._by_token.values() if now - s.last_used > self.timeout]:
            self._drop(session)
            self._counters.sessions_expired += 1
        return list(self._by_token.values())

    def full(self, now: float) -> bool:
        """No session is left."""
        return (
            len(self._by_token) + self.basic_open >= self.limit
            and len(self.sessions(now)) + self.basic_open >= self.limit
        )

    def open(self, account: Account, client: str, now: float) -> Session:
        """A new session; the caller has asked `full` before."""
        session = Session(str(self._next_id), secrets.token_hex(16), account, client, now)
        self._next_id += 1
        self._by_token[session.token] = session
        self._counters.sessions_created += 1
        self._count()
        return session

    def by_token(self, token: str, now: float) -> Session | None:
        """The live session of a token; using it starts its idle time anew."""
        session = self._by_token.get(token)
        if session is None:
            return None
        if now - session.last_used > self.timeout:
            self._drop(session)
            self._counters.sessions_expired += 1
            return None
        session.last_used = now
        return session

    def by_id(self, number: str, now: float) -> Session | None:
        """The live session with this Id."""
        return next((s for s in self.sessions(now) if s.id == number), None)

    def close(self, session: Session) -> None:
        """Sign out."""
        self._drop(session)
        self._counters.sessions_deleted += 1

    def close_all(self, account: Account | None = None) -> None:
        """Forget sessions without counting them as signed out: reset of the iDRAC, changed password."""
        for session in list(self._by_token.values()):
            if account is None or session.account is account:
                self._drop(session)

    def _drop(self, session: Session) -> None:
        self._by_token.pop(session.token, None)
        self._count()

    def _count(self) -> None:
        self._counters.sessions_open = len(self._by_token)
        self._counters.sessions_peak = max(self._counters.sessions_peak, self._counters.sessions_open)

    # -- wrong passwords -------------------------------------------------------------------------------------

    def failed(self, client: str, now: float) -> bool:
        """Note a wrong password from an address; True when the address is now blocked."""
        if not self.blocking:
            return False
        recent = [t for t in self._failures.get(client, ()) if now - t < BLOCK_WINDOW]
        recent.append(now)
        self._failures[client] = recent
        if len(recent) < BLOCK_AFTER:
            return False
        self._blocked_until[client] = now + BLOCK_PENALTY
        self._failures.pop(client)
        return True

    def blocked(self, client: str, now: float) -> bool:
        """The address must wait."""
        until = self._blocked_until.get(client)
        if until is None:
            return False
        if now >= until:
            del self._blocked_until[client]
            return False
        return True


def parse_basic(header: str) -> tuple[str, str] | None:
    """User and password of an Authorization header, or None when it is no Basic one."""
    scheme, _, value = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, colon, password = base64.b64decode(value.strip(), validate=True).decode("utf-8").partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return (name, password) if colon else None
