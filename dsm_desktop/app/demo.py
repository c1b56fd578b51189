"""The demo: a simulated site in a process of its own, and a throw-away profile that finds and reads it."""

from __future__ import annotations

import contextlib
import json
import random
import socket
import subprocess
import sys
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from dsm_desktop.app.application import Application
from dsm_desktop.app.context import CredentialDraft
from dsm_desktop.app.profile import Profile, ProfileConfig
from dsm_desktop.commands import vcenters
from dsm_desktop.core.errors import DsmError
from dsm_desktop.core.settings import SimulatorSettings
from dsm_desktop.simulator import SiteSpec

NETWORK = "127.77.0.0/20"


class DemoSiteFailed(DsmError):
    """The simulated site did not start."""


@dataclass(frozen=True, slots=True)
class DemoVcenter:
    """The simulated vCenter over the site's servers, and how its hosts are reached. The fingerprint is known, because this
    program has started it itself."""

    address: str
    port: int
    fingerprint: str
    username: str
    password: str
    ssh_port: int
    host_username: str
    host_password: str


@dataclass(frozen=True, slots=True)
class DemoSite:
    """A running simulated site: `ranges` to scan and `port`, the login that fits, the vCenter on its servers, and a folder of
    update packages for them (None without). Stop it at the end."""

    process: subprocess.Popen[bytes]
    ranges: str
    port: int
    username: str
    password: str
    vcenter: DemoVcenter
    packages: Path | None = None

    @classmethod
    def start(cls, wanted: SimulatorSettings, packages: Path | None = None) -> DemoSite:
        """Start the site as a child that ends with this process, and have it write packages into a folder.

        Raises DemoSiteFailed with what it said.
        """
        spec = SiteSpec()
        command = [*child_command("simulator"), "--idracs", str(wanted.servers), "--seed", str(wanted.seed)]
        command += [
            "--network",
            NETWORK,
            "--port",
            "0",
            "--listen",
            "each",
            "--clock-speed",
            str(wanted.speed),
        ]
        command += ["--vsphere"] if wanted.faults else ["--vsphere", "--healthy"]
        command += [] if packages is None else ["--packages", str(packages)]
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            _, said = process.communicate()
            raise DemoSiteFailed(
                "The simulated site did not start.",
                hint="Is another demo running?",
                detail=said.decode()[-800:],
            )
        told = json.loads(line)
        ranges = " ".join(sorted({str(i["address"]) for i in told["idracs"]}))
        named = {field.name: told["vsphere"][field.name] for field in fields(DemoVcenter)}
        vcenter = DemoVcenter(**named)
        return cls(process, ranges, int(told["port"]), spec.username, spec.password, vcenter, packages)

    def stop(self) -> None:
        """Let the child end by closing its standard input."""
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream is not None:
                with contextlib.suppress(BrokenPipeError):
                    stream.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def child_command(room: str) -> list[str]:
    """How this program starts a part of itself: as a module, or, packaged, by its own command line."""
    if getattr(sys, "frozen", False):
        return [sys.executable, room]
    return [sys.executable, "-m", "dsm_desktop", room]


def throw_away_profile(folder: Path, username: str, password: str, store_url: str = "") -> Application:
    """A fresh profile with its key in a file and the login of a simulated site as its only credential set. Its store is a
    file of its own unless an empty database is named."""
    profile = Profile(folder)
    profile.save(ProfileConfig(key="file", store_url=store_url))
    app = Application(profile)
    app.key.set_up()
    app.commands.save_credential(
        CredentialDraft(
            id=None, name="Simulated site", kind="idrac", username=username, password=password,
            ranges=("127.0.0.0/8",),
        )
    )  # fmt: skip
    # The usual port belongs to the program a person may have open; one that stays the same survives a restart.
    app.commands.save_settings("media", {"port": free_port()})
    return app


def free_port() -> int:
    """A port nothing listens on at the moment, and below those that systems give to connections: one of these could have it
    by the time it is wanted."""
    for port in (*random.sample(range(20_000, 32_000), 50), 0):
        with contextlib.suppress(OSError), socket.create_server(("", port)) as probe:
            return int(probe.getsockname()[1])
    raise DsmError("No port is free on this machine.", hint="End programs that listen on very many.")


def begin(app: Application, site: DemoSite) -> int:
    """Let an opened program find the site's servers, read its vCenter and look through its packages; returns the id of the
    scan."""
    _add_vcenter(app, site.vcenter)
    scan = app.commands.submit("discovery_scan", [], scan_parameters(site))
    if site.packages is not None:
        app.commands.add_library_folder(str(site.packages))
        app.commands.submit("library_scan", [], {})
    return scan


def _add_vcenter(app: Application, vcenter: DemoVcenter) -> None:
    """The vCenter with its logins and certificate; its hosts find their servers when those are known."""
    for name, kind, username, password in (
        ("Demo vCenter", "vcenter", vcenter.username, vcenter.password),
        ("Demo ESXi hosts", "esxi", vcenter.host_username, vcenter.host_password),
    ):
        draft = CredentialDraft(
            id=None, name=name, kind=kind, username=username, password=password, ranges=("127.0.0.0/8",)
        )
        app.commands.save_credential(draft)
    app.commands.save_settings("network", {"ssh_port": vcenter.ssh_port})
    added = app.commands.do(vcenters.add_vcenter, vcenter.address, vcenter.port, name="Demo vCenter")
    app.commands.do(vcenters.approve_vcenter_certificate, added, vcenter.fingerprint)
    app.commands.submit("vcenter_sync", [], {"vcenter_id": added})


def scan_parameters(site: DemoSite) -> dict[str, Any]:
    """Parameters of the discovery_scan that finds the site."""
    return {"ranges": site.ranges, "port": site.port}
