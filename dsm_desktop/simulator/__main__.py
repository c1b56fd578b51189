"""`python -m dsm_desktop.simulator`: a simulated site as a program of its own.

Prints one line of JSON when every address answers, then serves until standard input closes (the program that started it
has ended) or it is told to stop.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import threading
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dsm_desktop.core.errors import DsmError
from dsm_desktop.simulator.catalogs import build_repository, packages_for
from dsm_desktop.simulator.control import Control, OnVsphere, describe_faults
from dsm_desktop.simulator.personas import BY_KEY
from dsm_desktop.simulator.plan import SiteSpec
from dsm_desktop.simulator.site import Site

if TYPE_CHECKING:
    from dsm_desktop.simulator.vsphere import VsphereSite


def parser() -> argparse.ArgumentParser:
    """Command line."""
    p = argparse.ArgumentParser(
        prog="python -m dsm_desktop.simulator", description="Serve a site of simulated iDRACs."
    )
    defaults = SiteSpec()
    p.add_argument("--idracs", type=int, default=defaults.idracs, help="how many (default %(default)s)")
    p.add_argument("--seed", type=int, default=defaults.seed, help="the same seed gives the same site")
    p.add_argument("--network", default=defaults.network, help="part of 127.0.0.0/8 (default %(default)s)")
    p.add_argument(
        "--port", type=int, default=defaults.port, help="HTTPS port, 0 for a free one (default %(default)s)"
    )
    p.add_argument(
        "--listen",
        choices=("auto", "each", "any", "ports"),
        default=defaults.listen,
        help="a socket per address, one for all, or a port per iDRAC on 127.0.0.1",
    )
    p.add_argument(
        "--control-port", type=int, default=0, help="port of the control interface, 0 for a free one"
    )
    p.add_argument(
        "--clock-speed", type=float, default=defaults.clock_speed, help="simulated seconds in a real one"
    )
    p.add_argument("--latency", type=float, default=defaults.latency, help="seconds added to every answer")
    p.add_argument("--generations", nargs="+", choices=sorted(BY_KEY), help="only these, in turn")
    p.add_argument("--username", default=defaults.username)
    p.add_argument("--password", default=defaults.password)
    p.add_argument(
        "--shared-key", action="store_true", help="one certificate for all; for thousands of iDRACs"
    )
    p.add_argument(
        "--host-check", action="store_true", help="refuse unknown Host headers, as newer firmware does"
    )
    p.add_argument("--healthy", action="store_true", help="nothing is broken or switched off")
    p.add_argument(
        "--packages",
        type=Path,
        metavar="FOLDER",
        help="write update packages and a catalogue for these servers into a folder",
    )
    p.add_argument(
        "--vsphere",
        action="store_true",
        help="also a vCenter whose ESXi hosts run on these servers: two clusters, one of them with trouble, and a single host",
    )
    p.add_argument("--brief", action="store_true", help="print only the number of iDRACs")
    p.add_argument("--detached", action="store_true", help="go on when standard input closes")
    p.add_argument("--faults", action="store_true", help="list the faults that can be switched on, and exit")
    return p


def main(argv: list[str] | None = None) -> int:
    """Run; returns the exit code (0 stopped as asked, 2 the site could not start)."""
    args = parser().parse_args(argv)
    if args.faults:
        for fault in describe_faults():
            values = " ".join(f"{k}={v!r}" for k, v in fault["parameters"].items())
            sys.stdout.write(f"{fault['name']:22} {fault['help']}\n{'':22} {values}\n")
        return 0
    options = {f: getattr(args, f) for f in SiteSpec.__dataclass_fields__}
    try:
        site = Site(SiteSpec(**options))
        site.start()
    except DsmError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    try:
        vsphere, steer = _start_vsphere(site, args.seed) if args.vsphere else (None, None)
    except DsmError as error:
        site.stop()
        sys.stderr.write(f"{error}\n")
        return 2
    if args.packages is not None:
        args.packages.mkdir(parents=True, exist_ok=True)
        build_repository(args.packages, packages_for(site.idracs))
    control = Control(site, args.control_port, steer)
    control.start()
    done = _told_to_stop()
    try:
        sys.stdout.write(json.dumps(_ready(site, control, vsphere, args.brief)) + "\n")
        sys.stdout.flush()
        _wait(done, args.detached)
    finally:
        control.stop()
        if vsphere is not None:
            vsphere.stop()
        site.stop()
    return 0


def _start_vsphere(site: Site, seed: int) -> tuple[VsphereSite, OnVsphere]:
    """The demo's vCenter on these servers. Imported here: pyVmomi takes half a second that a site of iDRACs need not wait."""
    from dsm_desktop.simulator.vsphere import VsphereSite, demo_spec
    from dsm_desktop.simulator.vsphere.control import on_vsphere

    vsphere = VsphereSite(demo_spec(seed), site)
    vsphere.start()
    return vsphere, partial(on_vsphere, vsphere)


def _ready(site: Site, control: Control, vsphere: VsphereSite | None, brief: bool) -> dict[str, Any]:
    rows = len(site.idracs) if brief else [i.as_dict() for i in site.idracs]
    told = {"port": site.port, "control_port": control.port, "trap_port": site.trap_port, "idracs": rows}
    return told if vsphere is None else told | {"vsphere": vsphere.as_dict()}


def _watch_parent(done: threading.Event) -> None:
    """Not through sys.stdin: a thread that waits inside its lock would abort the interpreter at exit."""
    descriptor = sys.stdin.fileno()
    while os.read(descriptor, 4096):
        continue
    done.set()


def _told_to_stop() -> threading.Event:
    """Set by a signal. Installed before the ready line, because whoever reads that may signal at once."""
    done = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: done.set())
    return done


def _wait(done: threading.Event, detached: bool) -> None:
    if not detached:
        threading.Thread(target=_watch_parent, args=(done,), name="parent-watch", daemon=True).start()
    while not done.wait(0.5):
        # A plain wait() would not let Python run the signal handler on Windows.
        continue


if __name__ == "__main__":
    sys.exit(main())
