"""govmomi's vCenter simulator as a peer: built once from Debian's Go packages, started as a child process."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from pydantic import SecretStr

from dsm_desktop.core.calls import Recorder
from dsm_desktop.net.limits import Throttle
from dsm_desktop.net.recorder import MemoryRecorder
from dsm_desktop.net.tls import Endpoint, Trust, fetch_certificate
from dsm_desktop.vmware.client import Link, VcenterClient

SOURCE = Path(__file__).parent.parent / "peers" / "vcsim"
PACKAGES = Path("/usr/share/gocode")
USER, PASSWORD = "administrator@vsphere.local", "Secret-1!"


@dataclass(frozen=True)
class Vcsim:
    """A running vcsim. Its certificate (1024 bits, shared by all) is fit for a pin only."""

    endpoint: Endpoint
    fingerprint: str

    def link(self, password: str = PASSWORD, fingerprint: str | None = None) -> Link:
        pin = self.fingerprint if fingerprint is None else fingerprint
        return Link(self.endpoint, Trust(fingerprint=pin), USER, SecretStr(password))

    def client(
        self, recorder: Recorder | None = None, *, password: str = PASSWORD, throttle: Throttle | None = None
    ) -> VcenterClient:
        return VcenterClient(
            lambda: self.link(password),
            throttle=throttle or Throttle(),
            recorder=recorder or MemoryRecorder(),
        )


def program() -> Path:
    """The built program; skips (under CI: fails) where Go or the packages are missing."""
    go = shutil.which("go")
    if go is None or not (PACKAGES / "src/github.com/vmware/govmomi").is_dir():
        why = "vcsim needs the packages golang-go and golang-github-vmware-govmomi-dev"
        if os.environ.get("CI") == "true":
            pytest.fail(why)
        pytest.skip(why)
    digest = hashlib.sha256((SOURCE / "main.go").read_bytes()).hexdigest()[:16]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "dsm-desktop-tests"
    cache.mkdir(parents=True, exist_ok=True)
    built = cache / f"vcsim-{digest}"
    with (cache / "vcsim.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not built.exists():
            fresh = built.with_suffix(".new")
            settings = {
                "GO111MODULE": "off",
                "GOPATH": str(PACKAGES),
                "GOCACHE": str(cache / "go"),
                "GOFLAGS": "",
            }
            subprocess.run(
                [go, "build", "-o", str(fresh), "."],
                cwd=SOURCE,
                check=True,
                timeout=300,
                env=os.environ | settings,
            )
            fresh.rename(built)
    return built


@contextmanager
def running(*, clusters: int = 1, hosts: int = 3, alone: int = 1, vms: int = 2) -> Iterator[Vcsim]:
    """vcsim with so many clusters, hosts in each, stand-alone hosts, and VMs in each resource pool."""
    arguments = [f"-clusters={clusters}", f"-hosts={hosts}", f"-alone={alone}", f"-vms={vms}"]
    with subprocess.Popen(
        [program(), *arguments], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        # Killed when it is not ready in time: the read of its address then ends.
        watch = threading.Timer(90, process.kill)
        watch.start()
        try:
            assert process.stdout is not None
            address = process.stdout.readline().strip()
            watch.cancel()
            if not address:
                pytest.fail("vcsim did not start")
            host, _, port = address.rpartition(":")
            endpoint = Endpoint(host, int(port))
            yield Vcsim(endpoint, fetch_certificate(endpoint).fingerprint)
        finally:
            watch.cancel()
            watch.join()
            process.terminate()
            process.wait(60)  # it removes a folder for each VM
