"""R9: a device that lies, stumbles and stalls in 500 different ways (100 outside CI) never surprises the program."""

from __future__ import annotations

import json
import os
import random
import socket
import ssl
import struct
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from dsm_desktop.core.errors import DsmError
from dsm_desktop.core.inventory import LogKind
from dsm_desktop.core.states import PowerAction
from dsm_desktop.net.limits import Limits, Throttle
from dsm_desktop.net.logins import LoginBudget
from dsm_desktop.net.recorder import MemoryRecorder
from dsm_desktop.net.tls import Endpoint, Trust
from dsm_desktop.redfish.client import Credential, RedfishClient
from dsm_desktop.redfish.errors import messages
from tests.kit.replay import error, expanded
from tests.net.raw import RawServer, http
from tests.redfish.small import SYSTEM, V1, small_tree

SEEDS = 500 if os.environ.get("CI") else 100
TIMEOUT = 0.1
TREE = small_tree()
LONG = http(b"[" + b"1," * 400_000 + b"1]")
DEEP = http(b'{"a":' * 900 + b"1" + b"}" * 900)
ODD: list[Any] = [
    None,
    [],
    {},
    "",
    "x",
    -1,
    255,
    1e308,
    True,
    "9" * 400,
    [None],
    [[]],
    {"@odata.id": 5},
    [{"@odata.id": None}],
]


def plain(request: bytes) -> bytes:
    """The honest answer."""
    verb, target = request.split(b" ", 2)[:2]
    path, _, query = target.decode().partition("?")
    if verb == b"POST" and path.endswith("/Sessions"):
        return http(b"{}", "201 Created", "X-Auth-Token: t", f"Location: {path}/1")
    if verb != b"GET":
        return http(b"", "204 No Content")
    doc = TREE.get(path)
    if doc is None:
        return http(b'{"error": {"code": "IDRAC.2.7.SYS403"}}', "404 Not Found")
    if "expand" in query:
        doc = expanded(doc, TREE, with_links="*" in query)
    return http(json.dumps(doc).encode())


def twisted(doc: Any, dice: random.Random) -> Any:
    """A copy with some values of wrong type."""
    if dice.random() < 0.08:
        return dice.choice(ODD)
    if isinstance(doc, dict):
        return {name: twisted(value, dice) for name, value in doc.items()}
    return [twisted(item, dice) for item in doc] if isinstance(doc, list) else doc


