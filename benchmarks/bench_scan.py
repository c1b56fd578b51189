"""P1, P2, P3: find 1,000 listeners among the 65,534 addresses of a /16, and say which are iDRACs.

    python benchmarks/bench_scan.py [--quick] [--runs N] [--only P1|P2|P3] [--json FILE]

P1: the others refuse; peers: a C connect loop (compiled here with cc) and asyncio streams. P2: the others are silent
(nftables in a network namespace of its own: needs root, nft, ip and unshare). P3: TLS, certificate and service root of
the 1,000, from nothing. Everything on 127.0.0.0/8; each contender is a process of its own, so that memory is its own.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import random
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from dsm_desktop.net.ranges import parse_ranges
from dsm_desktop.net.scan import TIMEOUT, scan

NETWORK = "127.78.0.0/16"
LISTENERS = 1000
IN_FLIGHT = 4000
C_LOOP = r"""
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
int main(int argc, char **argv) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[3]))};
    unsigned first = ntohl(inet_addr(argv[1])), last = ntohl(inet_addr(argv[2]));
    int found = 0;
    for (unsigned n = first; n <= last; n++) {
        int s = socket(AF_INET, SOCK_STREAM, 0);
        to.sin_addr.s_addr = htonl(n);
        if (connect(s, (struct sockaddr *)&to, sizeof to) == 0) found++;
        close(s);
    }
    printf("%d\n", found);
    return 0;
}
"""


def addresses() -> list[str]:
    """The thousand that listen: the same at random in every run."""
    everything = list(parse_ranges(NETWORK))
    return random.Random(1).sample(everything, LISTENERS)


def listen() -> None:
    """Child: listens on the thousand addresses until its standard input is closed; prints the port."""
    _raise_files()
    port, sockets = 0, []
    for address in addresses():
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((address, port))
        sock.listen(128)
        port = sock.getsockname()[1]
        sockets.append(sock)
    print(port, flush=True)
    sys.stdin.read()


def _peak_kb() -> int:
    """Most resident kB of this process so far (ru_maxrss would count the parent's before exec)."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0])


def _raise_files() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def child_ours(port: int) -> dict[str, Any]:
    """One scan by the product."""
    found: list[str] = []
    ranges = parse_ranges(NETWORK)
    before = _peak_kb()
    cpu, wall = time.process_time(), time.perf_counter()
    scan(ranges, port, found.append, total=len(ranges), in_flight=IN_FLIGHT)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    grown = _peak_kb() - before
    right = set(found) == set(addresses()) and len(found) == LISTENERS
    return {"found": len(found), "right": right, "seconds": wall, "cpu": cpu, "mb": grown / 1024}


def child_asyncio(port: int) -> dict[str, Any]:
    """One scan with asyncio streams and a semaphore of 1,000, as commonly written."""
    _raise_files()
    ranges = parse_ranges(NETWORK)
    found = 0

    async def main() -> None:
        gate = asyncio.Semaphore(1000)

        async def one(address: str) -> None:
            nonlocal found
            async with gate:
                with contextlib.suppress(OSError, TimeoutError):
                    _, writer = await asyncio.wait_for(asyncio.open_connection(address, port), TIMEOUT)
                    found += 1
                    writer.close()

        await asyncio.gather(*(one(address) for address in ranges))

    before = _peak_kb()
    cpu, wall = time.process_time(), time.perf_counter()
    asyncio.run(main())
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    grown = _peak_kb() - before
    return {"found": found, "right": found == LISTENERS, "seconds": wall, "cpu": cpu, "mb": grown / 1024}


def run_child(kind: str, port: int) -> dict[str, Any]:
    """A contender in a process of its own."""
    done = subprocess.run(
        [sys.executable, __file__, f"--child={kind}", str(port)], capture_output=True, text=True, check=True
    )
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def run_c(program: Path, port: int) -> dict[str, Any]:
    """The C loop: one thread, blocking connect."""
    ranges = parse_ranges(NETWORK).spans[0]
    ends = [socket.inet_ntoa(n.to_bytes(4, "big")) for n in ranges[1:]]
    began = time.perf_counter()
    done = subprocess.run([program, *ends, str(port)], capture_output=True, text=True, check=True)
    found = int(done.stdout)
    return {
        "found": found,
        "right": found == LISTENERS,
        "seconds": time.perf_counter() - began,
        "cpu": 0.0,
        "mb": 0.0,
    }


@contextlib.contextmanager
def listeners() -> Iterator[int]:
    """The listening child; gives its port."""
    with subprocess.Popen(
        [sys.executable, __file__, "--child=listen", "0"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdout is not None
        assert child.stdin is not None
        yield int(child.stdout.readline())
        child.stdin.close()


def refused(runs: int, with_asyncio: bool) -> dict[str, Any]:
    """P1. Best of the runs for speed, all of them for what was found."""
    with tempfile.TemporaryDirectory() as folder, listeners() as port:
        source, program = Path(folder, "loop.c"), Path(folder, "loop")
        source.write_text(C_LOOP)
        subprocess.run(["cc", "-O2", "-o", program, source], check=True)
        loop = [run_c(program, port) for _ in range(2)]
        ours = [run_child("ours", port) for _ in range(runs)]
        peers = {"C connect loop": loop, "dsm_desktop": ours}
        if with_asyncio:
            peers["asyncio streams"] = [run_child("asyncio", port)]
    limit = min(run["seconds"] for run in loop)
    return table("P1 refused", peers, limit, gate=3.0)


def table(title: str, peers: dict[str, list[dict[str, Any]]], limit: float, gate: float) -> dict[str, Any]:
    """Prints a section; the gate counts for the product alone."""
    print(f"{title:28} {'s':>7} {'x':>6} {'CPU s':>7} {'MB':>6}  found")
    for name, runs in peers.items():
        best = min(runs, key=lambda run: run["seconds"])
        found = f"{sum(run['right'] for run in runs)} of {len(runs)} runs all {LISTENERS}"
        print(
            f"{name:28} {best['seconds']:7.2f} {best['seconds'] / limit:6.2f} {best['cpu']:7.2f}"
            f" {max(run['mb'] for run in runs):6.1f}  {found}"
        )
    ours = peers["dsm_desktop"]
    ratio = min(run["seconds"] for run in ours) / limit
    passed = ratio <= gate and all(run["right"] for run in ours) and max(run["mb"] for run in ours) < 40
    print(f"  gate {gate}x, all runs complete, < 40 MB: {'passed' if passed else 'MISSED'}")
    return {"passed": passed, "ratio": ratio, "limit_s": limit, "runs": peers}


def silent(runs: int) -> dict[str, Any]:
    """P2, inside a namespace of its own."""
    missing = [name for name in ("unshare", "nft", "ip") if shutil.which(name) is None]
    if missing or not hasattr(os, "geteuid") or os.geteuid() != 0:
        why = f"needs {', '.join(missing)}" if missing else "needs root"
        print(f"P2 silent: skipped, {why}")
        return {"skipped": why}
    done = subprocess.run(
        ["unshare", "-n", sys.executable, __file__, "--child=silent", str(runs)],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    results = json.loads(done.stdout)
    bound = (len(parse_ranges(NETWORK)) - LISTENERS) * TIMEOUT / IN_FLIGHT
    return table(f"P2 silent, bound {bound:.1f} s", {"dsm_desktop": results}, bound, gate=1.25)


def child_silent(runs: int) -> list[dict[str, Any]]:
    """Inside the namespace: loopback up, everything to the port dropped but the thousand."""
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    with listeners() as port:
        rules = (
            "table ip quiet { set here { type ipv4_addr; elements = { " + ", ".join(addresses()) + " } }\n"
            f"chain in {{ type filter hook input priority 0; tcp dport {port} ip daddr != @here drop; }}; }}\n"
        )
        subprocess.run(["nft", "-f", "-"], input=rules, text=True, check=True)
        return [run_child("ours", port) for _ in range(runs)]


def identify() -> dict[str, Any]:
    """P3: certificate and service root of each of 1,000 BMCs, cold, CPU of the client alone."""
    from benchmarks.bench_get import Silent
    from benchmarks.bmc import BmcProcess
    from dsm_desktop.net.limits import Throttle
    from dsm_desktop.net.tls import Endpoint, Trust
    from dsm_desktop.redfish.client import RedfishClient
    from tests.kit.replay import make_certificate

    throttle = Throttle()

    def one(host: str) -> bool:
        with RedfishClient(
            Endpoint(host, bmcs.port), None, trust=Trust(), throttle=throttle, recorder=Silent()
        ) as client:
            return client.identify().is_dell and client.certificate is not None

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "bmc.pem")
        file.write_bytes(b"".join(make_certificate("bench")))
        with BmcProcess(file) as bmcs, ThreadPoolExecutor(32) as pool:
            list(pool.map(one, ["127.79.9.9"] * 32))
            cpu, wall = time.process_time(), time.perf_counter()
            found = sum(pool.map(one, addresses()))
            cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    each = cpu / LISTENERS * 1000
    passed = found == LISTENERS and each <= 4.0
    print(
        f"P3 identify: {found} of {LISTENERS}, {each:.2f} ms CPU each, {wall:.1f} s; gate 4 ms: {'passed' if passed else 'MISSED'}"
    )
    return {"passed": passed, "cpu_ms_each": each, "seconds": wall, "found": found}


def main() -> int:
    """Runs the three; exit code 1 when a gate is missed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="one run, no asyncio, no silent scan")
    parser.add_argument("--runs", type=int, default=3, help="20 for the full proof")
    parser.add_argument("--only", choices=["P1", "P2", "P3"])
    parser.add_argument("--json", metavar="FILE")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    parser.add_argument("number", nargs="?", type=int, default=0, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child == "listen":
        listen()
        return 0
    if options.child:
        children: dict[str, Any] = {"ours": child_ours, "asyncio": child_asyncio, "silent": child_silent}
        print(json.dumps(children[options.child](options.number)))
        return 0
    runs = 1 if options.quick else options.runs
    results: dict[str, dict[str, Any]] = {}
    if options.only in (None, "P1"):
        results["P1"] = refused(runs, with_asyncio=not options.quick)
    if options.only in (None, "P2"):
        results["P2"] = {"skipped": "--quick"} if options.quick else silent(runs)
    if options.only in (None, "P3"):
        results["P3"] = identify()
    passed = all(result.get("passed", True) for result in results.values())
    if options.json:
        Path(options.json).write_text(
            json.dumps({"bench": "scan", "passed": passed, "results": results}, indent=1)
        )
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
