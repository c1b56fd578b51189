"""An agent of the real program with its times of takeover shortened: `python -m tests.kit.power_agent PROFILE`."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

from dsm_desktop.app.application import Application
from dsm_desktop.app.profile import Profile


def main() -> None:
    """Run until killed, or until standard input ends."""
    app = Application(Profile(Path(sys.argv[1])))
    app.key.open_quietly()
    runner = app.make_runner("agent")
    runner.config = replace(runner.config.scaled(0.02), poll=0.2, max_deaths=1000)
    runner.start()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.read()
    runner.stop()
    app.close()


if __name__ == "__main__":
    main()