def spoil(answer: bytes, dice: random.Random, tls: ssl.SSLSocket, server: RawServer) -> bytes | None:
    """One way to go wrong; None when the connection is gone."""
    head, _, body = answer.partition(b"\r\n\r\n")
    way = dice.randrange(22)
    if way == 0:
        tls.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        tls.close()
        return None
    if way == 1:
        server.closing.wait(TIMEOUT * 2) if dice.random() < 0.15 else None
    if way == 2 and dice.random() < 0.2:
        for n in range(40):
            tls.sendall(answer[n : n + 1])
            if server.closing.wait(0.02):
                return None
    ids = (
        "SYS518",
        "RAC0218",
        "SWC0700",
        "SYS446",
        "SYS415",
        "RAC1260",
        "SYS406",
        "SYS419",
        "SYS451",
        "SYS417",
        "PSU501",
    )
    status, _, payload = error(
        dice.choice([400, 401, 403, 404, 409, 500, 503]),
        f"IDRAC.2.7.{dice.choice(ids)}",
        "retry in 7 seconds",
    )
    ways: dict[int, bytes] = {
        3: http(payload, f"{status} X", f"Retry-After: {dice.choice(['5', 'x', '-1', '9' * 50, 'Fri, 20 Nov 2026 10:00:00 GMT'])}"),
        4: http(body[: len(body) // 2]),
        5: LONG,
        6: head.replace(b"Content-Length: ", b"Content-Length: 1") + b"\r\n\r\n" + body,
        7: head.replace(b"Content-Length: ", b"Content-Length: -"),
        8: b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"%x\r\n" % len(body) + body + b"\r\n0\r\n\r\n",
        9: b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfff\r\n" + body,
        10: http(body + body),
        11: http(b"<html><title>iDRAC login</title></html>", "401 Unauthorized"),
        12: http(b"<html></html>"),
        13: dice.randbytes(300),
        14: DEEP,
        15: http(json.dumps(twisted(json.loads(body or b"{}"), dice)).encode()),
        16: http(json.dumps(dice.choice(ODD)).encode()),
        17: http(body, "302 Found", "Location: https://127.0.0.2/redfish/v1"),
        18: answer + answer,
        19: http(body, "200 OK", "Content-Encoding: gzip"),
        20: http(json.dumps({"Members": "x", "Members@odata.nextLink": f"{V1}/Systems"}).encode()),
        21: http(json.dumps({**TREE[SYSTEM], "error": "x", "@Message.ExtendedInfo": ["y", 3, {"MessageId": 7}]}).encode(), "500 X"),
    }  # fmt: skip
    return ways.get(way, answer)


def meet(seeds: range) -> tuple[Counter[str], float]:
    """Calls everything on one hostile device a seed; how the calls ended, and the longest that one answer took."""
    dice = random.Random(0)
    outcomes: Counter[str] = Counter()
    slowest = 0.0

    def speak(tls: ssl.SSLSocket, request: bytes, number: int) -> None:
        answer = plain(request)
        spoiled = answer if dice.random() < 0.6 else spoil(answer, dice, tls, server)
        if spoiled is None:
            return
        tls.sendall(spoiled)
        if spoiled is not answer and dice.random() < 0.5:
            tls.close()

    with RawServer(speak) as server:
        for seed in seeds:
            dice.seed(seed)
            client = RedfishClient(
                Endpoint("127.0.0.1", server.port),
                Credential("root", "calvin"),
                trust=Trust(fingerprint=server.fingerprint),
                throttle=Throttle(
                    Limits(breaker_failures=10**6, longest_rest=0.0),
                    logins=LoginBudget(penalty=0, patience=1),
                ),
                recorder=(recorder := MemoryRecorder()),
                read_timeout=TIMEOUT,
            )
            for call in (
                client.facts, client.inventory, lambda c=client: c.log_events(LogKind.LIFECYCLE), client.sessions,
                lambda c=client: c.reset(PowerAction.GRACEFUL_RESTART), lambda c=client: c.set_led(True),
            ):  # fmt: skip
                try:
                    call()
                    outcomes["fine"] += 1
                except DsmError as found:
                    outcomes[found.code] += 1
            client.close()
            server.received = b""
            slowest = max(slowest, *(end.latency_ms for _, end in recorder.calls if end is not None))
    return outcomes, slowest / 1000


def peak_kb() -> int:
    """Largest resident size of this process so far; 0 on Windows, whose Python does not tell."""
    if sys.platform == "win32":
        return 0
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def test_hostile_devices() -> None:
    outcomes: Counter[str] = Counter()
    with ThreadPoolExecutor(6) as pool:
        # Servers, threads and the largest bodies of six devices at once are in memory after the first few.
        list(pool.map(meet, [range(n, 60, 6) for n in range(6)]))
        before = peak_kb()
        for found, slowest in pool.map(meet, [range(n, SEEDS, 6) for n in range(6)]):
            outcomes += found
            assert slowest < TIMEOUT + 2.0, "no answer may keep a call beyond its time-out"
    grown = peak_kb() - before
    assert grown < 50 * 1024, f"{grown} kB"
    assert outcomes["fine"] > SEEDS
    assert len(outcomes) >= 10, outcomes


@pytest.mark.timeout(120)
def test_a_message_of_nothing_but_quotation_marks_is_told_at_once() -> None:
    said = 'password=x"' + '\\"' * 150_000
    (message,) = messages({"error": {"@Message.ExtendedInfo": [{"MessageId": "SYS999", "Message": said}]}})
    assert len(message.text) <= 400
