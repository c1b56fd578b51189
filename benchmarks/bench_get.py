"""P5: CPU of one GET with JSON, TLS and token, and of one cold server (connect, handshake, ten GETs), beside its peers.

    python benchmarks/bench_get.py [--quick] [--servers N] [--threads N] [--json FILE]

CPU is the client process's own (user and system); the BMCs are a child process. Ten documents of 14.7 kB on average.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import ssl
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import requests
import requests.adapters
import urllib3

from benchmarks.bmc import SIZES, BmcProcess
from dsm_desktop.net.limits import Throttle
from dsm_desktop.net.recorder import CallEnd, CallStart
from dsm_desktop.net.tls import Endpoint, Trust
from dsm_desktop.redfish.client import Credential, RedfishClient
from tests.kit.replay import fingerprint, make_certificate

PATHS = list(SIZES)
GATE_US, GATE_MS = 600.0, 7.0
Get = Callable[[str], Any]
Close = Callable[[], Any]
Open = Callable[[str, int, str], tuple[Get, Close]]
"""Host, port, pin → a function that GETs and parses one path, and one that closes."""


class Silent:
    """A recorder that keeps nothing: its own cost is measured elsewhere (P11)."""

    def begin(self, call: CallStart) -> int:
        return 0

    def end(self, token: int, result: CallEnd) -> None:
        return None


THROTTLE = Throttle()


def open_ours(host: str, port: int, pin: str) -> tuple[Get, Close]:
    """RedfishClient: session, pin, limits, masks."""
    client = RedfishClient(
        Endpoint(host, port),
        Credential("root", "calvin"),
        trust=Trust(fingerprint=pin),
        throttle=THROTTLE,
        recorder=Silent(),
    )
    return client.get, client.close


def open_ours_no_login(host: str, port: int, pin: str) -> tuple[Get, Close]:
    """RedfishClient without a credential: handshake and GETs only, as the peers below do."""
    client = RedfishClient(
        Endpoint(host, port), None, trust=Trust(fingerprint=pin), throttle=THROTTLE, recorder=Silent()
    )
    return client.get, client.close


def _bare_context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


CONTEXT = _bare_context()


def open_urllib3(host: str, port: int, pin: str) -> tuple[Get, Close]:
    """urllib3: one pool a host, shared context, pin."""
    import orjson

    pool = urllib3.HTTPSConnectionPool(
        host, port, ssl_context=CONTEXT, assert_fingerprint=pin, cert_reqs="CERT_NONE"
    )
    headers = {"X-Auth-Token": "token"}
    return lambda path: orjson.loads(
        pool.request("GET", path, headers=headers, redirect=False).data
    ), pool.close


class _Shared(requests.adapters.HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, ssl_context=CONTEXT, **kwargs)


def open_requests_shared(host: str, port: int, pin: str) -> tuple[Get, Close]:
    """requests with an adapter that shares one context."""
    session = requests.Session()
    session.trust_env = False
    session.verify = False
    session.mount("https://", _Shared())
    session.headers["X-Auth-Token"] = "token"
    return lambda path: session.get(f"https://{host}:{port}{path}").json(), session.close


def open_requests(host: str, port: int, pin: str) -> tuple[Get, Close]:
    """requests as commonly written."""
    session = requests.Session()
    session.verify = False
    session.headers["X-Auth-Token"] = "token"
    return lambda path: session.get(f"https://{host}:{port}{path}").json(), session.close


def open_dmtf(host: str, port: int, pin: str) -> tuple[Get, Close]:
    """DMTF's python-redfish-library."""
    import redfish

    client = redfish.redfish_client(base_url=f"https://{host}:{port}", username="root", password="calvin")
    client.login(auth="session")
    return lambda path: client.get(path).dict, client.logout


def open_sushy(host: str, port: int, pin: str) -> tuple[Get, Close]:
    """sushy's connector (Connection: close by design)."""
    from sushy import connector

    link = connector.Connector(f"https://{host}:{port}", verify=False)
    return lambda path: link.get(path).json(), link.close


