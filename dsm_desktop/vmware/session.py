"""One login per client: opened at the first call, renewed for reads, kept alive while it is wanted, logged out at the end.

A read is repeated once after a dropped connection or an ended session. A change is sent once, whatever happens.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pydantic import SecretStr

from dsm_desktop.core.errors import DsmError
from dsm_desktop.core.vsphere_site import About
from dsm_desktop.net.answer import BadAnswer
from dsm_desktop.net.limits import Throttle
from dsm_desktop.net.logins import LoginRefused
from dsm_desktop.net.recorder import Recorder
from dsm_desktop.net.tls import CONNECT_TIMEOUT, Endpoint, TlsFailed, Trust, Unreachable
from dsm_desktop.net.transport import NoAnswer
from dsm_desktop.vmware.connection import ANSWER_TIMEOUT, Wire, open_wire
from dsm_desktop.vmware.errors import SessionLost, Uncertain, VcenterUnreachable
from dsm_desktop.vmware.faults import SessionExpired
from dsm_desktop.vmware.vmodl import type_of

log = logging.getLogger(__name__)
T = TypeVar("T")

TRUSTED_FOR = 120.0
"""Seconds after the last answer in which a session is believed to be alive before a change is sent."""
LOOK_AGAIN = 2.0


@dataclass(frozen=True, slots=True)
class Link:
    """Where, believed why, and as whom."""

    endpoint: Endpoint
    trust: Trust
    username: str
    password: SecretStr


@dataclass(slots=True, eq=False)
class Opened:
    """A session that is open: its wire, the service's root objects, who answered. Gone with the session: views, collectors."""

    link: Link
    wire: Wire
    content: Any
    about: About
    session_key: str = field(repr=False)
    """What the service calls this session (not its cookie)."""
    answered: float = field(default_factory=time.monotonic)
    unknown: set[str] = field(default_factory=set)
    """Property paths this service turned out not to know."""
    counters: dict[str, int] = field(default_factory=dict)
    """Performance counters by name, once they were asked for."""

    def object(self, kind: str, moid: str) -> Any:
        """A managed object by its type's name ("HostSystem") and moid; nothing is sent."""
        return type_of(kind)(moid, self.wire)

    def entity(self, moid: str) -> Any:
        """A managed object whose type its moid tells."""
        return self.object(kind_of(moid), moid)

    @property
    def name(self) -> str:
        return self.wire.name


_KINDS = {
    "host-": "HostSystem",
    "ha-host": "HostSystem",
    "domain-s": "ComputeResource",
    "ha-compute-res": "ComputeResource",
    "domain-c": "ClusterComputeResource",
    "clustercomputeresource-": "ClusterComputeResource",
    "computeresource-": "ComputeResource",
    "vm-": "VirtualMachine",
    "datastore-": "Datastore",
    "dvportgroup-": "dvs.DistributedVirtualPortgroup",
    "network-": "Network",
    "datacenter-": "Datacenter",
    "ha-datacenter": "Datacenter",
    "group-": "Folder",
    "ha-folder": "Folder",
    "resgroup-": "ResourcePool",
}
"""Moids name their type on every vCenter and host; govmomi's simulator writes whole type names."""


def kind_of(moid: str) -> str:
    """The type's name of a moid, "ManagedEntity" where it does not tell (a VM of an ESXi host is just a number)."""
    if moid.isdecimal():
        return "VirtualMachine"
    return next((kind for start, kind in _KINDS.items() if moid.startswith(start)), "ManagedEntity")


