"""An agent of the real program with its times of takeover shortened: `python -m tests.kit.power_agent PROFILE`."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

from dsm_desktop.app.application import Application
from dsm_desktop.app.profile import Profile
from dsm_desktop.net.limits import Throttle
from dsm_desktop.operations import password_rotate
from dsm_desktop.workers.clients import DeviceClients
from dsm_desktop.workers.runner import Runner


def throttle_of(runner: Runner) -> Throttle:
    """What keeps a runner's pace and its budget of logins."""
    clients = runner._services.clients
    assert isinstance(clients, DeviceClients)
    return clients._throttle


def main() -> None:
    """Run until killed, or until standard input ends."""
    app = Application(Profile(Path(sys.argv[1])))
    app.key.open_quietly()
    runner = app.make_runner("agent")
    runner.config = replace(runner.config.scaled(0.02), poll=0.2, max_deaths=1000)
    # The minute between two wrong logins, shortened like the times of takeover: the rule itself is tested elsewhere.
    throttle_of(runner).logins._penalty = 0.2
    password_rotate.BETWEEN_LOGINS = 0.5
    runner.start()
    app.media.serve_mounts()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.read()
    runner.stop()
    app.close()


if __name__ == "__main__":
    main()
