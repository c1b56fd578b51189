"""A simulated vCenter with its ESXi hosts: threads, sockets, and the handle a test holds on it."""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable
from types import TracebackType
from typing import Any, Final, Self, TypeVar

from dsm_desktop.core.errors import Blame
from dsm_desktop.simulator.clock import SimClock
from dsm_desktop.simulator.errors import BadSite, SimulatorError
from dsm_desktop.simulator.esxi import EsxiSsh, Pairing
from dsm_desktop.simulator.site import Site
from dsm_desktop.simulator.tls import make_identity
from dsm_desktop.simulator.vsphere import methods as methods
from dsm_desktop.simulator.vsphere.blockers import Blocker
from dsm_desktop.simulator.vsphere.faults import Faults
from dsm_desktop.simulator.vsphere.hindrances import kind_of, put
from dsm_desktop.simulator.vsphere.inventory import Builder
from dsm_desktop.simulator.vsphere.journal import Action
from dsm_desktop.simulator.vsphere.nodes.base import Entity
from dsm_desktop.simulator.vsphere.nodes.clusters import Cluster
from dsm_desktop.simulator.vsphere.nodes.hosts import Host
from dsm_desktop.simulator.vsphere.nodes.stores import Datastore
from dsm_desktop.simulator.vsphere.nodes.tasks import Task
from dsm_desktop.simulator.vsphere.nodes.vms import Vm
from dsm_desktop.simulator.vsphere.noticing import look, watch
from dsm_desktop.simulator.vsphere.server import Listener
from dsm_desktop.simulator.vsphere.servers import servers_for_hosts
from dsm_desktop.simulator.vsphere.sessions import Sessions
from dsm_desktop.simulator.vsphere.settings import settings_of
from dsm_desktop.simulator.vsphere.spec import VsphereSpec
from dsm_desktop.simulator.vsphere.world import World

TICK: Final = 0.1
"""Real seconds between two looks at what hosts do by themselves."""
LOOK: Final = 0.03
E = TypeVar("E", bound=Entity)


class UnknownEntity(SimulatorError):
    """The inventory has nothing of that name."""


class SimulatorBroke(SimulatorError):
    """The simulator made a mistake while it answered; the text is its traceback."""

    blame = Blame.BUG