class Session:
    """Authenticated calls; thread-safe. `link` is asked before each login and at most every two seconds: a changed address,
    trust or login opens a new session and ends the old one."""

    def __init__(
        self,
        link: Callable[[], Link],
        *,
        throttle: Throttle,
        recorder: Recorder,
        connect_timeout: float = CONNECT_TIMEOUT,
        answer_timeout: float = ANSWER_TIMEOUT,
    ) -> None:
        self._find, self._throttle, self._recorder = link, throttle, recorder
        self._connect_timeout, self._answer_timeout = connect_timeout, answer_timeout
        self._lock = threading.Lock()
        self._link: Link | None = None
        self._looked = 0.0
        self._open: Opened | None = None
        self.used = time.monotonic()
        """When somebody asked for something last (keep-alive does not count)."""

    # --- calls ------------------------------------------------------------------------------------------------------

    def read(self, do: Callable[[Opened], T]) -> T:
        """`do` may make any number of reading calls; it is run again, once, after a lost connection or session."""
        self.used = time.monotonic()
        for last in (False, True):
            opened: Opened | None = None
            try:
                opened = self._ensure()
                result = do(opened)
            except SessionExpired:
                self._drop(opened)
                if last:
                    raise
            except (NoAnswer, TlsFailed, Unreachable) as error:
                dropped = isinstance(error, NoAnswer) and not error.timed_out
                if last or not dropped:
                    raise self._unreachable(error) from error
            else:
                opened.answered = self.used = time.monotonic()
                return result
        raise AssertionError("not reached")

    def write(self, what: str, do: Callable[[Opened], T]) -> T:
        """`do` makes exactly one changing call; `what` names it for errors ("rebooting host-12"). Raises SessionLost where
        nothing was sent, Uncertain where no answer came."""
        self.used = time.monotonic()
        opened = self.read(_fresh)
        try:
            result = do(opened)
        except SessionExpired as error:
            self._drop(opened)
            raise SessionLost(opened.name, what) from error
        except NoAnswer as error:
            if not error.sent:
                raise self._unreachable(error) from error
            raise Uncertain(opened.name, what, error.detail or error.message) from error
        except BadAnswer as error:
            raise Uncertain(opened.name, what, error.detail or error.message) from error
        except (TlsFailed, Unreachable) as error:
            raise self._unreachable(error) from error
        opened.answered = self.used = time.monotonic()
        return result

    def keep_alive(self) -> None:
        """A small question, so that the service does not end the session (default: after 30 minutes without a call). Does
        nothing where none is open; `used` stays."""
        with self._lock:
            opened = self._open
        if opened is None:
            return
        try:
            current_time(opened)
            opened.answered = time.monotonic()
        except SessionExpired:
            self._drop(opened)

    # --- life -------------------------------------------------------------------------------------------------------

    @property
    def is_open(self) -> bool:
        return self._open is not None

    @property
    def answered(self) -> float:
        """Monotonic seconds of the last answer; 0.0 where no session is open."""
        opened = self._open
        return opened.answered if opened is not None else 0.0

    def look_again(self) -> None:
        """Ask at the next call where and as whom, however lately that was asked."""
        self._looked = 0.0

    def close(self) -> None:
        """Log out and close the connections; the next call signs in again."""
        with self._lock:
            opened, self._open = self._open, None
        if opened is not None:
            _log_out(opened)

    def _ensure(self) -> Opened:
        with self._lock:
            self._look()
            assert self._link is not None
            if self._open is None:
                self._open = self._log_in(self._link)
            return self._open

    def _look(self) -> None:
        """Ask where and as whom; the lock is held. Always before a login: what was wrong may just have been put right."""
        if self._open is not None and time.monotonic() - self._looked < LOOK_AGAIN:
            return
        link = self._find()
        self._looked = time.monotonic()
        if link != self._link:
            self._link, opened, self._open = link, self._open, None
            if opened is not None:
                _log_out(opened)

    def _drop(self, opened: Opened | None) -> None:
        """A session the service has ended, unless another thread has renewed it meanwhile."""
        with self._lock:
            if opened is not None and self._open is opened:
                self._open = None
                opened.wire.close()

    def _log_in(self, link: Link) -> Opened:
        """Negotiate, sign in. Raises what the transport and the login budget raise."""
        wire = open_wire(
            link.endpoint,
            link.trust,
            throttle=self._throttle,
            recorder=self._recorder,
            connect_timeout=self._connect_timeout,
            answer_timeout=self._answer_timeout,
        )
        try:
            root = type_of("ServiceInstance")("ServiceInstance", wire)
            content = root.RetrieveContent()
            key = self._sign_in(wire, content, link)
        except BaseException:
            wire.close()
            raise
        return Opened(link, wire, content, _about(content.about), key)

    def _sign_in(self, wire: Wire, content: Any, link: Link) -> str:
        secret = link.password.get_secret_value()
        logins = self._throttle.logins
        with logins.attempt(wire.name, logins.digest(link.username, secret)) as attempt:
            try:
                session = content.sessionManager.Login(link.username, secret, None)
            except LoginRefused:
                attempt.refused()
                raise
            except NoAnswer:
                attempt.sent_in_vain()
                raise
            attempt.accepted()
        return str(session.key)

    def _unreachable(self, error: DsmError) -> DsmError:
        """Silence and broken connections in this room's words; a wrong certificate keeps its own."""
        if not error.retryable:
            # A certificate: a person approves the new one, and that counts from the very next call.
            self._looked = 0.0
            return error
        return VcenterUnreachable(error.message, where=error.where, detail=error.detail)


def _about(said: Any) -> About:
    return About(
        instance_uuid=str(said.instanceUuid or ""),
        name=str(said.name or ""),
        version=str(said.version or ""),
        build=str(said.build or ""),
        kind="vcenter" if said.apiType == "VirtualCenter" else "esxi",
    )


def current_time(opened: Opened) -> Any:
    """The clock of the vCenter or host that answers; also how a session is kept alive."""
    return type_of("ServiceInstance")("ServiceInstance", opened.wire).CurrentTime()


def _fresh(opened: Opened) -> Opened:
    """Before a change: a session that nobody has asked for a while may have ended, and a change is never repeated."""
    if time.monotonic() - opened.answered > TRUSTED_FOR:
        current_time(opened)
    return opened


def _log_out(opened: Opened) -> None:
    with contextlib.suppress(SessionExpired):
        try:
            opened.content.sessionManager.Logout()
        except DsmError as error:
            if not isinstance(error, SessionExpired):
                log.warning("logging out failed: %s", error)
    opened.wire.forget_session()
    opened.wire.close()
