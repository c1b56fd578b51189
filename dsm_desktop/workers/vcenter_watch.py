"""The copies of vCenters kept fresh between two syncs: one thread for each, in which vCenter itself says what changed.

The leading runner does this. What changed is read anew as a whole and written over what the copy had; a thread that ends
(vCenter restarts, session gone) is begun again at the next look, unless the vCenter waits for a person.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlalchemy import select

from dsm_desktop.core.errors import DsmError
from dsm_desktop.store.models import Vcenter
from dsm_desktop.store.unit_of_work import Store
from dsm_desktop.store.vsphere_sync import note_vcenter_problem, save_changes, save_site
from dsm_desktop.workers.vsphere_clients import VsphereClients

if TYPE_CHECKING:
    from dsm_desktop.vmware.session import Opened
    from dsm_desktop.vmware.watch import Watch

log = logging.getLogger(__name__)

LOOK_EVERY = 30.0
POLL_SECONDS = 50
"""One question to vCenter lasts so long when nothing changes."""
SETTLE_SECONDS = 2.0
"""Changes come in flocks (an evacuation, a power cut): between two writes so long is collected."""
CLOSE_SECONDS = 5.0


@dataclass(slots=True)
class _Watcher:
    thread: threading.Thread
    stop: threading.Event = field(default_factory=threading.Event)
    cancel: Callable[[], None] | None = None
    """Ends the question that is being waited for."""


class VcenterWatchers:
    """Begin with `look`, again and again; end with `close`, or for a while with `rest`. Thread-safe."""

    def __init__(self, store: Store, clients: VsphereClients) -> None:
        self._store, self._clients = store, clients
        self._lock = threading.Lock()
        self._watchers: dict[int, _Watcher] = {}
        self._leaving: list[_Watcher] = []
        """Told to end, and still waiting for a vCenter that does not answer."""
        self._closed = False

    def look(self) -> None:
        """A thread for each vCenter that was read without trouble last, no more for those that are off the list."""
        v = Vcenter
        healthy = select(v.id).where(v.synced_at.is_not(None), v.problem == "")
        wanted = set(self._store.fetch(lambda connection: connection.scalars(healthy).all()))
        with self._lock:
            if self._closed:
                return
            self._leaving = [watcher for watcher in self._leaving if watcher.thread.is_alive()]
            unwanted = [self._watchers.pop(i) for i in list(self._watchers) if i not in wanted]
            self._leaving += unwanted
            for vcenter_id in wanted:
                running = self._watchers.get(vcenter_id)
                if running is None or not running.thread.is_alive():
                    self._begin(vcenter_id)
        for watcher in unwanted:
            _end(watcher, 1.0)

    def close(self) -> None:
        """End them all for good; the question each waits with is cancelled."""
        with self._lock:
            self._closed = True
        self.rest()

    def rest(self) -> None:
        """End them all until the next look: another runner has taken this over."""
        with self._lock:
            watchers = [*self._watchers.values(), *self._leaving]
            self._watchers, self._leaving = {}, []
        for watcher in watchers:
            watcher.stop.set()
        for watcher in watchers:
            _end(watcher, CLOSE_SECONDS)

    def _begin(self, vcenter_id: int) -> None:
        thread = threading.Thread(
            target=lambda: self._run(vcenter_id, watcher), name=f"vcenter-watch-{vcenter_id}", daemon=True
        )
        watcher = self._watchers[vcenter_id] = _Watcher(thread)
        thread.start()

    # --- in the thread ----------------------------------------------------------------------------------------------

    def _run(self, vcenter_id: int, watcher: _Watcher) -> None:
        session = self._clients.vcenter(vcenter_id).session
        try:
            session.read(lambda opened: self._follow(vcenter_id, watcher, opened))
        except DsmError as error:
            if watcher.stop.is_set():
                return
            log.info("the watch of vCenter %d ended: %s", vcenter_id, error)
            if not error.retryable:
                # A refused login or another certificate: nobody asks again until somebody has looked.
                with self._store.write() as uow:
                    note_vcenter_problem(uow, vcenter_id, error)

    def _follow(self, vcenter_id: int, watcher: _Watcher, opened: Opened) -> None:
        from dsm_desktop.vmware.inventory import LIVE, read_site
        from dsm_desktop.vmware.watch import watching_all

        with watching_all(opened, LIVE) as watch:
            while not watch.poll(0).complete:
                if watcher.stop.is_set():
                    return
            # What happened since the copy was made, or while nobody listened, is nobody's news any more.
            site = read_site(opened)
            with self._store.write() as uow:
                save_site(uow, vcenter_id, site)
            watcher.cancel = watch.cancel
            try:
                while not watcher.stop.is_set():
                    self._clients.vcenter(vcenter_id)  # wanted: the session stays open
                    self._take(vcenter_id, opened, watch)
                    watcher.stop.wait(SETTLE_SECONDS)
            finally:
                watcher.cancel = None

    def _take(self, vcenter_id: int, opened: Opened, watch: Watch) -> None:
        """Wait for news and write them down."""
        from dsm_desktop.vmware.inventory import read_objects

        changed: set[str] = set()
        gone: set[str] = set()
        seconds = POLL_SECONDS
        while True:
            news = watch.poll(seconds)
            changed |= {row.moid for row in news.changed}
            gone |= set(news.gone)
            if news.complete:
                break
            seconds = 0
        if not changed and not gone:
            return
        found = read_objects(opened, sorted(changed - gone))
        with self._store.write() as uow:
            save_changes(uow, vcenter_id, found, sorted(gone))


def _end(watcher: _Watcher, patience: float) -> None:
    """Tell it, and cancel what it waits for; again, as it may just have been about to ask once more."""
    watcher.stop.set()
    deadline = time.monotonic() + patience
    while watcher.thread.is_alive() and time.monotonic() < deadline:
        cancel = watcher.cancel
        if cancel is not None:
            try:
                cancel()
            except DsmError as error:
                log.info("a watch could not be cancelled, it ends by itself: %s", error)
        watcher.thread.join(0.3)
