"""A bare TLS server in a child process that answers ten documents as large as an iDRAC's: the peer of the GET benchmarks.

Every 127.x.y.z address and one port is one BMC. It only looks the path up and writes, so that the client is what is measured.
Run as a program: certificate file, latency in ms. Prints its port.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any, Self

SIZES = {
    "/redfish/v1": 2000,
    "/redfish/v1/Systems/System.Embedded.1": 10000,
    "/redfish/v1/Managers/iDRAC.Embedded.1": 6000,
    "/redfish/v1/Chassis/System.Embedded.1": 4800,
    "/redfish/v1/Systems/System.Embedded.1/Bios": 11900,
    "/redfish/v1/UpdateService/FirmwareInventory": 46700,
    "/redfish/v1/Systems/System.Embedded.1/Memory": 32700,
    "/redfish/v1/Systems/System.Embedded.1/Processors": 8400,
    "/redfish/v1/Systems/System.Embedded.1/Storage": 12400,
    "/redfish/v1/Systems/System.Embedded.1/EthernetInterfaces": 12600,
}
"""Path → bytes: ten documents, 147.5 kB, mean 14.7 kB; sizes of real R630 and R820 dumps."""


def document(path: str, size: int) -> bytes:
    """A JSON object of about `size` bytes made like a Redfish document."""
    doc: dict[str, Any] = {
        "@odata.id": path,
        "@odata.type": "#Thing.v1_0_0.Thing",
        "Id": path.rpartition("/")[2],
    }
    if path == "/redfish/v1":
        doc |= {
            "RedfishVersion": "1.13.1",
            "Links": {"Sessions": {"@odata.id": "/redfish/v1/SessionService/Sessions"}},
            "Systems": {"@odata.id": "/redfish/v1/Systems"},
            "Managers": {"@odata.id": "/redfish/v1/Managers"},
            "SessionService": {"@odata.id": "/redfish/v1/SessionService"},
            "Oem": {"Dell": {"ServiceTag": "ABC1234", "ManagerMACAddress": "aa:bb:cc:dd:ee:ff"}},
        }
    members: list[dict[str, Any]] = []
    doc["Members"] = members
    while len(json.dumps(doc)) < size - 320:
        n = len(members)
        members.append(
            {
                "@odata.id": f"{path}/{n}",
                "Name": f"Part {n}",
                "Status": {"Health": "OK", "State": "Enabled", "HealthRollup": None},
                "SerialNumber": f"CN77{n:08d}",
                "CapacityBytes": 34359738368 + n,
                "Speed": 3200.5,
                "Oem": {
                    "Dell": {"Flags": [True, False, None, n], "LastUpdateTime": "2026-08-08T18:48:10-05:00"}
                },
            }
        )
    doc["Description"] = "x" * max(0, size - len(json.dumps(doc)) - 18)
    return json.dumps(doc).encode()


def _answer(body: bytes, status: str = "200 OK", extra: str = "") -> bytes:
    head = (
        f"HTTP/1.1 {status}\r\nDate: Fri, 20 Nov 2026 10:00:00 GMT\r\nServer: Apache\r\n"
        "Strict-Transport-Security: max-age=63072000\r\nX-Frame-Options: DENY\r\nOData-Version: 4.0\r\n"
        "Cache-Control: no-cache\r\nKeep-Alive: timeout=60, max=1000\r\nConnection: Keep-Alive\r\n"
        f"Content-Type: application/json;odata.metadata=minimal;charset=utf-8\r\n{extra}Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class _Bmc(asyncio.Protocol):
    answers: dict[bytes, bytes]
    latency: float

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.buffer = b""

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while b"\r\n\r\n" in self.buffer:
            head, _, rest = self.buffer.partition(b"\r\n\r\n")
            length = 0
            for line in head.split(b"\r\n"):
                if line[:15].lower() == b"content-length:":
                    length = int(line[15:])
            if len(rest) < length:
                return
            self.buffer = rest[length:]
            self._reply(*head.split(b" ", 2)[:2])

    def _reply(self, verb: bytes, target: bytes) -> None:
        path = target.partition(b"?")[0].rstrip(b"/")
        if verb == b"POST":
            extra = "X-Auth-Token: token\r\nLocation: /redfish/v1/SessionService/Sessions/1\r\n"
            answer = _answer(b'{"@odata.id": "/redfish/v1/SessionService/Sessions/1"}', "201 Created", extra)
        elif verb == b"DELETE":
            answer = _answer(b"")
        else:
            answer = self.answers.get(path) or _answer(b'{"error": {}}', "404 Not Found")
        if self.latency:
            asyncio.get_running_loop().call_later(self.latency, self._write, answer)
        else:
            self._write(answer)

    def _write(self, answer: bytes) -> None:
        assert isinstance(self.transport, asyncio.WriteTransport)
        if not self.transport.is_closing():
            self.transport.write(answer)


async def _serve(certificate: str, latency: float) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    _Bmc.answers = {path.encode(): _answer(document(path, size)) for path, size in SIZES.items()}
    _Bmc.latency = latency
    loop = asyncio.get_running_loop()
    server = await loop.create_server(_Bmc, "0.0.0.0", 0, ssl=context, backlog=4096)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


class BmcProcess:
    """The server as a child process, ended when the block is left."""

    def __init__(self, certificate: Path, latency_ms: float = 0.0) -> None:
        self._command = [sys.executable, __file__, str(certificate), str(latency_ms)]

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1], float(sys.argv[2]) / 1000))
