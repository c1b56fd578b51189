"""P13: 20 parallel readers of a 1 GB ISO by Range, the media server beside nginx in the same run, one core each side.

    python -m benchmarks.bench_media [--quick] [--seconds N] [--rounds N] [--json FILE]

Needs nginx (Debian: nginx-light). Each contender is a process of its own on core 0 with all of its threads, the readers on
core 1; the main window is open beside them and may be 16 ms late (p99). A round is a pair of short runs side by side, in turn begun by one and the other, and the ratio is the median of
the pairs: what else the machine does meets both.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import signal
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.fleet_window import WindowBeside
from dsm_desktop.core.settings import MediaSettings
from dsm_desktop.media.identity import MediaKeys, make_keys
from dsm_desktop.media.server import MediaHands, MediaServer

GATES = {"http": 0.85, "https": 0.90}
LATE_MS = 16.0
READERS = 20
PART = 4 << 20
SERVER_CORE, READER_CORE = 0, 1
NGINX = """
worker_processes 1; daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 256; }}
http {{
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 10000000; client_body_temp_path {folder}/b;
  proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  server {{ listen 127.0.0.1:{http}; root {root}; }}
  server {{ listen 127.0.0.1:{https} ssl; root {root}; ssl_certificate {folder}/c.pem; ssl_certificate_key {folder}/k.pem;
            ssl_protocols TLSv1.2 TLSv1.3; }}
}}
"""


def pinned(pid: int, core: int) -> None:
    """To one core, where there is more than one."""
    if hasattr(os, "sched_setaffinity") and (os.cpu_count() or 1) > 1:
        os.sched_setaffinity(pid, {core})


def serve(image: str, certificate: str, key: str) -> None:
    """The media server alone, as a child: prints both URLs, ends with standard input."""
    pinned(0, SERVER_CORE)  # before its first thread: a thread stays where the one that made it was
    keys = MediaKeys(Path(certificate).read_text(), Path(key).read_text())
    media = MediaServer(MediaHands("bench", lambda: keys, lambda: MediaSettings(port=0), lambda rows: None))
    urls = {
        name: media.offer(image, job_id=1, addresses=["127.0.0.1"], secure=name == "https").url
        for name in GATES
    }
    sys.stdout.write(json.dumps(urls) + "\n")
    sys.stdout.flush()
    sys.stdin.read()
    media.close()


@contextmanager
def ours(image: Path, folder: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """(pid, URL by scheme)."""
    command = [
        sys.executable,
        "-m",
        "benchmarks.bench_media",
        "--serve",
        str(image),
        str(folder / "c.pem"),
        str(folder / "k.pem"),
    ]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert child.stdin is not None
    assert child.stdout is not None
    try:
        urls = json.loads(child.stdout.readline())
        yield child.pid, urls
    finally:
        child.stdin.close()
        child.wait(30)
        child.stdout.close()


@contextmanager
def nginx(image: Path, folder: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """The same file from nginx with one worker."""
    ports = {name: free_port() for name in GATES}
    config = folder / "nginx.conf"
    config.write_text(NGINX.format(folder=folder, root=image.parent, **ports))
    master = subprocess.Popen(["nginx", "-c", str(config), "-p", str(folder)], stderr=subprocess.DEVNULL)
    try:
        for port in ports.values():
            wait_for(port)
        deadline, children = time.monotonic() + 10, list[str]()
        while not children:  # the master listens before it has its worker
            assert time.monotonic() < deadline, "nginx has no worker"
            children = Path(f"/proc/{master.pid}/task/{master.pid}/children").read_text().split()
        for pid in (master.pid, *map(int, children)):
            pinned(pid, SERVER_CORE)
        yield int(children[0]), {n: f"{n}://127.0.0.1:{p}/{image.name}" for n, p in ports.items()}
    finally:
        master.send_signal(signal.SIGQUIT)
        master.wait(30)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


def wait_for(port: int) -> None:
    deadline = time.monotonic() + 10
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return


def trusting() -> ssl.SSLContext:
    """One for all readers: each of their own costs 30 ms, which is no part of what is measured."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


@dataclass
class Race:
    """What one measurement shares with its readers: they connect, start together, and read until `until`."""

    url: str
    size: int
    context: ssl.SSLContext
    done: list[int] = field(default_factory=lambda: [0] * READERS)
    start: threading.Barrier = field(default_factory=lambda: threading.Barrier(READERS + 1))
    go: threading.Event = field(default_factory=threading.Event)
    until: float = 0.0


