"""Hosts that run on the servers of simulated iDRACs: one power, one self test, one restart for both."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

from dsm_desktop.simulator.errors import BadSite
from dsm_desktop.simulator.esxi.course import News
from dsm_desktop.simulator.esxi.machine import Esxi
from dsm_desktop.simulator.idrac import SimulatedIdrac


class Pair:
    """One host and the iDRAC of its server. What one side does, the other follows; the echo is not followed back."""

    def __init__(
        self, host: Esxi, idrac: SimulatedIdrac, order: Callable[[Callable[[], None]], None]
    ) -> None:
        if host.spec.posts_itself:
            raise BadSite(
                f"{host.spec.name} does its own self test and cannot run on a simulated server.",
                hint="Build it with posts_itself=False.",
            )
        self._host = host
        self._idrac = idrac
        self._order = order
        self._led = threading.local()
        host.on_power.append(self._heard)
        idrac.run_system(self)
        if idrac.power_state == "Off":
            self.lost_power()

    # -- the server speaks, in the site's thread ---------------------------------------------------------------

    def lost_power(self) -> None:
        """The server is switched off."""
        self._lead(self._host.cut_power)

    def was_reset(self) -> None:
        """The server restarts."""
        self._lead(self._host.reset)

    def powered_on(self) -> None:
        """The server starts its self test."""
        self._lead(self._host.power_on)

    def self_test_over(self) -> None:
        """The server looks for something to start from."""
        self._lead(self._host.posted)

    def _lead(self, act: Callable[[], None]) -> None:
        self._led.by_server = True
        try:
            act()
        finally:
            self._led.by_server = False

    # -- the host speaks, in any thread ------------------------------------------------------------------------

    def _heard(self, news: News) -> None:
        if getattr(self._led, "by_server", False):
            return
        act = {
            "down": self._idrac.restart_by_system,
            "off": self._idrac.halt_by_system,
            "on": self._idrac.press_power,
        }.get(news)
        if act is not None:
            self._order(act)


class Pairing:
    """Pairs of a running site; usable as a context manager.

    A host must not wait for the site's thread, which may be waiting for the host: one thread hands its orders over.
    """

    def __init__(self) -> None:
        self._orders: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self.pairs: list[Pair] = []

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def join(self, host: Esxi, idrac: SimulatedIdrac) -> None:
        """Let a host run on the server of an iDRAC. Raises BadSite unless the host waits for its hardware."""
        self.pairs.append(Pair(host, idrac, self._orders.put))

    def start(self) -> None:
        """Follow from now on."""
        self._thread = threading.Thread(target=self._main, name="simulated-esxi-pairing", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Hand over what is left, and end the thread. Call it before the site stops."""
        if self._thread is not None:
            self._orders.put(None)
            self._thread.join()
            self._thread = None

    def _main(self) -> None:
        while (order := self._orders.get()) is not None:
            order()
