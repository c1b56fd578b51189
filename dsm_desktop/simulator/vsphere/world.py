"""The state of one simulated vCenter: its objects, its time, and who is told of changes."""

from __future__ import annotations

import itertools
import random
import threading
import uuid as uuids
from collections.abc import Callable, Iterator
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, TypeVar

from dsm_desktop.simulator.clock import SimClock
from dsm_desktop.simulator.vsphere.agenda import Agenda
from dsm_desktop.simulator.vsphere.journal import Counters, Journal
from dsm_desktop.simulator.vsphere.spec import VsphereSpec
from dsm_desktop.simulator.vsphere.vmomi import fault, support, vmodl

if TYPE_CHECKING:
    from dsm_desktop.simulator.vsphere.nodes.base import Node
    from dsm_desktop.simulator.vsphere.sessions import Session

N = TypeVar("N", bound="Node")


class World:
    """All objects by id. `news` is the lock around everything in it; waiting for it lets others in."""

    def __init__(self, spec: VsphereSpec, clock: SimClock) -> None:
        self.spec = spec
        self.clock = clock
        self.news = threading.Condition(threading.RLock())
        self.agenda = Agenda(clock)
        self.journal = Journal()
        self.counters = Counters()
        self.revision = 1
        self.membership = 0
        """Grows when an object comes or goes."""
        self.version: str = support.versionMap[f"vim25/{spec.api_version}"]
        self.nodes: dict[str, Node] = {}
        self.singles: dict[str, Any] = {}
        self.closing = False
        self.caller: Session | None = None
        """Whose call is being carried out."""
        self.mishaps: list[str] = []
        """Mistakes of the simulator itself, as tracebacks."""
        self.instance_uuid = str(uuids.UUID(int=random.Random(f"vcenter/{spec.seed}").getrandbits(128)))
        self._numbers: dict[str, Iterator[int]] = {}
        self._mail: SimpleQueue[Callable[[], None]] = SimpleQueue()

    # -- objects ---------------------------------------------------------------------------------------------

    def next_id(self, prefix: str, start: int = 1) -> str:
        """ "vm-17"."""
        return f"{prefix}-{next(self._numbers.setdefault(prefix, itertools.count(start)))}"

    def add(self, node: N) -> N:
        """Keep an object and tell those who watch."""
        self.nodes[node.moid] = node
        self.membership += 1
        self.touch(node)
        return node

    def remove(self, node: Node) -> None:
        """Forget an object."""
        self.nodes.pop(node.moid, None)
        self.membership += 1
        self.revision += 1
        self.news.notify_all()

    def find(self, kind: str, moid: str) -> Any:
        """The object behind a reference. Raises ManagedObjectNotFound."""
        node = self.nodes.get(moid)
        if node is None:
            raise fault(
                vmodl.fault.ManagedObjectNotFound,
                f"The object '{kind}:{moid}' has already been deleted or has not been completely created",
                obj=support.GetWsdlType("urn:vim25", kind)(moid),
            )
        return node

    def of(self, kind: type[N]) -> list[N]:
        """All objects of a kind."""
        return [node for node in self.nodes.values() if isinstance(node, kind)]

    def touch(self, *nodes: Node | None) -> None:
        """Note that objects have changed."""
        self.revision += 1
        for node in nodes:
            if node is not None:
                node.revision = self.revision
        self.news.notify_all()

    # -- time ------------------------------------------------------------------------------------------------

    def now(self) -> float:
        """Simulated time."""
        return self.agenda.now()

    def later(self, delay: float, then: Callable[[], None]) -> None:
        """Let something happen after so many simulated seconds."""
        self.agenda.later(delay, then)
        self.news.notify_all()

    def post(self, then: Callable[[], None]) -> None:
        """Have something done soon in this world; the one way in for threads that must not wait for its lock."""
        self._mail.put(then)

    def settle(self) -> None:
        """Do what was posted and all that is due."""
        while True:
            try:
                then = self._mail.get_nowait()
            except Empty:
                break
            then()
        self.agenda.settle()
