"""Multipart push of a large package to several simulated iDRACs at once, beside `curl -F` on the same site in the same run.

    python -m benchmarks.bench_push [--servers 8] [--megabytes 1024] [--rounds 1] [--json FILE]

Gates: memory of this process grows by less than 64 MB, the push reaches at least 80 % of curl's rate, and the main window, open
beside it, is at most 16 ms late (p99). The package is a
file with a hole, so it takes no room on the disk; the site is a child process and does the same work for both.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from benchmarks.fleet_window import WindowBeside
from dsm_desktop.net.limits import Throttle
from dsm_desktop.net.recorder import MemoryRecorder
from dsm_desktop.net.tls import Endpoint, Trust
from dsm_desktop.redfish.client import Credential, RedfishClient
from dsm_desktop.redfish.device_jobs import clear_queue
from dsm_desktop.redfish.update import ApplyTime, Sending, push_multipart, update_offer
from dsm_desktop.simulator import SiteSpec
from dsm_desktop.simulator.dup import Package, build
from dsm_desktop.simulator.hardware.catalog import MODELS
from tests.kit.site import SiteProcess

MEMORY_MB, SHARE, LATE_MS = 64.0, 0.8, 16.0


def package(folder: Path, megabytes: int) -> Path:
    """A BIOS for every simulated model, of this size."""
    names = sorted(MODELS)
    systems = tuple(f"{MODELS[name].system_id:04X}" for name in names)
    return build(folder, Package("BIOS", "159", "9.9.9", "BIOS", systems, tuple(names), size=megabytes << 20))


def rss_mb() -> float:
    """Memory of this process now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 2**20


def cpu_seconds(who: int) -> float:
    """User and system time so far; says more than the clock on a machine that has other work."""
    used = resource.getrusage(who)
    return used.ru_utime + used.ru_stime


class Peak:
    """The largest memory while it is open, looked at every 20 ms."""

    def __enter__(self) -> Peak:
        self.start = self.most = rss_mb()
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="bench-memory")
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._end.wait(0.02):
            self.most = max(self.most, rss_mb())

    @property
    def growth(self) -> float:
        return self.most - self.start


def clients(site: SiteProcess) -> list[RedfishClient]:
    """One for each iDRAC, logged in."""
    spec, throttle, found = SiteSpec(), Throttle(), []
    for number, row in enumerate(site.idracs):
        pin = site.idrac(number)["fingerprint"]
        client = RedfishClient(
            Endpoint(row["address"], site.port),
            Credential(spec.username, spec.password),
            trust=Trust(fingerprint=pin),
            throttle=throttle,
            recorder=MemoryRecorder(),
        )
        client.login()
        found.append(client)
    return found


def ours(reached: list[RedfishClient], file: Path) -> float:
    """Seconds until all have it."""
    quiet = Sending(lambda *_: None, lambda: None, lambda: None)
    began = time.perf_counter()
    with ThreadPoolExecutor(len(reached)) as pool:
        list(pool.map(lambda client: push_multipart(client, file, ApplyTime.ON_RESET, quiet), reached))
    return time.perf_counter() - began


def curls(reached: list[RedfishClient], file: Path) -> float:
    """The same by one curl each."""
    spec = SiteSpec()
    parameters = json.dumps({"Targets": [], "@Redfish.OperationApplyTime": "OnReset", "Oem": {}})
    commands = [
        [
            "curl", "-sk", "-u", f"{spec.username}:{spec.password}", "-w", "%{http_code}", "-o", "/dev/null",
            "-H", "Expect:",
            "-F", f"UpdateParameters={parameters};type=application/json",
            "-F", f"UpdateFile=@{file};type=application/octet-stream",
            f"https://{client.transport.endpoint.authority}{update_offer(client).multipart}",
        ]
        for client in reached
    ]  # fmt: skip
    began = time.perf_counter()
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for command in commands]
    answers = [process.communicate()[0] for process in running]
    seconds = time.perf_counter() - began
    if set(answers) != {"202"}:
        raise SystemExit(f"curl was refused: {answers}")
    return seconds


def measure(servers: int, megabytes: int, rounds: int) -> dict[str, Any]:
    """Both in turn, the better round of each."""
    with (
        tempfile.TemporaryDirectory() as folder,
        SiteProcess(
            idracs=servers, network="127.103.0.0/24", generations=("idrac9-7",), healthy=True
        ) as site,
    ):
        file = package(Path(folder), megabytes)
        reached = clients(site)
        mine: list[float] = []
        theirs: list[float] = []
        growth = 0.0
        cpu, curl_cpu = [], []
        late: dict[str, Any] = {}
        for _ in range(rounds):
            before = cpu_seconds(resource.RUSAGE_SELF)
            window = WindowBeside.empty(Path(folder, f"profile-{len(mine)}"))
            with Peak() as peak:
                mine.append(ours(reached, file))
            late = max(late, window.stop(), key=lambda seen: float(seen.get("window_p99_ms", 0)))
            cpu.append(cpu_seconds(resource.RUSAGE_SELF) - before)
            growth = max(growth, peak.growth)
            for client in reached:
                clear_queue(client)
            before = cpu_seconds(resource.RUSAGE_CHILDREN)
            theirs.append(curls(reached, file))
            curl_cpu.append(cpu_seconds(resource.RUSAGE_CHILDREN) - before)
            for client in reached:
                clear_queue(client)
                client.close()
    total = servers * megabytes
    return {
        "servers": servers,
        "megabytes": megabytes,
        "ours_mb_s": total / min(mine),
        "curl_mb_s": total / min(theirs),
        "share": min(theirs) / min(mine),
        "cpu_s": min(cpu),
        "curl_cpu_s": min(curl_cpu),
        "memory_growth_mb": growth,
        **late,
    }


def main() -> int:
    """Measure, print, and fail when a gate does not hold."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--servers", type=int, default=8)
    parser.add_argument("--megabytes", type=int, default=1024)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    found = measure(given.servers, given.megabytes, given.rounds)
    for name, value in found.items():
        print(f"{name:18} {value:10.2f}" if isinstance(value, float) else f"{name:18} {value:10d}")
    if given.json:
        given.json.write_text(json.dumps(found, indent=1))
    held = found["share"] >= SHARE and found["memory_growth_mb"] < MEMORY_MB
    held = held and found["window_p99_ms"] < LATE_MS
    print("held" if held else "NOT held")
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
