"""Who has signed in: cookies, idle limit, and what dies with a session."""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING, Any

from dsm_desktop.simulator.vsphere.spec import Account
from dsm_desktop.simulator.vsphere.vmomi import moment, vim

if TYPE_CHECKING:
    from dsm_desktop.simulator.vsphere.nodes.base import Node
    from dsm_desktop.simulator.vsphere.world import World

COOKIE = "vmware_soap_session"


class Session:
    """One session. Its views, filters and own collectors end with it."""

    def __init__(self, world: World, address: str, agent: str) -> None:
        self.cookie = secrets.token_hex(20)
        self.key = secrets.token_hex(16)
        self.account: Account | None = None
        self.address, self.agent = address, agent
        self.since = self.active = world.now()
        self.touched = time.monotonic()
        self.waiting = 0
        self.calls = 0
        self.owned: list[Node] = []
        self.collector: Any = None

    @property
    def user(self) -> str:
        """Name of who signed in, as a vCenter writes it: "VSPHERE.LOCAL\\\\Administrator"."""
        if self.account is None:
            return ""
        name, _, domain = self.account.name.partition("@")
        return f"{domain.upper()}\\{name.capitalize()}" if domain else name

    def describe(self) -> Any:
        """As the API tells it."""
        return vim.UserSession(
            key=self.key,
            userName=self.user,
            fullName=self.user,
            loginTime=moment(self.since),
            lastActiveTime=moment(self.active),
            locale="en",
            messageLocale="en",
            extensionSession=False,
            ipAddress=self.address,
            userAgent=self.agent,
            callCount=self.calls,
        )


class Sessions:
    """All sessions by cookie. The idle limit runs on a real clock, as the keep-alive of a client does."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._sessions: dict[str, Session] = {}

    def find(self, cookie: str) -> Session | None:
        """The session of a cookie, unless it has been idle too long."""
        self._expire()
        return self._sessions.get(cookie)

    def open(self, address: str, agent: str) -> Session:
        """A session that nobody has signed in to yet."""
        session = Session(self._world, address, agent)
        self._sessions[session.cookie] = session
        return session

    def close(self, session: Session) -> None:
        """End one, with everything that belongs to it."""
        self._sessions.pop(session.cookie, None)
        for node in session.owned:
            self._world.remove(node)
        session.owned.clear()
        session.account = None
        self._world.touch()

    def close_all(self) -> None:
        """Forget everybody, as a restart of the service does."""
        for session in list(self._sessions.values()):
            self.close(session)

    def signed_in(self) -> list[Session]:
        """Sessions with an account."""
        self._expire()
        return [s for s in self._sessions.values() if s.account is not None]

    def touch(self, session: Session) -> None:
        """Note that it is used."""
        session.touched = time.monotonic()
        session.active = self._world.now()
        session.calls += 1

    def _expire(self) -> None:
        limit = time.monotonic() - self._world.spec.idle_limit
        for session in [s for s in self._sessions.values() if s.touched < limit and not s.waiting]:
            if session.account is not None:
                self._world.counters.sessions_expired += 1
            self.close(session)
