"""One simulated iDRAC: its identity, its state, and the connections it holds. Lives in the site's own thread."""

from __future__ import annotations

import heapq
import itertools
import random
import ssl
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from dsm_desktop.simulator.access import Access, Account
from dsm_desktop.simulator.attributes import Attributes
from dsm_desktop.simulator.bios import Bios
from dsm_desktop.simulator.bootorder import Boot
from dsm_desktop.simulator.clock import SimClock, stamp
from dsm_desktop.simulator.exchange import Receiver, Request, Response
from dsm_desktop.simulator.faults import FaultSet
from dsm_desktop.simulator.hardware import Server, build_server
from dsm_desktop.simulator.heads import Heads
from dsm_desktop.simulator.hostboot import Host
from dsm_desktop.simulator.jobs import JobQueue
from dsm_desktop.simulator.journal import Counters, Journal
from dsm_desktop.simulator.logs import Logs
from dsm_desktop.simulator.messages import Speaker
from dsm_desktop.simulator.personas import Persona
from dsm_desktop.simulator.power import Power, Timing
from dsm_desktop.simulator.raid import Raid
from dsm_desktop.simulator.shares import Shares
from dsm_desktop.simulator.tls import Identity, make_identity
from dsm_desktop.simulator.update import Updates
from dsm_desktop.simulator.update.repository import Repository
from dsm_desktop.simulator.vmedia import VirtualMedia
from dsm_desktop.simulator.webcert import WebCertificate

if TYPE_CHECKING:
    from dsm_desktop.simulator.certificates import Certificates
    from dsm_desktop.simulator.plan import Plot
    from dsm_desktop.simulator.service import Service

AMBIENT: Final = 4 * 3600.0
"""About how many simulated seconds pass between two events nobody asked for."""


