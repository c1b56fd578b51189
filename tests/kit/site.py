"""The simulated site as a child process, for tests that kill things and for benchmarks."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
import threading
from types import TracebackType
from typing import Any, Self


class SiteProcess:
    """Starts `python -m dsm_desktop.simulator` and talks to its control interface.

    `options` become command line options: `SiteProcess(idracs=20, port=0, clock_speed=60.0, shared_key=True)`.
    """

    def __init__(self, **options: Any) -> None:
        self._options: dict[str, Any] = {"port": 0, **options}
        self._process: subprocess.Popen[str] | None = None
        self.port = 0
        self.control_port = 0
        self.trap_port = 0
        self.idracs: list[dict[str, Any]] = []
        self.count = 0

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """Process id."""
        assert self._process is not None
        return self._process.pid

    def start(self, limit: float = 60.0) -> None:
        """Start and wait for the ready line; the child ends with this process in any case."""
        command = [sys.executable, "-m", "dsm_desktop.simulator", *_arguments(self._options)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        guard = threading.Timer(limit, self._process.kill)
        guard.start()
        try:
            assert self._process.stdout is not None
            line = self._process.stdout.readline()
        finally:
            guard.cancel()
            guard.join()
        if not line:
            code = self._process.wait(60)
            self.stop()
            raise RuntimeError(f"The simulated site did not start (exit code {code}).")
        ready = json.loads(line)
        self.port, self.control_port, self.trap_port = (
            ready["port"],
            ready["control_port"],
            ready["trap_port"],
        )
        rows = ready["idracs"]
        self.idracs = rows if isinstance(rows, list) else []
        self.count = len(rows) if isinstance(rows, list) else rows

    def stop(self) -> None:
        """Close its standard input and wait for it to end."""
        process, self._process = self._process, None
        if process is None:
            return
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.close()
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(60)
        process.stdout.close()

    def control(self, verb: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """One call of the control interface."""
        connection = http.client.HTTPConnection("127.0.0.1", self.control_port, timeout=60)
        try:
            connection.request(verb, path, None if body is None else json.dumps(body))
            response = connection.getresponse()
            result = json.loads(response.read())
        finally:
            connection.close()
        if response.status != 200:
            raise RuntimeError(f"{verb} {path}: {result.get('message')}")
        return result

    def idrac(self, name: str | int) -> dict[str, Any]:
        """State of one iDRAC by service tag, address or index."""
        result: dict[str, Any] = self.control("GET", f"/idracs/{name}")
        return result

    def journal(self, name: str | int) -> list[dict[str, Any]]:
        """Its accepted changes."""
        result: list[dict[str, Any]] = self.control("GET", f"/idracs/{name}/journal")
        return result

    def counters(self, name: str | int) -> dict[str, int]:
        """Its numbers."""
        result: dict[str, int] = self.control("GET", f"/idracs/{name}/counters")
        return result

    def set_fault(self, idrac: str | int, name: str, **values: Any) -> None:
        """Switch a fault on."""
        self.control("POST", f"/idracs/{idrac}/faults", {"name": name, **values})

    def clear_faults(self, idrac: str | int) -> None:
        """Switch all faults off."""
        self.control("DELETE", f"/idracs/{idrac}/faults")

    def do(self, idrac: str | int, verb: str, **values: Any) -> Any:
        """Any other verb of the control interface, such as `drop_sessions`."""
        return self.control("POST", f"/idracs/{idrac}/{verb}", values)

    def clock(self, speed: float | None = None, advance: float = 0.0) -> float:
        """Change simulated time."""
        body: dict[str, Any] = {"advance": advance}
        if speed is not None:
            body["speed"] = speed
        return float(self.control("POST", "/clock", body)["now"])


def _arguments(options: dict[str, Any]) -> list[str]:
    arguments: list[str] = []
    for name, value in options.items():
        flag = "--" + name.replace("_", "-")
        if value is True:
            arguments.append(flag)
        elif isinstance(value, list | tuple):
            arguments += [flag, *map(str, value)]
        elif value is not None and value is not False:
            arguments += [flag, str(value)]
    return arguments
