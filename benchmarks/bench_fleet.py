"""P4: the inventory of a whole fleet from cold by the program's own agent, beside bare http.client and requests. P6: the
window meanwhile (--window).

    python benchmarks/bench_fleet.py [--servers N] [--latency S] [--quick] [--window] [--no-peers] [--json FILE]

The simulated site runs in a process on cpu 0, the agent (and each peer) on cpu 1. The agent reads, parses and stores; the peers
send the very requests the agent has sent (logins included), parse the JSON and keep nothing. Bound = servers x requests x
latency / requests in flight, or what the site can serve, whichever takes longer: the http.client peer shows which.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from sqlalchemy import func, insert, select

from benchmarks.fleet_peers import Plan, run_peer
from benchmarks.fleet_window import WindowBeside
from dsm_desktop.app.application import Application
from dsm_desktop.app.demo import throw_away_profile
from dsm_desktop.core.states import JobState
from dsm_desktop.queries.jobs import JobRow, list_jobs
from dsm_desktop.store import runners
from dsm_desktop.store.models import ApiCall, Server
from tests.kit.site import SiteProcess

ROOT = Path(__file__).resolve().parent.parent
GENERATIONS = ("idrac9-6", "idrac9-7", "idrac10")
"""Those whose collections can be expanded: about a dozen requests each, the ten of the goal and a login."""
GATE_SECONDS, GATE_MB, GATE_SERVERS = 90.0, 350.0, 8_000
LIMIT_SECONDS = 900.0


@dataclass(frozen=True, slots=True)
class Use:
    """What a process has used so far: CPU seconds (user and system), largest resident MB."""

    cpu: float
    peak_mb: float


def use_of(pid: int) -> Use:
    """Linux only; zeros elsewhere."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return Use(0.0, 0.0)
    peak = next((line for line in status.splitlines() if line.startswith("VmHWM")), "VmHWM: 0 kB")
    return Use((int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK"), int(peak.split()[1]) / 1024)


def pin(pid: int, cpu: int) -> None:
    """Keep a process (with its threads to come) on one processor, where the system can."""
    if hasattr(os, "sched_setaffinity") and (os.cpu_count() or 1) > 1:
        os.sched_setaffinity(pid, {cpu})


def make_fleet(folder: Path, site: SiteProcess, username: str, password: str) -> Application:
    """A profile whose list holds every server of the site, trust pinned, nothing read yet."""
    app = throw_away_profile(folder / "profile", username, password)
    fingerprint = str(site.idrac(0)["fingerprint"])
    with app.store.write() as uow:
        pinned = {"port": site.port, "trust_mode": "pin", "fingerprint": fingerprint, "added_at": uow.now}
        rows = [{"address": i["address"], **pinned} for i in site.idracs]
        uow.session.execute(insert(Server), rows)
    return app


class Agent:
    """`dsm-desktop agent` as a child on one processor."""

    def __init__(self, app: Application, cpu: int) -> None:
        command = [sys.executable, "-m", "dsm_desktop", "--profile", str(app.profile), "agent"]
        self._process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
        pin(self.pid, cpu)
        ends = time.monotonic() + 30
        while not app.store.fetch(runners.alive):
            if self._process.poll() is not None or time.monotonic() > ends:
                raise RuntimeError("The agent did not start.")
            time.sleep(0.05)

    @property
    def pid(self) -> int:
        return self._process.pid

    def stop(self) -> float:
        """Ask it to end; seconds until it had (every session is logged out by then)."""
        begun = time.monotonic()
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(LIMIT_SECONDS)
        return time.monotonic() - begun


def wait_for(app: Application, job_id: int) -> JobRow:
    ends = time.monotonic() + LIMIT_SECONDS
    while True:
        row = app.store.fetch(lambda c: list_jobs(c, ids=[job_id]))[0]
        if JobState(row.state).final:
            return row
        if time.monotonic() > ends:
            raise RuntimeError(f"The job did not end: {row}")
        time.sleep(0.1)


def measure_agent(app: Application, site: SiteProcess, *, window: bool) -> dict[str, Any]:
    """One inventory_refresh over all servers of the list."""
    ids = list(app.store.fetch(lambda c: c.scalars(select(Server.id)).all()))
    agent = Agent(app, cpu=1)
    idle, site_before = use_of(agent.pid), use_of(site.pid)
    begun = time.monotonic()
    job_id = app.commands.submit("inventory_refresh", ids, {})
    meter = WindowBeside(app.profile) if window else None
    if meter is not None:
        pin(meter.pid, 0)
    row = wait_for(app, job_id)
    seconds = time.monotonic() - begun
    used = use_of(agent.pid)
    late = meter.stop() if meter is not None else {}
    logout = agent.stop()
    requests = app.store.fetch(lambda c: c.scalar(select(func.count(ApiCall.id)))) or 0
    return {
        "servers": row.done,
        "failed": row.failed,
        "seconds": round(seconds, 2),
        "servers_per_s": round(row.done / seconds, 1),
        "requests_per_server": round(requests / len(ids), 2),
        "cpu_s": round(used.cpu - idle.cpu, 2),
        "cpu_ms_per_server": round((used.cpu - idle.cpu) / len(ids) * 1e3, 2),
        "peak_mb": round(used.peak_mb),
        "idle_mb": round(idle.peak_mb),
        "logout_s": round(logout, 2),
        "site_cpu_s": round(use_of(site.pid).cpu - site_before.cpu, 2),
        **late,
    }


def plan_of(app: Application, username: str, password: str) -> Plan:
    """The requests the agent sent, by host, in order."""
    with app.store.read() as connection:
        rows = connection.execute(
            select(ApiCall.host, ApiCall.method, ApiCall.path).order_by(ApiCall.id)
        ).all()
    calls: dict[str, list[tuple[str, str]]] = {}
    for host, method, path in rows:
        if method != "DELETE":
            calls.setdefault(host, []).append((method, path))
    return Plan(username, password, list(calls.items()))


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--servers", type=int, default=2_000)
    parser.add_argument("--latency", type=float, default=0.3, help="seconds added to every answer")
    parser.add_argument("--quick", action="store_true", help="200 servers")
    parser.add_argument("--window", action="store_true", help="the main window beside it (P6)")
    parser.add_argument("--no-peers", action="store_true")
    parser.add_argument("--threads", type=int, default=512, help="of the http.client peer")
    parser.add_argument("--json", metavar="FILE")
    options = parser.parse_args()
    servers = 200 if options.quick else options.servers
    results: dict[str, Any] = {}
    site_options = {"idracs": servers, "network": "127.80.0.0/16", "shared_key": True, "listen": "any"}
    with (
        SiteProcess(**site_options, latency=options.latency, generations=GENERATIONS) as site,
        tempfile.TemporaryDirectory(prefix="dsm-fleet-") as name,
    ):
        pin(site.pid, 0)
        username, password = "root", "calvin-sim-7Q"
        app = make_fleet(Path(name), site, username, password)
        try:
            ours = results["dsm-desktop agent"] = measure_agent(app, site, window=options.window)
            print(json.dumps({"dsm-desktop agent": ours}), flush=True)
            plan = plan_of(app, username, password)
        finally:
            app.close()
        opened = sum(site.counters(n)["sessions_open"] for n in range(0, servers, max(1, servers // 200)))
        ours["sessions_left"] = opened
        if not options.no_peers:
            for peer, share, threads in (("http.client", 1, options.threads), ("requests", 8, 256)):
                found = run_peer(peer, plan.share(share), threads, lambda pid: pin(pid, 1))
                results[peer] = found
                print(json.dumps({peer: found}), flush=True)
    scale = GATE_SERVERS / servers
    bound = servers * ours["requests_per_server"] * options.latency / options.threads
    passed = ours["seconds"] * scale <= GATE_SECONDS and ours["peak_mb"] <= GATE_MB and not ours["failed"]
    print(
        f"bound by latency {bound:.1f} s; {ours['seconds']:.1f} s, scaled to {GATE_SERVERS}: {ours['seconds'] * scale:.0f} s"
    )
    print(f"P4 gate {GATE_SECONDS:.0f} s, {GATE_MB:.0f} MB: {'passed' if passed else 'MISSED'}")
    if options.json:
        Path(options.json).write_text(
            json.dumps({"bench": "fleet", "passed": passed, "results": results}, indent=1)
        )
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