CONTENDERS: list[tuple[str, Open, float]] = [
    ("dsm_desktop", open_ours, 1.0),
    ("dsm_desktop, no login", open_ours_no_login, 1.0),
    ("urllib3, shared context", open_urllib3, 1.0),
    ("requests, shared context", open_requests_shared, 1.0),
    ("requests, default", open_requests, 0.25),
    ("DMTF redfish", open_dmtf, 0.25),
    ("sushy", open_sushy, 0.1),
]
"""Name, how to open, share of the servers it is given (the slow ones get fewer)."""


def measure(opener: Open, port: int, pin: str, servers: int, rounds: int, threads: int) -> dict[str, float]:
    """CPU of the cold pass and of `rounds` warm passes."""
    hosts = [f"127.79.{n // 250}.{n % 250 + 1}" for n in range(servers)]
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(abs, range(threads * 4)))

        def cold(host: str) -> tuple[Get, Close]:
            get, close = opener(host, port, pin)
            for path in PATHS:
                get(path)
            return get, close

        def warm(opened: tuple[Get, Close]) -> None:
            for _ in range(rounds):
                for path in PATHS:
                    opened[0](path)

        before, cpu, wall = _resident(), time.process_time(), time.perf_counter()
        opened = list(pool.map(cold, hosts))
        cold_cpu, kept = time.process_time() - cpu, _resident() - before
        cpu, wall = time.process_time(), time.perf_counter()
        list(pool.map(warm, opened))
        warm_cpu, warm_wall = time.process_time() - cpu, time.perf_counter() - wall
        list(pool.map(lambda pair: pair[1](), opened))
    calls = servers * rounds * len(PATHS)
    return {
        "warm_us_per_get": warm_cpu / calls * 1e6,
        "warm_gets_per_s": calls / warm_wall,
        "cold_ms_per_server": cold_cpu / servers * 1e3,
        "kept_kb_per_server": kept / servers,
    }


def _resident() -> float:
    """Resident kB now."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return pages * resource.getpagesize() / 1024
    except OSError:
        return float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


def main() -> int:
    """Runs all contenders; exit code 1 when a gate is missed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="20 servers, one warm pass")
    parser.add_argument("--servers", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=32)
    parser.add_argument("--only", default="", help="contenders whose name contains this")
    parser.add_argument("--json", metavar="FILE")
    options = parser.parse_args()
    if options.quick:
        options.servers, options.rounds = 20, 1
    warnings.simplefilter("ignore")
    # A bundle named in the environment silently overrides Session.verify.
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
        os.environ.pop(name, None)
    urllib3.disable_warnings()
    results: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        certificate, key = make_certificate("bench")
        file = Path(folder, "bmc.pem")
        file.write_bytes(certificate + key)
        with BmcProcess(file) as bmcs:
            print(f"{'client':28} {'µs CPU/GET':>11} {'GET/s':>8} {'ms CPU/cold server':>19} {'kB kept':>8}")
            for name, opener, share in CONTENDERS:
                if options.only not in name:
                    continue
                servers = max(2, int(options.servers * share))
                # First use pays for imports and thread starts; it is not what is measured.
                measure(opener, bmcs.port, fingerprint(certificate), 2, 1, options.threads)
                found = measure(
                    opener, bmcs.port, fingerprint(certificate), servers, options.rounds, options.threads
                )
                results[name] = found
                print(
                    f"{name:28} {found['warm_us_per_get']:11.0f} {found['warm_gets_per_s']:8.0f}"
                    f" {found['cold_ms_per_server']:19.2f} {found['kept_kb_per_server']:8.0f}"
                )
    ours = results.get("dsm_desktop", {})
    passed = ours.get("warm_us_per_get", 0) <= GATE_US and ours.get("cold_ms_per_server", 0) <= GATE_MS
    print(f"P5 gate {GATE_US:.0f} µs, {GATE_MS:.0f} ms: {'passed' if passed else 'MISSED'}")
    if options.json:
        Path(options.json).write_text(
            json.dumps({"bench": "get", "passed": passed, "results": results}, indent=1)
        )
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
