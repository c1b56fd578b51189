"""An agent of the real program with its times of takeover shortened."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path

from dsm_desktop.app.application import Application
from dsm_desktop.app.profile import Profile
from dsm_desktop.net.limits import Throttle
from dsm_desktop.operations import password_rotate
from dsm_desktop.workers.clients import DeviceClients
from dsm_desktop.workers.runner import Runner
from dsm_desktop.workers.threads import ThreadPool


def throttle_of(runner: Runner) -> Throttle:
    """What keeps a runner's pace and its budget of logins."""
    clients = runner._services.clients
    assert isinstance(clients, DeviceClients)
    return clients._throttle


def serve(profile: str, environ: Mapping[str, str], pipe: Connection) -> None:
    """Work at the jobs of a profile until killed, told to end, or the test is gone."""
    os.environ.update(environ)
    app = Application(Profile(Path(profile)))
    app.key.open_quietly()
    runner = app.make_runner("agent", pool=ThreadPool(64))
    runner.config = replace(runner.config.scaled(0.02), poll=0.2, max_deaths=1000)
    # The minute between two wrong logins, shortened like the times of takeover: the rule itself is tested elsewhere.
    throttle_of(runner).logins._penalty = 0.2
    password_rotate.BETWEEN_LOGINS = 0.5
    runner.start()
    app.media.serve_mounts()
    pipe.send("ready")
    with suppress(EOFError):
        pipe.recv()
    runner.stop()
    app.close()