class Device:
    """State of one iDRAC and its server. Everything here runs in one thread."""

    def __init__(
        self, plot: Plot, persona: Persona, clock: SimClock, certificates: Certificates, service: Service
    ) -> None:
        self.plot = plot
        self.persona = persona
        self.clock = clock
        self.keepalive = persona.keepalive
        self.speaker = Speaker(persona.idrac_prefix, persona.base_prefix, persona.string_message_args)
        self.counters = Counters()
        self.journal = Journal()
        self.faults = FaultSet(plot.seed)
        self.timing = Timing()
        self.offset = plot.offset
        self.skew = 0.0
        """Seconds the iDRAC's clock is ahead of the site's."""
        self.revision = 0
        self.identify = False
        self.asset_tag: str | None = None
        self.boot = Boot(self)
        self.tickets: dict[str, tuple[str, float, Account]] = {}
        """Temporary console users: password, until when it is good, and whose session it opens."""
        self.exported: dict[str, bytes] = {}
        """Files that were made for local export, by name."""
        self.eula: tuple[str, ...] = ()
        """Who accepted SupportAssist's licence agreement, and through what."""
        self.nic_settings: dict[str, dict[str, Any]] = {}
        """What was set on functions of network adapters, by FQDD."""
        self.power_cap: int | None = None
        self.idrac_booted = clock.now() - 60 * 86400.0
        self.away_until = 0.0
        self.waking_until = 0.0
        self.access = self._new_access(plot)
        self.power = Power(self.timing, self.schedule, self.write_lc, plot.powered, clock.now())
        self._lockdown = False
        self._events: list[tuple[float, int, Callable[[float], None]]] = []
        self._order = itertools.count()
        self._moment: float | None = None
        self._hardware: Server | None = None
        self._logs: Logs | None = None
        self._jobs: JobQueue | None = None
        self._unwritten: list[tuple[float, str, tuple[str, ...]]] = []
        self._service = service
        self.errands = service.errands
        self.shares = Shares(service.errands, service.folders, plot.address)
        self.vmedia = VirtualMedia(self)
        self.host = Host(self)
        self._certificates = certificates
        self._wires: set[Any] = set()
        self._heads = Heads(persona)
        self._born = clock.now()
        self._ambient = random.Random(f"{plot.seed}/{plot.tag}/ambient")
        self.schedule(self._ambient.uniform(0.2, 1.0) * AMBIENT, self._something_happens)

    def _new_access(self, plot: Plot) -> Access:
        access = Access(self.persona.max_sessions, self.counters)
        access.add_user(plot.username, plot.password, "Administrator")
        return access

    # -- parts, made when first needed -----------------------------------------------------------------------

    @property
    def hw(self) -> Server:
        """The server around the iDRAC."""
        if self._hardware is None:
            plot = self.plot
            self._hardware = build_server(plot.tag, plot.model, plot.firmware, plot.seed, plot.ailment)
        return self._hardware

    @property
    def lockdown(self) -> bool:
        """System lockdown mode is on, by its attribute or by a fault."""
        return self._lockdown or self.faults.active("lockdown")

    @lockdown.setter
    def lockdown(self, on: bool) -> None:
        self._lockdown = on

    @property
    def version(self) -> str:
        """Firmware version of the iDRAC."""
        return self.plot.firmware if self._hardware is None else self._hardware.idrac_version

    @property
    def logs(self) -> Logs:
        """SEL and lifecycle log."""
        if self._logs is None:
            # Only now: a sign-in alone must not cost the making of a whole history, times thousands of iDRACs.
            drive = next((d.id for c in self.hw.controllers for d in c.drives if d.health != "OK"), "")
            self._logs = Logs(
                f"{self.plot.seed}/{self.plot.tag}/logs",
                self._born,
                self.plot.ailment,
                self.plot.username,
                drive,
            )
            for when, code, args in self._unwritten:
                self._logs.lc(when, code, *args)
            self._unwritten.clear()
        return self._logs

    @property
    def jobs(self) -> JobQueue:
        """The job queue."""
        if self._jobs is None:
            self._jobs = JobQueue(self)
            self.power.boot_tasks = self._jobs.host_booted
            self.power.on_down.append(self._jobs.host_went_down)
        return self._jobs

    @cached_property
    def attributes(self) -> Attributes:
        """Attributes of iDRAC, system and Lifecycle Controller."""
        return Attributes(self)

    @cached_property
    def web(self) -> WebCertificate:
        """The web server's certificate."""
        return WebCertificate(self)

    @cached_property
    def raid(self) -> Raid:
        """Changes of storage."""
        return Raid(self)

    @cached_property
    def bios(self) -> Bios:
        """BIOS settings."""
        return Bios(self)

    @cached_property
    def repository(self) -> Repository:
        """The last comparison with a repository."""
        return Repository(self)

    @cached_property
    def updates(self) -> Updates:
        """Firmware being changed."""
        return Updates(self)

    def write_lc(self, when: float, code: str, *args: str) -> None:
        """Write a lifecycle entry."""
        if self._logs is None:
            self._unwritten.append((when, code, args))
        else:
            self._logs.lc(when, code, *args)

    def _something_happens(self, when: float) -> None:
        """Logs of a server grow although nobody touches it."""
        port = str(self._ambient.randint(1, 2))
        self.write_lc(when, "NIC100", "Integrated NIC 1", port)
        self.write_lc(when + self._ambient.uniform(3, 40), "NIC101", "Integrated NIC 1", port)
        self.schedule(self._ambient.uniform(0.5, 1.5) * AMBIENT, self._something_happens)

    # -- time ------------------------------------------------------------------------------------------------

    def now(self) -> float:
        """Simulated time, after everything that was due by now has happened; within an event, the event's moment."""
        if self._moment is not None:
            return self._moment
        now = self.clock.now()
        if self._events and self._events[0][0] <= now:
            self._settle(now)
        return now

    def _settle(self, now: float) -> None:
        while self._events and self._events[0][0] <= now:
            self._moment, _, then = heapq.heappop(self._events)
            then(self._moment)
            self.revision += 1
        self._moment = None

    def event_time(self) -> float:
        """The moment of the event being carried out, or now."""
        return self.clock.now() if self._moment is None else self._moment

    def schedule(self, delay: float, then: Callable[[float], None]) -> None:
        """Let something happen after `delay` simulated seconds; from within an event, after that event was due."""
        self.schedule_at(self.event_time() + delay, then)

    def stamp(self, when: float | None = None) -> str:
        """A moment as this iDRAC writes it."""
        return stamp((self.now() if when is None else when) + self.skew, self.offset)

    def sensor(self, name: str, base: float, swing: float) -> float:
        """A reading that drifts slowly and repeatably around `base`; it changes every five simulated seconds."""
        tick = int(self.clock.now() / 5)
        slow = random.Random(f"{self.plot.tag}/{name}/{tick // 12}").uniform(-1, 1)
        fast = random.Random(f"{self.plot.tag}/{name}/{tick}").uniform(-0.2, 0.2)
        return base + swing * (slow + fast)

    # -- changes ---------------------------------------------------------------------------------------------

    def changed(self, request: Request, body: Any, account: Account, effect: str) -> None:
        """Note an accepted change: journal entry, and cached documents are void."""
        self.revision += 1
        self.journal.add(self.clock.now(), request.verb, request.path, body, account.name, effect)

    def reset_idrac(self, reason: str) -> None:
        """The iDRAC goes away in a second, stays away two minutes, and has forgotten its sessions."""

        def go(when: float) -> None:
            self.away_until = when + self.timing.idrac_away
            self.waking_until = self.away_until + self.timing.idrac_waking
            self.access.close_all()
            self.drop_connections()
            self.schedule_at(self.away_until, lambda back: self._back(back, reason))

        self.schedule(1.0, go)

    def schedule_at(self, when: float, then: Callable[[float], None]) -> None:
        """Let something happen at a simulated moment."""
        heapq.heappush(self._events, (when, next(self._order), then))

    def _back(self, when: float, reason: str) -> None:
        self.idrac_booted = when
        self.vmedia.restarted()
        self.web.restarted()
        self.write_lc(when, "RAC0182", reason)

    def drop_connections(self) -> None:
        """Reset every open connection."""
        for wire in list(self._wires):
            wire.reset()

    def close_idle(self) -> None:
        """End every connection on which nothing is under way."""
        for wire in list(self._wires):
            if wire.idle:
                wire.close()

    def idle_wires(self, now: float) -> list[Any]:
        """Connections that rested longer than the firmware allows (real seconds)."""
        return [w for w in self._wires if w.idle and now - w.idle_since > w.keepalive_seconds]

    # -- endpoint of the socket layer ------------------------------------------------------------------------

    def admit(self, client: str) -> bool:
        """Refuse while the iDRAC restarts or the address is blocked."""
        now = self.now()
        if now < self.away_until:
            return False
        if self.access.blocked(client, now):
            self.counters.refused_while_blocked += 1
            return False
        self.counters.connections += 1
        return True

    def tls_context(self) -> ssl.SSLContext:
        """Context with the present certificate."""
        return self._certificates.context(self)

    def show(self, identity: Identity) -> None:
        """Show another certificate from the next connection on."""
        self._certificates.install(self, identity)
        self.drop_connections()
        self.revision += 1

    def new_identity(self) -> Identity:
        """A fresh self-signed certificate for this device."""
        return make_identity(f"idrac-{self.plot.tag}", self.plot.address)

    @property
    def identity(self) -> Identity:
        """The certificate shown now."""
        return self._certificates.identity(self)

    def handshaken(self, ok: bool) -> None:
        """Count a handshake."""
        if ok:
            self.counters.tls_handshakes += 1
        else:
            self.counters.tls_failures += 1

    def connected(self, wire: Any) -> None:
        """Remember an open connection."""
        self._wires.add(wire)

    def disconnected(self, wire: Any) -> None:
        """Forget it."""
        self._wires.discard(wire)

    def receiver(self, verb: str, path: str, headers: dict[str, str]) -> Receiver | None:
        """Firmware files are taken block by block."""
        return self._service.receiver(self, verb, path, headers)

    def begin(self) -> None:
        """A request has arrived."""
        counters = self.counters
        counters.requests += 1
        counters.in_flight += 1
        counters.in_flight_peak = max(counters.in_flight_peak, counters.in_flight)

    def handle(self, request: Request) -> Response:
        """Answer a request."""
        self.counters.bytes_received += request.upload.size if request.upload else len(request.body)
        try:
            return self._service.handle(self, request)
        finally:
            if request.upload is not None:
                request.upload.close()

    def end(self, sent: int) -> None:
        """An answer has left."""
        self.counters.in_flight -= 1
        self.counters.bytes_sent += sent

    def head(self, response: Response, length: int) -> bytes:
        """Status line and headers as this firmware writes them."""
        return self._heads.write(response, length)
