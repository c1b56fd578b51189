"""The peers of bench_fleet: the same requests with bare http.client and with requests as commonly written.

Run as a program in a process of its own: reads the plan from standard input, prints what it measured.
"""

from __future__ import annotations

import http.client
import json
import os
import resource
import ssl
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

STACK_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class Plan:
    """Which requests go where: (host:port, [(method, path), …]) per server; a POST is the login."""

    username: str
    password: str
    servers: list[tuple[str, list[tuple[str, str]]]]

    def share(self, part: int) -> Plan:
        """Every `part`-th server."""
        return Plan(self.username, self.password, self.servers[::part])


def run_peer(name: str, plan: Plan, threads: int, started: Callable[[int], None]) -> dict[str, Any]:
    """Run a peer in a child process; `started` is told its id."""
    command = [sys.executable, "-m", "benchmarks.fleet_peers", name, str(threads)]
    # A bundle named in the environment silently overrides Session.verify.
    env = {k: v for k, v in os.environ.items() if k not in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")}
    with subprocess.Popen(
        command, cwd=ROOT, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        started(child.pid)
        answer, _ = child.communicate(json.dumps(asdict(plan)), 900)
    result: dict[str, Any] = json.loads(answer)
    return result


def shared_context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def with_http_client(plan: Plan) -> Callable[[tuple[str, list[tuple[str, str]]]], int]:
    """One connection a server, one SSLContext for all, orjson: the bound for threads in Python."""
    import orjson

    context = shared_context()
    login = json.dumps({"UserName": plan.username, "Password": plan.password})

    def read(server: tuple[str, list[tuple[str, str]]]) -> int:
        host, calls = server
        connection = http.client.HTTPSConnection(host, context=context, timeout=60)
        headers = {"Accept": "application/json"}
        done, session = 0, ""
        try:
            for method, path in calls:
                body = login if method == "POST" else None
                more = {"Content-Type": "application/json"} if body else {}
                connection.request(method, path, body, {**headers, **more})
                response = connection.getresponse()
                orjson.loads(response.read())
                done += response.status < 400
                if token := response.headers.get("X-Auth-Token"):
                    headers["X-Auth-Token"], session = token, response.headers["Location"]
            connection.request("DELETE", session, None, headers)
            connection.getresponse().read()
        finally:
            connection.close()
        return done

    return read


def with_requests(plan: Plan) -> Callable[[tuple[str, list[tuple[str, str]]]], int]:
    """A Session per server with verify=False, as most scripts have it."""
    import requests
    import urllib3

    urllib3.disable_warnings()

    def read(server: tuple[str, list[tuple[str, str]]]) -> int:
        host, calls = server
        done, location = 0, ""
        with requests.Session() as session:
            session.verify = False
            for method, path in calls:
                url = f"https://{host}{path}"
                if method == "POST":
                    answer = session.post(
                        url, json={"UserName": plan.username, "Password": plan.password}, timeout=60
                    )
                    session.headers["X-Auth-Token"] = answer.headers["X-Auth-Token"]
                    location = answer.headers["Location"]
                else:
                    answer = session.get(url, timeout=60)
                    answer.json()
                done += answer.ok
            session.delete(f"https://{host}{location}", timeout=60)
        return done

    return read


PEERS = {"http.client": with_http_client, "requests": with_requests}


def main() -> None:
    warnings.simplefilter("ignore")
    known = json.load(sys.stdin)
    plan = Plan(known["username"], known["password"], [(host, calls) for host, calls in known["servers"]])
    threading.stack_size(STACK_BYTES)
    read = PEERS[sys.argv[1]](plan)
    cpu, begun = time.process_time(), time.monotonic()
    with ThreadPoolExecutor(int(sys.argv[2])) as pool:
        done = sum(pool.map(read, plan.servers))
    seconds = time.monotonic() - begun
    expected = sum(len(calls) for _, calls in plan.servers)
    print(
        json.dumps(
            {
                "servers": len(plan.servers),
                "failed_requests": expected - done,
                "seconds": round(seconds, 2),
                "servers_per_s": round(len(plan.servers) / seconds, 1),
                "cpu_ms_per_server": round((time.process_time() - cpu) / len(plan.servers) * 1e3, 2),
                "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
            }
        )
    )


if __name__ == "__main__":
    main()
