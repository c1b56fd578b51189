"""A whole site of simulated iDRACs in one thread: sockets, clock, devices."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from dsm_desktop.simulator.certificates import Certificates
from dsm_desktop.simulator.clock import SimClock
from dsm_desktop.simulator.device import Device
from dsm_desktop.simulator.errors import CannotListen, UnknownIdrac
from dsm_desktop.simulator.exchange import Endpoint
from dsm_desktop.simulator.folders import Folder
from dsm_desktop.simulator.idrac import SimulatedIdrac
from dsm_desktop.simulator.personas import BY_KEY
from dsm_desktop.simulator.plan import EACH_LIMIT, Plot, SiteSpec, make_plan
from dsm_desktop.simulator.service import Service
from dsm_desktop.simulator.trap import Trap
from dsm_desktop.simulator.tree import Tree
from dsm_desktop.simulator.wire import Wire

BACKLOG: Final = 4096
SWEEP: Final = 2.0
START_LIMIT: Final = 30.0
PORT_TRIES: Final = 8


class Site:
    """Starts and stops the simulated iDRACs of a spec; usable as a context manager.

    Everything runs in one thread of its own, which is gone after `stop`. Handles in `idracs` may be used from any thread.
    """

    def __init__(self, spec: SiteSpec) -> None:
        self.spec = spec
        self.clock = SimClock(spec.clock_speed)
        self.latency = spec.latency
        self.port = spec.port
        self.plots = make_plan(spec)
        self._certificates = Certificates(spec.shared_key)
        trees = {key: Tree(BY_KEY[key]) for key in sorted({p.generation for p in self.plots})}
        service = Service(trees, spec.host_check)
        self._errands = service.errands
        self._folders = service.folders
        self._devices = [
            Device(p, BY_KEY[p.generation], self.clock, self._certificates, service) for p in self.plots
        ]
        self._endpoints: dict[tuple[str, int], Endpoint] = {}
        self._by_address: dict[str, Device] = {}
        self._servers: list[asyncio.AbstractServer] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._halt: asyncio.Event | None = None
        self.idracs: list[SimulatedIdrac] = []
        self.trap = Trap([spec.password])
        self.trap_port = 0

    @staticmethod
    def plan(spec: SiteSpec) -> list[Plot]:
        """Addresses, service tags and models of a site that need not run."""
        return make_plan(spec)

    # -- life ------------------------------------------------------------------------------------------------

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Listen on every address. Raises CannotListen."""
        ready: Future[None] = Future()
        self._thread = threading.Thread(target=self._main, args=(ready,), name="simulated-site", daemon=True)
        self._thread.start()
        try:
            ready.result(START_LIMIT)
        except BaseException:
            self._thread.join(START_LIMIT)
            self._thread = None
            raise

    def stop(self) -> None:
        """Close all sockets and end the thread."""
        if self._loop is not None and self._halt is not None:
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._halt.set)
        if self._thread is not None:
            self._thread.join(START_LIMIT)
            self._thread = None

    def _main(self, ready: Future[None]) -> None:
        with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
            runner.run(self.serve(ready))

    async def serve(self, ready: Future[None] | None = None) -> None:
        """Run until `stop`; for a caller that has its own event loop."""
        self._loop = asyncio.get_running_loop()
        self._halt = asyncio.Event()
        try:
            await self._open()
        except Exception as error:
            await self._close()
            if ready is None:
                raise
            ready.set_exception(error)
            return
        if ready is not None:
            ready.set_result(None)
        try:
            while not self._halt.is_set():
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._halt.wait(), SWEEP)
                self._sweep()
        finally:
            await self._close()
            self._loop = None

    # -- sockets ---------------------------------------------------------------------------------------------

    async def _open(self) -> None:
        spec = self.spec
        _raise_file_limit()
        listen = spec.listen
        if listen == "auto":
            listen = "each" if spec.idracs <= EACH_LIMIT else "any"
        if listen == "ports":
            await self._open_ports()
        else:
            if listen == "any":
                await self._listen("0.0.0.0")
            else:
                await self._listen_each()
            self._by_address = {d.plot.address: d for d in self._devices}
        for device in self._devices:
            port = device.plot.port if listen == "ports" else self.port
            self.idracs.append(self._handle(device, port))
        trap = await self._server("127.0.0.1", 0)
        self.trap_port = trap.sockets[0].getsockname()[1]
        self._endpoints[("127.0.0.1", self.trap_port)] = self.trap

    def _handle(self, device: Device, port: int) -> SimulatedIdrac:
        return SimulatedIdrac(device, port, lambda: self._certificates.renew(device), self.call)

    async def _open_ports(self) -> None:
        for number, device in enumerate(self._devices):
            wanted = self.spec.port + number if self.spec.port else 0
            server = await self._server("127.0.0.1", wanted)
            port = server.sockets[0].getsockname()[1]
            device.plot = dataclasses.replace(device.plot, port=port)
            self._endpoints[("127.0.0.1", port)] = device
            if number == 0:
                self.port = port

    async def _listen_each(self) -> None:
        """One socket per address. A port that is free on the first may be taken on another: then all move."""
        for attempt in range(1, PORT_TRIES + 1):
            try:
                for plot in self.plots:
                    await self._listen(plot.address)
            except CannotListen:
                if self.spec.port or attempt == PORT_TRIES:
                    raise
                for server in self._servers:
                    server.close()
                self._servers.clear()
                self.port = 0
            else:
                return

    async def _listen(self, address: str) -> None:
        server = await self._server(address, self.port)
        if self.port == 0:
            self.port = server.sockets[0].getsockname()[1]

    async def _server(self, address: str, port: int) -> asyncio.Server:
        loop = asyncio.get_running_loop()
        try:
            server = await loop.create_server(self._wire, address, port, backlog=BACKLOG)
        except OSError as error:
            raise CannotListen(
                f"Cannot listen on {address}:{port}: {error.strerror}.",
                where=f"{address}:{port}",
                hint="Choose another port, or another part of 127.0.0.0/8.",
            ) from error
        self._servers.append(server)
        return server

    def _wire(self) -> Wire:
        return Wire(self._route, lambda: self.latency)

    def _route(self, address: str, port: int) -> Endpoint | None:
        endpoint = self._endpoints.get((address, port))
        return endpoint if endpoint is not None else self._by_address.get(address)

    def _sweep(self) -> None:
        """Let things happen that were due on devices nobody talks to, and close connections that rest too long."""
        now = time.monotonic()
        for device in self._devices:
            device.now()
            for wire in device.idle_wires(now):
                wire.close()

    async def _close(self) -> None:
        for server in self._servers:
            server.close()
        for device in self._devices:
            device.drop_connections()
        self.trap.drop_connections()
        for server in self._servers:
            await server.wait_closed()
        self._servers.clear()
        self._errands.close()

    # -- steering --------------------------------------------------------------------------------------------

    def call(self, work: Callable[[], Any]) -> Any:
        """Run something in the site's thread and return its result."""
        loop, thread = self._loop, self._thread
        if loop is None or not loop.is_running() or thread is None or thread is threading.current_thread():
            return work()
        future: Future[Any] = Future()

        def run() -> None:
            try:
                future.set_result(work())
            except BaseException as error:  # noqa: BLE001 - handed to the waiting thread
                future.set_exception(error)

        loop.call_soon_threadsafe(run)
        return future.result(START_LIMIT)

    def find(self, name: str) -> SimulatedIdrac:
        """An iDRAC by service tag, address, address:port or index. Raises UnknownIdrac."""
        for idrac in self.idracs:
            if name in (
                idrac.service_tag,
                idrac.address,
                f"{idrac.address}:{idrac.port}",
                str(idrac.plot.index),
            ):
                return idrac
        raise UnknownIdrac(
            f"There is no simulated iDRAC {name!r}.", hint="Ask for the list to see tags and addresses."
        )

    def share(self, url: str, folder: Path, user: str = "", password: str = "") -> None:
        """Let the iDRACs find a folder under an NFS or CIFS address: share("nfs://10.1.2.3/repo", path)."""
        self.call(lambda: self._folders.add(Folder(url, folder, user, password)))

    def set_clock(self, speed: float | None = None, advance: float = 0.0) -> float:
        """Change the speed of simulated time, or jump ahead; returns the simulated moment."""

        def change() -> float:
            if speed is not None:
                self.clock.set_speed(speed)
            if advance:
                self.clock.advance(advance)
            self._sweep()
            return self.clock.now()

        return float(self.call(change))


def _raise_file_limit() -> None:
    """Thousands of connections need more open files than a shell usually allows."""
    if sys.platform == "win32":
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = hard if hard != resource.RLIM_INFINITY else 65536
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