class VsphereSite:
    """Starts and stops a vCenter; usable as a context manager. Its methods may be called from any thread.

    With `idracs` (a running Site) the hosts are the operating systems of its servers, and its clock is used.
    """

    def __init__(self, spec: VsphereSpec | None = None, idracs: Site | None = None) -> None:
        self.spec = spec or VsphereSpec()
        self.idracs = idracs
        self.clock = idracs.clock if idracs is not None else SimClock(self.spec.clock_speed)
        self.world = World(self.spec, self.clock)
        self.sessions = Sessions(self.world)
        self.faults = Faults()
        self._listener: Listener | None = None
        self._ticker: threading.Thread | None = None
        servers = [] if idracs is None else servers_for_hosts(idracs)
        self._pairing = Pairing()
        with self.world.news:
            Builder(self.world, servers).build()
            for host in self.world.of(Host):
                watch(host)
        self.ssh = EsxiSsh([h.esxi for h in self.world.of(Host)], self.spec.ssh_port)
        """SSH of all hosts: `ssh.port`, and `ssh.key(host.esxi)`."""
        for name, where in self.spec.blockers:
            self.put(name, where)

    # -- life ------------------------------------------------------------------------------------------------

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Listen and let time pass. Raises CannotListen."""
        identity = make_identity(self.spec.name, self.spec.address)
        self._listener = Listener(
            self.world, self.sessions, self.faults, self.spec.address, self.spec.port, identity
        )
        self._listener.start()
        for host in self.world.of(Host):
            if host.server is not None:
                self._pairing.join(host.esxi, host.server)
        self._pairing.start()
        try:
            self.ssh.start()
        except BaseException:
            self.stop()
            raise
        self._ticker = threading.Thread(target=self._tick, name="simulated-vcenter-time", daemon=True)
        self._ticker.start()

    def stop(self) -> None:
        """Close all sockets and end all threads. Raises SimulatorBroke when an answer was a mistake of the simulator."""
        with self.world.news:
            self.world.closing = True
            self.world.news.notify_all()
        self.ssh.stop()
        self._pairing.stop()
        if self._listener is not None:
            self._listener.stop()
            self._listener = None
        if self._ticker is not None:
            self._ticker.join()
            self._ticker = None
        if self.world.mishaps:
            raise SimulatorBroke(self.world.mishaps[0])

    def _tick(self) -> None:
        world = self.world
        hosts = world.of(Host)
        with world.news:
            while not world.closing:
                try:
                    look(world, hosts)
                    world.settle()
                except Exception:  # noqa: BLE001 - time must go on; `stop` tells of it
                    world.mishaps.append(traceback.format_exc())
                wait = world.agenda.seconds_to_next()
                world.news.wait(TICK if wait is None else min(TICK, max(wait, 0.005)))

    # -- where it is -----------------------------------------------------------------------------------------

    @property
    def listener(self) -> Listener:
        """The running server."""
        if self._listener is None:
            raise SimulatorError("The simulated vCenter is not running.")
        return self._listener

    @property
    def address(self) -> str:
        """IP address of the vCenter."""
        return self.spec.address

    @property
    def port(self) -> int:
        """Its HTTPS port."""
        return self.listener.port

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the certificate shown now, lower-case hex."""
        return self.listener.identity.fingerprint

    def as_dict(self) -> dict[str, Any]:
        """Where everything is and how to sign in, as JSON."""
        return {
            "address": self.address,
            "port": self.port,
            "fingerprint": self.fingerprint,
            "username": self.spec.username,
            "password": self.spec.password,
            "reader": self.spec.reader,
            "reader_password": self.spec.reader_password,
            "ssh_port": self.ssh.port,
            "host_username": "root",
            "host_password": self.spec.host_password,
            "hosts": [
                {
                    "name": host.name,
                    "address": host.esxi.spec.address,
                    "service_tag": host.service_tag,
                    "cluster": host.owner.name if host.owner.is_cluster else "",
                    "idrac": "" if host.server is None else host.server.address,
                }
                for host in self.hosts
            ],
        }

    # -- looking ---------------------------------------------------------------------------------------------

    def run(self, work: Callable[[], Any]) -> Any:
        """Do something while nobody else touches the world."""
        with self.world.news:
            self.world.settle()
            return work()

    def host(self, name: str) -> Host:
        """A host by name, its first part, or service tag."""
        return self._named(Host, name)

    def vm(self, name: str) -> Vm:
        """A virtual machine; "Production/3" is the fourth of a cluster."""
        return self._named(Vm, name)

    def cluster(self, name: str) -> Cluster:
        """A cluster."""
        return self._named(Cluster, name)

    def store(self, name: str) -> Datastore:
        """A datastore."""
        return self._named(Datastore, name)

    def _named(self, kind: type[E], name: str) -> E:
        with self.world.news:
            for entity in self.world.of(kind):
                if name in (entity.name, entity.moid, entity.name.split(".")[0]):
                    return entity
                if isinstance(entity, Host) and name == entity.service_tag:
                    return entity
            group, _, number = name.rpartition("/")
            if kind is Vm and group and number.isdigit():
                of = [v for v in self.world.of(Vm) if v.host.owner.name == group]
                if int(number) < len(of):
                    return of[int(number)]  # type: ignore[return-value]
        raise UnknownEntity(f"There is no {kind.__name__.lower()} {name!r} in the simulated vCenter.")

    @property
    def hosts(self) -> list[Host]:
        """All hosts."""
        return list(self.run(lambda: self.world.of(Host)))

    @property
    def vms(self) -> list[Vm]:
        """All virtual machines."""
        return list(self.run(lambda: self.world.of(Vm)))

    @property
    def counters(self) -> dict[str, int]:
        """Numbers of requests, sign-ins, pages and so on."""
        return dict(self.run(self.world.counters.as_dict))

    def journal(self, method: str = "", target: str = "") -> list[Action]:
        """Changing requests, oldest first: those of a method, of an object, or all."""
        return list(self.run(lambda: self.world.journal.actions(method, target)))

    def wait_for(self, done: Callable[[], bool], seconds: float = 30.0) -> bool:
        """Wait until something is so, at most so many real seconds."""
        deadline = time.monotonic() + seconds
        while True:
            with self.world.news:
                self.world.settle()
            if done():
                return True
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            with self.world.news:
                self.world.news.wait(min(left, LOOK))

    # -- steering --------------------------------------------------------------------------------------------

    def put(self, blocker: Blocker | str, where: str | Entity = "", **target: str) -> Entity:
        """Put a blocker onto something: `put(Blocker.USB_HOST, vm="prod-app-001")`, `put("drs_off", "Production")`.

        The keyword (vm, host, cluster, store) is for the reader; a blocker knows what it belongs to. Returns the entity.
        Raises BadSite and UnknownEntity.
        """
        try:
            chosen = Blocker(blocker)
        except ValueError as error:
            known = ", ".join(b.value for b in Blocker)
            raise BadSite(f"There is no blocker {blocker!r}.", hint=f"Known: {known}.") from error
        wanted = where or next(iter(target.values()))
        entity = wanted if isinstance(wanted, Entity) else self._named(kind_of(chosen), wanted)
        self.run(lambda: put(chosen, entity))
        return entity

    def settings(self) -> dict[str, dict[str, Any]]:
        """Everything that maintenance may change and must put back, by the name of what has it; for before and after."""
        return dict(self.run(lambda: settings_of(self.world)))

    def lose_host(self, name: str) -> Host:
        """A host loses its power and never comes back."""
        host = self.host(name)
        host.esxi.faults.set("never_returns")
        host.esxi.cut_power()
        return host

    def new_certificate(self) -> str:
        """Show a new certificate from the next connection on; returns its fingerprint."""
        self.listener.show(make_identity(self.spec.name, self.spec.address))
        return self.fingerprint

    def expire_sessions(self) -> None:
        """Forget everybody who signed in."""
        self.run(self.sessions.close_all)

    def restart(self, seconds: float) -> None:
        """The vCenter's service restarts: every request is answered 503 for so long (real seconds).

        Sessions and tasks are forgotten, but for the task history. What was under way on a host goes on, as entering maintenance mode does.
        """
        self.faults.set("unavailable", seconds=seconds)
        self.run(self._forget)
        self.listener.drop_connections()

    def _forget(self) -> None:
        self.sessions.close_all()
        for task in self.world.of(Task):
            if task.entity is not None:
                task.entity.tasks.clear()
            task.interrupted = task.running
            self.world.remove(task)
