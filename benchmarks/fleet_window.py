"""The main window beside a benchmark: how late a 5 ms timer of its thread fires, until standard input closes.

Run as a program: folder of the profile, and the area to show. Prints one line of JSON.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

EVERY_MS = 5
SETTLE_SECONDS = 3.0
"""The window opens first: only what comes after it counts."""


class WindowBeside:
    """The real main window on a profile, in a process of its own; `stop` tells how late its timer fired."""

    def __init__(self, profile: Path, area: str = "") -> None:
        command = [sys.executable, __file__, str(profile), *([area] if area else [])]
        env = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
        self._process = subprocess.Popen(
            command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.pid = self._process.pid

    @classmethod
    def empty(cls, folder: Path) -> WindowBeside:
        """On a profile of its own with nothing in it, open and at rest when this returns."""
        from dsm_desktop.app.demo import throw_away_profile

        throw_away_profile(folder, "root", "unused").close()
        window = cls(folder)
        time.sleep(2 * SETTLE_SECONDS)
        return window

    def stop(self) -> dict[str, Any]:
        """{"window_p50_ms", "window_p95_ms", "window_p99_ms", "window_max_ms", "window_s"}."""
        answer, _ = self._process.communicate("", 60)
        found: dict[str, Any] = json.loads(answer.splitlines()[-1])
        return found


def main() -> None:
    from PySide6.QtCore import Qt, QTimer

    from dsm_desktop.app.application import Application
    from dsm_desktop.app.profile import Profile
    from dsm_desktop.ui.main import Session, application

    qt = application([])
    app = Application(Profile(Path(sys.argv[1])))
    app.key.open_quietly()
    app.listen()
    session = Session(app, qt)
    session.window.resize(1280, 800)
    session.open()
    if len(sys.argv) > 2:
        session.window.show_area(sys.argv[2])
    over = threading.Event()

    def wait_for_end() -> None:
        sys.stdin.read()
        over.set()

    threading.Thread(target=wait_for_end, daemon=True).start()
    late: list[float] = []
    state = {"due": time.perf_counter() + SETTLE_SECONDS}

    def fired() -> None:
        now = time.perf_counter()
        if now >= state["due"]:
            late.append((now - state["due"]) * 1e3)
            state["due"] = now + EVERY_MS / 1e3
        if over.is_set():
            qt.exit(0)  # quit() would ask first, as closing does, while jobs run

    timer = QTimer()
    timer.setTimerType(Qt.TimerType.PreciseTimer)
    timer.timeout.connect(fired)
    timer.start(EVERY_MS)
    qt.exec()
    timer.stop()
    session.close()
    app.close()
    late.sort()
    at = {f"window_p{p}_ms": round(late[int(len(late) * p / 100)], 2) for p in (50, 95, 99)}
    print(
        json.dumps({"window_s": round(len(late) * EVERY_MS / 1e3), **at, "window_max_ms": round(late[-1], 2)})
    )


if __name__ == "__main__":
    main()
