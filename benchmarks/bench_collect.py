"""P4, the collector alone: every server of a simulated site from cold, a session, 10 GETs at 300 ms, log-out; nothing saved.

`bench_fleet.py` measures the same with jobs, steps and the store. The named bound is requests x latency / threads.
The site runs pinned to one core, the collector, a process of its own, to another.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from pathlib import Path

from dsm_desktop.net.limits import Limits, Throttle
from dsm_desktop.net.recorder import CallEnd, CallStart
from dsm_desktop.net.tls import Endpoint, Trust
from dsm_desktop.redfish.client import Credential, RedfishClient
from dsm_desktop.simulator import SiteSpec
from tests.kit.site import SiteProcess

SYSTEM, MANAGER = "/redfish/v1/Systems/System.Embedded.1", "/redfish/v1/Managers/iDRAC.Embedded.1"
EXPAND = "?$expand=*($levels=1)"
PATHS = (
    "/redfish/v1",
    SYSTEM,
    MANAGER,
    "/redfish/v1/Chassis/System.Embedded.1",
    f"{SYSTEM}/Bios",
    f"/redfish/v1/UpdateService/FirmwareInventory{EXPAND}",
    f"{SYSTEM}/Memory{EXPAND}",
    f"{SYSTEM}/Processors{EXPAND}",
    f"{SYSTEM}/Storage{EXPAND}",
    f"{SYSTEM}/EthernetInterfaces{EXPAND}",
)


class Silent:
    """A recorder that keeps nothing: the activity log has a benchmark of its own."""

    def begin(self, call: CallStart) -> int:
        return 0

    def end(self, token: int, result: CallEnd) -> None:
        return None


def collect(addresses: list[str], port: int, pin: str, login: Credential, threads: int) -> dict[str, float]:
    """Read all servers; seconds, CPU seconds, peak MB and how many failed."""
    threading.stack_size(256 * 1024)
    throttle = Throttle(Limits(in_all=threads))
    waiting, failed, done = deque(addresses), [0], [0]

    def work() -> None:
        while True:
            try:
                address = waiting.popleft()
            except IndexError:
                return
            with RedfishClient(
                Endpoint(address, port), login, trust=Trust(fingerprint=pin), throttle=throttle, recorder=Silent(), connect_timeout=30
            ) as bmc:  # fmt: skip
                for path in PATHS:
                    failed[0] += bmc.get(path) is None
                    done[0] += 1

    before, begun = time.process_time(), time.monotonic()
    crew = [threading.Thread(target=work) for _ in range(threads)]
    for one in crew:
        one.start()
    for one in crew:
        one.join()
    return {
        "seconds": time.monotonic() - begun,
        "cpu_seconds": time.process_time() - before,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "gets": done[0],
        "failed": failed[0] + len(addresses) * len(PATHS) - done[0],
    }


def main() -> int:
    """The parent starts the site and the collector; `--child` is the collector."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--servers", type=int, default=2_000)
    parser.add_argument("--latency", type=float, default=0.3)
    parser.add_argument("--threads", type=int, default=512)
    parser.add_argument("--quick", action="store_true", help="200 servers")
    parser.add_argument("--json", metavar="FILE")
    parser.add_argument("--child", metavar="FILE", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        plan = json.loads(Path(options.child).read_text(encoding="utf-8"))
        login = Credential(plan["username"], plan["password"])
        print(json.dumps(collect(plan["addresses"], plan["port"], plan["pin"], login, options.threads)))
        return 0
    servers = 200 if options.quick else options.servers
    spec = SiteSpec()
    kinds = ["idrac9-5", "idrac9-6", "idrac9-7", "idrac10"]
    with SiteProcess(
        idracs=servers, network="127.96.0.0/16", port=0, listen="any", shared_key=True, latency=options.latency, generations=kinds
    ) as site:  # fmt: skip
        os.sched_setaffinity(site.pid, {0})
        from dsm_desktop.net.tls import fetch_certificate

        addresses = [i["address"] for i in site.idracs]
        pin = fetch_certificate(Endpoint(addresses[0], site.port)).fingerprint
        plan_file = Path(tempfile.mkdtemp(prefix="dsm-")) / "plan.json"
        plan_file.write_text(
            json.dumps({"addresses": addresses, "port": site.port, "pin": pin, "username": spec.username, "password": spec.password}),
            encoding="utf-8",
        )  # fmt: skip
        command = [
            sys.executable,
            "-m",
            "benchmarks.bench_collect",
            "--child",
            str(plan_file),
            "--threads",
            str(options.threads),
        ]
        child = subprocess.Popen(command, stdout=subprocess.PIPE)
        os.sched_setaffinity(child.pid, {1 if (os.cpu_count() or 1) > 1 else 0})
        out, _ = child.communicate()
        shutil.rmtree(plan_file.parent)
    found = json.loads(out)
    bound = servers * (len(PATHS) + 2) * options.latency / options.threads
    found |= {"servers": servers, "bound_seconds": bound, "over_bound": found["seconds"] / bound, "cpu_ms_per_server": found["cpu_seconds"] / servers * 1000, "seconds_for_8000": found["seconds"] * 8000 / servers}  # fmt: skip
    for name, value in found.items():
        print(f"{name:20} {value:10.2f}")
    if options.json:
        Path(options.json).write_text(json.dumps(found, indent=2), encoding="utf-8")
    return 0 if not found["failed"] else 1


if __name__ == "__main__":
    sys.exit(main())