def read_ranges(race: Race, number: int) -> None:
    """One reader: ranges of 4 MiB over a kept connection, from a place of its own on, round the file."""
    parts, size, done = urlsplit(race.url), race.size, race.done
    assert parts.hostname
    connection = (
        http.client.HTTPSConnection(parts.hostname, parts.port, context=race.context)
        if parts.scheme == "https"
        else http.client.HTTPConnection(parts.hostname, parts.port)
    )
    block = bytearray(1 << 20)
    at = size // READERS * number
    try:
        connection.connect()
        race.start.wait(60)
        race.go.wait(60)
        while time.monotonic() < race.until:
            last = min(at + PART, size) - 1
            connection.request("GET", parts.path, headers={"Range": f"bytes={at}-{last}"})
            answer = connection.getresponse()
            assert answer.status == 206, answer.status
            got = 0
            while count := answer.readinto(block):
                got += count
                done[number] += count
            assert got == last - at + 1
            at = (last + 1) % size
    finally:
        connection.close()


def cpu_of(pid: int) -> float:
    """Seconds of processor a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(pid: int, url: str, size: int, seconds: float) -> tuple[float, float]:
    """(MB/s of all readers together, CPU ms of the server per GB)."""
    race = Race(url, size, trusting())
    threads = [threading.Thread(target=read_ranges, args=(race, n)) for n in range(READERS)]
    for thread in threads:
        thread.start()
    race.start.wait(60)
    before, began = cpu_of(pid), time.monotonic()
    race.until = began + seconds
    race.go.set()
    for thread in threads:
        thread.join()
    spent = time.monotonic() - began
    return sum(race.done) / spent / 1e6, (cpu_of(pid) - before) * 1e12 / max(1, sum(race.done))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one round of 1 s")
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--json", metavar="FILE")
    parser.add_argument("--serve", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(*options.serve)
        return 0
    if options.quick:
        options.seconds, options.rounds = 1.0, 1
    pinned(0, READER_CORE)
    found: dict[str, dict[str, list[tuple[float, float]]]] = {n: {"nginx": [], "ours": []} for n in GATES}
    # nginx's worker runs as another user.
    with tempfile.TemporaryDirectory() as name:
        folder, image = Path(name), Path(name, "root", "image.iso")
        image.parent.mkdir()
        folder.chmod(0o755)
        size = 1 << 30
        with image.open("wb") as file:
            for _ in range(size >> 20):
                file.write(os.urandom(1 << 16) * 16)
        image.chmod(0o644)
        keys = make_keys("bench", ["127.0.0.1"])
        (folder / "c.pem").write_text(keys.certificate)
        (folder / "k.pem").write_text(keys.private_key)
        with ours(image, folder) as our_server, nginx(image, folder) as peer:
            contenders = [("nginx", peer), ("ours", our_server)]
            window = WindowBeside.empty(folder / "profile")
            for _ in range(options.rounds):
                for scheme in GATES:
                    for label, (pid, urls) in contenders:
                        found[scheme][label].append(measure(pid, urls[scheme], size, options.seconds))
                contenders.reverse()
            late = window.stop()
    passed = float(late["window_p99_ms"]) < LATE_MS
    print(f"window late p99 {late['window_p99_ms']} ms, max {late['window_max_ms']} ms")
    ratios = {}
    for scheme, gate in GATES.items():
        speed = {label: statistics.median(s for s, _ in runs) for label, runs in found[scheme].items()}
        cpu = {label: statistics.median(c for _, c in runs) for label, runs in found[scheme].items()}
        pairs = zip(found[scheme]["ours"], found[scheme]["nginx"], strict=True)
        ratios[scheme] = statistics.median(ours[0] / max(nginx[0], 0.001) for ours, nginx in pairs)
        passed &= ratios[scheme] >= gate
        for label in ("nginx", "ours"):
            print(f"{scheme:6} {label:6} {speed[label]:8.0f} MB/s {cpu[label]:7.0f} CPU ms/GB")
        print(
            f"{scheme:6} ratio {ratios[scheme]:.2f}, gate {gate:.2f}: {'passed' if ratios[scheme] >= gate else 'MISSED'}"
        )
    if options.json:
        Path(options.json).write_text(
            json.dumps({"bench": "media", "passed": passed, "ratios": ratios, "window": late, "runs": found})
        )
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
